"""Each night a share of the open cases is judged anew: what somebody took away comes back."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from efficiency_monitor.ops.doctor.doctor import examine
from tests.matters.stage import run

from .world import World, instant

pytestmark = pytest.mark.both_engines
CASE = {"item_kind": "promised", "department": "住建局", "promised_limit": "5 working_days"}
NUMBERS = [f"K{number:02}" for number in range(30)]
DAY = 86_400


def made(folder: Path) -> World:
    """Thirty cases that run and one that is decided, judged on 3 March."""
    world = World.made(folder, "2026-03-02 12:00")
    settings = folder / "effmon.toml"
    text = settings.read_text(encoding="utf-8")
    assert "[jobs.scan]" in text
    text = text.replace("[jobs.scan]", "[jobs.scan]\nrotation_nights = 3")
    settings.write_text(text, encoding="utf-8")
    world.close()
    world.receive("cases", [{"case_no": number, **CASE} for number in [*NUMBERS, "DONE"]])
    begun = {"event": "accepted", "occurred_at": "2026-03-02 10:00"}
    world.receive("events", [
        *({"case_no": number, **begun} for number in [*NUMBERS, "DONE"]),
        {"case_no": "DONE", "event": "decided", "occurred_at": "2026-03-02 11:00"},
    ])  # fmt: skip
    world.now = instant("2026-03-03 08:00")
    world.nights()
    return world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    begun = made(tmp_path / "ws")
    yield begun
    begun.close()


def night(world: World) -> dict[str, object]:
    """The next night; what it says of its rotation."""
    world.now += DAY
    (report,) = world.nights().scans
    assert report.rotation is not None
    return report.rotation.as_json()


def hidden(world: World, case_no: str) -> None:
    """A running case made to look as if nothing could ever wake it, traces and all."""
    here = "(SELECT id FROM case_file WHERE case_no = ?)"
    world.change(f"DELETE FROM clock WHERE case_id = {here}", case_no)
    world.change(
        "UPDATE case_file SET open = 0, clocks = 0, clock_mark = 0 WHERE case_no = ?", case_no
    )


def reds(world: World) -> set[str]:
    return {card.split()[0] for card in world.cards() if " red open" in card}


def test_three_nights_judge_every_open_case_and_find_nothing(world: World) -> None:
    said = [night(world) for _ in range(3)]
    assert [one["part"] for one in said] == [2, 3, 1]
    assert sum(int(str(one["cases"])) for one in said) == len(NUMBERS)
    assert [one["differ"] for one in said] == [[], [], []]
    assert sum(int(str(one["imports"])) for one in said) == 2
    assert [one["part"] for one in world.entries() if one["type"] == "rotation.done"] == [
        1,
        2,
        3,
        1,
    ]
    assert world.sound()


def test_a_case_that_nothing_wakes_is_found_and_its_card_given(world: World) -> None:
    hidden(world, "K07")
    found: list[object] = []
    for _ in range(3):
        found += night(world)["differ"]  # type: ignore[arg-type]
    assert found == ["K07"]
    (entry,) = [one for one in world.entries() if one["type"] == "rotation.found"]
    assert (entry["case"], entry["what"]) == ("K07", ["clocks"])
    for _ in range(12):
        night(world)
    assert reds(world) == set(NUMBERS)
    assert world.sound()


def test_a_case_found_after_it_was_due_is_made_good_and_said(world: World) -> None:
    world.now = instant("2026-03-30 08:00")
    world.scan()
    assert reds(world) == set(NUMBERS)
    number = world.card("K11 CASE red")
    for table in ("card_entry", "card"):
        world.change(f"DROP TRIGGER IF EXISTS {table}_no_delete")
    for table in ("notice", "ladder_run", "account_entry", "accountability", "card_entry", "card"):
        world.change(f"DELETE FROM {table} WHERE card_no = ?", number)
    hidden(world, "K11")
    codes = []
    for _ in range(3):
        world.now += DAY
        codes.append(run(world, "jobs run --output json"))
    said = [json.loads(ran.out)["scans"][-1]["rotation"]["differ"] for ran in codes]
    assert [number for numbers in said for number in numbers] == ["K11"]
    assert sorted(ran.code for ran in codes) == [0, 0, 3]
    assert "K11" in reds(world)


def test_nights_caught_up_have_one_share(world: World) -> None:
    world.now += 5 * DAY
    reports = world.nights().scans
    assert len(reports) == 5
    assert [report.rotation is not None for report in reports] == [False] * 4 + [True]


def test_doctor_says_that_no_night_had_its_share(world: World) -> None:
    def said() -> list[str]:
        return [one["detail"] for one in examine(world.context, quick=True)
                if one["check"] == "rotation"]  # fmt: skip

    world.now += 3 * DAY
    world.scan()
    assert said() == []
    world.now += 1
    world.scan()
    assert "since 2026-03-03T08:00:00+08:00" in said()[0]
    world.nights()
    assert said() == []


def test_older_imports_are_read_whole_within_the_nights(world: World) -> None:
    """Contents of an old import, with their keys made again: only reading all of it finds that."""
    from efficiency_monitor.ledger.checks.input_checks import event_key

    world.change("DROP TRIGGER IF EXISTS event_no_update")
    (row,) = world.rows(
        "SELECT event.* FROM event JOIN case_file ON case_file.id = case_id WHERE case_no = 'K20'"
    )

    class Forged:
        def __init__(self, **values: object) -> None:
            self.__dict__.update(values)

    forged = Forged(**{**row, "occurred_at": row["occurred_at"] + 20 * DAY})
    world.change(
        "UPDATE event SET occurred_at = ?, event_key = ? WHERE id = ?",
        row["occurred_at"] + 20 * DAY, event_key("K20", forged), row["id"],
    )  # fmt: skip
    world.scan()
    assert world.scan().not_held == []
    found = []
    for _ in range(3):
        world.now += DAY
        (report,) = world.nights().scans
        found += [each for each in report.not_held if each.table == "event"]
    assert found
    assert "K20" in found[0].cases
