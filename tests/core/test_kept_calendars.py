"""A process compiles equal calendars once, and one that was amended anew."""

import json
from typing import Any

import pytest

from efficiency_monitor.engine.business_time import compile_calendar
from efficiency_monitor.engine.evaluation import CompiledCalendar
from efficiency_monitor.time.calendar import Calendar, CalendarFile, build
from tests.stories.world import town


def _read(**changed: Any) -> Calendar:
    document = json.loads(town(days_off=["2026-03-04"]))
    return build(CalendarFile.model_validate({**document, **changed}))


def test_the_same_calendar_read_again_has_the_same_table() -> None:
    assert CompiledCalendar.of(_read()).table is CompiledCalendar.of(_read()).table


@pytest.mark.parametrize(
    "changed",
    [
        {"days_off": []},
        {"covers": {"from": "2026-01-01", "to": "2027-12-30"}},
        {"week": {"mon": [["09:00", "12:00"]]}},
        {"zone": "Europe/Amsterdam"},
        {
            "notices": {
                "town-2026": {
                    "number": "1",
                    "published": "2025-11-01",
                    "source": "test",
                    "status": "provisional",
                }
            }
        },
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_an_amended_calendar_of_the_same_name_has_its_own(changed: dict[str, Any]) -> None:
    before, after = _read(), _read(**changed)
    first = CompiledCalendar.of(before).table
    amended = CompiledCalendar.of(after)
    assert amended.calendar is after
    assert amended.table == compile_calendar(after) != first
    # The older one is asked for again: by a backtest, or a card that was given by it.
    assert CompiledCalendar.of(before).table == first == compile_calendar(before)
