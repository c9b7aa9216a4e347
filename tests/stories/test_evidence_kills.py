"""The process dies at each COMMIT on the way of evidence: the same command again makes it whole."""

from pathlib import Path

import pytest

from efficiency_monitor.people.keys import enrol
from tests.matters.deaths import everywhere
from tests.matters.stage import run

from ..authority.desk import key_file
from .test_evidence import ACCEPTED, CASE, DECIDED, LONGER, World, acting, key_of
from .test_evidence import PEOPLE as PERSONS
from .world import instant, write_csv

pytestmark = [pytest.mark.both_engines, pytest.mark.full]

ROWS = {"event": [DECIDED], "correction": [LONGER]}


@pytest.mark.parametrize("what", ROWS)
def test_no_death_loses_or_doubles_anything(tmp_path: Path, what: str) -> None:
    world = World.made(tmp_path / "ws", "2026-03-02 12:00", late_evidence=None)
    world.people(PERSONS)
    for person in ("wang", "chen"):
        enrol(acting(world, person), person, key_of(person).public)
        key_file(tmp_path, person)
    world.receive("cases", [CASE])
    world.receive("events", [ACCEPTED])
    world.now = instant("2026-03-10 09:00")
    world.scan()
    world.now = instant("2026-03-10 15:00")
    late = tmp_path / "late.csv"
    write_csv(late, ROWS[what])
    deaths = 0
    for step, line in enumerate(
        (
            f"import {late}",
            "scan",
            f"--as wang --key {tmp_path}/wang.pem evidence accept {{evidence}} --text 核对",
            f"--as chen --key {tmp_path}/chen.pem evidence accept {{evidence}} --text 同意",
            "scan",
            "notices deliver",
            f"--as wang --key {tmp_path}/wang.pem evidence seen --card '{{A CASE red}}'",
        )
    ):
        deaths += everywhere(world, line, tmp_path / str(step))
        run(world, line).well()
        world.now += 60
    assert deaths >= 14
    assert {card.split()[3] for card in world.cards()} == {"lifted"}
    world.close()
