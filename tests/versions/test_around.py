"""What else has to know of changes: backups, the doctor, the command line, what runs for weeks."""

import json

import pytest

from efficiency_monitor import app
from efficiency_monitor.faults import NotAllowed
from efficiency_monitor.ops.doctor.doctor import examine
from tests.matters.stage import run
from tests.operation import places

from .bureau import Bureau
from .test_calendar_import import DAY, FIRST, file_of, key_file, proposed


@pytest.mark.parametrize("demanded", [False, True], ids=["none", "second person"])
def test_a_restored_workspace_judges_by_the_same(bureau: Bureau, tmp_path, demanded: bool) -> None:  # type: ignore[no-untyped-def]
    if demanded:
        bureau.demand()
        bureau.adopt()
    number = proposed(bureau, file_of(bureau, "first.txt", FIRST), "一号")
    bureau.approve(number, "sun")
    bureau.world.scan()
    places.restored(bureau.world, places.write(bureau.world), tmp_path / "new")
    there = app.open_context(tmp_path / "new", clock=lambda: bureau.world.now)
    assert str(there.catalogue.calendars["town"].day(DAY).kind) == "day_off"
    assert there.catalogue.rules_digest == bureau.world.context.catalogue.rules_digest
    assert (tmp_path / "new" / "calendars" / "town.yaml").is_file()
    there.store.close()


def doctor(bureau: Bureau) -> dict[str, tuple[str, str]]:
    """What the doctor says, by check."""
    found = examine(bureau.world.context, quick=True)
    return {row["check"]: (row["status"], row["detail"]) for row in found}


def test_the_doctor_says_who_approves_and_what_waits(bureau: Bureau) -> None:
    assert "nobody approves" in doctor(bureau)["approval"][1]
    bureau.demand()
    assert doctor(bureau)["check_rules"][0] == "bad"
    bureau.adopt()
    assert "second person" in doctor(bureau)["approval"][1]
    bureau.edit("CASE.yaml", lambda text: text.replace("version: 1", "version: 2"))
    number = bureau.propose().change_no
    found = doctor(bureau)
    assert found["waits for approval"][0] == "look"
    assert number in found["proposed"][1]


def test_the_doctor_names_what_was_approved_alone_in_between(bureau: Bureau) -> None:
    """Set to `none`, approved by who proposed it, and set back: nobody else has looked."""
    bureau.edit("CASE.yaml", lambda text: text.replace("version: 1", "version: 2"))
    number = bureau.propose().change_no
    bureau.approve(number.lower(), "wang")
    assert "approved alone" not in doctor(bureau)
    assert bureau.world.sound()
    bureau.demand()
    status, said = doctor(bureau)["approved alone"]
    assert (status, number in said) == ("look", True)


def test_an_own_calendar_that_lacks_an_installed_notice_is_said(bureau: Bureau) -> None:
    bureau.approve(proposed(bureau, file_of(bureau, "first.txt", FIRST), "一号"), "wang")
    bureau.world.scan()
    bureau.world.close()
    assert doctor(bureau)["own calendar town"][0] == "ok"
    shipped = bureau.world.folder / "catalogue" / "calendars" / "town.yaml"
    text = shipped.read_text("utf-8").replace('"number": "2"', '"number": "3"')
    shipped.write_text(text, encoding="utf-8")
    bureau.world.close()
    status, said = doctor(bureau)["own calendar town"]
    assert (status, "3" in said) == ("look", True)


def test_questions_to_calendars_are_answered_by_what_is_approved(bureau: Bureau) -> None:
    bureau.demand()
    bureau.adopt()
    own = bureau.world.folder / "calendars"
    own.mkdir()
    text = (bureau.world.folder / "catalogue" / "calendars" / "town.yaml").read_text("utf-8")
    own.joinpath("town.yaml").write_text(text.replace('"09:00"', '"08:00"'), encoding="utf-8")
    line = "calendar show town --year 2026 -o json"
    assert "08:00" not in run(bureau.world, line).out
    bureau.approve(bureau.propose().change_no)
    assert "08:00" in run(bureau.world, line).out


