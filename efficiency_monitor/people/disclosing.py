"""Personal data unmasked: by whom, whose and why is on record before anything is shown."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import insert, select

from ..faults import ConfigurationError
from ..i18n.messages import t
from ..intake.model.statements import digest
from ..ledger.model.entries import EntryType
from ..ledger.store import ledger
from ..records.personal_tables import DisclosureRow, ErasedCaseRow, ErasedPersonRow, ErasureRow
from ..records.tables import CaseRow
from ..time.instants import rfc3339
from ..workspace.context import Context, compact_json
from ..workspace.required_texts import require_text, text_commitment
from .acting import standing_of
from .model.authority import Act, Scope

DISCLOSURE = DisclosureRow.__table__  # type: ignore[attr-defined]
ERASURE = ErasureRow.__table__  # type: ignore[attr-defined]
_CASE = CaseRow.__table__  # type: ignore[attr-defined]
_ERASED_CASE = ErasedCaseRow.__table__  # type: ignore[attr-defined]
_ERASED_PERSON = ErasedPersonRow.__table__  # type: ignore[attr-defined]
#: More subjects than these stand in the ledger as a number and a digest.
_MOST_NAMED = 20


def unmasked(
    context: Context,
    what: str,
    *,
    subjects: Sequence[str],
    scopes: Collection[Scope | None],
    reason: str | None,
) -> None:
    """Record that the person of `--as` sees these unmasked. Commits; only then may it be shown.

    `what` is the command (`cases.show`), `subjects` are case numbers, card numbers or person ids,
    `scopes` what they are about: the right is asked for each. NotAllowed where it is missing for
    one of them, ConfigurationError without a reason. If the ledger cannot be written this raises.
    """
    why = require_text(reason, t("reason"))
    subjects = list(dict.fromkeys(subjects))
    with context.store.writing() as connection:
        standings = [standing_of(context, connection, Act.UNMASK, scope) for scope in scopes]
        if not standings:
            standings = [standing_of(context, connection, Act.UNMASK, None)]
        first = standings[0]
        seq = ledger.read_head(connection).size + 1
        content: dict[str, object] = {
            "person": first.person_id,
            "role": str(first.role),
            "on_behalf_of": first.on_behalf_of,
            "what": what,
            "number": len(subjects),
            "subjects": subjects if len(subjects) <= _MOST_NAMED else {"sha256": digest(subjects)},
            "reason": text_commitment(context, connection, why),
        }
        entry = context.entry(EntryType.DATA_UNMASKED, f"{EntryType.DATA_UNMASKED}/{seq}", content)
        ledger.append(connection, [entry])
        connection.execute(
            insert(DISCLOSURE).values(
                seq=seq,
                at=context.now(),
                person=first.person_id,
                os_user=context.actor.os_user,
                host=context.actor.host,
                tty=context.actor.tty,
                what=what,
                subjects=compact_json(subjects),
                number=len(subjects),
                reason=why,
            )
        )


def asked(reason: str | None, *, unmask: bool) -> None:
    """ConfigurationError where a reason is given for nothing: it would be taken for a record."""
    if reason is not None and not unmask:
        raise ConfigurationError(
            t("--reason goes with --unmask only"),
            t("add --unmask, or leave the reason out"),
        )


def disclosures(context: Context) -> list[dict[str, Any]]:
    """Who saw personal data unmasked, and what was erased; the newest first."""
    with context.store.reading() as connection:
        seen = connection.execute(select(DISCLOSURE)).all()
        gone = connection.execute(select(ERASURE)).all()
        cases = connection.execute(
            select(_ERASED_CASE.c.seq, _CASE.c.case_no).join(
                _CASE, _CASE.c.id == _ERASED_CASE.c.case_id
            )
        ).all()
        persons = connection.execute(select(_ERASED_PERSON)).all()
    erased: dict[int, list[str]] = {}
    for row in cases:
        erased.setdefault(row.seq, []).append(row.case_no)
    for row in persons:
        erased.setdefault(row.seq, []).append(row.person_id)
    rows = [
        {
            "seq": row.seq,
            "at": rfc3339(row.at, context.zone),
            "kind": kind,
            "what": row.what,
            "person_id": row.person,
            "os_user": row.os_user,
            "number": number,
            "reason": row.reason,
        }
        for kind, found in (("unmasked", seen), ("erased", gone))
        for row in found
        for number in [row.number if kind == "unmasked" else len(erased.get(row.seq, ()))]
    ]
    return sorted(rows, key=lambda row: -row["seq"])
