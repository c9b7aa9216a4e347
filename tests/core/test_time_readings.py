"""Readings of docs/time.md, each on one story that kernel and oracle tell alike.

Working hours are 09:00-12:00 and 13:00-17:00. 2 March 2026 is a Monday, the month has no
holiday, and the calendar ends with the year.
"""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from efficiency_monitor.engine.evaluation import CompiledCalendar
from efficiency_monitor.time.amount import Amount, Unit
from tests.oracle.words import instant_text, parse_instant
from tests.properties.comparing import bound, by_oracle, by_product, judged
from tests.properties.places import DAY, Place, place_of, places

CN = next(place for place in places() if place.name == "example-cn-standard")
YELLOW = {"yellow": "promised"}


def at(text: str) -> int:
    """A wall time in March 2026, `02 10:00`, or a whole one."""
    read = parse_instant(text if len(text) > 12 else f"2026-03-{text}", CN.oracle)
    assert isinstance(read, int)
    return read


def event(type_: str, when: str, **more: Any) -> dict[str, Any]:
    """An event; with a bare day only the date is known."""
    dated = ":" not in when
    given = {"precision": "day"} if dated else {}
    first = at(f"{when} 00:00" if dated else when)
    return {"key": f"{type_} {when}", "type": type_, "occurred_at": first, **given, **more}


def rule(limit: Any, levels: dict[str, str] | None = None, **clock: Any) -> dict[str, Any]:
    """From acceptance to decision within a promise."""
    return {
        "in_force": clock.pop("in_force", {"from": "2020-01-01"}),
        "clock": {"start": "accepted", "stop": "decided", **clock},
        "limits": {"promised": [{"fixed": limit}] if isinstance(limit, str) else [limit]},
        "cards": [{"level": k, "at": v} for k, v in (levels or YELLOW).items()],
    }


PAUSED: dict[str, Any] = {"pause": [{"from": "suspended", "to": "resumed"}]}


def told(
    the_rule: dict[str, Any],
    events: list[dict[str, Any]],
    as_of: str,
    case: dict[str, str] | None = None,
    place: Place = CN,
) -> dict[str, Any]:
    """What both say."""
    found = by_product(judged(place, the_rule, case or {}, events, at(as_of)))
    assert found == by_oracle(place, the_rule, case or {}, events, at(as_of))
    return found


def episode(*arguments: Any, **more: Any) -> dict[str, Any]:
    """The one episode that both tell of."""
    (one,) = told(*arguments, **more)["episodes"]
    assert isinstance(one, dict)
    return one


ACCEPTED = event("accepted", "02 10:00")


def test_1_an_event_of_a_date_is_placed_by_what_is_known() -> None:
    events = [event("accepted", "03 15:00"), event("decided", "03")]
    assert told(rule("5 working_days"), events, "03 14:00")["reasons"] == ["faulty_data"]
    assert episode(rule("5 working_days"), events, "03 15:00")["stop_at"] == at("03 15:00")


def test_2_a_date_after_the_instant_does_not_matter() -> None:
    hours = rule("7 working_hours", **PAUSED)
    events = [ACCEPTED, event("suspended", "05"), event("resumed", "06")]
    assert episode(hours, events, "09 10:00")["levels"] == {"yellow": (at("03 10:00"), True)}
    events[1] = event("suspended", "03")
    assert told(hours, events, "09 10:00")["reasons"] == ["date_only"]


def test_2_a_stop_on_a_date_is_late_if_the_date_is() -> None:
    stated = rule({"case": "promised_due"})
    due = {"promised_due": "2026-03-04 10:00"}
    # Read at 15:00, after the second acceptance of that day, and still in time.
    events = [ACCEPTED, event("accepted", "04 15:00"), event("decided", "04")]
    assert episode(stated, events, "20 10:00", due)["levels"]["yellow"][1] is False
    events[2] = event("decided", "05")
    assert episode(stated, events, "20 10:00", due)["levels"]["yellow"][1] is True


