"""Who was told of a matter."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from ..people.model.people import Language, Person, Role
from ..records.matter_tables import NoticeRow
from .notices import people

NOTICE = NoticeRow.__table__  # type: ignore[attr-defined]


def notified(connection: Connection, subject: str) -> list[Person]:
    """Everybody who was sent anything about a subject, as they are reached now.

    Somebody who is not known any more is reached as then. What was tried counts too, given up or
    taken back: whether the message or only its answer was lost cannot be known.
    """
    everybody = people(connection)
    found: dict[tuple[str, str], Person] = {}
    for row in _notices(connection, subject):
        if row.message_id is not None or row.attempts > 0:
            person = as_reached_now(everybody, row)
            found[person.person_id, person.channel] = person
    return [found[key] for key in sorted(found)]


def as_reached_now(everybody: Sequence[Person], row: Any) -> Person:
    """How the person of a notice is reached now; as then, if they are not known any more."""
    now = [person for person in everybody if person.person_id == row.person_id]
    same = [person for person in now if person.channel == row.channel]
    return next(iter(same or now), None) or _as_then(row)


def _notices(connection: Connection, subject: str) -> list[Any]:
    return list(
        connection.execute(
            select(NOTICE).where(NOTICE.c.subject == subject).order_by(NOTICE.c.notice_id)
        )
    )


def _as_then(row: Any) -> Person:
    return Person(
        person_id=row.person_id,
        name=row.person_id,
        role=Role(row.role) if row.role else Role.HANDLER,
        channel=row.channel,
        address=row.address,
        language=Language(row.language),
    )
