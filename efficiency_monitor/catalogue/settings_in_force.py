"""The settings that decide as they are in force: taken from the file, or approved like a rule."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection

from ..cards.store import cards
from ..faults import ConfigurationError, Locked
from ..i18n.messages import t
from ..ledger.model.entries import EntryType
from ..ledger.store import ledger
from ..people.store import text_salts
from ..records.engine import Store
from ..time.instants import parse_instant, rfc3339
from ..workspace.context import Context
from ..workspace.settings import Settings, deciding_text, with_deciding
from . import kept_texts
from . import store as changes
from .model import deciding_settings as deciding

#: Where the key of commitments to addresses stands among the salts.
_KEY = "settings"


@dataclass(frozen=True)
class ActBy:
    """The settings that a command acts by."""

    settings: Settings
    #: Digest of the settings in force, where they are these.
    digests: set[str] = field(default_factory=set)
    #: Path, value in force and value of the file where these differ and nobody has to approve that:
    #: the next command that writes enters the file's.
    unlike: Sequence[tuple[str, str | None, str | None]] = ()


def to_act_by(filed: Settings, store: Store, *, looking: bool = False) -> ActBy:
    """The file's settings; where a change takes approval, those in force and their digest.

    Who is only `looking` sees what stands: always by those in force.
    """
    with store.reading() as connection:
        text, key = text_in_force(connection), seal_key(connection)
    if text is None:
        return ActBy(filed)
    said = deciding_text(filed, key)
    in_force = json.loads(text)
    enters = in_force["rules"]["approval"] == "none"
    unlike = deciding.differences(in_force, json.loads(said)) if enters and text != said else []
    if store.masked:
        # The key of commitments is hidden from this role: it cannot tell whether they differ.
        unlike = [row for row in unlike if f".{deciding.SEALS}." not in row[0]]
    if enters and not looking:
        return ActBy(filed, unlike=unlike)
    found = filed if text == said else with_deciding(filed, text, key)
    return ActBy(found, {kept_texts.digest_of(text)}, unlike)


def seal_key(connection: Connection) -> bytes:
    """The workspace's key of commitments to addresses; empty before the ledger begins."""
    return text_salts.find(connection, _KEY) or b""


def text_in_force(connection: Connection) -> str | None:
    """Canonical JSON of the settings in force; None before any were taken.

    EffmonError where the text was lost or changed.
    """
    row = changes.settings_in_force(connection)
    return None if row is None else kept_texts.read(connection, [row.sha256])[row.sha256]


def entering(context: Context) -> Callable[[Connection], None]:
    """What begins every writing transaction: other settings are entered in the first of them.

    They and the act that found them are written both or neither. In every later one the settings
    in force have to be those that this process acts by: another one may have entered its own.
    ConfigurationError for a `watch_from` that is refused; Locked where they changed meanwhile.
    """

    found: list[str | None] = []
    approved = bool(context.acts_by)

    def enter(connection: Connection) -> None:
        # The very first are taken with the entry that begins the ledger.
        if not ledger.read_head(connection).size:
            return
        row = changes.settings_in_force(connection)
        known = None if row is None else row.sha256
        if known is not None and known in context.acts_by:
            return
        if not found:
            found.append(known)
        if approved or (context.acts_by and known != found[0]):
            raise _changed_meanwhile()
        # As they were found, also where a transaction that entered others was rolled back.
        text = deciding_text(context.settings, seal_key(connection))
        kept = kept_texts.of_settings(text)
        if known != kept.sha256:
            before = text_in_force(connection)
            if before is not None and json.loads(before)["rules"]["approval"] != "none":
                # Approved by another process since this one has read them.
                raise _changed_meanwhile()
            _check_watch_from(context, connection, before, text)
            kept_texts.keep(connection, [kept], context.now())
            put(context, connection, kept.sha256, None)
        context.acts_by.add(kept.sha256)

    return enter


def take_first(context: Context, connection: Connection) -> str:
    """Take the very first settings as they come; their digest, for the entry that begins it all."""
    text_salts.keep(connection, _KEY, context.salt())
    text = deciding_text(context.settings, seal_key(connection))
    _check_watch_from(context, connection, None, text)
    kept = kept_texts.of_settings(text)
    kept_texts.keep(connection, [kept], context.now())
    _add(context, connection, kept.sha256, None)
    return kept.sha256


