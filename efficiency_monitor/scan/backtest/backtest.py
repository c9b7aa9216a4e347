"""The back-test 回溯测试: what other rules would have given over the history at hand.

Nothing is written. Both sides are judged by `engine.evaluation` as a first scan as of the end of
the period, by everything that is known, so that both know the same; `scan.backtest.model` holds
them against each other. Tallies then count what each side has found (`backtest_tallies`).
"""

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import IO, Any, Protocol

from ...engine.encoding import BoundRule
from ...engine.evaluation import evaluate
from ...engine.findings import CaseFindings
from ...engine.timeline import CaseRecord, calendars_of
from ...intake import feeds
from ...intake.store import cases
from ...rules.vocabulary import Vocabulary
from ...terms import Level, Outcome
from ...time.instants import rfc3339
from ...workspace.context import Context
from .backtest_sides import Plan, Side
from .backtest_tallies import Judging, Said, Seen
from .model import (
    COUNTED,
    Change,
    Difference,
    Totals,
    Verdict,
    WouldBe,
    differences,
    together,
    verdict,
)

Progress = Callable[[int], None]
#: Cases that are in memory together.
BATCH = 500
SIDES = ("before", "after")


class History(Protocol):
    """Where the cases come from, all of them, in an order that is the same each time."""

    vocabulary: Vocabulary

    def count(self) -> int:
        """How many cases there are."""

    def batches(self, as_of: int) -> Iterator[Sequence[CaseRecord]]:
        """The cases by everything that is known of them, staleness as of an instant."""


