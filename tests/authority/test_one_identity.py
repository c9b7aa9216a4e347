"""One identity, whatever it calls itself and however many keys it makes, lifts no red card.

The identity holds one enrolled key at most, may claim to be anybody (`--as`), may make keys, and
may import people as it likes. Everybody else is honest and does nothing. No sequence of commands
gives it a second voice where a signature is asked for.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efficiency_monitor.faults import EffmonError
from efficiency_monitor.people import people as people_service
from efficiency_monitor.people.acting import approve
from efficiency_monitor.people.keys import enrol, revoke
from efficiency_monitor.people.model.authority import Act

from .. import engines
from ..stories.world import World, write_csv
from .desk import PEOPLE, Desk, key_of

PERSONS = ("wang", "chen", "zhao", "li", "new")
#: What the identity holds besides its own key.
MADE = ("made/1", "made/2")
KEYS = ("own", *MADE, None)


def people_files() -> dict[str, list[dict[str, str]]]:
    """People as the identity would like to have them."""
    rows = [dict(row) for row in PEOPLE]
    new = {"person_id": "new", "name": "新", "role": "supervisor"}

    def changed(person: str, **more: str) -> list[dict[str, str]]:
        return [row | more if row["person_id"] == person else row for row in rows]

    return {
        "as they were": rows,
        "one more supervisor": [*rows, new],
        "nobody but oneself": [row for row in rows if row["person_id"] == "wang"] + [new],
        "without the other holder": [row for row in rows if row["person_id"] != "chen"],
        "a head made supervisor": [*rows, {**rows[1], "department": "", "role": "supervisor"}],
        "the other away": changed("chen", deputy="wang", absent_from="2026-01-01"),
        "oneself away": changed("wang", deputy="li", absent_from="2026-01-01"),
        "the other's id for somebody new": changed("chen", name="冒名"),
    }


FILES = people_files()
ACTION = st.one_of(
    st.tuples(st.just("enrol"), st.sampled_from(PERSONS), st.sampled_from(["own", *MADE])),
    st.tuples(st.just("revoke"), st.sampled_from(PERSONS)),
    st.tuples(st.just("lift"), st.sampled_from([Act.LIFT, Act.CONFIRM])),
    st.tuples(st.just("people"), st.sampled_from(sorted(FILES))),
)
#: Whom it claims to be, with which key, and what it does.
CLAIMS = st.one_of(
    st.just(("wang", "own")), st.tuples(st.sampled_from(PERSONS), st.sampled_from(KEYS))
)
STEPS = st.lists(st.tuples(CLAIMS, ACTION).map(lambda step: (*step[0], step[1])), max_size=5)


@pytest.fixture(scope="module")
def settled(database_engine: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which Wang (the identity) and Chen (honest) hold keys, and Zhao none."""
    return _prepared(tmp_path_factory.mktemp("settled") / "ws", ("wang", "own"), ("chen", "chen"))


