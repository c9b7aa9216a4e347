"""Supervision orders: opened, answered, returned, closed, overdue; by two at once, by the dying."""

import itertools
import multiprocessing
import shutil
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from efficiency_monitor.core import orders as core
from efficiency_monitor.core.faults import ConfigurationError, EffmonError, NotAllowed
from efficiency_monitor.core.orders import Move, Result, order_number
from efficiency_monitor.core.terms import OrderState
from efficiency_monitor.services import order_listing, orders
from efficiency_monitor.services.doctor import examine
from tests.stories.world import ZONE, World, instant, wall

from . import desk
from .stage import Killed, copied, facts, killed_at, run

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
def stage(tmp_path_factory: pytest.TempPathFactory) -> World:
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


def say(world: World, line: str) -> str:
    """A command that has to succeed; what it said."""
    ran = run(world, line).well()
    return ran.out + ran.err


def refused(world: World, line: str) -> str:
    """A command that has to be refused in one line and a hint, and to change nothing."""
    before = world.dump()
    ran = run(world, line)
    assert ran.code == 2, ran
    assert ran.err.count("\n") == 2, ran.err
    assert world.dump() == before
    return ran.err


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


def test_a_matter_from_its_order_to_its_end(world: World) -> None:
    """Saturday opened and delivered; answered on the fourth working day, returned, answered."""
    said = say(world, "--as wang orders open '{A CASE red}' '{B CASE red}' --text 请限期整改")
    assert "told: chen, li, zhang" in said
    assert desk.order_states(world) == ["open 1 -"], "no deadline before it was delivered"
    assert desk.notices(world, "order_opened") == ["chen pending", "li pending", "zhang pending"]
    world.now = instant("2026-03-09 10:00")
    desk.arrive(world)
    assert desk.order_states(world) == ["open 1 2026-03-16 23:59:59"], "five days after delivery"

    world.now = instant("2026-03-12 15:00")
    assert "told: wang" in say(world, "--as li orders reply {order} --text 已约谈")
    say(world, "--as zhang orders reply {order} --text 材料附后")
    assert desk.order_states(world) == ["replied 1 2026-03-16 23:59:59"]
    assert desk.order(world)["replied_by"] == "li", "the first reply is not overwritten"

    world.now = instant("2026-03-13 09:00")
    say(world, "--as wang orders return {order} --text 未见整改 --within '4 working_hours'")
    assert desk.order_states(world) == ["returned 2 -"]
    assert desk.notices(world, "order_replied:1") == ["wang void"], "nobody waits for it any more"
    desk.arrive(world)
    assert desk.order_states(world) == ["returned 2 2026-03-13 15:00:00"], "to the second"
    world.now = instant("2026-03-13 15:00")
    assert "deadline" not in say(world, "--as li orders reply {order} --text 已补正")

    world.now = instant("2026-03-16 09:00")
    desk.arrive(world)
    say(world, "--as sun orders close {order} --text 同意 --close-cards")
    assert desk.order_states(world) == ["closed 2 2026-03-13 15:00:00"]
    assert desk.order(world)["result"] == "done"
    assert [card for card in world.cards() if "red" in card] == [
        "A CASE red closed",
        "B CASE red closed",
        "C CASE red open",
    ]
    assert desk.notices(world, "order_closed") == [
        "chen pending",
        "li pending",
        "wang pending",
        "zhang pending",
    ]
    kinds = [
        (row["kind"], row["person"], row["text"])
        for row in world.rows("SELECT * FROM order_entry ORDER BY id")
    ]
    assert kinds == [
        ("opened", "wang", "请限期整改"),
        ("replied", "li", "已约谈"),
        ("replied", "zhang", "材料附后"),
        ("returned", "wang", "未见整改"),
        ("replied", "li", "已补正"),
        ("closed", "sun", "同意"),
    ]
    recorded = [
        entry["type"] for entry in world.entries() if str(entry["type"]).startswith("order")
    ]
    assert recorded == [f"order.{kind}" for kind, _, _ in kinds]


