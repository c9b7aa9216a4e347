"""Persons' public keys and what happened to them."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.engine import Row

from ...records.matter_tables import PersonKeyEntry, PersonKeyRow
from ..model.actor import Actor

KEY = PersonKeyRow.__table__  # type: ignore[attr-defined]
ENTRY = PersonKeyEntry.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """A key as it stands."""

    key_id: str
    person_id: str
    #: 32 bytes.
    public_key: bytes
    enrolled_at: int
    #: None while it is in use.
    revoked_at: int | None


def every_key(connection: Connection) -> list[StoredKey]:
    """All keys that were ever enrolled, oldest first."""
    rows = connection.execute(select(KEY).order_by(KEY.c.enrolled_at, KEY.c.key_id))
    return [_stored(row) for row in rows]


def number(connection: Connection) -> int:
    """How many keys were ever enrolled, those included that are revoked."""
    return int(connection.execute(select(func.count()).select_from(KEY)).scalar_one())


def in_use(connection: Connection, person_id: str) -> StoredKey | None:
    """The person's key: at most one is in use."""
    row = connection.execute(
        select(KEY)
        .where(KEY.c.person_id == person_id, KEY.c.revoked_at.is_(None))
        .order_by(KEY.c.enrolled_at.desc())
    ).first()
    return None if row is None else _stored(row)


def had_one(connection: Connection, person_id: str) -> bool:
    """Whether a key was ever enrolled for the person."""
    found = connection.execute(select(KEY.c.key_id).where(KEY.c.person_id == person_id).limit(1))
    return found.first() is not None


def holders(connection: Connection) -> frozenset[str]:
    """Persons with a key in use."""
    rows = connection.execute(select(KEY.c.person_id).where(KEY.c.revoked_at.is_(None)))
    return frozenset(row.person_id for row in rows)


def find(connection: Connection, key_id: str) -> StoredKey | None:
    """A key by its id, also one that was revoked."""
    row = connection.execute(select(KEY).where(KEY.c.key_id == key_id)).first()
    return None if row is None else _stored(row)


def enrol(connection: Connection, key: StoredKey) -> None:
    """Take a key into use."""
    connection.execute(
        insert(KEY).values({name: getattr(key, name) for name in StoredKey.__slots__})
    )


def revoke(connection: Connection, key_id: str, at: int) -> None:
    """Take a key out of use; it stays on record."""
    connection.execute(update(KEY).where(KEY.c.key_id == key_id).values(revoked_at=at))


def note(
    connection: Connection,
    *,
    key_id: str,
    person_id: str,
    kind: str,
    at: int,
    actor: Actor,
    text: str | None = None,
) -> None:
    """Write down what happened to a key: asked, enrolled, revoked."""
    connection.execute(
        insert(ENTRY).values(
            key_id=key_id,
            person_id=person_id,
            kind=kind,
            at=at,
            person=actor.claimed,
            os_user=actor.os_user,
            host=actor.host,
            tty=actor.tty,
            text=text,
        )
    )


def entries(connection: Connection, key_id: str | None = None) -> list[Row]:  # type: ignore[type-arg]
    """What happened to a key, or to all of them, oldest first."""
    statement = select(ENTRY).order_by(ENTRY.c.id)
    if key_id is not None:
        statement = statement.where(ENTRY.c.key_id == key_id)
    return list(connection.execute(statement))


def _stored(row: Row | Mapping[str, object]) -> StoredKey:  # type: ignore[type-arg]
    return StoredKey(**{name: getattr(row, name) for name in StoredKey.__slots__})
