"""Whoever exempts, changes who supervises or erases them past the product lacks signatures."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from efficiency_monitor.followup.accountability import actions as accountability
from efficiency_monitor.followup.appeals import actions as appeals
from efficiency_monitor.followup.appeals.model import Decision
from efficiency_monitor.ledger.checks import approval_checks
from efficiency_monitor.ledger.model.entries import EntryType
from efficiency_monitor.ledger.store import ledger
from efficiency_monitor.people import erasing
from efficiency_monitor.terms import ExemptionGround
from tests.matters.office import PEOPLE
from tests.versions.bureau import Bureau

from .test_attacks import SOMEBODY, bring

pytestmark = pytest.mark.both_engines
GROUND = ExemptionGround.FORCE_MAJEURE
MADE = "0" * 64


@pytest.fixture
def office(database_engine: str, tmp_path: Path) -> Iterator[Bureau]:
    """Wang, Sun and Zhao supervise, Chen leads; all four hold keys."""
    made = Bureau(tmp_path / "ws")
    yield made
    made.world.close()


def faults(office: Bureau) -> list[str]:
    with office.world.context.store.reading() as connection:
        return approval_checks.check(connection)


def slip_in(office: Bureau, kind: EntryType, content: Mapping[str, Any]) -> None:
    """As the owner of the database does it: an entry, and nobody's signature."""
    context = office.world.context
    with context.store.writing() as connection:
        fact = f"slipped/{ledger.read_head(connection).size}"
        ledger.append(connection, [context.entry(kind, fact, content)])


def without_approvals_of(office: Bureau, person: str, act: str) -> list[str]:
    """What is found after a signature's row was deleted by the owner of the database."""
    for verb in ("update", "delete"):
        office.world.change(f"DROP TRIGGER approval_no_{verb}")
    gone = f"DELETE FROM approval WHERE person_id = '{person}' AND act = '{act}'"
    office.world.change(gone)
    return faults(office)


def ask(office: Bureau, card: str) -> None:
    accountability.ask_exemption(office.world.acting("li"), card, GROUND, "停电")


def exempt(office: Bureau, card: str, person: str) -> None:
    accountability.decide_exemption(office.acting(person), card, "approve", "属实")


@pytest.mark.parametrize("signed", [0, 1, 2])
def test_a_red_card_is_exempted_by_two(office: Bureau, signed: int) -> None:
    red = office.red()
    ask(office, red)
    for person in ("wang", "sun")[:signed]:
        exempt(office, red, person)
    if signed < 2:
        content = {"card": red, "person": "sun", "ground": str(GROUND)}
        slip_in(office, EntryType.ACCOUNTABILITY_EXEMPTED, content)
    said = f"the red card {red} was exempted without two persons' signatures"
    assert faults(office) == ([] if signed == 2 else [said])


def test_an_exemption_whose_signature_was_deleted(office: Bureau) -> None:
    red = office.red()
    ask(office, red)
    for person in ("wang", "sun"):
        exempt(office, red, person)
    found = without_approvals_of(office, "sun", "exempt")
    assert any("was exempted without two persons' signatures" in fault for fault in found)


def test_signatures_for_another_ground_are_none(office: Bureau) -> None:
    red = office.red()
    ask(office, red)
    exempt(office, red, "wang")
    exempt(office, red, "sun")
    content = {"card": red, "person": "sun", "ground": str(ExemptionGround.SELF_CORRECTED)}
    slip_in(office, EntryType.ACCOUNTABILITY_EXEMPTED, content)
    assert len(faults(office)) == 1


def test_a_yellow_card_is_exempted_by_one_with_a_key(office: Bureau) -> None:
    yellow = office.yellow()
    ask(office, yellow)
    content = {"card": yellow, "person": "wang", "ground": str(GROUND)}
    slip_in(office, EntryType.ACCOUNTABILITY_EXEMPTED, content)
    assert faults(office) == [f"the card {yellow} was exempted, and nobody agreed to it"]
    exempt(office, yellow, "wang")
    assert len(faults(office)) == 1


def test_an_appeal_exempts_only_what_it_lifts(office: Bureau) -> None:
    red = office.red()
    appeal = appeals.file(office.world.acting("zhang"), red, "材料迟交").appeal_no
    for person in ("wang", "sun"):
        appeals.decide(office.acting(person), appeal, Decision.LIFT, "属实")
    assert faults(office) == []
    office.at("2026-03-06 09:00")
    other = office.red("B")
    content = {"card": other, "person": "sun", "ground": str(ExemptionGround.APPEAL_UPHELD)}
    slip_in(office, EntryType.ACCOUNTABILITY_EXEMPTED, content)
    assert faults(office) == [f"the card {other} was exempted by an appeal that did not lift it"]


def test_a_people_file_that_two_signed(office: Bureau) -> None:
    for person in ("wang", "sun"):
        bring(office, [*PEOPLE, SOMEBODY], person)
    assert faults(office) == []
    found = without_approvals_of(office, "sun", "change_supervision")
    assert any("people 1: those who are said to have signed it" in fault for fault in found)


@pytest.mark.parametrize("signed_by", [[], ["wang"], ["wang", "sun"]])
def test_people_who_were_slipped_in(office: Bureau, signed_by: list[str]) -> None:
    change = {"change": 7, "rows": {"commitment": MADE}, "persons": [], "done": True}
    slip_in(office, EntryType.PEOPLE_IMPORTED, {"supervision": {**change, "signed_by": signed_by}})
    assert any("people 7: those who are said to have signed it" in each for each in faults(office))


def test_what_waits_takes_no_signature_yet(office: Bureau) -> None:
    bring(office, [*PEOPLE, SOMEBODY])
    bring(office, [*PEOPLE, SOMEBODY], "wang")
    assert faults(office) == []


def test_who_supervises_is_erased_by_those_who_signed_it(office: Bureau) -> None:
    for person in ("wang", "sun"):
        erasing.erase_person(office.acting(person), "zhao", "离职")
    assert faults(office) == []
    content = {"what": "person", "person_erased": "chen", "signed_by": ["wang", "sun"]}
    slip_in(office, EntryType.DATA_ERASED, content)
    assert faults(office) == ["the erasure of chen: those who are said to have signed it have not"]
