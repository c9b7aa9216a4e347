"""What is decided on accountability records: verified, measures recorded, exemptions (DESIGN 5.6).

effmon proposes and takes down; it punishes nobody. Texts and attachments stay in the database, the
ledger holds their digests.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal

from sqlalchemy import Connection
from sqlalchemy.engine import Row

from ...core.authority import Act
from ...core.evidence import Attachment, attachments_json, for_ledger
from ...core.faults import ConfigurationError
from ...core.instants import local_date
from ...core.ledger import EntryType
from ...core.people import Person, Role, recipients
from ...core.terms import AccountStatus, ExemptionGround
from ...language import t
from ...store import accounts, ledger, outbox
from ..authority.acting import acting, approve, scope_of
from ..context import Context
from ..notices.notices import notices_to, people
from ..rehearsal import rehearsed
from ..texts import committed, said
from .account_record import Record, barred, check_measure, expect, find_record, waits
from .account_refresh import bring_up_to_date

#: Grounds that a person may give; an upheld appeal is one of its own.
GROUNDS = (
    ExemptionGround.FALSE_MATERIAL,
    ExemptionGround.FORCE_MAJEURE,
    ExemptionGround.SELF_CORRECTED,
)
#: From these an exemption may be asked for.
_UNDECIDED = (AccountStatus.TO_VERIFY, AccountStatus.VERIFIED)
Decision = Literal["approve", "refuse"]


def verify(context: Context, card_no: str, text: str | None) -> AccountStatus:
    """Say that a record has been verified 核实; only then measures may be recorded.

    What is verified is the record as it stands now: it is counted until now first.

    ConfigurationError where there is no such record or it does not wait for it, NotAllowed where
    the person of `--as` may not: see docs/accountability.md.
    """
    words = said(text, t("核实情况", "report of the verification"))
    with context.store.writing() as connection:
        record = find_record(connection, card_no)
        person = _acting(context, connection, Act.VERIFY, record)
        expect(record, (AccountStatus.TO_VERIFY,), t("核实", "be verified"))
        bring_up_to_date(context, connection, record.card)
        accounts.set_status(connection, card_no, AccountStatus.VERIFIED)
        _take_down(context, connection, record, "verified", person, text=words)
        _enter(
            context,
            connection,
            EntryType.ACCOUNTABILITY_VERIFIED,
            card_no,
            {"person": person, "text": committed(context, connection, words)},
        )
    return AccountStatus.VERIFIED


def record_measure(
    context: Context, card_no: str, measure_id: str, text: str | None
) -> AccountStatus:
    """Record a measure that was decided elsewhere; several may be recorded, each once."""
    words = said(text, t("何机关何时作出", "note who decided it and when"))
    with context.store.writing() as connection:
        record = find_record(connection, card_no)
        person = _acting(context, connection, Act.RECORD_MEASURE, record)
        expect(
            record,
            (AccountStatus.VERIFIED, AccountStatus.MEASURE_RECORDED),
            t("记录处理措施", "have a measure recorded"),
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
                "text": committed(context, connection, words),
            },
            card_no=card_no,
        )
    return AccountStatus.MEASURE_RECORDED


def ask_exemption(
    context: Context,
    card_no: str,
    ground: ExemptionGround,
    text: str | None,
    evidence: Sequence[Attachment] = (),
    *,
    dry_run: bool = False,
) -> AccountStatus:
    """Ask that a record be exempted; another person decides. The status stays until then."""
    words = said(text, t("免责理由", "reason for the exemption"))
    with rehearsed(context, only=dry_run) as connection:
        record = find_record(connection, card_no)
        person = acting(context, connection, Act.ASK_EXEMPTION, scope_of(record.card))
        expect(record, _UNDECIDED, t("申请免责", "be exempted"))
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
                "text": committed(context, connection, words),
                "evidence": for_ledger(evidence),
            },
            card_no=card_no,
        )
        kind = "exemption_asked" if turn == 1 else f"exemption_asked:{turn}"
        deciders = [
            each for each in _supervisors(context, connection, record) if each.person_id != person
        ]
        _tell(context, connection, record, kind, deciders, ground)
    return record.status


def decide_exemption(
    context: Context,
    card_no: str,
    decision: Decision,
    text: str | None,
    evidence: Sequence[Attachment] = (),
    *,
    dry_run: bool = False,
) -> AccountStatus:
    """Approve or refuse the exemption that was asked for, by another person than who asked.

    With `dry_run` nothing is written; the status is what it would be.
    """
    words = said(text, t("决定理由", "reason for the decision"))
    with rehearsed(context, only=dry_run) as connection:
        record = find_record(connection, card_no)
        asked = record.asked
        if asked is None:
            raise ConfigurationError(
                t(f"{card_no} 没有待批准的免责申请", f"no exemption of {card_no} waits"),
                t("先用 --ground 申请", "ask for one first, with --ground"),
            )
        expect(record, _UNDECIDED, t("免责", "be exempted"))
        not_these = dict(barred(connection, record))
        if asked.person:
            not_these[asked.person] = t("免责由其申请", "they asked for it")
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
            must_sign=False,
            barred=not_these,
        )
        kind = "exempted" if decision == "approve" else "exemption_refused"
        _take_down(
            context,
            connection,
            record,
            kind,
            approval.person_id,
            ground=asked.ground,
            text=words,
            evidence=evidence,
        )
        if decision == "refuse":
            status = record.status
        else:
            status = _granted(context, connection, record, asked, approval.person_id)
    return status


def _granted(
    context: Context, connection: Connection, record: Record, asked: Row[Any], person: str
) -> AccountStatus:
    """The exemption is approved; everybody concerned is told."""
    ground = ExemptionGround(asked.ground)
    _exempt(context, connection, record.card.card_no, person, ground)
    concerned = _concerned(connection, record, asked.person)
    _tell(context, connection, record, "exempted", concerned, ground)
    return AccountStatus.EXEMPTED


def exempt_by_appeal(context: Context, connection: Connection, card_no: str) -> None:
    """Exempt the record of a card that an upheld appeal lifts, in the transaction that lifts it.

    Whatever its status was. Nothing is written where the card has no record (a warning) or it is
    exempted already. Who is told, the lift says.
    """
    status = accounts.status_of(connection, card_no)
    if status in (None, AccountStatus.EXEMPTED):
        return
    ground = ExemptionGround.APPEAL_UPHELD
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


def _supervisors(context: Context, connection: Connection, record: Record) -> Sequence[Person]:
    card = record.card
    return recipients(
        people(connection),
        department=card.department or "",
        region=card.region or "",
        item_code=card.item_code or "",
        roles=(Role.SUPERVISOR,),
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
