"""One episode taken apart again: its pauses and running time, for explanations and shares."""

from dataclasses import dataclass
from decimal import Decimal

from .amount import Unit
from .clockwork import (
    NEVER,
    WORK_SECONDS,
    counted,
    elapsed_until,
    mode_of,
    seconds_of,
)
from .columns import ONCE, PER_STAGE, Work
from .encoding import BoundRule, FrameBuilder, encode_rules
from .evaluation import CompiledCalendar, Episode, blank_work
from .kernel import find_episodes
from .pausing import find_pauses, find_runs
from .questions import UNIT_CODE, rounded_down
from .timeline import CaseRecord, Event
from .vocabulary import Vocabulary


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseFound:
    """A pause of an episode, [since, until); `until` None while open; `capped` where a cap ended it."""

    event: Event
    since: int
    until: int | None
    capped: bool


@dataclass(frozen=True, slots=True)
class Walk:
    """Pauses and running intervals of one episode, and what can be measured on them."""

    bound: BoundRule
    compiled: CompiledCalendar
    start_at: int
    pauses: tuple[PauseFound, ...]
    work: Work
    runs: int

    def running(self) -> list[tuple[int, int | None]]:
        """Running intervals [since, until); the last may be open."""
        pairs = zip(self.work.runs_from[: self.runs], self.work.runs_to[: self.runs], strict=True)
        return [(since, None if until == NEVER else until) for since, until in pairs]

    def elapsed(self, unit: Unit, until: int) -> Decimal | None:
        """Elapsed amount in a unit by an instant, rounded down; None where it cannot be said."""
        clock = self.bound.rule.clock
        code = UNIT_CODE[unit]
        whole, part, of = elapsed_until(
            self.compiled.table,
            mode_of(code, clock.resolution == "time"),
            clock.ends == "close",
            clock.first_day == "same",
            self.work.runs_from,
            self.work.runs_to,
            self.runs,
            self.start_at,
            until,
        )
        if whole < 0:
            return None
        seconds = seconds_of(code)
        if seconds:
            whole, part, of = whole // seconds, whole % seconds, seconds
        return rounded_down(whole, part, of)

    def working_seconds(self, since: int, until: int) -> int:
        """Working seconds counted in [since, until] while the clock ran."""
        if until <= since:
            return 0
        return int(
            counted(
                self.compiled.table,
                WORK_SECONDS,
                False,
                self.work.runs_from,
                self.work.runs_to,
                self.runs,
                max(since, self.start_at),
                until,
            )
        )


def walk(
    record: CaseRecord,
    episode: Episode,
    vocabulary: Vocabulary,
    compiled: CompiledCalendar,
    as_of: int,
) -> Walk:
    """Find the pauses and running time of an episode again, by the kernel's own functions."""
    builder = FrameBuilder(vocabulary, compiled.table, compiled.calendar.zone)
    builder.add(record, as_of)
    frame = builder.frame()
    rules = encode_rules([episode.bound], vocabulary, builder.signatures)
    work = blank_work(builder.longest(), rules.types)
    events = builder.events[0]
    keys = [event.key for event in events]
    start = keys.index(episode.start.key)
    last = keys.index(episode.stop.key) if episode.stop is not None else len(events)
    since = 0
    if rules.episodes[0] != ONCE:
        by_stage = rules.episodes[0] == PER_STAGE
        for e in range(find_episodes(rules, frame, 0, 0, len(events), by_stage, work)):
            if work.begin[e] == start:
                since = work.since[e]
    count, _, _ = find_pauses(compiled.table, rules, frame, since, last, 0, work)
    uncapped = {k: work.pause_to[k] for k in range(count)}
    if episode.stop is not None:
        for k in range(count):
            work.pause_to[k] = min(work.pause_to[k], episode.stop.occurred_at)
    begin = events[start].occurred_at
    pauses = tuple(
        PauseFound(
            event=events[work.pause_event[k]],
            since=max(work.pause_from[k], begin),
            until=None if work.pause_to[k] >= NEVER else work.pause_to[k],
            capped=_capped(uncapped[k], events, as_of),
        )
        for k in range(count)
        if work.pause_to[k] > begin
    )
    runs, _ = find_runs(begin, count, work)
    return Walk(episode.bound, compiled, begin, pauses, work, runs)


def _capped(until: int, events: list[Event], as_of: int) -> bool:
    """Whether a pause ended neither by an event nor by the present: a cap did."""
    return until < NEVER and all(event.occurred_at != until for event in events)
