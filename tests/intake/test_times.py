"""Written times: every accepted format, and the ones that must be refused rather than guessed."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efficiency_monitor.intake.formats.rows import Refusal
from efficiency_monitor.intake.mapping.times import Moment, compile_formats, from_1904, read_time
from efficiency_monitor.terms import Precision

FORMATS = compile_formats(
    ("standard", "YYYYMMDDThhmmss", "YYYYMMDDhhmmss", "YYYYMMDDhh:mm:ss", "YYYYMMDD")
)
TEN = int(datetime(2026, 1, 6, 2, 0, 0, tzinfo=UTC).timestamp())
MIDNIGHT = TEN - 10 * 3600


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-06T10:00:00+08:00",
        "2026-01-06T02:00:00Z",
        "2026-01-06t02:00:00.999z",
        "2026-01-06 10:00",
        "2026-01-06 10:00:00",
        "2026-01-06T10:00:00.999999",
        "2026/01/06 10:00:00",
        "2026/1/6 10:00",
        "2026.1.6 10:00",
        "2026年1月6日 10:00",
        "2026年01月06日10时00分00秒",
        "２０２６-０１-０６　１０：００",
        "20260106T100000",
        "20260106100000",
        "2026010610:00:00",
    ],
)
def test_ten_oclock_in_every_format(text: str) -> None:
    assert read_time(text, "Asia/Shanghai", FORMATS) == Moment(TEN, Precision.SECOND, "2026-01-06")


@pytest.mark.parametrize(
    "text", ["2026-01-06", "2026/1/6", "2026.1.6", "2026年1月6日", "20260106", "2026-1-6"]
)
def test_a_bare_date_has_precision_day(text: str) -> None:
    assert read_time(text, "Asia/Shanghai", FORMATS) == Moment(
        MIDNIGHT, Precision.DAY, "2026-01-06"
    )


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("2026-02-30", Refusal.NO_SUCH_TIME),
        ("20250229", Refusal.NO_SUCH_TIME),
        ("2026-01-06 24:00", Refusal.NO_SUCH_TIME),
        ("2026-01-06 10:60", Refusal.NO_SUCH_TIME),
        ("9999-12-31", Refusal.NO_SUCH_TIME),
        ("0001-01-01", Refusal.NO_SUCH_TIME),
        ("2026-01-06T10:00:00+99:00", Refusal.NO_SUCH_TIME),
        ("06/01/2026", Refusal.BAD_TIME),
        ("1/6/2026 10:00", Refusal.BAD_TIME),
        ("2026-01/06", Refusal.BAD_TIME),
        ("tomorrow", Refusal.BAD_TIME),
        ("46028.4166", Refusal.SERIAL_NUMBER),
        ("46028", Refusal.SERIAL_NUMBER),
    ],
)
def test_what_is_refused(text: str, refusal: Refusal) -> None:
    assert read_time(text, "Asia/Shanghai", FORMATS) is refusal


def test_a_wall_time_that_occurs_twice_means_the_first() -> None:
    first = datetime(2026, 11, 1, 1, 30, tzinfo=timezone(timedelta(hours=-4)))
    found = read_time("2026-11-01 01:30", "America/New_York", FORMATS)
    assert isinstance(found, Moment)
    assert found.instant == int(first.timestamp())


def test_a_wall_time_that_never_occurs_is_refused() -> None:
    for text in ("2026-03-08 02:00:00", "2026-03-08 02:59:59"):
        assert read_time(text, "America/New_York", FORMATS) is Refusal.SKIPPED_TIME
    for text in ("2026-03-08 01:59:59", "2026-03-08 03:00:00"):
        assert isinstance(read_time(text, "America/New_York", FORMATS), Moment)


def test_a_date_whose_midnight_is_jumped_over_begins_later() -> None:
    found = read_time("2017-10-15", "America/Sao_Paulo", FORMATS)
    assert found == Moment(
        int(datetime(2017, 10, 15, 3, tzinfo=UTC).timestamp()), Precision.DAY, "2017-10-15"
    )


def test_a_date_that_a_zone_left_out_is_refused() -> None:
    assert read_time("2011-12-30", "Pacific/Apia", FORMATS) is Refusal.SKIPPED_TIME


def test_without_a_zone_only_times_with_an_offset_are_read() -> None:
    assert read_time("2026-01-06 10:00", None, FORMATS) is Refusal.NO_ZONE
    assert read_time("2026-01-06T10:00:00+08:00", None, FORMATS) == Moment(
        TEN, Precision.SECOND, "2026-01-06"
    )


@given(st.datetimes(datetime(1901, 1, 1), datetime(2099, 12, 30)), st.integers(-840, 840))
def test_rfc3339_comes_back(wall: datetime, minutes: int) -> None:
    moment = wall.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    found = read_time(moment.isoformat(), None, FORMATS)
    assert isinstance(found, Moment)
    assert found.instant == int(moment.replace(microsecond=0).timestamp())
    assert datetime.fromisoformat(found.text) == moment.replace(microsecond=0)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    assert isinstance(read_time(text, "America/New_York", FORMATS), Moment | Refusal)


@pytest.mark.parametrize(
    "pattern", ["", "YYYY-MM", "YYYYMMDDhh", "YYYYMMDDss", "YYYY-MM-DD MM", "YYYY-MM-DD hh:ss"]
)
def test_a_pattern_that_says_too_little_is_a_fault(pattern: str) -> None:
    with pytest.raises(ValueError, match="time format"):
        compile_formats((pattern,))


def test_a_day_first_pattern() -> None:
    formats = compile_formats(("DD.MM.YYYY hh:mm",))
    assert read_time("06.01.2026 10:00", "Asia/Shanghai", formats) == Moment(
        TEN, Precision.SECOND, "2026-01-06"
    )
    assert read_time("06x01x2026 10:00", "Asia/Shanghai", formats) is Refusal.BAD_TIME


SERIAL = compile_formats(("standard", "serial"))


@pytest.mark.parametrize(
    ("text", "wall", "precision"),
    [
        ("46028", "2026-01-06", Precision.DAY),
        ("46028.0", "2026-01-06", Precision.DAY),
        ("46028.5", "2026-01-06T12:00:00", Precision.SECOND),
        ("46028.4166782407", "2026-01-06T10:00:01", Precision.SECOND),
        ("46028.416678", "2026-01-06T10:00:00", Precision.SECOND),
        ("46028.999999", "2026-01-06T23:59:59", Precision.SECOND),
        ("1", "1900-01-01", Precision.DAY),
        ("59.25", "1900-02-28T06:00:00", Precision.SECOND),
        ("61", "1900-03-01", Precision.DAY),
        ("73050", "2099-12-31", Precision.DAY),
    ],
)
def test_a_spreadsheets_number_of_days(text: str, wall: str, precision: Precision) -> None:
    instant = int(datetime.fromisoformat(wall).replace(tzinfo=UTC).timestamp())
    assert read_time(text, "UTC", SERIAL) == Moment(instant, precision, wall[:10])


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("60", Refusal.NO_SUCH_TIME),
        ("60.5", Refusal.NO_SUCH_TIME),
        ("0", Refusal.NO_SUCH_TIME),
        ("0.5", Refusal.NO_SUCH_TIME),
        ("73051", Refusal.NO_SUCH_TIME),
        ("99999", Refusal.NO_SUCH_TIME),
        ("146028", Refusal.BAD_TIME),
        ("-1", Refusal.BAD_TIME),
        ("4.6028e4", Refusal.BAD_TIME),
    ],
)
def test_a_number_that_is_no_day_of_a_spreadsheet(text: str, refusal: Refusal) -> None:
    assert read_time(text, "UTC", SERIAL) is refusal


@given(st.datetimes(datetime(1900, 3, 1), datetime(2099, 12, 30)))
def test_every_second_survives_the_fraction_of_a_day(wall: datetime) -> None:
    """As a spreadsheet keeps it: a binary fraction, shown with fifteen digits."""
    wall = wall.replace(microsecond=0)
    days = (wall - datetime(1899, 12, 30)) / timedelta(days=1)
    for text in (repr(days), f"{days:.15g}"):
        found = read_time(text, "UTC", SERIAL)
        assert isinstance(found, Moment)
        assert found.instant == int(wall.replace(tzinfo=UTC).timestamp())


def test_a_number_of_days_that_never_were_is_refused() -> None:
    """30 December 2011 in Samoa; 02:30 on the night when the clocks jump."""
    assert read_time("40907", "Pacific/Apia", SERIAL) is Refusal.SKIPPED_TIME
    assert read_time("46089.1041666667", "America/New_York", SERIAL) is Refusal.SKIPPED_TIME


@pytest.mark.parametrize(
    ("text", "since_1900"),
    [("44566", "46028"), ("44566.5", "46028.5"), ("0", "1462"), ("x", "x"), ("2026", "3488"),
     ("2026-01-06", "2026-01-06"), ("", ""), ("123456", "123456")],
)  # fmt: skip
def test_days_since_1904(text: str, since_1900: str) -> None:
    assert from_1904(text) == since_1900
