"""The signatures that stand on a decision before another one completes it.

Whoever completes a signature answers for it: what was signed before is verified anew, its text,
its key, its entry in the ledger, and that its person still has the right. One that was forged stops
the act; one whose key was revoked or whose person has the role no more does not count, and that is
said.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection

from ..faults import NotAllowed
from ..followup.evidence.model import attachments_of, for_ledger
from ..i18n.messages import t
from ..intake.model.statements import digest
from ..ledger.model import entries as core_ledger
from ..ledger.model.entries import EntryType
from ..ledger.store import ledger
from ..notify.notices import people
from ..time.instants import local_date, parse_instant
from ..workspace.context import Context
from .model import signatures
from .model.authority import Act, Scope, Standing, standings
from .signing import Approval, approval_of, entry_of, workspace_id
from .store import approvals as store_approvals
from .store import keys, text_salts

SaltOf = Callable[[str], bytes | None]


@dataclass(slots=True)
class Before:
    """What was signed before on one decision."""

    #: Those that hold, oldest first.
    given: list[Approval] = field(default_factory=list)
    #: One line for each that counts no more.
    lapsed: list[str] = field(default_factory=list)

    def by(self, person_id: str, decision: str, ground: str | None) -> Approval | None:
        """What a person has signed already, in these very words."""
        for one in self.given:
            if (one.person_id, one.decision, one.ground) == (person_id, decision, ground):
                return one
        return None


def enough(given: Sequence[Approval], needed: int) -> bool:
    """Whether so many persons have signed, not leaders in second place alone."""
    persons = {one.person_id for one in given}
    return len(persons) >= needed and not all(one.second for one in given)


def before(
    context: Context,
    connection: Connection,
    *,
    act: Act,
    subject: str,
    round: int = 0,  # noqa: A002  the column's word
    scope: Scope | None,
    must_sign: bool = True,
) -> Before:
    """The approvals of a decision that hold now; call it before the completing one is written.

    `must_sign`: those without a signature count no more, since keys came into use. NotAllowed,
    naming which and why, where one is not what was signed.
    """
    found = Before()
    for row in store_approvals.given(connection, subject=subject, act=str(act), round=round):
        why = _forged(connection, row)
        if why is not None:
            raise NotAllowed(
                t(
                    "the earlier signature of {person_id} on {subject} does not hold: {why}; "
                    "nothing was done",
                    person_id=row.person_id,
                    subject=subject,
                    why=why,
                ),
                t("run: effmon doctor"),
            )
        one = approval_of(row)
        standing = _still(context, connection, one, act, scope)
        lapsed = _lapsed(connection, one, standing, must_sign=must_sign)
        if lapsed is not None:
            found.lapsed.append(
                t(
                    "the earlier signature of {person_id} counts no more: {lapsed}",
                    person_id=one.person_id,
                    lapsed=lapsed,
                )
            )
        elif standing is not None:
            found.given.append(replace(one, second=standing.second))
    return found


def _still(
    context: Context, connection: Connection, one: Approval, act: Act, scope: Scope | None
) -> Standing | None:
    """The right by which they signed, by the people of today and the day on which they did."""
    on = date.fromisoformat(local_date(one.at, context.zone))
    rights = standings(people(connection), act, scope, one.person_id, on)
    return next((right for right in rights if right.on_behalf_of == one.on_behalf_of), None)


def _lapsed(
    connection: Connection, one: Approval, standing: Standing | None, *, must_sign: bool
) -> str | None:
    if one.key_id is None:
        if must_sign and keys.number(connection):
            return t("it has none, and keys are in use now")
    else:
        key = keys.find(connection, one.key_id)
        if key is None or key.revoked_at is not None:
            return t("the key {key_id} was revoked", key_id=one.key_id)
    if standing is None:
        return t("they have no role any more that may do it")
    return None


def _forged(connection: Connection, row: Any) -> str | None:
    """Why a row is not what its person signed; None where it is."""
    statement = bytes(row.statement)
    signature = None if row.signature is None else bytes(row.signature)
    try:
        said = json.loads(statement)
        wanted = entry_of(statement, signature)
        own = said_by_row(row, said["text"], lambda made: text_salts.find(connection, made))
        at = parse_instant(said["at"], "UTC")[0]
        if core_ledger.canonical_json(said) != statement:
            raise ValueError("not canonical")
    except (ValueError, KeyError, TypeError):
        return t("what was signed cannot be read")
    if at != row.at or any(said.get(name) != value for name, value in own.items()):
        return t("the row is not what was signed")
    if said["domain"] != signatures.APPROVAL or said["workspace"] != workspace_id(connection):
        return t("it is of another workspace")
    if not _signed(connection, said, statement, signature):
        return t("its signature is not by a key of theirs")
    fact = "/".join(str(said[name]) for name in ("subject", "act", "round", "person"))
    entry = _entry(connection, f"{EntryType.APPROVAL_GIVEN}/{fact}")
    if any(entry.get(name) != value for name, value in wanted.items()):
        return t("the ledger does not say it like that")
    return None


def _signed(
    connection: Connection, said: Mapping[str, Any], statement: bytes, signature: bytes | None
) -> bool:
    """Whether the signature is by a key that the ledger, too, knows as this person's."""
    if said["key"] is None or signature is None:
        return said["key"] is None and signature is None
    key = keys.find(connection, said["key"])
    if key is None or key.person_id != said["person"]:
        return False
    entry = _entry(connection, f"{EntryType.KEY_ENROLLED}/{key.key_id}")
    public = bytes(key.public_key)
    known = (entry.get("person"), entry.get("public_key")) == (key.person_id, public.hex())
    return known and signatures.verify(public, statement, signature)


def _entry(connection: Connection, fact: str) -> Mapping[str, Any]:
    found = ledger.entry(connection, fact=fact)
    if found is None:
        return {}
    try:
        said = json.loads(found[1])
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def said_by_row(row: Any, text: Any, salt_of: SaltOf, *, masked: bool = False) -> dict[str, Any]:
    """A statement's fields as the row has them; `text` is what the statement says of its text.

    `masked`: whoever reads is not shown texts, which are not held against it then.
    """
    plain = {
        "subject": row.subject,
        "act": row.act,
        "round": row.round,
        "decision": row.decision,
        "ground": row.ground,
        "person": row.person_id,
        "text": _text_of(row.text, text, salt_of, masked=masked),
        "evidence": for_ledger(attachments_of(row.evidence)),
        "key": row.key_id,
    }
    # As a statement has them: in NFC.
    return dict(json.loads(core_ledger.canonical_json(plain)))


def _text_of(
    text: str | None, said: Any, salt_of: SaltOf, *, masked: bool
) -> dict[str, str] | None:
    """What a statement says of a row's text: a commitment; of older ones, its plain digest."""
    if text is None:
        return None
    if masked and isinstance(said, dict):
        return dict(said)
    if isinstance(said, dict) and list(said) == ["commitment"]:
        salt = salt_of(str(said["commitment"]))
        return {"commitment": "" if salt is None else core_ledger.commitment(salt, text)}
    return {"sha256": digest(text)}
