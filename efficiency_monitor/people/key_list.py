"""Every personal key: as `people key list` shows it, and what `doctor` has to say of them."""

from collections.abc import Iterator
from typing import Any

from ..i18n.messages import t
from ..notify.notices import people
from ..time.instants import rfc3339
from ..workspace.context import Context
from .model.authority import alone
from .model.people import Role
from .model.signatures import public_text
from .store import keys


def list_keys(context: Context) -> list[dict[str, Any]]:
    """Every key that was enrolled or asked for, oldest first; `state` as in `keys.KeyReport`."""
    with context.store.reading() as connection:
        stored = keys.every_key(connection)
        entries = keys.entries(connection)
    how = {row.key_id: row.text for row in entries if row.kind == "enrolled"}
    by = {row.key_id: row for row in entries if row.kind == "enrolled"}
    known = {key.key_id for key in stored}
    places = {row.key_id: place for place, row in enumerate(entries) if row.kind == "enrolled"}
    found = [
        {
            "key_id": key.key_id,
            "person_id": key.person_id,
            "state": "enrolled" if key.revoked_at is None else "revoked",
            "enrolled_at": rfc3339(key.enrolled_at, context.zone),
            "revoked_at": None if key.revoked_at is None else rfc3339(key.revoked_at, context.zone),
            "trusted_by": how.get(key.key_id) or "approvals",
            "enrolled_by": by[key.key_id].person if key.key_id in by else None,
            "os_user": by[key.key_id].os_user if key.key_id in by else None,
            "public_key": public_text(key.public_key),
        }
        for key in sorted(stored, key=lambda key: places.get(key.key_id, len(places)))
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
            "enrolled_by": None,
            "os_user": None,
            "public_key": None,
        }
        for row in asked.values()
        if row.key_id not in known
    ]


def alone_words(context: Context) -> str | None:
    """Where one person alone supervises: what they can do by themselves; None: several do."""
    with context.store.reading() as connection:
        everybody = people(connection)
        holders = keys.holders(connection)
    only = alone(everybody)
    if only is None:
        return None
    leaders = {row.person_id for row in everybody if row.role is Role.LEADER} - {only}
    beside = sorted(leaders & holders)
    who = t(", ").join(beside)
    rest = (
        t("red cards, keys and who supervises take a leader's key as the second ({who})", who=who)
        if beside
        else t("no leader holds a key, so that nothing is done that takes two")
    )
    return t(
        "{only} alone supervises: they lift warnings and yellow cards, close cards and let cards "
        "stand without anybody else; {rest}",
        only=only,
        rest=rest,
    )


#: Supervisors with keys who are enough even when one of them has lost theirs.
ENOUGH_HOLDERS = 3


def without_keys(context: Context) -> list[str]:
    """Ids of supervisors who hold no key, sorted."""
    with context.store.reading() as connection:
        everybody = people(connection)
        holders = keys.holders(connection)
    return sorted(
        {row.person_id for row in everybody if row.role is Role.SUPERVISOR} - set(holders)
    )


def key_findings(context: Context) -> Iterator[tuple[str, bool, str]]:
    """What the doctor says of keys: the check, whether all is well, a sentence."""
    with context.store.reading() as connection:
        everybody = people(connection)
        stored = keys.every_key(connection)
        entries = keys.entries(connection)
    holders = {key.person_id for key in stored if key.revoked_at is None}
    supervisors = {row.person_id for row in everybody if row.role is Role.SUPERVISOR}
    number = len(holders & supervisors)
    without = t(", ").join(sorted(supervisors - holders)) or t("none")
    yield (
        "keys",
        number >= ENOUGH_HOLDERS or not supervisors,
        t(
            "{number} supervisors hold keys, without: {without}; {enough_holders} are needed to "
            "replace a lost one",
            number=number,
            without=without,
            enough_holders=ENOUGH_HOLDERS,
        ),
    )
    gone = sorted(holders - {row.person_id for row in everybody})
    if gone:
        names = t(", ").join(gone)
        yield (
            "keys",
            False,
            t(
                "holders who are not among the people any more: {names}; revoke their keys",
                names=names,
            ),
        )
    words = alone_words(context)
    if words is not None:
        yield "keys", False, words
    first = [row for row in entries if row.kind == "enrolled" and row.text == "bootstrap"]
    if first:
        each = t("; ").join(_as_it_came(row, context.zone) for row in first)
        yield (
            "keys",
            True,
            t(
                "the first keys were taken as they come, nobody approved them: {each}; compare "
                "them in person",
                each=each,
            ),
        )
    for row in entries:
        if row.kind == "enrolled" and row.text == "recovery":
            at = rfc3339(row.at, context.zone)
            yield (
                "keys",
                False,
                t(
                    "the key {key_id} of {person_id} was enrolled without approvals at {at}, by "
                    "the owner of the database",
                    key_id=row.key_id,
                    person_id=row.person_id,
                    at=at,
                ),
            )


def _as_it_came(row: Any, zone: str) -> str:
    """One of the first keys: whose, which, when, and by which operating user."""
    at = rfc3339(row.at, zone)
    return t(
        "{key_id} of {person_id} (at {at}, by the operating user {os_user})",
        key_id=row.key_id,
        person_id=row.person_id,
        at=at,
        os_user=row.os_user,
    )
