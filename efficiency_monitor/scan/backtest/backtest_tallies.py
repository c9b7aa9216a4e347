"""Tallies in a back-test: each side's own would-be cards are counted, in the windows of the dates.

The rows are those that a scan would select, but of what the back-test itself has found: no card of
the database is looked at. Those of the cases that can bear on the windows are in memory.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Final

from sqlalchemy import Connection

from ...cards.card_rows import handler_by
from ...cards.model.decide import card_number, subject_of
from ...engine.encoding import BoundRule
from ...engine.findings import CaseFindings, Ground, LevelFound
from ...engine.tally import Tallied, judge
from ...engine.tally_rows import CardRow, CaseRow, TallyInput
from ...engine.tally_trial import binds
from ...engine.timeline import CaseRecord
from ...i18n.messages import t
from ...intake import feeds
from ...rules.tallies import Tally
from ...terms import CardState, Level, Outcome
from ...time.amount import Amount
from ...time.windows import Window, window_at, windows
from ...workspace.context import Context
from ..tallies import store
from ..tallies.tally_found import Slices, case_row, events_of, fields_of
from ..tallies.tally_quarantine import with_quarantine
from ..tallies.tally_spans import counted_by
from ..tallies.tally_subjects import Subjects
from ..tallies.tally_world import compared_windows
from .backtest_sides import Plan, Side
from .model import WouldBe, department_of, tallied_cards

#: What several sets of rules found of the same cases.
Findings = Sequence[Sequence[CaseFindings]]
#: Cards by rules and calendars that both sides have; `before` and `after` are a side's own.
_BOTH: Final = "both"
#: Fields that a card has of its case.
_OF_CASE: Final = ("item_code", "region", "item_kind", "channel")


class Seen:
    """The rows of what was found of the cases, as far as the tallies of a plan can count them."""

    def __init__(self, context: Context, plan: Plan) -> None:
        self._words = context.catalogue.vocabulary
        self._as_of = plan.as_of
        self._zone = plan.window.zone
        tallies = [tally_of(bound) for bound in (*plan.before.tallies, *plan.after.tallies)]
        self._types = _event_types(tallies)
        #: Since when anything bears on a window that has an instant of the dates, or on the one
        #: that it is compared with.
        self._since = min(
            each.start
            for tally in tallies
            for each in compared_windows(
                tally, window_at(tally.window, plan.window.since, plan.window.zone)
            )
        )
        #: When the first thing happened of which anything is known.
        self.known_from: int | None = None
        self._cases: list[CaseRow] = []
        self._cards: dict[str, list[CardRow]] = {_BOTH: [], "before": [], "after": []}
        self._incomplete: dict[str, set[str]] = {"before": set(), "after": set()}
        self._texts: dict[tuple[tuple[str, str], ...], Mapping[str, str]] = {}

    def take(
        self, records: Sequence[CaseRecord], both: Findings, before: Findings, after: Findings
    ) -> None:
        """Some cases, with what was found by what both sides have and by what is each one's own."""
        parts = {_BOTH: both, "before": before, "after": after}
        for n, record in enumerate(records):
            self._take(record, {which: [one[n] for one in found] for which, found in parts.items()})

    def _take(self, record: CaseRecord, found: Mapping[str, Sequence[CaseFindings]]) -> None:
        span = counted_by(self._words, record, self._as_of)
        if span["begun_at"] is None:
            return
        known = span["begun_at"] if self.known_from is None else self.known_from
        self.known_from = min(span["begun_at"], known)
        given = {
            which: [card for each in parts for card in self._given(record, each)]
            for which, parts in found.items()
        }
        instants = [span[name] for name in ("finished_at", "last_at", "last_recorded_at")]
        instants += [card.at for card in chain.from_iterable(given.values())]
        if instants[0] is not None and max(at or 0 for at in instants) < self._since:
            return
        events = () if self._types == set() else events_of(record, self._as_of, self._types)
        fields = self._one(fields_of(span))
        self._cases.append(
            case_row(record.case_no, span, fields, events, incomplete=False, stale=record.stale)
        )
        for which, cards in given.items():
            self._cards[which] += cards
        for side, names in self._incomplete.items():
            judged = (*found[_BOTH], *found[side])
            if any(each.outcome is Outcome.NOT_JUDGEABLE for each in judged):
                names.add(record.case_no)

    def _one(self, fields: Mapping[str, str]) -> Mapping[str, str]:
        """One value for all rows that say the same: there are many rows and few organs."""
        return self._texts.setdefault(tuple(fields.items()), fields)

    def _given(self, record: CaseRecord, found: CaseFindings) -> Iterator[CardRow]:
        """The cards of a case as nights would have given them, each at the next midnight."""
        for ground in found.grounds:
            rule = ground.bound.rule
            for level in ground.levels:
                night = self._night(ground, level)
                if night is None or level.instant is None:
                    continue
                begun = level.event or ground.start
                said = {
                    **{name: record.fields.get(name) for name in _OF_CASE},
                    "department": begun.department or record.fields.get("department"),
                    "handler": handler_by(record, night),
                }
                subject = subject_of(record.case_no)
                yield CardRow(
                    card_no=card_number(subject, rule.id, ground.key, level.level, 0),
                    case_no=record.case_no,
                    rule=rule.id,
                    clock=ground.key,
                    level=level.level,
                    at=level.instant,
                    state=CardState.PENDING if rule.confirm == "manual" else CardState.OPEN,
                    fields=self._one({name: text for name, text in said.items() if text}),
                )

    def _night(self, ground: Ground, level: LevelFound) -> int | None:
        """As of which midnight a card would have been given; None where none would have been.

        A first scan gives no warning for a clock that has ended; a night gives it while it runs.
        """
        if level.instant is None:
            return None
        night = window_at("day", level.instant, self._zone).end
        if level.reached:
            return min(night, self._as_of)
        ran = ground.stop is not None and night < ground.stop.occurred_at
        return night if level.level is Level.WARNING and ran else None

    @property
    def alike(self) -> bool:
        """Whether tallies of both sides count the same."""
        own = self._cards["before"] or self._cards["after"]
        return not own and self._incomplete["before"] == self._incomplete["after"]

    def rows(self, side: str, tally: Tally) -> tuple[tuple[CaseRow, ...], tuple[CardRow, ...]]:
        """The cases and the cards of a side."""
        cases = tuple(self._cases)
        if asks_incomplete(tally):
            names = self._incomplete[side]
            cases = tuple(replace(case, incomplete=case.case_no in names) for case in cases)
        return cases, (*self._cards[_BOTH], *self._cards[side])


