"""Personal data are shown masked; unmasked only to whom may, for a reason, and on record first."""

import json
import shlex

import pytest

from tests.cli.command import Ran
from tests.matters.stage import run
from tests.stories.world import World

from .conftest import APPLICANT, CASE, OTHER, PHONE

OFFICIALS = ("张经办", "李主任", "王监察", "陈分管", "周监察")
#: Everything that shows something about persons, in every form.
SHOWN = (
    "people list", "people list -o json", "people list -o csv",
    "cases list --all", "cases list --all -o json", "cases list --all -o csv",
    "cases show A", "cases show A -o json", "cases show A -o csv",
    "cases explain A", "cases explain A -o json",
    "cards list --state all", "cards list --state all -o json",
    "cards show '{A CASE red}'", "cards show '{A CASE red}' -o json",
    "forecast --days 30 -o json", "notices list -o json", "ledger list -o json",
    "accountability list", "accountability list --organs -o json",
    "accountability show '{A CASE red}'", "accountability show '{A CASE red}' -o json",
    "quarantine list -o json", "quarantine show 1", "quarantine show 1 -o json",
    "people disclosures -o json", "people check -o json",
)  # fmt: skip
#: What may be seen unmasked, and what of it is then there.
UNMASKED = (
    ("people list", "李主任"),
    ("cases list --all", "张经办"),
    ("cases show A", APPLICANT),
    ("cases show A", PHONE),
    ("cases explain A", "张经办"),
    ("accountability list", "张经办"),
    ("accountability show '{A CASE red}'", "张经办"),
    ("quarantine show 1", OTHER),
)


def refused_row(world: World) -> None:
    """A row waits in quarantine, with a name and a telephone."""
    row = {**CASE, "case_no": "Q", "applicant": OTHER, "promised_limit": f"call {PHONE}"}
    report = world.receive("cases", [row])
    assert report.total.quarantined == 1


def test_nothing_shows_a_name_or_a_telephone(world: World) -> None:
    refused_row(world)
    for line in SHOWN:
        ran = run(world, line).well()
        told = [s for s in (APPLICANT, OTHER, PHONE, *OFFICIALS) if s in ran.out + ran.err]
        assert told == [], line


def unmask(world: World, line: str, who: str = "--as wang", why: str = "--reason 核对") -> Ran:
    return run(world, f"{who} {line} --unmask {why}")


def test_who_may_sees_it_and_is_on_record(world: World) -> None:
    refused_row(world)
    for line, secret in UNMASKED:
        size = len(world.entries())
        assert secret in unmask(world, line).well().out, line
        (entry,) = world.entries(size)
        who = entry["type"], entry["person"], entry["role"]
        assert who == ("data.unmasked", "wang", "supervisor")
        assert entry["what"] == ".".join(shlex.split(line)[:2])
        assert list(entry["reason"]) == ["commitment"]
        assert "核对" not in json.dumps(entry, ensure_ascii=False)
        newest = run(world, "people disclosures -o json").well().json[0]
        told = newest["seq"], newest["reason"], newest["person_id"]
        assert told == (size + 1, "核对", "wang")


def test_a_leader_may_in_their_own_department(world: World) -> None:
    assert APPLICANT in unmask(world, "cases show A", "--as chen").well().out


REFUSED = (
    ("", "--reason x", "nobody is named"),
    ("--as nobody", "--reason x", "there is no person"),
    ("--as li", "--reason x", "no role that may see personal data unmasked"),
    ("--as zhou", "--reason x", "no role that may see personal data unmasked"),
    ("--as wang", "", "reason is missing"),
    ("--as wang", "--reason 11010519491231002X", "identity card"),
)


def test_who_may_not_sees_nothing(world: World) -> None:
    size = len(world.entries())
    for line in ("cases show A", "cases list", "cases explain A", "people list"):
        for who, why, said in REFUSED:
            ran = unmask(world, line, who, why)
            assert (ran.code, ran.out, said in ran.err) == (2, "", True), (line, ran.err)
    assert len(world.entries()) == size
    assert world.rows("SELECT seq FROM disclosure") == []


def test_a_reason_without_unmask_is_refused(world: World) -> None:
    ran = run(world, "--as wang cases show A --reason x")
    assert (ran.code, ran.out) == (2, "")


def test_what_cannot_be_recorded_is_not_shown(world: World) -> None:
    with world.context.store.writing() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON ledger_entry "
            "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        )
    try:
        with pytest.raises(Exception, match="full"):
            unmask(world, "cases show A")
    finally:
        with world.context.store.writing() as connection:
            connection.exec_driver_sql("DROP TRIGGER full")
    assert world.rows("SELECT seq FROM disclosure") == []


def test_many_subjects_are_a_number_and_a_digest(world: World) -> None:
    rows = [{**CASE, "case_no": f"N{number}"} for number in range(25)]
    world.receive("cases", rows)
    size = len(world.entries())
    unmask(world, "cases list --all").well()
    (entry,) = world.entries(size)
    assert (entry["number"], list(entry["subjects"])) == (28, ["sha256"])
    (row,) = world.rows("SELECT subjects, number FROM disclosure")
    assert len(json.loads(row["subjects"])) == row["number"] == 28


def test_json_says_whether_it_is_masked(world: World) -> None:
    assert run(world, "cases show A -o json").well().json["masked"] is True
    shown = unmask(world, "cases show A -o json").well().json
    assert (shown["masked"], shown["fields"]["applicant"]) == (False, APPLICANT)


def test_columns_of_a_quarantined_row_are_known_by_its_mapping(world: World) -> None:
    own = world.folder / "own.yaml"
    text = (world.folder / "catalogue" / "mappings" / "canonical.yaml").read_text(encoding="utf-8")
    text = text.replace("id: canonical", "id: own", 1).replace("[申请人]", "[申请人, XM]", 1)
    own.write_text(text.replace("handler: [", "handler: [CBR, ", 1), encoding="utf-8")
    path = world.folder / "codes.csv"
    path.write_text(f"case_no,XM,CBR,promised_limit\nQ,{OTHER},李主任,soon\n", encoding="utf-8")
    run(world, f"import {path} --mapping {own}").well()
    content = run(world, "quarantine show 1 -o json").well().json["content"]
    assert (content["XM"], content["CBR"], content["case_no"]) == ("諸**", "李**", "Q")
    own.unlink()
    content = run(world, "quarantine show 1 -o json").well().json["content"]
    assert (content["XM"], content["promised_limit"]) == ("諸**", "s***")
