"""Erasing personal data: an applicant's of a case, a person's of the people file.

What was judged, signed and exported rests on seals and ids and stays whole. What is erased stays
erased: no later import brings it back.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, insert, select, update

from ..cards.explain import no_case
from ..faults import ConfigurationError
from ..i18n.messages import t
from ..intake.store import cases
from ..ledger.checks.person_checks import people_digest
from ..ledger.model.entries import EntryType
from ..ledger.store import ledger
from ..notify.notices import people
from ..notify.store import outbox
from ..notify.voiding import told_of
from ..records.matter_tables import NoticeRow
from ..records.personal_tables import ErasedPersonRow, ErasureRow
from ..records.scrubbing import scrub
from ..records.tables import PersonRow, QuarantineRow
from ..terms import NoticeState
from ..workspace.context import Context
from ..workspace.required_texts import require_text, text_commitment
from ..workspace.transaction import transaction
from . import supervision
from .acting import acting
from .model.authority import Act, Scope
from .residual_mentions import remains_of_applicant, remains_of_person
from .store import personal
from .supervision import Signatures

ERASURE = ErasureRow.__table__  # type: ignore[attr-defined]
ERASED_PERSON = ErasedPersonRow.__table__  # type: ignore[attr-defined]
PERSON = PersonRow.__table__  # type: ignore[attr-defined]
NOTICE = NoticeRow.__table__  # type: ignore[attr-defined]
QUARANTINE = QuarantineRow.__table__  # type: ignore[attr-defined]


@dataclass(slots=True)
class Erased:
    """What an erasure did."""

    #: Cases or persons that were erased now, and those that were before.
    subjects: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    #: Values of personal fields, and rows in quarantine, that are gone.
    values: int = 0
    quarantined: int = 0
    #: Where a name still stands in what may not be changed: place → how often.
    remains: dict[str, int] = field(default_factory=dict)
    #: Of somebody who supervises or leads: who has signed, and how many have to; None: not asked.
    signatures: Signatures | None = None

    @property
    def waits(self) -> bool:
        """Whether nothing was erased yet, because another signature is needed."""
        return self.signatures is not None and not self.signatures.done


def erase_applicants(
    context: Context, case_nos: Sequence[str], reason: str | None, *, dry_run: bool = False
) -> Erased:
    """Erase what is known of the applicants of these cases, by a supervisor of each.

    Values and salts are deleted and the database's file is written anew; the cases' versions keep
    seals that nobody can open any more. ConfigurationError where there is no such case or no
    reason, NotAllowed where the person may not. Cases that were erased before are only cleared up
    after.
    """
    why = require_text(reason, t("reason"))
    done = Erased()

    def erase(connection: Connection, seq: int) -> None:
        for number, case_id in found.items():
            names = list(personal.values_of(connection, case_id).values())
            done.quarantined += _out_of_quarantine(connection, number)
            for place, times in remains_of_applicant(connection, case_id, names).items():
                done.remains[place] = done.remains.get(place, 0) + times
            done.values += personal.erase(connection, case_id, seq)

    with context.store.writing() as connection:
        known = _cases(connection, case_nos)
        done.before = [no for no, case_id in known.items() if personal.erased(connection, case_id)]
        found = {number: known[number] for number in known if number not in done.before}
        done.subjects = list(found)
        persons = {
            acting(context, connection, Act.ERASE, scope)
            for scope in _scopes(connection, list(known.values()))
        }
        if dry_run:
            return done
        for person in persons if found else ():
            content = {"what": "applicant", "cases": list(found)}
            _record(context, connection, person, why, content, erase)
    scrub(context.store)
    return done


def erase_person(
    context: Context, person_id: str, reason: str | None, *, dry_run: bool = False
) -> Erased:
    """Erase name and addresses of a person; the id stays in what they did.

    By a supervisor who is not that person; from the first key on, of somebody who supervises,
    deputises for one or leads by two where two hold keys, each by the same command. They are told
    of nothing any more and may do nothing; no people file brings them back. Names that source
    systems wrote into cases, and cards, stay: they say who was accountable. ConfigurationError
    where there is no such person.
    """
    why = require_text(reason, t("reason"))
    done = Erased()

    def erase(connection: Connection, seq: int) -> None:
        names = {row.name for row in people(connection) if row.person_id == person_id}
        done.remains = remains_of_person(connection, sorted(names))
        connection.execute(insert(ERASED_PERSON).values(person_id=person_id, seq=seq))
        gone = connection.execute(delete(PERSON).where(PERSON.c.person_id == person_id))
        done.values = int(gone.rowcount)
        _void(context, connection, person_id)
        connection.execute(update(NOTICE).where(NOTICE.c.person_id == person_id).values(address=""))

    with transaction(context, dry_run=dry_run) as connection:
        barred = {person_id: t("nobody erases themselves")}
        by = acting(
            context,
            connection,
            Act.ERASE,
            None,
            barred,
            second=supervision.is_guarded(connection, person_id),
        )
        if person_id in erased_persons(connection):
            done.before = [person_id]
        elif all(row.person_id != person_id for row in people(connection)):
            raise ConfigurationError(
                t("there is no person {person_id}", person_id=person_id),
                t("see effmon people list"),
            )
        else:
            done.subjects = [person_id]
        if done.subjects and supervision.is_guarded(connection, person_id):
            done.signatures = Signatures()
            what = {"subject": f"person:{person_id}", "act": Act.ERASE}
            supervision.sign(
                context,
                connection,
                what,
                done.signatures,
                decision="erase",
                ground=None,
                text=why,
                barred=barred,
            )
        if dry_run or done.waits:
            return done
        if done.subjects:
            left = people_digest(connection, but=person_id)
            content: dict[str, object] = {
                "what": "person",
                "person_erased": person_id,
                "people": text_commitment(context, connection, left),
            }
            if done.signatures is not None:
                content["signed_by"] = done.signatures.signed_by
            _record(context, connection, by, why, content, erase)
    scrub(context.store)
    return done


def erased_persons(connection: Connection) -> frozenset[str]:
    """Ids of the persons who were erased."""
    return frozenset(connection.execute(select(ERASED_PERSON.c.person_id)).scalars())


def _record(
    context: Context,
    connection: Connection,
    person: str,
    why: str,
    content: Mapping[str, object],
    erase: Callable[[Connection, int], None],
) -> None:
    """The entry and the reason beside it, then what is erased, in one transaction."""
    if context.store.dialect == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete=ON")
    seq = ledger.read_head(connection).size + 1
    entry = context.entry(
        EntryType.DATA_ERASED,
        f"{EntryType.DATA_ERASED}/{seq}",
        {**content, "person": person, "reason": text_commitment(context, connection, why)},
    )
    ledger.append(connection, [entry])
    connection.execute(
        insert(ERASURE).values(
            seq=seq,
            at=context.now(),
            person=person,
            os_user=context.actor.os_user,
            host=context.actor.host,
            tty=context.actor.tty,
            what=str(content["what"]),
            reason=why,
        )
    )
    erase(connection, seq)


def _cases(connection: Connection, case_nos: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for number in dict.fromkeys(case_nos):
        case_id = cases.find_case(connection, number)
        if case_id is None:
            raise no_case(number)
        found[number] = case_id
    return found


def _scopes(connection: Connection, case_ids: Sequence[int]) -> set[Scope]:
    fields = [case.record.fields for case in cases.read_cases(connection, case_ids)]
    return {
        Scope(own.get("department", ""), own.get("region", ""), own.get("item_code", ""))
        for own in fields
    }


def _out_of_quarantine(connection: Connection, case_no: str) -> int:
    """Delete rows in quarantine in which a cell is the case's number."""
    gone = [
        row.id
        for row in connection.execute(select(QUARANTINE.c.id, QUARANTINE.c.content))
        if case_no in json.loads(row.content).values()
    ]
    for part in cases.chunks(gone):
        connection.execute(delete(QUARANTINE).where(QUARANTINE.c.id.in_(part)))
    return len(gone)


def _void(context: Context, connection: Connection, person_id: str) -> None:
    """Nobody is told at an address that is gone; what was sent stays on record."""
    waiting = connection.execute(
        select(NOTICE)
        .where(NOTICE.c.person_id == person_id, NOTICE.c.state == str(NoticeState.PENDING))
        .order_by(NOTICE.c.notice_id)
    ).all()
    outbox.mark(connection, [row.notice_id for row in waiting], state=str(NoticeState.VOID))
    ledger.append(
        connection,
        [
            context.entry(
                EntryType.NOTICE_VOID,
                f"{EntryType.NOTICE_VOID}/{row.notice_id}",
                {**told_of(row), "reason": "person_erased"},
            )
            for row in waiting
        ],
    )
