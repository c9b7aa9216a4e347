"""The back-test over a lake against reading the columns that it takes, for one rule and for ten."""

import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from efficiency_monitor.app import open_catalogue
from efficiency_monitor.engine.encoding import BoundRule
from efficiency_monitor.engine.questions import MILLION
from efficiency_monitor.scan.backtest import backtest as by_values
from efficiency_monitor.scan.backtest.backtest_sides import Plan, Side, window_of
from efficiency_monitor.scan.backtest.model import COUNTED
from efficiency_monitor.scan.lake.lake_columns import fields_of, names_read
from efficiency_monitor.scan.lake.lake_compare import backtest
from efficiency_monitor.scan.lake.lake_format import (
    CASE_COLUMNS,
    EVENT_COLUMNS,
    FORMAT,
    LIMITS,
    TABLES,
    Manifest,
    Part,
    file_of,
    schemas,
    write_manifest,
)
from efficiency_monitor.scan.lake.lake_history import Lake
from efficiency_monitor.workspace.context import Catalogue

from . import cases
from .measure import Figure, Section, alternate, duration, say, seconds

FULL, QUICK = 1_000_000, 100_000
ROUNDS = 5
MOST = 5.0
#: Cases that are also judged as values, to see that both say the same.
SAMPLE = 1_000
FIRST, LAST = date(2025, 1, 1), date(2025, 12, 31)


def run(number: int, seed: int) -> Section:
    """Measure so many cases of six events."""
    say(f"back-test: a lake of {number:,} cases is made")
    catalogue = open_catalogue(None, None)
    with tempfile.TemporaryDirectory(prefix="effmon-bench-") as name:
        lake = _written(catalogue, Path(name), number, seed)
        section = Section(
            f"Back-test: {number:,} cases × {cases.EVENTS} events from a lake",
            "The base reads exactly the columns that the back-test takes, from the lake's Parquet "
            "files in the page cache to numpy arrays, by pyarrow on both cores. The back-test goes "
            "from the files to totals and differences; the yellow card of one rule falls due two "
            "working days later than before.",
        )
        _check(catalogue, Path(name), seed, section)
        for many in (1, 10):
            say(f"back-test: {many} rules")
            _figures(section, catalogue, lake, many)
    return section


def _rules(catalogue: Catalogue, many: int) -> list[BoundRule]:
    """CN-PROMISE, and others of the national pack whose clock is all that they are."""
    clocks = [bound for bound in catalogue.rules if bound.rule.form == "clock"]
    clocks.sort(key=lambda bound: bound.rule.id != "CN-PROMISE")
    if len(clocks) < many:
        raise AssertionError(f"the national pack has {len(clocks)} rules with a clock")
    return clocks[:many]


def _plan(catalogue: Catalogue, many: int) -> Plan:
    before = _rules(catalogue, many)
    window = window_of(FIRST, LAST, "Asia/Shanghai")
    return Plan(
        window=window,
        first=FIRST,
        last=LAST,
        as_of=window.until,
        before=Side("before", before, catalogue.calendars),
        after=Side("after", [_later(before[0]), *before[1:]], catalogue.calendars),
        renamed={},
        departments=frozenset(),
    )


def _later(bound: BoundRule) -> BoundRule:
    cards = tuple(
        card.model_copy(update={"at": f"{card.at} + 2 working_days"})
        if card.level == "yellow"
        else card
        for card in bound.rule.cards
    )
    if cards == bound.rule.cards:
        raise AssertionError(f"{bound.rule.id} has no yellow card")
    rule = bound.rule.model_copy(update={"cards": cards})
    return BoundRule(rule, bound.pack, f"{bound.digest}-changed")


def _figures(section: Section, catalogue: Catalogue, lake: Lake, many: int) -> None:
    plan = _plan(catalogue, many)
    fields = fields_of([*plan.before.rules, *plan.after.rules])

    def tested() -> Any:
        with backtest(plan, lake) as report:
            return report

    tested()
    taken = alternate({"read": lambda: _read(lake, fields), "test": tested}, rounds=ROUNDS)
    base, own = taken["read"], taken["test"]
    name = "1 rule" if many == 1 else f"{many} rules"
    changed = "of which the threshold of one changed" if many > 1 else "its threshold changed"
    section.figures += [
        Figure(what=f"{name}: base, the columns to numpy", taken=base),
        Figure(what=f"{name}, {changed}", taken=own, base=base, of_base=True, most=MOST),
    ]
    with backtest(plan, lake) as report:
        counts = dict(zip(COUNTED, report.totals.whole, strict=True))
        number = sum(report.cases["after"].values())
        told: list[int] = []
        spent = seconds(lambda: told.append(sum(1 for _ in report.found)))
    section.remarks.append(
        f"{name}: {number:,} cases, {counts['before']:,} cards before and {counts['after']:,} "
        f"after: {counts['gone']:,} gone, {counts['later']:,} later, {counts['same']:,} the same. "
        f"Telling the {told[0]:,} differences one by one took {duration(spent)} more."
    )


def _check(catalogue: Catalogue, folder: Path, seed: int, section: Section) -> None:
    """Judged as values, a few cases give the same totals and the same cards."""
    lake = _written(catalogue, folder / "sample", SAMPLE, seed)
    found = []
    for test in (backtest, by_values.run):
        with test(_plan(catalogue, 10), lake) as report:
            found.append((report.as_json(), set(report.found)))
    if found[0] != found[1]:
        raise AssertionError("judged by columns, the back-test says something else")
    section.remarks += [
        f"Of {SAMPLE:,} cases totals and cards equal those judged as values.",
        (
            "With ten rules most of the time is the kernel's, which judges eleven versions; a "
            "single file stands against its own rule alone and costs what one rule costs."
        ),
    ]