def test_3_the_share_of_a_calendar_day() -> None:
    half = "0.5 calendar_days"
    closing = episode(rule(half, ends="close"), [ACCEPTED], "02 11:00")
    assert closing["due"]["promised"] == at("03 08:30")
    assert episode(rule(half), [ACCEPTED], "02 11:00")["due"]["promised"] == at("03 12:00")
    paused = [ACCEPTED, event("suspended", "03 00:00"), event("resumed", "03 23:59:59")]
    last = rule("0.00001 calendar_days", **PAUSED)
    # The last second adds nothing: the share is reached on the day after.
    assert episode(last, paused, "05 10:00")["due"]["promised"] == at("04 00:00:01")


def test_4_calendar_days_ask_no_status() -> None:
    late = [event("accepted", "2027-03-01 10:00")]
    assert episode(rule("5 calendar_days"), late, "2027-03-09 10:00")["levels"]["yellow"][1]
    rolling = rule("5 calendar_days", roll="next_working_day")
    assert told(rolling, late, "2027-03-09 10:00")["reasons"] == ["calendar_not_covered"]


def test_4_with_first_day_next_the_date_of_the_start_is_not_asked() -> None:
    before = CN.oracle.first - DAY
    start = event("accepted", f"{before} 10:00")
    the_rule = rule("1 working_days", in_force={"from": "2000-01-01"})
    due = episode(the_rule, [start], f"{CN.oracle.first} 10:00")["due"]["promised"]
    assert isinstance(due, int)
    same = rule("1 working_days", in_force={"from": "2000-01-01"}, first_day="same")
    assert told(same, [start], f"{CN.oracle.first} 10:00")["reasons"] == ["calendar_not_covered"]


def capped(amount: str) -> dict[str, Any]:
    """Suspensions with a cap."""
    return {"pause": [{"from": "suspended", "to": "resumed", "cap": {"fixed": amount}}]}


def test_5_a_cap_counts_from_the_beginning_of_the_pause() -> None:
    events = [event("suspended", "03 10:00"), event("accepted", "04 10:00")]
    # Tuesday and Wednesday are taken away.
    found = episode(
        rule("1 working_days", first_day="same", **capped("2 working_days")), events, "05 10:00"
    )
    assert found["due"]["promised"] == at("05 23:59:59")
    month = episode(rule("1 working_days", **capped("1 calendar_months")), events, "05 10:00")
    assert month["due"]["promised"] == at("2026-04-03 23:59:59")


def test_5_a_cap_beyond_the_calendar_makes_only_later_instants_unknown() -> None:
    start = event("accepted", "2026-12-21 10:00")
    events = [start, event("suspended", "2026-12-30 10:00")]
    clock = capped("5 working_days")
    short = episode(rule("3 working_days", **clock), events, "2026-12-31 10:00")
    assert short["levels"]["yellow"] == (at("2026-12-24 23:59:59"), True)
    long = told(rule("9 working_days", **clock), events, "2027-01-05 10:00")
    assert long["reasons"] == ["calendar_not_covered"]
    # While the calendar lasts the clock stands still.
    assert told(rule("9 working_days", **clock), events, "2026-12-31 10:00")["reasons"] == []


def test_6_what_is_walked_back_rests_on_what_was_known() -> None:
    walked = rule("21 working_hours", {"warning": "promised - 1 working_days"}, **PAUSED)
    events = [event("accepted", "02 09:00"), event("suspended", "04 10:00")]
    warned = (at("03 23:59:59"), True)
    assert episode(walked, events, "04 11:00")["levels"]["warning"] == warned
    events.append(event("resumed", "05 10:00"))
    found = episode(walked, events, "05 12:00")
    assert (found["due"]["promised"], found["levels"]["warning"]) == (at("05 17:00"), warned)
    # One that begins at the very instant comes too late for it, one before it does not.
    events = [event("accepted", "02 09:00"), event("suspended", "03 23:59:59")]
    assert episode(walked, events, "04 10:00")["levels"]["warning"] == warned
    events = [event("accepted", "02 09:00"), event("suspended", "03 10:00")]
    events.append(event("resumed", "05 10:00"))
    found = episode(walked, events, "06 12:00")
    assert found["levels"]["warning"] == (at("05 23:59:59"), True)


