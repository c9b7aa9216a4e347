"""What a condition costs grows with a case's events, and not with their square.

Counted are the lines that the interpreted kernel runs: the same number each time.
"""

import sys
from types import FrameType
from typing import Any

import pytest

from tests.properties.comparing import judged
from tests.properties.places import places

START = 1_500_000_000
FEW = 60
CLOCK = {
    "clock": {"start": ["accepted"], "stop": ["decided"]},
    "limits": {"promised": {"case": "promised_limit"}},
}
PAUSES = {"of": ["suspended"], "until": ["resumed"]}
RULES: dict[str, dict[str, Any]] = {
    "overlapping": {
        "condition": {"measure": "overlapping", **PAUSES},
        "cards": [{"level": "red", "at": "> 5"}],
    },
    "across_closing": {
        "condition": {"measure": "across_closing", **PAUSES, "within": "30 working_minutes"},
        "cards": [{"level": "red", "at": "> 500"}],
    },
    "recorded_after_due": {
        "condition": {"measure": "recorded_after_due", "of": ["suspended"], "limit": "promised"},
        "cards": [{"level": "red", "at": "> 0 calendar_seconds"}],
        **CLOCK,
    },
    "recorded_after_due, each": {
        "condition": {"measure": "recorded_after_due", "of": ["suspended"], "limit": "promised"},
        "cards": [{"level": "red", "at": "> 0 calendar_seconds"}],
        "clock": {**CLOCK["clock"], "episodes": "each"},
        "limits": CLOCK["limits"],
    },
}


def suspended(many: int, *, ended: bool) -> list[dict[str, Any]]:
    """A case that is suspended so often; the first pause is of another kind, and never ends."""
    events = [{"key": "a", "type": "accepted", "occurred_at": START}]
    for number in range(many):
        at = START + 3600 * (number + 1)
        event = {"key": f"{number:05}", "occurred_at": at, "kind": "hearing" if number else "x"}
        # Recorded days later, in no order: each rests on another stretch of the case.
        events.append({**event, "type": "suspended", "recorded_at": at + 86_400 * (number % 7)})
        if ended and number:
            again = {"key": f"{number:05}r", "type": "resumed", "occurred_at": at + 1800}
            events.append({**event, **again})
    return events


def lines(rule: dict[str, Any], events: list[dict[str, Any]]) -> int:
    """How many lines of the kernel's second part run."""
    count = 0

    def trace(frame: FrameType, what: str, _: object) -> Any:
        nonlocal count
        name = frame.f_code.co_filename
        if what == "call" and not ("/engine/conduct" in name or "/engine/kernel" in name):
            return None
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        case = {"promised_limit": "5 working_days"}
        judged(places()[0], {"in_force": {"from": "2000-01-01"}, **rule}, case, events, START * 2)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("ended", [False, True], ids=["open", "ended"])
@pytest.mark.parametrize("name", RULES)
def test_twice_the_events_cost_twice_as_much(name: str, ended: bool) -> None:
    once, twice, thrice = (
        lines(RULES[name], suspended(FEW * many, ended=ended)) for many in (1, 2, 3)
    )
    assert once > 10 * FEW
    # What is constant goes out of the differences; a search among n costs a little more.
    assert thrice - twice < 1.2 * (twice - once)
