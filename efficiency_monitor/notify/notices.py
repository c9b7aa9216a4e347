"""Notices: the people who may be told, and what is written for each of them."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import Any

from sqlalchemy import Connection, func, insert, select

from ..intake.model.statements import digest
from ..people.model.people import Person, Role
from ..records.tables import PersonRow
from ..workspace.context import compact_json
from .store import outbox

PERSON = PersonRow.__table__  # type: ignore[attr-defined]


def people(connection: Connection) -> list[Person]:
    """Everybody who was imported. A row that was changed so that it is unreadable counts for
    nothing: it stops no card of anybody's, and gives nobody a right."""
    found = []
    for text in connection.execute(select(PERSON.c.value).order_by(PERSON.c.id)).scalars():
        with suppress(ValueError, TypeError, KeyError):
            found.append(person_from(dict(json.loads(text))))
    return found


def unreadable(connection: Connection) -> int:
    """How many rows of people are unreadable: effmon never wrote them so."""
    rows = connection.execute(select(func.count()).select_from(PERSON)).scalar_one()
    return int(rows) - len(people(connection))


def person_from(value: Mapping[str, Any]) -> Person:
    """A person from the JSON of its row; ValueError, TypeError, KeyError where it is none."""
    days = {
        name: date.fromisoformat(value[name])
        for name in ("absent_from", "absent_to")
        if value.get(name)
    }
    return Person(**({**value, "role": Role(value["role"])} | days))


def notice_id(subject: str, kind: str, person_id: str, channel: str) -> str:
    """Number of a notice: the same subject, kind, person and channel give the same one."""
    return f"N-{digest('notice', subject, kind, person_id, channel)[:20].upper()}"


def nth(kind: str, number: int) -> str:
    """Kind of what is told for the nth time of one matter: each time is another message."""
    return kind if number <= 1 else f"{kind}:{number}"


def notices_to(
    persons: Sequence[Person],
    *,
    subject: str,
    kind: str,
    card_no: str | None,
    about: Mapping[str, object] | None = None,
) -> list[outbox.NewNotice]:
    """One notice for each person and channel; the same subject and kind give the same ids.

    `subject` is `card:…`, `order:…`, `appeal:…`, `alarm:…` or `key:…`; `about` is what the text is
    made of: numbers and instants, never a person's name.
    """
    made: dict[tuple[str, str], outbox.NewNotice] = {}
    for person in persons:
        made[person.person_id, person.channel] = outbox.NewNotice(
            notice_id=notice_id(subject, kind, person.person_id, person.channel),
            subject=subject,
            card_no=card_no,
            kind=kind,
            person_id=person.person_id,
            role=str(person.role),
            channel=person.channel,
            address=person.address,
            language=str(person.language),
            about=compact_json(about or {}),
        )
    return list(made.values())


def replace_people(connection: Connection, everybody: Sequence[Person]) -> None:
    """Replace who is known by this list."""
    connection.execute(PERSON.delete())
    rows = []
    for person in everybody:
        value = {name: getattr(person, name) for name in Person.__slots__}
        text = json.dumps(
            {
                name: entry.isoformat() if isinstance(entry, date) else entry
                for name, entry in value.items()
                if entry is not None
            },
            ensure_ascii=False,
        )
        rows.append({"person_id": person.person_id, "value": text})
    if rows:
        connection.execute(insert(PERSON), rows)
