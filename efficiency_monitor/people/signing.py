"""Approvals as they are written: the statement, its signature, the row and the ledger's entry."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from ..faults import EffmonError, NotAllowed
from ..followup.evidence.model import Attachment, attachments_json
from ..i18n.messages import t
from ..ledger.model import entries as core_ledger
from ..ledger.model.entries import EntryType
from ..ledger.store import ledger
from ..time.instants import rfc3339
from ..workspace.context import Context
from ..workspace.required_texts import text_commitment
from .model import signatures
from .model.authority import Act, Standing
from .proof import proof_of
from .store import approvals as store_approvals


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A person's approval of one decision."""

    person_id: str
    #: The absent person for whom they approved; None: in their own right.
    on_behalf_of: str | None
    decision: str
    ground: str | None
    text: str | None
    at: int
    #: The key that signed; None: without a signature.
    key_id: str | None
    #: A leader's beside the one person who supervises: it counts as the second of two only.
    second: bool = False

    @property
    def signed(self) -> bool:
        """Whether a signature with the person's key goes with it."""
        return self.key_id is not None

    @property
    def voices(self) -> frozenset[str]:
        """The persons whose right was used up by this approval."""
        return frozenset({self.person_id, self.on_behalf_of or self.person_id})


def approvals(
    connection: Connection,
    *,
    subject: str,
    act: Act,
    round: int = 0,  # noqa: A002  the column's word
) -> list[Approval]:
    """The approvals of one decision so far, oldest first."""
    rows = store_approvals.given(connection, subject=subject, act=str(act), round=round)
    return [approval_of(row) for row in rows]


def approval_of(row: Any) -> Approval:
    """The approval of a row."""
    return Approval(
        person_id=row.person_id,
        on_behalf_of=json.loads(row.statement)["on_behalf_of"],
        decision=row.decision,
        ground=row.ground,
        text=row.text,
        at=row.at,
        key_id=row.key_id,
    )


def sign(
    context: Context,
    connection: Connection,
    standing: Standing,
    *,
    act: Act,
    subject: str,
    round: int,  # noqa: A002  the column's word
    decision: str,
    ground: str | None,
    text: str | None,
    evidence: Sequence[Attachment],
    must_sign: bool,
) -> Approval:
    """Write the approval of whom `standing` names, without asking whether they may: see `acting`.

    NotAllowed where they, or whom they stand in for, approved already, and where a key is missing.
    """
    before = approvals(connection, subject=subject, act=act, round=round)
    _check_voices(standing, before)
    # Who gives a key means to sign: it is not left aside where none is needed.
    # A leader in second place is one by their key alone, but for the first keys of all.
    second = standing.second and act is not Act.ENROL_KEY
    must_sign = must_sign or second or context.key is not None
    key = proof_of(context, connection, act, standing.person_id, must_sign=must_sign)
    now = context.now()
    what: dict[str, Any] = {
        "act": str(act),
        "subject": subject,
        "round": round,
        "decision": decision,
        "ground": ground,
    }
    key_id = None if key is None else key.key_id
    head = ledger.read_head(connection)
    statement = signatures.statement(
        **what,
        workspace=workspace_id(connection),
        text=None if text is None else text_commitment(context, connection, text),
        evidence=evidence,
        person=standing.person_id,
        on_behalf_of=standing.on_behalf_of,
        at=rfc3339(now, context.zone),
        size=head.size,
        root=core_ledger.root(head).sha256.hex(),
        key=key_id,
    )
    row = {
        **what,
        "person_id": standing.person_id,
        "at": now,
        "text": text,
        "evidence": attachments_json(evidence),
        "statement": statement,
        "key_id": key_id,
        "signature": None if key is None else key.sign(statement),
    }
    _write(context, connection, row)
    return Approval(
        person_id=standing.person_id,
        on_behalf_of=standing.on_behalf_of,
        decision=decision,
        ground=ground,
        text=text,
        at=now,
        key_id=key_id,
        second=standing.second,
    )


def _write(context: Context, connection: Connection, row: Mapping[str, Any]) -> None:
    """The row and the entry: both say what the statement says."""
    actor = context.actor
    who = {"os_user": actor.os_user, "host": actor.host, "tty": actor.tty}
    store_approvals.add(connection, {**row, **who})
    fact = "/".join(str(row[name]) for name in ("subject", "act", "round", "person_id"))
    entry = context.entry(
        EntryType.APPROVAL_GIVEN,
        f"{EntryType.APPROVAL_GIVEN}/{fact}",
        entry_of(row["statement"], row["signature"]),
    )
    if not ledger.append(connection, [entry]):
        raise EffmonError(
            t("the ledger has this approval ({fact}) and the database has lost it", fact=fact),
            t("nothing was written; run: effmon doctor"),
        )


def entry_of(statement: bytes, signature: bytes | None) -> dict[str, object]:
    """What the ledger says of an approval: its statement's fields, its digest and the signature."""
    said = json.loads(statement)
    fields = ("subject", "act", "round", "decision", "ground", "text", "evidence", "person")
    return {
        **{name: said[name] for name in fields},
        "on_behalf_of": said["on_behalf_of"],
        "key": said["key"],
        "statement": {"sha256": hashlib.sha256(statement).hexdigest()},
        "signature": None if signature is None else signature.hex(),
    }


def _check_voices(standing: Standing, before: Sequence[Approval]) -> None:
    """Two approvals are of two persons; a deputy and the one they stand in for are one voice."""
    for voice in (standing.person_id, standing.on_behalf_of):
        if voice is not None and any(voice in approval.voices for approval in before):
            raise NotAllowed(
                t("{voice} has approved it already", voice=voice),
                t("somebody else who may do it has to"),
            )


def workspace_id(connection: Connection) -> str | None:
    """What tells this workspace from any other: the SHA-256 of its ledger's first entry."""
    first = ledger.first(connection)
    return None if first is None else hashlib.sha256(first).hexdigest()