def test_what_people_wrote_is_in_no_entry_of_the_ledger(world: World) -> None:
    say(world, "--as wang orders open '{A CASE red}' --text 请张三限期整改")
    say(world, "--as li orders reply {order} --text 李四已约谈张三")
    say(world, "--as wang orders return {order} --text 张三未到")
    say(world, "--as wang orders close {order} --text 张三已离职")
    ledger = " ".join(str(entry) for entry in world.entries())
    for name in ("张三", "李四", "张经办"):
        assert name not in ledger
    assert all(len(entry["text"]["sha256"]) == 64 for entry in desk.entries(world, "order.replied"))
    about = world.rows("SELECT about FROM notice WHERE subject LIKE 'order:%'")
    assert about
    assert not any("张" in row["about"] or "李" in row["about"] for row in about)


@pytest.mark.parametrize(
    ("person", "said"),
    [("", "nobody is named"), ("zhang", "no role"), ("gao", "no role"), ("nemo", "no person nemo")],
    ids=["nobody", "a handler", "another department", "nobody known"],
)
def test_who_may_not_open(world: World, person: str, said: str) -> None:
    acting = f"--as {person} " if person else ""
    assert said in refused(world, f"{acting}orders open '{{A CASE red}}' --text x")


def test_who_may_not_reply_return_or_close(world: World) -> None:
    say(world, "--as wang orders open '{A CASE red}' --text x")
    assert "no role" in refused(world, "--as gao orders reply {order} --text x")
    assert "no role" in refused(world, "--as wang orders reply {order} --text x")
    say(world, "--as li orders reply {order} --text x")
    for verb in ("return", "close"):
        assert "no role" in refused(world, f"--as chen orders {verb} {{order}} --text x")


