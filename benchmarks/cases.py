"""Synthetic cases as columns: seeded, vectorised, with the dirt that real sources have.

Every case has six events: submitted, accepted, suspended, resumed, decided, delivered. Of some,
an event is missing (another stands in its place), only the date is known, the order is broken, or
a limit cannot be read. Of about every seventh case nothing says that it is finished.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from efficiency_monitor.engine import compiled
from efficiency_monitor.engine.clockwork import NEVER
from efficiency_monitor.engine.columns import Frame
from efficiency_monitor.engine.encoding import Signature
from efficiency_monitor.engine.questions import MILLION

ZONE = ZoneInfo("Asia/Shanghai")
FIRST = int(datetime(2024, 1, 1, tzinfo=ZONE).timestamp())
AS_OF = int(datetime(2026, 6, 10, 2, 10, tzinfo=ZONE).timestamp())
DAYS = 880
EVENTS = 6
#: Cases in a row group; the events of a case never stand in two.
GROUP = 100_000
HOUR, DAY = 3600, 86_400

#: Signatures by number: what the events of the frame are.
SIGNATURES: dict[Signature, int] = {
    signature: number
    for number, signature in enumerate(
        (
            ("submitted", None),
            ("accepted", None),
            ("suspended", "hearing"),
            ("resumed", "hearing"),
            ("decided", None),
            ("delivered", None),
            ("suspended", "site_visit"),
            ("resumed", "site_visit"),
            ("assigned", None),
            ("contacted", None),
            ("withdrawn", None),
        )
    )
}
_RANKS = np.array([10, 20, 40, 42, 60, 80, 40, 42, 12, 46, 92], dtype=np.int64)
#: What a case is: the fields that rules ask for, by profile number, and how many have them.
PROFILES: tuple[tuple[Mapping[str, str], float], ...] = (
    ({"item_kind": "promised"}, 0.6),
    ({"item_kind": "promised", "delivery": "required"}, 0.25),
    ({"item_kind": "instant"}, 0.05),
    ({"item_kind": "joint"}, 0.05),
    ({"item_kind": "forwarded"}, 0.05),
)
#: Columns of a frame that stand with the event and with the case.
OF_EVENT = ("signature", "at", "coarse", "stage", "unit", "amount", "due", "due_coarse", "entered")
OF_CASE = ("case_unit", "case_amount", "case_due", "case_due_coarse")
_LIMITS = ("promised", "statutory", "licence")


@dataclass(frozen=True, slots=True)
class Columns:
    """Cases as columns: the kernel's frame, and what profile each case has."""

    frame: Frame
    profile: Any


def make(cases: int, seed: int) -> Columns:
    """Make so many cases; the same seed gives the same ones."""
    drawn = np.random.default_rng(seed)
    at = _instants(drawn, cases)
    signature = np.tile(np.arange(EVENTS), (cases, 1))
    visits = drawn.random(cases) < 0.4
    signature[visits, 2], signature[visits, 3] = 6, 7
    coarse = np.zeros_like(signature)
    _dirty(drawn, at, signature, coarse)
    order = np.lexsort((_RANKS[signature], at), axis=1)
    at, signature, coarse = (
        np.take_along_axis(column, order, axis=1).ravel() for column in (at, signature, coarse)
    )
    suspended = (signature == 2) | (signature == 6)
    granted = np.where(suspended, drawn.integers(1, 16, len(at)) * MILLION, 0)
    promised = drawn.choice([5, 7, 10, 15, 20, 30], cases)
    limits = np.stack([promised, promised * 2, promised * 0], axis=1) * MILLION
    limits[drawn.random(cases) < 0.01, 0] = 0
    limits[drawn.random(cases) < 0.005, 0] = -1
    frame = Frame(
        cases=cases,
        first=np.arange(cases + 1, dtype=np.int64) * EVENTS,
        signature=signature,
        at=at,
        coarse=coarse,
        stage=np.full(len(at), -1, dtype=np.int64),
        unit=np.zeros_like(at),
        amount=granted,
        due=np.full(len(at), NEVER, dtype=np.int64),
        due_coarse=np.zeros_like(at),
        entered=np.full(len(at), NEVER, dtype=np.int64),
        case_unit=np.zeros(cases * 3, dtype=np.int64),
        case_amount=limits.ravel(),
        case_due=np.full(cases * 3, NEVER, dtype=np.int64),
        case_due_coarse=np.zeros(cases * 3, dtype=np.int64),
    )
    shares = [share for _, share in PROFILES]
    profile = drawn.choice(len(PROFILES), cases, p=shares).astype(np.int8)
    return Columns(compiled.as_arrays(frame), profile)


@dataclass(frozen=True, slots=True)
class Placed:
    """Cases whose bare dates stand where the order of the types puts them (docs/time.md 18)."""

    columns: Columns
    #: When each event occurred as its source has it; `columns.frame.at` is where it stands.
    occurred: Any


