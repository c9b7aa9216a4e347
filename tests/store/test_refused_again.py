"""Rows in quarantine that are refused, tried and refused again under a mapping that is edited."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from efficiency_monitor.core.intake import Counts
from efficiency_monitor.services import ingest
from tests.stories.world import World, write_csv

REFUSED = Counts(quarantined=1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World.made(tmp_path / "ws", "2026-03-10 12:00")
    yield made
    made.close()


def waiting(world: World) -> list[tuple[object, ...]]:
    """Column of every open entry."""
    return world.tuples("SELECT \"column\" FROM quarantine WHERE state = 'open'")


def test_a_row_that_is_refused_as_it_once_was_waits_again(world: World) -> None:
    own = world.folder / "own map.yaml"

    def learn(states: str) -> None:
        text = "id: own\ntitle: {zh: 自, en: own}\nextends: hunan-sp\ncodes:\n  closing: {%s}\n"
        own.write_text(text % states, encoding="utf-8")

    # Two cells that the mapping does not know: the first one found is the reason.
    row = {"instance_code": "A", "approve_id": "u", "accept_time": "", "end_time": ""}
    write_csv(world.folder / "a.csv", [{**row, "project_state": "99", "instance_source": "88"}])
    learn('"0": null')
    report = ingest.import_files(world.context, [world.folder / "a.csv"], str(own))
    assert (report.total, waiting(world)) == (REFUSED, [("project_state",)])
    learn('"99": null')
    assert ingest.retry(world.context).total == REFUSED
    assert waiting(world) == [("instance_source",)]
    learn('"0": null')
    assert ingest.retry(world.context).total == REFUSED
    assert waiting(world) == [("project_state",)]
