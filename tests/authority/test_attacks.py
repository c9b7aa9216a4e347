"""One person who would be two: each way that was tried, and what it takes now."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from efficiency_monitor.cards import answers, closing, lifting
from efficiency_monitor.catalogue import rule_versions
from efficiency_monitor.catalogue.rule_files import Selection
from efficiency_monitor.faults import NotAllowed
from efficiency_monitor.followup.accountability import actions as accountability
from efficiency_monitor.followup.accountability import store as accounts
from efficiency_monitor.people import erasing, keys
from efficiency_monitor.people.key_list import key_findings, list_keys
from efficiency_monitor.people.people import PeopleReport, import_people
from efficiency_monitor.terms import ExemptionGround, LiftReason
from tests.matters.office import PEOPLE, Office, key_of
from tests.stories.world import write_csv
from tests.versions.bureau import Bureau, shortened

pytestmark = pytest.mark.both_engines
ERROR = LiftReason.ISSUED_IN_ERROR
SOMEBODY = {"person_id": "p99", "name": "某人", "role": "supervisor"}


@pytest.fixture
def office(database_engine: str, tmp_path: Path) -> Iterator[Bureau]:
    """Wang, Sun and Zhao supervise, Chen leads; all four hold keys."""
    made = Bureau(tmp_path / "ws")
    yield made
    made.world.close()


def bring(
    office: Office, rows: Sequence[dict[str, Any]], person: str | None = None
) -> PeopleReport:
    """Import a people file, by nobody in particular or by whom `person` names, with their key."""
    path = office.world.folder / "people.csv"
    write_csv(path, [{"channel": "file", "address": row["person_id"], **row} for row in rows])
    context = office.world.context if person is None else office.acting(person)
    return import_people(context, path)


def known(office: Office) -> set[str]:
    """Ids of everybody who is known."""
    return {row["person_id"] for row in office.world.rows("SELECT person_id FROM person")}


def state(office: Office, card_no: str) -> str:
    (row,) = office.world.rows("SELECT state FROM card WHERE card_no = ?", card_no)
    return str(row["state"])


def lift(office: Office, card_no: str, person: str) -> lifting.Lifted:
    return lifting.by_hand(office.acting(person), card_no, ERROR, "查无此事")


def without(*persons: str) -> list[dict[str, str]]:
    return [row for row in PEOPLE if row["person_id"] not in persons]


def test_a_supervisor_whom_a_file_brings_waits_and_the_rest_is_taken(office: Bureau) -> None:
    handler = {"person_id": "new", "name": "新人", "department": "住建局", "role": "handler"}
    report = bring(office, [*PEOPLE, SOMEBODY, handler])
    assert known(office) == {row["person_id"] for row in PEOPLE} | {"new"}
    assert report.as_json()["waiting"] == [{"person_id": "p99", "kind": "added"}]
    first = bring(office, [*PEOPLE, SOMEBODY, handler], "wang")
    assert (first.supervision.signed_by, first.supervision.needed) == (["wang"], 2)
    assert "p99" not in known(office)
    again = bring(office, [*PEOPLE, SOMEBODY, handler], "wang")
    assert again.supervision.repeated
    assert "p99" not in known(office)
    assert bring(office, [*PEOPLE, SOMEBODY, handler], "sun").supervision.done
    assert "p99" in known(office)
    assert office.world.sound()


@pytest.mark.parametrize(
    ("person", "change"),
    [
        ("wang", {"address": "elsewhere"}),
        ("wang", {"deputy": "zhang"}),
        ("wang", {"absent_from": "2026-03-01"}),
        ("wang", {"role": "handler"}),
        ("chen", {"name": "别人"}),
        ("zhang", {"role": "leader"}),
    ],
)
def test_any_change_of_a_guarded_row_waits(
    office: Bureau, person: str, change: dict[str, str]
) -> None:
    before = office.world.rows("SELECT value FROM person ORDER BY person_id")
    rows = [row | change if row["person_id"] == person else row for row in PEOPLE]
    report = bring(office, rows, "zhao")
    assert office.world.rows("SELECT value FROM person ORDER BY person_id") == before
    assert report.as_json()["waiting"] == [{"person_id": person, "kind": "changed"}]


def test_another_file_replaces_what_waits(office: Bureau) -> None:
    bring(office, [*PEOPLE, SOMEBODY], "wang")
    bring(office, PEOPLE)
    report = bring(office, [*PEOPLE, SOMEBODY], "sun")
    assert report.supervision.signed_by == ["sun"]
    assert "p99" not in known(office)


def test_one_supervisor_does_not_erase_both_others(office: Bureau) -> None:
    for person in ("sun", "zhao"):
        assert erasing.erase_person(office.acting("wang"), person, "离职").subjects == [person]
    assert {"sun", "zhao"} <= known(office)
    erasing.erase_person(office.acting("sun"), "zhao", "离职")
    assert known(office) == {row["person_id"] for row in without("zhao")}
    assert office.world.sound()


def test_who_ends_the_second_key_is_not_thereby_enough(office: Bureau) -> None:
    keys.revoke(office.acting("wang"), "sun")
    keys.revoke(office.acting("zhao"), "zhao")
    bring(office, [*PEOPLE, SOMEBODY], "wang")
    assert "p99" not in known(office)


def test_who_merely_claims_to_propose_makes_no_second_person(office: Bureau) -> None:
    bring(office, [*PEOPLE, SOMEBODY], "wang")
    bring(office, [*PEOPLE, SOMEBODY], "sun")
    office.demand()
    office.edit("CASE.yaml", shortened)
    with pytest.raises(NotAllowed, match=r"p99 has no enrolled key.*propose a change.*--key FILE"):
        office.propose("p99")


def test_a_proposal_of_before_there_were_keys_is_not_approved(tmp_path: Path) -> None:
    office = Bureau(tmp_path / "ws", keyed=False)
    office.demand()
    unsigned = office.world.acting("wang")
    change = rule_versions.propose(unsigned, Selection(), "局务会决定")
    for person in ("wang", "sun"):
        keys.enrol(office.world.acting(person), person, key_of(person).public)
    with pytest.raises(NotAllowed, match="cannot be approved"):
        office.approve(change.change_no)
    office.world.close()


def test_a_supervisor_without_a_key_lifts_and_closes_nothing(office: Bureau) -> None:
    bring(office, [*PEOPLE, SOMEBODY], "wang")
    bring(office, [*PEOPLE, SOMEBODY], "sun")
    red = office.red()
    answers.answer(office.acting("li"), red, "replied", "材料齐全")
    with pytest.raises(NotAllowed, match=r"p99 has no enrolled key, and to close a card takes one"):
        closing.close_card(office.acting("p99"), red, text="同意")
    with pytest.raises(NotAllowed, match=r"wang has the key .* has to sign with it to close"):
        closing.close_card(office.world.acting("wang"), red, text="同意")
    office.at("2026-03-06 09:00")
    yellow = office.yellow("B")
    with pytest.raises(NotAllowed, match="to lift a card takes one: --key FILE"):
        lift(office, yellow, "p99")
    assert state(office, yellow) == "open"


def test_a_signature_that_was_copied_from_another_card_stops_the_second(office: Bureau) -> None:
    one, other = office.red("A"), office.red("B")
    lift(office, one, "wang")
    names = "act, round, decision, ground, person_id, at, text, evidence, statement, key_id, "
    names += "signature, os_user, host, tty"
    office.world.change(
        f"INSERT INTO approval (id, subject, {names}) "
        f"SELECT 900, 'card:{other}', {names} FROM approval WHERE subject = 'card:{one}'"
    )
    with pytest.raises(NotAllowed, match=r"the earlier signature of wang on .* does not hold"):
        lift(office, other, "sun")
    assert state(office, other) == "open"


def test_the_signature_of_who_supervises_no_more_does_not_count(office: Bureau) -> None:
    red = office.red()
    lift(office, red, "wang")
    for person in ("sun", "zhao"):
        bring(office, without("wang"), person)
    assert "wang" not in known(office)
    done = lift(office, red, "sun")
    assert not done.lifted
    assert (done.signed_by, len(done.lapsed)) == (["sun"], 1)
    assert "wang" in done.lapsed[0]
    assert lift(office, red, "zhao").lifted
    assert office.world.sound()


def test_a_red_exemption_takes_two_whoever_asked(office: Bureau) -> None:
    red = office.red()
    # Wang says that he is Li to ask.
    claimed = office.world.acting("li")
    accountability.ask_exemption(claimed, red, ExemptionGround.FORCE_MAJEURE, "停电")
    accountability.decide_exemption(office.acting("wang"), red, "approve", "属实")
    assert status(office, red) == "to_verify"
    accountability.decide_exemption(office.acting("wang"), red, "approve", "属实")
    assert status(office, red) == "to_verify"
    accountability.decide_exemption(office.acting("sun"), red, "approve", "属实")
    assert status(office, red) == "exempted"
    assert office.world.sound()


def test_a_yellow_exemption_takes_one_key(office: Bureau) -> None:
    yellow = office.yellow()
    accountability.ask_exemption(
        office.world.acting("li"), yellow, ExemptionGround.FORCE_MAJEURE, "停电"
    )
    with pytest.raises(NotAllowed, match="has to sign with it"):
        accountability.decide_exemption(office.world.acting("wang"), yellow, "approve", "属实")
    accountability.decide_exemption(office.acting("wang"), yellow, "approve", "属实")
    assert status(office, yellow) == "exempted"


def status(office: Office, card_no: str) -> str:
    with office.world.context.store.reading() as connection:
        return str(accounts.status_of(connection, card_no))


def test_the_first_keys_say_for_ever_that_they_were_taken_as_they_came(office: Bureau) -> None:
    for person in ("wang", "sun"):
        keys.revoke(office.acting(person), person)
    trusted = {row["person_id"]: row["trusted_by"] for row in list_keys(office.world.context)}
    assert (trusted["wang"], trusted["sun"]) == ("bootstrap", "bootstrap")
    said = [words for _, _, words in key_findings(office.world.context)]
    assert any("taken as they come" in words and "wang" in words for words in said)


COUNTY = [row for row in PEOPLE if row["person_id"] not in ("sun", "zhao")]


@pytest.fixture
def county(database_engine: str, tmp_path: Path) -> Iterator[Bureau]:
    """Wang alone supervises, Chen leads; both hold keys, taken as they came."""
    made = Bureau(tmp_path / "ws", COUNTY, keyed=False)
    for person in ("wang", "chen"):
        context = made.world.acting(person) if person == "wang" else made.acting("chen")
        assert keys.enrol(context, person, key_of(person).public).bootstrap
    yield made
    made.world.close()


def test_a_county_with_one_supervisor_and_a_leader(county: Bureau) -> None:
    red = county.red()
    assert not lift(county, red, "chen").lifted
    assert lift(county, red, "wang").lifted
    county.at("2026-03-06 09:00")
    yellow = county.yellow("B")
    with pytest.raises(NotAllowed, match="only as the second of two"):
        lift(county, yellow, "chen")
    assert lift(county, yellow, "wang").lifted
    said = [words for _, _, words in key_findings(county.world.context)]
    assert any("wang alone supervises" in words and "chen" in words for words in said)
    assert not bring(county, [*COUNTY, SOMEBODY], "chen").supervision.done
    assert bring(county, [*COUNTY, SOMEBODY], "wang").supervision.done
    # Two supervise now: the leader is no second any more.
    other = county.red("C")
    with pytest.raises(NotAllowed, match="no role"):
        lift(county, other, "chen")
    assert county.world.sound()


def test_two_leaders_are_not_a_supervisor(county: Bureau) -> None:
    rows = [*COUNTY, {"person_id": "ma", "name": "马分管", "role": "leader"}]
    bring(county, rows, "chen")
    bring(county, rows, "wang")
    for by in ("wang", "chen"):
        keys.enrol(county.acting(by), "ma", key_of("ma").public)
    red = county.red()
    for person in ("chen", "ma"):
        context = replace(county.world.acting(person), key=key_of(person))
        assert not lifting.by_hand(context, red, ERROR, "查无此事").lifted
    assert state(county, red) == "open"
