"""Which settings decide on cards, and their canonical form. Knows documents, not where they stand.

A setting is named by its path in the settings' document. Those of sources decide unless they are
listed as not deciding: one that is added later is never forgotten.
"""

import json
from collections.abc import Callable, Iterator, Mapping
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

#: In the place of an address of which a part that is not kept has changed, and waits for approval:
#: no such host exists (RFC 2606, section 2).
NOT_APPROVED: Final = "https://address-waits-for-approval.invalid"
#: Where a source's commitments to its addresses stand, beside the addresses without secrets.
SEALS: Final = "seals"

Document = Mapping[str, Any]
#: A keyed commitment to a whole address: other ones for other addresses, and no way back.
Seal = Callable[[str], str]


def deciding(document: Document, seal: Seal) -> dict[str, Any]:
    """Of a whole document of settings the part that decides; what is unset (None) is left out.

    Of an address that holds user information or values of a query only what is no secret is kept,
    and a commitment to the whole: that it changed is noticed, what it was cannot be read.
    """
    found: dict[str, Any] = {}
    for path in sorted(DECIDING):
        section, name = path.split(".")
        value = document[section][name]
        if value is not None:
            found.setdefault(section, {})[name] = value
    found["sources"] = {
        name: _sealed(_source(section, ""), seal)
        for name, section in document.get("sources", {}).items()
    }
    return found


def _sealed(section: dict[str, Any], seal: Seal) -> dict[str, Any]:
    """A source without the secrets of its addresses, and with commitments to them."""
    http = section.get("http")
    if http is None:
        return section
    plain, seals = dict(http), {}
    for path, address in _addresses(http):
        if without_secrets(address) != address:
            seals[path] = seal(address)
    plain["base_url"] = without_secrets(http["base_url"])
    plain["tables"] = {name: without_secrets(path) for name, path in http["tables"].items()}
    return {**section, "http": {**plain, **({SEALS: seals} if seals else {})}}


def _addresses(http: Document) -> list[tuple[str, str]]:
    rows = [(f"tables.{name}", path) for name, path in http.get("tables", {}).items()]
    return [("base_url", http["base_url"]), *rows] if "base_url" in http else rows


def without_secrets(address: str) -> str:
    """An address without user information and without the values of its query."""
    scheme, mark, rest = address.rpartition("://") if "://" in address else ("", "", address)
    plain, asks, query = rest.partition("?")
    place, slash, path = plain.partition("/")
    shown = f"{scheme}{mark}{place.rpartition('@')[2]}{slash}{path}"
    names = [f"{name}{is_}…" if is_ else "…" for name, is_, _ in _pairs(query)]
    return shown + (f"?{'&'.join(names)}" if asks else "")


def _pairs(query: str) -> list[tuple[str, str, str]]:
    return [part.partition("=") for part in query.split("&")] if query else []


def _source(section: Document, before: str) -> dict[str, Any]:
    found = {}
    for name, value in section.items():
        path = f"{before}{name}"
        if path in SOURCE_NOT_DECIDING or value is None:
            continue
        inner = isinstance(value, Mapping) and not before and name in ("http", "sql", "files")
        found[name] = _source(value, f"{name}.") if inner else value
    return found


def put_in_force(document: Document, in_force: Document, seal: Seal) -> dict[str, Any]:
    """The document with what is in force in the place of all that decides in it.

    An address of which secrets are not kept is the document's where that is the very same one;
    otherwise the source has none (`NOT_APPROVED`), and pulls of it fail.
    """
    made: dict[str, Any] = {name: value for name, value in document.items() if name != "sources"}
    for path in sorted(DECIDING):
        section, name = path.split(".")
        made[section] = {**made[section], name: in_force.get(section, {}).get(name)}
    said = document.get("sources", {})
    made["sources"] = {
        name: _opened(_filled(section, said.get(name, {}), ""), said.get(name, {}), seal)
        for name, section in in_force.get("sources", {}).items()
    }
    return made


def _opened(section: dict[str, Any], said: Document, seal: Seal) -> dict[str, Any]:
    """A source in force with the whole addresses of the document, if they are those in force."""
    seals = (section.get("http") or {}).get(SEALS)
    if not seals:
        return section
    http = {name: value for name, value in section["http"].items() if name != SEALS}
    whole = dict(_addresses(said.get("http") or {}))
    if any(path not in whole or seal(whole[path]) != made for path, made in seals.items()):
        return {**section, "http": {**http, "base_url": NOT_APPROVED}}
    http["base_url"] = whole["base_url"] if "base_url" in seals else http["base_url"]
    http["tables"] = {
        name: whole[f"tables.{name}"] if f"tables.{name}" in seals else path
        for name, path in http["tables"].items()
    }
    return {**section, "http": http}


def _filled(in_force: Document, said: Document, before: str) -> dict[str, Any]:
    """A source in force with the file's settings that do not decide."""
    found = {
        name: value for name, value in said.items() if f"{before}{name}" in SOURCE_NOT_DECIDING
    }
    for name, value in in_force.items():
        inner = isinstance(value, Mapping) and not before and name in ("http", "sql", "files")
        found[name] = _filled(value, said.get(name) or {}, f"{name}.") if inner else value
    return found


def canonical(found: object) -> str:
    """Canonical JSON of what decides."""
    return json.dumps(found, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def differences(old: Document, new: Document) -> list[tuple[str, str | None, str | None]]:
    """Path, old and new value of every setting that differs."""
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
    return value if value is None or isinstance(value, str) else canonical(value)
