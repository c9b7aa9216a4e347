"""Who held a case: the shares add up to the clock's working time, and nobody holds a pause."""

from functools import cache
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from efficiency_monitor.core.accountability import Against, Holding, attribute, whose_overrun
from efficiency_monitor.core.amount import Unit
from efficiency_monitor.core.business_time import compile_calendar
from efficiency_monitor.core.calendar import CalendarFile, build
from efficiency_monitor.core.encoding import BoundRule, ordered
from efficiency_monitor.core.evaluation import CompiledCalendar, evaluate
from efficiency_monitor.core.instants import parse_instant
from efficiency_monitor.core.rules import Rule
from efficiency_monitor.core.timeline import CaseRecord, Event
from efficiency_monitor.core.vocabulary import Vocabulary, VocabularyFile, build_vocabulary
from efficiency_monitor.core.walk import Walk, walk

ZONE = "Asia/Shanghai"
HOUR = 3600
#: Seven working hours a day, from Monday to Friday; 2 March 2026 is a Monday.
HOURS = [["09:00", "12:00"], ["13:00", "17:00"]]
TYPES = (
    ("assigned", 12), ("accepted", 20), ("stage_started", 30), ("forwarded_up", 32),
    ("forwarded_back", 34), ("suspended", 40), ("resumed", 42), ("stage_finished", 50),
    ("decided", 60),
)  # fmt: skip


@cache
def vocabulary() -> Vocabulary:
    """The event types that these tests use."""
    types = [{"type": name, "rank": rank, "zh": name, "en": name} for name, rank in TYPES]
    kinds = [{"kind": "hearing", "zh": "听证", "en": "hearing", "lawful": True}]
    return build_vocabulary(
        VocabularyFile.model_validate({"events": types, "suspension_kinds": kinds})
    )


@cache
def calendar() -> CompiledCalendar:
    """The office's working time."""
    week = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), HOURS)
    file = CalendarFile.model_validate(
        {
            "id": "office",
            "zone": ZONE,
            "covers": {"from": "2026-01-01", "to": "2026-12-31"},
            "week": week,
        }
    )
    made = build(file)
    return CompiledCalendar(made, compile_calendar(made))


@cache
def rule() -> BoundRule:
    """Two working days from acceptance to decision; a hearing stops the clock."""
    made = Rule.model_validate(
        {
            "id": "CASE",
            "version": 1,
            "name": "case",
            "title": {"zh": "办件", "en": "case"},
            "status": "stable",
            "in_force": {"from": "2026-01-01"},
            "legal_basis": [{"ref": "test", "says": "test"}],
            "why": "test",
            "clock": {
                "start": "accepted",
                "stop": "decided",
                "pause": [{"from": "suspended", "to": "resumed"}],
            },
            "limits": {"promised": {"fixed": "2 working_days"}},
            "cards": [{"level": "yellow", "at": "promised"}],
        }
    )
    return BoundRule(made, "test", "0" * 64)


def at(text: str) -> int:
    """`02 10:00` of March 2026."""
    return parse_instant(f"2026-03-{text}", ZONE)[0]


def event(type_: str, when: str, **more: str) -> Event:
    """An event at `02 10:00` of March 2026."""
    return Event(key=f"{type_} {when} {more}", type=type_, occurred_at=at(when), **more)  # type: ignore[arg-type]


def against(walked: Walk, due_at: int | None) -> Against:
    """Held against a due instant, in working days."""
    allowance = None if due_at is None else walked.elapsed(Unit.WORKING_DAYS, due_at)
    return Against(unit=Unit.WORKING_DAYS, allowance=allowance, due_at=due_at)


def shares(*events: Event, until: str, due: str | None = None) -> tuple[Walk, tuple[Holding, ...]]:
    """The walk of the case's clock and who held it."""
    fields = {"department": "住建局", "handler": "张"}
    record = CaseRecord(case_no="A", calendar="office", fields=fields, events=events)
    as_of = at(until)
    (found,) = evaluate([record], [rule()], vocabulary(), {"office": calendar()}, as_of)
    (episode,) = found.episodes
    walked = walk(record, episode, vocabulary(), calendar(), as_of)
    end = as_of if episode.stop is None else min(as_of, episode.stop.occurred_at)
    holdings = attribute(
        walked,
        ordered(record, vocabulary(), calendar().table, as_of),
        fields,
        against=against(walked, None if due is None else at(due)),
        until=end,
    )
    return walked, holdings


def told(*events: Event, until: str, due: str | None = None) -> list[str]:
    """Shares as `stage department holder hours overrun`."""
    return [
        f"{part.stage or '-'} {part.department} {part.holder} "
        f"{part.held_seconds / HOUR:g} {part.overrun_seconds / HOUR:g}"
        for part in shares(*events, until=until, due=due)[1]
    ]


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
