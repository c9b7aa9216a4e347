"""The compiled kernel finds what the interpreted one finds: one source, two ways to run it."""

import sys
from typing import Any

import pytest

from efficiency_monitor.engine.columns import MOST_LEVELS, MOST_LIMITS, Findings, Frame, Rules
from efficiency_monitor.engine.compiled import available, judge_compiled
from efficiency_monitor.engine.encoding import (
    FrameBuilder,
    blank_findings,
    blank_work,
    encode_rules,
)
from efficiency_monitor.engine.evaluation import most_findings
from efficiency_monitor.engine.kernel import judge
from efficiency_monitor.faults import ConfigurationError
from tests.properties import drawing
from tests.properties.comparing import bound, record, vocabulary
from tests.properties.dice import Thrown
from tests.properties.places import Place, places

CASES = 20_000
RULES = 6


def drawn(place: Place, cases: int, seed: int) -> tuple[Rules, list[int], Frame, int, int]:
    """Rules, which of them are meant, cases as columns, an instant, events of the longest case."""
    dice = Thrown(seed)
    rules = [drawing.rule(dice) for _ in range(RULES)]
    builder = FrameBuilder(vocabulary(), place.compiled.table, place.compiled.calendar.zone)
    instants = []
    for number in range(cases):
        story = drawing.story(dice, place, rules[number % RULES])
        builder.add(record(place, story.case, story.events, number), 1 << 40)
        instants.append(story.as_of)
    bounds = [bound(rule, number) for number, rule in enumerate(rules)]
    encoded = encode_rules(bounds, vocabulary(), builder.signatures)
    applies = [int(dice.below(5) > 0) for _ in range(RULES * cases)]
    as_of = sorted(instants)[cases * 2 // 3]
    return encoded, applies, builder.frame(), as_of, builder.longest()


def interpreted(
    place: Place, rules: Rules, applies: list[int], frame: Frame, as_of: int, longest: int
) -> tuple[Findings, list[int], int]:
    """What the kernel finds on lists: findings, faults, how many."""
    out = blank_findings(most_findings(frame, rules, applies))
    faults = [0] * frame.cases
    work = blank_work(longest, rules.types)
    table = place.compiled.table
    count = judge(table, rules, applies, frame, 0, frame.cases, as_of, out, work, faults)
    return out, faults, count


def cut(name: str, column: Any, first: int, last: int) -> list[int]:
    """The entries of findings [first, last) in one column."""
    blocks = {"limit": MOST_LIMITS, "level": MOST_LEVELS}.get(name.split("_")[0], 1)
    return [int(value) for value in column[first * blocks : last * blocks]]


def compare(place: Place, cases: int, seed: int, threads: int) -> int:
    """Compare every column of every finding; how many findings there were."""
    rules, applies, frame, as_of, longest = drawn(place, cases, seed)
    out, faults, count = interpreted(place, rules, applies, frame, as_of, longest)
    seen = done = 0
    for chunk in judge_compiled(
        place.compiled.table, rules, applies, frame, as_of, threads=threads
    ):
        assert chunk.lo == done
        assert chunk.faults.tolist() == faults[chunk.lo : chunk.hi]
        for name, column in zip(Findings._fields, chunk.findings, strict=True):
            expected = cut(name, getattr(out, name), seen, seen + chunk.count)
            assert column.tolist() == expected, f"{name} of cases from {chunk.lo} on"
        seen += chunk.count
        done = chunk.hi
    assert (done, seen) == (cases, count)
    return count


@pytest.mark.full
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("place", places(), ids=str)
def test_compiled_and_interpreted_agree(place: Place, threads: int) -> None:
    assert available()
    cases = CASES // len(places()) if threads == 2 else 500
    # Some rules apply to few cases; with less the comparison would say little.
    assert compare(place, cases, seed=cases, threads=threads) > cases // 2


@pytest.mark.full
def test_no_case_at_all_is_no_chunk() -> None:
    place = places()[0]
    rules, _, _, as_of, _ = drawn(place, 10, seed=1)
    builder = FrameBuilder(vocabulary(), place.compiled.table, place.compiled.calendar.zone)
    assert list(judge_compiled(place.compiled.table, rules, [], builder.frame(), as_of)) == []


def test_without_the_extra_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    place = places()[0]
    rules, applies, frame, as_of, _ = drawn(place, 10, seed=1)
    monkeypatch.setitem(sys.modules, "numba", None)
    assert not available()
    with pytest.raises(ConfigurationError, match="numba") as fault:
        next(judge_compiled(place.compiled.table, rules, applies, frame, as_of))
    assert "the extra fast" in fault.value.hint
