"""Pending notices into few messages: one recipient gets one message per channel and address.

A message says which cases, cards and orders it is about and what is due when, nothing of the people
who applied: it may be read on a chat service's servers. Where a group reads the channel, the group
is the recipient: nobody's name is in the message, and what several persons are told is said once.
The same notices always give the same messages.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo

from efficiency_monitor.i18n.messages import speaking, t
from efficiency_monitor.people.model.people import Language
from efficiency_monitor.terms import Level

from .channels.channel import Attachment, Message, NoticeLine
from .matter import Family, Matter, card_name, family_name, heading, notes_of
from .plain import plain_line
from .wording import sentence

#: More than that nobody reads at once, and chat services cut off long texts.
MOST_NOTICES: Final = 50
#: Notices of one matter that are said together in a group: their numbers stand in one line.
MOST_TOGETHER: Final = 15
_LONGEST_FIELD: Final = 120
_NOTHING_ASKED: Final = (Family.SETTLED, Family.LEDGER)
#: Characters of free text that are left where a notice alone is too long; its numbers stay whole.
_SHORTER: Final = (60, 30, 15, 0)
#: What a chat would take for a mention of everybody or for markup.
_NO_MENTION: Final = str.maketrans({"@": "＠", "<": "＜", ">": "＞"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingNotice:
    """A notice of the outbox that waits for delivery."""

    notice_id: str
    recipient: str
    channel: str
    address: str
    #: What it is about: `card:…`, `order:…`, `appeal:…`, `alarm:…`, `account:…`, `key:…`,
    #: `ledger`.
    subject: str = ""
    kind: str = "issued"
    #: Numbers and instants (unix seconds) that the text is made of.
    about: Mapping[str, object] = field(default_factory=dict)
    #: Empty where it is about no card.
    card_no: str = ""
    level: Level | None = None
    #: Empty for a card whose subject is no single case.
    case_no: str = ""
    #: To what such a card is given: `item:…`, `region:…`, `order:…`, `all`; of a person the word
    #: alone. Empty of an organ, which is the department.
    given_to: str = ""
    department: str = ""
    #: The due instant of the card's limit, in unix seconds; None when there is none.
    due_at: int | None = None
    #: What the card's rule measured and what it is compared with: `count`, `> 1 events`. Empty for
    #: a clock.
    measure: str = ""
    compared: str = ""


@dataclass(frozen=True, slots=True)
class Signed:
    """Size and SHA-256 root (base64) of the ledger, as they stand under every message.

    Whoever keeps the message can have the ledger held against it for ever.
    """

    size: int
    root: str

    def __str__(self) -> str:
        """The last line, in the language that is being spoken."""
        return t("Ledger {size} · {root}", size=self.size, root=self.root)


@dataclass(frozen=True, slots=True)
class Addressed:
    """A message and the name of the channel that is to send it."""

    channel: str
    message: Message


@dataclass(frozen=True, slots=True)
class _Block:
    """What is said of one matter, and the notices that say it."""

    notices: tuple[PendingNotice, ...]
    text: str

    def shown(self, number: int) -> str:
        """With its number in the message; each notice's own number shows a repeat to be one."""
        ids = t(", ").join(_short(notice.notice_id) for notice in self.notices)
        return f"{number}. {self.text}\n   {t('notice ')}{ids}\n"


def digest(
    notices: Iterable[PendingNotice],
    *,
    language: Language,
    zone: ZoneInfo,
    longest: Mapping[str, int | None] = {},
    groups: Collection[str] = (),
    signed: Signed | None = None,
) -> tuple[Addressed, ...]:
    """The messages for the notices, in an order that does not depend on theirs.

    Cards that want an answer come first, red before yellow, then what fell due earliest. A message
    holds at most 50 notices, and a text of at most `longest[channel]` bytes of UTF-8; further ones
    go into messages of their own. No notice is cut in two; one that alone is longer loses free
    text, never a number. `groups` names the channels that several people read. ValueError if one
    notice id stands for two notices.
    """
    together: dict[tuple[str, str, str], list[PendingNotice]] = {}
    for notice in _distinct(notices):
        who = "" if notice.channel in groups else notice.recipient
        together.setdefault((who, notice.channel, notice.address), []).append(notice)
    made: list[Addressed] = []
    with speaking(language.value):
        footer = "" if signed is None else f"\n{signed}\n"
        for (recipient, channel, address), some in sorted(together.items()):
            group, most = channel in groups, longest.get(channel)
            if most is not None:
                most -= _bytes(footer)
            parts = _parts(_blocks(some, zone, group=group, most=most), most)
            for number, part in enumerate(parts, start=1):
                numbered = f" ({number}/{len(parts)})" if len(parts) > 1 else ""
                made.append(
                    Addressed(
                        channel,
                        _message(
                            part,
                            recipient=channel if group else recipient,
                            address=address,
                            numbered=numbered,
                            footer=footer,
                        ),
                    )
                )
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


