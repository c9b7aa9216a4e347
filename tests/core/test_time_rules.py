"""Rules of docs/time.md, each on examples worked by hand that kernel and oracle tell alike.

Working hours are 09:00-12:00 and 13:00-17:00, seven a day; 2 March 2026 is a Monday.
"""

from decimal import Decimal
from typing import Any

import pytest

from efficiency_monitor.engine.questions import Counting, elapsed
from efficiency_monitor.time.amount import Unit

from .test_time_readings import ACCEPTED, CN, PAUSED, at, capped, episode, event, rule


def due(
    limit: Any, *events: dict[str, Any], case: dict[str, str] | None = None, **clock: Any
) -> Any:
    """When the promise falls due, with what happened until the twentieth."""
    found = episode(rule(limit, **clock), [ACCEPTED, *events], "20 10:00", case)
    return found["due"]["promised"]


def pause(since: str, until: str) -> list[dict[str, Any]]:
    """A suspension and its end."""
    return [event("suspended", since), event("resumed", until)]


@pytest.mark.parametrize(
    ("limit", "clock", "expected"),
    [
        ("0.3 working_seconds", {}, "02 10:00:01"),
        ("0.0001 working_hours", {}, "02 10:00:01"),  # 0.36 s
        ("1.000001 calendar_seconds", {}, "02 10:00:02"),
        ("0.0001 working_days", {"resolution": "time"}, "02 10:00:03"),  # 2.52 s
        ("0.0001 working_days", {}, "03 09:00:03"),
    ],
)
def test_16_what_is_no_whole_second_is_rounded_up(
    limit: str, clock: dict[str, Any], expected: str
) -> None:
    assert due(limit, **clock) == at(expected)


@pytest.mark.parametrize(
    ("accepted", "ends", "expected"),
    [
        ("02 10:00", "midnight", "02 23:59:59"),
        ("02 10:00", "close", "02 17:00"),
        ("02 16:59:59", "close", "02 17:00"),
        ("02 17:00", "close", "03 17:00"),  # a start at closing counts nothing of the day
        ("02 17:00", "midnight", "02 23:59:59"),
        ("07 10:00", "midnight", "09 23:59:59"),  # a Saturday
    ],
)
def test_6_an_instant_case_has_the_day_of_its_start(
    accepted: str, ends: str, expected: str
) -> None:
    one = rule("1 working_days", first_day="same", ends=ends)
    found = episode(one, [event("accepted", accepted)], "20 10:00")
    assert found["due"]["promised"] == at(expected)


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        ("03 17:00", "04 08:00", "03 17:00"),  # from the closing second on
        ("03 15:00", "03 17:00", "04 17:00"),  # up to it
        ("03 15:00", "03 16:59:59", "03 17:00"),
    ],
)
def test_6_a_day_counts_by_the_last_second_before_its_end(
    since: str, until: str, expected: str
) -> None:
    assert due("1 working_days", *pause(since, until), ends="close", **PAUSED) == at(expected)


def test_7_a_share_is_of_the_days_whole_working_time() -> None:
    half = "0.5 working_days"
    assert due(half) == at("03 13:30")
    assert due(half, *pause("03 09:00", "03 11:00"), **PAUSED) == at("03 15:30")
    # Only two of 3.5 hours are counted: the day's end comes first.
    assert due(half, *pause("03 09:00", "03 15:00"), **PAUSED) == at("03 23:59:59")
    # On the start's own day the share is of the six hours left.
    assert due(half, first_day="same") == at("02 14:00")


def test_7_what_a_day_had_reached_stays_when_it_ends_paused() -> None:
    events = [ACCEPTED, event("suspended", "03 13:30")]
    assert episode(rule("5 working_days", **PAUSED), events, "04 10:00")["elapsed"] == "0.5"


def test_8_a_share_of_a_day_is_carried_over() -> None:
    # Six sevenths of Monday, one seventh of Tuesday; at the closing time, not the next opening.
    assert due("1 working_days", resolution="time") == at("03 10:00")
    morning = rule("1 working_days", resolution="time")
    accepted = event("accepted", "02 09:00")
    assert episode(morning, [accepted], "20 10:00")["due"]["promised"] == at("02 17:00")


def test_9_a_month_without_that_day_ends_with_its_last() -> None:
    accepted = event("accepted", "2026-01-31 10:00")
    found = episode(rule("1 calendar_months"), [accepted], "20 10:00")
    assert found["due"]["promised"] == at("2026-02-28 23:59:59")


def test_10_percentages_do_not_roll_and_an_offset_is_added_first() -> None:
    """Five calendar days end on Saturday, six on Sunday."""
    levels = {"warning": "100% promised", "yellow": "promised", "red": "promised + 1 calendar_days"}
    rolling = rule("5 calendar_days", levels, roll="next_working_day")
    found = episode(rolling, [ACCEPTED], "04 10:00")["levels"]
    assert found["warning"][0] == at("07 23:59:59")
    assert found["yellow"][0] == found["red"][0] == at("09 23:59:59")
    less = rule(
        "6 calendar_days", {"yellow": "promised - 1 calendar_days"}, roll="next_working_day"
    )
    assert episode(less, [ACCEPTED], "04 10:00")["levels"]["yellow"][0] == at("09 23:59:59")


