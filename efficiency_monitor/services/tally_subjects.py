"""What a subject is called on cards: organs, items, regions and orders by name, persons never.

A person is known by the id of the people file, else by a pseudonym that only the workspace's own
key makes: the ledger holds no names.
"""

import hashlib
import hmac
from base64 import b32encode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection

from ..core.appeals import plain_name
from ..core.tally_rows import Subject, World
from ..store import text_salts
from .context import Context
from .notices import people

#: Under which name the key of pseudonyms stands among the salts, which no auditor is shown.
_KEY: Final = "pseudonyms of tallies"


class Subjects:
    """Subjects by what cards call them, and back.

    `spare` is the key of pseudonyms where nothing was written by which the workspace has its own.
    """

    def __init__(self, connection: Connection, by: str, spare: bytes = b"") -> None:
        self._by = by
        self._persons: dict[str, set[str]] = {}
        self._names: dict[str, str] = {}
        self._key = b""
        if by in ("handler", "actor", "supervisor"):
            self._key = text_salts.find(connection, _KEY) or spare
            for person in people(connection):
                self._names.setdefault(person.person_id, person.name)
                for said in (person.name, person.person_id):
                    self._persons.setdefault(plain_name(said), set()).add(person.person_id)
        #: What earlier cards call a person: a people file that came later gives no second card.
        self._known: dict[str, str] = {}

    def named(self, world: World) -> World:
        """The same rows, with one name for each person whom they name in several ways."""
        if self._by == "handler":
            return replace(
                world,
                cards=tuple(replace(card, fields=self._one(card.fields)) for card in world.cards),
                cases=tuple(replace(case, fields=self._one(case.fields)) for case in world.cases),
            )
        if self._by == "actor":
            return replace(
                world,
                cases=tuple(
                    replace(
                        case,
                        events=tuple(
                            replace(event, actor=self._name(event.actor)) for event in case.events
                        ),
                    )
                    for case in world.cases
                ),
            )
        return world

    def _one(self, fields: Mapping[str, str]) -> Mapping[str, str]:
        name = self._name(fields.get("handler"))
        return fields if name is None else {**fields, "handler": name}

    def _name(self, said: str | None) -> str | None:
        if said is None:
            return None
        ids = self._persons.get(plain_name(said), set())
        return self._names[min(ids)] if len(ids) == 1 else plain_name(said)

    def read(self, text: str, row: Mapping[str, Any]) -> Subject:
        """The subject that a card is about; `row` is the card's."""
        kind, _, name = text.partition(":")
        if kind == "person" and self._by != "supervisor":
            name = self._name(row["handler"]) or name
            self._known[name] = text
        return Subject(kind, name)

    def text(self, subject: Subject) -> str:
        """What cards call a subject."""
        if subject.kind != "person":
            return subject.text
        if subject.name in self._known:
            return self._known[subject.name]
        if self._by == "supervisor":
            return subject.text
        ids = self._persons.get(plain_name(subject.name), set())
        if len(ids) == 1:
            return f"person:{min(ids)}"
        sealed = hmac.digest(self._key, subject.name.encode(), hashlib.sha256)
        return f"person:~{b32encode(sealed)[:16].decode()}"

    def person(self, subject: Subject) -> str | None:
        """The name of the person that a subject is; None where it is none."""
        if subject.kind != "person":
            return None
        return self._names.get(subject.name, subject.name)


def have_key(context: Context, connection: Connection) -> None:
    """Make the key of pseudonyms where there is none yet, in a transaction that writes."""
    if text_salts.find(connection, _KEY) is None:
        text_salts.keep(connection, _KEY, context.salt())
