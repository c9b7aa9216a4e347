"""Salts of the commitments to texts that the ledger holds; whoever erases one hides the text."""

from sqlalchemy import Connection, insert, select

from .personal_tables import TextSaltRow

SALT = TextSaltRow.__table__  # type: ignore[attr-defined]


def keep(connection: Connection, commitment: str, salt: bytes) -> None:
    """Write the salt of a commitment, in the transaction that appends the entry with it."""
    connection.execute(insert(SALT).values(commitment=commitment, salt=salt))


def find(connection: Connection, commitment: str) -> bytes | None:
    """The salt of a commitment; None where it is not there any more."""
    found = connection.execute(select(SALT.c.salt).where(SALT.c.commitment == commitment)).scalar()
    return None if found is None else bytes(found)
