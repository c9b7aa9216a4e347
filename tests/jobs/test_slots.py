"""Slots: every due night is found once, however the time is cut up and whatever the clocks do."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.scan.slots import Plan, Schedule, catch_up, slots_between

DAY = 86_400
#: Zones without a change, with one at night, at midnight, of half an hour, of a whole date, and
#: with one that put the clocks back from one minute past midnight.
ZONES = (
    "Asia/Shanghai",
    "America/New_York",
    "Europe/London",
    "America/Santiago",
    "Africa/Cairo",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/St_Johns",
    "UTC",
)
SCHEDULES = st.builds(
    Schedule,
    at=st.times().map(lambda at: at.strftime("%H:%M")) | st.sampled_from(["00:00", "02:30"]),
    days=st.sampled_from(["every", "mon-fri", "sat", "mon,wed,fri-sun", "fri-mon"]),
    zone=st.sampled_from(ZONES),
)


def instant(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


#: 1990 to 2050.
INSTANTS = st.integers(631_152_000, 2_524_608_000)
#: Days with a change of the clocks in one of the zones, so that examples find them.
CHANGES = st.sampled_from(
    [
        instant(text)
        for text in (
            "2026-03-08T07:00Z",
            "2026-11-01T06:00Z",
            "2026-03-29T01:00Z",
            "2026-10-25T01:00Z",
            "2026-04-05T03:00Z",
            "2026-09-06T04:00Z",
            "2026-04-23T22:00Z",
            "2026-10-29T21:00Z",
            "2026-10-03T15:30Z",
            "2026-04-04T15:00Z",
            "2011-12-30T10:00Z",
            "2010-11-07T02:31Z",
        )
    ]
)


def nights(start: str, slots: list[int]) -> list[str]:
    return [datetime.fromtimestamp(slot, UTC).strftime("%Y-%m-%dT%H:%MZ") for slot in slots]


@given(
    schedule=SCHEDULES,
    start=INSTANTS | CHANGES.map(lambda change: change - 3 * DAY),
    steps=st.lists(st.integers(0, 4 * DAY), max_size=12),
)
def test_no_slot_is_lost_or_doubled_however_the_interval_is_cut(
    schedule: Schedule, start: int, steps: list[int]
) -> None:
    cuts = [start]
    for step in steps:
        cuts.append(cuts[-1] + step)
    parts = [
        slot for after, until in pairwise(cuts) for slot in slots_between(schedule, after, until)
    ]
    assert parts == slots_between(schedule, start, cuts[-1])
    assert all(earlier < later for earlier, later in pairwise(parts))


@given(schedule=SCHEDULES, change=CHANGES, back=st.integers(0, 30), hours=st.integers(1, 60))
@settings(max_examples=60)
def test_a_slot_is_the_first_minute_at_which_the_clocks_show_its_time_or_more(
    schedule: Schedule, change: int, back: int, hours: int
) -> None:
    """The same question answered by walking minute by minute through the local clocks."""
    after = change - back * 3600
    until = after + hours * 3600
    zone = ZoneInfo(schedule.zone)
    begin = after - 3 * DAY
    clock = [
        (at, datetime.fromtimestamp(at, zone).replace(tzinfo=None))
        for at in range(begin - begin % 60, until + 60, 60)
    ]
    expected: set[int] = set()
    day = clock[0][1].date() + timedelta(days=1)
    while day <= clock[-1][1].date():
        wanted = datetime.combine(day, schedule.time)
        first = next((at for at, shown in clock if shown >= wanted), until + 1)
        if day.weekday() in schedule.weekdays and after < first <= until:
            expected.add(first)
        day += timedelta(days=1)
    assert slots_between(schedule, after, until) == sorted(expected)


@given(schedule=SCHEDULES, start=INSTANTS, days=st.integers(0, 400))
def test_each_wanted_date_has_one_slot(schedule: Schedule, start: int, days: int) -> None:
    zone = ZoneInfo(schedule.zone)
    slots = slots_between(schedule, start, start + days * DAY)
    dates = [datetime.fromtimestamp(slot, zone).date() for slot in slots]
    first = datetime.fromtimestamp(start, zone).date()
    wanted = {
        first + timedelta(days=number)
        for number in range(1, days)
        if (first + timedelta(days=number)).weekday() in schedule.weekdays
    }
    # Samoa had no 30 December 2011.
    assert wanted - {date(2011, 12, 30)} <= set(dates)
    assert len(dates) == len(slots)


@pytest.mark.parametrize(
    ("schedule", "after", "until", "expected"),
    [
        (
            Schedule(at="02:00"),
            "2026-11-20T00:00+08:00",
            "2026-11-22T02:00+08:00",
            ["2026-11-19T18:00Z", "2026-11-20T18:00Z", "2026-11-21T18:00Z"],
        ),
        (
            Schedule(at="02:00", days="mon-fri"),
            "2026-11-20T02:00+08:00",
            "2026-11-23T01:59+08:00",
            [],
        ),
        (
            Schedule(at="02:30", zone="America/New_York"),
            "2026-03-07T12:00Z",
            "2026-03-09T12:00Z",
            ["2026-03-08T07:00Z", "2026-03-09T06:30Z"],
        ),
        (
            Schedule(at="01:30", zone="America/New_York"),
            "2026-10-31T12:00Z",
            "2026-11-02T12:00Z",
            ["2026-11-01T05:30Z", "2026-11-02T06:30Z"],
        ),
        (
            Schedule(at="00:00", zone="Africa/Cairo"),
            "2026-04-23T12:00Z",
            "2026-04-24T12:00Z",
            ["2026-04-23T22:00Z"],
        ),
        (
            Schedule(at="00:00", zone="America/St_Johns"),
            "2010-11-06T12:00Z",
            "2010-11-07T02:45Z",
            ["2010-11-07T02:30Z"],
        ),
        (
            Schedule(at="00:00", zone="Pacific/Apia"),
            "2011-12-29T12:00Z",
            "2012-01-01T09:00Z",
            ["2011-12-30T10:00Z", "2011-12-31T10:00Z"],
        ),
    ],
)
def test_slots_by_hand(schedule: Schedule, after: str, until: str, expected: list[str]) -> None:
    found = slots_between(schedule, instant(after), instant(until))
    assert nights(after, found) == expected


@given(
    schedule=SCHEDULES,
    last_done=INSTANTS,
    gone=st.integers(-10 * DAY, 100 * DAY),
    most_days=st.integers(0, 40),
)
def test_a_plan_holds_every_missed_slot_once_and_runs_the_recent_ones(
    schedule: Schedule, last_done: int, gone: int, most_days: int
) -> None:
    now = last_done + gone
    plan = catch_up(last_done, now, schedule, most_days=most_days)
    assert [*plan.skipped, *plan.run] == slots_between(schedule, last_done, now)
    assert all(slot >= now - most_days * DAY for slot in plan.run)
    assert all(slot < now - most_days * DAY for slot in plan.skipped)
    if plan.run:
        assert catch_up(plan.run[-1], now, schedule, most_days=most_days) == Plan((), ())


def test_a_month_is_caught_up_and_older_nights_are_named() -> None:
    nightly = Schedule(at="02:00")
    now = instant("2026-11-24T02:00+08:00")
    plan = catch_up(now - 40 * DAY, now, nightly)
    assert len(plan.run) == 32, "the night 31 days ago to the second still counts"
    assert len(plan.skipped) == 8
    assert plan.run[-1] == now


@pytest.mark.parametrize(
    "wrong",
    [
        {"at": "2:00"},
        {"at": "24:00"},
        {"at": "02:60"},
        {"at": "02:00:00"},
        {"at": "２２:00"},
        {"at": "02:00\n"},
        {"at": "02:00", "days": "1-5"},
        {"at": "02:00", "days": ""},
        {"at": "02:00", "days": "mon-"},
        {"at": "02:00", "days": "mon,,fri"},
        {"at": "02:00", "days": "monday"},
        {"at": "02:00", "zone": ""},
        {"at": "02:00", "zone": "Mars/Olympus"},
        {"at": "02:00", "zone": "../../etc/passwd"},
        {"at": "02:00", "zone": "/etc/localtime"},
    ],
)
def test_a_wrong_schedule_is_named(wrong: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Schedule(**wrong)
    assert caught.value.hint
