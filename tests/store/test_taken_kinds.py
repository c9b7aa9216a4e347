"""A result that names a special procedure by its number ends that one and no other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from efficiency_monitor.intake import ingest
from efficiency_monitor.intake.store import cases
from tests.stories.world import World, instant

pytestmark = pytest.mark.both_engines

HALL = "SBLSH,SXBM,XZQHDM,SJBBH,"
ASKED = HALL + "XH,TBCXZL,TBCXZLMC,TBCXKSRQ,TBCXPZR,TBCXSX,TBCXSXDW\n"
ENDED = HALL + "XH,TBCXJG,TBCXJSRQ\n"
CASE = "A,S-1,430300,1,"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An empty workspace."""
    made = World.made(tmp_path / "ws", "2026-03-30 12:00")
    yield made
    made.close()


def send(world: World, header: str, *rows: str) -> None:
    """Import messages of one kind."""
    path = world.folder / "message.csv"
    path.write_text(header + "".join(CASE + row + "\n" for row in rows), encoding="utf-8")
    assert ingest.import_files(world.context, [path], "ten-message").total.quarantined == 0


def resumed(world: World, known_by: str | None = None) -> list[tuple[str | None, str | None]]:
    """Number and kind of each result, as they were known."""
    with world.context.store.reading() as connection:
        until = None if known_by is None else instant(known_by)
        (case,) = cases.read_cases(connection, cases.all_case_ids(connection), known_by=until)
    return [
        (event.source_key, event.kind) for event in case.record.events if event.type == "resumed"
    ]


def test_a_result_has_the_kind_of_its_own_procedure_whichever_comes_first(world: World) -> None:
    world.now = instant("2026-03-10 12:00")
    send(world, ENDED, "1,已听证,2026-03-06 16:00:00", "3,同意,2026-03-07 16:00:00")
    # Nothing is known of what they end: they end nothing.
    assert resumed(world) == [("1", "@suspended"), ("3", "@suspended")]
    world.now = instant("2026-03-11 12:00")
    send(
        world,
        ASKED,
        "1,B,听证,2026-03-03 09:00:00,李样本,10,G",
        "2,B,专家评审,2026-03-04 09:00:00,李样本,10,G",
        "3,A,听证,2026-03-05 09:00:00,李样本,5,G",
    )
    # The third is an extension: its result ends no pause.
    assert resumed(world) == [("1", "hearing"), ("3", "@suspended")]
    assert resumed(world, "2026-03-10 13:00") == [("1", "@suspended"), ("3", "@suspended")]


def test_a_result_without_a_number_ends_all(world: World) -> None:
    world.receive(
        "events",
        [
            {"case_no": "A", "event": "suspended", "occurred_at": "2026-03-03", "kind": "hearing"},
            {"case_no": "A", "event": "resumed", "occurred_at": "2026-03-05", "kind": "@suspended"},
        ],
    )
    assert resumed(world) == [(None, None)]
