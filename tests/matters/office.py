"""An office: a department, a leader, three supervisors and their keys, on a clock that is set."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from efficiency_monitor.cards import answers
from efficiency_monitor.people import keys
from efficiency_monitor.people.model.signatures import PersonalKey
from efficiency_monitor.people.people import import_people
from efficiency_monitor.workspace.context import Context
from tests.stories.world import World, instant, write_csv

PEOPLE = (
    {"person_id": "zhang", "name": "张经办", "department": "住建局", "role": "handler"},
    {"person_id": "li", "name": "李主任", "department": "住建局", "role": "head"},
    {"person_id": "chen", "name": "陈分管", "department": "", "role": "leader"},
    {"person_id": "wang", "name": "王监察", "department": "", "role": "supervisor"},
    {"person_id": "sun", "name": "孙监察", "department": "", "role": "supervisor"},
    {"person_id": "zhao", "name": "赵监察", "department": "", "role": "supervisor"},
)
#: The keys of the first two are trusted, those of the others approved by them.
HOLDERS = ("wang", "sun", "zhao", "chen")


def key_of(person_id: str) -> PersonalKey:
    """The person's key: always the same one."""
    seed = hashlib.sha256(f"key of {person_id}".encode()).digest()
    return PersonalKey(Ed25519PrivateKey.from_private_bytes(seed))


class Office:
    """A workspace in which cards stand and people act on them."""

    def __init__(self, folder: Path, people: Sequence[Any] = PEOPLE, *, keyed: bool = True) -> None:
        self.world = World.made(folder, "2026-03-01 12:00")
        self.world.people(people)
        if not keyed:
            return
        for person in HOLDERS[:2]:
            keys.enrol(self.world.acting(person), person, key_of(person).public)
        for person in HOLDERS[2:]:
            for by in HOLDERS[:2]:
                keys.enrol(self.acting(by), person, key_of(person).public)

    def acting(self, person: str, *, key: str | None = None) -> Context:
        """The services as a person uses them, with the own key if they have one."""
        holder = person if key is None else key
        found = key_of(holder) if holder in HOLDERS else None
        return replace(self.world.acting(person), key=found)

    def people(self, rows: Sequence[Any]) -> None:
        """Import who is known, signed by Wang and Sun for what is about supervisors."""
        path = self.world.folder / "people.csv"
        write_csv(path, [{"channel": "file", "address": row["person_id"], **row} for row in rows])
        for person in HOLDERS[:2]:
            report = import_people(self.acting(person), path)
        assert report.supervision.done

    def confirm(self, card_no: str, person: str) -> None:
        """Confirm a card that waits, with the own key if they have one."""
        answers.answer(self.acting(person), card_no, "confirmed", None)

    def at(self, text: str) -> None:
        """Set the clock."""
        self.world.now = instant(text)

    def late_case(self, number: str = "A", **more: str) -> None:
        """A case that was accepted on Monday 2 March: yellow on the 6th, red on the 7th."""
        case = {
            "case_no": number,
            "item_kind": "promised",
            "department": "住建局",
            "handler": "张经办",
            "promised_limit": "3 working_days",
            "statutory_limit": "4 working_days",
            **more,
        }
        self.world.receive("cases", [case])
        event = {"case_no": number, "event": "accepted", "occurred_at": "2026-03-02 10:00"}
        self.world.receive("events", [event])

    def red(self, number: str = "A") -> str:
        """Number of the red card of a late case, delivered on 7 March; a yellow one is under it."""
        self.late_case(number)
        self.at("2026-03-06 09:00")
        self.world.scan()
        self.world.deliver()
        self.at("2026-03-07 09:00")
        self.world.scan()
        self.world.deliver()
        return self.world.card(f"{number} CASE red")

    def yellow(self, number: str = "A") -> str:
        """Number of the yellow card of a late case, delivered on 6 March."""
        self.late_case(number)
        self.at("2026-03-06 09:00")
        self.world.scan()
        self.world.deliver()
        return self.world.card(f"{number} CASE yellow")

    def notices(self, kind: str, subject: str = "%") -> list[str]:
        """`PERSON state` of the notices of a kind (without its round), sorted."""
        return sorted(
            f"{row['person_id']} {row['state']}"
            for row in self.world.rows(
                "SELECT * FROM notice WHERE (kind = ? OR kind LIKE ?) AND subject LIKE ?",
                kind,
                f"{kind}:%",
                subject,
            )
        )

    def recorded(self, kind: str) -> list[dict[str, Any]]:
        """Ledger entries of a type."""
        return [dict(entry) for entry in self.world.entries() if entry["type"] == kind]
