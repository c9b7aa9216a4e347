"""Edges of conditions by hand: what drawn timelines seldom meet, the answers worked out here."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from efficiency_monitor.engine.evaluation import evaluate
from efficiency_monitor.engine.findings import CaseFindings, Offence
from efficiency_monitor.engine.timeline import CaseRecord
from efficiency_monitor.terms import Outcome, Reason
from tests.properties.comparing import bound, event, vocabulary
from tests.properties.places import Place, places

SHANGHAI = ZoneInfo("Asia/Shanghai")
FOREVER = {"from": "2000-01-01"}


def place(name: str) -> Place:
    """A calendar of the tests."""
    return next(one for one in places() if one.name == name)


def at(text: str) -> int:
    """A wall time in Shanghai as epoch seconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp())


def happened(type_: str, when: str, **more: Any) -> dict[str, Any]:
    """An event; `recorded_at` as a wall time, a bare date for a time that is not known."""
    made: dict[str, Any] = {"key": f"{type_} {when}", "type": type_, "occurred_at": at(when)}
    if len(when) == 10:
        made["precision"] = "day"
    if "recorded_at" in more:
        more["recorded_at"] = at(more["recorded_at"])
    return made | more


def judge(
    condition: dict[str, Any],
    cards: dict[str, str],
    events: list[dict[str, Any]],
    *,
    as_of: str = "2026-02-28 12:00",
    case: dict[str, str] | None = None,
    stale: bool = False,
    **rule: Any,
) -> CaseFindings:
    """What a rule of conduct says of a case in the calendar whose year 2026 is provisional."""
    text = {
        "in_force": FOREVER,
        "condition": condition,
        "cards": [{"level": level, "at": point} for level, point in cards.items()],
        **rule,
    }
    one = place("tail")
    record = CaseRecord(
        case_no="A",
        calendar=one.name,
        fields=case or {},
        events=tuple(event(each) for each in events),
        stale=stale,
    )
    return evaluate([record], [bound(text)], vocabulary(), {one.name: one.compiled}, at(as_of))[0]


def only(found: CaseFindings) -> Offence:
    """The one offence."""
    (offence,) = found.offences
    return offence


def reached(found: CaseFindings) -> list[str]:
    """Levels that are reached, by every offence."""
    return [
        level.level.word for offence in found.offences for level in offence.levels if level.reached
    ]


@pytest.mark.parametrize(
    ("card", "levels"),
    [("> 1.000277 working_hours", ["red"]), ("= 1.000277 working_hours", []),
     ("<= 1.000277 working_hours", []), (">= 1.000277 working_hours", ["red"]),
     ("< 1.000278 working_hours", ["red"])],
)  # fmt: skip
def test_what_is_cut_off_still_counts(card: str, levels: list[str]) -> None:
    """3601 seconds are 1.000277777… hours: more than 1.000277, and not that."""
    found = judge(
        {"measure": "gap", "since": "accepted", "of": "decided", "unit": "working_hours"},
        {"red": card},
        [happened("accepted", "2025-09-01 09:00"), happened("decided", "2025-09-01 10:00:01")],
    )
    assert reached(found) == levels
    if levels:
        assert only(found).value == Decimal("1.000277")


def test_no_card_above_a_warning_rests_on_a_provisional_date() -> None:
    events = [happened("accepted", "2026-01-05 09:00"), happened("decided", "2026-01-07 10:00")]
    told = {"measure": "gap", "since": "accepted", "of": "decided"}
    cards = {"warning": ">= 1 working_days", "yellow": "> 1 working_days"}
    found = judge({**told, "unit": "working_days"}, cards, events)
    assert reached(found) == ["warning"]
    assert only(found).reasons == (Reason.CALENDAR_PROVISIONAL,)
    plain = {level: point.replace("working", "calendar") for level, point in cards.items()}
    found = judge({**told, "unit": "calendar_days"}, plain, events)
    assert reached(found) == ["warning", "yellow"]


def test_the_last_since_at_its_own_instant_is_no_time_ago() -> None:
    """A stage that starts when the one before it finishes: nothing lay between."""
    found = judge(
        {
            "measure": "gap",
            "since": "stage_finished",
            "of": "stage_started",
            "unit": "working_days",
        },
        {"yellow": "> 2 working_days"},
        [
            happened("stage_finished", "2025-09-01 10:00", stage="a"),
            happened("stage_started", "2025-09-10 10:00", stage="c"),
            happened("stage_finished", "2025-09-10 10:00", stage="b"),
        ],
    )
    assert found.offences == ()
    assert found.outcome is Outcome.JUDGED