def test_7_a_threshold_walked_forward_rolls_as_a_limit_does() -> None:
    levels = {"red": "promised + 2 calendar_days"}
    found = episode(rule("3 working_days", levels, roll="next_working_day"), [ACCEPTED], "05 10:00")
    # From Thursday two days on is Saturday.
    assert found["levels"]["red"][0] == at("09 23:59:59")


def test_8_a_stated_instant_before_the_start_is_not_moved() -> None:
    stated = rule({"case": "promised_due", "moved_by_pauses": True}, **PAUSED)
    due = {"promised_due": "2026-02-27 10:00"}
    events = [ACCEPTED, event("suspended", "02 10:00")]
    found = episode(stated, events, "05 10:00", due)
    assert found["levels"]["yellow"] == (at("2026-02-27 10:00"), True)


@pytest.mark.parametrize(
    ("due", "back", "first_day", "expected"),
    [
        ("05 15:30", "2 working_days", "next", "03 23:59:59"),
        ("05 00:00:00", "2 working_days", "next", "02 23:59:59"),
        ("08 10:00", "1 working_days", "next", "05 23:59:59"),
        ("06 17:00", "1 working_days", "next", "05 23:59:59"),
        ("06 23:59:59", "1 working_days", "next", "05 23:59:59"),
        # The earliest instant with no more left than half of the 7 hours of the date.
        ("05 23:59:59", "1.5 working_days", "next", "04 13:30:00"),
        # Of the due instant's own day: half of the 5:30 up to it.
        ("05 15:30", "0.5 working_days", "next", "05 11:45:00"),
        # Four dates are left, the due instant's own taken as one.
        ("06 10:00", "4 working_days", "next", "02 09:00:00"),
        ("03 23:59:59", "1 working_days", "same", "02 23:59:59"),
    ],
)
def test_9_days_before_a_stated_instant(due: str, back: str, first_day: str, expected: str) -> None:
    levels = {"warning": f"promised - {back}"}
    stated = rule({"case": "promised_due"}, levels, first_day=first_day)
    accepted = event("accepted", "02 09:00")
    found = episode(stated, [accepted], "02 10:00", {"promised_due": f"2026-03-{due}"})
    assert found["levels"]["warning"][0] == at(expected)


@pytest.mark.parametrize("ends", ["midnight", "close"])
def test_9_half_of_a_day_without_hours_is_of_the_whole_day(ends: str) -> None:
    """Sunday ends at 23:59:59 either way, and half of its 24 hours are left at noon less one."""
    stated = rule({"case": "promised_due"}, {"warning": "promised - 1.5 calendar_days"}, ends=ends)
    found = episode(stated, [ACCEPTED], "02 10:00", {"promised_due": "2026-03-09"})
    assert found["levels"]["warning"][0] == at("08 11:59:59")


@pytest.mark.parametrize("first_day", ["next", "same"])
@pytest.mark.parametrize("ends", ["midnight", "close"])
@pytest.mark.parametrize("unit", ["working_days", "calendar_days"])
def test_9_an_amount_and_the_due_instant_it_gives_are_walked_alike(
    unit: str, ends: str, first_day: str
) -> None:
    accepted = event("accepted", "02 10:00")
    for days in range(1, 8):
        for back in range(1, 9):
            levels = {"warning": f"promised - {back} {unit}"}
            clock = {"first_day": first_day, "ends": ends}
            amount = episode(rule(f"{days} {unit}", levels, **clock), [accepted], "02 11:00")
            due = instant_text(amount["due"]["promised"])
            stated = rule({"case": "promised_due"}, levels, **clock)
            found = episode(stated, [accepted], "02 11:00", {"promised_due": due})
            assert found["levels"]["warning"] == amount["levels"]["warning"], (days, back)


