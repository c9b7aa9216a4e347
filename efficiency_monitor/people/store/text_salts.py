"""Salts of the commitments to texts that the ledger holds; whoever erases one hides the text."""

from sqlalchemy import Connection, bindparam, insert, select

from ...records.personal_tables import TextSaltRow

SALT = TextSaltRow.__table__  # type: ignore[attr-defined]
#: Made once: a verification asks it for every text.
_FIND = select(SALT.c.salt).where(SALT.c.commitment == bindparam("made"))


def keep(connection: Connection, commitment: str, salt: bytes) -> None:
    """Write the salt of a commitment, in the transaction that appends the entry with it."""
    connection.execute(insert(SALT).values(commitment=commitment, salt=salt))


def find(connection: Connection, commitment: str) -> bytes | None:
    """The salt of a commitment; None where it is not there any more."""
    found = connection.execute(_FIND, {"made": commitment}).scalar()
    return None if found is None else bytes(found)