def placed(made: Columns) -> Placed:
    """The same cases with their events of a date only at their places, in order."""
    frame = made.frame
    at, coarse = (getattr(frame, name).reshape(-1, EVENTS) for name in ("at", "coarse"))
    rank = _RANKS[frame.signature].reshape(-1, EVENTS)
    day = (at - FIRST) // DAY
    stands = at.copy()
    for own in range(EVENTS):
        for other in range(EVENTS):
            after = (coarse[:, own] == 1) & (coarse[:, other] == 0) & (day[:, own] == day[:, other])
            after &= rank[:, other] < rank[:, own]
            stands[:, own] = np.where(
                after, np.maximum(stands[:, own], at[:, other]), stands[:, own]
            )
    order = np.lexsort((rank, stands), axis=1)

    def sorted_by(column: Any) -> Any:
        table = column.reshape(-1, EVENTS)
        return np.ascontiguousarray(np.take_along_axis(table, order, axis=1).ravel())

    columns = {name: sorted_by(getattr(frame, name)) for name in OF_EVENT}
    columns["at"] = sorted_by(stands)
    return Placed(Columns(frame._replace(**columns), made.profile), sorted_by(frame.at))


def _instants(drawn: Any, cases: int) -> Any:
    """Instants of the six events: in office hours mostly, each after the one before."""
    day = FIRST + drawn.integers(0, DAYS, cases) * DAY
    submitted = day + drawn.integers(8 * HOUR, 18 * HOUR, cases)
    gaps = np.stack(
        [
            drawn.integers(600, 4 * DAY, cases),
            drawn.integers(HOUR, 6 * DAY, cases),
            drawn.integers(HOUR, 12 * DAY, cases),
            drawn.integers(HOUR, 40 * DAY, cases),
            drawn.integers(HOUR, 12 * DAY, cases),
        ],
        axis=1,
    )
    steps = np.concatenate([submitted[:, None], gaps], axis=1)
    return np.cumsum(steps, axis=1)


def _dirty(drawn: Any, at: Any, signature: Any, coarse: Any) -> None:
    """What real sources have: events missing or stray, bare dates, a broken order, open cases."""
    cases = len(at)

    def some(share: float) -> Any:
        return drawn.random(cases) < share

    signature[some(0.01), 1] = 9  # never accepted
    signature[some(0.02), 3] = 2  # suspended twice, never resumed
    signature[some(0.02), 2] = 8  # resumed without a suspension
    signature[some(0.01), 4] = 10  # withdrawn instead of decided
    signature[some(0.1), 4] = 9  # not decided yet
    broken = some(0.005)
    at[broken, 4] = at[broken, 0] - HOUR  # decided before it was submitted
    for event, share in ((1, 0.02), (4, 0.03)):
        dated = some(share)
        coarse[dated, event] = 1
        # A bare date is its first second; the zone has no daylight saving in these years.
        at[dated, event] -= (at[dated, event] - FIRST) % DAY


def events_table(columns: Columns) -> pl.DataFrame:
    """The events as a table."""
    return pl.DataFrame({name: getattr(columns.frame, name) for name in OF_EVENT})


def cases_table(columns: Columns) -> pl.DataFrame:
    """The cases as a table: number of events, profile, limits and stated due instants."""
    frame = columns.frame
    series = {
        "events": pl.Series(np.diff(frame.first)).cast(pl.Int32),
        "profile": pl.Series(columns.profile),
    }
    for name in OF_CASE:
        for place, limit in enumerate(_LIMITS):
            series[f"{name}_{limit}"] = pl.Series(
                np.ascontiguousarray(getattr(frame, name)[place::3])
            )
    return pl.DataFrame(series)


def write(columns: Columns, folder: Path) -> tuple[Path, Path]:
    """Write events and cases as Parquet, in row groups of whole cases that fit together."""
    events, cases = folder / "events.parquet", folder / "cases.parquet"
    events_table(columns).write_parquet(events, row_group_size=GROUP * EVENTS)
    cases_table(columns).write_parquet(cases, row_group_size=GROUP)
    return events, cases


def from_tables(events: pl.DataFrame, cases: pl.DataFrame) -> Columns:
    """Columns from the two tables as they were read; most of them without a copy."""
    first: Any = np.zeros(len(cases) + 1, dtype=np.int64)
    np.cumsum(cases["events"].to_numpy(), out=first[1:])
    both = {
        name: np.stack([cases[f"{name}_{limit}"].to_numpy() for limit in _LIMITS], axis=1).ravel()
        for name in OF_CASE
    }
    own = {name: events[name].to_numpy() for name in OF_EVENT}
    return Columns(Frame(cases=len(cases), first=first, **own, **both), cases["profile"].to_numpy())


def part(columns: Columns, lo: int, hi: int) -> Columns:
    """Cases lo .. hi - 1 alone."""
    frame = columns.frame
    begin, end = frame.first[lo], frame.first[hi]
    cut = {name: getattr(frame, name)[begin:end] for name in OF_EVENT}
    cut |= {name: getattr(frame, name)[lo * 3 : hi * 3] for name in OF_CASE}
    first = frame.first[lo : hi + 1] - begin
    return Columns(Frame(cases=hi - lo, first=first, **cut), columns.profile[lo:hi])