def test_10_an_extension_that_cannot_be_added() -> None:
    longer = rule("5 working_days", extend={"by": "extended", "limits": "promised"})
    hours = event("extended", "03 10:00", amount="2 working_hours")
    assert told(longer, [ACCEPTED, hours], "20 10:00")["reasons"] == ["bad_limit"]
    late = event("extended", "10 00:00:00", amount="2 working_hours")
    assert episode(longer, [ACCEPTED, late], "20 10:00")["ignored"] == 1
    endless = event("extended", "03 10:00", amount="99999 working_days")
    found = by_product(judged(CN, longer, {}, [ACCEPTED, endless], at("20 10:00")))
    assert found["reasons"] == ["bad_limit"], "longer than an amount may be"


def test_11_an_extension_at_the_due_instant_is_in_time() -> None:
    longer = rule("5 working_days", extend={"by": "extended", "limits": "promised"})
    more = event("extended", "09 23:59:59", amount="2 working_days")
    assert episode(longer, [ACCEPTED, more], "20 10:00")["due"]["promised"] == at("11 23:59:59")


def test_12_faulty_data_come_before_any_clock() -> None:
    swapped = [event("submitted", "03 10:00"), ACCEPTED]
    for events in (swapped, [event("decided", "03 10:00")]):
        found = told(rule("1 working_days"), events, "20 10:00")
        assert (found["reasons"], found["episodes"]) == (["faulty_data"], [])
    assert (
        told(rule("1 working_days"), [event("withdrawn", "03 10:00")], "20 10:00")["reasons"] == []
    )


def test_14_months_roll_and_parts_of_days_do_not() -> None:
    def due(limit: str) -> Any:
        rolling = rule(limit, roll="next_working_day")
        return episode(rolling, [event("accepted", "2026-02-07 10:00")], "09 10:00")["due"]

    assert due("1 calendar_months") == {"promised": at("09 23:59:59")}
    assert due("28.5 calendar_days") == {"promised": at("08 12:00")}


def test_16_days_walked_back_end_at_the_end_of_a_date() -> None:
    levels = {"warning": "promised - 1 working_days"}
    for first_day in ("next", "same"):
        found = episode(
            rule("21 working_hours", levels, first_day=first_day),
            [event("accepted", "02 09:00")],
            "03 10:00",
        )
        assert found["levels"]["warning"][0] == at("03 23:59:59"), first_day


def test_17_a_stop_closes_all_even_where_nothing_runs() -> None:
    each = rule("2 working_days", episodes="each", start="contacted", stop="rated", **PAUSED)
    events = [event("suspended", "02 10:00"), event("rated", "03 10:00")]
    events.append(event("contacted", "04 10:00"))
    assert episode(each, events, "05 10:00")["due"]["promised"] == at("06 23:59:59")


DEEMED = {"deemed": {"from": "submitted", "unless": "refused", "within": "5 working_days"}}


def test_18_a_real_start_keeps_a_deemed_one_away() -> None:
    deemed = rule("2 working_days", **DEEMED)
    events = [event("submitted", "02 10:00"), event("accepted", "06 10:00")]
    found = episode(deemed, events, "20 10:00")
    assert (found["start_at"], found["deemed"]) == (at("06 10:00"), False)
    events[1] = event("accepted", "10 10:00")
    found = episode(deemed, events, "20 10:00")
    assert (found["start_at"], found["deemed"]) == (at("02 10:00"), True)
    # What lies before the deeming took effect falls due when it did.
    assert found["levels"]["yellow"] == (at("09 23:59:59"), True)


def test_18_until_then_a_stop_without_a_start_is_faulty() -> None:
    deemed = rule("2 working_days", **DEEMED)
    events = [event("submitted", "02 10:00"), event("decided", "04 10:00")]
    assert told(deemed, events, "09 23:59:59")["reasons"] == ["faulty_data"]
    assert told(deemed, events, "10 00:00:00")["outcome"] == "judged"


