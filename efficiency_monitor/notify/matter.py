"""What a notice is about: its family, its numbers, and the heading that shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final
from zoneinfo import ZoneInfo

from efficiency_monitor.i18n.language import (
    say_amount,
    say_instant,
    say_level,
    say_limit,
)
from efficiency_monitor.i18n.measure_words import SUBJECTS
from efficiency_monitor.i18n.messages import t
from efficiency_monitor.terms import Level

from .plain import plain_line

_LONGEST_FIELD: Final = 120


class Family(IntEnum):
    """What a notice is about, in the order in which a message says it."""

    #: A card that somebody has to answer.
    CARD = 0
    ORDER = 1
    APPEAL = 2
    ALARM = 3
    EXEMPTION = 4
    KEY = 5
    #: A card that nobody has to answer any more.
    SETTLED = 6
    #: A checkpoint of the ledger, to be kept.
    LEDGER = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What a notice is about, as the words need it."""

    #: `card:…`, `order:…`, `appeal:…`, `alarm:…`, `account:…`, `key:…`; may be empty for a card.
    subject: str
    kind: str
    about: Mapping[str, object]
    card_no: str
    level: Level | None
    case_no: str
    #: To what a card is given that is given to no case and no organ: `item:…`, `person`.
    given_to: str
    department: str
    #: The due instant of the card's limit, in unix seconds.
    due_at: int | None
    #: What its rule measured and what that is compared with; empty for a clock.
    measure: str
    compared: str
    zone: ZoneInfo

    @property
    def family(self) -> Family:
        """The first word of the kind decides; what is not known is a card's."""
        return _FAMILIES.get(self.name, Family.CARD)

    @property
    def name(self) -> str:
        """The kind without its numbers: `step` of `step:2:1`."""
        return self.kind.split(":")[0]

    def number(self, place: int) -> str:
        """A number of the kind: the first of `step:2:1` is 2; empty where there is none."""
        parts = self.kind.split(":")
        return field(parts[place]) if place < len(parts) else ""

    def of(self, name: str) -> str:
        """A value of `about` as a line of text; empty where it is missing."""
        value = self.about.get(name)
        return "" if value is None else field(str(value))

    def when(self, name: str) -> str:
        """An instant of `about` as wall time; empty where it is missing."""
        value = self.about.get(name)
        if isinstance(value, bool) or not isinstance(value, int):
            return ""
        return say_instant(value, self.zone)

    @property
    def own(self) -> str:
        """The number of what it is about: the card's, the order's, the appeal's, the key's."""
        for name in ("order", "appeal", "alarm", "key"):
            if name in self.about and self.family in _NUMBERED:
                return self.of(name)
        return field(self.subject.partition(":")[2] or self.card_no)

    @property
    def card(self) -> str:
        """The number of the card, empty where it is about none."""
        return field(self.card_no) or self.of("card")


_FAMILIES: Final = {
    "lifted": Family.SETTLED,
    "closed": Family.SETTLED,
    **dict.fromkeys(
        ("order_opened", "order_returned", "order_replied", "order_overdue", "order_closed"),
        Family.ORDER,
    ),
    **dict.fromkeys(
        (
            "appeal_filed",
            "appeal_signed",
            "appeal_referred",
            "appeal_returned",
            "appeal_upheld",
            "appeal_overdue",
        ),
        Family.APPEAL,
    ),
    "alarm": Family.ALARM,
    "exemption_asked": Family.EXEMPTION,
    "exempted": Family.EXEMPTION,
    "key_enrolled": Family.KEY,
    "key_revoked": Family.KEY,
    "key_revoke_asked": Family.KEY,
    "checkpoint": Family.LEDGER,
}
_NUMBERED: Final = frozenset({Family.ORDER, Family.APPEAL, Family.ALARM, Family.KEY})


def notes_of(about: Mapping[str, object]) -> list[tuple[str, str]]:
    """The signed notes of a checkpoint, (file name, text), byte for byte; none of other matters."""
    notes, size = about.get("notes"), about.get("size")
    if not isinstance(notes, Mapping) or not isinstance(size, int):
        return []
    return [
        (f"{size:012}-{tree}.note", str(notes[tree])) for tree in ("sha256", "sm3") if tree in notes
    ]


def field(text: str, longest: int = _LONGEST_FIELD) -> str:
    """A value on one line, harmless and of at most so many characters; empty for none."""
    return plain_line(text, longest=longest) if longest > 0 else ""


def family_name(family: Family) -> str:
    """What the subject line counts: 督办单, order."""
    return {
        Family.CARD: t("card"),
        Family.ORDER: t("order"),
        Family.APPEAL: t("appeal"),
        Family.ALARM: t("alarm", ctx="matter"),
        Family.EXEMPTION: t("exemption"),
        Family.KEY: t("key"),
        Family.SETTLED: t("settled card"),
        Family.LEDGER: t("ledger"),
    }[family]


def card_name(level: Level | None) -> str:
    """红牌, red card; a card whose level is not known is a card."""
    if level is None:
        return family_name(Family.CARD)
    if level is Level.WARNING:
        return say_level(level)
    return t("{level} card", level=say_level(level))


def heading(matter: Matter, longest_free: int = _LONGEST_FIELD) -> str:
    """The first line: what it is, and its numbers. Free text is cut to so many characters."""
    family = matter.family
    of_card = family in (Family.CARD, Family.SETTLED)
    name = card_name(matter.level) if of_card else family_name(family)
    parts: list[str] = []
    if family is Family.LEDGER:
        size = matter.of("size") or matter.own
        parts.append(t("checkpoint {size}", size=size))
    if family in _NUMBERED:
        parts.append(t("no. ") + matter.own)
    if matter.case_no:
        parts.append(t("case ") + field(matter.case_no))
    kind, _, name_of_it = matter.given_to.partition(":")
    if kind in SUBJECTS:
        parts.append(f"{t(SUBJECTS[kind])} {field(name_of_it, longest_free)}".strip())
    department = field(matter.department or matter.of("department"), longest_free)
    if department:
        parts.append(department)
    cards = matter.of("cards")
    if family is Family.ORDER and cards:
        parts.append(t("1 card") if cards == "1" else t("{cards} cards", cards=cards))
    if matter.due_at is not None and of_card:
        parts.append(t("due ") + say_instant(matter.due_at, matter.zone))
    if matter.compared and of_card:
        measure, compared = say_limit(field(matter.measure)), say_amount(field(matter.compared))
        parts.append(t("{measure} {compared}", measure=measure, compared=compared))
    if matter.card:
        parts.append(t("card ") + matter.card)
    elif of_card:
        parts.append(t("card ") + matter.own)
    return t("[{name}] ", name=name) + t(", ", ctx="card").join(parts)