def _written(catalogue: Catalogue, folder: Path, number: int, seed: int) -> Lake:
    """A lake as `effmon export lake` writes it, of drawn cases."""
    for table in TABLES:
        (folder / table).mkdir(parents=True)
    drawn = np.random.default_rng(seed)
    parts = []
    for lo in range(0, number, cases.GROUP):
        size = min(cases.GROUP, number - lo)
        part = Part(
            number=len(parts) + 1,
            run=1,
            calendar="cn",
            zone="Asia/Shanghai",
            cases=size,
            events=size * cases.EVENTS,
            dated=1,
            departments=False,
            torn=0,
            attributes=("delivery",),
        )
        columns = cases.placed(cases.make(size, seed + lo))
        for table, schema in schemas(part.attributes).items():
            own = _columns(table, columns, lo, drawn)
            arrays = [
                own[each.name].cast(each.type)
                if each.name in own
                else pa.nulls(0 if table == "withdrawals" else len(own["case"]), each.type)
                for each in schema
            ]
            content = pa.Table.from_arrays(arrays, schema=schema)
            pq.write_table(
                content, file_of(folder, table, part), compression="zstd",
                row_group_size=max(1, len(content)),
            )  # fmt: skip
        parts.append(part)
    write_manifest(
        folder,
        Manifest(
            format=FORMAT,
            workspace="bench",
            zone="Asia/Shanghai",
            exported_at=cases.AS_OF,
            runs=1,
            vocabulary=catalogue.vocabulary_digest,
            signatures=tuple(cases.SIGNATURES),
            sources={},
            parts=tuple(parts),
        ),
    )
    return Lake(folder, catalogue.vocabulary, catalogue.vocabulary_digest)


def _columns(table: str, drawn: cases.Placed, lo: int, dice: Any) -> dict[str, Any]:
    frame, size = drawn.columns.frame, drawn.columns.frame.cases
    if table == "withdrawals":
        return {}
    if table == "cases":
        kinds, delivery = zip(
            *((own["item_kind"], own.get("delivery")) for own, _ in cases.PROFILES), strict=True
        )
        limits = {
            f"{name}_limit": _days(frame.case_amount[place::3])
            for place, name in enumerate(LIMITS[:2])
        }
        return {
            "case": pa.array(np.arange(lo, lo + size)),
            "case_no": pa.array(np.arange(lo, lo + size)).cast(pa.string()),
            "revision": pa.array(np.ones(size, dtype=np.int64)),
            "digest": pa.array(np.ones(size, dtype=np.int64)),
            "torn": pa.array(np.zeros(size, dtype=np.int8)),
            "source": _texts(np.zeros(size), ("",)),
            "calendar": _texts(np.zeros(size), ("cn",)),
            "events": pa.array(np.diff(frame.first)),
            "item_kind": _texts(drawn.columns.profile, kinds),
            "a.delivery": _texts(drawn.columns.profile, delivery),
            "department": _texts(dice.integers(0, 40, size), [f"D{n:02}" for n in range(40)]),
            "item_code": _texts(dice.integers(0, 500, size), [f"X{n:03}" for n in range(500)]),
            **limits,
            **{
                f"k_{name}_{limit}": pa.array(np.ascontiguousarray(getattr(frame, name)[place::3]))
                for name in CASE_COLUMNS
                for place, limit in enumerate(LIMITS)
            },
        }
    types, kinds = zip(*cases.SIGNATURES, strict=True)
    events = len(frame.at)
    return {
        "case": pa.array(np.repeat(np.arange(lo, lo + size), cases.EVENTS)),
        "key": pa.array(np.arange(events)).cast(pa.string()),
        "type": _texts(frame.signature, types),
        "kind": _texts(frame.signature, kinds),
        "occurred_at": pa.array(drawn.occurred),
        "dated": pa.array(frame.coarse.astype(bool)),
        "received_at": pa.array(drawn.occurred),
        "due_dated": pa.array(np.zeros(events, dtype=bool)),
        "amount": _days(frame.amount),
        **{f"k_{name}": pa.array(getattr(frame, name)) for name in EVENT_COLUMNS},
    }


def _texts(codes: Any, values: Sequence[str | None]) -> Any:
    """A column of texts by their codes."""
    plain = pa.array(list(values)).take(pa.array(codes.astype(np.int64)))
    return plain.dictionary_encode()


def _days(millionths: Any) -> Any:
    """Amounts as a source says them: none, and one that cannot be read."""
    present, codes = np.unique(millionths, return_inverse=True)
    words = [
        None if one == 0 else "soon" if one < 0 else f"{one // MILLION} working_days"
        for one in present
    ]
    return _texts(codes, words)


def _read(lake: Lake, fields: Sequence[str]) -> int:
    """The base: the same columns, whatever is done with them."""
    total = 0
    for part in lake.manifest.parts:
        own, events = names_read(part, fields, sources=False)
        for table, names in (("cases", own), ("events", events)):
            with pq.ParquetFile(file_of(lake.folder, table, part)) as file:
                found = file.read(columns=names).combine_chunks()
            for column in found.columns:
                chunk = column.chunk(0)
                if pa.types.is_dictionary(chunk.type):
                    chunk = chunk.indices.fill_null(-1)
                total += len(chunk.to_numpy(zero_copy_only=False))
    return total