def test_18_a_deeming_beyond_the_calendar_is_looked_at_when_the_calendar_ends() -> None:
    deemed = rule("2 working_days", **DEEMED)
    events = [event("submitted", "2026-12-30 10:00")]
    assert told(deemed, events, "2026-12-31 23:59:59")["reasons"] == []
    assert told(deemed, events, "2027-01-01 00:00:00")["reasons"] == ["calendar_not_covered"]
    found = judged(CN, deemed, {}, events, at("2026-12-31 10:00"))
    assert found.next_at == at("2026-12-31 23:59:59")


def test_19_which_version_is_meant_when_nothing_has_started() -> None:
    old = rule("2 working_days", in_force={"from": "2020-01-01", "to": "2026-03-05"}, **DEEMED)
    assert told(old, [event("contacted", "02 10:00")], "05 10:00")["outcome"] == "judged"
    assert told(old, [event("contacted", "02 10:00")], "06 10:00")["outcome"] == "excluded"
    # The day of what a start may be deemed from, and the day of a stop without a start, decide.
    assert told(old, [event("submitted", "05 10:00")], "06 10:00")["outcome"] == "judged"
    assert told(old, [event("decided", "05 10:00")], "06 10:00")["reasons"] == ["faulty_data"]
    assert told(old, [event("decided", "06 10:00")], "06 10:00")["outcome"] == "excluded"


def test_20_when_elapsed_is_not_told() -> None:
    events = [event("accepted", "02")]
    assert (
        episode(rule("5 working_days", count="working_hours"), events, "04 10:00")["elapsed"]
        is None
    )
    assert episode(rule("5 working_days"), events, "04 17:00")["elapsed"] == "2"
    clock: dict[str, Any] = {
        "pause": [{"from": "suspended", "to": "resumed", "cap": {"event": "amount"}}]
    }
    unread = [ACCEPTED, event("suspended", "04 10:00", amount="soon")]
    found = told(rule("2 working_days", **clock), unread, "20 10:00")
    # It began after the level's instant only if it began after the third's end.
    assert (found["reasons"], found["episodes"][0]["elapsed"]) == (["bad_limit"], None)
    unread[1] = event("suspended", "05 10:00", amount="soon")
    assert told(rule("2 working_days", **clock), unread, "20 10:00")["reasons"] == []


def test_21_under_a_pause_that_never_ends_no_date_is_asked() -> None:
    events = [event("suspended", "2027-01-04 10:00"), event("accepted", "2027-01-05 10:00")]
    assert told(rule("5 working_days", **PAUSED), events, "2027-02-01 10:00")["reasons"] == []


def with_draft(place: Place, text: str) -> Place:
    """The calendar with a further notice that is not published."""
    notice = f'draft: {{number: "2", source: invented, status: provisional, covers: {text}}}'
    return place_of(
        f"""
id: drafted
extends: cn-standard
days_off: [{{date: 2026-03-10, notice: own}}]
notices:
  own: {{number: "1", source: invented, status: official}}
  {notice}
""",
        beside=place,
    )


def test_22_a_card_on_a_provisional_date_is_withheld_and_its_instant_given() -> None:
    drafted = with_draft(CN, "{from: 2026-03-10, to: 2026-03-11}")
    found = told(rule("9 working_days"), [ACCEPTED], "20 10:00", place=drafted)
    assert found["reasons"] == ["calendar_provisional"]
    assert found["episodes"][0]["levels"]["yellow"] == (at("16 23:59:59"), False)
    # An official date does not settle the dates around it that a draft speaks for.
    drafted = with_draft(CN, "{from: 2026-03-10, to: 2026-03-10}")
    reasons = told(rule("9 working_days"), [ACCEPTED], "20 10:00", place=drafted)["reasons"]
    assert reasons == ["calendar_provisional"]


def test_22_a_cap_rests_on_dates_only_for_what_falls_due_after_its_pause_began() -> None:
    drafted = with_draft(CN, "{from: 2026-03-03, to: 2026-03-20}")
    clock = capped("2 working_days")
    hours = rule("30 calendar_hours", **clock)
    later = [ACCEPTED, event("suspended", "05 10:00")]
    assert episode(hours, later, "20 10:00", place=drafted)["levels"]["yellow"][1] is True
    before = [ACCEPTED, event("suspended", "02 12:00"), event("resumed", "02 13:00")]
    assert told(hours, before, "20 10:00", place=drafted)["reasons"] == ["calendar_provisional"]


