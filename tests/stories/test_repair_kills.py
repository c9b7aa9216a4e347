"""The process dies at each COMMIT of a repair: the same command again makes it whole."""

from pathlib import Path

import pytest

from tests.matters.deaths import everywhere
from tests.matters.stage import run

from ..authority.desk import key_file
from .test_repair_clock import RIGHT, jump, made
from .world import instant

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
