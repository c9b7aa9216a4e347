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

from ...engine.tally_rows import Subject, TallyInput
from ...followup.appeals.model import plain_name
from ...notify.notices import people
from ...people.store import text_salts
from ...workspace.context import Context

#: Under which name the key of pseudonyms stands among the salts, which no auditor is shown.
_KEY: Final = "pseudonyms of tallies"
#: Characters of a name that stand in a card's subject; how many of a longer one.
_LONGEST: Final = 200
_SHOWN: Final = 40
#: In which columns of a card the names of subjects stand.
_COLUMNS: Final = {"organ": "department", "region": "region", "item": "item_code"}


class Subjects:
    """Subjects by what cards call them, and back.

    `spare` is the key of pseudonyms where nothing was written by which the workspace has its own.
    """

    def __init__(self, connection: Connection, by: str, spare: bytes = b"") -> None:
        self._by = by
        #: Ids that a name or id stands for, each with the departments of its rows.
        self._persons: dict[str, dict[str, set[str]]] = {}
        #: Names of persons by what cards call them.
        self._names: dict[str, str] = {}
        self._key = b""
        if by in ("handler", "actor", "supervisor"):
            self._key = text_salts.find(connection, _KEY) or spare
            for person in people(connection):
                self._names.setdefault(person.person_id, person.name)
                for said in (person.name, person.person_id):
                    ids = self._persons.setdefault(plain_name(said), {})
                    organ = "" if said == person.person_id else plain_name(person.department)
                    ids.setdefault(person.person_id, set()).add(organ)
        #: What earlier cards call a person: a people file that came later gives no second card.
        self._known: dict[str, str] = {}

    def named(self, world: TallyInput) -> TallyInput:
        """The same rows, with what cards call a person in the place of the names that they say."""
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
                            replace(
                                event,
                                actor=self._name(
                                    event.actor, event.department or case.fields.get("department")
                                ),
                            )
                            for event in case.events
                        ),
                    )
                    for case in world.cases
                ),
            )
        return world

    def _one(self, fields: Mapping[str, str]) -> Mapping[str, str]:
        name = self._name(fields.get("handler"), fields.get("department"))
        return fields if name is None else {**fields, "handler": name}

    def _name(self, said: str | None, department: str | None) -> str | None:
        """What cards call who is named so in a department: an id, else a pseudonym.

        Somebody else may bear the same name in another department: that is another person.
        """
        if said is None or not plain_name(said):
            return None
        plain, organ = plain_name(said), plain_name(department or "")
        meant = [
            person_id
            for person_id, organs in self._persons.get(plain, {}).items()
            if not organ or not organs.isdisjoint({"", organ})
        ]
        if len(meant) == 1:
            return meant[0]
        whole = f"{plain}\x1f{organ}"
        sealed = hmac.digest(self._key, whole.encode(), hashlib.sha256)
        name = f"~{b32encode(sealed)[:16].decode()}"
        # In whatever order the rows come, one of the ways in which they write it.
        self._names[name] = min(said, self._names.get(name, said))
        return name

    def read(self, text: str, row: Mapping[str, Any]) -> Subject:
        """The subject that a card is about; `row` is the card's."""
        kind, _, name = text.partition(":")
        column = _COLUMNS.get(kind)
        if column is not None and row[column] and _text(kind, row[column]) == text:
            name = row[column]
        if kind == "person" and self._by != "supervisor" and name not in self._names:
            # A pseudonym, or an id that the people file has no more.
            name = self._name(row["handler"], row["department"]) or name
            self._known[name] = text
        return Subject(kind, name)

    def text(self, subject: Subject) -> str:
        """What cards call a subject."""
        return self._known.get(subject.name) or _text(subject.kind, subject.name)

    def person(self, subject: Subject) -> str | None:
        """The name of the person that a subject is; None where it is none."""
        if subject.kind != "person":
            return None
        return self._names.get(subject.name, subject.name)


def _text(kind: str, name: str) -> str:
    """A subject as cards call it: of a name that no index would hold, its beginning and a digest.

    The whole name stands in the card's own column.
    """
    if len(name) > _LONGEST:
        sealed = hashlib.sha256(name.encode()).digest()
        name = f"{name[:_SHOWN]}…{b32encode(sealed)[:16].decode()}"
    return Subject(kind, name).text


def have_key(context: Context, connection: Connection) -> None:
    """Make the key of pseudonyms where there is none yet, in a transaction that writes."""
    if text_salts.find(connection, _KEY) is None:
        text_salts.keep(connection, _KEY, context.salt())
