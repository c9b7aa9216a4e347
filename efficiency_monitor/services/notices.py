"""Notices: who is told of a card, the outbox, and what became of it."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, exists, insert, select

from ..core.instants import local_date
from ..core.people import Person, Role, recipients
from ..core.statements import digest
from ..core.terms import CardState, Level
from ..store import outbox
from ..store.matter_tables import NoticeRow
from ..store.tables import CardRow, PersonRow
from .context import Context, Writing, compact_json

CARD = CardRow.__table__  # type: ignore[attr-defined]
NOTICE = NoticeRow.__table__  # type: ignore[attr-defined]
PERSON = PersonRow.__table__  # type: ignore[attr-defined]
#: States of a card of which somebody has to know.
_TOLD = (CardState.OPEN, CardState.PENDING)


def people(connection: Connection) -> list[Person]:
    """Everybody who was imported."""
    rows = connection.execute(select(PERSON.c.value).order_by(PERSON.c.id))
    return [person_from(json.loads(row.value)) for row in rows]


def person_from(value: Mapping[str, Any]) -> Person:
    """A person from the JSON of its row."""
    days = {
        name: date.fromisoformat(value[name])
        for name in ("absent_from", "absent_to")
        if value.get(name)
    }
    return Person(**({**value, "role": Role(value["role"])} | days))


def roles_for(context: Context, level: Level) -> Sequence[Role]:
    """Roles that are told of a level."""
    return {
        Level.WARNING: context.settings.notices.warning,
        Level.YELLOW: context.settings.notices.yellow,
        Level.RED: context.settings.notices.red,
    }[level]


def told(context: Context, everybody: Sequence[Person], card: Mapping[str, Any]) -> list[Person]:
    """Who is told of a card: the roles of its level, else the supervisors."""
    on = date.fromisoformat(local_date(context.now(), context.zone))
    for roles in (roles_for(context, Level(card["level"])), (Role.SUPERVISOR,)):
        found = recipients(
            everybody,
            department=card["department"] or "",
            region=card["region"] or "",
            item_code=card["item_code"] or "",
            roles=roles,
            on=on,
            handler=card["handler"] or "",
        )
        if found:
            return list(found)
    return []


def write_for(
    context: Context, connection: Connection, rows: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Write notices for cards in the transaction that issues them; the cards nobody is told of."""
    wanted = [row for row in rows if row["state"] in _TOLD]
    if not wanted:
        return []
    everybody = people(connection)
    untold = []
    # Many cards of a night are of the same few people.
    known: dict[tuple[object, ...], list[Person]] = {}
    new: list[outbox.NewNotice] = []
    for row in wanted:
        asked = tuple(
            row[name] for name in ("level", "department", "region", "item_code", "handler")
        )
        if asked not in known:
            known[asked] = told(context, everybody, row)
        found = known[asked]
        if not found:
            untold.append(str(row["card_no"]))
        new += notices_to(
            found, subject=f"card:{row['card_no']}", kind="issued", card_no=row["card_no"]
        )
    outbox.add(connection, new, context.now())
    return untold


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
        key = digest("notice", subject, kind, person.person_id, person.channel)
        made[person.person_id, person.channel] = outbox.NewNotice(
            notice_id=f"N-{key[:20].upper()}",
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


def tell_everyone(context: Context, writing: Writing) -> list[tuple[str, str]]:
    """Write notices for standing cards of which nobody was told yet; what is left, with the reason.

    A card may have found nobody when it was issued, because people were imported later, or have
    been revived. No card is without a person told or a reported reason.
    """
    waiting = (
        select(CARD)
        .where(
            CARD.c.state.in_([str(state) for state in _TOLD]),
            ~exists().where(NOTICE.c.card_no == CARD.c.card_no),
        )
        .order_by(CARD.c.card_no)
    )
    with context.store.reading() as connection:
        if connection.execute(waiting.limit(1)).first() is None:
            return []
    with writing() as connection:
        rows = [dict(row._mapping) for row in connection.execute(waiting)]
        untold = write_for(context, connection, rows)
    return [(card_no, "no_recipient") for card_no in untold]


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
