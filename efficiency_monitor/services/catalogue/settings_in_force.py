"""The settings that decide as they are in force: taken from the file, or approved like a rule."""

import json
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection

from ...core import deciding
from ...core.faults import ConfigurationError
from ...core.instants import parse_instant, rfc3339
from ...core.ledger import EntryType
from ...language import t
from ...settings import Settings, deciding_text, with_deciding
from ...store import changes, ledger
from ...store.engine import Store
from ..context import Context
from . import kept_texts


def to_act_by(filed: Settings, store: Store) -> Settings:
    """The file's settings; where a change of them takes approval, those in force."""
    with store.reading() as connection:
        text = text_in_force(connection)
    if text is None or json.loads(text)["rules"]["approval"] == "none":
        return filed
    return filed if text == deciding_text(filed) else with_deciding(filed, text)


def text_in_force(connection: Connection) -> str | None:
    """Canonical JSON of the settings in force; None before any were taken.

    EffmonError where the text was lost or changed.
    """
    row = changes.settings_in_force(connection)
    return None if row is None else kept_texts.read(connection, [row.sha256])[row.sha256]


def entering(context: Context) -> Callable[[Connection], None]:
    """What begins every writing transaction: other settings are entered in that transaction.

    Once for a context: they and the act that found them are written both or neither.
    ConfigurationError for a `watch_from` that is refused.
    """
    text = deciding_text(context.settings)
    done: list[str] = []

    def enter(connection: Connection) -> None:
        # The very first are taken with the entry that begins the ledger.
        if done or not ledger.read_head(connection).size:
            return
        known = text_in_force(connection)
        if known != text:
            if known is not None and json.loads(known)["rules"]["approval"] != "none":
                # Approved by another process since this one has read them.
                raise _changed_meanwhile()
            _check_watch_from(context, connection, known, text)
            kept = kept_texts.of_settings(text)
            kept_texts.keep(connection, [kept], context.now())
            put(context, connection, kept.sha256, None)
        done.append(text)

    return enter


def take_first(context: Context, connection: Connection) -> str:
    """Take the very first settings as they come; their digest, for the entry that begins it all."""
    text = deciding_text(context.settings)
    _check_watch_from(context, connection, None, text)
    kept = kept_texts.of_settings(text)
    kept_texts.keep(connection, [kept], context.now())
    _add(context, connection, kept.sha256, None)
    return kept.sha256


def _changed_meanwhile() -> ConfigurationError:
    return ConfigurationError(
        t("生效中的设置刚刚改变", "the settings in force were changed just now"),
        t("没有写入任何内容；请重新运行", "nothing was written; give the command again"),
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
        texts = kept_texts.read(connection, [row.sha256 for row in rows])
    lines = []
    for earlier, row in pairwise(rows):
        if row.at < since:
            continue
        found = deciding.differences(
            json.loads(texts[earlier.sha256]), json.loads(texts[row.sha256])
        )
        what = "; ".join(f"{path}: {was or '-'} → {now or '-'}" for path, was, now in found)
        at = rfc3339(row.at, context.zone)
        by = row.change_no or row.os_user
        lines.append(t(f"{at} 由 {by} 改为：{what}", f"{at} by {by}: {what}"))
    return lines


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
                f"watch_from 晚于{'最近一次巡检' if scans else '现在'}（{until}）："
                "其间到期的牌都会成为历史牌，无人得知",
                f"watch_from is after {'the last scan' if scans else 'now'} ({until}): "
                "cards that fall due before it would be historical, and nobody told",
            ),
            t(
                f"effmon.toml：改为不晚于 {until}，或恢复原值",
                f"effmon.toml: write one that is not after {until}, or the former one",
            ),
        )