class StoredHistory:
    """The cases of a workspace's database."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.vocabulary = context.catalogue.vocabulary
        with context.store.reading() as connection:
            self._ids = cases.all_case_ids(connection)

    def count(self) -> int:
        """How many cases there are."""
        return len(self._ids)

    def batches(self, as_of: int) -> Iterator[Sequence[CaseRecord]]:
        """The cases, a transaction a batch: a long one would keep writers waiting."""
        with self.context.store.reading() as connection:
            stale = frozenset(feeds.stale_sources(self.context, connection, as_of))
        for part in cases.chunks(self._ids, BATCH):
            with self.context.store.reading() as connection:
                torn = feeds.torn_cases(self.context, connection, part, None)
                stored = cases.read_cases(connection, part, stale=stale, torn=torn)
            yield [case.record for case in stored]


class Found(Protocol):
    """The differences that were found: read as often as wanted, in the order of the cases."""

    def __iter__(self) -> Iterator[Difference]:
        """From the first one on, again each time."""

    def close(self) -> None:
        """Forget them."""


class Spool:
    """Differences on disk, so that memory does not grow with them."""

    def __init__(self) -> None:
        self._file: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115

    def put(self, difference: Difference) -> None:
        """Append one."""
        sides = [
            None if one is None else asdict(one) for one in (difference.before, difference.after)
        ]
        self._file.write(json.dumps([difference.change, difference.rule_id, *sides]) + "\n")

    def close(self) -> None:
        """Give the space back."""
        self._file.close()

    def __iter__(self) -> Iterator[Difference]:
        self._file.seek(0)
        for line in self._file:
            change, rule_id, before, after = json.loads(line)
            yield Difference(Change(change), rule_id, _read(before), _read(after))


def _read(values: dict[str, Any] | None) -> WouldBe | None:
    return None if values is None else WouldBe(**{**values, "level": Level(values["level"])})


@dataclass(slots=True)
class BacktestReport:
    """What a back-test found; to be used in a `with`, as the cards may stand in a file."""

    plan: Plan
    totals: Totals
    found: Found
    #: Cases by outcome, for each side.
    cases: dict[str, Counter[str]] = field(
        default_factory=lambda: {side: Counter() for side in SIDES}
    )
    #: Cases by (rule, reason) for which they could not be judged, for each side.
    troubles: dict[str, Counter[tuple[str, str]]] = field(
        default_factory=lambda: {side: Counter() for side in SIDES}
    )
    #: What the tallies of each side say, where there are any.
    tallies: dict[str, Said] = field(default_factory=lambda: {side: Said() for side in SIDES})

    def __enter__(self) -> "BacktestReport":
        return self

    def __exit__(self, *_: object) -> None:
        self.found.close()

    def as_json(self) -> dict[str, Any]:
        """Everything but the cards, as JSON."""
        plan = self.plan
        zone = plan.window.zone
        return {
            "from": str(plan.first),
            "to": str(plan.last),
            "as_of": rfc3339(plan.as_of, zone),
            "departments": sorted(plan.departments),
            "before": side_json(plan.before),
            "after": side_json(plan.after),
            "renamed": dict(plan.renamed),
            "beside": [rule_json(bound) for bound in plan.beside],
            "left_out": [{"rule": rule, "reason": reason} for rule, reason in plan.left_out],
            "cases": {
                side: {
                    "total": sum(self.cases[side].values()),
                    **{str(outcome): self.cases[side][str(outcome)] for outcome in Outcome},
                }
                for side in SIDES
            },
            "not_judgeable": self.not_judgeable(),
            "tallies": {
                side: {
                    "total": self.tallies[side].subjects.total(),
                    **{str(outcome): self.tallies[side].subjects[outcome] for outcome in Outcome},
                }
                for side in SIDES
            },
            "tallies_not_judgeable": self.tallies_not_judgeable(),
            "totals": dict(zip(COUNTED, self.totals.whole, strict=True)),
            **{
                f"by_{dimension}": [
                    {dimension: value, **counts} for value, counts in self.totals.rows(dimension)
                ]
                for dimension in self.totals.by
            },
        }

    def not_judgeable(self) -> list[dict[str, Any]]:
        """How many cases a rule could not judge, and why, before and after."""
        return _reasons_json(self.troubles)

    def tallies_not_judgeable(self) -> list[dict[str, Any]]:
        """How many subjects a tally could not judge, and why, before and after."""
        return _reasons_json({side: self.tallies[side].troubles for side in SIDES})


def _reasons_json(troubles: Mapping[str, Counter[tuple[str, str]]]) -> list[dict[str, Any]]:
    keys = sorted({key for side in SIDES for key in troubles[side]})
    return [
        {
            "rule": rule or None,
            "reason": reason,
            **{side: troubles[side][rule, reason] for side in SIDES},
        }
        for rule, reason in keys
    ]


def side_json(side: Side) -> dict[str, Any]:
    """The rules of a side, so that nobody has to guess which text was judged by."""
    return {
        "name": side.name,
        "rules": [rule_json(bound) for bound in side.every],
    }


def rule_json(bound: BoundRule) -> dict[str, Any]:
    """A rule by its text."""
    return {
        "id": bound.rule.id,
        "version": bound.rule.version,
        "pack": bound.pack,
        "status": bound.rule.status,
        "sha256": bound.digest,
    }


def difference_json(difference: Difference, zone: str) -> dict[str, Any]:
    """One card of the difference, as JSON."""
    card = difference.either
    return {
        "change": str(difference.change),
        "subject": card.subject,
        "case_no": card.case_no,
        "rule": difference.rule_id,
        "level": card.level.word,
        "department": card.department,
        "item_code": card.item_code,
        "episode": card.episode,
        "start": card.start_type,
        "start_at": rfc3339(card.start_at, zone),
        "stop": card.stop_type,
        "stop_at": None if card.stop_at is None else rfc3339(card.stop_at, zone),
        **{
            side: None if one is None else _card_json(one, zone)
            for side, one in zip(SIDES, (difference.before, difference.after), strict=True)
        },
    }


def _card_json(card: WouldBe, zone: str) -> dict[str, Any]:
    due = card.limit_due_at
    return {
        "rule": card.rule_id,
        "rule_version": card.rule_version,
        "pack": card.pack,
        "fell_due_at": rfc3339(card.fell_due_at, zone),
        "at": card.at,
        "limit_name": card.limit,
        "limit": card.amount,
        "limit_due_at": None if due is None else rfc3339(due, zone),
        "window": _window_json(card, zone),
    }


def _window_json(card: WouldBe, zone: str) -> dict[str, str] | None:
    """The window of a tally, first and last second: both sides need not have the same."""
    if card.window is None or card.stop_at is None:
        return None
    return {
        "kind": card.window,
        "from": rfc3339(card.start_at, zone),
        "to": rfc3339(card.stop_at, zone),
    }


def run(
    plan: Plan, history: History, *, same: bool = False, progress: Progress | None = None
) -> BacktestReport:
    """Judge every case by both sides. With `same` also the cards that stay are kept one by one."""
    spool = Spool()
    report = BacktestReport(plan, Totals(plan.window), spool)
    seen = None
    if plan.tallied:
        assert isinstance(history, StoredHistory), "over a lake tallies are left out"
        seen = Seen(history.context, plan)
    try:
        for records in history.batches(plan.as_of):
            judge_batch(report, records, history.vocabulary, spool, same=same, seen=seen)
            if progress is not None:
                progress(len(records))
        if seen is not None and isinstance(history, StoredHistory):
            judging = Judging(history.context, plan, seen)
            for name, side in zip(SIDES, (plan.before, plan.after), strict=True):
                report.tallies[name] = judging.side(name, side)
            before, after = (report.tallies[name].cards for name in SIDES)
            _keep(report, before, after, spool, same=same)
    except BaseException:
        spool.close()
        raise
    return report


def judge_batch(
    report: BacktestReport,
    records: Sequence[CaseRecord],
    vocabulary: Vocabulary,
    spool: Spool,
    *,
    same: bool,
    seen: Seen | None = None,
) -> None:
    """Judge some cases by both sides, count what differs and keep it; `seen` is for tallies."""
    plan = report.plan
    for record, sides in zip(records, judged(plan, records, vocabulary, seen), strict=True):
        _count(report, record, sides)
        before, after = (
            [card for card in side.cards if plan.meant(card.department)] for side in sides
        )
        _keep(report, before, after, spool, same=same)


def _keep(
    report: BacktestReport,
    before: Sequence[WouldBe],
    after: Sequence[WouldBe],
    spool: Spool,
    *,
    same: bool,
) -> None:
    """Count what differs between cards of both sides and keep it."""
    plan = report.plan
    for difference in differences(before, after, plan.window, plan.renamed):
        report.totals.add(difference)
        if same or difference.change is not Change.SAME:
            spool.put(difference)


def _count(report: BacktestReport, record: CaseRecord, sides: tuple[Verdict, Verdict]) -> None:
    """Count a case's outcome, and why it could not be judged; a case of no department asked for
    counts nowhere."""
    if not report.plan.meant(record.fields.get("department")):
        return
    for name, side in zip(SIDES, sides, strict=True):
        report.cases[name][str(side.outcome)] += 1
        report.troubles[name].update(
            {(trouble.rule, str(trouble.reason)) for trouble in side.troubles}
        )


def judged(
    plan: Plan, records: Sequence[CaseRecord], vocabulary: Vocabulary, seen: Seen | None = None
) -> list[tuple[Verdict, Verdict]]:
    """What both sides say of each case. What is the same on both is judged once."""
    names = calendars_of(records)

    def judge(side: Side, rules: Sequence[BoundRule]) -> list[CaseFindings]:
        return evaluate(records, rules, vocabulary, side.compiled(names), plan.as_of)

    def said(found: Sequence[CaseFindings]) -> Iterator[Verdict]:
        return (verdict(record, one) for record, one in zip(records, found, strict=True))

    if all(plan.same_calendar(name) for name in set(names)) and not plan.gives_way:
        shared, before, after = (
            judge(side, rules)
            for side, rules in zip((plan.after, plan.before, plan.after), plan.split, strict=True)
        )
        if seen is not None:
            seen.take(records, (shared, judge(plan.after, plan.beside)), (before,), (after,))
        return [
            (together(both, old), together(both, new))
            for both, old, new in zip(said(shared), said(before), said(after), strict=True)
        ]
    before, after = (judge(side, side.rules) for side in (plan.before, plan.after))
    if seen is not None:
        old, new = (judge(side, plan.beside) for side in (plan.before, plan.after))
        seen.take(records, (), (before, old), (after, new))
    return list(zip(said(before), said(after), strict=True))
