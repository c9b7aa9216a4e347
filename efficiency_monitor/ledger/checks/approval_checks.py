"""Whether every key, approval, lift and card is what the ledger says, and every signature holds.

The ledger is what is trusted (its trees are checked apart). A row that was forged, altered or
deleted past the product is found by the entry that it does not fit; an entry that was forged as
well, by the signature that it cannot have. In the ledger's order, never by clocks.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.engine import Row

from ...i18n.messages import t
from ...people.first_signatures import said_by_row
from ...people.keys import ENOUGH
from ...people.model import signatures
from ...people.model.authority import Act
from ...people.signing import entry_of
from ...people.store import approvals as store_approvals
from ...people.store import keys, text_salts
from ...time.instants import parse_instant
from ..model import entries as core_ledger
from ..model.entries import EntryType
from ..store import ledger
from . import (
    card_checks,
    change_checks,
    consent_checks,
    evidence_checks,
    handover_checks,
    lift_checks,
    set_aside_checks,
)

_KINDS = (
    EntryType.APPROVAL_GIVEN,
    EntryType.KEY_ENROLLED,
    EntryType.KEY_REVOKED,
    *lift_checks.KINDS,
    *card_checks.KINDS,
    *change_checks.KINDS,
    *consent_checks.KINDS,
    *evidence_checks.KINDS,
    *handover_checks.KINDS,
    *set_aside_checks.KINDS,
)
_MARKS = tuple(f'"type":"{kind}"'.encode() for kind in _KINDS)
#: What tells an approval from any other.
_FACT = ("subject", "act", "round", "person")
Entry = Mapping[str, Any]


@dataclass(slots=True)
class _Known:
    """What the ledger has said so far, entry by entry."""

    #: Salt of a commitment to a text, None where there is none.
    salt_of: Callable[[str], bytes | None]
    #: Whether texts, names and salts are not shown to this role: they are not held against it.
    masked: bool = False
    #: Every key that was enrolled: its holder, its public half.
    enrolled: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)
    #: Who approved which public key, by signatures that hold: (holder, public key in hex).
    approved: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    #: Who signed that a key be revoked, by signatures that hold: (holder, public key in hex).
    revoking: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    #: Who alone has revoked a key of another since a key was enrolled last.
    alone: set[str] = field(default_factory=set)
    lifts: lift_checks.Lifts = field(default_factory=lift_checks.Lifts)
    cards: card_checks.Cards = field(default_factory=card_checks.Cards)
    changes: change_checks.Changes = field(default_factory=change_checks.Changes)
    consents: consent_checks.Consents = field(default_factory=consent_checks.Consents)
    evidence: evidence_checks.Decisions = field(default_factory=evidence_checks.Decisions)
    handovers: handover_checks.HandOvers = field(default_factory=handover_checks.HandOvers)
    aside: set_aside_checks.RowsSetAside = field(default_factory=set_aside_checks.RowsSetAside)
    #: SHA-256 of the first entry.
    workspace: str | None = None
    #: SHA-256 roots of the ledger at sizes on which something was signed.
    roots: dict[int, str] = field(default_factory=dict)


def not_checked(*, masked: bool) -> list[str]:
    """What `check` leaves out for a role that is not shown personal columns."""
    if not masked:
        return []
    return [
        t(
            "not checked: whom cards name and what approvals say, which the database does not "
            "show this role"
        )
    ]


def check(connection: Connection, *, masked: bool = False) -> list[str]:
    """What is wrong with keys, approvals and lifts, one line each; empty if nothing is.

    `masked`: whoever reads is not shown personal columns; `not_checked` says what is left out.
    """
    rows = store_approvals.every_approval(connection)
    stored = {_fact(row): row for row in rows}
    found = [
        _said(_fact(row), t("there are two of it")) for row in rows if stored[_fact(row)] is not row
    ]
    known = _Known(lambda made: text_salts.find(connection, made), masked)
    seen: set[tuple[Any, ...]] = set()
    for entry in _entries(connection, rows, known):
        try:
            if entry["type"] in card_checks.KINDS:
                known.cards.take(entry)
            if entry["type"] == EntryType.APPROVAL_GIVEN:
                fact = tuple(entry[name] for name in _FACT)
                seen.add(fact)
                found += [_said(fact, fault) for fault in _given(entry, stored.get(fact), known)]
            elif entry["type"] in lift_checks.KINDS:
                found += known.lifts.take(entry)
            elif entry["type"] in change_checks.KINDS:
                found += known.changes.take(entry)
            elif entry["type"] in evidence_checks.KINDS:
                found += known.evidence.take(entry, known.lifts.red)
            elif entry["type"] in handover_checks.KINDS:
                found += known.handovers.take(entry, keys_in_use=bool(known.enrolled))
            elif entry["type"] in set_aside_checks.KINDS:
                known.aside.take(entry)
            elif entry["type"] in consent_checks.KINDS:
                found += known.consents.take(
                    entry, known.lifts.red, keys_in_use=bool(known.enrolled)
                )
            elif entry["type"] not in card_checks.KINDS:
                found += _key_entry(entry, known)
        except (ValueError, KeyError, TypeError, AttributeError):
            number = entry.get("seq")
            found.append(t("entry {number} of the ledger cannot be read", number=number))
    found += [
        _said(fact, t("the ledger does not know it", ctx="approval checks"))
        for fact in stored
        if fact not in seen
    ]
    found += _key_rows(keys.every_key(connection), known)
    found += known.lifts.rows(connection)
    found += known.changes.rows(connection)
    found += known.consents.rest(known.lifts.lifted)
    found += known.evidence.rows(connection)
    found += known.handovers.rows(connection)
    found += known.aside.rows(connection)
    return found + list(known.cards.rows(connection, masked=masked))


def _entries(
    connection: Connection,
    rows: Sequence[Row],  # type: ignore[type-arg]
    known: _Known,
) -> Iterator[Entry]:
    """The entries about keys and approvals; on the way the roots on which approvals were signed.

    By their bodies, which the trees vouch for, and not by the table's column of types.
    """
    sizes = set()
    for row in rows:
        with suppress(ValueError, KeyError, TypeError):
            sizes.add(json.loads(bytes(row.statement))["ledger"]["size"])
    head, last = core_ledger.EMPTY, max((size for size in sizes if type(size) is int), default=-1)
    for number, body in enumerate(ledger.bodies(connection)):
        if number == 0:
            known.workspace = hashlib.sha256(body).hexdigest()
        if number <= last:
            if number in sizes:
                known.roots[number] = core_ledger.root(head).sha256.hex()
            head, _ = core_ledger.append(head, body)
        if any(mark in body for mark in _MARKS):
            with suppress(ValueError):
                entry = json.loads(body)
                if isinstance(entry, dict) and entry.get("type") in _KINDS:
                    yield entry


def _given(entry: Entry, row: Row | None, known: _Known) -> Iterator[str]:  # type: ignore[type-arg]
    """What is wrong with one approval; a sound one of a key counts for its enrolment."""
    if row is None:
        yield t("the database has lost it", ctx="approval checks")
        return
    faults = list(_approval(entry, row, known))
    yield from faults
    if not faults:
        known.lifts.approval(entry)
        known.changes.approval(entry)
        known.consents.approval(entry)
        known.evidence.approval(entry)
        known.handovers.approval(entry)
    if not faults and entry["act"] == Act.ENROL_KEY and entry["signature"]:
        key = (entry["subject"].partition(":")[2], entry["ground"])
        known.approved.setdefault(key, set()).add(entry["person"])
    if not faults and entry["act"] == Act.REVOKE_KEY and entry["signature"]:
        key = (entry["subject"].partition(":")[2], entry["ground"])
        known.revoking.setdefault(key, set()).add(entry["person"])


def _fact(row: Row) -> tuple[Any, ...]:  # type: ignore[type-arg]
    return (row.subject, row.act, row.round, row.person_id)


def _said(fact: Sequence[Any], fault: str) -> str:
    subject, act, turn, person = fact
    return t(
        "approval {subject} {act} round {turn} by {person}: {fault}",
        subject=subject,
        act=act,
        turn=turn,
        person=person,
        fault=fault,
    )


def _approval(
    entry: Entry,
    row: Row,  # type: ignore[type-arg]
    known: _Known,
) -> Iterator[str]:
    """What does not fit between the row, its statement, the entry and the signature."""
    statement = bytes(row.statement)
    signature = None if row.signature is None else bytes(row.signature)
    try:
        said = json.loads(statement)
        wanted = entry_of(statement, signature)
        if core_ledger.canonical_json(said) != statement:
            raise ValueError("not canonical")
        own = said_by_row(row, said["text"], known.salt_of, masked=known.masked)
        tree = said["ledger"]
        at = parse_instant(said["at"], "UTC")[0]
    except (ValueError, KeyError, TypeError):
        yield t("what was signed cannot be read")
        return
    if any(entry.get(name) != value for name, value in wanted.items()):
        yield t("it is not what the ledger says")
    actor = {"os_user": row.os_user, "host": row.host, "tty": row.tty}
    if any(entry["actor"].get(name) != value for name, value in actor.items()):
        yield t("the ledger says that somebody else did it")
    if at != row.at or any(said.get(name) != value for name, value in own.items()):
        yield t("the row is not what was signed")
    if said["domain"] != signatures.APPROVAL or said["workspace"] != known.workspace:
        yield t("it is of another workspace")
    if tree["size"] >= entry["seq"] or known.roots.get(tree["size"]) != tree["sha256_root"]:
        yield t("the ledger that it was signed on is not this one")
    yield from _signature(said, statement, signature, known)


def _signature(
    said: Entry, statement: bytes, signature: bytes | None, known: _Known
) -> Iterator[str]:
    key_id, person = said["key"], said["person"]
    if key_id is None or signature is None:
        had = any(holder == person for holder, _ in known.enrolled.values())
        if key_id is not None or signature is not None or had:
            yield t("its signature is missing")
        return
    holder, public = known.enrolled.get(key_id, (None, b""))
    if holder != person or key_id in known.revoked:
        yield t("the key {key_id} was not {person}'s at that time", key_id=key_id, person=person)
    elif not signatures.verify(public, statement, signature):
        yield t("its signature does not hold")


def _key_entry(entry: Entry, known: _Known) -> Iterator[str]:
    """A key's enrolment must rest on two signatures, unless it is said not to."""
    key_id, person = entry["key"], entry["person"]
    if entry["type"] == EntryType.KEY_REVOKED:
        known.revoked.add(key_id)
        yield from _revoked(entry, known)
        return
    known.alone.clear()
    public = bytes.fromhex(entry["public_key"])
    if signatures.key_id(public) != key_id or key_id in known.enrolled:
        yield t("key {key_id}: its enrolment is false", key_id=key_id)
    by = known.approved.get((person, entry["public_key"]), set()) - {person}
    if entry["bootstrap"]:
        sound = len(known.enrolled) < ENOUGH
    else:
        sound = entry["recovery"] or len(by) >= ENOUGH
    if not sound:
        yield t(
            "key {key_id} of {person}: two holders' signatures do not stand behind it",
            key_id=key_id,
            person=person,
        )
    known.enrolled[key_id] = (person, public)


