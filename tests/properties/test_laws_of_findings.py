"""The laws of time for what a scan finds: nothing that comes later takes a card back."""

import random
from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from efficiency_monitor.engine.episode_timeline import walk
from efficiency_monitor.engine.evaluation import evaluate
from efficiency_monitor.engine.explain import DayLine, day_lines
from efficiency_monitor.engine.findings import CaseFindings, Episode
from efficiency_monitor.terms import Level, Outcome, Reason
from efficiency_monitor.time.amount import Unit

from . import drawing
from .comparing import bound, judged, record, vocabulary
from .dice import Dice, between, drawn, pick
from .places import DAY
from .trials import Dirt, Trial, trial

many = settings(
    max_examples=600, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@dataclass(frozen=True)
class TwoScans:
    """A trial and two instants, the earlier first."""

    trial: Trial
    earlier: int
    later: int

    def at(self, as_of: int, events: list[dict[str, Any]] | None = None) -> CaseFindings:
        """What is found as of an instant, of all events or of some."""
        story = self.trial.story
        known = story.events if events is None else events
        return judged(self.trial.place, self.trial.rule, story.case, known, as_of)

    def until(self, as_of: int) -> list[dict[str, Any]]:
        """The timeline cut off at an instant."""
        return [one for one in self.trial.story.events if one["occurred_at"] <= as_of]

    def dated_on_earlier(self) -> bool:
        """Whether of an event of the earlier instant's date only the date is known.

        Such an event takes its place anew when another of that date becomes known.
        """
        local_date = self.trial.place.oracle.local_date
        return any(
            one.get("precision") == "day"
            and local_date(one["occurred_at"]) == local_date(self.earlier)
            for one in self.trial.story.events
        )


def two_scans(dice: Dice) -> TwoScans:
    """Two instants near events of one timeline."""
    one = trial(dice)
    days = [one.place.oracle.local_date(each["occurred_at"]) for each in one.story.events]
    instants = [
        drawing.instant(dice, one.place, pick(dice, days) + between(dice, 0, 6) * DAY)
        for _ in range(2)
    ]
    return TwoScans(one, min(instants), max(instants))


def reached(found: CaseFindings) -> dict[tuple[str, Level], int | None]:
    """Yellow and red levels reached, and warnings of running clocks, with their instants."""
    return {
        (episode.key, level.level): level.instant
        for episode in found.episodes
        for level in episode.levels
        if level.reached
    }


def faulty(found: CaseFindings) -> bool:
    """Whether the data were faulty: then no clock is read (docs/contract.md 3)."""
    return any(trouble.reason is Reason.FAULTY_DATA for trouble in found.troubles)


def test_what_had_fallen_due_stays() -> None:
    met: Counter[str] = Counter()
    dirt = Dirt()

    @many
    @given(drawn(two_scans))
    def law(scans: TwoScans) -> None:
        dirt.note(scans.trial)
        before = scans.at(scans.earlier, scans.until(scans.earlier))
        after = scans.at(scans.later)
        if faulty(after) or scans.dated_on_earlier():
            return
        stopped = {episode.key for episode in after.episodes if episode.stop is not None}
        for (key, level), instant in reached(before).items():
            if level is Level.WARNING and key in stopped:
                continue
            met["kept"] += 1
            assert reached(after).get((key, level)) == instant, f"{level} of {key}"

    law()
    assert met["kept"] > 30
    dirt.check()


@many
@given(drawn(two_scans))
def test_what_comes_later_changes_nothing_before(scans: TwoScans) -> None:
    assert scans.at(scans.earlier) == scans.at(scans.earlier, scans.until(scans.earlier))


@many
@given(drawn(two_scans), st.randoms(use_true_random=False))
def test_the_order_of_the_input_means_nothing(scans: TwoScans, chance: random.Random) -> None:
    shuffled = list(scans.trial.story.events)
    chance.shuffle(shuffled)
    assert scans.at(scans.later, shuffled) == scans.at(scans.later)


def changes(found: CaseFindings) -> Any:
    """What of a finding may change by time alone and matters: levels, outcome, reasons."""
    return found.outcome, found.troubles, reached(found), [one.key for one in found.episodes]


def test_nothing_changes_before_the_next_instant() -> None:
    met: Counter[str] = Counter()

    @many
    @given(drawn(two_scans))
    def law(scans: TwoScans) -> None:
        known = scans.until(scans.earlier)
        found = scans.at(scans.earlier, known)
        if found.outcome is Outcome.EXCLUDED or "to" in scans.trial.rule["in_force"]:
            return
        if found.next_at is None:
            assert changes(scans.at(scans.later, known)) == changes(found)
            return
        assert found.next_at >= scans.earlier
        assert changes(scans.at(found.next_at, known)) == changes(found)
        after = scans.at(found.next_at + 1, known)
        met["changed" if changes(after) != changes(found) else "same"] += 1

    law()
    # A look too many does no harm, but it has to be the exception.
    assert met["changed"] > 3 * met["same"], met


def lines_of(scans: TwoScans, episode: Episode) -> tuple[Any, list[DayLine]]:
    """What the walk that explains an episode says has elapsed, and the days it lists."""
    story, as_of = scans.trial.story, scans.later
    one = record(scans.trial.place, story.case, story.events)
    walked = walk(one, episode, vocabulary(), scans.trial.place.compiled, as_of)
    until = as_of if episode.stop is None else min(as_of, episode.stop.occurred_at)
    unit = episode.bound.rule.counted.count
    return walked.elapsed(unit, until), list(day_lines(walked, until))


def counting(scans: TwoScans, unit: str, resolution: str) -> TwoScans:
    """The same with a clock that counts in a unit."""
    one = scans.trial
    clock = {**one.rule["clock"], "count": unit, "resolution": resolution}
    return replace(scans, trial=replace(one, rule={**one.rule, "clock": clock}))


@pytest.mark.parametrize("resolution", ["day", "time"])
@pytest.mark.parametrize("unit", drawing.UNITS)
def test_the_days_add_up_to_the_elapsed_time(unit: str, resolution: str) -> None:
    met: Counter[str] = Counter()

    @settings(many, max_examples=80)
    @given(drawn(two_scans))
    def law(drawn_scans: TwoScans) -> None:
        scans = counting(drawn_scans, unit, resolution)
        for episode in scans.at(scans.later).episodes:
            if episode.elapsed is None:
                continue
            walked, lines = lines_of(scans, episode)
            total = sum((line.counted for line in lines), Decimal(0))
            assert walked == episode.elapsed
            if Unit(unit).seconds or resolution == "time":
                # Each day is rounded down to six places.
                assert 0 <= episode.elapsed - total <= Decimal(len(lines)).scaleb(-6)
            else:
                assert total == episode.elapsed
            met["counted"] += total > 0

    law()
    assert met["counted"]


@many
@given(drawn(two_scans))
def test_a_stale_feed_gives_no_card_to_a_running_clock(scans: TwoScans) -> None:
    place, story = scans.trial.place, scans.trial.story
    fresh = record(place, story.case, story.events)
    calendars = {place.name: place.compiled}
    rules = [bound(scans.trial.rule)]
    both = evaluate(
        [fresh, replace(fresh, stale=True)], rules, vocabulary(), calendars, scans.later
    )
    for sound, stale in zip(both[0].episodes, both[1].episodes, strict=True):
        if sound.stop is not None:
            assert stale == sound
        else:
            assert not any(level.reached for level in stale.levels)
            assert Reason.STALE_FEED in stale.reasons