def test_whoever_replied_does_not_decide_on_the_reply(world: World) -> None:
    both = {"person_id": "wu", "name": "吴", "department": "住建局", "role": "head"}
    world.people([*desk.PEOPLE, both, {**both, "role": "supervisor"}])
    say(world, "--as wang orders open '{A CASE red}' --text x")
    say(world, "--as wu orders reply {order} --text x")
    say(world, "--as li orders reply {order} --text y")
    for verb in ("return", "close"):
        said = refused(world, f"--as wu orders {verb} {{order}} --text x")
        assert "replied to this order" in said
    say(world, "--as wang orders close {order} --text x")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("open NONE --text x", "there is no card 'NONE'"),
        ("open '{A CASE yellow}' --text x", "is superseded"),
        ("open '{A CASE red}'", "text is missing"),
        ("open '{A CASE red}' --text ' '", "text is missing"),
        ("open '{A CASE red}' '{C CASE red}' --text x", "the department of"),
        ("open '{A CASE red}' --text x --within soon", "cannot be read"),
        ("open '{A CASE red}' --text x --within '0 working_days'", "cannot be read"),
        ("open '{A CASE red}' --text x --attach {folder}/none", "cannot be read"),
        ("open '{A CASE red}' --text x --attach {folder}", "is no file"),
        ("reply D-NONE --text x", "there is no order 'D-NONE'"),
        ("return D-NONE --text x", "there is no order 'D-NONE'"),
        ("close D-NONE --text x", "there is no order 'D-NONE'"),
        ("show D-NONE", "there is no order 'D-NONE'"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(world: World, line: str, said: str) -> None:
    assert said in refused(world, f"--as wang orders {line}")


def test_a_superseded_card_names_the_one_that_stands(world: World) -> None:
    said = refused(world, "--as wang orders open '{A CASE yellow}' --text x")
    assert f"{world.card('A CASE red')} stands in its place" in said


def test_a_deadline_beyond_the_calendar_is_refused(world: World) -> None:
    ran = run(world, "--as wang orders open '{A CASE red}' --text x --within '900 working_days'")
    assert ran.code == 3
    assert "the calendar town covers" in ran.err
    assert desk.order_states(world) == []


def test_nobody_to_tell_is_no_order(world: World) -> None:
    world.people([person for person in desk.PEOPLE if person["role"] == "supervisor"])
    assert "nobody of 住建局" in refused(world, "--as wang orders open '{A CASE red}' --text x")


def test_moves_out_of_turn_are_refused(world: World) -> None:
    say(world, "--as wang orders open '{A CASE red}' --text x")
    assert "it cannot be returned" in refused(world, "--as wang orders return {order} --text x")
    line = "--as wang orders close {order} --text x --close-cards"
    assert "has no reply" in refused(world, line)
    say(world, "--as wang orders close {order} --text 开错了")
    assert desk.order(world)["result"] == "withdrawn"
    assert desk.notices(world, "order_opened") == ["chen void", "li void", "zhang void"]
    assert desk.notices(world, "order_closed") == ["wang pending"], "nobody else had heard of it"
    for verb in ("reply", "return", "close"):
        person = "li" if verb == "reply" else "wang"
        said = refused(world, f"--as {person} orders {verb} {{order}} --text x")
        assert "is closed" in said


def test_another_order_after_the_first_leaves_the_first_as_it_was(world: World) -> None:
    say(world, "--as wang orders open '{A CASE red}' --text 一")
    say(world, "--as li orders reply {order} --text 答")
    say(world, "--as wang orders close {order} --text 可")
    before = world.rows("SELECT * FROM supervision_order")
    before_entries = world.rows("SELECT * FROM order_entry ORDER BY id")
    world.now += 60
    say(world, "--as sun orders open '{A CASE red}' '{B CASE red}' --text 二")
    after = world.rows("SELECT * FROM supervision_order ORDER BY opened_at")
    assert after[:1] == before
    assert len({row["order_no"] for row in after}) == 2
    assert world.rows("SELECT * FROM order_entry ORDER BY id")[:3] == before_entries


def test_the_same_reply_twice_is_one_and_another_one_is_added(world: World) -> None:
    say(world, "--as wang orders open '{A CASE red}' --text x")
    say(world, "--as li orders reply {order} --text 已整改")
    assert "nothing was written" in say(world, "--as li orders reply {order} --text 已整改")
    say(world, "--as zhang orders reply {order} --text 已整改")
    say(world, "--as li orders reply {order} --text 已整改")
    replies = world.rows("SELECT person FROM order_entry WHERE kind = 'replied' ORDER BY id")
    assert [row["person"] for row in replies] == ["li", "zhang", "li"]


def test_a_late_reply_is_taken_and_marked(world: World) -> None:
    say(world, "--as wang orders open '{A CASE red}' --text x --within '2 working_days'")
    desk.arrive(world)
    assert desk.order_states(world) == ["open 1 2026-03-10 23:59:59"]
    world.now = instant("2026-03-11 00:00")
    assert "after its deadline" in say(world, "--as li orders reply {order} --text x")
    (shown,) = run(world, "orders list -o json").well().json
    assert shown["late"] is True
    assert [entry["late"] for entry in desk.entries(world, "order.replied")] == [True]


def test_overdue_is_told_once_a_round(world: World) -> None:
    say(world, "--as wang orders open '{A CASE red}' --text x --within '2 working_days'")
    assert orders.overdue(world.context) == []
    desk.arrive(world)
    number = desk.order(world)["order_no"]
    world.now = instant("2026-03-10 23:59:59")
    assert orders.overdue(world.context) == [], "at the deadline it is in time"
    world.now += 1
    assert orders.overdue(world.context) == [number]
    assert orders.overdue(world.context) == []
    assert desk.notices(world, "order_overdue:1") == ["chen pending", "li pending", "wang pending"]
    (shown,) = run(world, "orders list --state overdue -o json").well().json
    assert (shown["order_no"], shown["overdue"]) == (number, True)
    say(world, "--as li orders reply {order} --text x")
    assert run(world, "orders list --state overdue -o json").well().json == []
    say(world, "--as wang orders return {order} --text x")
    desk.arrive(world)
    world.now = instant("2026-03-14 00:00")
    assert orders.overdue(world.context) == [number]
    assert desk.notices(world, "order_overdue:2") == ["chen pending", "li pending", "wang pending"]


def test_an_order_that_reaches_nobody_is_reported_and_its_time_runs(world: World) -> None:
    say(world, "--as wang orders open '{A CASE red}' --text x --within '2 working_days'")
    number = desk.order(world)["order_no"]
    world.now = instant("2026-03-12 09:00")
    desk.arrive(world, dead=True)
    row = desk.order(world)
    assert (row["delivered_at"], wall(row["reply_due_at"])) == (None, "2026-03-16 23:59:59")
    (shown,) = run(world, "orders list -o json").well().json
    assert shown["undeliverable"] is True
    found = {each["check"]: each for each in examine(world.context)}["orders"]
    assert found["status"] == "look"
    assert number in found["detail"]
    world.now = instant("2026-03-17 00:00")
    assert orders.overdue(world.context) == [number]


def test_one_recipient_who_is_reached_is_enough(world: World) -> None:
    say(world, "--as wang orders open '{A CASE red}' --text x")
    one = world.rows(
        "SELECT notice_id FROM notice WHERE kind = 'order_opened' AND person_id = 'li'"
    )
    with world.context.store.writing() as connection:
        from efficiency_monitor.services import after_delivery
        from efficiency_monitor.store import outbox

        rows = outbox.pending(connection, world.now)
        dead = [row for row in rows if row.notice_id != one[0]["notice_id"]]
        outbox.mark(connection, [row.notice_id for row in dead], state="dead")
        after_delivery.undeliverable(world.context, connection, dead, world.now)
    assert desk.order_states(world) == ["open 1 -"], "one is still on its way"
    desk.arrive(world)
    assert desk.order(world)["delivered_at"] == world.now


def test_a_preview_writes_nothing_and_says_who_would_be_told(world: World) -> None:
    paper = world.folder / "paper.txt"
    paper.write_text("x", encoding="utf-8")
    attach = f"--attach {paper}"
    before = world.dump()
    ran = run(world, f"--as wang orders open '{{A CASE red}}' --text x {attach} --dry-run -o json")
    assert ran.well().json["told"] == ["chen", "li", "zhang"]
    assert "nothing was written" in ran.err
    assert world.dump() == before
    assert not (world.folder / "attachments").exists()
    say(world, "--as wang orders open '{A CASE red}' --text x")
    say(world, "--as li orders reply {order} --text x")
    before = world.dump()
    for line in ("return {order}", "close {order} --close-cards"):
        said = say(world, f"--as wang orders {line} --text x --dry-run")
        assert "nothing was written" in said
    assert world.dump() == before


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
    whole = copied(world, tmp_path / "whole")
    say(whole, LIFE[step])
    with killed_at(1, before=before), pytest.raises(Killed):
        run(world, LIFE[step])
    assert (facts(world) == facts(whole)) is not before
    world.close()
    run(world, LIFE[step])
    assert facts(world) == facts(whole)
    assert whole.sound()
    whole.close()


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


def test_the_list_says_how_long_an_order_is_open_in_working_days(world: World) -> None:
    say(world, "--as wang orders open '{A CASE red}' --text x")
    days = []
    for at in ("2026-03-08", "2026-03-10", "2026-03-16", "2026-03-17"):
        world.now = instant(f"{at} 09:00")
        (shown,) = order_listing.list_orders(world.context)
        days.append(shown["open_for"]["value"])
    # Opened on a Saturday: Monday 9 March is the first day, whole once it has ended.
    assert days == ["0", "1", "5", "6"]
    assert date(2026, 3, 7).weekday() == 5
    assert order_listing.list_orders(world.context, department="规划局") == []
    assert len(order_listing.list_orders(world.context, department="住建局")) == 1


def test_a_card_shows_its_orders(world: World) -> None:
    say(world, "--as wang orders open '{A CASE red}' --text x")
    shown = run(world, "cards show '{A CASE red}' -o json").well().json
    assert [each["order_no"] for each in shown["orders"]] == [desk.order(world)["order_no"]]
    assert desk.order(world)["order_no"] in say(world, "cards show '{A CASE red}' -o table")


def test_not_allowed_is_a_fault_of_its_own(world: World) -> None:
    with pytest.raises(NotAllowed) as raised:
        orders.open_order(world.acting("li"), [world.card("A CASE red")], text="x")
    assert isinstance(raised.value, EffmonError)