def _revoked(entry: Entry, known: _Known) -> Iterator[str]:
    """A revocation rests on a signature; on two where its signer has revoked alone before."""
    key_id, person = entry["key"], entry["person"]
    if entry["replaced_by"] is not None:
        return
    _, public = known.enrolled.get(key_id, (person, b""))
    by = known.revoking.get((person, public.hex()), set())
    if not by:
        yield t(
            "key {key_id} of {person}: no signature stands behind its revocation",
            key_id=key_id,
            person=person,
        )
    if len(by) == 1 and person not in by:
        # Entries of before did not say it: then one signature was always enough.
        if by & known.alone and "approved_by" in entry:
            yield t(
                "key {key_id} of {person}: a second holder's signature does not stand behind its "
                "revocation",
                key_id=key_id,
                person=person,
            )
        known.alone |= by


def _key_rows(rows: Sequence[keys.StoredKey], known: _Known) -> Iterator[str]:
    """The table of keys, which is what approvals are checked by when they are given."""
    for row in rows:
        there = known.enrolled.get(row.key_id)
        if there != (row.person_id, bytes(row.public_key)):
            yield t(
                "key {key_id} of {person_id}: it is not what the ledger says",
                key_id=row.key_id,
                person_id=row.person_id,
            )
        elif (row.revoked_at is not None) != (row.key_id in known.revoked):
            yield t("key {key_id}: revoked or not, the ledger says otherwise", key_id=row.key_id)
    for key_id in known.enrolled.keys() - {row.key_id for row in rows}:
        yield t("key {key_id}: the database has lost it", key_id=key_id)


def exported(connection: Connection) -> Iterator[bytes]:
    """What was signed, and the signatures, in the ledger's order, for whoever verifies an export.

    An approval whose row was lost or cannot be read has no line; the verifier misses it.
    """
    rows = store_approvals.every_approval(connection)
    stored = {_fact(row): row for row in rows}
    for entry in _entries(connection, (), _Known(lambda _made: None)):
        if entry["type"] != EntryType.APPROVAL_GIVEN or "statement" not in entry:
            continue
        row = stored.get(tuple(entry.get(name) for name in _FACT))
        with suppress(ValueError, AttributeError):
            yield core_ledger.canonical_json(
                {
                    "seq": entry["seq"],
                    "statement": bytes(row.statement).decode(),  # type: ignore[union-attr]
                    "signature": None if row.signature is None else bytes(row.signature).hex(),  # type: ignore[union-attr]
                }
            )
