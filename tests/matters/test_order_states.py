"""Orders in every state: a table written by hand, a plain model, two at once, the dying."""

import itertools
import multiprocessing
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.followup.orders import actions as orders
from efficiency_monitor.followup.orders import model as core
from efficiency_monitor.followup.orders.model import Move, Result, order_number
from efficiency_monitor.terms import OrderState
from tests.stories.world import ZONE, World

from . import desk
from .deaths import at_the_first
from .desk import say
from .stage import copied, run

pytestmark = pytest.mark.both_engines

#: What may happen to an order in which state, written by hand.
TABLE = """
            replied    returned   closed     cards_lifted
open        replied    -          closed     closed
replied     replied    returned   closed     closed
returned    replied    -          closed     closed
closed      -          -          -          -
"""
RESULTS = {
    ("open", "closed"): "withdrawn",
    ("returned", "closed"): "withdrawn",
    ("replied", "closed"): "done",
    ("open", "cards_lifted"): "cards_lifted",
    ("replied", "cards_lifted"): "cards_lifted",
    ("returned", "cards_lifted"): "cards_lifted",
}


def table() -> dict[tuple[str, str], str]:
    """The table by state and move."""
    head, *lines = (line.split() for line in TABLE.strip().splitlines())
    return {
        (line[0], move): cell for line in lines for move, cell in zip(head, line[1:], strict=True)
    }


@pytest.fixture(scope="module")
def stage(database_engine: str, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Late cases of two departments, everybody told; each test gets a copy."""
    made = desk.opened(tmp_path_factory.mktemp("orders") / "ws")
    made.close()
    return made


@pytest.fixture
def world(stage: World, tmp_path: Path) -> Iterator[World]:
    """A copy of the stage."""
    made = copied(stage, tmp_path / "ws")
    yield made
    assert made.sound()
    made.close()


def test_the_state_machine_is_the_table() -> None:
    wanted = table()
    assert len(wanted) == len(OrderState) * len(Move)
    for state, move in itertools.product(OrderState, Move):
        after = core.after(state, move)
        assert (str(after) if after else "-") == wanted[str(state), str(move)], (state, move)
        result = core.result_of(state, move) if after else None
        assert result == RESULTS.get((str(state), str(move))), (state, move)
        assert (state in core.possible_from(move)) == (after is not None)
    assert {str(result) for result in Result} == set(RESULTS.values())


def test_a_number_is_the_cards_and_how_many_orders_they_had() -> None:
    assert order_number(["R-1", "Y-2"], 0) == order_number(["Y-2", "R-1", "R-1"], 0)
    numbers = {
        order_number(cards, earlier)
        for cards in (["R-1"], ["R-1", "Y-2"], ["R-1Y-2"])
        for earlier in (0, 1)
    }
    assert len(numbers) == 6
    assert all(number.startswith("D-") and len(number) == 14 for number in numbers)


def _open_in_a_process(folder: Path, now: int, person: str, start: Any, found: Any) -> None:
    world = World(folder, now)
    context = world.acting(person)
    start.wait()
    try:
        orders.open_order(context, [world.card("A CASE red")], text=f"by {person}")
        found.put("opened")
    except ConfigurationError as fault:
        found.put(fault.message)


def test_two_supervisors_at_once_open_one_order(world: World) -> None:
    world.close()
    spawn = multiprocessing.get_context("spawn")
    start, found = spawn.Barrier(2), spawn.Queue()
    both = [
        spawn.Process(
            target=_open_in_a_process, args=(world.folder, world.now, person, start, found)
        )
        for person in ("wang", "sun")
    ]
    for process in both:
        process.start()
    said = sorted([found.get(timeout=60), found.get(timeout=60)])
    for process in both:
        process.join()
    number = desk.order(world)["order_no"]
    assert said == [
        f"card {world.card('A CASE red')} has the open order {number} already",
        "opened",
    ]
    assert len(world.rows("SELECT * FROM supervision_order")) == 1
    assert len(world.rows("SELECT * FROM order_entry")) == 1


#: Commands that bring an order into each state, and those that are then given and killed.
LIFE = (
    "--as wang orders open '{A CASE red}' '{B CASE red}' --text 一",
    "--as li orders reply {order} --text 二",
    "--as wang orders return {order} --text 三",
    "--as li orders reply {order} --text 四",
    "--as wang orders close {order} --text 五 --close-cards",
)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize(
    "step", range(len(LIFE)), ids=["open", "reply", "return", "again", "close"]
)
def test_a_command_that_dies_is_given_again(
    world: World, tmp_path: Path, step: int, before: bool
) -> None:
    for line in LIFE[:step]:
        say(world, line)
        world.now += 3600
        desk.arrive(world)
    at_the_first(world, LIFE[step], tmp_path, before=before)


def _end_of_working_day(since: int, days: int) -> int:
    """The last second of the n-th weekday after the day of an instant, in plain steps."""
    day = datetime.fromtimestamp(since, ZONE).date()
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return int(datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=ZONE).timestamp())


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("reply"), st.sampled_from(["li", "zhang"])),
        st.tuples(st.just("return"), st.integers(1, 4)),
        st.tuples(st.just("close"), st.just(None)),
        st.tuples(st.just("arrive"), st.just(None)),
        st.tuples(st.just("lost"), st.just(None)),
        st.tuples(st.just("overdue"), st.just(None)),
        st.tuples(st.just("wait"), st.integers(1, 90)),
    ),
    min_size=3,
    max_size=14,
)


@given(within=st.integers(1, 4), steps=STEPS)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_sequence_goes_as_a_plain_model_says(
    stage: World, tmp_path_factory: pytest.TempPathFactory, within: int, steps: list[Any]
) -> None:
    world = copied(stage, tmp_path_factory.mktemp("model") / "ws")
    try:
        _follow(world, within, steps)
    finally:
        world.close()
        shutil.rmtree(world.folder)


def _follow(world: World, within: int, steps: list[Any]) -> None:
    """Give the commands, and follow them in a model that has a state, a round and a deadline."""
    say(world, f"--as wang orders open '{{A CASE red}}' --text x --within '{within} working_days'")
    number = desk.order(world)["order_no"]
    state, turn, due, told = "open", 1, None, False
    delivered = False
    for place, (verb, value) in enumerate(steps):
        if verb == "wait":
            world.now += value * 3600
        elif verb in ("arrive", "lost"):
            if state in ("open", "returned") and not delivered and due is None:
                due = _end_of_working_day(world.now, within)
                delivered = verb == "arrive"
            desk.arrive(world, dead=verb == "lost")
        elif verb == "overdue":
            late = state in ("open", "returned") and due is not None and world.now > due
            assert orders.overdue(world.context) == ([number] if late and not told else [])
            told = told or late
        else:
            move = {"reply": "replied", "return": "returned", "close": "closed"}[verb]
            after = table()[state, move]
            person = value if verb == "reply" else "wang"
            more = f" --within '{value} working_days'" if verb == "return" else ""
            ran = run(world, f"--as {person} orders {verb} {number} --text {place}{more}")
            assert ran.code == (2 if after == "-" else 0), (state, verb, ran)
            if after == "-":
                continue
            state = after
            if verb == "return":
                turn, due, told, delivered, within = turn + 1, None, False, False, value
        row = desk.order(world)
        assert (row["state"], row["round"], row["reply_due_at"]) == (state, turn, due), (
            place,
            verb,
        )
    kinds = [row["kind"] for row in world.rows("SELECT kind FROM order_entry ORDER BY id")]
    assert kinds.count("returned") == turn - 1
    assert world.sound()
