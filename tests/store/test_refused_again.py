"""Rows in quarantine that are refused, tried and refused again under a mapping that is edited."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from efficiency_monitor.intake import ingest
from efficiency_monitor.intake.model.decide import Counts
from efficiency_monitor.intake.store import cases
from tests.stories.world import World, instant, write_csv

pytestmark = pytest.mark.both_engines

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


def learn_state(world: World) -> None:
    path = world.folder / "catalogue/mappings/hunan-sp.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"24": null', '"24": null\n    "99": null'), encoding="utf-8")
    world.close()


def hunan(world: World, when: str, **cells: str) -> Counts:
    """Import one row of a case, as the export of that day has it."""
    row = {
        "instance_code": "A", "approve_id": "u", "submit_time": "", "end_time": "",
        "accept_time": "2026-03-10 10:00:00", "promises_limit": "5", **cells,
    }  # fmt: skip
    world.now = instant(when)
    world.imports += 1
    path = world.folder / f"{world.imports}.csv"
    write_csv(path, [row])
    return ingest.import_files(world.context, [path], "hunan-sp").total


def standing(world: World) -> tuple[list[str], dict[str, str]]:
    """Types of the live events, and the fields, of the case."""
    with world.context.store.reading() as connection:
        (case,) = cases.read_cases(connection, cases.all_case_ids(connection))
    return [event.type for event in case.record.events], dict(case.record.fields)


def test_a_row_that_waited_does_not_overrule_what_was_said_since(world: World) -> None:
    assert hunan(world, "2026-03-10 12:00", project_state="99") == REFUSED
    hunan(world, "2026-03-12 12:00", project_state="6", end_time="2026-03-12 11:00:00")
    before = standing(world)
    assert before[0] == ["accepted", "decided"]
    learn_state(world)
    world.now = instant("2026-03-13 12:00")
    assert ingest.retry(world.context).total == Counts(unchanged=1)
    assert standing(world) == before
    assert waiting(world) == []


def test_a_row_that_waited_is_taken_over_what_was_said_before(world: World) -> None:
    hunan(world, "2026-03-09 12:00", project_state="6", end_time="2026-03-09 11:00:00")
    assert hunan(world, "2026-03-10 12:00", project_state="99", promises_limit="7") == REFUSED
    learn_state(world)
    world.now = instant("2026-03-13 12:00")
    assert ingest.retry(world.context).total == Counts(imported=1)
    types, fields = standing(world)
    assert (types, fields["promised_limit"]) == (["accepted"], "7 working_days")


def test_how_old_a_row_is_does_not_change_by_trying(world: World) -> None:
    """Refused for another reason it is as old as before; sent again, it is new."""
    cells = {"project_state": "99", "instance_source": "88"}
    assert hunan(world, "2026-03-10 12:00", **cells) == REFUSED
    hunan(world, "2026-03-12 12:00", project_state="6", end_time="2026-03-12 11:00:00")
    before = standing(world)
    learn_state(world)
    world.now = instant("2026-03-13 12:00")
    assert ingest.retry(world.context).total == REFUSED
    path = world.folder / "catalogue/mappings/hunan-sp.yaml"
    known = path.read_text(encoding="utf-8")
    path.write_text(known.replace('"6": own_system', '"6": own_system\n    "88": window'))
    world.close()
    world.now = instant("2026-03-14 12:00")
    assert ingest.retry(world.context).total == Counts(unchanged=1)
    assert standing(world) == before
    path.write_text(known, encoding="utf-8")
    world.close()
    world.imports = 0  # the same place in the same file
    assert hunan(world, "2026-03-15 12:00", **cells) == REFUSED
    path.write_text(known.replace('"6": own_system', '"6": own_system\n    "88": window'))
    world.close()
    assert ingest.retry(world.context).total == Counts(imported=1)
    assert standing(world)[0] == ["accepted"]


def test_a_row_that_waited_adds_what_nobody_has_said_since(world: World) -> None:
    """Another table has named the item since; that there is a promise, only the row says."""
    path = world.folder / "case.csv"
    row = {"case_no": "A", "item_name": "旧", "promised_limit": "5 days"}
    write_csv(path, [row])
    assert ingest.import_files(world.context, [path], "canonical").total == REFUSED
    world.now += 86_400
    world.receive("cases", [{"case_no": "A", "item_name": "新"}])
    mapping = world.folder / "catalogue/mappings/canonical.yaml"
    text = mapping.read_text(encoding="utf-8")
    mapping.write_text(text.replace("units:\n", "units:\n  days: working_days\n"), encoding="utf-8")
    world.close()
    world.now += 86_400
    assert ingest.retry(world.context).total == Counts(imported=1)
    assert standing(world)[1] == {"item_name": "新", "promised_limit": "5 working_days"}


def test_an_item_that_waited_does_not_overrule_what_was_said_since(world: World) -> None:
    def guide(days: str) -> Counts:
        world.now += 86_400
        path = world.folder / "guide.csv"
        write_csv(path, [{"approve_id": "u", "commitment_limit": days, "approve_limit": "20"}])
        return ingest.import_files(world.context, [path], "hunan-sp").total

    assert guide("5x") == REFUSED
    assert guide("9").imported == 1
    path = world.folder / "catalogue/mappings/hunan-sp.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("units:\n", "units:\n  x: working_days\n"), encoding="utf-8")
    world.close()
    world.now += 86_400
    assert ingest.retry(world.context).total == Counts(unchanged=1)
    assert len(world.rows("SELECT * FROM item_fact")) == 1
