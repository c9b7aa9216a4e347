"""Two sets of would-be cards held against each other: new, gone, earlier, later, the same.

A would-be card is what a first scan would issue, as a value. One card of each side is the same card
where subject, rule, episode and level are the same; what differs then is when it fell due.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from ...engine.findings import CaseFindings, Episode, LevelFound, Offence, Trouble
from ...engine.tally import Tallied
from ...engine.timeline import CaseRecord
from ...terms import Level, Outcome
from ...time.amount import decimal_text


class Change(StrEnum):
    """How a would-be card of the one side stands to that of the other."""

    NEW = "new"
    GONE = "gone"
    EARLIER = "earlier"
    LATER = "later"
    SAME = "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class WouldBe:
    """A card that a first scan would give, with the dates that decide on it (epoch seconds).

    It is on a case, or of a tally: then it is given to `tallied`, its episode is a window, and
    `start_at` and `stop_at` are the window's first and last second.
    """

    case_no: str | None
    item_code: str | None
    department: str | None
    rule_id: str
    rule_version: int
    pack: str
    episode: str
    level: Level
    fell_due_at: int
    #: The threshold or comparison of the rule: `promised - 1 working_days`, `> 1 events`.
    at: str
    #: The limit with its amount, where it has one, and when it is due; of an offence and a tally
    #: the measured value with its unit.
    limit: str | None
    amount: str | None
    limit_due_at: int | None
    #: What began the episode or is the offending event, and what ended it.
    start_type: str | None
    start_at: int
    stop_type: str | None
    stop_at: int | None
    #: Of a tally: whom it is given to, as cards call it (`organ:某局`); the kind of its window.
    tallied: str | None = None
    window: str | None = None

    @property
    def subject(self) -> str:
        """Whom it is given to: `case:A-1`, `organ:某局`."""
        return self.tallied or f"case:{self.case_no}"

    @property
    def key(self) -> tuple[str, str, str, Level]:
        """What makes it the same card on both sides."""
        return self.subject, self.rule_id, self.episode, self.level


@dataclass(frozen=True, slots=True)
class Difference:
    """A card of either side or of both; `rule_id` is the later side's name of the rule."""

    change: Change
    rule_id: str
    before: WouldBe | None
    after: WouldBe | None

    @property
    def either(self) -> WouldBe:
        """The later side's card, else the earlier one's."""
        found = self.before if self.after is None else self.after
        assert found is not None
        return found


@dataclass(frozen=True, slots=True)
class Window:
    """Instants [since, until) in which cards fall due, and its months in a zone."""

    since: int
    until: int
    zone: str

    def holds(self, card: WouldBe | None) -> bool:
        """Whether a card is there and fell due in the window."""
        return card is not None and self.since <= card.fell_due_at < self.until

    def months(self) -> tuple[list[int], list[str]]:
        """First instants of the months that the window touches, and their names `2026-03`."""
        zone = ZoneInfo(self.zone)
        first = datetime.fromtimestamp(self.since, zone)
        year, month = first.year, first.month
        begins: list[int] = []
        names: list[str] = []
        while True:
            at = int(datetime(year, month, 1, tzinfo=zone).timestamp())
            if at >= self.until:
                return begins, names
            begins.append(at)
            names.append(f"{year:04}-{month:02}")
            year, month = (year, month + 1) if month < 12 else (year + 1, 1)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one side says of a case: outcome, the cards of a first scan, what was not judgeable."""

    outcome: Outcome
    cards: tuple[WouldBe, ...]
    troubles: tuple[Trouble, ...]


def verdict(record: CaseRecord, found: CaseFindings) -> Verdict:
    """The would-be cards of a case: each level that was reached, as a first scan issues it."""
    grounds: Sequence[Episode | Offence] = (*found.episodes, *found.offences)
    cards = tuple(
        _card(record, ground, level)
        for ground in grounds
        for level in ground.levels
        if level.reached
    )
    return Verdict(found.outcome, cards, found.troubles)


def together(first: Verdict, second: Verdict) -> Verdict:
    """What two sets of rules say of one case, each judged alone, as if judged as one set."""
    outcomes = {first.outcome, second.outcome}
    outcome = next(
        one for one in (Outcome.NOT_JUDGEABLE, Outcome.JUDGED, Outcome.EXCLUDED) if one in outcomes
    )
    troubles = tuple(dict.fromkeys((*first.troubles, *second.troubles)))
    return Verdict(outcome, first.cards + second.cards, troubles)


def _card(record: CaseRecord, ground: Episode | Offence, level: LevelFound) -> WouldBe:
    rule = ground.bound.rule
    name: str | None
    amount: str | None
    if isinstance(ground, Offence):
        begun, stop = ground.event, None
        name = rule.condition.measure if rule.condition else None
        amount, due = f"{decimal_text(ground.value)} {ground.unit}", None
    else:
        begun, stop = ground.start, ground.stop
        limit = next(limit for limit in ground.limits if limit.name == level.limit)
        name, due = limit.name, limit.due_at
        amount = None if limit.amount is None else str(limit.amount)
    assert level.instant is not None  # a level that was reached has its instant
    return WouldBe(
        case_no=record.case_no,
        item_code=record.fields.get("item_code"),
        department=(level.event or begun).department or record.fields.get("department"),
        rule_id=rule.id,
        rule_version=rule.version,
        pack=ground.bound.pack,
        episode=ground.key,
        level=level.level,
        fell_due_at=level.instant,
        at=level.at,
        limit=name,
        amount=amount,
        limit_due_at=due,
        start_type=begun.type,
        start_at=begun.occurred_at,
        stop_type=None if stop is None else stop.type,
        stop_at=None if stop is None else stop.occurred_at,
    )


def tallied_cards(found: Tallied, subject: str) -> list[WouldBe]:
    """The would-be cards of a tally's subject, which cards call `subject`."""
    rule, kind, name = found.bound.rule, found.subject.kind, found.subject.name
    return [
        WouldBe(
            case_no=None,
            item_code=name if kind == "item" else None,
            department=department_of(found),
            rule_id=rule.id,
            rule_version=rule.version,
            pack=found.bound.pack,
            episode=found.key,
            level=level.level,
            fell_due_at=level.instant,
            at=level.at,
            limit=level.limit,
            amount=None if found.value is None else f"{decimal_text(found.value)} {found.unit}",
            limit_due_at=None,
            start_type=None,
            start_at=found.window.start,
            stop_type=None,
            stop_at=found.window.end - 1,
            tallied=subject,
            window=found.window.kind,
        )
        for level in found.levels
        if level.reached and level.instant is not None
    ]


