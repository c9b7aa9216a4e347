"""Who held a case: the shares add up to the clock's working time, and nobody holds a pause."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from efficiency_monitor.engine.encoding import ordered
from efficiency_monitor.engine.episode_timeline import walk
from efficiency_monitor.engine.evaluation import evaluate
from efficiency_monitor.engine.timeline import CaseRecord, Event
from efficiency_monitor.followup.accountability.model import Holding, attribute, whose_overrun

from .held import HOUR, TYPES, against, at, calendar, charged, days, event, rule, told, vocabulary


def test_a_case_that_nobody_passed_on_is_its_handlers() -> None:
    assert told(event("accepted", "02 10:00"), until="03 10:00") == ["- 住建局 张 7 0"]


def test_who_is_assigned_has_the_case_from_then_on() -> None:
    assert told(
        event("accepted", "02 10:00"), event("assigned", "02 14:00", actor="李"), until="03 10:00"
    ) == ["- 住建局 张 3 0", "- 住建局 李 4 0"]


def test_who_was_assigned_before_the_clock_began_has_the_case_from_its_start() -> None:
    assert told(
        event("assigned", "02 09:00", actor="李"), event("accepted", "02 10:00"), until="02 12:00"
    ) == ["- 住建局 李 2 0"]


def test_a_stage_is_its_officers_and_then_the_case_goes_back() -> None:
    assert told(
        event("accepted", "02 09:00"),
        event("assigned", "02 10:00", actor="李"),
        event("stage_started", "02 11:00", stage="审核", actor="王", department="规划局"),
        event("stage_finished", "02 14:00", stage="审核"),
        until="02 17:00",
    ) == ["- 住建局 张 1 0", "- 住建局 李 1 0", "审核 规划局 王 2 0", "- 住建局 李 3 0"]


def test_the_end_of_another_stage_changes_nothing() -> None:
    assert told(
        event("accepted", "02 09:00"),
        event("stage_started", "02 10:00", stage="审核", actor="王"),
        event("stage_finished", "02 11:00", stage="受理"),
        until="02 12:00",
    ) == ["- 住建局 张 1 0", "审核 住建局 王 2 0"]


def test_the_authority_above_answers_for_its_own_time() -> None:
    assert told(
        event("accepted", "02 09:00"),
        event("stage_started", "02 10:00", stage="审核", actor="王"),
        event("forwarded_up", "02 11:00"),
        event("forwarded_back", "03 10:00"),
        until="03 12:00",
    ) == ["- 住建局 张 1 0", "审核 住建局 王 1 0", "审核 上级机关 None 6 0", "审核 住建局 王 2 0"]


def test_nobody_holds_a_pause() -> None:
    assert told(
        event("accepted", "02 09:00"),
        event("suspended", "02 10:00", kind="hearing"),
        event("assigned", "03 10:00", actor="李"),
        event("resumed", "03 16:00", kind="hearing"),
        until="03 17:00",
    ) == ["- 住建局 张 1 0", "- 住建局 李 1 0"]


def test_what_is_counted_after_the_due_instant_is_overrun() -> None:
    parts = told(
        event("accepted", "02 09:00"),
        event("assigned", "03 10:00", actor="李"),
        event("decided", "03 16:00"),
        until="05 09:00",
        due="02 16:00",
    )
    assert parts == ["- 住建局 张 8 2", "- 住建局 李 5 5"]


def test_a_handler_to_whom_it_was_assigned_had_it_from_then_on_only() -> None:
    assigned = event("assigned", "02 14:00", actor="张")
    assert told(event("accepted", "02 10:00"), assigned, until="03 10:00") == [
        "- 住建局 None 3 0",
        "- 住建局 张 4 0",
    ]


def test_a_department_that_it_is_dispatched_to_has_it() -> None:
    assert told(
        event("accepted", "02 09:00"),
        event("dispatched", "02 10:00", department="规划局"),
        event("dispatched", "02 11:00", department="规划局"),
        event("assigned", "02 14:00", actor="李"),
        until="02 17:00",
    ) == ["- 住建局 张 1 0", "- 规划局 None 3 0", "- 规划局 李 3 0"]


# Counted days: 3, 4, 5, 6 March (seven hours each); the day of the start does not count.


def test_a_day_is_divided_by_the_hours_in_which_each_held_the_case() -> None:
    assigned = event("assigned", "04 11:00", actor="李")
    parts = days(event("accepted", "02 10:00"), assigned, until="06 00:00")
    assert parts == ["张 1.285714", "李 1.714286"]


def test_who_gets_the_case_after_hours_has_nothing_of_that_day() -> None:
    assigned = event("assigned", "03 18:00", actor="李")
    assert days(event("accepted", "02 10:00"), assigned, until="05 00:00") == [
        "张 1",
        "李 1",
    ]


def test_a_day_that_a_pause_took_away_is_nobodys() -> None:
    parts = days(
        event("accepted", "02 10:00"),
        event("suspended", "03 11:00", kind="hearing"),
        event("resumed", "04 08:00", kind="hearing"),
        event("assigned", "04 08:00", actor="李"),
        until="05 00:00",
    )
    assert parts == ["张 0", "李 1"]


def test_a_day_in_which_the_clock_ran_after_closing_only_is_of_who_had_it_last() -> None:
    parts = days(
        event("accepted", "02 10:00"),
        event("suspended", "02 17:00", kind="hearing"),
        event("resumed", "03 18:00", kind="hearing"),
        event("assigned", "03 20:00", actor="李"),
        event("assigned", "03 23:59:59", actor="王"),
        until="05 00:00",
    )
    assert parts == ["张 0", "李 1", "王 1"]


def test_below_pays_for_its_own_time_beyond_the_limit_and_above_for_the_rest() -> None:
    """Two days may be used: 7 h of 2 March from 09:00 on and 7 h of the 3rd."""
    events = (
        event("accepted", "02 09:00"),
        event("forwarded_up", "02 16:00", department="省厅"),
        event("forwarded_back", "04 12:00"),
    )
    # 6 h below, 11 h above, 3 h below: 6 h over. Below used 9 h of 14, above the other 5 of its 11.
    parts = charged(*events, until="04 16:00", due="03 17:00")
    assert parts == ["住建局 6 0 0", "省厅 11 3 6", "住建局 3 3 0"]
    # Another 14 h below make 23 h there: 9 over the limit, and all of the time above is over too.
    parts = charged(*events, until="06 16:00", due="03 17:00")
    assert parts == ["住建局 6 0 0", "省厅 11 3 11", "住建局 17 17 9"]


def test_the_case_stays_above_until_it_is_back_or_seen_below() -> None:
    events = (
        event("accepted", "02 09:00"),
        event("forwarded_up", "02 10:00", department="省厅"),
        event("assigned", "02 11:00", actor="厅员"),
    )
    above = ["- 住建局 张 1 0", "- 省厅 None 1 0"]
    assert told(*events, until="02 14:00") == [*above, "- 省厅 厅员 2 0"]
    seen = event("stage_started", "02 13:00", stage="审核", department="住建局", actor="王")
    assert told(*events, seen, until="02 14:00") == [
        *above,
        "- 省厅 厅员 1 0",
        "审核 住建局 王 1 0",
    ]


def test_the_longest_overrun_is_whose_it_was_and_the_earliest_of_equals() -> None:
    def part(holder: str, overrun: int) -> Holding:
        return Holding(
            stage=None, department=None, holder=holder, since=0, until=9, held_seconds=9,
            overrun_seconds=overrun, charged_seconds=overrun,
        )  # fmt: skip

    most = whose_overrun([part("a", 1), part("b", 5), part("c", 5), part("d", 2)])
    assert most is not None
    assert most.holder == "b"
    assert whose_overrun([part("a", 0)]) is None
    assert whose_overrun([]) is None


moves = st.lists(
    st.tuples(
        st.sampled_from([name for name, _ in TYPES if name not in ("accepted", "decided")]),
        st.integers(min_value=at("01 00:00"), max_value=at("12 00:00")),
        st.sampled_from([None, "受理", "审核"]),
        st.sampled_from([None, "张", "李", "王"]),
    ),
    max_size=12,
)


@given(moves=moves, until=st.integers(at("02 10:00") + 1, at("14 00:00")), due=st.integers(0, 20))
def test_shares_add_up(
    moves: list[tuple[str, int, str | None, str | None]], until: int, due: int
) -> None:
    events = [
        Event(key=f"{n}", type=type_, occurred_at=when, stage=stage, actor=actor)
        for n, (type_, when, stage, actor) in enumerate(moves)
    ]
    start = event("accepted", "02 10:00")
    record = CaseRecord(case_no="A", calendar="office", fields={}, events=(start, *events))
    (found,) = evaluate([record], [rule()], vocabulary(), {"office": calendar()}, until)
    (episode,) = found.episodes
    walked = walk(record, episode, vocabulary(), calendar(), until)
    due_at = start.occurred_at + due * 11 * HOUR
    parts = attribute(
        walked,
        ordered(record, vocabulary(), calendar().table, until),
        {},
        against=against(walked, due_at),
        until=until,
    )
    assert sum(part.held_seconds for part in parts) == walked.working_seconds(
        start.occurred_at, until
    )
    assert sum(part.overrun_seconds for part in parts) == walked.working_seconds(due_at, until)
    assert all(0 <= part.overrun_seconds <= part.held_seconds for part in parts)
    assert all(part.since < part.until for part in parts)
    assert all(one.until <= other.since for one, other in pairwise(parts))
    assert parts
    assert parts[0].since >= start.occurred_at
    assert parts[-1].until <= until
