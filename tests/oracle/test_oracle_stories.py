"""Stories whose answers were worked out by hand, on the Chinese calendar.

Working hours are 09:00-12:00 and 13:00-17:00, seven a day. 2 March 2026 is a Monday,
and the month has no holiday.
"""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from .calendars import OracleCalendar, OutsideCalendar, load
from .evaluate import evaluate
from .words import parse_instant

CN = load(Path(__file__).resolve().parents[1] / "data" / "time_examples/calendars/cn-standard.yaml")
LEVELS = {
    "warning": "promised - 2 working_days",
    "yellow": "promised",
    "red": "promised + 1 working_days",
}


def at(text: str) -> int:
    """A wall time in March 2026, `02 10:00`, or a whole one."""
    instant = parse_instant(text if len(text) > 12 else f"2026-03-{text}", CN)
    assert isinstance(instant, int)
    return instant


def event(type_: str, when: str, **more: Any) -> dict[str, Any]:
    """An event; with a bare day only the date is known."""
    day_only = ":" not in when
    return {
        "key": f"{type_} {when}",
        "type": type_,
        "occurred_at": at(f"{when} 00:00" if day_only else when),
        "precision": "day" if day_only else "second",
        **more,
    }


def rule(
    limit: Any = "5 working_days", levels: dict[str, str] | None = None, **clock: Any
) -> dict[str, Any]:
    """Accepted to decided within a promise."""
    return {
        "in_force": {"from": "2020-01-01"},
        "clock": {"start": "accepted", "stop": "decided", "count": "working_days", **clock},
        "limits": {"promised": {"fixed": limit} if isinstance(limit, str) else limit},
        "cards": [{"level": k, "at": v} for k, v in (levels or LEVELS).items()],
    }


SUSPENDED: dict[str, Any] = {"pause": [{"from": "suspended", "to": "resumed"}]}


def judge(
    the_rule: dict[str, Any],
    events: list[dict[str, Any]],
    as_of: str,
    case: dict[str, str] | None = None,
    calendar: OracleCalendar = CN,
) -> dict[str, Any]:
    """All of the answer."""
    return evaluate(the_rule, case or {}, events, calendar, at(as_of))


def only(answer: dict[str, Any]) -> dict[str, Any]:
    """The one episode of a judged answer."""
    assert (answer["outcome"], answer["reasons"]) == ("judged", set())
    (episode,) = answer["episodes"]
    assert isinstance(episode, dict)
    return episode


def fallen(episode: dict[str, Any]) -> list[str]:
    """Levels reached."""
    return [level for level, found in episode["levels"].items() if found["reached"]]


def test_a_level_is_reached_one_second_after_its_instant() -> None:
    events = [event("accepted", "02 10:00")]
    seen = only(judge(rule(), events, "09 23:59:59"))
    assert seen["due"] == {"promised": at("09 23:59:59")}
    instants = [found["instant"] for found in seen["levels"].values()]
    assert instants == [at("05 23:59:59"), at("09 23:59:59"), at("10 23:59:59")]
    assert fallen(seen) == ["warning"]
    assert seen["elapsed"] == 5
    assert fallen(only(judge(rule(), events, "10 00:00:00"))) == ["warning", "yellow"]


def test_a_late_stop_gets_a_card_and_never_a_warning() -> None:
    late = [event("accepted", "02 10:00"), event("decided", "10 00:00:00")]
    seen = only(judge(rule(), late, "20 10:00"))
    assert (seen["state"], seen["stop_at"], fallen(seen)) == (
        "stopped",
        at("10 00:00:00"),
        ["yellow"],
    )
    on_the_day = [event("accepted", "02 10:00"), event("decided", "09")]
    assert fallen(only(judge(rule(), on_the_day, "20 10:00"))) == []


def test_the_national_day_and_its_make_up_saturday() -> None:
    events = [event("accepted", "2026-09-30 16:00")]
    seen = only(judge(rule("3 working_days"), events, "2026-10-09 12:00"))
    # 8 and 9 October and Saturday the 10th; by Friday noon one day and 3 of 7 hours.
    assert seen["due"]["promised"] == at("2026-10-10 23:59:59")
    assert seen["elapsed"] == 1 + Fraction(3, 7)