@pytest.fixture(scope="module")
def begun(database_engine: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which only Chen (honest) holds a key."""
    return _prepared(tmp_path_factory.mktemp("begun") / "ws", ("chen", "chen"))


def _prepared(folder: Path, *keys: tuple[str, str]) -> Path:
    desk = Desk(World.made(folder, "2026-03-01 12:00"))
    desk.world.people(PEOPLE)
    desk.card()
    for person, name in keys:
        assert enrol(desk.acting(person), person, key_of(name).public).bootstrap
    desk.close()
    return folder


def tries(desk: Desk, step: tuple[str, str | None, Any]) -> bool:
    """One command of the identity; whether it was let through."""
    person, key, (verb, *given) = step
    base = desk.world.context
    context = replace(
        base,
        actor=replace(base.actor, claimed=person),
        key=None if key is None else key_of(key),
    )
    calls: dict[str, Callable[[], object]] = {
        "enrol": lambda: enrol(context, given[0], key_of(given[1]).public),
        "revoke": lambda: revoke(context, given[0]),
        "lift": lambda: _approve(context, given[0], desk.card()),
        "people": lambda: _import(context, desk.world.folder / "theirs.csv", FILES[given[0]]),
    }
    try:
        calls[verb]()
    except EffmonError:
        return False
    return True


def _approve(context: Any, act: Act, card: str) -> None:
    with context.store.writing() as connection:
        approve(
            context, connection, act=act, subject=f"card:{card}", decision="lift", must_sign=True
        )


def _import(context: Any, path: Path, rows: list[dict[str, str]]) -> None:
    write_csv(path, [{"channel": "file", "address": "x", **row} for row in rows])
    people_service.import_people(context, path)


def voices(desk: Desk) -> dict[str, int]:
    """Approvals on the card, by what they are for."""
    rows = desk.world.rows(
        "SELECT act, count(*) AS n FROM approval WHERE subject LIKE 'card:%' GROUP BY act"
    )
    return {row["act"]: row["n"] for row in rows}


def held(desk: Desk) -> set[str]:
    """Keys in use that the identity holds."""
    own = {key_of(name).key_id for name in ("own", *MADE)}
    rows = desk.world.rows("SELECT key_id FROM person_key WHERE revoked_at IS NULL")
    return own & {row["key_id"] for row in rows}


def one_voice_at_most(template: Path, folder: Path, steps: list[Any]) -> set[str]:
    shutil.rmtree(folder, ignore_errors=True)
    engines.copied(template, folder)
    desk = Desk(World(folder, 1_773_622_800))
    try:
        for step in [*steps, *_every_door()]:
            if tries(desk, step):
                assert all(number <= 1 for number in voices(desk).values()), step
                assert len(held(desk)) <= 1, step
        return held(desk)
    finally:
        desk.close()


def _every_door() -> Iterator[Any]:
    """Having prepared the ground, it tries all: every name with every key, for each of its keys."""
    for claimed, key in product(PERSONS, KEYS):
        for person, made in product(PERSONS, MADE):
            yield claimed, key, ("enrol", person, made)
    for claimed, key in product(PERSONS, KEYS):
        yield claimed, key, ("lift", Act.LIFT)


@settings(max_examples=12)
@given(steps=STEPS)
def test_with_a_key_of_its_own(settled: Path, steps: list[Any]) -> None:
    found = one_voice_at_most(settled, settled.parent / "try", steps)
    assert found <= {key_of("own").key_id}


@pytest.mark.parametrize("holder", ["other holds on", "other revoked"])
@pytest.mark.parametrize("file", sorted(FILES))
def test_whatever_people_it_imports(settled: Path, file: str, holder: str) -> None:
    steps: list[Any] = [("wang", "own", ("people", file))]
    if holder == "other revoked":
        steps.insert(0, ("wang", "own", ("revoke", "chen")))
    one_voice_at_most(settled, settled.parent / "try", steps)


@settings(max_examples=12)
@given(steps=STEPS)
def test_that_comes_after_the_first_honest_key(begun: Path, steps: list[Any]) -> None:
    one_voice_at_most(begun, begun.parent / "try", steps)


def walk(template: Path, *steps: Any) -> list[bool]:
    """Which of the commands are let through."""
    folder = template.parent / "walk"
    shutil.rmtree(folder, ignore_errors=True)
    engines.copied(template, folder)
    desk = Desk(World(folder, 1_773_622_800))
    try:
        return [tries(desk, step) for step in steps]
    finally:
        desk.close()


def test_its_one_voice_it_has(settled: Path) -> None:
    """The model reaches the doors that it is to find shut."""
    assert walk(
        settled,
        ("wang", "own", ("lift", Act.LIFT)),
        ("wang", "own", ("lift", Act.LIFT)),
        ("wang", "own", ("enrol", "new", "made/1")),
        ("wang", "own", ("people", "one more supervisor")),
        ("wang", "own", ("enrol", "new", "made/1")),
        ("new", "made/1", ("enrol", "new", "made/1")),
        ("wang", "own", ("revoke", "chen")),
        ("chen", "made/1", ("enrol", "chen", "made/1")),
        ("chen", "made/1", ("lift", Act.LIFT)),
    ) == [True, False, False, True, False, False, True, False, False]


def test_after_one_honest_key_it_may_get_the_second(begun: Path) -> None:
    assert walk(
        begun,
        ("wang", None, ("enrol", "wang", "made/1")),
        ("zhao", None, ("enrol", "zhao", "made/2")),
        ("wang", "made/1", ("enrol", "zhao", "made/2")),
        ("wang", "made/1", ("lift", Act.LIFT)),
        ("zhao", "made/2", ("lift", Act.LIFT)),
    ) == [True, False, True, True, False]
