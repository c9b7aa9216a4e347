"""One episode taken apart again: its pauses and running time, for explanations and shares."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from ..rules.vocabulary import Vocabulary
from ..time.amount import Amount, Unit
from .clockwork import (
    BEYOND,
    CALENDAR_DAYS,
    CALENDAR_SECONDS,
    NEVER,
    WORK_DAYS,
    WORK_SECONDS,
    counting_from,
    day_of,
    end_of_day,
    mode_of,
)
from .columns import AMOUNT, Work
from .counting import best_share, counted, days_counted, elapsed_until
from .encoding import BoundRule, FrameBuilder, blank_work, encode_rules
from .evaluation import CompiledCalendar
from .findings import Episode
from .kernel import episode_bounds
from .levels import level_at
from .pausing import find_pauses, find_runs
from .questions import UNIT_CODE, Runs, amount_of, millionths, rounded_down
from .timeline import CaseRecord, Event


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseFound:
    """A pause of an episode, [since, until); `until` None if open; `capped` if a cap ended it."""

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
    runs: Runs

    def running(self) -> list[tuple[int, int | None]]:
        """Running intervals [since, until); the last may be open."""
        runs_from, runs_to, count = self.runs
        pairs = zip(runs_from[:count], runs_to[:count], strict=True)
        return [(since, None if until == NEVER else until) for since, until in pairs]

    def elapsed(self, unit: Unit, until: int) -> Decimal | None:
        """Elapsed amount in a unit by an instant, rounded down; None where it cannot be said."""
        clock = self.bound.rule.counted
        code = UNIT_CODE[unit]
        found = elapsed_until(
            self.compiled.table,
            mode_of(code, clock.resolution == "time"),
            clock.ends == "close",
            clock.first_day == "same",
            self.runs,
            self.start_at,
            until,
        )
        return amount_of(code, *found)

    def best_day(self, unit: Unit, until: int) -> tuple[int, Decimal]:
        """Number of the day whose share counts since the last counted day, and the share.

        See docs/time.md 7.

        For clocks that count days, resolution `day`; day -1 where no day has any.
        """
        clock = self.bound.rule.counted
        table = self.compiled.table
        mode = mode_of(UNIT_CODE[unit], False)
        since = counting_from(table, mode, clock.first_day == "same", self.start_at)
        if until <= since:
            return -1, Decimal(0)
        close = clock.ends == "close"
        _, after = days_counted(table, unit.working, close, self.runs, since, until)
        part, of, day = best_share(table, unit.working, close, self.runs, since, until, after)
        return day, amount_of(UNIT_CODE[unit], 0, part, of) or Decimal(0)

    def from_instant(self, since: int) -> "Walk":
        """The same pauses and running time, counted from a later start (epoch seconds)."""
        return replace(self, start_at=max(since, self.start_at))

    def due(self, limit: Amount) -> int | None:
        """When a limit counted on this clock falls due; None while it cannot be said."""
        clock = self.bound.rule.counted
        found = level_at(
            self.compiled.table,
            (
                clock.resolution == "time",
                clock.first_day == "same",
                clock.ends == "close",
                clock.roll == "next_working_day",
            ),
            self.runs,
            self.start_at,
            (AMOUNT, UNIT_CODE[limit.unit], millionths(limit), NEVER, 0),
            0,
            0,
            0,
        )
        return None if found in (NEVER, BEYOND) else int(found)

    def reached(self, unit: Unit, until: int, cuts: Sequence[int]) -> list[Decimal] | None:
        """What of the elapsed amount by `until` had been counted at each cut; None if not known.

        A cut is an instant from the start to `until`; at `until` it is all of `elapsed`, and the
        amounts never fall. In a clock that counts days each date adds what the day table says that
        it adds (docs/time.md 6, 7), bit by bit with the running time of that date.
        """
        if self.elapsed(unit, until) is None:
            return None
        clock = self.bound.rule.counted
        mode = mode_of(UNIT_CODE[unit], clock.resolution == "time")
        if mode in (WORK_DAYS, CALENDAR_DAYS):
            return [self._days_reached(mode, until, min(cut, until)) for cut in cuts]
        return [self.elapsed(unit, min(cut, until)) or Decimal(0) for cut in cuts]

    def _days_reached(self, mode: int, until: int, cut: int) -> Decimal:
        clock = self.bound.rule.counted
        table, runs, working = self.compiled.table, self.runs, mode == WORK_DAYS
        close = clock.ends == "close"
        since = counting_from(table, mode, clock.first_day == "same", self.start_at)
        if cut <= since:
            return Decimal(0)
        number = day_of(table, cut)
        begin, end = max(table.day_start[number], since), end_of_day(table, number, close)
        before, _ = days_counted(table, working, close, runs, since, begin)
        _, after = days_counted(table, working, close, runs, since, until)
        part, of, best = best_share(table, working, close, runs, since, until, after)
        whole = Decimal(int(before))
        if 0 <= best < number:
            return whole + rounded_down(0, int(part), int(of))
        through, _ = days_counted(table, working, close, runs, since, min(end, until))
        counts = through > before
        if not counts and number != best:
            return whole
        if counts and cut >= end:
            return whole + 1
        seconds = WORK_SECONDS if working else CALENDAR_SECONDS
        ran = counted(table, seconds, close, runs, begin, min(cut, end))
        total = counted(table, seconds, close, runs, begin, end) if counts else of
        return whole + (rounded_down(0, int(ran), int(total)) if total else Decimal(0))

    def working_seconds(self, since: int, until: int) -> int:
        """Working seconds counted in [since, until] while the clock ran."""
        since = max(since, self.start_at)
        if until <= since:
            return 0
        return int(counted(self.compiled.table, WORK_SECONDS, False, self.runs, since, until))


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
    since, stop, last, _ = episode_bounds(rules, frame, 0, 0, start, len(events))
    count, _ = find_pauses(compiled.table, rules, frame, 0, since, start, stop, last, work)
    begin = events[start].occurred_at
    pauses = tuple(_pause(work, k, events, begin) for k in range(count) if work.pause_to[k] > begin)
    runs, _ = find_runs(begin, count, work)
    return Walk(episode.bound, compiled, begin, pauses, (work.runs_from, work.runs_to, runs))


def _pause(work: Work, k: int, events: list[Event], begin: int) -> PauseFound:
    until = work.pause_to[k]
    shut = work.pause_shut[k]
    return PauseFound(
        event=events[work.pause_open[k]],
        since=max(work.pause_from[k], begin),
        until=None if until >= NEVER else until,
        capped=until < NEVER and (shut < 0 or until < events[shut].occurred_at),
    )