def test_a_suspension_takes_the_days_that_end_in_it() -> None:
    events = [event("accepted", "02 10:00"), event("suspended", "03 15:00", kind="hearing")]
    open_ = only(judge(rule(**SUSPENDED), events, "04 12:00"))
    assert (open_["state"], open_["due"]["promised"]) == ("paused", None)
    # On the 3rd five of seven hours had been worked: that share stays (docs/time.md 7).
    assert open_["elapsed"] == Fraction(5, 7)
    events += [
        event("suspended", "04 09:00", kind="hearing"),
        event("resumed", "05 11:00"),
        event("resumed", "05 11:30"),
    ]
    seen = only(judge(rule(**SUSPENDED), events, "06 00:00:00"))
    assert seen["due"]["promised"] == at("11 23:59:59")
    assert (seen["elapsed"], seen["ignored"]) == (1, 2)


def test_a_resume_closes_only_its_kind() -> None:
    events = [
        event("accepted", "02 10:00"),
        event("suspended", "03 09:00", kind="hearing"),
        event("suspended", "03 10:00", kind="testing"),
        event("resumed", "03 16:00", kind="hearing"),
        event("resumed", "05 16:00", kind="testing"),
    ]
    seen = only(judge(rule(**SUSPENDED), events, "06 12:00"))
    assert seen["due"]["promised"] == at("11 23:59:59")


def test_what_had_fallen_due_stays_under_a_later_suspension() -> None:
    """21 hours from Monday 9:00 end on Wednesday 17:00; no more than one day, a part of it, is left
    when Tuesday has ended."""
    walked = rule("21 working_hours", {"warning": "promised - 1 working_days"}, **SUSPENDED)
    events = [event("accepted", "02 09:00")]
    assert fallen(only(judge(walked, events, "03 23:59:59"))) == []
    assert fallen(only(judge(walked, events, "04 00:00:00"))) == ["warning"]
    events.append(event("suspended", "04 09:30"))
    assert fallen(only(judge(walked, events, "04 10:00"))) == ["warning"]
    events.append(event("resumed", "06 09:30"))
    seen = only(judge(walked, events, "06 12:00"))
    assert seen["levels"]["warning"] == {"instant": at("03 23:59:59"), "reached": True}


def test_an_extension_counts_only_until_the_level_has_fallen_due() -> None:
    extend = {"extend": {"by": "extended", "limits": "promised"}}
    in_time = event("extended", "09 23:59:59", amount="2 working_days")
    events = [event("accepted", "02 10:00"), in_time]
    seen = only(judge(rule(**extend), events, "13 10:00"))
    # The warning of 5 March had fallen due; yellow and red move.
    instants = [found["instant"] for found in seen["levels"].values()]
    assert instants == [at("05 23:59:59"), at("11 23:59:59"), at("12 23:59:59")]
    too_late = event("extended", "10 00:00:00", amount="2 working_days")
    seen = only(judge(rule(**extend), [events[0], too_late], "13 10:00"))
    assert seen["due"]["promised"] == at("09 23:59:59")
    # Red had not fallen due, but the limit had: the extension comes too late for it.
    assert seen["levels"]["red"]["instant"] == at("10 23:59:59")
    assert seen["ignored"] == 1
    in_hours = event("extended", "03 10:00", amount="2 working_hours")
    answer = judge(rule(**extend), [events[0], in_hours], "13 10:00")
    assert (answer["outcome"], answer["reasons"]) == ("not_judgeable", {"bad_limit"})


def test_a_deemed_start_takes_effect_when_the_silence_was_long_enough() -> None:
    deemed = rule(deemed={"from": "submitted", "unless": "accepted", "within": "5 working_days"})
    events = [event("submitted", "02 10:00")]
    assert judge(deemed, events, "09 23:59:59")["episodes"] == []
    seen = only(judge(deemed, events, "10 00:00:00"))
    assert (seen["start_at"], seen["deemed"]) == (at("02 10:00"), True)
    # The warning's own instant, 5 March, lies before the deeming took effect.
    assert seen["levels"]["warning"] == {"instant": at("09 23:59:59"), "reached": True}
    assert fallen(seen) == ["warning", "yellow"]
    seen = only(judge(deemed, [*events, event("accepted", "06 10:00")], "12 10:00"))
    assert (seen["start_at"], seen["deemed"]) == (at("06 10:00"), False)


