"""A back-test over a lake by columns: the same answers as `backtest.run`, for years of cases.

What `scan.backtest.model` says of values is said here of arrays: a test holds the one against the
other.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from ...engine import compiled
from ...engine.encoding import BoundRule
from ..backtest.backtest import BacktestReport, History, Progress, Spool, judge_batch, run
from ..backtest.backtest_sides import Plan, Side
from ..backtest.model import Difference, Totals
from .lake_columns import Columns, Judge, applies, fields_of, read
from .lake_counts import Counter, Either, Outcomes
from .lake_format import Part
from .lake_found import Piece, cards_of, half, matched
from .lake_history import Lake


def backtest(
    plan: Plan, history: History, *, same: bool = False, progress: Progress | None = None
) -> BacktestReport:
    """Back-test over any history: over a lake by columns where that can be, else by values."""
    clocks = all(b.rule.form == "clock" for side in (plan.before, plan.after) for b in side.rules)
    if not isinstance(history, Lake) or not history.ordered or not clocks:
        return run(plan, history, same=same, progress=progress)
    if not compiled.available():
        return run(plan, history, same=same, progress=progress)
    found = Pieces()
    report = BacktestReport(plan, Totals(plan.window), found)
    try:
        _Comparing(plan, history, report, found, same=same).run(progress)
    except BaseException:
        found.close()
        raise
    return report


@dataclass(slots=True)
class Pieces:
    """Differences part by part: as columns, or spooled where the part was judged by values."""

    pieces: list[Piece | Spool] = field(default_factory=list)

    def __iter__(self) -> Iterator[Difference]:
        for piece in self.pieces:
            yield from piece

    def close(self) -> None:
        """Forget them."""
        for piece in self.pieces:
            piece.close()


@dataclass(frozen=True, slots=True)
class _Judged:
    """What one judge found in a part, and which of its rules are those of each side."""

    judge: Judge
    meant: Any
    found: dict[str, Any]
    faults: Any


class _Comparing:
    """One back-test over a lake."""

    def __init__(
        self, plan: Plan, lake: Lake, report: BacktestReport, found: Pieces, *, same: bool
    ) -> None:
        self.plan = plan
        self.lake = lake
        self.report = report
        self.found = found
        self.same = same
        self.stale = lake.stale(plan.as_of)
        self.fields = fields_of([*plan.before.rules, *plan.after.rules])
        ids = [plan.renamed.get(b.rule.id, b.rule.id) for b in plan.before.rules]
        ids += [bound.rule.id for bound in plan.after.rules]
        self.groups = {name: code for code, name in enumerate(dict.fromkeys(ids))}
        self.counter = Counter(plan, report.totals, tuple(self.groups))
        self._judges: dict[tuple[str, str], Judge | None] = {}

    def run(self, progress: Progress | None) -> None:
        parts = self.lake.manifest.parts
        # While one part is judged, the next one is read.
        with ThreadPoolExecutor(1) as reader:
            ahead = [reader.submit(self._columns, part) for part in parts[:1]]
            for number, part in enumerate(parts):
                columns = ahead.pop().result()
                ahead += [
                    reader.submit(self._columns, one) for one in parts[number + 1 : number + 2]
                ]
                if columns is None:
                    self._by_values(part, None)
                else:
                    self._by_columns(columns)
                    if columns.slow.any():
                        self._by_values(part, self._chosen(columns))
                if progress is not None:
                    mask = self.lake.standing(part)
                    progress(part.cases if mask is None else sum(mask))
        self.counter.finish()

    def _columns(self, part: Part) -> Columns | None:
        """The part's columns; None where it has to be judged by values."""
        for side in (self.plan.before, self.plan.after):
            calendar = side.calendars.get(part.calendar)
            if calendar is None or calendar.zone != part.zone:
                return None
        if None in self._judges_of(part.calendar):
            return None
        found = read(self.lake, part, self.fields, self.plan.as_of, stale=bool(self.stale))
        rules = (*self.plan.before.rules, *self.plan.after.rules)
        giving = [b for b in rules if any(card.unless for card in b.rule.cards)]
        if giving and found.cases:
            # A level that hangs on another rule's card is judged with it, as values.
            found.slow[applies(giving, found).reshape(len(giving), -1).any(axis=0)] = True
        return found

    def _judges_of(self, calendar: str) -> list[Judge | None]:
        """One for all rules where both sides have the same calendar, else one for each side."""
        plan = self.plan
        if plan.same_calendar(calendar):
            shared, before, after = plan.split
            return [self._judge("both", plan.after, (*shared, *before, *after), calendar)]
        return [
            self._judge("before", plan.before, plan.before.rules, calendar),
            self._judge("after", plan.after, plan.after.rules, calendar),
        ]

    def _judge(
        self, which: str, side: Side, rules: Sequence[BoundRule], calendar: str
    ) -> Judge | None:
        if (which, calendar) not in self._judges:
            table = side.compiled([calendar])[calendar].table
            self._judges[which, calendar] = Judge.of(rules, table, self.lake)
        return self._judges[which, calendar]

    def _chosen(self, columns: Columns) -> list[bool]:
        chosen = [False] * columns.part.cases
        for row in columns.rows[columns.slow]:
            chosen[int(row)] = True
        return chosen

    def _by_values(self, part: Part, chosen: Sequence[bool] | None) -> None:
        spool = Spool()
        self.found.pieces.append(spool)
        for records in self.lake.records(part, self.stale, chosen):
            judge_batch(self.report, records, self.lake.vocabulary, spool, same=self.same)

    def _by_columns(self, columns: Columns) -> None:
        import numpy

        judges = [judge for judge in self._judges_of(columns.part.calendar) if judge is not None]
        counts = [len(rules) for rules in self.plan.split] if len(judges) == 1 else [0, 0, 0]
        shared = counts[0]
        detailed = 0 if self.same else shared
        late = columns.late(self.stale)
        judged = []
        for judge in judges:
            meant = applies(judge.bound, columns)
            judged.append(
                _Judged(judge, meant, *judge.run(columns, meant, self.plan.as_of, detailed))
            )
        first, last = judged[0], judged[-1]
        of_before = range(len(first.judge.bound) - counts[2])
        of_after = [*range(shared), *range(shared + counts[1], len(last.judge.bound))]
        seen = [
            Outcomes(columns, one.judge, one.meant, one.found, one.faults, late, self.plan.as_of)
            for one in judged
        ]
        seen[0].count(self.report, "before", of_before)
        seen[-1].count(self.report, "after", of_after)
        self.counter.use(columns)
        if detailed:
            cards = cards_of(
                first.judge.bound, range(shared), first.found, late, self.groups, {}, in_order=False
            )
            self.counter.count_same(cards)
        before = cards_of(
            first.judge.bound, of_before[detailed:], first.found, late, self.groups,
            self.plan.renamed,
        )  # fmt: skip
        after = cards_of(last.judge.bound, of_after[detailed:], last.found, late, self.groups, {})
        places = matched(before, after)
        every, change, shown = self.counter.count(before, after, *places, same=self.same)
        kept = numpy.flatnonzero(shown)
        kept = kept[numpy.argsort(every.case[kept], kind="stable")]
        either = Either(*(column[kept] for column in every))
        places = places[0][kept], places[1][kept]
        self.found.pieces.append(
            Piece(
                lake=self.lake,
                part=columns.part,
                names=tuple(self.groups),
                change=change[kept],
                group=either.group,
                level=either.level,
                case_row=columns.rows[either.case],
                before=half(before, places[0], columns),
                after=half(after, places[1], columns),
            )
        )