def _changed_meanwhile() -> Locked:
    return Locked(
        t("the settings in force were changed just now"),
        t("the rest was not written; look at effmon.toml and give the command again"),
    )


def put(context: Context, connection: Connection, sha256: str, change_no: str | None) -> None:
    """Let kept settings come into force: row and entry `settings.changed`, old and new.

    ConfigurationError for a `watch_from` that is refused.
    """
    before = text_in_force(connection)
    after = kept_texts.read(connection, [sha256])[sha256]
    if change_no is not None:
        _check_watch_from(context, connection, before, after)
    old = {} if before is None else json.loads(before)
    rows = deciding.differences(old, json.loads(after))
    _add(context, connection, sha256, change_no)
    size = ledger.read_head(connection).size
    content: dict[str, object] = {
        "sha256": sha256,
        "change": change_no,
        "settings": [{"setting": path, "old": was, "new": now} for path, was, now in rows],
    }
    fact = f"settings/{sha256}/{size}"
    context.acts_by.add(sha256)
    ledger.append(connection, [context.entry(EntryType.SETTINGS_CHANGED, fact, content)])


def _add(context: Context, connection: Connection, sha256: str, change_no: str | None) -> None:
    changes.put_settings(
        connection,
        {
            "at": context.now(),
            "sha256": sha256,
            "change_no": change_no,
            "os_user": context.actor.os_user,
            "person": context.actor.claimed,
        },
    )


def recent(context: Context, since: int) -> list[str]:
    """A line for each time that other settings came into force from an instant on."""
    with context.store.reading() as connection:
        rows = changes.settings_history(connection)
        newer = [pair for pair in pairwise(rows) if pair[1].at >= since]
        texts = kept_texts.read(connection, {row.sha256 for pair in newer for row in pair})
    lines = []
    for earlier, row in newer:
        found = deciding.differences(
            json.loads(texts[earlier.sha256]), json.loads(texts[row.sha256])
        )
        what = listed(found)
        at = rfc3339(row.at, context.zone)
        by = row.change_no or row.os_user
        lines.append(t("{at} by {by}: {what}", at=at, by=by, what=what))
    return lines


def listed(rows: Sequence[tuple[str, str | None, str | None]]) -> str:
    """Settings that differ, on one line: each with its old and its new value."""
    return "; ".join(f"{path}: {was or '-'} → {now or '-'}" for path, was, now in rows)


def untold(context: Context) -> list[str]:
    """A line on historical cards that would not be so by the `watch_from` in force, if any.

    They were issued under a later one. Nobody was told of them, and nobody will be.
    """
    with context.store.reading() as connection:
        text = text_in_force(connection)
        count = cards.historical_since(connection, _watch_from(text))
    if not count:
        return []
    return [
        t(
            "{count} historical card(s) fell due after the watch_from in force, and nobody was "
            "told: effmon cards list --state historical",
            count=count,
        )
    ]


def _watch_from(text: str | None) -> int | None:
    found: Mapping[str, Any] = {} if text is None else json.loads(text)["workspace"]
    said = found.get("watch_from")
    return None if said is None else parse_instant(said, found["zone"])[0]


def _check_watch_from(
    context: Context, connection: Connection, before: str | None, after: str
) -> None:
    """Refuse a `watch_from` after now or the last finished scan: it would bury what falls due."""
    wanted = _watch_from(after)
    if wanted is None or wanted == _watch_from(before):
        return
    latest = context.now()
    scans = ledger.newest(connection, 1, "scan.done")
    if scans:
        latest = min(latest, parse_instant(json.loads(scans[0])["as_of"], "UTC")[0])
    if wanted > latest:
        until = rfc3339(latest, context.zone)
        raise ConfigurationError(
            t(
                "watch_from is after {which} ({until}): cards that fall due before it would be "
                "historical, and nobody told",
                which="the last scan" if scans else "now",
                until=until,
                which_2="最近一次巡检" if scans else "现在",
            ),
            t("effmon.toml: write one that is not after {until}, or the former one", until=until),
        )
