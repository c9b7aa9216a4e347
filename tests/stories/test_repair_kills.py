"""The process dies at each COMMIT of a repair or rotation: the same command makes it whole."""

from pathlib import Path

import pytest

from tests.matters.deaths import everywhere
from tests.matters.stage import run

from ..authority.desk import key_file
from .test_hand_over import AGAIN, everything
from .test_hand_over import made as with_two_systems
from .test_repair_clock import RIGHT, jump, made
from .test_repair_input import forge
from .test_repair_input import made as with_input
from .test_rotation import hidden
from .test_rotation import made as rotating
from .world import World, instant, write_csv

pytestmark = [pytest.mark.both_engines, pytest.mark.full]


def test_no_death_leaves_half_a_repair(tmp_path: Path) -> None:
    world = made(tmp_path / "ws")
    jump(world)
    for person in ("wang", "chen"):
        key_file(tmp_path, person)
    repair = f"repair clock --after '{RIGHT}' --text 时钟快了一个月"
    deaths = 0
    for step, line in enumerate((
        f"--as wang --key {tmp_path}/wang.pem {repair}",
        f"--as chen --key {tmp_path}/chen.pem {repair}",
        "scan",
        "jobs run",
        "notices deliver",
    )):  # fmt: skip
        deaths += everywhere(world, line, tmp_path / str(step))
        run(world, line).well()
        world.now += 60
    assert deaths >= 6
    assert not [card for card in world.cards() if card.startswith("NEW") and "lifted" not in card]
    world.now = instant("2026-03-20 09:00")
    world.nights()
    assert [card for card in world.cards() if card.startswith("NEW CASE red#1")]
    assert world.sound()
    world.close()


def test_no_death_loses_what_a_rotation_finds(tmp_path: Path) -> None:
    world = rotating(tmp_path / "ws")
    hidden(world, "K07")
    deaths = 0
    for step in range(3):
        world.now += 86_400
        line = "jobs run"
        # 3: it has found something; 0: the night that died had ended.
        deaths += everywhere(world, line, tmp_path / str(step), again=(0, 3))
        run(world, line)
    assert deaths >= 9
    found = [one["case"] for one in world.entries() if one["type"] == "rotation.found"]
    done = [one for one in world.entries() if one["type"] == "rotation.done"]
    assert found == ["K07"]
    assert sorted(int(str(one["differ"])) for one in done[1:]) == [0, 0, 1]
    world.now = instant("2026-03-30 08:00")
    world.nights()
    assert world.card("K07 CASE red")
    world.close()


def test_no_death_leaves_half_a_hand_over(tmp_path: Path) -> None:
    world = with_two_systems(tmp_path / "ws", people=True)
    before = everything(world)
    for person in ("wang", "chen"):
        key_file(tmp_path, person)
    again = tmp_path / "again.csv"
    write_csv(again, AGAIN)
    handing = "sources hand-over old new --text 新系统上线"
    deaths = 0
    for step, line in enumerate((
        f"--as wang --key {tmp_path}/wang.pem {handing}",
        f"--as chen --key {tmp_path}/chen.pem {handing}",
        "scan",
        f"import --source new {again}",
        "scan",
    )):  # fmt: skip
        deaths += everywhere(world, line, tmp_path / str(step))
        run(world, line).well()
        world.now += 60
    assert deaths >= 8
    assert everything(world) == before
    assert world.sound()
    world.close()


@pytest.mark.sqlite_only
def test_no_death_leaves_rows_half_set_aside(tmp_path: Path) -> None:
    world = with_input(tmp_path / "ws")
    forge(world, "event")
    world.now = instant("2026-03-20 09:00")
    world.scan()
    aside = "repair input --text 查实"

    def done(other: World) -> bool:
        return bool(other.tuples("SELECT 1 FROM set_aside"))

    deaths = everywhere(world, aside, tmp_path / "aside", once=done)
    run(world, aside).well()
    deaths += everywhere(world, "scan", tmp_path / "scan")
    run(world, "scan").well()
    assert deaths >= 4
    assert [card for card in world.cards() if card.startswith("A CASE red open")]
    world.close()