def _matter(notice: PendingNotice, zone: ZoneInfo) -> Matter:
    return Matter(
        subject=notice.subject,
        kind=notice.kind,
        about=notice.about,
        card_no=notice.card_no,
        level=notice.level,
        case_no=notice.case_no,
        given_to=notice.given_to,
        department=notice.department,
        due_at=notice.due_at,
        measure=notice.measure,
        compared=notice.compared,
        zone=zone,
    )


def _urgency(notice: PendingNotice, zone: ZoneInfo) -> tuple[int, int, bool, int, str, str, str]:
    due, level = notice.due_at, notice.level
    family = _matter(notice, zone).family
    return (
        int(family),
        -(level or 0),
        due is None,
        due or 0,
        notice.case_no,
        notice.subject,
        notice.notice_id,
    )


def _blocks(
    notices: Sequence[PendingNotice], zone: ZoneInfo, *, group: bool, most: int | None
) -> list[_Block]:
    """What is said, most urgent first; in a group each matter once for all who are told of it."""
    ordered = sorted(notices, key=lambda notice: _urgency(notice, zone))
    if not group:
        return [_block((notice,), zone, group=False, most=most) for notice in ordered]
    same: dict[str, list[PendingNotice]] = {}
    for notice in ordered:
        same.setdefault(_block((notice,), zone, group=True, most=None).text, []).append(notice)
    return [
        _block(tuple(some[i : i + MOST_TOGETHER]), zone, group=True, most=most)
        for some in same.values()
        for i in range(0, len(some), MOST_TOGETHER)
    ]


def _block(
    notices: tuple[PendingNotice, ...], zone: ZoneInfo, *, group: bool, most: int | None
) -> _Block:
    """The block, its free text cut as far as a message of `most` bytes with it alone demands."""
    first = notices[0]
    matter = _matter(first, zone)
    asked = sentence(matter)
    for free in (_LONGEST_FIELD, *_SHORTER):
        text = f"{heading(matter, free)}\n   {asked}"
        block = _Block(notices, text.translate(_NO_MENTION) if group else text)
        if most is None or _bytes(_opening() + block.shown(1)) <= most:
            break
    return block


def _parts(blocks: Sequence[_Block], most: int | None) -> list[list[_Block]]:
    """The blocks of each message, in order: as many as its two limits allow."""
    parts: list[list[_Block]] = []
    opening = _bytes(_opening())
    size = count = 0
    for block in blocks:
        new = _bytes(block.shown(len(parts[-1]) + 1)) if parts else 0
        fits = most is None or size + new <= most
        if parts and fits and count + len(block.notices) <= MOST_NOTICES:
            parts[-1].append(block)
            size, count = size + new, count + len(block.notices)
        else:
            parts.append([block])
            size, count = opening + _bytes(block.shown(1)), len(block.notices)
    return parts


def _message(
    part: Sequence[_Block], *, recipient: str, address: str, numbered: str, footer: str
) -> Message:
    return Message(
        message_id=message_id(notice.notice_id for block in part for notice in block.notices),
        recipient=recipient,
        address=address,
        subject=_subject(part) + numbered,
        text=_opening(asks=any(_asks(block) for block in part))
        + "".join(block.shown(n) for n, block in enumerate(part, start=1))
        + footer,
        attachments=tuple(
            Attachment(name, text)
            for name, text in dict.fromkeys(
                noted for block in part for one in block.notices for noted in notes_of(one.about)
            )
        ),
        notices=tuple(
            NoticeLine(
                notice_id=notice.notice_id,
                card_no=notice.card_no,
                level=notice.level,
                case_no=notice.case_no,
                text=block.text,
            )
            for block in part
            for notice in block.notices
        ),
    )


def _opening(*, asks: bool = True) -> str:
    if asks:
        return t("Please attend to the following:\n\n")
    return t("For your information:\n\n")


def _asks(block: _Block) -> bool:
    return _matter(block.notices[0], ZoneInfo("UTC")).family not in _NOTHING_ASKED


def _subject(part: Sequence[_Block]) -> str:
    """How many of what, the most urgent first: `红牌 2，督办单 1`, `2 red cards, 1 order`."""
    counts: dict[str, int] = {}
    for block in part:
        first = block.notices[0]
        family = _matter(first, ZoneInfo("UTC")).family
        name = card_name(first.level) if family is Family.CARD else family_name(family)
        counts[name] = counts.get(name, 0) + 1
    said = [
        t("{n} {name}{ending}", n=n, name=name, ending="" if n == 1 else "s")
        for name, n in counts.items()
    ]
    return t("Efficiency supervision: ") + t(", ", ctx="card").join(said)


def _short(text: str) -> str:
    return plain_line(text, longest=_LONGEST_FIELD)


def _bytes(text: str) -> int:
    """Length in UTF-8, a lone surrogate as long as the sign that stands for it (U+FFFD)."""
    return len(text.encode("utf-8", "surrogatepass"))
