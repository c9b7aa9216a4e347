"""To whom a tally's card is given: persons, names that are one or two, what a notice says."""

import json
from pathlib import Path

import pytest

from tests.store.test_alike import LONG

from .town import ALL, Town, rule_text

pytestmark = pytest.mark.both_engines


def test_persons_are_known_by_their_id_or_a_pseudonym_and_never_told_alone(tmp_path: Path) -> None:
    by_person = rule_text(
        "XX-PERSON",
        {"measure": "count", "of": "cards", "by": "handler", "window": "month"},
        ["yellow >= 1 cards"],
    )
    it = Town(tmp_path / "ws", {"XX-PERSON": by_person})
    it.late("2026-03-02 10:00", "A")
    it.late("2026-03-02 10:00", "B", handler="周某某")
    # The same two persons, as another source names them.
    it.late("2026-03-02 10:00", "C", handler="zhang")
    it.late("2026-03-02 10:00", "D", handler="周 某某")
    it.scan("2026-03-06 09:00")
    subjects = it.world.tuples("SELECT subject FROM card WHERE case_id IS NULL ORDER BY subject")
    known, pseudonym = sorted(subject for (subject,) in subjects)
    assert known == "person:zhang"
    assert pseudonym.startswith("person:~")
    said = json.dumps(it.world.entries(), ensure_ascii=False)
    assert "周某某" not in said
    assert "张经办" not in said
    told = {
        row["subject"]: set()
        for row in it.world.rows("SELECT subject FROM card WHERE case_id IS NULL")
    }
    for row in it.world.rows(
        "SELECT c.subject, n.person_id FROM notice n JOIN card c ON c.card_no = n.card_no"
        " WHERE c.case_id IS NULL"
    ):
        told[row["subject"]].add(row["person_id"])
    assert told == {
        "person:zhang": {"zhang", "li", "chen", "wang", "sun"},
        pseudonym: {"li", "chen", "wang", "sun"},
    }
    # A people file that names the person later gives no second card.
    it.world.people([*ALL, {**ALL[0], "person_id": "zhou", "name": "周某某"}])
    it.world.mark_all_changed()
    it.scan("2026-03-06 12:00")
    assert len(it.tallies()) == 2
    assert it.world.sound()


def test_two_persons_of_one_name_are_two_subjects(tmp_path: Path) -> None:
    """Two cards of one and one of the other are not three of anybody."""
    by_person = rule_text(
        "XX-PERSON",
        {"measure": "count", "of": "cards", "by": "handler", "window": "month"},
        ["warning >= 2 cards", "yellow >= 3 cards"],
    )
    it = Town(tmp_path / "ws", {"XX-PERSON": by_person})
    police = {**ALL[0], "person_id": "zhang-police", "department": "公安局"}
    # Of the first name two are in the people file, of the second one, of the third none.
    liu = {**ALL[0], "person_id": "liu", "name": "刘经办"}
    it.world.people([*ALL, police, liu])
    for number, name in (("A", "张经办"), ("L", "刘经办"), ("U", "周某某")):
        it.late("2026-03-02 10:00", f"{number}1", f"{number}2", handler=name)
        it.late("2026-03-02 10:00", f"{number}3", handler=name, department="公安局")
    it.scan("2026-03-06 09:00")
    found = [text.split() for text in it.tallies()]
    assert [(level, value) for _, _, _, level, _, value in found] == [("warning", "2")] * 3
    subjects = [subject for subject, *_ in found]
    assert subjects[:2] == ["person:liu", "person:zhang"]
    assert subjects[2].startswith("person:~")
    it.late("2026-03-03 10:00", "A4", department="公安局", handler="张经办")
    it.scan("2026-03-09 09:00")
    assert "person:zhang-police XX-PERSON 2026-03-01 warning open 2" in it.tallies()
    assert it.world.sound()


def test_a_notice_says_to_what_a_card_is_given(tmp_path: Path) -> None:
    """A card of an item, a region or a person is none of the department that is named beside it."""
    each = {
        f"XX-{name.upper()}": rule_text(
            f"XX-{name.upper()}",
            {"measure": "count", "of": "cards", "by": by, "window": "month"},
            ["yellow >= 1 cards"],
        )
        for name, by in (
            ("organ", "department"),
            ("item", "item_code"),
            ("region", "region"),
            ("person", "handler"),
            ("all", "all"),
        )
    }
    it = Town(tmp_path / "ws", each)
    it.late("2026-03-02 10:00", "A", region="430500")
    it.scan("2026-03-06 09:00")
    it.world.deliver()
    lines = {
        line
        for message in it.world.messages()
        for line in str(message["text"]).splitlines()
        if "how often" in line
    }
    said = sorted({line.split("] ", 1)[1].rpartition(", card ")[0] for line in lines})
    what = "住建局, how often at least 1 card"
    assert said == [
        f"all, {what}",
        f"item I-1, {what}",
        f"person, {what}",
        f"region 430500, {what}",
        what,
    ]


def test_a_name_that_no_index_holds(tmp_path: Path) -> None:
    """Whoever writes into a column of a file does not stop a night's scan."""
    it = Town(
        tmp_path / "ws",
        {
            f"XX-{by.upper()[:4]}": rule_text(
                f"XX-{by.upper()[:4]}",
                {"measure": "count", "of": "cards", "by": by, "window": "month"},
                ["yellow >= 2 cards"],
            )
            for by in ("department", "region", "handler")
        },
    )
    it.late("2026-03-02 10:00", "A", "B", department=LONG, region=LONG, handler=LONG)
    it.late("2026-03-02 10:00", "C", "D", department=LONG[:-1], region=LONG[:-1])
    it.scan("2026-03-06 09:00")
    given = it.tallies()
    assert [text.split()[1:] for text in given] == [
        *[["XX-DEPA", "2026-03-01", "yellow", "open", "2"]] * 2,
        ["XX-HAND", "2026-03-01", "yellow", "open", "2"],
        ["XX-HAND", "2026-03-01", "yellow", "open", "2"],
        *[["XX-REGI", "2026-03-01", "yellow", "open", "2"]] * 2,
    ]
    organs = it.world.tuples("SELECT department FROM card WHERE rule_id = 'XX-DEPA' ORDER BY 1")
    assert organs == [(LONG[:-1],), (LONG,)]
    # They are found again, and lifted.
    it.happens("decided", "2026-03-03 10:00", "A", "C")
    it.scan("2026-03-07 09:00")
    assert it.tallies() == sorted(
        text.replace("open 2", "lifted 2 late_evidence") for text in given
    )
    assert it.world.sound()
