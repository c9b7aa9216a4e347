"""Conditions find the same compiled and interpreted: one source, two ways to run it."""

import pytest

from efficiency_monitor.engine.columns import MOST_LEVELS, Offences
from efficiency_monitor.engine.compiled import available, judge_compiled, judge_conduct_compiled
from efficiency_monitor.engine.conduct import Asked, ask, found_by
from efficiency_monitor.engine.encoding import FrameBuilder, encode_rules
from efficiency_monitor.engine.timeline import CaseRecord
from tests.properties import conduct_drawing
from tests.properties.comparing import bound, record, vocabulary
from tests.properties.conduct_drawing import MEASURES
from tests.properties.dice import Thrown
from tests.properties.places import Place, places


def drawn(place: Place, cases: int, seed: int) -> tuple[Asked, FrameBuilder, int]:
    """A rule of each measure, cases that were drawn for one of them, an instant."""
    dice = Thrown(seed)
    rules = [conduct_drawing.rule(dice, measure) for measure in MEASURES]
    builder = FrameBuilder(vocabulary(), place.compiled.table, place.compiled.calendar.zone)
    records: list[CaseRecord] = []
    instants = []
    while len(records) < cases:
        one = conduct_drawing.trial(dice, MEASURES[len(records) % len(MEASURES)])
        if one.place.name == place.name:
            records.append(record(place, one.case, one.events, len(records)))
            instants.append(one.as_of)
    for each in records:
        builder.add(each, 1 << 40)
    bounds = [bound(rule, number) for number, rule in enumerate(rules)]
    asked = ask(bounds, records, vocabulary(), builder)
    return asked, builder, sorted(instants)[cases * 2 // 3]


@pytest.mark.full
@pytest.mark.parametrize("place", places(), ids=str)
def test_compiled_and_interpreted_agree_on_conduct(place: Place) -> None:
    assert available()
    cases = 1_200
    asked, builder, as_of = drawn(place, cases, seed=cases)
    table, frame = place.compiled.table, builder.frame()
    none = encode_rules([], vocabulary(), builder.signatures)
    faults = [
        fault
        for chunk in judge_compiled(table, none, [], frame, as_of)
        for fault in chunk.faults.tolist()
    ]
    assert 0 < sum(fault > 0 for fault in faults) < cases
    out, count = found_by(asked, table, builder, faults, as_of)
    assert count > cases
    seen = done = 0
    for chunk in judge_conduct_compiled(
        table, asked.conditions, asked.applies, frame, asked.facts, faults, asked.clocks, as_of
    ):
        assert chunk.lo == done
        for name, column in zip(Offences._fields, chunk.offences, strict=True):
            blocks = MOST_LEVELS if name.startswith("level_") else 1
            expected = getattr(out, name)[seen * blocks : (seen + chunk.count) * blocks]
            assert column.tolist() == [int(value) for value in expected], name
        seen += chunk.count
        done = chunk.hi
    assert (done, seen) == (cases, count)


def test_a_measure_that_nobody_asks_for_costs_no_column() -> None:
    asked, _, _ = drawn(places()[0], 5, seed=1)
    assert len(asked.facts.recorded) == asked.facts.events
    dice = Thrown(2)
    builder = FrameBuilder(vocabulary(), places()[0].compiled.table, "Asia/Shanghai")
    one = conduct_drawing.trial(dice, "count")
    records = [record(one.place, one.case, one.events)]
    builder.add(records[0], 1 << 40)
    facts = ask([bound(one.rule)], records, vocabulary(), builder).facts
    columns = [column for column in facts[2:] if column not in ([], [0])]
    assert columns == []