def test_a_record_still_to_come_wakes_the_case_in_its_last_second() -> None:
    condition = {"measure": "lag", "of": "accepted", "unit": "calendar_days"}
    events = [happened("accepted", "2025-09-01 09:00", recorded_at="2025-09-05 09:00")]
    cards = {"yellow": "> 1 calendar_days"}
    before = judge(condition, cards, events, as_of="2025-09-05 08:59:59")
    assert reached(before) == []
    assert before.next_at == at("2025-09-05 08:59:59")
    after = judge(condition, cards, events, as_of="2025-09-05 09:00:00")
    assert reached(after) == ["yellow"]
    assert after.next_at is None


def test_a_new_version_says_nothing_of_what_was_reached_under_the_old_one() -> None:
    events = [
        happened("correction_requested", f"2025-09-{day:02} 10:00", source_key=str(day))
        for day in (1, 2, 3)
    ]
    condition = {"measure": "count", "of": "correction_requested"}
    cards = {"yellow": ">= 2", "red": ">= 3"}
    old = judge(condition, cards, events, in_force={"from": "2025-01-01", "to": "2025-09-02"})
    new = judge(condition, cards, events, in_force={"from": "2025-09-03"})
    assert reached(old) == ["yellow", "red"]
    assert reached(new) == []
    assert new.outcome is Outcome.JUDGED


def test_a_case_of_another_time_is_none_of_the_rule() -> None:
    events = [happened("correction_requested", "2025-09-01 10:00")]
    found = judge(
        {"measure": "count", "of": "correction_requested"},
        {"yellow": ">= 1"},
        events,
        in_force={"from": "2025-01-01", "to": "2025-08-31"},
    )
    assert found.outcome is Outcome.EXCLUDED


def test_a_stale_feed_hides_nothing_that_has_happened() -> None:
    events = [happened("correction_requested", "2025-09-01 10:00")]
    condition = {"measure": "count", "of": "correction_requested"}
    found = judge(condition, {"yellow": ">= 1"}, events, stale=True)
    assert reached(found) == ["yellow"]
    assert found.outcome is Outcome.NOT_JUDGEABLE
    assert [trouble.reason for trouble in found.troubles] == [Reason.STALE_FEED]
    over = [*events, happened("decided", "2025-09-02 10:00")]
    assert judge(condition, {"yellow": ">= 1"}, over, stale=True).outcome is Outcome.JUDGED


@pytest.mark.parametrize(
    ("fee", "fees", "value"),
    [
        ("150", "100;200", "25"),
        ("0.02", "0.03", "33.333333"),
        ("99999999.99", "0.01", "999999999800"),
        ("1", "none", "100"),
        ("1", "0", "100"),
        ("30", "0;80", "100"),
    ],
)
def test_the_distance_of_a_fee(fee: str, fees: str, value: str) -> None:
    found = judge(
        {"measure": "fee_deviation", "of": "fee_charged"},
        {"yellow": "> 5 %"},
        [happened("fee_charged", "2025-09-01 10:00", attributes={"fee": fee})],
        case={"fee_list": fees},
    )
    assert only(found).value == Decimal(value)


@pytest.mark.parametrize("fee", ["", "ten", "1e2", "-5", "5.001", "100000000.01", "５"])
def test_a_fee_that_is_none_is_lacking(fee: str) -> None:
    found = judge(
        {"measure": "fee_deviation", "of": "fee_charged"},
        {"yellow": "> 5 %"},
        [happened("fee_charged", "2025-09-01 10:00", attributes={"fee": fee})],
        case={"fee_list": "5"},
    )
    assert [(each.reason, each.detail) for each in found.troubles] == [
        (Reason.LACKING_DATA, "fee, fee_list")
    ]


