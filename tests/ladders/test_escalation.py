"""What a ladder does next, against a plain walk through the minutes."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from efficiency_monitor import app
from efficiency_monitor.engine import questions
from efficiency_monitor.followup.ladders.model import (
    Ended,
    Exhausted,
    Facts,
    Happened,
    Tell,
    Unanswered,
    Waiting,
    at_least,
    decide,
    plain_due,
    play,
)
from efficiency_monitor.rules.ladders import Chain
from efficiency_monitor.time.amount import Amount, Unit
from efficiency_monitor.workspace.context import Catalogue

from .plain import MINUTE, PlainLadder, PlainStep, walk

STOPS = ("acknowledged", "replied", "finished")
WHAT = (
    *("delivered", "undeliverable", "acknowledged", "replied", "finished", "closed"),
    *("ordered", "order_ended"),
)
UNTIL = 120


def due(start: int, amount: Amount) -> int:
    """The toy's time: whatever the unit, minutes."""
    return start + int(amount.value) * MINUTE


def due_at_the_end(start: int, amount: Amount) -> int:
    """The same where what begins in a minute ends with a minute, as a day does with its own."""
    return due(start, amount) + MINUTE - 1


def second(minute: int) -> int:
    """First second of a minute of the walk: whatever is late is told in one."""
    return (minute - 1) * MINUTE + 1


@st.composite
def plain_ladders(draw: st.DrawFn) -> PlainLadder:
    """Ladders of few steps and short waits, so that much happens in two hours."""
    wait = st.integers(1, 15)
    stops = st.frozensets(st.sampled_from(STOPS), min_size=1)
    count = draw(st.integers(1, 4))
    steps = [
        PlainStep(
            after=None if number == 0 else draw(wait),
            stops=draw(stops),
            every=draw(wait),
            times=draw(st.integers(0, 3)),
        )
        for number in range(count)
    ]
    return PlainLadder(
        steps,
        reply_within=draw(st.sampled_from((0, 5, 20))),
        acknowledged_for=draw(st.sampled_from((0, 3, 12))),
        unanswered=draw(st.booleans()),
    )


happenings = st.lists(
    st.tuples(st.integers(1, UNTIL), st.sampled_from(WHAT)), min_size=0, max_size=12
)


def chain_of(ladder: PlainLadder) -> Chain:
    """The same ladder as a file has it."""
    steps = []
    for step in ladder.steps:
        made: dict[str, object] = {"tell": ["handler"]}
        if step.after is not None:
            made["after"] = f"{step.after} working_minutes"
        if step.times:
            made["repeat"] = {"every": f"{step.every} working_minutes", "times": step.times}
        if step.after is not None or step.times:
            made["stops"] = sorted(step.stops)
        steps.append(made)
    more: dict[str, object] = {}
    if ladder.acknowledged_for:
        more["acknowledged_for"] = f"{ladder.acknowledged_for} working_minutes"
    if ladder.unanswered:
        more["unanswered"] = ["leader"]
    return Chain.model_validate({"steps": steps, **more})


def said_by(ladder: PlainLadder, happens: list[tuple[int, str]], end: int) -> list[tuple[int, str]]:
    within = Amount.parse(f"{ladder.reply_within} working_minutes") if ladder.reply_within else None
    story = [Happened(second(minute), what) for minute, what in happens]
    found = []
    for said in play(
        chain_of(ladder),
        second(0),
        story,
        second(end),
        due_at_the_end,
        reply_within=within,
        at_once=False,
    ):
        minute, rest = divmod(said.at - second(0), MINUTE)
        assert rest == 0
        text = "unanswered"
        if isinstance(said.what, Tell):
            text = f"{said.what.step}.{said.what.turn}"
        found.append((minute, text))
    return found


@settings(max_examples=400)
@given(plain_ladders(), happenings)
@example(
    PlainLadder([PlainStep(None, frozenset({"replied"}), every=5, times=3)]),
    [(1, "delivered"), (30, "delivered")],
)
def test_a_ladder_says_what_the_plain_walk_says(
    ladder: PlainLadder, happens: list[tuple[int, str]]
) -> None:
    ordered = sorted(happens, key=lambda each: each[0])
    by_minute: dict[int, list[str]] = {}
    for minute, what in ordered:
        by_minute.setdefault(minute, []).append(what)
    expected = walk(ladder, by_minute, UNTIL)
    found = said_by(ladder, ordered, UNTIL)
    assert found == expected


@settings(max_examples=200)
@given(plain_ladders(), happenings, st.lists(st.integers(0, UNTIL), max_size=30))
def test_looking_seldom_tells_nothing_that_looking_always_would_not(
    ladder: PlainLadder, happens: list[tuple[int, str]], looks: list[int]
) -> None:
    """Whenever it is looked at, a ladder tells each step and turn once, in order, never a heap."""
    chain = chain_of(ladder)
    facts = Facts()
    told: list[tuple[int, int]] = []
    for minute in sorted(looks):
        for _ in range(2):
            decision = decide(chain, facts, minute * MINUTE, due)
            if not isinstance(decision, Tell):
                break
            told.append((decision.step, decision.turn))
            facts = (
                Facts(
                    step=decision.step,
                    turn=decision.turn,
                    delivered_at=minute * MINUTE,
                    acknowledged_at=None,
                )
                if decision.turn == 1
                else Facts(step=decision.step, turn=decision.turn, delivered_at=facts.delivered_at)
            )
        else:
            raise AssertionError("two steps in one look")
    assert told == sorted(set(told))