def department_of(found: Tallied) -> str | None:
    """The organ that a tally is about: its subject, or what all of its rows have in common."""
    if found.subject.kind == "organ":
        return found.subject.name
    return found.common.get("department")


def differences(
    before: Iterable[WouldBe],
    after: Iterable[WouldBe],
    window: Window,
    renamed: Mapping[str, str],
) -> Iterator[Difference]:
    """Every card of which one side or the other fell due in the window, in the order of `after`.

    The cards that are gone come last. `renamed` gives rules of `before` the names that they have in
    `after`. ValueError where one side has a card twice.
    """
    known = _by_key(before, renamed)
    for key, card in _by_key(after, {}).items():
        former = known.pop(key, None)
        if window.holds(card) or window.holds(former):
            yield Difference(change_of(former, card), key[1], former, card)
    for key, former in known.items():
        if window.holds(former):
            yield Difference(Change.GONE, key[1], former, None)


def _by_key(
    cards: Iterable[WouldBe], renamed: Mapping[str, str]
) -> dict[tuple[str, str, str, Level], WouldBe]:
    found: dict[tuple[str, str, str, Level], WouldBe] = {}
    for card in cards:
        subject, rule_id, episode, level = card.key
        key = subject, renamed.get(rule_id, rule_id), episode, level
        if key in found:
            raise ValueError(f"{subject}: {key[1]} has two {level.word} cards of one episode")
        found[key] = card
    return found


def change_of(before: WouldBe | None, after: WouldBe) -> Change:
    """How a card stands to the one of the other side."""
    if before is None:
        return Change.NEW
    if after.fell_due_at == before.fell_due_at:
        return Change.SAME
    return Change.EARLIER if after.fell_due_at < before.fell_due_at else Change.LATER


#: What is counted. `moved_in`, `moved_out`: of the earlier and later ones those that crossed an
#: edge of the window, so that after = before + new - gone + moved_in - moved_out.
COUNTED: Final = (
    "before", "after", "new", "gone", "earlier", "later", "same", "moved_in", "moved_out",
)  # fmt: skip
DIMENSIONS: Final = ("level", "rule", "month", "department", "item")
_PLACE: Final = {name: place for place, name in enumerate(COUNTED)}


@dataclass(slots=True)
class Totals:
    """Counts of cards over all and by level, rule, month, department and item."""

    window: Window
    whole: list[int] = field(default_factory=lambda: [0] * len(COUNTED))
    #: dimension → value (None: not stated) → counts in the order of `COUNTED`.
    by: dict[str, dict[str | None, list[int]]] = field(
        default_factory=lambda: {name: {} for name in DIMENSIONS}
    )
    _begins: list[int] = field(init=False)
    _names: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self._begins, self._names = self.window.months()

    def month_of(self, instant: int) -> str:
        """Month of an instant of the window."""
        return self._names[bisect_right(self._begins, instant) - 1]

    def add(self, difference: Difference) -> None:
        """Count a card."""
        before, after = difference.before, difference.after
        card = difference.either
        counted = [difference.change.value]
        inside = self.window.holds(before), self.window.holds(after)
        if inside[0] != inside[1] and before is not None and after is not None:
            counted.append("moved_in" if inside[1] else "moved_out")
        values = {
            "level": card.level.word,
            "rule": difference.rule_id,
            "department": card.department,
            "item": card.item_code,
        }
        for name, own, is_in in (("before", before, inside[0]), ("after", after, inside[1])):
            if is_in and own is not None:
                counted.append(name)
                self.count("month", self.month_of(own.fell_due_at), {name: 1})
        shown = after if inside[1] else before
        assert shown is not None
        kinds = [name for name in counted if name not in ("before", "after")]
        self.count("month", self.month_of(shown.fell_due_at), dict.fromkeys(kinds, 1))
        for dimension, value in values.items():
            self.count(dimension, value, dict.fromkeys(counted, 1))
        self.count(None, None, dict.fromkeys(counted, 1))

    def count(self, dimension: str | None, value: str | None, more: Mapping[str, int]) -> None:
        """Add counts to one value of a dimension; to the whole where there is none."""
        row = self.whole
        if dimension is not None:
            row = self.by[dimension].setdefault(value, [0] * len(COUNTED))
        for name, number in more.items():
            row[_PLACE[name]] += number

    def rows(self, dimension: str) -> list[tuple[str | None, dict[str, int]]]:
        """Values of a dimension with their counts: levels from low to high, the rest by name."""
        found = self.by[dimension]
        order = [level.word for level in Level]

        def place(value: str | None) -> tuple[bool, int, str]:
            rank = order.index(value) if dimension == "level" and value in order else 0
            return value is None, rank, value or ""

        return [
            (value, dict(zip(COUNTED, found[value], strict=True)))
            for value in sorted(found, key=place)
        ]
