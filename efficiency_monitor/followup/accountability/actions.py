"""What is decided on accountability records: verified, measures recorded, exemptions.

See docs/contract.md 8.

effmon proposes and takes down; it punishes nobody. Texts and attachments stay in the database, the
ledger holds their digests.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy import Connection
from sqlalchemy.engine import Row

from ...faults import ConfigurationError
from ...i18n.messages import t
from ...ledger.model.entries import EntryType
from ...ledger.store import ledger
from ...notify.notices import notices_to, people
from ...notify.store import outbox
from ...people.acting import Approval, acting, approvals, approve, claimed, scope_of
from ...people.first_signatures import before, enough
from ...people.model.authority import Act, roles_for
from ...people.model.people import Person, Role, recipients
from ...people.proof import proof_of
from ...terms import AccountStatus, ExemptionGround, Level
from ...time.instants import local_date
from ...workspace.context import Context
from ...workspace.required_texts import require_text, text_commitment
from ...workspace.transaction import transaction
from ..appeals.model import signatures_needed
from ..evidence.model import Attachment, attachments_json, for_ledger
from . import store as accounts
from .record import Record, barred, check_measure, expect, find_record, waits
from .refresh import bring_up_to_date


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a decision on a record."""

    status: AccountStatus
    #: True: the same person has done so before, nothing was written.
    repeated: bool = False
    #: Who has signed an exemption, and how many have to: as many as to lift its card.
    signed_by: tuple[str, ...] = ()
    needed: int = 1
    #: Earlier signatures that count no more, one line each.
    lapsed: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """For the command line."""
        return {
            "status": str(self.status),
            "repeated": self.repeated,
            "signed_by": list(self.signed_by),
            "needed": self.needed,
            "lapsed": list(self.lapsed),
        }


#: Grounds that a person may give; an upheld appeal is one of its own.
GROUNDS = (
    ExemptionGround.FALSE_MATERIAL,
    ExemptionGround.FORCE_MAJEURE,
    ExemptionGround.SELF_CORRECTED,
)
#: From these an exemption may be asked for.
_UNDECIDED = (AccountStatus.TO_VERIFY, AccountStatus.VERIFIED)
Decision = Literal["approve", "refuse"]


def verify(context: Context, card_no: str, text: str | None) -> Recorded:
    """Say that a record has been verified 核实; only then measures may be recorded.

    What is verified is the record as it stands now: it is counted until now first.

    ConfigurationError where there is no such record or it does not wait for it, NotAllowed where
    the person of `--as` may not: see docs/accountability.md.
    """
    words = require_text(text, t("report of the verification"))
    with context.store.writing() as connection:
        record = find_record(connection, card_no)
        person = _acting(context, connection, Act.VERIFY, record)
        if _did(record, "verified", person, words):
            return Recorded(record.status, repeated=True)
        expect(record, (AccountStatus.TO_VERIFY,), t("be verified"))
        bring_up_to_date(context, connection, record.card)
        accounts.set_status(connection, card_no, AccountStatus.VERIFIED)
        _take_down(context, connection, record, "verified", person, text=words)
        _enter(
            context,
            connection,
            EntryType.ACCOUNTABILITY_VERIFIED,
            card_no,
            {"person": person, "text": text_commitment(context, connection, words)},
        )
    return Recorded(AccountStatus.VERIFIED)


def record_measure(context: Context, card_no: str, measure_id: str, text: str | None) -> Recorded:
    """Record a measure that was decided elsewhere; several may be recorded, each once."""
    words = require_text(text, t("note who decided it and when"))
    with context.store.writing() as connection:
        record = find_record(connection, card_no)
        person = _acting(context, connection, Act.RECORD_MEASURE, record)
        if _did(record, "measure", person, words, measure_id):
            return Recorded(record.status, repeated=True)
        expect(
            record,
            (AccountStatus.VERIFIED, AccountStatus.MEASURE_RECORDED),
            t("have a measure recorded"),
        )
        if record.asked is not None:
            raise waits(card_no)
        check_measure(context, record, measure_id)
        accounts.set_status(connection, card_no, AccountStatus.MEASURE_RECORDED)
        _take_down(context, connection, record, "measure", person, ground=measure_id, text=words)
        _enter(
            context,
            connection,
            EntryType.ACCOUNTABILITY_MEASURE,
            f"{card_no}/{measure_id}",
            {
                "person": person,
                "measure": measure_id,
                "text": text_commitment(context, connection, words),
            },
            card_no=card_no,
        )
    return Recorded(AccountStatus.MEASURE_RECORDED)


