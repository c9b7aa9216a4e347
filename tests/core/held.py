"""A clock of two working days on a small calendar, and who held its case, in short words."""

from decimal import Decimal
from functools import cache

from efficiency_monitor.engine.business_time import compile_calendar
from efficiency_monitor.engine.encoding import BoundRule, ordered
from efficiency_monitor.engine.episode_timeline import Walk, walk
from efficiency_monitor.engine.evaluation import CompiledCalendar, evaluate
from efficiency_monitor.engine.timeline import CaseRecord, Event
from efficiency_monitor.followup.accountability.model import (
    Against,
    Holding,
    Part,
    attribute,
)
from efficiency_monitor.rules.rules import Rule
from efficiency_monitor.rules.vocabulary import Vocabulary, VocabularyFile, build_vocabulary
from efficiency_monitor.time.amount import Unit, decimal_text
from efficiency_monitor.time.calendar import CalendarFile, build
from efficiency_monitor.time.instants import parse_instant

ZONE = "Asia/Shanghai"
HOUR = 3600
#: Seven working hours a day, from Monday to Friday; 2 March 2026 is a Monday.
HOURS = [["09:00", "12:00"], ["13:00", "17:00"]]
TYPES = (
    ("assigned", 12), ("accepted", 20), ("stage_started", 30), ("forwarded_up", 32),
    ("forwarded_back", 34), ("suspended", 40), ("resumed", 42), ("stage_finished", 50),
    ("decided", 60), ("dispatched", 8),
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
            "legal_basis": [{"ref": "test", "reading": "ours", "says": "test"}],
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


def shares(
    *events: Event, until: str, due: str | None = None, **fields: str
) -> tuple[Walk, tuple[Holding, ...]]:
    """The walk of the case's clock and who held it."""
    fields = {"department": "住建局", "handler": "张"} | fields
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


def told(*events: Event, until: str, due: str | None = None, **fields: str) -> list[str]:
    """Shares as `stage department holder hours overrun`."""
    return [
        f"{part.stage or '-'} {part.department} {part.holder} "
        f"{part.held_seconds / HOUR:g} {part.overrun_seconds / HOUR:g}"
        for part in shares(*events, until=until, due=due, **fields)[1]
        if part.part is Part.HELD
    ]


def days(*events: Event, until: str, **fields: str) -> list[str]:
    """Shares as `holder working_days`."""
    return [
        f"{part.holder or part.department} {_text(part.amount)}"
        for part in shares(*events, until=until, **fields)[1]
        if part.part is Part.HELD
    ]


def charged(*events: Event, until: str, due: str, **fields: str) -> list[str]:
    """Shares as `department hours-held overrun charged`."""
    return [
        f"{part.department} {part.held_seconds / HOUR:g} {part.overrun_seconds / HOUR:g} "
        f"{part.charged_seconds / HOUR:g}"
        for part in shares(*events, until=until, due=due, **fields)[1]
        if part.part is Part.HELD
    ]


def _text(amount: Decimal | None) -> str:
    return "-" if amount is None else decimal_text(amount)


def organs(*events: Event, until: str, **fields: str) -> list[str]:
    """Organs' own clocks as `stage department amount over unit`."""
    return [
        f"{part.stage or '-'} {part.department} {_text(part.amount)} {_text(part.over)} {part.unit}"
        for part in shares(*events, until=until, item_kind="joint", **fields)[1]
        if part.part is Part.ORGAN
    ]
