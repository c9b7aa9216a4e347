"""Which settings decide on cards, and their canonical form. Knows documents, not where they stand.

A setting is named by its path in the settings' document. Those of sources decide unless they are
listed as not deciding: one that is added later is never forgotten.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

#: Settings that decide which cards there are.
DECIDING: Final = frozenset(
    {
        "workspace.zone",
        "workspace.calendar",
        "workspace.packs",
        "workspace.watch_from",
        "rules.approval",
    }
)
#: Every other one outside of the sources (or a whole section), with the reason.
NOT_DECIDING: Final[Mapping[str, str]] = {
    "workspace.name": "only shown",
    "workspace.language": "only shown",
    "workspace.rules": "the texts in it are entered themselves",
    "workspace.calendars": "the texts in it are entered themselves",
    "workspace.database": "where the settings in force stand themselves",
    "jobs": "when a scan runs; what it finds is the same",
    "operation": "logs, figures, reminders of backups",
    "ladders": "who is told of a card; changes of ladders are entered themselves",
    "appeals": "deadlines of appeals, not cards",
    "channels": "how notices travel",
    "ledger": "how checkpoints are signed and sent",
}
#: Settings of a source that do not decide, with the reason.
SOURCE_NOT_DECIDING: Final[Mapping[str, str]] = {
    "http.headers": "may hold secrets",
    "http.token_env": "name of a secret",
    "http.token_header": "how a secret is sent",
    "http.ca_file": "how the connection is made",
    "http.allow_http": "how the connection is made",
    "http.allow_networks": "how the connection is made",
    "http.request_seconds": "patience",
    "http.deadline_seconds": "patience",
    "http.attempts": "patience",
    "http.most_pages": "a pull beyond it fails whole",
    "http.most_megabytes": "a pull beyond it fails whole",
    "sql.deadline_seconds": "patience",
    "sql.most_megabytes": "a pull beyond it fails whole",
}

Document = Mapping[str, Any]


def deciding(document: Document) -> dict[str, Any]:
    """Of a whole document of settings the part that decides; what is unset (None) is left out."""
    found: dict[str, Any] = {}
    for path in sorted(DECIDING):
        section, name = path.split(".")
        value = document[section][name]
        if value is not None:
            found.setdefault(section, {})[name] = value
    found["sources"] = {
        name: _source(section, "") for name, section in document.get("sources", {}).items()
    }
    return found


def _source(section: Document, before: str) -> dict[str, Any]:
    found = {}
    for name, value in section.items():
        path = f"{before}{name}"
        if path in SOURCE_NOT_DECIDING or value is None:
            continue
        inner = isinstance(value, Mapping) and not before and name in ("http", "sql", "files")
        found[name] = _source(value, f"{name}.") if inner else value
    return found


def put_in_force(document: Document, in_force: Document) -> dict[str, Any]:
    """The document with what is in force in the place of all that decides in it."""
    made: dict[str, Any] = {name: value for name, value in document.items() if name != "sources"}
    for path in sorted(DECIDING):
        section, name = path.split(".")
        made[section] = {**made[section], name: in_force.get(section, {}).get(name)}
    said = document.get("sources", {})
    made["sources"] = {
        name: _filled(section, said.get(name, {}), "")
        for name, section in in_force.get("sources", {}).items()
    }
    return made


def _filled(in_force: Document, said: Document, before: str) -> dict[str, Any]:
    """A source in force with the file's settings that do not decide."""
    found = {
        name: value for name, value in said.items() if f"{before}{name}" in SOURCE_NOT_DECIDING
    }
    for name, value in in_force.items():
        inner = isinstance(value, Mapping) and not before and name in ("http", "sql", "files")
        found[name] = _filled(value, said.get(name) or {}, f"{name}.") if inner else value
    return found


def canonical(found: Document) -> str:
    """Canonical JSON of what decides."""
    return json.dumps(found, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def differences(old: Document, new: Document) -> list[tuple[str, str | None, str | None]]:
    """Path, old and new value of every setting that differs, without secrets of addresses.

    Two addresses that differ in nothing but a secret are a difference of two equal texts.
    """
    before, after = dict(_leaves(old, "")), dict(_leaves(new, ""))
    return [
        (path, _shown(before.get(path)), _shown(after.get(path)))
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
    ]


def _leaves(value: Document, before: str) -> Iterator[tuple[str, Any]]:
    for name, each in value.items():
        if isinstance(each, Mapping):
            yield from _leaves(each, f"{before}{name}.")
        else:
            yield f"{before}{name}", each


def _shown(value: Any) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else canonical(value)
    scheme, mark, rest = text.rpartition("://")
    if not mark and not text.startswith("/"):
        return text
    plain, query, _ = rest.partition("?")
    place, slash, path = plain.partition("/")
    return f"{scheme}{mark}{place.rpartition('@')[2]}{slash}{path}" + ("?…" if query else "")
