"""The kernel says of every timeline, however dirty, what the oracle says."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from efficiency_monitor.engine.evaluation import evaluate

from .comparing import bound, by_oracle, by_product, judged, record, vocabulary
from .dice import Thrown, drawn
from .trials import Dirt, Trial, trial

FEW, MANY = 3_000, 20_000
_CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


def instants(one: Trial) -> list[int]:
    """Instants to ask about: the drawn one, and those of the levels with the second after each."""
    far = max(event["occurred_at"] for event in one.story.events) + 30 * 86_400
    asked = [one.story.as_of]
    for as_of in (one.story.as_of, far):
        answer = by_oracle(one.place, one.rule, one.story.case, one.story.events, as_of)
        for episode in answer["episodes"]:
            for instant, _ in episode["levels"].values():
                if instant is not None:
                    asked += [instant, instant + 1]
    return list(dict.fromkeys(asked))


def agree(one: Trial) -> None:
    """Compare the answers at every instant that matters."""
    place, rule, case, events = one.place, one.rule, one.story.case, one.story.events
    for as_of in instants(one):
        expected = by_oracle(place, rule, case, events, as_of)
        found = by_product(judged(place, rule, case, events, as_of))
        assert found == expected, f"as of {as_of}"


def run_of(examples: int) -> None:
    """Draw so many trials, compare each, and see that they were dirty enough."""
    dirt = Dirt()

    @settings(max_examples=examples, suppress_health_check=_CHECKS)
    @given(drawn(trial))
    def one_after_the_other(one: Trial) -> None:
        dirt.note(one)
        agree(one)

    one_after_the_other()
    dirt.check()


def test_kernel_and_oracle_agree() -> None:
    run_of(FEW)


@pytest.mark.full
def test_kernel_and_oracle_agree_on_many() -> None:
    run_of(MANY)


@settings(max_examples=60, suppress_health_check=_CHECKS)
@given(st.integers(0, 10**9))
def test_many_cases_and_rules_at_once_are_judged_as_each_alone(seed: int) -> None:
    dice = Thrown(seed)
    trials_ = [trial(dice) for _ in range(5)]
    bounds = [bound(one.rule, number) for number, one in enumerate(trials_[:3])]
    records = [
        record(one.place, one.story.case, one.story.events, number)
        for number, one in enumerate(trials_)
    ]
    calendars = {one.place.name: one.place.compiled for one in trials_}
    as_of = trials_[0].story.as_of
    together = evaluate(records, bounds, vocabulary(), calendars, as_of)
    for one, found in zip(records, together, strict=True):
        assert [found] == evaluate([one], bounds, vocabulary(), calendars, as_of)
        alone = [evaluate([one], [rule], vocabulary(), calendars, as_of)[0] for rule in bounds]
        assert found.episodes == tuple(episode for each in alone for episode in each.episodes)
