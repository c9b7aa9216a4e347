"""`-o json` on commands that act: one object that says what was done, the same words on stderr."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.stories.world import write_csv

from . import bureau as office
from .bureau import IMPORTS, Bureau

RED, YELLOW = "{A CASE red}", "{M CHECKED yellow}"
#: Who says it, as whom, the command, and what its object must hold beside the numbers.
COMMANDS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    (
        "clerk", "zhang", f"cards acknowledge '{RED}' --text 收到",
        {"state": "acknowledged", "late": False, "repeated": False, "untold": False},
    ),
    ("clerk", "li", f"cards reply '{RED}' --text 已办", {"state": "replied", "repeated": False}),
    ("clerk", "li", f"cards reply '{RED}' --text 已办", {"state": "replied", "repeated": True}),
    ("two", "sun", f"cards confirm '{YELLOW}' --text 属实", {"state": "open"}),
    ("one", "wang", f"accountability verify '{RED}' --text 属实", {"status": "verified"}),
    (
        "two", "sun", f"accountability record '{RED}' --measure talk --text 已约谈",
        {"status": "measure_recorded", "measure": "talk"},
    ),
    (
        "clerk", "li", f"accountability exempt '{YELLOW}' --ground force_majeure --text 停电",
        {"status": "to_verify", "asked": "force_majeure"},
    ),
    (
        "two", "sun", f"accountability exempt '{YELLOW}' --decision approve --text 同意",
        {"status": "exempted", "decision": "approve"},
    ),
    (
        "one", "wang", "silences add --case A --reason 维护 --until 2026-03-11",
        {
            "case_no": "A", "owner": "wang", "reason": "维护", "ended_at": None,
            "ends_at": "2026-03-11T23:59:59+08:00",
        },
    ),
    (
        "one", "wang", "silences end {silence} --reason 不需要了",
        {"case_no": "A", "ended_by": "wang", "end_reason": "不需要了"},
    ),
    ("clerk", "zhang", f"appeals file '{RED}' --text 申诉", {"late": False}),
    ("clerk", "li", "people import {folder}/people.csv", {"imported": 6, "problems": []}),
)  # fmt: skip
RFC3339 = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00"
INSTANTS = {"reply_due_at", "decide_by", "starts_at", "ends_at", "ended_at"}
#: Fields that each object has besides; their values are the world's.
NUMBERS = {
    "cards": {"card_no", "reply_due_at"},
    "appeals": {"card_no", "appeal_no", "decide_by", "told"},
    "silences": {"silence_no", "starts_at", "holds"},
    "accountability": {"card_no"},
    "people": {"kept", "roles_gained", "roles_lost", "holders_gone"},
}


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Bureau:
    """Everybody and every kind of card."""
    made: Bureau = office.made(tmp_path_factory.mktemp("begin"))
    write_csv(made.world.folder / "people.csv", IMPORTS["as before"])
    return made


def test_every_object_says_what_was_done(bureau: Bureau, tmp_path: Path) -> None:
    for identity, claim, line, expected in COMMANDS:
        keys = bureau.keys[identity]
        ran = bureau.give(identity, claim, f"{line} -o json", keys[0] if keys else None)
        assert ran.code == 0, (line, ran)
        found = json.loads(ran.out)
        assert isinstance(found, dict), line
        assert {name: found.get(name) for name in expected} == expected, (line, found)
        assert NUMBERS[line.split()[0]] <= set(found), (line, found)
        instants = {name: found[name] for name in INSTANTS & set(found)}
        assert all(re.fullmatch(RFC3339, at) for at in instants.values() if at), (line, instants)
        assert ran.err.strip(), line  # people are told all the same
    bureau.world.close()
