"""The process dies at each COMMIT, before and after; two processes at once: whole or not at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.processes import Program
from tests.matters.deaths import everywhere, key_files
from tests.matters.stage import facts, run
from tests.stories.world import World

from .bureau import Bureau
from .test_calendar_import import FIRST, file_of, proposed

pytestmark = pytest.mark.both_engines

TABLES = {
    "change_proposal": "change_no, at, person, reason, sha256, parts",
    "change_end": "change_no, kind, at, person, mode",
    "kept_text": "sha256, kind, name, version, content",
    "text_use": "name, version, pack, sha256",
    "trial_finding": "case_id, rule_id, episode, level",
}


def standing(world: World) -> dict[str, object]:
    """Everything that a quiet run and a disturbed one must have in common."""
    found: dict[str, object] = dict(facts(world))
    for table, columns in TABLES.items():
        found[table] = sorted(world.tuples(f"SELECT {columns} FROM {table}"), key=repr)
    own = world.folder / "calendars"
    found["files"] = {path.name: path.read_text("utf-8") for path in sorted(own.glob("*"))}
    found["put"] = world.tuples("SELECT name FROM meta WHERE name LIKE 'calendar.put/%'")
    return found


def changed_rule(bureau: Bureau) -> list[str]:
    """A rule's next version, proposed and approved; `{KEY}` stands before the key files."""
    bureau.demand()
    bureau.adopt()
    bureau.edit("CASE.yaml", lambda text: text.replace("version: 1", "version: 2"))
    return [
        "--as wang --key {KEY}wang.pem rules propose --reason 局务会",
        "--as sun --key {KEY}sun.pem rules approve C-0002",
        "scan",
    ]


def changed_calendar(bureau: Bureau) -> list[str]:
    """A notice that lifts a card, proposed, approved, scanned."""
    bureau.demand()
    bureau.adopt()
    bureau.yellow()
    path = file_of(bureau, "first.txt", FIRST)
    words = f"calendar import {path} --notice 一号 --published 2026-03-06"
    return [
        f"--as wang --key {{KEY}}wang.pem {words} --propose --reason 国办",
        "--as sun --key {KEY}sun.pem rules approve C-0002",
        "scan",
    ]


@pytest.mark.full
@pytest.mark.parametrize("story", [changed_rule, changed_calendar], ids=["rule", "calendar"])
def test_a_change_is_whole_or_not_at_all(bureau: Bureau, tmp_path: Path, story) -> None:  # type: ignore[no-untyped-def]
    folder = key_files(tmp_path / "keys")
    lines = story(bureau)
    world, deaths = bureau.world, 0
    for step, template in enumerate(lines):
        line = template.replace("{KEY}", f"{folder}/")
        world.now += 60
        asked = proposals(world)

        def is_proposed(other: World, step: int = step, asked: int = asked) -> bool:
            """What was proposed is proposed: given again it would be a second proposal."""
            return step == 0 and proposals(other) > asked

        deaths += everywhere(world, line, tmp_path / str(step), seen=standing, once=is_proposed)
        run(world, line).well()
    assert deaths >= 2 * len(lines)


def proposals(world: World) -> int:
    return len(world.rows("SELECT change_no FROM change_proposal"))


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    made = Program()
    yield made
    made.close()


def together(program: Program, world: World, *lines: str) -> list[int]:
    """Commands that begin at the same time; their exit codes."""
    world.close()
    waiting = [program.waiting(*line.split(), folder=world.folder, at=world.now) for line in lines]
    for process in waiting:
        process.go()
    return [process.ran().code for process in waiting]


def test_two_who_approve_at_once_make_one_approval(
    bureau: Bureau, program: Program, tmp_path: Path
) -> None:
    folder = key_files(tmp_path / "keys")
    bureau.demand()
    number = bureau.propose().change_no
    codes = together(
        program,
        bureau.world,
        f"--as sun --key {folder}/sun.pem rules approve {number}",
        f"--as zhao --key {folder}/zhao.pem rules approve {number}",
    )
    assert codes == [0, 0]
    assert len(bureau.world.rows("SELECT * FROM change_end")) == 1
    assert len(bureau.recorded("change.approved")) == 1
    assert bureau.world.sound()


def test_approved_or_withdrawn_and_never_both(
    bureau: Bureau, program: Program, tmp_path: Path
) -> None:
    folder = key_files(tmp_path / "keys")
    bureau.demand()
    number = bureau.propose().change_no
    codes = together(
        program,
        bureau.world,
        f"--as sun --key {folder}/sun.pem rules approve {number}",
        f"--as zhao --key {folder}/zhao.pem rules withdraw {number} --text 重提",
    )
    assert sorted(codes) == [0, 2]
    assert len(bureau.world.rows("SELECT * FROM change_end")) == 1
    assert bureau.world.sound()


def test_a_scan_beside_an_approval_judges_by_one_state(
    bureau: Bureau, program: Program, tmp_path: Path
) -> None:
    folder = key_files(tmp_path / "keys")
    bureau.demand()
    bureau.adopt()
    bureau.yellow()
    number = proposed(bureau, file_of(bureau, "first.txt", FIRST), "一号")
    bureau.world.now += 60
    codes = together(
        program,
        bureau.world,
        f"--as sun --key {folder}/sun.pem rules approve {number}",
        "scan",
    )
    assert codes == [0, 0]
    bureau.world.now += 60
    bureau.world.scan()
    states = bureau.world.tuples("SELECT level, state FROM card WHERE level = 2")
    assert states == [(2, "lifted")]
    assert bureau.world.sound()