def test_faulty_data_come_before_any_clock() -> None:
    swapped = [event("submitted", "03 10:00"), event("accepted", "02 10:00")]
    missing = [event("decided", "03 10:00")]
    for events in (swapped, missing):
        answer = judge(rule(), events, "20 10:00")
        assert answer == {
            "outcome": "not_judgeable",
            "reasons": {"faulty_data"},
            "episodes": [],
        }
    assert judge(rule(), [event("withdrawn", "03 10:00")], "20 10:00")["outcome"] == "judged"


def test_a_date_stands_where_the_ranks_allow() -> None:
    """Submitted and decided by date, accepted at 15:00 in between: nothing is faulty."""
    events = [event("submitted", "03"), event("accepted", "03 15:00"), event("decided", "03")]
    seen = only(judge(rule(), events, "20 10:00"))
    assert (seen["start_at"], seen["stop_at"]) == (at("03 15:00"), at("03 15:00"))
    seen = only(judge(rule(start="submitted"), events, "20 10:00"))
    assert (seen["start_at"], seen["stop_at"]) == (at("03 00:00"), at("03 15:00"))


def test_hours_are_not_judged_on_dates() -> None:
    hours = rule("7 working_hours", {"yellow": "promised"})
    answer = judge(hours, [event("accepted", "02")], "02 10:00")
    assert (answer["outcome"], answer["reasons"]) == ("not_judgeable", {"date_only"})
    same_day = [event("accepted", "02 10:00"), event("decided", "03")]
    assert judge(hours, same_day, "05 10:00")["reasons"] == {"date_only"}
    # What had fallen due on Tuesday at 10:00 does not rest on the time of a later date (time.md
    # 15).
    days_after = [event("accepted", "02 10:00"), event("decided", "05")]
    assert fallen(only(judge(hours, days_after, "06 10:00"))) == ["yellow"]


def test_each_stage_has_episodes_of_its_own() -> None:
    stages = rule(
        "1 working_days",
        {"yellow": "promised"},
        start="stage_started",
        stop="stage_finished",
        episodes="per_stage",
    )
    events = [
        event("stage_started", "02 10:00", stage="review"),
        event("stage_started", "02 11:00", stage="survey"),
        event("stage_finished", "03 10:00", stage="review"),
        event("stage_started", "05 10:00", stage="review"),
        event("withdrawn", "05 12:00"),
    ]
    found = judge(stages, events, "20 10:00")["episodes"]
    assert [(one["stage"], one["stop_at"], fallen(one)) for one in found] == [
        ("review", at("03 10:00"), []),
        ("survey", at("05 12:00"), ["yellow"]),
        ("review", at("05 12:00"), []),
    ]


def test_a_stated_due_date_is_moved_only_where_the_rule_says_so() -> None:
    stated = {"case": "promised_due"}
    half = {"yellow": "promised", "warning": "50% promised"}
    case = {"promised_due": "2026-03-06"}
    events = [
        event("accepted", "02 09:00"),
        event("suspended", "03 09:00"),
        event("resumed", "05 09:00"),
    ]
    seen = only(judge(rule(stated, half, **SUSPENDED), events, "05 10:00", case))
    assert seen["due"]["promised"] == at("06 23:59:59")
    # Half of 35 working hours: two days of seven, and 3.5 hours of Wednesday. No pause moves it.
    assert seen["levels"]["warning"]["instant"] == at("04 13:30")
    moved = rule({**stated, "moved_by_pauses": True}, half, **SUSPENDED)
    assert only(judge(moved, events, "05 10:00", case))["due"]["promised"] == at("10 17:00")
    assert judge(rule(stated, half), events, "05 10:00")["reasons"] == {"no_limit"}


