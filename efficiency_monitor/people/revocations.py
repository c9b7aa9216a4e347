"""Who may end another's key alone: each holder one, until a key is enrolled again.

One signature has to be enough against a key that was stolen, and must not be enough for the thief
to end all others (ADR 13).
"""

from sqlalchemy import Connection

from .model.authority import Act
from .store import approvals as store
from .store import keys


def revokers(connection: Connection, person_id: str, round: int, ground: str) -> frozenset[str]:  # noqa: A002  the column's word
    """Who has signed that this key of a person be revoked, also by keys that are not in use now."""
    given = store.given(
        connection, subject=f"key:{person_id}", act=str(Act.REVOKE_KEY), round=round
    )
    return frozenset(
        row.person_id for row in given if row.ground == ground and row.signature is not None
    )


def ended_alone(connection: Connection, signer: str) -> str | None:
    """The key of somebody else that `signer` alone has revoked since the newest enrolment.

    An enrolment takes two holders: they have looked at what was done before.
    """
    entries = keys.entries(connection)
    newest = max((row.id for row in entries if row.kind == "enrolled"), default=0)
    order: dict[str, list[str]] = {}
    for row in entries:
        named = order.setdefault(row.person_id, [])
        if row.key_id not in named:
            named.append(row.key_id)
    for row in entries:
        if row.kind != "revoked" or row.id < newest or row.person_id == signer:
            continue
        key = keys.find(connection, row.key_id)
        place = order[row.person_id].index(row.key_id)
        if key is not None:
            said = revokers(connection, row.person_id, place, key.public_key.hex())
            if said == {signer}:
                return str(row.key_id)
    return None