CHAIN = Chain.model_validate(
    {
        "acknowledged_for": "3 working_minutes",
        "steps": [
            {"tell": ["handler"]},
            {"tell": ["leader"], "after": "10 working_minutes", "stops": ["acknowledged"]},
            {"tell": ["supervisor"], "after": "20 working_minutes", "stops": ["replied"]},
        ],
        "unanswered": ["leader"],
    }
)
TOLD = {"step": 1, "turn": 1}


@pytest.mark.parametrize(
    ("facts", "at", "wanted"),
    [
        pytest.param(Facts(), 0, Tell(1, 1, None), id="nothing told yet"),
        pytest.param(Facts(**TOLD), 9_999, Waiting(None, "delivery"), id="not delivered"),
        pytest.param(Facts(**TOLD, delivered_at=0), 600, Waiting(601, "time"), id="last second"),
        pytest.param(Facts(**TOLD, delivered_at=0), 601, Tell(2, 1, 0), id="one second late"),
        pytest.param(Facts(**TOLD, missed_at=0), 601, Tell(2, 1, None), id="reached nobody"),
        pytest.param(
            Facts(**TOLD, delivered_at=0, acknowledged_at=590), 601, Waiting(771, "time"),
            id="an acknowledgement holds",
        ),
        pytest.param(
            Facts(**TOLD, delivered_at=0, acknowledged_at=590), 771, Tell(2, 1, 0),
            id="an acknowledgement that was forgotten",
        ),
        pytest.param(
            Facts(**TOLD, delivered_at=0, replied_at=5), 9_999, Waiting(None, "answered"),
            id="replied",
        ),
        pytest.param(
            Facts(**TOLD, delivered_at=0, reply_due_at=300), 301, Unanswered(300),
            id="the reply is missing",
        ),
        pytest.param(
            Facts(**TOLD, delivered_at=0, reply_due_at=300), 300, Waiting(301, "time"),
            id="the reply is still in time",
        ),
        pytest.param(
            Facts(**TOLD, delivered_at=0, reply_due_at=300, unanswered_at=301), 302,
            Waiting(601, "time"), id="told once that it is missing",
        ),
        pytest.param(
            Facts(step=3, turn=1, delivered_at=0), 9_999, Exhausted(), id="nobody has answered"
        ),
        pytest.param(
            Facts(step=3, turn=1, delivered_at=0, replied_at=5), 9_999, Waiting(None, "answered"),
            id="answered after the last step",
        ),
        pytest.param(Facts(**TOLD, ended="lifted"), 0, Ended("lifted"), id="lifted"),
    ],
)  # fmt: skip
def test_by_example(facts: Facts, at: int, wanted: object) -> None:
    assert decide(CHAIN, facts, at, due) == wanted


SHANGHAI = ZoneInfo("Asia/Shanghai")


def _at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp())


@pytest.mark.parametrize(
    ("start", "amount", "wanted"),
    [
        ("2027-03-05 10:00:00", "1 working_days", "2027-03-08 23:59:59"),
        ("2027-03-06 10:00:00", "1 working_days", "2027-03-08 23:59:59"),
        ("2027-03-05 10:00:00", "5 working_days", "2027-03-12 23:59:59"),
        ("2027-03-05 10:00:00", "0.5 working_days", "2027-03-08 23:59:59"),
        ("2027-03-05 10:00:00", "2 calendar_days", "2027-03-07 23:59:59"),
        ("2027-03-05 10:00:00", "4 working_hours", "2027-03-05 14:00:00"),
        ("2027-01-31 10:00:00", "1 calendar_months", "2027-02-28 23:59:59"),
        ("2027-11-30 10:00:00", "3 calendar_months", "2028-02-29 23:59:59"),
        ("2027-12-05 10:00:00", "12 calendar_months", "2028-12-05 23:59:59"),
    ],
)
def test_without_a_calendar_weekdays_count(start: str, amount: str, wanted: str) -> None:
    found = plain_due(_at(start), Amount.parse(amount), "Asia/Shanghai")
    assert datetime.fromtimestamp(found, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S") == wanted


@pytest.mark.parametrize("unit", list(Unit))
def test_every_unit_has_an_end_without_a_calendar(unit: Unit) -> None:
    assert plain_due(0, Amount.parse(f"3 {unit}"), "UTC") > 0


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return app.open_catalogue(None, None)


@settings(max_examples=300)
@given(
    st.sampled_from(("cn", "us-new-york")),
    st.integers(_at("2012-01-01 00:00"), _at("2013-06-01 00:00")),
    st.integers(1, 9),
    st.sampled_from([unit for unit in Unit if unit is not Unit.CALENDAR_MONTHS]),
)
@example("us-new-york", _at("2012-03-11 12:59:59"), 1, Unit.CALENDAR_DAYS)
def test_nothing_is_due_before_the_least_time(
    catalogue: Catalogue, calendar: str, start: int, number: int, unit: Unit
) -> None:
    amount = Amount.parse(f"{number} {unit}")
    table = catalogue.compiled(calendar).table
    found = questions.due(table, start, amount, counting=questions.Counting(), pauses=[])
    assert found is not None
    assert found - start >= at_least(amount)
    assert plain_due(start, amount, "America/New_York") - start >= at_least(amount)
