"""Whoever operates the workspace and holds no key: what can they make of a red card?

They give any command, claim to be anybody, and write any file of the workspace but the database.
Drawn sequences of such acts, with scans and nights between, never get a red card that stands out of
`cards list` without a supervisor being shown it: told that it was lifted, and named by the scan and
`doctor` as fallen until one has seen it.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from efficiency_monitor.people.keys import enrol
from tests.matters.stage import run
from tests.stories.test_evidence import acting
from tests.stories.world import World, instant, town, write_csv

from .desk import PEOPLE, key_file, key_of

CASE = {"item_kind": "promised", "department": "住建局", "handler": "张经办",
        "promised_limit": "3 working_days", "statutory_limit": "4 working_days"}  # fmt: skip
HALL = """
[sources.hall]
mapping = "canonical"
[sources.hall.files]
folder = "drop"
"""
SUPERVISORS: Final = ("wang", "chen", "zhao")
#: Rows about a case, by the kind of file. The start of each case has the key `k` at its source.
ROWS: Final[tuple[tuple[str, dict[str, str]], ...]] = (
    ("events", {"event": "decided", "occurred_at": "2026-03-03 10:00"}),
    ("events", {"event": "withdrawn", "occurred_at": "2026-03-03 10:00"}),
    ("events", {"event": "voided", "occurred_at": "2026-03-03 10:00"}),
    ("events", {"event": "suspended", "occurred_at": "2026-03-03 10:00", "kind": "hearing"}),
    ("events", {"event": "extended", "occurred_at": "2026-03-03 10:00",
                "amount": "10 working_days"}),
    ("events", {"event": "accepted", "occurred_at": "2026-03-09 10:00", "source_key": "k"}),
    ("events", {"event": "decided", "occurred_at": "2026-03-03 10:00", "source_key": "k"}),
    ("events", {"event": "transferred", "occurred_at": "2026-03-09 10:00", "kind": "hall"}),
    ("events", {"event": "transferred", "occurred_at": "2026-03-09 10:00", "kind": "by-hand"}),
    ("cases", {**CASE, "promised_limit": "40 working_days", "statutory_limit": "60 working_days"}),
    ("cases", {**CASE, "item_kind": "instant"}),
    ("cases", {**CASE, "department": "无此部门"}),
    ("cases", {**CASE, "calendar": "quiet"}),
    ("cases", {"item_kind": "", "department": "", "handler": "", "promised_limit": "",
               "statutory_limit": ""}),
)  # fmt: skip
#: Commands; each with somebody claimed, or nobody, and with a key of their own making or none.
COMMANDS: Final = (
    "cards lift {red} --reason issued_in_error --text x",
    "cards lift {red} --reason exemption --text x",
    "cards close {red} --text x",
    "cards acknowledge {red}",
    "cards reply {red} --text x",
    "appeals file {red} --text x",
    "appeals decide {appeal} --decision lift --text x",
    "accountability exempt {red} --ground force_majeure --text x",
    "evidence accept {evidence} --text x",
    "evidence reject {evidence} --text x",
    "evidence accept --card {red} --text x",
    "evidence seen --card {red}",
    "orders open {red} --text x",
    "silences add --department 住建局 --reason x --until 2027-03-10",
    "silences add --reason x --until 2027-03-10",
    "people import {folder}/few.csv",
    "people erase wang --reason x",
    "people key enrol wang @{folder}/own.pub",
    "people key enrol li @{folder}/own.pub",
    "people key revoke wang --text x",
    "cases erase-applicant A --reason x",
    "sources hand-over by-hand hall --text x",
    "sources hand-over hall by-hand --text x",
    "sources hand-over by-hand hall --case A --text x",
    "repair clock --after '2026-03-02 12:00' --text x",
    "repair input --text x",
    "quarantine retry",
    "rules propose --reason x",
    "rules approve C-0001",
    "rules use story",
    "notices dismiss 1 --reason x",
    "pull hall",
    "scan",
    "jobs run",
    "notices deliver",
)
_HALL: Final = '[sources.hall]\nmapping = "canonical"'
#: Lines of `effmon.toml`: what is there, and what somebody writes instead.
SETTINGS: Final = (
    (_HALL, f"[sources.by-hand]\nlate_evidence = 'lift'\n{_HALL}"),
    (_HALL, f"{_HALL}\nlate_evidence = 'lift'"),
    (_HALL, f"{_HALL}\nadds_to = {{sources = ['by-hand'], events = ['decided']}}"),
    ("\n[workspace]", "\n[workspace]\nwatch_from = '2026-03-13'"),
    ('calendar = "town"', 'calendar = "quiet"'),
    ("\n[jobs.scan]", "\n[jobs.scan]\nrotation_nights = 31"),
)


@dataclass(frozen=True)
class Act:
    """An act of the operating user, as it is shown where it breaks something."""

    what: str
    do: Callable[[World], object]

    def __repr__(self) -> str:
        return self.what


def brings(source: str, row: tuple[str, dict[str, str]], case_no: str, by: str) -> Act:
    """Rows by hand, as rows of a source, or as a file where a pulled source looks."""
    kind, cells = row

    def do(world: World) -> None:
        path = world.folder / f"{world.now}-{kind}.csv"
        drop = world.folder / "drop"
        write_csv(path, [{"case_no": case_no, **cells}])
        if source == "drop":
            os.utime(path, (world.now, world.now))
            shutil.move(path, drop / path.name)
            run(world, "pull hall")
        else:
            run(world, f"{by}import --source {source} {path}")

    return Act(f"{by}{source} says {case_no}: {cells}", do)


def commands(line: str, by: str, case_no: str) -> Act:
    """A command by somebody who claims to be a person, with a key that is nobody's or none."""

    def do(world: World) -> None:
        given = line
        for name in ("appeal", "evidence"):
            if f"{{{name}}}" in given and not world.rows(_NEWEST[name]):
                return
        run(world, by + given.replace("{red}", f"'{{{case_no} CASE red}}'"))

    return Act(f"{by}{line} ({case_no})", do)


