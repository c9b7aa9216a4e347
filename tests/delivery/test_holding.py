"""What waits although its time has come: hours, silences, limits; and what it waits for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from efficiency_monitor import app
from efficiency_monitor.faults import ConfigurationError, NotAllowed
from efficiency_monitor.notify import silences
from efficiency_monitor.notify.channels.channel import Limit, Message, Result, Retry, Sent
from efficiency_monitor.notify.notices import notices_to, people
from efficiency_monitor.notify.silences import Filters, add_silence, end_silence
from efficiency_monitor.notify.store import outbox
from efficiency_monitor.notify.voiding import void
from efficiency_monitor.terms import LiftReason
from tests.stories.world import PEOPLE, World, instant, wall

from .receiving import Receiver, held, notices, recorded, red_and_warning, states

pytestmark = pytest.mark.both_engines
EVENING = "2026-03-13 20:00"  # a Friday


@pytest.fixture
def worlds(tmp_path: Path) -> Iterator[list[World]]:
    """Workspaces that are closed at the end."""
    made: list[World] = []
    yield made
    for world in made:
        world.close()


def at_night(tmp_path: Path, worlds: list[World], *hours: str) -> World:
    people = [{**row, "hours": text} for row, text in zip(PEOPLE, hours, strict=True)]
    worlds.append(red_and_warning(tmp_path / "ws", EVENING, people))
    return worlds[-1]


def test_each_is_told_when_their_hours_begin(tmp_path: Path, worlds: list[World]) -> None:
    world = at_night(tmp_path, worlds, "", "every 08:00-20:00", "any")
    receiver = Receiver()
    report = world.deliver({"file": receiver})
    assert receiver.recipients == ["王监察"]
    assert (report.messages, report.sent) == (1, 1)
    assert held(world) == {"quiet": states(world)["pending"]}
    opens = {
        str(row["person_id"]): wall(int(str(row["next_attempt_at"])))
        for row in notices(world)
        if row["held"]
    }
    assert opens == {"zhang": "2026-03-16 09:00:00", "li": "2026-03-14 08:00:00"}
    assert all(row["attempts"] == 0 for row in notices(world))

    for moment, more in (
        ("2026-03-14 07:59:59", []),
        ("2026-03-14 08:00", ["李主任"]),
        ("2026-03-16 08:59:59", []),
        ("2026-03-16 09:00", ["张经办"]),
    ):
        world.now = instant(moment)
        before = len(receiver.got)
        world.deliver({"file": receiver})
        assert receiver.recipients[before:] == more, moment
    assert held(world) == {}
    assert set(states(world)) == {"sent"}


def test_who_widens_their_hours_is_told_in_the_next_run(
    tmp_path: Path, worlds: list[World]
) -> None:
    world = at_night(tmp_path, worlds, "", "", "")
    receiver = Receiver()
    world.deliver({"file": receiver})
    assert receiver.got == []
    world.people([{**row, "hours": "any"} for row in PEOPLE])
    world.deliver({"file": receiver})
    assert sorted(receiver.recipients) == ["张经办", "李主任", "王监察"]


def test_a_run_that_is_drawn_out_ends_with_the_hours(tmp_path: Path, worlds: list[World]) -> None:
    world = at_night(tmp_path, worlds, "09:00-10:00", "09:00-10:00", "any")
    world.now = instant("2026-03-16 09:59")

    def slow(message: Message) -> Result:
        world.now += 90
        return Sent("got it")

    receiver = Receiver(slow)
    report = world.deliver({"file": receiver})
    assert len(receiver.got) == 2, "whoever came second may be told at any hour"
    assert receiver.recipients[1] == "王监察"
    assert sum(number for number, _ in report.held.values()) == states(world)["pending"]
    assert set(held(world)) == {"quiet"}


def test_a_channel_that_wakes_nobody_does_not_wait(tmp_path: Path, worlds: list[World]) -> None:
    world = at_night(tmp_path, worlds, "", "", "")
    assert world.deliver({"file": Receiver(wakes=False)}).messages == 3


def test_nights_and_weekends_are_no_part_of_the_three_days(
    tmp_path: Path, worlds: list[World]
) -> None:
    world = at_night(tmp_path, worlds, "16:00-17:00", "16:00-17:00", "16:00-17:00")
    world.now = instant("2026-03-16 16:59")
    down = Receiver(lambda message: Retry("down"))
    world.deliver({"file": down})
    days = {wall(moment)[:10] for moment in running(world, down, until="2026-06-01 00:00")}
    # An hour a day, and then the four hours until the next try: not dead on the fourth day.
    assert len(days) > 15
    assert set(states(world)) == {"dead"}


def running(world: World, receiver: Receiver, *, until: str) -> list[int]:
    """Deliver whenever something falls due; the instants."""
    moments = []
    while True:
        (row,) = world.rows("SELECT MIN(next_attempt_at) AS at FROM notice WHERE state='pending'")
        if row["at"] is None or row["at"] > instant(until):
            return moments
        world.now = max(world.now, row["at"])
        moments.append(world.now)
        world.deliver({"file": receiver})


@pytest.fixture
def world(tmp_path: Path, worlds: list[World]) -> World:
    """Monday morning: all may be told."""
    worlds.append(red_and_warning(tmp_path / "ws"))
    return worlds[-1]


def silenced(world: World, person: str = "wang", **filters: str) -> str:
    return add_silence(
        world.acting(person),
        Filters(**filters),
        reason="系统演练",
        until=world.now + 86_400,
    )


def test_a_silence_holds_and_its_end_lets_go(world: World) -> None:
    number = silenced(world, department="住建局")
    receiver = Receiver()
    world.deliver({"file": receiver})
    assert receiver.got == []
    everything = len(notices(world))
    assert held(world) == {f"silence:{number}": everything}
    (listed,) = silences.list_silences(world.context)
    assert (listed["holds"], listed["owner"], listed["reason"]) == (everything, "wang", "系统演练")

    world.now += 86_399
    world.deliver({"file": receiver})
    assert receiver.got == []
    world.now += 1
    report = world.deliver({"file": receiver})
    assert report.sent == everything
    (added,), (ended,) = recorded(world, "silence.added"), recorded(world, "silence.ended")
    assert added["filters"] == {"department": "住建局"}
    assert "系统演练" not in str(added)
    assert (ended["silence"], ended["by"], ended["released"]) == (number, None, everything)
    assert silences.list_silences(world.context) == []
    assert world.sound()


def test_a_silence_ended_before_its_time(world: World) -> None:
    number = silenced(world, "li", department="住建局")
    receiver = Receiver()
    world.deliver({"file": receiver})
    assert receiver.recipients == ["王监察"], "a head keeps nothing from the supervision office"
    with pytest.raises(NotAllowed):
        end_silence(world.acting("zhang"), number, reason="不必再等")
    end_silence(world.acting("li"), number, reason="不必再等")
    world.deliver({"file": receiver})
    assert set(states(world)) == {"sent"}
    (ended,) = recorded(world, "silence.ended")
    assert ended["by"] == "li"
    with pytest.raises(ConfigurationError, match="ended at"):
        end_silence(world.acting("wang"), number, reason="再次")


@pytest.mark.parametrize(
    ("filters", "told"),
    [
        ({"department": "住建局"}, []),
        ({"case_no": "B"}, ["张经办", "李主任", "王监察"]),
        ({"case_no": "A"}, ["张经办"]),
        ({"person_id": "li"}, ["张经办", "王监察"]),
        ({"rule_id": "CASE", "person_id": "zhang"}, ["李主任", "王监察"]),
        ({"region": "430300"}, ["张经办", "李主任", "王监察"]),
        ({}, []),
    ],
    ids=["department", "case B", "case A", "person", "rule and person", "another region", "all"],
)
def test_every_option_narrows_it(world: World, filters: dict[str, str], told: list[str]) -> None:
    silenced(world, **filters)
    receiver = Receiver()
    world.deliver({"file": receiver})
    assert sorted(receiver.recipients) == told


def test_what_no_silence_holds(world: World) -> None:
    silenced(world)
    kinds = {"lifted": "card:R-1", "filed": "appeal:A-1", "alarm": "alarm:AL-1", "key": "key:1"}
    tell(world, [*kinds.items(), ("closed", "card:R-1"), ("exempted", "account:R-1")])
    receiver = Receiver()
    world.deliver({"file": receiver})
    sent = {row["subject"] for row in world.rows("SELECT subject FROM notice WHERE state = 'sent'")}
    assert sent == set(kinds.values())


@pytest.mark.parametrize(
    ("department", "state"), [("住建局", "pending"), ("公安局", "sent")], ids=["its own", "another"]
)
def test_an_order_is_silent_with_its_department(world: World, department: str, state: str) -> None:
    with world.context.store.writing() as connection:
        connection.execute(
            insert(outbox.ORDER).values(
                order_no="D-1",
                department=department,
                calendar="town",
                text="x",
                opened_by="wang",
                opened_at=world.now,
                state="open",
                round=1,
                reply_within="5 working_days",
            )
        )
    silenced(world, department="住建局")
    tell(world, [("order_opened", "order:D-1")])
    world.deliver({"file": Receiver()})
    (row,) = [row for row in notices(world) if row["subject"] == "order:D-1"]
    assert row["state"] == state


def tell(world: World, about: list[tuple[str, str]]) -> None:
    context = world.context
    with context.store.writing() as connection:
        person = next(one for one in people(connection) if one.person_id == "zhang")
        for kind, subject in about:
            new = notices_to([person], subject=subject, kind=kind, card_no=None)
            outbox.add(connection, new, world.now)


@pytest.mark.parametrize(
    ("person", "filters", "days", "reason", "said"),
    [
        ("zhang", {"department": "住建局"}, 1, "x", "no role"),
        ("li", {}, 1, "x", "no role"),
        ("li", {"person_id": "wang"}, 1, "x", "no role"),
        ("wang", {"department": "住建局"}, 31, "x", "30 days"),
        ("wang", {"department": "住建局"}, 0, "x", "30 days"),
        ("wang", {"department": "住建局"}, 1, " ", "no reason"),
        ("wang", {"department": "住建局"}, 1, "x" * 1001, "1001"),
        ("wang", {"department": "注建局"}, 1, "x", "there is no"),
        ("wang", {"rule_id": "NONE"}, 1, "x", "there is no"),
        ("wang", {"case_no": "Z"}, 1, "x", "there is no"),
        ("wang", {"person_id": "nobody"}, 1, "x", "there is no"),
        ("nobody", {"department": "住建局"}, 1, "x", "there is no person"),
    ],
)
def test_silences_that_are_refused(
    world: World, person: str, filters: dict[str, str], days: int, reason: str, said: str
) -> None:
    before = world.dump()
    with pytest.raises((ConfigurationError, NotAllowed), match=said) as fault:
        add_silence(
            world.acting(person),
            Filters(**filters),
            reason=reason,
            until=world.now + days * 86_400,
        )
    assert fault.value.hint
    assert fault.value.exit_code == 2
    assert world.dump() == before


def test_the_same_command_twice_makes_one_silence(world: World) -> None:
    first = silenced(world, department="住建局")
    assert silenced(world, department="住建局") == first
    end_silence(world.acting("wang"), first, reason="重来")
    assert silenced(world, department="住建局") != first
    assert len(silences.list_silences(world.context, everything=True)) == 2


def test_a_robot_is_never_called_more_often_than_it_allows(world: World) -> None:
    begun = world.now
    robot = Receiver(limits=[Limit(1, 60), Limit(2, 600)], robot="robot", clock=lambda: world.now)
    moments: list[int] = []
    for _ in range(8):
        world.deliver({"file": robot})
        (row,) = world.rows("SELECT MIN(next_attempt_at) AS at FROM notice WHERE state='pending'")
        if row["at"] is None:
            break
        moments.append(row["at"])
        assert set(held(world)) == {"rate"}
        assert world.deliver({"file": robot}).messages == 0, "and not in another run either"
        world.now = row["at"]
    assert [at - begun for at, _ in robot.got] == [0, 61, 601]
    assert all(row["attempts"] == 0 for row in notices(world))
    assert set(states(world)) == {"sent"}


def test_a_process_that_dies_on_the_way_counts_for_the_limit(world: World) -> None:
    class Power(BaseException):
        pass

    def stop(message: Message) -> Result:
        raise Power

    with pytest.raises(Power):
        world.deliver({"file": Receiver(stop, robot="robot", limits=[Limit(1, 60)])})
    robot = Receiver(robot="robot", limits=[Limit(1, 60)])
    world.deliver({"file": robot})
    assert robot.got == []
    assert [row["result"] for row in world.rows("SELECT result FROM attempt")] == ["unknown"]
    world.now += 61
    world.deliver({"file": robot})
    assert len(robot.got) == 1


def test_what_was_voided_on_its_way_was_sent_all_the_same(world: World) -> None:
    voided: list[str] = []

    def lift(message: Message) -> Result:
        if not voided:
            other = app.open_context(world.folder, clock=lambda: world.now)
            with other.store.writing() as connection:
                cards = [line.card_no for line in message.notices]
                voided.extend(
                    void(other, connection, card_nos=cards, reason=str(LiftReason.APPEAL))
                )
            other.store.close()
        return Sent("got it")

    receiver = Receiver(lift)
    world.deliver({"file": receiver})
    on_the_way = receiver.ids[0]
    assert set(on_the_way) < set(voided)
    sent = [str(row["notice_id"]) for row in notices(world) if row["state"] == "sent"]
    assert set(on_the_way) <= set(sent)
    assert set(sent) & set(voided) == set(on_the_way), "and nothing else of the card is sent"
    assert states(world)["void"] == len(voided) - len(on_the_way)
    assert sorted(entry["notice"] for entry in recorded(world, "notice.void")) == sorted(voided)
    assert {entry["reason"] for entry in recorded(world, "notice.void")} == {"appeal"}


def test_a_void_keeps_what_tells_of_the_end(world: World) -> None:
    (card,) = {str(row["card_no"]) for row in notices(world) if row["person_id"] == "wang"}
    context = world.context
    tell(world, [("lifted", f"card:{card}"), ("step:2:1", f"card:{card}")])
    with context.store.writing() as connection:
        done = void(context, connection, subjects=[f"card:{card}"], reason="appeal")
    kinds = {
        str(row["kind"]): row["state"] for row in notices(world) if row["subject"] == f"card:{card}"
    }
    assert kinds == {"issued": "void", "lifted": "pending", "step:2:1": "void"}
    assert len(done) == 4


def test_a_silence_of_somebody_else_is_ended_by_supervisors_only(world: World) -> None:
    number = silenced(world, department="住建局")
    with pytest.raises(NotAllowed, match="no role"):
        end_silence(world.acting("li"), number, reason="不愿等")
    assert len(silences.list_silences(world.context)) == 1


def test_a_head_of_everything_does_not_silence_everything(
    tmp_path: Path, worlds: list[World]
) -> None:
    everywhere = [*PEOPLE, {"person_id": "sun", "name": "孙总", "department": "", "role": "head"}]
    worlds.append(red_and_warning(tmp_path / "other", people=everywhere))
    with pytest.raises(NotAllowed, match="may not silence every notice"):
        silenced(worlds[-1], "sun")
    silenced(worlds[-1], "sun", department="住建局")


def test_what_is_held_for_one_reason_after_another_was_held_all_the_time(
    tmp_path: Path, worlds: list[World]
) -> None:
    world = at_night(tmp_path, worlds, *["09:00-10:00"] * 3)
    world.now = begun = instant("2026-03-16 09:00")
    down = Receiver(lambda message: Retry("down"))
    world.deliver({"file": down})
    add_silence(world.acting("wang"), Filters(), reason="x", until=instant("2026-03-17 08:00"))
    world.now = since = begun + 120
    world.deliver({"file": down})
    assert {name.partition(":")[0] for name in held(world)} == {"silence"}
    world.now = instant("2026-03-17 08:00")
    world.deliver({"file": down})
    assert set(held(world)) == {"quiet"}
    world.now = instant("2026-03-17 09:00")
    world.deliver({"file": down})
    assert {row["first_attempt_at"] for row in notices(world)} == {begun + world.now - since}