def test_the_due_instant_that_a_lawful_pause_had_moved_by_the_time_of_recording() -> None:
    """Due on 5 September, on 9 September with the hearing; recorded on the 8th is in time."""
    events = [
        happened("accepted", "2025-09-01 09:00"),
        happened("suspended", "2025-09-02 09:00", kind="other", recorded_at="2025-09-08 09:00"),
        happened("suspended", "2025-09-03 09:00", kind="hearing", recorded_at="2025-09-03 09:00"),
        happened("resumed", "2025-09-05 09:00", kind="hearing"),
    ]
    pause = {"from": "suspended", "to": "resumed", "kinds": "hearing"}
    clock = {"start": "accepted", "stop": "decided", "pause": [pause]}
    found = judge(
        {"measure": "recorded_after_due", "of": "suspended", "limit": "promised"},
        {"red": "> 0 calendar_seconds"},
        events,
        clock=clock,
        limits={"promised": {"fixed": "4 working_days"}},
    )
    assert found.offences == ()
    assert found.outcome is Outcome.JUDGED
    late = judge(
        {"measure": "recorded_after_due", "of": "suspended", "limit": "promised"},
        {"red": "> 0 calendar_seconds"},
        [event for event in events if event.get("kind") != "hearing"],
        clock=clock,
        limits={"promised": {"fixed": "4 working_days"}},
    )
    assert only(late).value == at("2025-09-08 09:00") - at("2025-09-05 23:59:59")


@pytest.mark.parametrize(
    ("later", "own", "early"),
    [
        ("2025-09-02 10:00", "2025-09-02 10:00", False),
        ("2025-09-02 09:59:59", "2025-09-02 10:00", True),
        ("2025-09-02", "2025-09-02 10:00", False),
        ("2025-09-01", "2025-09-02 10:00", True),
        ("2025-09-01 10:00", "2025-09-01", False),
        ("2025-08-31 10:00", "2025-09-01", True),
    ],
)
def test_a_stage_came_too_early_only_where_that_is_certain(
    later: str, own: str, early: bool
) -> None:
    found = judge(
        {"measure": "reordered_stage", "of": "stage_started"},
        {"red": "= 1"},
        [happened("stage_started", later, stage="B"), happened("stage_started", own, stage="a ")],
        case={"stage_list": "A; b"},
    )
    assert bool(found.offences) == early


def test_a_resume_without_a_kind_ends_every_pause() -> None:
    events = [
        happened("accepted", "2025-09-01 09:00"),
        happened("suspended", "2025-09-01 09:00", kind="hearing"),
        happened("suspended", "2025-09-01 09:00", kind="other"),
        happened("resumed", "2025-09-01 10:00"),
        happened("decided", "2025-09-01 11:00"),
    ]
    pauses = {"of": "suspended", "until": "resumed"}
    share = {"measure": "paused_share", "since": "accepted", "stop": "decided", **pauses}
    assert only(judge(share, {"red": ">= 0 %"}, events)).value == 50
    events[3]["kind"] = "hearing"
    assert only(judge(share, {"red": ">= 0 %"}, events)).value == 100


@pytest.mark.parametrize(("resumed", "others"), [("2025-09-03 10:00", 0), ("2025-09-04 10:00", 1)])
def test_a_pause_of_a_bare_date_overlaps_only_what_ran_on_after_it(
    resumed: str, others: int
) -> None:
    found = judge(
        {"measure": "overlapping", "of": "suspended", "until": "resumed"},
        {"red": "> 0"},
        [
            happened("suspended", "2025-09-01 09:00", kind="hearing"),
            happened("suspended", "2025-09-03", kind="other"),
            happened("resumed", resumed, kind="hearing"),
        ],
    )
    assert len(found.offences) == others


@pytest.mark.parametrize(
    ("begun", "ended", "crossed"),
    [
        ("2025-09-01 16:30", "2025-09-02 09:30", True),
        ("2025-09-01 16:29:59", "2025-09-02 09:30", False),
        ("2025-09-01 16:30", "2025-09-02 09:30:01", False),
        ("2025-09-01 17:00", "2025-09-01 17:00:01", True),
        ("2025-09-01 17:00:01", "2025-09-02 09:00", False),
        ("2025-09-01 16:30", "2025-09-01 17:00", False),
        ("2025-09-05 13:15", "2025-09-08 09:15", True),
        ("2025-09-06 12:00", "2025-09-08 09:15", False),
    ],
)
def test_a_pause_across_closing_time_to_the_second(begun: str, ended: str, crossed: bool) -> None:
    """Hours of the calendar: Monday to 17:00, Friday to 13:30, from 09:00 on."""
    found = judge(
        {
            "measure": "across_closing",
            "of": "suspended",
            "until": "resumed",
            "within": "30 working_minutes",
        },
        {"red": "> 0"},
        [happened("suspended", begun), happened("resumed", ended)],
    )
    assert bool(found.offences) == crossed
    if crossed:
        assert only(found).levels[0].instant == at(ended)