_NEWEST: Final = {
    "appeal": "SELECT 1 FROM appeal",
    "evidence": "SELECT 1 FROM case_file WHERE contested <> '[]' OR waits = 1",
}


def rewrites(before: str, after: str) -> Act:
    """Another line in the settings."""

    def do(world: World) -> None:
        path = world.folder / "effmon.toml"
        text = path.read_text("utf-8")
        if after not in text:
            path.write_text(text.replace(before, after, 1), encoding="utf-8")
        world.close()

    return Act(f"effmon.toml: {after!r}", do)


def _days_off(world: World, name: str) -> None:
    days = [f"2026-03-{day:02}" for day in range(3, 21)]
    world.calendar(name, town(days_off=days, name=name))


def _rule(world: World, before: str, after: str) -> None:
    path = world.folder / "catalogue" / "packs" / "story" / "CASE.yaml"
    if path.exists():
        path.write_text(path.read_text("utf-8").replace(before, after), encoding="utf-8")
    world.close()


def _away(world: World, *place: str) -> None:
    path = world.folder.joinpath("catalogue", *place)
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    world.close()


def _later(world: World, days: int) -> None:
    world.now += days * 86_400
    run(world, "jobs run")


FILES: Final = (
    Act("calendar town: all of March off", partial(_days_off, name="town")),
    Act("calendar quiet: all of March off", partial(_days_off, name="quiet")),
    Act("rule: six months", partial(_rule, before="{case: statutory_limit}",
                                    after="{fixed: 120 working_days}")),
    Act("rule: other cases", partial(_rule, before="[promised, joint]", after="[forwarded]")),
    Act("rule: only yellow", partial(_rule, before="  - {level: red, at: statutory}\n", after="")),
    Act("rule: version 2, later", partial(_rule, before="version: 1", after="version: 2")),
    Act("no rule", lambda world: _away(world, "packs", "story", "CASE.yaml")),
    Act("no calendar", lambda world: _away(world, "calendars", "town.yaml")),
    Act("no vocabulary", lambda world: _away(world, "vocabulary.yaml")),
    Act("a week", partial(_later, days=7)),
    Act("a night", partial(_later, days=1)),
)  # fmt: skip


def acts() -> st.SearchStrategy[Act]:
    claims = st.sampled_from(
        ["", *(f"--as {who} {key}" for who in ("wang", "chen", "li")
               for key in ("", "--key {folder}/own.pem "))]
    )  # fmt: skip
    number = st.sampled_from("AB")
    sources = st.sampled_from(["by-hand", "hall", "drop"])
    return st.one_of(
        st.builds(brings, sources, st.sampled_from(ROWS), number, claims),
        st.builds(commands, st.sampled_from(COMMANDS), claims, number),
        st.sampled_from(FILES),
        st.sampled_from(SETTINGS).map(lambda pair: rewrites(*pair)),
    )


