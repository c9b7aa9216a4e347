"""Supervision orders: opened, answered, returned, closed, overdue; by two at once, by the dying."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from efficiency_monitor.faults import EffmonError, NotAllowed
from efficiency_monitor.followup.orders import actions as orders
from efficiency_monitor.followup.orders import views as order_listing
from efficiency_monitor.notify.channels.channel import Message, Result, Retry
from efficiency_monitor.ops.doctor.doctor import examine
from tests.stories.world import World, instant, wall

from . import desk
from .desk import refused, say
from .stage import copied, run

pytestmark = pytest.mark.both_engines


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
    assert all(
        len(entry["text"]["commitment"]) == 64 for entry in desk.entries(world, "order.replied")
    )
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


class Down:
    """A channel whose receiver does not answer."""

    name = "file"
    wakes = False
    limits = ()
    longest_bytes = None
    group = False

    def counted_as(self, _message: Message) -> str:
        """One receiver."""
        return "down"

    def send(self, _message: Message) -> Result:
        """Nobody there."""
        return Retry("down")


def test_a_real_delivery_that_fails_for_three_days_is_reported_by_the_next_scan(
    world: World,
) -> None:
    say(world, "--as wang orders open '{A CASE red}' --text x --within '2 working_days'")
    number = desk.order(world)["order_no"]
    waiting = "SELECT MIN(next_attempt_at) AS at FROM notice WHERE state = 'pending'"
    while (at := world.rows(waiting)[0]["at"]) is not None:
        world.now = max(world.now, at)
        world.deliver({"file": Down()})
    assert wall(world.now) == "2026-03-10 09:00:00", "72 hours after the first attempt"
    assert desk.order_states(world) == ["open 1 2026-03-12 23:59:59"]
    report = world.scan().as_json("Asia/Shanghai")
    lost = {(each["subject"], each["person_id"]) for each in report["undelivered"]}  # type: ignore[attr-defined]
    assert lost == {(f"order:{number}", person) for person in ("chen", "li", "zhang")}
    say(world, "notices retry")
    world.now = instant("2026-03-11 10:00")
    world.deliver()
    assert desk.order_states(world) == ["open 1 2026-03-13 23:59:59"], "from the real delivery"


def test_one_recipient_who_is_reached_is_enough(world: World) -> None:
    say(world, "--as wang orders open '{A CASE red}' --text x")
    desk.arrive(world, only="zhang", dead=True)
    assert desk.order_states(world) == ["open 1 -"], "others are still on their way"
    world.now += 86_400 * 3
    desk.arrive(world, only="li")
    assert desk.order_states(world) == ["open 1 2026-03-17 23:59:59"], "delivered on Tuesday 10th"
    world.now += 86_400 * 3
    desk.arrive(world)
    assert desk.order_states(world) == ["open 1 2026-03-17 23:59:59"], "the first delivery counts"


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