def ask_exemption(
    context: Context,
    card_no: str,
    ground: ExemptionGround,
    text: str | None,
    evidence: Sequence[Attachment] = (),
    *,
    dry_run: bool = False,
) -> Recorded:
    """Ask that a record be exempted; another person decides. The status stays until then.

    To ask is a claim: who asks by `--as` alone makes nobody another person (`decide_exemption`).
    """
    words = require_text(text, t("reason for the exemption"))
    with transaction(context, dry_run=dry_run) as connection:
        record = find_record(connection, card_no)
        person = acting(context, connection, Act.ASK_EXEMPTION, scope_of(record.card))
        waiting = record.asked
        if waiting is not None and (waiting.person, waiting.ground, waiting.text) == (
            person,
            str(ground),
            words,
        ):
            return Recorded(record.status, repeated=True)
        expect(record, _UNDECIDED, t("be exempted"))
        if record.asked is not None:
            raise waits(card_no)
        _take_down(
            context,
            connection,
            record,
            "exemption_asked",
            person,
            ground=str(ground),
            text=words,
            evidence=evidence,
        )
        turn = record.asks + 1
        _enter(
            context,
            connection,
            EntryType.ACCOUNTABILITY_EXEMPTION_ASKED,
            f"{card_no}/{turn}",
            {
                "person": person,
                "ground": str(ground),
                "text": text_commitment(context, connection, words),
                "evidence": for_ledger(evidence),
            },
            card_no=card_no,
        )
        kind = "exemption_asked" if turn == 1 else f"exemption_asked:{turn}"
        deciders = [
            each for each in _deciders(context, connection, record) if each.person_id != person
        ]
        _tell(context, connection, record, kind, deciders, ground)
    return Recorded(record.status)


def decide_exemption(
    context: Context,
    card_no: str,
    decision: Decision,
    text: str | None,
    evidence: Sequence[Attachment] = (),
    *,
    dry_run: bool = False,
) -> Recorded:
    """Approve or refuse the exemption that was asked for, by others than who asked.

    To approve takes what lifting the card takes: of a red one two supervisors, each with their key.
    To refuse takes one. With `dry_run` nothing is written; the status is what it would be.
    """
    words = require_text(text, t("reason for the decision"))
    with transaction(context, dry_run=dry_run) as connection:
        record = find_record(connection, card_no)
        again = _decided_by(context, connection, record, decision)
        if again is not None:
            return again
        asked = _asked(record)
        expect(record, _UNDECIDED, t("be exempted", ctx="actions"))
        not_these = dict(barred(connection, record))
        if asked.person:
            not_these[asked.person] = t("they asked for it")
        scope = scope_of(record.card)
        level = Level(record.card.level)
        needed = signatures_needed(level) if decision == "approve" else 1
        acting(context, connection, Act.EXEMPT, scope, not_these, second=needed > 1)
        known = before(
            context,
            connection,
            act=Act.EXEMPT,
            subject=record.subject,
            round=record.asks,
            scope=scope,
        )
        approval = approve(
            context,
            connection,
            act=Act.EXEMPT,
            subject=record.subject,
            round=record.asks,
            decision=decision,
            ground=asked.ground,
            text=words,
            evidence=evidence,
            must_sign=needed > 1,
            barred=not_these,
            second=needed > 1,
        )
        agreed = [one for one in (*known.given, approval) if one.decision == decision]
        kind = "exemption_signed"
        if enough(agreed, needed):
            kind = "exempted" if decision == "approve" else "exemption_refused"
        what = {"ground": asked.ground, "text": words, "evidence": evidence}
        _take_down(context, connection, record, kind, approval.person_id, **what)
        status = record.status
        if kind == "exempted":
            status = _granted(context, connection, record, asked, approval.person_id)
        elif kind == "exemption_signed":
            _ask_others(context, connection, record, {asked.person, *not_these}, agreed)
    signers = tuple(one.person_id for one in agreed)
    return Recorded(status, signed_by=signers, needed=needed, lapsed=tuple(known.lapsed))


def _asked(record: Record) -> Row[Any]:
    """The exemption that waits; ConfigurationError where none does."""
    if record.asked is None:
        card_no = record.card.card_no
        raise ConfigurationError(
            t("no exemption of {card_no} waits", card_no=card_no),
            t("ask for one first, with --ground"),
        )
    return record.asked


def _ask_others(
    context: Context,
    connection: Connection,
    record: Record,
    withdraw: Collection[str | None],
    signed: Sequence[Approval],
) -> None:
    """Tell those who may be the second that one has signed."""
    gone = {*withdraw, *(voice for one in signed for voice in one.voices)}
    others = [each for each in _deciders(context, connection, record) if each.person_id not in gone]
    ground = ExemptionGround(str(signed[0].ground))
    _tell(context, connection, record, f"exemption_asked:{record.asks}:signed", others, ground)