def test_11_nothing_or_less_is_due_at_the_start() -> None:
    for back in (3, 5):
        levels = {"yellow": f"promised - {back} working_days"}
        found = episode(rule("3 working_days", levels), [ACCEPTED], "02 10:00:01")
        assert found["levels"]["yellow"] == (at("02 10:00"), True)


def test_11_an_end_before_the_start_has_nothing_elapsed() -> None:
    table = CN.compiled.table
    for unit in Unit:
        found = elapsed(table, at("03 10:00"), at("02 10:00"), unit, counting=Counting(), pauses=[])
        assert found == Decimal(0)


def test_2_a_level_is_reached_one_second_after_its_instant() -> None:
    two = rule("2 working_hours")
    for last, reached in (("02 12:00:00", False), ("02 12:00:01", True)):
        assert episode(two, [ACCEPTED], last)["levels"]["yellow"] == (at("02 12:00"), reached)
        stopped = [ACCEPTED, event("decided", last)]
        assert episode(two, stopped, "20 10:00")["levels"]["yellow"] == (at("02 12:00"), reached)


def test_12_each_pause_is_capped_before_they_are_merged() -> None:
    """Each takes one day away, Tuesday and Wednesday; merged first they would take one."""
    events = [event("suspended", "03 10:00", kind="hearing")]
    events.append(event("suspended", "04 10:00", kind="testing"))
    assert due("3 working_days", *events, **capped("1 working_days")) == at("09 23:59:59")
    # In hours: seven of Tuesday 10:00 to Wednesday 10:00, then of Wednesday 10:00 to Thursday.
    assert due("14 working_hours", *events, **capped("7 working_hours")) == at("06 10:00")


def test_12_a_resume_closes_its_kind_and_without_one_all() -> None:
    both = [event("suspended", "03 10:00", kind="hearing")]
    both.append(event("suspended", "03 11:00", kind="testing"))
    ended = {
        kind: due("5 working_days", *both, event("resumed", "04 10:00", **kind_), **PAUSED)
        for kind, kind_ in (("hearing", {"kind": "hearing"}), ("", {}))
    }
    # Of five days Tuesday is lost; while the test goes on nothing falls due.
    assert ended == {"hearing": None, "": at("10 23:59:59")}


@pytest.mark.parametrize(("ends", "expected"), [("midnight", "06 23:59:59"), ("close", "06 17:00")])
def test_17_a_bare_date_means_the_end_of_that_date(ends: str, expected: str) -> None:
    stated = {"case": "promised_due"}
    assert due(stated, case={"promised_due": "2026-03-06"}, ends=ends) == at(expected)


def test_17_a_stated_instant_is_moved_by_working_seconds_if_the_rule_says_so() -> None:
    case = {"promised_due": "2026-03-06 15:00"}
    events = pause("03 09:00", "04 09:00")
    fixed, moved = {"case": "promised_due"}, {"case": "promised_due", "moved_by_pauses": True}
    assert due(fixed, *events, case=case, **PAUSED) == at("06 15:00")
    # Seven working hours later: two on Friday, five on Monday.
    assert due(moved, *events, case=case, **PAUSED) == at("09 15:00")


def test_17_a_percentage_of_a_stated_instant_is_of_the_working_seconds_up_to_it() -> None:
    """32 hours in all: half of them are six on Monday, seven on Tuesday, three on Wednesday."""
    half = rule({"case": "promised_due"}, {"yellow": "50% promised"})
    case = {"promised_due": "2026-03-06 15:00"}
    found = episode(half, [ACCEPTED], "20 10:00", case)
    assert found["levels"]["yellow"][0] == at("04 12:00")


def test_15_a_reached_instant_stays_when_a_pause_begins_later() -> None:
    one = rule("1 working_days", **PAUSED)
    later = [ACCEPTED, event("suspended", "04 00:00:00")]
    assert episode(one, later, "20 10:00")["levels"]["yellow"] == (at("03 23:59:59"), True)
    before = [ACCEPTED, event("suspended", "03 10:00")]
    assert episode(one, before, "20 10:00")["levels"]["yellow"] == (None, False)


def test_18_events_of_one_instant_are_in_order_of_rank() -> None:
    events = [event("decided", "02 10:00"), ACCEPTED]
    found = episode(rule("1 working_days"), events, "20 10:00")
    assert (found["start_at"], found["stop_at"]) == (at("02 10:00"), at("02 10:00"))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"recorded_at": 1, "source_key": "b"}, {"recorded_at": 2, "source_key": "a"}),
        ({"recorded_at": 1, "source_key": "a"}, {"recorded_at": 1, "source_key": "b"}),
        ({"recorded_at": 9}, {}),  # one of which it is not known comes last
    ],
)
def test_18_then_by_when_they_were_recorded_and_by_their_number(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    one = event("accepted", "02 10:00", **{**first, "key": "z"})
    other = event("accepted", "02 10:00", **{**second, "key": "a"})
    for events in ([one, other], [other, one]):
        assert episode(rule("1 working_days"), events, "20 10:00")["start_key"] == "z"


def test_18_and_last_by_their_content() -> None:
    events = [event("accepted", "02 10:00", key="b"), event("accepted", "02 10:00", key="a")]
    for given in (events, events[::-1]):
        assert episode(rule("1 working_days"), given, "20 10:00")["start_key"] == "a"
