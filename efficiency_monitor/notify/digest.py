"""Pending notices into few messages: one recipient gets one message per channel and address.

Pure. A message says which cases and cards it is about and what is due when, nothing of the people
who applied: it may be read on a chat service's servers.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from efficiency_monitor.core.people import Language
from efficiency_monitor.core.terms import Level

from .channel import Message, NoticeLine
from .plain import plain_line

#: More than that nobody reads at once, and chat services cut off long texts.
MOST_NOTICES: Final = 50
_LONGEST_FIELD: Final = 120
_LONGEST_REPLY: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingNotice:
    """A notice of the outbox that waits for delivery."""

    notice_id: str
    recipient: str
    channel: str
    address: str
    card_no: str
    level: Level
    #: Empty for a card whose subject is no single case.
    case_no: str
    department: str
    #: The due instant of the card's limit, in unix seconds; None when there is none.
    due_at: int | None
    #: What is asked of the recipient, and by when, in their language; may be empty.
    reply: str


@dataclass(frozen=True, slots=True)
class Addressed:
    """A message and the name of the channel that is to send it."""

    channel: str
    message: Message


def digest(
    notices: Iterable[PendingNotice], *, language: Language, zone: ZoneInfo
) -> tuple[Addressed, ...]:
    """The messages for the notices, in an order that does not depend on theirs.

    Red cards come first, then what fell due earliest. A message holds at most 50 notices; further
    ones go into messages of their own. ValueError if one notice id stands for two notices.
    """
    groups: dict[tuple[str, str, str], list[PendingNotice]] = {}
    for notice in _distinct(notices):
        key = (notice.recipient, notice.channel, notice.address)
        groups.setdefault(key, []).append(notice)
    made: list[Addressed] = []
    for (recipient, channel, address), group in sorted(groups.items()):
        ordered = sorted(group, key=_urgency)
        parts = [ordered[i : i + MOST_NOTICES] for i in range(0, len(ordered), MOST_NOTICES)]
        for number, part in enumerate(parts, start=1):
            numbered = f" ({number}/{len(parts)})" if len(parts) > 1 else ""
            lines = tuple(_line(notice, language, zone) for notice in part)
            message = Message(
                message_id=message_id(notice.notice_id for notice in part),
                recipient=recipient,
                address=address,
                subject=_subject(part, language) + numbered,
                text=_text(lines, language),
                notices=lines,
            )
            made.append(Addressed(channel, message))
    return tuple(made)


def message_id(notice_ids: Iterable[str]) -> str:
    """SHA-256, in hex, over the sorted notice ids: the same notices make the same message."""
    text = json.dumps(sorted(set(notice_ids)), separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _distinct(notices: Iterable[PendingNotice]) -> Iterable[PendingNotice]:
    seen: dict[str, PendingNotice] = {}
    for notice in notices:
        if seen.setdefault(notice.notice_id, notice) != notice:
            raise ValueError(f"two different notices have the id {notice.notice_id!r}")
    return seen.values()


def _urgency(notice: PendingNotice) -> tuple[int, bool, int, str, str]:
    due = notice.due_at
    return (-notice.level, due is None, due or 0, notice.case_no, notice.notice_id)


@dataclass(frozen=True, slots=True)
class _Words:
    levels: dict[Level, str]
    case: str
    due: str
    card: str
    notice: str
    title: str
    opening: str
    gap: str


_WORDS: Final = {
    Language.ZH: _Words(
        levels={Level.RED: "红牌", Level.YELLOW: "黄牌", Level.WARNING: "预警"},
        case="办件 ",
        due="时限 ",
        card="牌号 ",
        notice="通知号 ",
        title="效能监察通知：",
        opening="以下事项请处理：",
        gap="，",
    ),
    Language.EN: _Words(
        levels={Level.RED: "red card", Level.YELLOW: "yellow card", Level.WARNING: "warning"},
        case="case ",
        due="due ",
        card="card ",
        notice="notice ",
        title="Efficiency supervision: ",
        opening="Please attend to the following:",
        gap=", ",
    ),
}


def _subject(notices: Sequence[PendingNotice], language: Language) -> str:
    """How many of each level, the highest first: `红牌 2，黄牌 1`, `2 red cards, 1 warning`."""
    words = _WORDS[language]
    parts: list[str] = []
    for level in sorted(Level, reverse=True):
        count = sum(notice.level is level for notice in notices)
        if count and language is Language.ZH:
            parts.append(f"{words.levels[level]} {count}")
        elif count:
            parts.append(f"{count} {words.levels[level]}{'' if count == 1 else 's'}")
    return words.title + words.gap.join(parts)


def _line(notice: PendingNotice, language: Language, zone: ZoneInfo) -> NoticeLine:
    words = _WORDS[language]
    level = (
        f"【{words.levels[notice.level]}】"
        if language is Language.ZH
        else (f"[{words.levels[notice.level]}] ")
    )
    parts: list[str] = []
    if notice.case_no:
        parts.append(words.case + _field(notice.case_no))
    if notice.department:
        parts.append(_field(notice.department))
    if notice.due_at is not None:
        parts.append(words.due + _local(notice.due_at, zone))
    parts.append(words.card + _field(notice.card_no))
    reply = plain_line(notice.reply, longest=_LONGEST_REPLY)
    return NoticeLine(
        notice_id=notice.notice_id,
        card_no=notice.card_no,
        level=notice.level,
        case_no=notice.case_no,
        text=level + words.gap.join(parts) + (f"\n   {reply}" if reply else ""),
    )


def _text(lines: Sequence[NoticeLine], language: Language) -> str:
    """The whole message; each notice's number is shown, so that a repeat is seen to be one."""
    words = _WORDS[language]
    shown = [
        f"{number}. {line.text}\n   {words.notice}{_field(line.notice_id)}"
        for number, line in enumerate(lines, start=1)
    ]
    return "\n".join([words.opening, "", *shown]) + "\n"


def _field(text: str) -> str:
    return plain_line(text, longest=_LONGEST_FIELD)


def _local(instant: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(instant, zone).strftime("%Y-%m-%d %H:%M:%S")
