"""What is walked from a due instant, and a hundred years: the compiled kernel and the oracle."""

from collections.abc import Iterator
from typing import Any

import pytest

from efficiency_monitor.engine.clockwork import BEYOND, NEVER
from efficiency_monitor.engine.columns import MOST_LEVELS
from efficiency_monitor.engine.compiled import available, judge_compiled
from efficiency_monitor.engine.encoding import FrameBuilder, encode_rules
from efficiency_monitor.terms import Level
from tests.properties import drawing
from tests.properties.comparing import bound, by_oracle, record, vocabulary
from tests.properties.dice import Dice, Thrown, between, chance, pick, weighted
from tests.properties.places import Place, places

from .test_time_readings import CN, at, event, rule

Told = dict[str, Any]
BACK = ("1", "2", "3", "5", "9", "0.5", "1.5", "2.25")


def walking(dice: Dice) -> Told:
    """A rule of which each level is walked, mostly back, from what is mostly a stated instant."""
    made = drawing.rule(dice)
    made["in_force"] = {"from": "2000-01-01"}
    made["clock"] |= {"start": "accepted", "stop": "decided", "episodes": "once"}
    for name in ("kinds", "deemed", "unstarted", "extend", "ahead"):
        made["clock"].pop(name, None)
    moved = {"moved_by_pauses": True} if chance(dice, 50) else {}
    amount = {"fixed": drawing.amount(dice, ("working_hours", "calendar_hours", "calendar_months"))}
    source = weighted(dice, [(3, {"case": "promised_due", **moved}), (1, amount)])
    made["limits"] = {"promised": [source]}
    sign = weighted(dice, [(5, "-"), (1, "+")])
    made["cards"] = [
        {"level": level, "at": f"promised {sign} {pick(dice, BACK)} {unit}"}
        for level, unit in zip(
            ("warning", "yellow", "red"),
            ("working_days", "calendar_days", pick(dice, ("working_hours", "working_days"))),
            strict=True,
        )
    ]
    return made


def story(dice: Dice, place: Place) -> tuple[dict[str, str], list[Told]]:
    """An acceptance, a stated due instant near it, up to two suspensions."""
    cal = place.oracle
    day = drawing.some_day(dice, place)
    names = ["accepted", *["suspended", "resumed"] * dice.below(3)]
    events = []
    for number, name in enumerate(names):
        at_ = drawing.instant(dice, place, day)
        events.append({"key": f"{number}", "type": name, "occurred_at": at_})
        day += dice.below(4) * drawing.DAY
    due = drawing.instant(dice, place, day + between(dice, -3, 9) * drawing.DAY)
    said = drawing._rfc3339(due)
    if chance(dice, 25):
        said = cal.local_date(due).isoformat()
    return {"promised_due": said}, events


def told_compiled(
    place: Place, the_rule: Told, stories: list[tuple[dict[str, str], list[Told]]], as_of: int
) -> Iterator[tuple[int, dict[str, tuple[int | None, bool]], int]]:
    """Per finding of the compiled kernel: which case, instant and state of each level, reasons."""
    builder = FrameBuilder(vocabulary(), place.compiled.table, place.compiled.calendar.zone)
    for number, (case, events) in enumerate(stories):
        builder.add(record(place, case, events, number), 1 << 40)
    one = bound(the_rule)
    rules = encode_rules([one], vocabulary(), builder.signatures)
    words = [Level.parse(card["level"]).word for card in the_rule["cards"]]
    applies = [1] * len(stories)
    for chunk in judge_compiled(
        place.compiled.table, rules, applies, builder.frame(), as_of, threads=1
    ):
        found = chunk.findings
        for n in range(chunk.count):
            levels = {}
            for k, word in enumerate(words):
                instant = int(found.level_instant[n * MOST_LEVELS + k])
                known = None if instant in (NEVER, BEYOND) else instant
                levels[word] = (known, bool(found.level_reached[n * MOST_LEVELS + k]))
            yield int(found.case[n]), levels, int(found.reasons[n])


def compared(place: Place, rules: int, cases: int, seed: int) -> int:
    """Compare the levels of drawn cases; how many instants there were."""
    dice = Thrown(seed)
    instants = 0
    for _ in range(rules):
        the_rule = walking(dice)
        stories = [story(dice, place) for _ in range(cases)]
        as_of = drawing.instant(dice, place, drawing.some_day(dice, place))
        as_of = max(as_of, max(events[-1]["occurred_at"] for _, events in stories))
        for c, levels, _ in told_compiled(place, the_rule, stories, as_of):
            case, events = stories[c]
            for episode in by_oracle(place, the_rule, case, events, as_of)["episodes"]:
                assert levels == episode["levels"], (the_rule, case, events, as_of)
            instants += sum(instant is not None for instant, _ in levels.values())
    return instants


@pytest.mark.full
@pytest.mark.parametrize("place", places(), ids=str)
def test_what_is_walked_compiled_is_what_the_oracle_walks(place: Place) -> None:
    assert available()
    assert compared(place, rules=12, cases=25, seed=41) > 300


@pytest.mark.full
@pytest.mark.parametrize(
    ("limit", "level", "expected"),
    [
        # A twentieth of a per cent of a hundred years; the whole; ten times as much.
        ("3155760000 calendar_seconds", "0.05% promised", 3_155_760_000 // 2_000),
        ("3155760000 calendar_seconds", "promised", 3_155_760_000),
        ("3155760000 calendar_seconds", "1000% promised", 31_557_600_000),
        ("876600 calendar_hours", "promised", 3_155_760_000),
        ("876600 calendar_hours", "876599 calendar_hours", 3600),
    ],
)
def test_a_hundred_years_stay_inside_64_bits_compiled(
    limit: str, level: str, expected: int
) -> None:
    assert available()
    at_ = level if "promised" in level else f"promised - {level}"
    long = rule(limit, {"yellow": at_})
    stories = [({}, [event("accepted", "02 10:00")])]
    ((_, levels, reasons),) = told_compiled(CN, long, stories, at("20 10:00"))
    assert reasons == 0
    assert levels["yellow"][0] == at("02 10:00") + expected
