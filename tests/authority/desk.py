"""Persons who act in a workspace, each through a context of their own."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import Connection

from efficiency_monitor.people.acting import Approval, approve
from efficiency_monitor.people.keys import enrol
from efficiency_monitor.people.model.authority import Act
from efficiency_monitor.people.model.signatures import PersonalKey
from efficiency_monitor.people.store import keys
from efficiency_monitor.workspace.context import Context

from ..stories.world import World, instant

PEOPLE = (
    {"person_id": "zhang", "name": "张经办", "department": "住建局", "role": "handler"},
    {"person_id": "li", "name": "李主任", "department": "住建局", "role": "head"},
    {"person_id": "qian", "name": "钱领导", "department": "", "role": "leader"},
    {"person_id": "wang", "name": "王监察", "department": "", "role": "supervisor"},
    {"person_id": "chen", "name": "陈监察", "department": "", "role": "supervisor"},
    {"person_id": "zhao", "name": "赵监察", "department": "", "role": "supervisor"},
    {"person_id": "sun", "name": "孙监察", "department": "交通局", "role": "supervisor"},
)


def key_of(name: str) -> PersonalKey:
    """A private key that is the same in every run; `wang`, `wang/2`, …"""
    seed = hashlib.sha256(name.encode()).digest()
    return PersonalKey(Ed25519PrivateKey.from_private_bytes(seed))


def key_file(folder: Path, name: str) -> Path:
    """The private key of that name in a file, as its holder keeps it."""
    path = folder / f"{name}.pem"
    path.touch(mode=0o600)
    private = key_of(name)._private
    path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


@dataclass
class Desk:
    """The workspace and who has opened it."""

    world: World

    def card(self) -> str:
        """Number of the red card; it is issued at the first call."""
        if not self.world.cards():
            self.world.now = instant("2026-03-16 09:00")
            case = {"item_kind": "promised", "department": "住建局", "handler": "张经办"}
            self.world.receive(
                "cases", [{"case_no": "A", "promised_limit": "3 working_days", **case}]
            )
            event = {"case_no": "A", "event": "accepted", "occurred_at": "2026-03-02 10:00"}
            self.world.receive("events", [event])
            self.world.scan()
        return self.world.card("A CASE red")

    def acting(self, person: str | None, key: str | None = None) -> Context:
        """The services as somebody uses them who says they are `person` and holds a key."""
        base = self.world.context
        return replace(
            base,
            actor=replace(base.actor, claimed=person),
            key=None if key is None else key_of(key),
        )

    @contextmanager
    def writing(self, person: str | None, key: str | None = None) -> Iterator[tuple[Any, ...]]:
        """A context and a transaction of its own."""
        context = self.acting(person, key)
        with context.store.writing() as connection:
            yield context, connection

    def enrolled(self, *persons: str) -> None:
        """The first keys: of two supervisors at most."""
        for person in persons:
            assert enrol(self.acting(person), person, key_of(person).public).bootstrap

    def enrol_into(self, connection: Connection, person: str, name: str) -> None:
        """A key for a person, past all that guards it."""
        public = key_of(name)
        keys.enrol(
            connection,
            keys.StoredKey(
                key_id=public.key_id,
                person_id=person,
                public_key=public.public,
                enrolled_at=self.world.now,
                revoked_at=None,
            ),
        )

    def approve(self, person: str, key: str | None = None, **more: Any) -> Approval:
        """An approval to lift the red card, unless `more` says otherwise."""
        given: Mapping[str, Any] = {
            "act": Act.LIFT,
            "subject": f"card:{self.card()}",
            "decision": "lift",
            "must_sign": False,
            **more,
        }
        with self.writing(person, key) as (context, connection):
            return approve(context, connection, **given)

    def sql(self, statement: str) -> None:
        """Change the database as its owner can, past the product."""
        self.world.change(statement)

    def close(self) -> None:
        """Give the connections back."""
        self.world.close()
