"""An id that can be written in two ways is one person, in the list, in `--as` and in the ledger."""

from pathlib import Path

import pytest

from efficiency_monitor.followup.appeals import actions as appeals
from efficiency_monitor.followup.appeals.model import Decision
from efficiency_monitor.ledger import book as ledger_book
from efficiency_monitor.people import people as people_service

from ..stories.world import write_csv
from .desk import PEOPLE, Desk

pytestmark = pytest.mark.both_engines

#: As a file from another system may write them, and as they are kept.
SPELT = {"\uf9d1": "\u516d", "jose\u0301": "jos\u00e9"}


@pytest.mark.parametrize("spelt", SPELT)
def test_what_an_honest_person_decides_is_sound(desk: Desk, tmp_path: Path, spelt: str) -> None:
    card = desk.card()
    more = {"person_id": spelt, "name": "何", "department": "", "role": "supervisor"}
    path = tmp_path / "people.csv"
    write_csv(path, [{"channel": "file", "address": "x", **row} for row in (*PEOPLE, more)])
    people_service.import_people(desk.world.context, path)
    appeal = appeals.file(desk.acting("zhang"), card, "材料迟交").appeal_no
    appeals.decide(desk.world.acting(spelt), appeal, Decision.RETURN, "不属实")
    found = ledger_book.verify(desk.world.context)
    assert (found["sound"], found["approvals"]) == (True, [])
    (row,) = desk.world.rows("SELECT person_id FROM approval")
    assert row["person_id"] == SPELT[spelt]
