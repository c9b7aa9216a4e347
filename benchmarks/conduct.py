"""Twenty conditions of conduct against reading the columns that they need."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from efficiency_monitor.app import open_catalogue
from efficiency_monitor.engine import compiled
from efficiency_monitor.engine.business_time import Table
from efficiency_monitor.engine.clockwork import NEVER
from efficiency_monitor.engine.columns import Facts, Frame, Offences
from efficiency_monitor.engine.conduct import Asked, found_by, lent_clock
from efficiency_monitor.engine.conduct_facts import FactsBuilder, condition_of, encode_conditions
from efficiency_monitor.engine.encoding import BoundRule, encode_rules
from efficiency_monitor.engine.questions import MILLION
from efficiency_monitor.rules.rules import Rule

from . import cases
from .measure import Figure, Section, Taken, alternate, duration, say, seconds, times

FULL, QUICK = 1_000_000, 100_000
ROUNDS = 5
SAMPLE = 2_000
THREADS = 2
#: One condition of each measure, and two more counts, with a comparison that some cases reach.
CONDITIONS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"measure": "count", "of": "suspended"}, "> 1"),
    ({"measure": "count", "of": "suspended", "lawful": False, "after": "accepted"}, "> 0"),
    ({"measure": "count", "of": "assigned", "before": "decided"}, "> 0"),
    (
        {"measure": "gap", "since": "accepted", "of": "decided", "unit": "working_days"},
        "> 20 working_days",
    ),
    ({"measure": "lag", "of": ["accepted", "decided"], "unit": "working_days"}, "> 1 working_days"),
    ({"measure": "length", "of": "suspended", "field": "reason"}, "< 5 characters"),
    ({"measure": "number", "of": "accepted", "field": "corrections"}, "> 1"),
    ({"measure": "lacking", "of": "accepted", "case_fields": ["materials"]}, "> 0 fields"),
    ({"measure": "absent", "of": "decided", "need": "accepted"}, "> 0"),
    ({"measure": "skipped_stage", "of": "decided"}, "> 0"),
    ({"measure": "reordered_stage", "of": "decided"}, "> 0"),
    ({"measure": "unlisted_stage", "of": "decided"}, "> 0"),
    ({"measure": "contradiction", "of": ["accepted", "decided"], "field": "result"}, "> 0"),
    ({"measure": "fee_deviation", "of": "delivered"}, "> 5 %"),
    (
        {
            "measure": "paused_share",
            "of": "suspended",
            "until": "resumed",
            "since": "accepted",
            "stop": "decided",
        },
        "> 50 %",
    ),
    ({"measure": "repeated_text", "of": "suspended", "field": "reason"}, "> 1"),
    ({"measure": "overlapping", "of": "suspended", "until": "resumed"}, "> 0"),
    ({"measure": "same_person", "of": "suspended", "field": "approver"}, "> 0"),
    (
        {"measure": "recorded_after_due", "of": "suspended", "limit": "promised"},
        "> 0 calendar_seconds",
    ),
    (
        {
            "measure": "across_closing",
            "of": "suspended",
            "until": "resumed",
            "within": "30 working_minutes",
        },
        "> 0",
    ),
)
_AROUND = {
    "version": 1,
    "name": "bench",
    "title": {"zh": "测", "en": "bench"},
    "status": "stable",
    "in_force": {"from": "2000-01-01"},
    "legal_basis": [{"ref": "none", "reading": "ours", "says": "none"}],
    "why": "measured",
}
_LENT = {
    "clock": {"start": "accepted", "stop": "decided"},
    "limits": {"promised": {"fixed": "10 working_days"}},
}
#: Columns of facts by what they stand with; those of fields have a block a field.
_OF_EVENT = ("recorded", "place", "fee", "text", "length", "number")
_OF_CASE = ("case_number", "case_lacks", "stages", "handler", "fee_known")


@dataclass(frozen=True, slots=True)
class Job:
    """The conditions, encoded; the clock that one of them borrows; the facts that they read."""

    table: Table
    asked: Asked
    frame: Frame

    def chunks(self, threads: int = THREADS) -> Iterator[compiled.ConductChunk]:
        """The offences of all cases."""
        return compiled.judge_conduct_compiled(
            self.table,
            self.asked.conditions,
            self.asked.applies,
            self.frame,
            self.asked.facts,
            np.zeros(self.frame.cases, dtype=np.int32),
            self.asked.clocks,
            cases.AS_OF,
            threads=threads,
        )

    def judge(self, threads: int = THREADS) -> tuple[int, int]:
        """Judge all of it: number of rows, and of levels that were reached."""
        found = reached = 0
        for chunk in self.chunks(threads):
            found += chunk.count
            reached += int(np.count_nonzero(chunk.offences.level_reached))
        return found, reached


def run(number: int, seed: int) -> Section:
    """Measure so many cases of six events."""
    say(f"conduct: {number:,} cases of {cases.EVENTS} events are made")
    columns = cases.make(number, seed)
    job = _job(columns.frame, seed)
    say("conduct: compiled, and held against the interpreted one")
    sample = _job(cases.part(columns, 0, min(SAMPLE, number)).frame, seed)
    compiling = seconds(sample.judge)
    interpreted = _check(sample)
    section = Section(
        f"Conduct: {number:,} cases × {cases.EVENTS} events, {len(CONDITIONS)} conditions",
        "The base is polars reading exactly the columns that the conditions need, from a Parquet "
        "file in the page cache, on both cores. One condition of each measure, and two "
        "more counts.",
    )
    with tempfile.TemporaryDirectory(prefix="effmon-bench-") as name:
        files = _write(job, Path(name))
        taken = alternate(
            {
                "read": lambda: [pl.read_parquet(file) for file in files],
                "judge": job.judge,
                "one": lambda: job.judge(threads=1),
            },
            rounds=ROUNDS,
        )
    base = taken["read"]
    section.figures += [
        Figure(what="base, read_parquet", taken=base),
        _of_base("20 conditions on two threads", base, taken["judge"]),
        _of_base("20 conditions on one thread", base, taken["one"]),
    ]
    found, reached = job.judge()
    a_case = taken["judge"].median / number
    section.remarks.append(
        f"{found:,} rows, {reached:,} levels reached; {duration(a_case)} a case, which is "
        f"{times(interpreted / a_case)} faster than interpreted ({duration(interpreted)} a case on "
        "one core)."
    )
    section.remarks += [
        f"Of {sample.frame.cases:,} cases every column equals what the interpreted kernel finds.",
        f"The first call took {duration(compiling)}.",
    ]
    return section


def _of_base(what: str, base: Taken, own: Taken) -> Figure:
    return Figure(what=what, taken=own, base=base, of_base=True)


def _rules() -> list[BoundRule]:
    made = []
    for number, (condition, at) in enumerate(CONDITIONS):
        text = {
            **_AROUND,
            "id": f"BENCH-{number}",
            "condition": condition,
            "cards": [{"level": "red", "at": at}],
            **(_LENT if "limit" in condition else {}),
        }
        made.append(BoundRule(Rule.model_validate(text), "bench", str(number)))
    return made


def _job(frame: Frame, seed: int) -> Job:
    catalogue = open_catalogue(None, None)
    bound = _rules()
    facts = FactsBuilder([condition_of(entry) for entry in bound])
    lent = [lent_clock(entry) for entry in bound if condition_of(entry).limit]
    return Job(
        catalogue.compiled("cn").table,
        Asked(
            conditions=encode_conditions(bound, facts, catalogue.vocabulary, cases.SIGNATURES),
            applies=np.ones(len(bound) * frame.cases, dtype=np.uint8),  # type: ignore[arg-type]
            facts=compiled.as_arrays(_facts(frame, facts, seed)),
            clocks=encode_rules(lent, catalogue.vocabulary, cases.SIGNATURES),
        ),
        frame,
    )


def _facts(frame: Frame, fields: FactsBuilder, seed: int) -> Facts:
    """Facts as sources have them: mostly in order, some late, some missing."""
    drawn = np.random.default_rng(seed)
    events, number = len(frame.at), frame.cases

    def often(size: int, values: list[int], shares: list[float]) -> Any:
        return drawn.choice(np.array(values, dtype=np.int64), size, p=shares)

    delay = often(events, [0, 60, 7_200, 400_000], [0.5, 0.3, 0.15, 0.05])
    recorded = np.where(drawn.random(events) < 0.01, NEVER, np.asarray(frame.at) + delay)
    stages = often(number, [4, -1], [0.99, 0.01])
    return Facts(
        events=events,
        cases=number,
        recorded=recorded,
        place=often(events, [0, 1, 2, 3, -1, -2], [0.25, 0.25, 0.2, 0.2, 0.09, 0.01]),
        fee=often(events, [5_000, 10_000, 4_900, -1], [0.6, 0.3, 0.05, 0.05]),
        text=drawn.integers(0, 4, events * len(fields.texts)),
        length=drawn.integers(0, 40, events * len(fields.lengths)),
        number=drawn.integers(0, 3, events * len(fields.numbers)) * MILLION,
        case_number=np.full(number * len(fields.numbers), -1, dtype=np.int64),
        case_lacks=often(number * len(fields.lists), [0, 1], [0.95, 0.05]),
        stages=stages,
        handler=drawn.integers(0, 4, number),
        fee_known=often(number, [1, 0], [0.98, 0.02]),
        fee_at=np.arange(number + 1, dtype=np.int64) * 2,
        fee_of=np.tile(np.array([5_000, 10_000], dtype=np.int64), number),
    )


def _write(job: Job, folder: Path) -> tuple[Path, Path]:
    """The columns that the conditions read, as Parquet: of events and of cases."""
    facts, frame = job.asked.facts, job.frame
    of_event = {name: getattr(frame, name) for name in ("signature", "at", "coarse")}
    of_case: dict[str, Any] = {"events": np.diff(frame.first)}
    for names, table, size in (
        (_OF_EVENT, of_event, facts.events),
        (_OF_CASE, of_case, facts.cases),
    ):
        for name in names:
            column = getattr(facts, name)
            for block in range(len(column) // size):
                table[f"{name}_{block}"] = column[block * size : (block + 1) * size]
    for place in range(2):
        of_case[f"fee_of_{place}"] = np.ascontiguousarray(facts.fee_of[place::2])
    events, own = folder / "events.parquet", folder / "cases.parquet"
    pl.DataFrame(of_event).write_parquet(events, row_group_size=cases.GROUP * cases.EVENTS)
    pl.DataFrame(of_case).write_parquet(own, row_group_size=cases.GROUP)
    return events, own


def _lists(columns: Any) -> Any:
    return type(columns)(
        *(column if isinstance(column, int) else column.tolist() for column in columns)
    )


class _OnLists:
    """A frame as `found_by` asks for it."""

    def __init__(self, frame: Frame) -> None:
        self._frame = _lists(frame)

    def frame(self) -> Frame:
        """The columns, as lists."""
        found: Frame = self._frame
        return found

    def longest(self) -> int:
        """Events of the longest case."""
        return cases.EVENTS


def _check(sample: Job) -> float:
    """The compiled kernel finds what the interpreted one finds; seconds a case of the latter."""
    asked = replace(
        sample.asked,
        facts=_lists(sample.asked.facts),
        applies=sample.asked.applies.tolist(),  # type: ignore[attr-defined]
    )
    kept: list[Any] = []
    frame: Any = _OnLists(sample.frame)
    faults = [0] * sample.frame.cases
    taken = seconds(lambda: kept.append(found_by(asked, sample.table, frame, faults, cases.AS_OF)))
    out, count = kept[0]
    parts = [[np.array(column) for column in chunk.offences] for chunk in sample.chunks()]
    for place, name in enumerate(Offences._fields):
        own = np.concatenate([part[place] for part in parts])
        blocks = len(getattr(out, name)) // len(out.case)
        if own.tolist() != [int(value) for value in getattr(out, name)[: count * blocks]]:
            raise AssertionError(f"compiled and interpreted differ in {name}")
    return taken / sample.frame.cases
