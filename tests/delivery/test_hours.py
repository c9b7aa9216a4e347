"""When somebody may be disturbed, against a loop that looks at a clock on the wall every minute."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from efficiency_monitor.people.model.hours import Hours, next_open, read_hours, spans_of

pytestmark = pytest.mark.both_engines

HOUR = 3600
#: Zones whose clocks jump at midnight, in the night, by half an hour, over a whole date, or never.
ZONES = (
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/Sao_Paulo",
    "America/Havana",
    "Australia/Lord_Howe",
    "Pacific/Apia",
)
#: Days on which the clocks of one of them were changed, and a quiet one.
TURNS = (
    "2011-12-30",
    "2015-03-08",
    "2015-10-18",
    "2015-11-01",
    "2016-02-21",
    "2024-03-31",
    "2024-04-07",
    "2024-10-06",
    "2024-10-27",
    "2025-05-01",
)


@dataclass(frozen=True)
class WorkDay:
    """A day of a calendar."""

    hours: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class WorkingDays:
    """A calendar as the tests see one: these dates, all others closed or not covered."""

    days: dict[date, tuple[tuple[int, int], ...]]
    asked: list[date] = field(default_factory=list)

    def covers(self, day: date) -> bool:
        return day in self.days

    def day(self, day: date) -> WorkDay:
        self.asked.append(day)
        return WorkDay(self.days[day])


def seconds(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * HOUR + int(minute) * 60


def open_by_the_wall_clock(
    days: dict[date, tuple[tuple[int, int], ...]], written: str, shown: datetime
) -> bool:
    """The oracle: what is written, read in its own way, and what a clock on the wall shows."""
    if written == "any":
        return True
    now = shown.hour * HOUR + shown.minute * 60 + shown.second
    default = ((9 * HOUR, 17 * HOUR),) if shown.weekday() not in (5, 6) else ()
    worked = days.get(shown.date(), default)
    own = [
        (seconds(part.split("-")[0]), seconds(part.split("-")[1]))
        for part in written.replace("every ", "").split(",")
        if part
    ]
    if written.startswith("every"):
        return any(first <= now < last for first, last in own)
    if not worked:
        return False
    return any(first <= now < last for first, last in own or worked)


spans = st.lists(
    st.integers(0, 96).map(lambda quarter: quarter * 900), min_size=2, max_size=6, unique=True
).map(lambda cuts: tuple(zip(sorted(cuts)[::2], sorted(cuts)[1::2], strict=False)))
written = st.one_of(
    st.just(""),
    st.just("any"),
    st.builds(
        lambda every, pairs: (
            every
            + ",".join(
                f"{a // 900 * 15 // 60:02}:{a // 60 % 60:02}-{b // 3600:02}:{b // 60 % 60:02}"
                for a, b in pairs
            )
        ),
        st.sampled_from(["", "every "]),
        spans,
    ),
)


@settings(max_examples=600)
@given(
    text=written,
    zone=st.sampled_from(ZONES),
    turn=st.sampled_from(TURNS),
    minutes=st.one_of(st.integers(-1500, 1500), st.integers(-100, 100).map(lambda n: n * 15)),
    odd=st.sampled_from([0, 0, 1, 30, 59]),
    week=st.lists(st.one_of(st.just(()), spans), min_size=4, max_size=4),
)
@example(  # closing time itself
    text="09:00-12:00", zone="Asia/Shanghai", turn="2025-05-01", minutes=0, odd=0, week=[()] * 4
)
@example(
    text="every 09:00-12:00",
    zone="Asia/Shanghai",
    turn="2025-05-01",
    minutes=0,
    odd=0,
    week=[()] * 4,
)
def test_the_first_instant_that_a_clock_on_the_wall_allows(
    text: str,
    zone: str,
    turn: str,
    minutes: int,
    odd: int,
    week: list[tuple[tuple[int, int], ...]],
) -> None:
    begun = date.fromisoformat(turn)
    days = {begun + timedelta(days=n - 1): hours for n, hours in enumerate(week)}
    noon = datetime(begun.year, begun.month, begun.day, 12, tzinfo=ZoneInfo(zone))
    at = int(noon.timestamp()) + minutes * 60 + odd
    found = next_open(WorkingDays(days), read_hours(text), at, zone)
    instant = at
    while not open_by_the_wall_clock(days, text, datetime.fromtimestamp(instant, ZoneInfo(zone))):
        instant += 60 - instant % 60
        assert instant < at + 12 * 86_400, "nobody waits for ever"
    assert found == instant


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("", ""),
        ("any", "any"),
        ("随时", "any"),
        ("9:00-12:00, 14:00 - 17:30", "09:00-12:00,14:00-17:30"),
        ("０９:00-1７：30", "09:00-17:30"),
        ("09：00－12：00、14：00至17：30", "09:00-12:00,14:00-17:30"),
        ("every 08:00-24:00", "every 08:00-24:00"),
        ("每天 08:00～20:00", "every 08:00-20:00"),
        ("09:00-09:00", None),
        ("17:00-09:00", None),
        ("09:00-25:00", None),
        ("09:60-10:00", None),
        ("14:00-17:00,09:00-12:00", None),
        ("09:00-12:00,11:00-13:00", None),
        ("every", None),
        ("weekdays", None),
        ("09:00", None),
    ],
)
def test_how_hours_may_be_written(text: str, canonical: str | None) -> None:
    if canonical is None:
        with pytest.raises(ValueError, match=r"write|end") as fault:
            read_hours(text)
        assert "\n" not in str(fault.value)
    else:
        assert str(read_hours(text)) == canonical
        assert read_hours(canonical) == read_hours(text)


def test_a_calendar_that_ends_delays_nothing_beyond_the_next_weekday() -> None:
    ended = WorkingDays({date(2026, 12, 31): ()})
    saturday = int(datetime(2027, 1, 2, 10, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp())
    found = datetime.fromtimestamp(
        next_open(ended, Hours(), saturday, "Asia/Shanghai"), ZoneInfo("Asia/Shanghai")
    )
    assert found.isoformat() == "2027-01-04T09:00:00+08:00"
    assert ended.asked == []


def test_a_make_up_saturday_is_worked_in_the_hours_of_the_person() -> None:
    saturday = date(2026, 2, 14)
    calendar = WorkingDays({saturday: ((9 * HOUR, 17 * HOUR),)})
    assert spans_of(calendar, read_hours("08:00-08:30"), saturday) == ((8 * HOUR, 8 * HOUR + 1800),)