def tally_of(bound: BoundRule) -> Tally:
    """The tally of a rule that is one."""
    tally = bound.rule.tally
    assert tally is not None, f"{bound.rule.id} is no tally"
    return tally


def asks_incomplete(tally: Tally) -> bool:
    """Whether a tally counts cases that could not be judged."""
    return tally.with_ is not None and tally.with_.incomplete is not None


def unseen(rules: Sequence[BoundRule]) -> list[tuple[str, str]]:
    """The tallies that count by what an auditor's role is not shown, each with the reason."""
    why = t("the database role is not shown what it counts by")
    found = {
        bound.rule.id
        for bound in rules
        if (tally := bound.rule.tally) is not None
        and (
            tally.by in ("handler", "actor")
            or tally.field in ("reason", "actor")
            or asks_incomplete(tally)
        )
    }
    return [(rule_id, why) for rule_id in sorted(found)]


def _event_types(tallies: Sequence[Tally]) -> set[str] | None:
    """Types of the events that are counted; None for all."""
    types: set[str] = set()
    for tally in tallies:
        if tally.of == "events":
            if tally.events is None:
                return None
            types.update(tally.events)
        elif tally.with_ is not None and tally.with_.events is not None:
            types.update(tally.with_.events)
    return types


@dataclass(slots=True)
class Said:
    """What tallies say: would-be cards, how many subjects ended how, why some were not judged."""

    cards: list[WouldBe] = field(default_factory=list)
    subjects: Counter[str] = field(default_factory=Counter)
    troubles: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, other: "Said") -> None:
        """The same of more rules."""
        self.cards += other.cards
        self.subjects.update(other.subjects)
        self.troubles.update(other.troubles)


class Judging:
    """The tallies of a plan, judged over what was seen."""

    def __init__(self, context: Context, plan: Plan, seen: Seen) -> None:
        self._context, self._plan, self._seen = context, plan, seen
        #: Persons without an id have pseudonyms by the workspace's key; where it has none, by this.
        self._spare = context.salt()
        self._known: dict[tuple[str, str, str], Said] = {}

    def side(self, name: str, side: Side) -> Said:
        """What the tallies of a side say; what is the same on both sides is judged once."""
        said = Said()
        for bound in side.tallies:
            identity = bound.rule.id, bound.pack, bound.digest
            found = self._known.get(identity) if self._seen.alike else None
            if found is None:
                with self._context.store.reading() as connection:
                    found = self._known[identity] = self._judge(connection, name, bound)
            said.add(found)
        return said

    def _judge(self, connection: Connection, side: str, bound: BoundRule) -> Said:
        tally = tally_of(bound)
        subjects = Subjects(connection, tally.by, spare=self._spare)
        cases, cards = self._seen.rows(side, tally)
        if asks_incomplete(tally):
            cases = with_quarantine(self._context, connection, cases)
        wanted = self._windows(bound, tally)
        bearing = {each for window in wanted for each in compared_windows(tally, window)}
        slices = Slices(tally, cases, cards, bearing, self._plan.as_of)
        items = store.item_table(connection)
        importing = feeds.importing(self._context, connection, None)
        said = Said()
        for window in wanted:
            counted_cases, counted_cards = slices.of(compared_windows(tally, window))
            world = TallyInput(
                cases=counted_cases,
                cards=counted_cards,
                items=items,
                known_from=self._seen.known_from,
            )
            named = subjects.named(world)
            told = judge(bound, named, window, self._plan.as_of, due=_due, importing=importing)
            for found in told:
                self._add(said, found, subjects)
        return said

    def _windows(self, bound: BoundRule, tally: Tally) -> list[Window]:
        """The windows in which a card can fall due within the dates, as a first scan has them."""
        as_of, dates = self._plan.as_of, self._plan.window
        known = self._seen.known_from
        since = max(dates.since, as_of if known is None else known)
        growing = any(tally.running(tally.check(card.at)) for card in bound.rule.cards)
        return [
            window
            for window in windows(tally.window, since, as_of, dates.zone)
            if binds(bound.rule.in_force, window) and (growing or window.end <= as_of)
        ]

    def _add(self, said: Said, found: Tallied, subjects: Subjects) -> None:
        """Every subject of a window ends in exactly one of three, as in a scan."""
        if not self._plan.meant(department_of(found)):
            return
        outcome = "judged"
        if found.reasons:
            outcome = "not_judgeable"
        elif found.value is None:
            outcome = "excluded"
        said.subjects[outcome] += 1
        said.troubles.update({(found.bound.rule.id, str(reason)) for reason in found.reasons})
        said.cards += tallied_cards(found, subjects.text(found.subject))


def _due(start: int, amount: Amount) -> int | None:
    """No tally of a back-test counts how long an answer took (`backtest_sides`)."""
    raise AssertionError("a tally of matters is left out")