def test_what_is_approved_is_shown_before(bureau: Bureau) -> None:
    bureau.demand()
    bureau.adopt()
    bureau.edit(
        "CASE.yaml",
        lambda text: text.replace("version: 1", "version: 2").replace(
            "at: promised - 1 working_days", "at: promised - 2 working_days"
        ),
    )
    number = bureau.propose().change_no
    key_file(bureau, "sun")
    key = f"--as sun --key {bureau.world.folder / 'key.pem'}"
    before = bureau.world.tuples("SELECT COUNT(*) FROM ledger_entry")
    shown = json.loads(run(bureau.world, f"{key} rules approve {number} --dry-run -o json").out)
    assert bureau.world.tuples("SELECT COUNT(*) FROM ledger_entry") == before
    (row,) = shown["differences"]
    assert (row["aspect"], row["name"], row["after"]) == (
        "threshold",
        "warning",
        "promised - 2 working_days",
    )
    assert run(bureau.world, f"{key} rules approve {number} --text 同意").code == 0
    listed = json.loads(run(bureau.world, "rules changes -o json").out)
    assert [row["state"] for row in listed] == ["approved", "approved"]


@pytest.mark.parametrize(
    "line",
    [
        "rules propose",
        "--as wang rules propose",
        "--as wang rules propose nowhere.yaml --reason 试",
        "--as wang rules propose --pack story {folder}/effmon.toml --reason 试",
        "--as wang rules approve C-0099",
        "--as wang rules withdraw C-0099 --text 试",
        "rules trial CASE",
        "calendar import nowhere.txt --notice 1 --published 2026-03-06",
        "calendar import {folder}/effmon.toml --notice 1 --published soon",
    ],
)
def test_what_cannot_be_done_is_one_line(bureau: Bureau, line: str) -> None:
    done = run(bureau.world, line)
    assert done.code in (2, 3), done.out
    assert done.err.startswith("error: ")


def test_what_would_be_proposed_is_shown_and_not_written(bureau: Bureau) -> None:
    bureau.demand()
    bureau.adopt()
    bureau.edit(
        "CASE.yaml", lambda text: text.replace("in_force: {", "in_force: {to: 2030-12-31, ")
    )
    before = bureau.world.tuples("SELECT COUNT(*) FROM ledger_entry")
    key_file(bureau, "wang")
    key = bureau.world.folder / "key.pem"
    line = f"--as wang --key {key} rules propose --reason 试 --dry-run -o json"
    done = run(bureau.world, line)
    assert done.code == 0, done.err
    (row,) = json.loads(done.out)["differences"]
    assert (row["aspect"], row["name"], row["after"]) == ("in_force", "to", "2030-12-31")
    assert bureau.world.tuples("SELECT COUNT(*) FROM ledger_entry") == before


def test_a_deputy_of_the_proposer_is_no_second_person(bureau: Bureau) -> None:
    from tests.matters.office import PEOPLE

    bureau.demand()
    number = bureau.propose().change_no
    away = {"deputy": "li", "absent_from": "2026-01-01", "absent_to": "2026-12-31"}
    bureau.people([{**row, **(away if row["person_id"] == "wang" else {})} for row in PEOPLE])
    with pytest.raises(NotAllowed):
        bureau.approve(number, "li")


def test_who_stays_for_weeks_sees_what_was_approved_meanwhile(bureau: Bureau) -> None:
    bureau.demand()
    bureau.adopt()
    service = bureau.world.context
    assert service.catalogue.rules
    bureau.edit("CASE.yaml", lambda text: text.replace("version: 1", "version: 2"))
    change = bureau.propose()
    done = app.open_context(bureau.world.folder, clock=lambda: bureau.world.now)
    done.store.close()
    bureau.approve(change.change_no)
    again = app.read_again(service)
    assert ("CASE", 2) in again.catalogue.rule_of
    again.store.close()