def made(folder: Path) -> World:
    """Case A by hand and B of a pulled source, both red and told; two supervisors hold keys."""
    world = World.made(folder, "2026-03-02 12:00", late_evidence=None)
    path = folder / "effmon.toml"
    path.write_text(path.read_text("utf-8") + HALL, encoding="utf-8")
    world.close()
    (folder / "drop").mkdir()
    world.people(PEOPLE)
    for person in ("wang", "chen"):
        enrol(acting(world, person), person, key_of(person).public)
    world.calendar("quiet", town(name="quiet"))
    begun = {"event": "accepted", "occurred_at": "2026-03-02 10:00", "source_key": "k"}
    world.receive("cases", [{"case_no": "A", **CASE}])
    world.receive("events", [{"case_no": "A", **begun}])
    write_csv(folder / "drop" / "1-cases.csv", [{"case_no": "B", **CASE}])
    write_csv(folder / "drop" / "2-events.csv", [{"case_no": "B", **begun}])
    run(world, "pull hall").well()
    world.now = instant("2026-03-10 09:00")
    run(world, "jobs run").well()
    world.now += 3600
    # What the operating user has beside it: a key that nobody enrolled, people without supervisors.
    key_file(folder, "own")
    (folder / "own.pub").write_text(str(key_of("own").public), encoding="utf-8")
    few = [{**row, "channel": "file", "address": row["person_id"]} for row in PEOPLE[:2]]
    write_csv(folder / "few.csv", few)
    return world


def reds(world: World) -> set[str]:
    asked = "SELECT card_no FROM card WHERE level = 3 AND state NOT IN ('lifted', 'closed')"
    return {row["card_no"] for row in world.rows(asked)}


def unseen(world: World, numbers: set[str]) -> set[str]:
    """Those cards that `cards list` does not show and that no supervisor was shown as fallen."""
    ran = run(world, "cards list --output json")
    listed = {one["card_no"] for one in json.loads(ran.out)} if ran.code == 0 else set()
    if ran.code != 0:
        return set()  # the command itself says what is wrong with the workspace
    gone = numbers - listed
    told = {
        row["card_no"]
        for row in world.rows(
            "SELECT card_no, person_id FROM notice WHERE kind = 'lifted' AND state <> 'void'"
        )
        if row["person_id"] in SUPERVISORS
    }
    fallen = run(world, "evidence list --fallen --output json")
    named = {one["card_no"] for one in json.loads(fallen.out)} if fallen.code == 0 else set()
    return gone - (told & named)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = made(tmp_path_factory.mktemp("begun") / "ws")
    assert len(reds(world)) == 2
    world.close()
    return world


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[Path]:
    return (tmp_path / str(number) for number in range(100_000))


def twin(world: World, folder: Path) -> World:
    shutil.copytree(world.folder, folder)
    return World(folder, world.now)


def lived(begun: World, folder: Path, done: list[Act]) -> tuple[World, set[str]]:
    """A workspace after these acts, each with a scan, and two nights; and its hidden cards."""
    world = twin(begun, folder)
    numbers = reds(world)
    for act in done:
        world.now += 600
        act.do(world)
        run(world, "scan")
    for _ in range(2):
        world.now += 86_400
        run(world, "jobs run")
    return world, unseen(world, numbers)


@pytest.mark.sqlite_only
@settings(
    max_examples=40 if os.environ.get("EFFMON_LONG") else 8,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(acts(), min_size=1, max_size=5))
def test_no_red_card_goes_unseen(begun: World, folders: Iterator[Path], done: list[Act]) -> None:
    world, hidden = lived(begun, next(folders), done)
    try:
        assert hidden == set(), done
    finally:
        world.close()
        shutil.rmtree(world.folder)


@pytest.mark.sqlite_only
@pytest.mark.parametrize("row", ROWS, ids=lambda row: "-".join(row[1].values())[:40])
@pytest.mark.parametrize("source", ["by-hand", "hall", "drop"])
def test_no_single_row_hides_a_red_card(
    begun: World, folders: Iterator[Path], source: str, row: tuple[str, dict[str, str]]
) -> None:
    for number in "AB":
        world, hidden = lived(begun, next(folders), [brings(source, row, number, "--as wang ")])
        world.close()
        assert hidden == set()


@pytest.mark.sqlite_only
def test_a_card_that_is_hidden_past_effmon_is_found_hidden(
    begun: World, folders: Iterator[Path]
) -> None:
    """The question itself can be answered with yes."""

    def closes(world: World) -> None:
        world.change("UPDATE card SET state = 'closed' WHERE level = 3 AND case_no = 'A'")

    world, hidden = lived(begun, next(folders), [Act("SQL", closes)])
    assert hidden == {world.card("A CASE red")}
    world.close()
