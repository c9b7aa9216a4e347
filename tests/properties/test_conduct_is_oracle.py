"""Conditions find on every timeline, however dirty, what the oracle finds; measure by measure."""

from collections import Counter
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from efficiency_monitor.engine.evaluation import evaluate
from efficiency_monitor.engine.findings import CaseFindings, LevelFound
from tests.oracle.conduct import conduct

from .comparing import bound, judged, record, vocabulary
from .conduct_drawing import MEASURES, Trial, long_trial, trial
from .dice import Thrown, drawn, pick

FEW, MANY = 40, 300
_CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


def by_oracle(one: Trial, as_of: int) -> dict[str, Any]:
    """The oracle's answer in plain values."""
    answer = conduct(one.rule, one.case, one.events, one.place.oracle, as_of)
    return {
        "outcome": answer["outcome"],
        "reasons": sorted(answer["reasons"]),
        "offences": [
            {
                "key": offence["key"],
                "levels": {
                    level: (due, reached, rounded(value), key)
                    for level, (due, reached, value, key) in offence["levels"].items()
                },
                "reasons": sorted(offence["reasons"]),
                "value": rounded(offence["value"]) if offence["levels"] else None,
            }
            for offence in answer["offences"]
        ],
    }


def rounded(value: Fraction) -> Decimal:
    """At most six places, rounded down."""
    return Decimal(value.numerator * 10**6 // value.denominator) / 10**6


def by_product(found: CaseFindings) -> dict[str, Any]:
    """The product's answer in plain values."""
    assert found.episodes == ()
    return {
        "outcome": str(found.outcome),
        "reasons": sorted({str(trouble.reason) for trouble in found.troubles}),
        "offences": [
            {
                "key": offence.key,
                "levels": {
                    level.level.word: (level.instant, level.reached, level.value, key_of(level))
                    for level in offence.levels
                    if level.instant is not None
                },
                "reasons": sorted(str(reason) for reason in offence.reasons),
                "value": None if offence.untold else offence.value,
            }
            for offence in found.offences
        ],
    }


def key_of(level: LevelFound) -> str:
    """The event that brought a level about."""
    return "" if level.event is None else level.event.key


def instants(one: Trial) -> list[int]:
    """Instants to ask about: the drawn one, a far one, when an event was recorded, just before."""
    far = max(event["occurred_at"] for event in one.events) + 40 * 86_400
    asked = [one.as_of, far]
    for event in one.events[-2:]:
        asked += [event["occurred_at"], event.get("recorded_at", far)]
        asked.append(asked[-1] - 1)
    return list(dict.fromkeys(asked))


def agree(one: Trial, met: Counter[str]) -> None:
    """Compare the answers at every instant that matters."""
    for as_of in instants(one):
        expected = by_oracle(one, as_of)
        found = judged(one.place, one.rule, one.case, one.events, as_of)
        assert by_product(found) == expected, f"as of {as_of}"
        met.update(
            "reached"
            for offence in expected["offences"]
            for level in offence["levels"].values()
            if level[1]
        )
        met["silent"] += not expected["offences"] and expected["outcome"] == "judged"


def run_of(measure: str, examples: int) -> None:
    """Compare trials of a measure: thrown ones, of which enough must say something, and drawn."""
    met: Counter[str] = Counter()
    for seed in range(examples):
        agree(trial(Thrown(seed), measure), met)
    assert met["reached"] >= examples // 4, met
    assert met["silent"] >= examples // 10, met

    @settings(max_examples=examples, suppress_health_check=_CHECKS)
    @given(drawn(lambda dice: trial(dice, measure)))
    def one_after_the_other(one: Trial) -> None:
        agree(one, met)

    one_after_the_other()


@pytest.mark.parametrize("measure", MEASURES)
def test_the_measure_and_the_oracle_agree(measure: str) -> None:
    run_of(measure, FEW)


#: Measures of an event that rest on what many others did.
FAR_REACHING = ("overlapping", "recorded_after_due", "across_closing", "paused_share")


@pytest.mark.parametrize("measure", FAR_REACHING)
def test_on_long_timelines_too(measure: str) -> None:
    for seed in range(FEW // 2):
        agree(long_trial(Thrown(seed), measure), Counter())


@pytest.mark.full
@pytest.mark.parametrize("measure", FAR_REACHING)
def test_on_many_long_timelines_too(measure: str) -> None:
    for seed in range(FEW, FEW + MANY):
        agree(long_trial(Thrown(seed), measure), Counter())


@pytest.mark.full
@pytest.mark.parametrize("measure", MEASURES)
def test_the_measure_and_the_oracle_agree_on_many(measure: str) -> None:
    run_of(measure, MANY)


@settings(max_examples=25, suppress_health_check=_CHECKS)
@given(st.integers(0, 10**9))
def test_many_cases_and_conditions_at_once_are_judged_as_each_alone(seed: int) -> None:
    dice = Thrown(seed)
    trials = [trial(dice, pick(dice, ("", "repeated_text", "overlapping"))) for _ in range(6)]
    bounds = [bound(one.rule, number) for number, one in enumerate(trials[:4])]
    records = [record(one.place, one.case, one.events, n) for n, one in enumerate(trials)]
    calendars = {one.place.name: one.place.compiled for one in trials}
    as_of = trials[0].as_of
    together = evaluate(records, bounds, vocabulary(), calendars, as_of)
    for one, found in zip(records, together, strict=True):
        assert [found] == evaluate([one], bounds, vocabulary(), calendars, as_of)
        alone = [evaluate([one], [rule], vocabulary(), calendars, as_of)[0] for rule in bounds]
        assert found.offences == tuple(offence for each in alone for offence in each.offences)
