"""The laws of time on every unit and resolution, in every region and zone whose clocks change."""

import math
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efficiency_monitor.time.amount import Amount
from tests.oracle.words import SECONDS

from . import drawing
from .clocks import Asked, everywhere
from .places import Place, places

every_measure = pytest.mark.parametrize(
    ("unit", "resolution"), [(unit, how) for unit in drawing.UNITS for how in ("day", "time")]
)
law = settings(max_examples=8)
FAR = 1 << 62


def instant_of(answer: int | str | None) -> int:
    """An answer as a number: what never comes, comes after everything."""
    return answer if isinstance(answer, int) else FAR


def whole_days(clock: Asked, limit: str, unit: str) -> bool:
    """Whether a limit is told in whole days that count at their ends."""
    days = unit.split("_")[1] in ("days", "months")
    return days and clock.resolution == "day" and Amount.parse(limit).value % 1 == 0


@every_measure
@law
@given(data=st.data())
def test_elapsed_never_falls(unit: str, resolution: str, data: st.DataObject) -> None:
    for asked in data.draw(everywhere(unit, resolution)):
        counted = [asked.clock.elapsed(end, unit) for end in asked.ends]
        known = [value for value in counted if value is not None]
        assert known == sorted(known), f"{asked}"
        # What is not known at one instant is not known at a later one.
        assert [value is None for value in counted] == sorted(value is None for value in counted)


@every_measure
@law
@given(data=st.data())
def test_a_pause_only_takes_away(unit: str, resolution: str, data: st.DataObject) -> None:
    for asked in data.draw(everywhere(unit, resolution)):
        paused = asked.clock.paused(asked.more)
        for end in asked.ends:
            before, after = asked.clock.elapsed(end, unit), paused.elapsed(end, unit)
            if before is not None and after is not None:
                assert after <= before, f"{asked}"
        first, second = asked.clock.threshold(asked.limit), paused.threshold(asked.limit)
        # Beyond the calendar is not known, so it can be compared with nothing.
        if "beyond" not in (first, second):
            assert instant_of(second) >= instant_of(first), f"{asked}"


@every_measure
@law
@given(data=st.data())
def test_due_is_the_earliest_instant_at_which_the_limit_has_elapsed(
    unit: str, resolution: str, data: st.DataObject
) -> None:
    for asked in data.draw(everywhere(unit, resolution)):
        clock, limit = replace(asked.clock, roll="none"), asked.limit
        due = clock.threshold(limit)
        if not isinstance(due, int):
            continue
        full = amount_of(clock, limit)
        reached, before = clock.elapsed(due, unit), clock.elapsed(due - 1, unit)
        if reached is None or before is None:
            continue
        said = f"{asked}: {before}, then {reached} at {due}"
        assert reached >= full, said
        if whole_days(clock, limit, unit):
            # The full share of a day is reached at closing, the day itself at midnight (time.md 7).
            assert before < full or (clock.ends == "midnight" and unit == "working_days"), said
            if not clock.pauses:
                assert reached == full, said
        elif due > clock.start:
            assert before < full, said
        if not clock.pauses and unit.split("_")[1] in SECONDS:
            assert reached == full.quantize(reached, rounding=ROUND_DOWN), said


def amount_of(clock: Asked, limit: str) -> Decimal:
    """How much must have elapsed: of months the calendar days that they are (docs/time.md 9)."""
    amount = Amount.parse(limit)
    if amount.unit != "calendar_months":
        return (
            Decimal(math.ceil(amount.value * amount.unit.seconds)) / amount.unit.seconds
            if (amount.unit.seconds)
            else amount.value
        )
    day = clock.place.oracle.local_date(clock.start)
    month = day.month - 1 + int(amount.value)
    year, month = day.year + month // 12, month % 12 + 1
    for number in range(day.day, 0, -1):
        try:
            return Decimal((day.replace(year=year, month=month, day=number) - day).days)
        except ValueError:
            continue
    raise AssertionError("every month has a first day")


@every_measure
@law
@given(data=st.data())
def test_thresholds_are_ordered_like_their_amounts(
    unit: str, resolution: str, data: st.DataObject
) -> None:
    for asked in data.draw(everywhere(unit, resolution)):
        # A whole number of days rolls, a part of a day does not: 1 may be due after 1.25.
        still = replace(asked.clock, roll="none")
        limits = sorted((asked.limit, asked.other), key=lambda limit: Amount.parse(limit).value)
        rows = [
            [still.threshold(limit) for limit in limits],
            [asked.clock.threshold(asked.limit, f"{share}% limit") for share in (50, 80, 99, 120)],
            [
                asked.clock.threshold(asked.limit, f"limit{offset}")
                for unit in ("working_days", "calendar_hours")
                for offset in (f" - 2 {unit}", f" - 1 {unit}", "", f" + 1 {unit}", f" + 2 {unit}")
            ],
        ]
        for answers in (*rows[:2], rows[2][:5], rows[2][5:]):
            if "beyond" not in answers:
                instants = [instant_of(answer) for answer in answers]
                assert instants == sorted(instants), f"{asked}: {answers}"


def test_the_laws_are_tried_where_the_clocks_change() -> None:
    changing = {place.name for place in places() if changes(place)}
    assert changing >= {"amsterdam", "sao-paulo", "lord-howe", "casablanca", "nights"}


def changes(place: Place) -> bool:
    """Whether a local day of the coverage is shorter or longer than 24 hours."""
    table = place.compiled.table
    lengths = {b - a for a, b in zip(table.day_start, table.day_start[1:], strict=False)}
    return len(lengths) > 1