def test_23_where_a_calendar_knows_the_bounds_of_dates() -> None:
    calendar_days = rule("1 calendar_days", in_force={"from": "2000-01-01"})
    near = [event("accepted", f"{CN.oracle.first.replace(year=CN.oracle.first.year - 1)} 10:00")]
    assert told(calendar_days, near, "02 10:00")["reasons"] == []
    far = [event("accepted", f"{CN.oracle.first.replace(year=CN.oracle.first.year - 2)} 10:00")]
    assert told(calendar_days, far, "02 10:00")["reasons"] == ["calendar_not_covered"]


def test_24_hours_where_the_clocks_jump_are_moved_and_cut_off() -> None:
    nights = next(place for place in places() if place.name == "nights")
    table: CompiledCalendar = nights.compiled
    day = (date(2024, 3, 10) - nights.oracle.first).days
    worked = table.table.work_before
    number = day + nights.oracle.first.toordinal() - table.table.ordinal
    # 01:00-01:45 stays; 02:15-02:45 is read as 03:15-03:45, and 03:00-03:20 lies before its end.
    assert worked[number + 1] - worked[number] == (45 + 30) * 60


def test_25_hours_to_midnight_close_with_the_next_date() -> None:
    nights = next(place for place in places() if place.name == "nights")
    start = int(nights.oracle.at(date(2024, 3, 4), 10 * 3600))
    events = [{"key": "1", "type": "accepted", "occurred_at": start}]
    the_rule = rule("1 working_days", first_day="same", ends="close")
    found = by_product(judged(nights, the_rule, {}, events, start))
    assert found["episodes"][0]["due"]["promised"] == nights.oracle.at(date(2024, 3, 5), 0)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (rule("5 working_days", {"yellow": "promised - 1 calendar_months"}), "in months only"),
        (rule("5 working_days", episodes="each", **DEEMED), "episodes is 'once'"),
        (rule("5 working_days", start=["submitted", "accepted"], **DEEMED), "starts the clock"),
        (rule("5 working_days", pause=[{"from": ["suspended"], "to": "suspended"}]), "both begin"),
        (rule("5 working_days", **capped("1.5 working_days")), "whole days"),
        (rule("5 working_days", pause=[{"from": "suspended", "to": "resumed"}] * 9), "at most 8"),
    ],
)
def test_what_has_no_meaning_is_refused_at_load(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        bound(wrong)


def test_months_are_subtracted_from_months() -> None:
    levels = {"yellow": "promised - 1 calendar_months"}
    found = episode(rule("3 calendar_months", levels), [ACCEPTED], "09 10:00")
    assert found["levels"]["yellow"][0] == at("2026-05-02 23:59:59")


@pytest.mark.parametrize("unit", list(Unit))
def test_amounts_reach_to_a_hundred_years(unit: Unit) -> None:
    assert str(Amount.parse(f"{unit.most} {unit}")) == f"{unit.most} {unit}"
    with pytest.raises(ValueError, match="100 years"):
        Amount.parse(f"{unit.most + 1} {unit}")
    days = unit.most * (unit.seconds or 86_400) // 86_400
    assert days == {Unit.CALENDAR_MONTHS: 1_200}.get(unit, 36_525)


def test_a_hundred_years_in_seconds_stay_inside_64_bits() -> None:
    """The share of a long amount, on the interpreted kernel and on the compiled one."""
    seconds = 3_155_760_000
    start = at("02 10:00")
    levels = {"yellow": "0.05% promised", "red": "promised"}
    long = rule(f"{seconds} calendar_seconds", levels)
    found = episode(long, [event("accepted", "02 10:00")], "20 10:00")
    assert found["levels"]["yellow"][0] == start + seconds // 2_000
    assert found["due"]["promised"] == start + seconds