def _decided_by(
    context: Context, connection: Connection, record: Record, decision: Decision
) -> Recorded | None:
    """What stands, where the same person has decided so already on what was asked last."""
    person = claimed(context)
    given = [
        one
        for one in approvals(connection, subject=record.subject, act=Act.EXEMPT, round=record.asks)
        if one.decision == decision
    ]
    if all(one.person_id != person for one in given):
        return None
    proof_of(context, connection, Act.EXEMPT, person)
    level = Level(record.card.level)
    return Recorded(
        record.status,
        repeated=True,
        signed_by=tuple(one.person_id for one in given),
        needed=signatures_needed(level) if decision == "approve" else 1,
    )


def _did(record: Record, kind: str, person: str, text: str, ground: str | None = None) -> bool:
    """Whether the same person has done this to the record, in the same words."""
    own = (kind, person, ground, text)
    return any((one.kind, one.person, one.ground, one.text) == own for one in record.entries)


def _granted(
    context: Context, connection: Connection, record: Record, asked: Row[Any], person: str
) -> AccountStatus:
    """The exemption is approved; everybody concerned is told."""
    ground = ExemptionGround(asked.ground)
    _exempt(context, connection, record.card.card_no, person, ground)
    concerned = _concerned(connection, record, asked.person)
    _tell(context, connection, record, "exempted", concerned, ground)
    return AccountStatus.EXEMPTED


def exempt_by_lift(
    context: Context, connection: Connection, card_no: str, ground: ExemptionGround
) -> None:
    """Exempt the record of a card that an upheld appeal or evidence lifts, in the transaction that
    lifts it.

    Whatever its status was. Nothing is written where the card has no record (a warning) or it is
    exempted already. Who is told, the lift says.
    """
    status = accounts.status_of(connection, card_no)
    if status in (None, AccountStatus.EXEMPTED):
        return
    accounts.add_entry(
        connection,
        card_no=card_no,
        kind="exempted",
        at=context.now(),
        actor=context.actor,
        person=context.person,
        ground=ground,
    )
    _exempt(context, connection, card_no, context.person, ground)


def _exempt(
    context: Context,
    connection: Connection,
    card_no: str,
    person: str | None,
    ground: ExemptionGround,
) -> None:
    accounts.set_status(connection, card_no, AccountStatus.EXEMPTED)
    _enter(
        context,
        connection,
        EntryType.ACCOUNTABILITY_EXEMPTED,
        card_no,
        {"person": person, "ground": str(ground)},
    )


def _acting(context: Context, connection: Connection, act: Act, record: Record) -> str:
    return acting(context, connection, act, scope_of(record.card), barred(connection, record))


def _deciders(context: Context, connection: Connection, record: Record) -> Sequence[Person]:
    card, everybody = record.card, people(connection)
    red = Level(card.level) is Level.RED
    return recipients(
        everybody,
        department=card.department or "",
        region=card.region or "",
        item_code=card.item_code or "",
        roles=roles_for(Act.EXEMPT, everybody) if red else (Role.SUPERVISOR,),
        on=date.fromisoformat(local_date(context.now(), context.zone)),
    )


def _concerned(connection: Connection, record: Record, asker: str | None) -> list[Person]:
    """Who asked, and everybody to whom anything about the card was sent."""
    told = accounts.told_of(connection, record.card.card_no) | {asker}
    return [person for person in people(connection) if person.person_id in told]


def _tell(
    context: Context,
    connection: Connection,
    record: Record,
    kind: str,
    persons: Sequence[Person],
    ground: ExemptionGround,
) -> None:
    new = notices_to(
        persons,
        subject=record.subject,
        kind=kind,
        card_no=record.card.card_no,
        about={"ground": str(ground)},
    )
    outbox.add(connection, new, context.now())


def _take_down(
    context: Context,
    connection: Connection,
    record: Record,
    kind: str,
    person: str,
    *,
    ground: str | None = None,
    text: str | None = None,
    evidence: Sequence[Attachment] = (),
) -> None:
    accounts.add_entry(
        connection,
        card_no=record.card.card_no,
        kind=kind,
        at=context.now(),
        actor=context.actor,
        person=person,
        ground=ground,
        text=text,
        evidence=attachments_json(evidence),
    )


def _enter(
    context: Context,
    connection: Connection,
    kind: EntryType,
    fact: str,
    content: Mapping[str, object],
    *,
    card_no: str | None = None,
) -> None:
    entry = context.entry(kind, f"{kind}/{fact}", {"card": card_no or fact, **content})
    ledger.append(connection, [entry])
