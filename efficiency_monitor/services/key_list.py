"""Every personal key, as `people key list` shows it."""

from typing import Any

from ..core.instants import rfc3339
from ..core.signatures import public_text
from ..store import keys
from .context import Context


def list_keys(context: Context) -> list[dict[str, Any]]:
    """Every key that was enrolled or asked for, oldest first; `state` as in `keys.KeyReport`."""
    with context.store.reading() as connection:
        stored = keys.every_key(connection)
        entries = keys.entries(connection)
    how = {row.key_id: row.text for row in entries if row.kind == "enrolled"}
    known = {key.key_id for key in stored}
    found = [
        {
            "key_id": key.key_id,
            "person_id": key.person_id,
            "state": "enrolled" if key.revoked_at is None else "revoked",
            "enrolled_at": rfc3339(key.enrolled_at, context.zone),
            "revoked_at": None if key.revoked_at is None else rfc3339(key.revoked_at, context.zone),
            "trusted_by": how.get(key.key_id) or "approvals",
            "public_key": public_text(key.public_key),
        }
        for key in stored
    ]
    asked = {row.key_id: row for row in entries if row.kind == "asked"}
    return found + [
        {
            "key_id": row.key_id,
            "person_id": row.person_id,
            "state": "asked",
            "enrolled_at": None,
            "revoked_at": None,
            "trusted_by": None,
            "public_key": None,
        }
        for row in asked.values()
        if row.key_id not in known
    ]
