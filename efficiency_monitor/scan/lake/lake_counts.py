"""Counting arrays of would-be cards and outcomes, as `scan.backtest.model.Totals` counts values."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from ...engine.clockwork import ordinal_at
from ...engine.columns import (
    BAD_LIMIT,
    DATE_ONLY,
    FAULTY,
    NO_LIMIT,
    NOT_COVERED,
    OUT_OF_FORCE,
    PROVISIONAL,
    WAITING,
)
from ...terms import Level, Outcome, Reason
from ..backtest.backtest import BacktestReport
from ..backtest.backtest_sides import Plan
from ..backtest.model import Change, Totals
from .lake_columns import Columns, Judge, Texts
from .lake_found import CHANGES, Cards

#: No instant: after every one.
_NONE: Final = 1 << 62
_REASONS: Final = {
    NO_LIMIT: Reason.NO_LIMIT,
    BAD_LIMIT: Reason.BAD_LIMIT,
    NOT_COVERED: Reason.CALENDAR_NOT_COVERED,
    PROVISIONAL: Reason.CALENDAR_PROVISIONAL,
    DATE_ONLY: Reason.DATE_ONLY,
    FAULTY: Reason.FAULTY_DATA,
}
#: A card's state: its change, whether it fell due in the window before, and after.
_STATES: Final = len(CHANGES) * 4
_SAME: Final = CHANGES.index(Change.SAME)


class Either(NamedTuple):
    """What a card of a difference has on whichever side it is."""

    group: Any
    level: Any
    case: Any
    start: Any


class Outcomes:
    """What some findings say of the cases: which were judged, which could not be and why."""

    def __init__(
        self,
        columns: Columns,
        judge: Judge,
        meant: Any,
        found: Mapping[str, Any],
        faults: Any,
        late: Any,
        as_of: int,
    ) -> None:
        import numpy

        self.columns, self.judge, self.meant, self.faults = columns, judge, meant, faults
        cases = columns.cases
        self.case, self.rule, reasons = found["case"], found["rule"], found["reasons"]
        waiting = found["state"] == WAITING
        self.in_force = reasons & OUT_OF_FORCE == 0
        told = numpy.where(waiting, reasons & (FAULTY | NOT_COVERED), reasons)
        self.told = numpy.where(self.in_force, told, 0)
        #: Findings of which something could not be said, and of those, what a stale source hides.
        odd = self.told != 0
        self.stale = None
        if late.any():
            self.stale = late[self.case] & (found["stop"] < 0) & ~waiting & self.in_force
            odd |= self.stale
        self.odd = numpy.nonzero(odd)[0]
        day = ordinal_at(judge.table, as_of)
        #: Rule by rule the cases for which it is meant and in force, and of which it says nothing.
        said: Any = numpy.zeros(meant.size, dtype=bool)
        said[self.rule.astype(numpy.int64) * cases + self.case] = True
        self.pending = (meant > 0) & ~said.reshape(meant.shape) & (faults == 0)
        for r, bound in enumerate(judge.bound):
            force = bound.rule.in_force
            if not (
                force.from_.toordinal() <= day and (not force.to or day <= force.to.toordinal())
            ):
                self.pending[r] = False

    def count(self, report: BacktestReport, side: str, rules: Sequence[int]) -> None:
        """Count the cases as the rules of one side, of those that were judged, see them."""
        import numpy

        columns, cases = self.columns, self.columns.cases
        counted = ~columns.slow & _of_departments(report.plan, columns)
        own: Any = numpy.zeros(len(self.judge.bound) + 1, dtype=bool)
        own[list(rules)] = True
        mine = own[:-1]
        faulty = (self.faults > 0) & self.meant[mine].any(axis=0)
        live = _marked(self.case[self.in_force & own[self.rule]], cases)
        live |= self.pending[mine].any(axis=0)
        odd = self.odd[own[self.rule[self.odd]]]
        untold = _marked(self.case[odd], cases) | faulty | columns.torn
        for name, number in (
            (Outcome.NOT_JUDGEABLE, counted & untold),
            (Outcome.JUDGED, counted & ~untold & live),
            (Outcome.EXCLUDED, counted & ~untold & ~live),
        ):
            report.cases[side][str(name)] += int(numpy.count_nonzero(number))
        troubles = report.troubles[side]

        def add(name: str, reason: Reason, of: Any) -> None:
            if len(of):
                number = int(numpy.count_nonzero(counted & _marked(of, cases)))
                if number:
                    troubles[name, str(reason)] += number

        add("", Reason.HALF_IMPORT, numpy.nonzero(columns.torn)[0])
        add("", Reason.FAULTY_DATA, numpy.nonzero(faulty & ~columns.torn)[0])
        for rule_id, numbers in self._by_id(rules).items():
            of_rule = odd[numpy.isin(self.rule[odd], numbers)]
            for bit, reason in _REASONS.items():
                add(rule_id, reason, self.case[of_rule[self.told[of_rule] & bit != 0]])
            if self.stale is not None:
                add(rule_id, Reason.STALE_FEED, self.case[of_rule[self.stale[of_rule]]])

    def _by_id(self, rules: Sequence[int]) -> dict[str, list[int]]:
        ids: dict[str, list[int]] = {}
        for r in rules:
            ids.setdefault(self.judge.bound[r].rule.id, []).append(r)
        return ids


def _marked(case: Any, cases: int) -> Any:
    import numpy

    marked: Any = numpy.zeros(cases, dtype=bool)
    marked[case] = True
    return marked


def _of_departments(plan: Plan, columns: Columns) -> Any:
    """Whether the case itself is of a department that is asked for."""
    import numpy

    if not plan.departments:
        return numpy.ones(columns.cases, dtype=bool)
    texts = columns.texts.get("department")
    if texts is None:
        return numpy.zeros(columns.cases, dtype=bool)
    asked = [value in plan.departments for value in texts.values]
    return numpy.array([*asked, False])[texts.codes]


class Counter:
    """Counts cards into totals, part by part."""

    def __init__(self, plan: Plan, totals: Totals, groups: Sequence[str]) -> None:
        self.plan = plan
        self.totals = totals
        self.groups = groups
        self.begins, self.months = totals.window.months()
        self._names: dict[str, dict[str | None, int]] = {"department": {}, "item": {}}
        self._codes: dict[str, Any] = {}
        self._of_events: Any = None
        #: Cards by value and state, of all parts: dimension → what is counted → table.
        self._tables: dict[tuple[str | None, str], Any] = {}

    def use(self, columns: Columns) -> None:
        """Count cards of this part from now on."""
        self._codes = {
            "department": self._code("department", columns.texts.get("department"), columns.cases),
            "item": self._code("item", columns.texts.get("item_code"), columns.cases),
        }
        self._of_events = None
        if columns.departments is not None:
            events = len(columns.frame.at)
            self._of_events = self._code("department", columns.departments, events)

    def _code(self, name: str, texts: Texts | None, size: int) -> Any:
        """Codes of texts that hold for the whole lake."""
        import numpy

        names = self._names[name]
        none = names.setdefault(None, len(names))
        if texts is None:
            return numpy.full(size, none, dtype=numpy.int64)
        codes = [names.setdefault(value or None, len(names)) for value in texts.values]
        return numpy.array([*codes, none], dtype=numpy.int64)[texts.codes]

    def _departments(self, case: Any, start: Any) -> Any:
        import numpy

        own = self._codes["department"][case]
        if self._of_events is None:
            return own
        its = self._of_events[start]
        return numpy.where(its == self._names["department"][None], own, its)

    def either(self, before: Cards, after: Cards, old: Any, new: Any) -> Either:
        """Of each difference what both sides have in common."""
        import numpy

        def of(name: str) -> Any:
            one, other = getattr(before, name), getattr(after, name)
            if not len(other):
                return one[old]
            if not len(one):
                return other[new]
            return numpy.where(new >= 0, other[new], one[old])

        return Either(*(of(name) for name in Either._fields))

    def count_same(self, cards: Cards) -> None:
        """Count cards of rules that are the same on both sides."""
        import numpy

        state = numpy.full(len(cards), _SAME * 4 + 3)
        inside = self._inside(cards.instant)
        either = Either(cards.group, cards.level, cards.case, cards.start)
        self._add(either, state, inside, cards.instant, cards.instant)

    def count(
        self, before: Cards, after: Cards, old: Any, new: Any, *, same: bool
    ) -> tuple[Either, Any, Any]:
        """Count what matched; what each is about, its change, and whether it is to be kept."""
        import numpy

        was = _instants(before, old)
        now = _instants(after, new)
        change = numpy.select(
            [was == _NONE, now == _NONE, now < was, now > was],
            [CHANGES.index(c) for c in (Change.NEW, Change.GONE, Change.EARLIER, Change.LATER)],
            _SAME,
        )
        in_before, in_after = self._inside(was), self._inside(now)
        shown = in_before | in_after
        either = self.either(before, after, old, new)
        if self.plan.departments:
            shown &= self._asked(either)
        state = change * 4 + in_before * 2 + in_after
        self._add(either, state, shown, was, now)
        return either, change, shown if same else shown & (change != _SAME)

    def _inside(self, instant: Any) -> Any:
        window = self.plan.window
        return (instant >= window.since) & (instant < window.until)

    def _asked(self, either: Either) -> Any:
        import numpy

        names = self._names["department"]
        asked = numpy.array([name in self.plan.departments for name in names])
        return asked[self._departments(either.case, either.start)]

    def _add(self, either: Either, state: Any, shown: Any, was: Any, now: Any) -> None:
        import numpy

        if self.plan.departments:
            shown = shown & self._asked(either)
        if not shown.all():
            either = Either(*(column[shown] for column in either))
            state, was, now = state[shown], was[shown], now[shown]
        for name, codes in (
            ("level", either.level - 1),
            ("rule", either.group),
            ("department", self._departments(either.case, either.start)),
            ("item", self._codes["item"][either.case]),
            (None, numpy.zeros(len(state), dtype=numpy.int64)),
        ):
            self._put(name, "all", codes, state)
        self._put_months(state, was, now)

    def _put(self, dimension: str | None, what: str, codes: Any, state: Any) -> None:
        import numpy

        table = numpy.bincount(codes * _STATES + state)
        former = self._tables.get((dimension, what))
        if former is not None:
            if len(former) > len(table):
                table, former = former, table
            table[: len(former)] += former
        self._tables[dimension, what] = table

    def _put_months(self, state: Any, was: Any, now: Any) -> None:
        """A card counts before and after in the month of either; its change where it is shown."""
        import numpy

        in_before, in_after = state & 2 != 0, state & 1 != 0
        for what, instants, mask in (
            ("before", was, in_before),
            ("after", now, in_after),
            ("kind", numpy.where(in_after, now, was), in_before | in_after),
        ):
            month = numpy.searchsorted(self.begins, instants[mask], side="right") - 1
            self._put("month", what, month, state[mask])

    def finish(self) -> None:
        """Put what was counted into the totals."""
        import numpy

        values: dict[str | None, Sequence[str | None]] = {
            None: [None],
            "level": [level.word for level in Level],
            "rule": self.groups,
            "month": self.months,
            "department": list(self._names["department"]),
            "item": list(self._names["item"]),
        }
        for (dimension, what), table in self._tables.items():
            for place in numpy.flatnonzero(table):
                code, state = divmod(int(place), _STATES)
                more = dict.fromkeys(_counted(state, what), int(table[place]))
                self.totals.count(dimension, values[dimension][code], more)


def _counted(state: int, what: str) -> list[str]:
    """What a card of this state counts as: before, after, its kind of change with moved in, out."""
    change, inside = divmod(state, 4)
    in_before, in_after = bool(inside & 2), bool(inside & 1)
    found = []
    if what in ("before", "all") and in_before:
        found.append("before")
    if what in ("after", "all") and in_after:
        found.append("after")
    if what in ("kind", "all"):
        found.append(CHANGES[change].value)
        if CHANGES[change] not in (Change.NEW, Change.GONE) and in_before != in_after:
            found.append("moved_in" if in_after else "moved_out")
    return found


def _instants(cards: Cards, places: Any) -> Any:
    import numpy

    if not len(cards):
        return numpy.full(len(places), _NONE)
    return numpy.where(places >= 0, cards.instant[places], _NONE)