def test_beyond_the_calendar_nothing_is_guessed() -> None:
    events = [event("accepted", "2026-12-30 10:00")]
    seen = only(judge(rule(), events, "2026-12-31 10:00"))
    assert seen["levels"]["yellow"] == {"instant": None, "reached": False}
    answer = judge(rule(), events, "2027-01-04 10:00")
    assert (answer["outcome"], answer["reasons"]) == ("not_judgeable", {"calendar_not_covered"})


def test_no_card_rests_on_a_provisional_date() -> None:
    draft = {
        "draft": {"status": "provisional", "covers": {"from": "2026-03-06", "to": "2026-03-07"}}
    }
    calendar = replace(CN, notices={**CN.notices, **draft})
    events = [event("accepted", "02 10:00")]
    answer = judge(rule(), events, "10 10:00", calendar=calendar)
    assert answer["reasons"] == {"calendar_provisional"}
    (seen,) = answer["episodes"]
    assert fallen(seen) == ["warning"]
    assert seen["levels"]["yellow"]["instant"] == at("09 23:59:59")


@pytest.mark.parametrize(("start", "outcome"), [("02 10:00", "excluded"), ("03 10:00", "judged")])
def test_the_version_in_force_at_the_start_binds(start: str, outcome: str) -> None:
    newer = {**rule(), "in_force": {"from": "2026-03-03"}}
    assert judge(newer, [event("accepted", start)], "04 10:00")["outcome"] == outcome


PARENT = """
id: land
zone: Asia/Shanghai
covers: {from: 2026-01-01, to: 2026-12-31}
week: {mon: [["09:00", "17:00"]], tue: [["09:00", "17:00"]]}
seasons: [{from: "12-01", to: "02-15", week: {mon: [["10:00", "16:00"]]}}]
days_off: [{date: 2026-03-02, notice: n}]
working_days: [{date: 2026-02-14, notice: n}, {date: 2026-02-21, notice: n}]
notices: {n: {status: official}, draft: {status: provisional}}
"""
CHILD = """
id: town
extends: land
working_days: [{date: 2026-03-02, notice: draft, hours: [["09:00", "10:00"]]}]
"""


def test_a_region_overrides_single_dates_of_its_parent(tmp_path: Path) -> None:
    (tmp_path / "land.yaml").write_text(PARENT, encoding="utf-8")
    (tmp_path / "town.yaml").write_text(CHILD, encoding="utf-8")
    land, town = load(tmp_path / "land.yaml"), load(tmp_path / "town.yaml")
    second = date(2026, 3, 2)
    assert land.status(second) == (False, [], "day_off", "n")
    assert town.status(second) == (True, [(9 * 3600, 10 * 3600)], "make_up", "draft")
    assert (land.provisional(second), town.provisional(second)) == (False, True)
    # The winter season wraps over new year; a make-up day has Monday's hours of its season.
    assert town.status(date(2026, 2, 14)).hours == [(10 * 3600, 16 * 3600)]
    assert town.status(date(2026, 2, 21)).hours == [(9 * 3600, 17 * 3600)]
    assert town.status(date(2026, 2, 17)).hours == [(9 * 3600, 17 * 3600)]
    with pytest.raises(OutsideCalendar):
        town.status(date(2027, 1, 1))


@pytest.mark.parametrize(
    "line",
    [
        "week: {mon: [[9:00, 17:00]]}",
        'week: {mon: [["17:00", "09:00"]]}',
        'week: {mon: [["09:00", "12:00"], ["11:00", "17:00"]]}',
        "days_off: [{date: 2026-03-02}]",
        "{week: {mon: [], tue: []}, seasons: []}",
    ],
)
def test_a_wrong_calendar_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "land.yaml").write_text(PARENT, encoding="utf-8")
    wrong = {**yaml.safe_load(CHILD), **yaml.safe_load(line)}
    (tmp_path / "wrong.yaml").write_text(yaml.safe_dump(wrong), encoding="utf-8")
    with pytest.raises(ValueError, match=r"quoted|overnight|overlapping|both|without any hours"):
        load(tmp_path / "wrong.yaml")
