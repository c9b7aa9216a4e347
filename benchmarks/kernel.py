"""The kernel against reading the columns it needs, for one clock rule and for twenty."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from efficiency_monitor.app import open_catalogue
from efficiency_monitor.engine import kernel
from efficiency_monitor.engine.business_time import Table
from efficiency_monitor.engine.columns import Findings, Frame, Rules
from efficiency_monitor.engine.compiled import judge_compiled
from efficiency_monitor.engine.encoding import BoundRule, blank_findings, blank_work, encode_rules
from efficiency_monitor.engine.evaluation import most_findings
from efficiency_monitor.rules.rules import Rule

from . import cases
from .measure import Figure, Section, Taken, alternate, duration, say, seconds, times

FULL, QUICK = 1_000_000, 100_000
ROUNDS = 5
SAMPLE = 2_000
MOST = 2.5
THREADS = 2


@dataclass(frozen=True, slots=True)
class Job:
    """Rules as the kernel takes them: encoded, and which profiles of cases each is meant for."""

    table: Table
    rules: Rules
    meant: Any

    def applies(self, columns: cases.Columns) -> Any:
        """Rule by rule, whether it is meant for each case."""
        return self.meant[:, columns.profile].ravel()

    def judge(self, columns: cases.Columns, *, threads: int = THREADS) -> tuple[int, int]:
        """Judge all of it: number of findings, and of levels that were reached."""
        found = reached = 0
        for chunk in self._chunks(columns, threads):
            found += chunk.count
            reached += int(np.count_nonzero(chunk.findings.level_reached))
        return found, reached

    def _chunks(self, columns: cases.Columns, threads: int) -> Iterator[Any]:
        applies = self.applies(columns)
        return judge_compiled(
            self.table, self.rules, applies, columns.frame, cases.AS_OF, threads=threads
        )

    def findings(self, columns: cases.Columns) -> tuple[dict[str, Any], Any]:
        """Every column of the compiled kernel's findings, and the faults."""
        parts = []
        faults = []
        for chunk in self._chunks(columns, THREADS):
            parts.append([np.array(column) for column in chunk.findings])
            faults.append(np.array(chunk.faults))
        joined = map(np.concatenate, zip(*parts, strict=True))
        return dict(zip(Findings._fields, joined, strict=True)), np.concatenate(faults)

    def interpreted(self, columns: cases.Columns) -> tuple[dict[str, Any], Any]:
        """The same from the interpreted kernel, on lists."""
        frame = Frame(*(_as_list(column) for column in columns.frame))
        applies = self.applies(columns).tolist()
        out = blank_findings(most_findings(frame, self.rules, applies))
        faults = [0] * frame.cases
        work = blank_work(cases.EVENTS, self.rules.types)
        count = kernel.judge(
            self.table, self.rules, applies, frame, 0, frame.cases, cases.AS_OF, out, work, faults
        )
        size = len(out.case)
        found = {
            name: np.array(column[: count * (len(column) // size)], dtype=np.int64)
            for name, column in zip(Findings._fields, out, strict=True)
        }
        return found, np.array(faults)


def _as_list(column: Any) -> Any:
    return column if isinstance(column, int) else column.tolist()


def _jobs() -> dict[str, Job]:
    """One rule of the national pack; its ten rules and ten more with other thresholds."""
    catalogue = open_catalogue(None, None)
    pack = [bound for bound in catalogue.rules if bound.rule.form == "clock"]
    one = [bound for bound in pack if bound.rule.id == "CN-PROMISE"]
    twenty = (pack + [_other(bound) for bound in pack])[:20]
    table = catalogue.compiled("cn").table
    return {
        name: Job(
            table,
            encode_rules(chosen, catalogue.vocabulary, cases.SIGNATURES),
            np.array(
                [
                    [bound.rule.applies_to.matches(fields) for fields, _ in cases.PROFILES]
                    for bound in chosen
                ],
                dtype=np.uint8,
            ),
        )
        for name, chosen in (("1 rule", one), (f"{len(twenty)} rules", twenty))
    }


def _other(bound: BoundRule) -> BoundRule:
    """The same rule, with its thresholds elsewhere."""
    cards = [
        card.model_copy(update={"at": f"{share}% {card.at.split('% ')[-1].split(' ')[0]}"})
        for card, share in zip(bound.rule.cards, (60, 75, 85), strict=False)
    ]
    rule: Rule = bound.rule.model_copy(update={"id": f"{bound.rule.id}-B", "cards": tuple(cards)})
    return BoundRule(rule, bound.pack, bound.digest)


def run(number: int, seed: int) -> Section:
    """Measure so many cases of six events."""
    say(f"kernel: {number:,} cases of {cases.EVENTS} events are made")
    with tempfile.TemporaryDirectory(prefix="effmon-bench-") as name:
        files = cases.write(cases.make(number, seed), Path(name))
        return _measured(number, *files)


def _measured(number: int, events: Path, own: Path) -> Section:
    jobs = _jobs()
    columns = cases.from_tables(pl.read_parquet(events).rechunk(), pl.read_parquet(own).rechunk())
    say("kernel: compiled, and held against the interpreted one")
    sample = cases.part(columns, 0, min(SAMPLE, number))
    compiling = seconds(lambda: jobs["1 rule"].judge(sample))
    interpreted = {name: _check(name, job, sample) for name, job in jobs.items()}
    section = Section(
        f"Kernel: {number:,} cases × {cases.EVENTS} events",
        "The base is polars reading exactly the columns that the kernel needs, from Parquet files "
        "in the page cache, on both cores. The kernel takes the same columns from memory; “read "
        "and judge” goes from the files to the findings, a row group at a time.",
    )
    for name, job in jobs.items():
        say(f"kernel: {name}")
        _figures(section, name, job, columns, (events, own), interpreted[name])
    section.remarks += [
        f"Of {sample.frame.cases:,} cases every column equals the interpreted kernel's findings.",
        f"The first call took {duration(compiling)}: the kernel is compiled once and kept on disk.",
    ]
    return section


def _figures(
    section: Section,
    name: str,
    job: Job,
    columns: cases.Columns,
    files: tuple[Path, Path],
    interpreted: float,
) -> None:
    taken = alternate(
        {
            "read": lambda: [pl.read_parquet(file) for file in files],
            "sum": lambda: [
                pl.scan_parquet(file).select(pl.all().sum()).collect() for file in files
            ],
            "judge": lambda: job.judge(columns),
            "one": lambda: job.judge(columns, threads=1),
            "both": lambda: _stream(job, columns.frame.cases, files),
        },
        rounds=ROUNDS,
    )
    base = taken["read"]
    most = MOST if name == "1 rule" else None
    found, reached = job.judge(columns)
    if _stream(job, columns.frame.cases, files) != (found, reached):
        raise AssertionError("judged from the files, the findings are others")
    section.figures += [
        Figure(what=f"{name}: base, read_parquet", taken=base),
        _of_base(f"{name}: scan_parquet and sum", base, taken["sum"]),
        _of_base(f"{name}: kernel on two threads", base, taken["judge"], most),
        _of_base(f"{name}: kernel on one thread", base, taken["one"]),
        _of_base(f"{name}: read and judge", base, taken["both"], most),
    ]
    a_case = taken["judge"].median / columns.frame.cases
    section.remarks.append(
        f"{name}: {found:,} findings, {reached:,} levels reached; {duration(a_case)} a case, which "
        f"is {times(interpreted / a_case)} faster than interpreted ({duration(interpreted)} a case "
        "on one core)."
    )


def _of_base(what: str, base: Taken, own: Taken, most: float | None = None) -> Figure:
    return Figure(what=what, taken=own, base=base, of_base=True, most=most)


def _stream(job: Job, number: int, files: tuple[Path, Path]) -> tuple[int, int]:
    """From the files to the findings, a row group at a time."""
    events, own = files
    found = reached = 0
    for lo in range(0, number, cases.GROUP):
        columns = cases.from_tables(
            _slice(events, lo * cases.EVENTS, cases.GROUP * cases.EVENTS),
            _slice(own, lo, cases.GROUP),
        )
        more = job.judge(columns)
        found += more[0]
        reached += more[1]
    return found, reached


def _slice(file: Path, offset: int, length: int) -> pl.DataFrame:
    return pl.scan_parquet(file).slice(offset, length).collect().rechunk()


def _check(name: str, job: Job, sample: cases.Columns) -> float:
    """The compiled kernel's findings are the interpreted one's; seconds a case of the latter."""
    own: list[Any] = []
    taken = seconds(lambda: own.append(job.interpreted(sample)))
    (right, right_faults), (found, faults) = own[0], job.findings(sample)
    if not np.array_equal(right_faults, faults):
        raise AssertionError(f"{name}: the compiled kernel finds other faults")
    for column in Findings._fields:
        if not np.array_equal(right[column], found[column]):
            raise AssertionError(f"{name}: compiled and interpreted differ in {column}")
    return taken / sample.frame.cases
