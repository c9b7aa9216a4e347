"""What an import of people changes for supervisors and for holders of keys."""

from efficiency_monitor.people.model.people import Person, Role
from efficiency_monitor.people.model.people_change import PeopleChange, change_of
from efficiency_monitor.people.people import import_people

from ..authority.desk import PEOPLE, Desk
from ..stories.world import write_csv


def person(person_id: str, role: str = "supervisor", **more: str) -> Person:
    return Person(
        person_id=person_id,
        **{"name": f"N{person_id}", "role": Role(role), "channel": "file", **more},  # type: ignore[arg-type]
    )


def test_nothing() -> None:
    rows = [person("a"), person("b", "head", deputy="c")]
    assert change_of(rows, rows, {"a"}) == PeopleChange()
    assert change_of([], [], set()) == PeopleChange()


def test_who_may_do_more_and_who_less() -> None:
    before = [person("a"), person("b", "head"), person("c")]
    after = [person("a"), person("b", "head"), person("b"), person("new"), person("c", "leader")]
    change = change_of(before, after, set())
    assert change.roles_gained == ("b", "new")
    assert change.roles_lost == ("c",)


def test_a_supervisors_deputy_may_do_what_the_supervisor_may() -> None:
    before = [person("a", deputy="x"), person("h", "head", deputy="y")]
    after = [person("a", deputy="z"), person("h", "head", deputy="w")]
    assert change_of(before, after, set()).deputies_gained == ("z",)
    # Deputy of somebody who becomes a supervisor.
    assert change_of([person("a", "head", deputy="x")], before, set()).deputies_gained == ("x",)


def test_holders_of_keys() -> None:
    before = [person("a"), person("b"), person("c", name="旧")]
    after = [person("b"), person("c", name="新"), person("d")]
    change = change_of(before, after, {"a", "b", "c", "d"})
    assert change.holders_gone == ("a",)
    assert change.holders_renamed == ("c",)


def test_an_import_leaves_keys_alone_and_says_what_it_changed(desk: Desk) -> None:
    desk.enrolled("wang", "chen")
    keys = desk.world.rows("SELECT * FROM person_key")
    new = {"person_id": "he", "name": "何", "role": "supervisor", "deputy": "li"}
    rows = [row for row in PEOPLE if row["person_id"] != "chen"]
    bring(desk, [*rows, new], "wang")
    bring(desk, [*rows, new], "chen")
    assert desk.world.rows("SELECT * FROM person_key") == keys
    entry = desk.world.entries()[-1]
    assert entry["type"] == "people.imported"
    assert {name: entry[name] for name in PeopleChange.__slots__} == {
        "roles_gained": ["he"],
        "roles_lost": ["chen"],
        "deputies_gained": ["li"],
        "holders_gone": ["chen"],
        "holders_renamed": [],
    }
    assert entry["supervision"]["signed_by"] == ["wang", "chen"]
    # Wang alone holds a key now, of whom nobody has ended another's. Back under another name: the
    # entry says so.
    bring(desk, [*rows, new, {**PEOPLE[4], "name": "冒名"}], "wang")
    assert desk.world.entries()[-1]["roles_gained"] == ["chen"]


def bring(desk: Desk, rows: list[dict[str, str]], person: str) -> None:
    """Import a people file and sign what of it is about supervisors."""
    path = desk.world.folder / "people.csv"
    write_csv(path, [{"channel": "file", "address": row["person_id"], **row} for row in rows])
    import_people(desk.acting(person, person), path)
