"""Cards that a supervisor gives by hand: they wait until another supervisor confirms them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection

from ..faults import ConfigurationError
from ..followup.accountability import store as accounts
from ..followup.accountability.checks import recorded
from ..followup.accountability.model import Holding
from ..followup.evidence.model import Attachment, attachments_json, for_ledger
from ..i18n.language import say_level
from ..i18n.messages import t
from ..intake.model.statements import digest
from ..intake.store import cases
from ..ledger import row_commitments as binding
from ..ledger.model.entries import EntryType, commitment
from ..ledger.store import held_rows, ledger
from ..notify.notices import notices_to, people
from ..notify.store import outbox
from ..people.acting import acting, approve, claimed
from ..people.model.authority import Act, Scope, roles_for
from ..people.model.people import Person, Role, recipients
from ..people.store import keys
from ..terms import MANUAL_PACK, MANUAL_RULE, CardState, Level
from ..time.instants import local_date, rfc3339
from ..workspace.context import Context
from ..workspace.required_texts import refuse_id_numbers, require_text, text_commitment
from ..workspace.transaction import transaction
from .card_rows import handler_of, input_of, persons_json
from .model import decide as core_cards
from .store import cards

#: Characters of a basis: it is a reference, not a text.
MOST_BASIS = 300
#: In none of these states a card stands in the way of the same one again.
_GONE = (CardState.LIFTED, CardState.CLOSED)


@dataclass(slots=True)
class Given:
    """A card that was given by hand, and the ids of the supervisors who are asked to confirm it."""

    card_no: str
    case_no: str
    level: str
    state: str
    told: list[str] = field(default_factory=list)
    #: True: the same person gave the same card before, nothing was written.
    repeated: bool = False


def issue(
    context: Context,
    case_no: str,
    *,
    level: Level,
    basis: str,
    text: str,
    evidence: Sequence[Attachment] = (),
    dry_run: bool = False,
) -> Given:
    """Give a case a card by hand; it is pending until another supervisor confirms it.

    `basis` is what it rests on: an article, a decision. No scan lifts it or puts another card in
    its place. ConfigurationError where there is no such case, where the same card stands already,
    or where nobody but the issuer could confirm it; NotAllowed where the person may not.
    """
    person = claimed(context)
    require_text(text, t("text", ctx="manual cards"))
    basis = _basis(basis)
    with transaction(context, dry_run=dry_run) as connection:
        case = _case(connection, case_no)
        row = _row(context, connection, case, level, basis, person)
        scope = Scope(
            row["department"] or "",
            row["region"] or "",
            row["item_code"] or "",
            row["handler"] or "",
        )
        acting(context, connection, Act.ISSUE, scope)
        same = _check_new(connection, case, row)
        if same is not None:
            return Given(same.card_no, case_no, level.word, same.state, repeated=True)
        confirmers = _confirmers(context, connection, row)
        salt = context.salt()
        row["salt"] = salt.hex()
        cards.issue(
            connection, [row], context.actor, text=text, evidence=attachments_json(evidence)
        )
        told = text_commitment(context, connection, text)
        rests_on = input_of(case, held_rows.received(connection))
        entries = [_entry(context, rests_on, row, salt, told, evidence)]
        if level > Level.WARNING:
            entries.append(_account(context, connection, row, salt))
        ledger.append(connection, entries)
        approve(
            context,
            connection,
            act=Act.ISSUE,
            subject=f"card:{row['card_no']}",
            decision=level.word,
            ground=digest(row["basis"]),
            text=text,
            evidence=evidence,
            must_sign=False,
        )
        new = notices_to(
            confirmers,
            subject=f"card:{row['card_no']}",
            kind="to_confirm",
            card_no=row["card_no"],
        )
        outbox.add(connection, new, context.now())
    return Given(
        card_no=row["card_no"],
        case_no=case_no,
        level=level.word,
        state=row["state"],
        told=sorted({notice.person_id for notice in new}),
    )


def _basis(basis: str) -> str:
    found = " ".join(basis.split())
    refuse_id_numbers(found)
    if not found or len(found) > MOST_BASIS:
        raise ConfigurationError(
            t("the basis has to have 1 to {most_basis} characters", most_basis=MOST_BASIS),
            t("name the article; say why with --text"),
        )
    return found


def _case(connection: Connection, case_no: str) -> cases.StoredCase:
    case_id = cases.find_case(connection, case_no)
    found = [] if case_id is None else cases.read_cases(connection, [case_id])
    if not found:
        raise ConfigurationError(
            t("there is no case {case_no!r}", case_no=case_no),
            t("effmon cases list --all shows the numbers"),
        )
    return found[0]


def _row(
    context: Context,
    connection: Connection,
    case: cases.StoredCase,
    level: Level,
    basis: str,
    person: str,
) -> dict[str, Any]:
    """The row of the card. It has no limit: it fell due when it was given."""
    fields, now = case.record.fields, context.now()
    number = len(cards.manual_of(connection, case.case_id)) + 1
    subject = core_cards.subject_of(case.record.case_no)
    episode = f"manual:{number}"
    calendar = context.catalogue.calendars.get(case.record.calendar)
    version = "" if calendar is None else calendar.version
    rule = MANUAL_RULE
    return {
        "card_no": core_cards.card_number(subject, rule, episode, level, 0),
        "subject": subject,
        "case_id": case.case_id,
        "case_no": case.record.case_no,
        "rule_id": rule,
        "rule_version": 1,
        "rule_digest": digest(rule, basis),
        "pack": MANUAL_PACK,
        "episode": episode,
        "level": int(level),
        "issue_no": 0,
        "state": str(CardState.PENDING),
        "state_before": None,
        **{name: fields.get(name) for name in ("item_code", "region", "department")},
        "handler": handler_of(case, now),
        **{name: fields.get(name) for name in ("reviewer", "approver")},
        "limit_name": "",
        "limit_amount": None,
        "limit_due_at": None,
        "fell_due_at": now,
        "as_of": now,
        "issued_at": now,
        "elapsed": None,
        "over": None,
        "unit": None,
        "calendar": case.record.calendar,
        "calendar_version": version,
        "stood_under": version,
        "lifted_reason": None,
        "lifted_at": None,
        "issued_by": person,
        "basis": basis,
    }


def _check_new(connection: Connection, case: cases.StoredCase, row: Mapping[str, Any]) -> Any:
    """Refuse what somebody else gave already; the card, where the same person gave it.

    So a command that is given twice gives one card.
    """
    for other in cards.manual_of(connection, case.case_id):
        same = (other.level, other.basis) == (row["level"], row["basis"])
        if same and other.state not in _GONE and other.issued_by == row["issued_by"]:
            return other
        if same and other.state not in _GONE:
            raise ConfigurationError(
                t(
                    "case {case_no} has the same {level} card already: {card_no}",
                    case_no=case.record.case_no,
                    level=say_level(Level(other.level)),
                    card_no=other.card_no,
                ),
                t(
                    "see effmon cards show {card_no}; another matter has another --basis",
                    card_no=other.card_no,
                ),
            )
    return None


def _confirmers(
    context: Context, connection: Connection, row: Mapping[str, Any]
) -> tuple[Person, ...]:
    """The supervisors, or their deputies, who can confirm the card: everybody but its issuer.

    A leader beside the one person who supervises, where they hold a key.
    """
    everybody = people(connection)
    holders = keys.holders(connection)
    others = [one for one in everybody if one.person_id != row["issued_by"]]
    found: dict[Person, None] = {}
    for role in roles_for(Act.CONFIRM, everybody):
        for person in recipients(
            others,
            department=row["department"] or "",
            region=row["region"] or "",
            item_code=row["item_code"] or "",
            roles=(role,),
            on=date.fromisoformat(local_date(context.now(), context.zone)),
        ):
            if role is not Role.LEADER or person.person_id in holders:
                found[person] = None
    if not found:
        raise ConfigurationError(
            t("no other supervisor is there who could confirm the card"),
            t("import another supervisor, or a deputy, first: effmon people import"),
        )
    return tuple(found)


def _entry(
    context: Context,
    rests_on: Mapping[str, object],
    row: Mapping[str, Any],
    salt: bytes,
    text: Mapping[str, str],
    evidence: Sequence[Attachment],
) -> ledger.NewEntry:
    at = rfc3339(context.now(), context.zone)
    return context.entry(
        EntryType.CARD_ISSUED,
        f"{EntryType.CARD_ISSUED}/{row['card_no']}",
        {
            "card": row["card_no"],
            "manual": True,
            "issued_by": row["issued_by"],
            "subject": row["subject"],
            "level": Level(row["level"]).word,
            "issue_no": row["issue_no"],
            "state": row["state"],
            "state_before": None,
            "department": row["department"],
            "basis": {"sha256": digest(row["basis"])},
            "rule": {
                "id": row["rule_id"],
                "version": row["rule_version"],
                "sha256": row["rule_digest"],
                "pack": row["pack"],
            },
            "calendar": {"id": row["calendar"], "sha256": row["calendar_version"]},
            "episode": row["episode"],
            "limit": None,
            "fell_due_at": at,
            "as_of": at,
            "input": rests_on,
            "persons": {"commitment": commitment(salt, persons_json(row))},
            **binding.of_card(row, salt),
            "text": text,
            "evidence": for_ledger(evidence),
        },
    )


def _account(
    context: Context, connection: Connection, row: Mapping[str, Any], salt: bytes
) -> ledger.NewEntry:
    """A record that can be verified or exempted: who had the case; no time was counted."""
    now = context.now()
    holding = Holding(
        stage=None,
        department=row["department"],
        holder=row["handler"],
        since=now,
        until=now,
        held_seconds=0,
        overrun_seconds=0,
    )
    accounts.write(connection, {row["card_no"]: (holding,)}, now)
    return context.entry(
        EntryType.ACCOUNTABILITY_RECORDED,
        f"accountability/{row['card_no']}/issued",
        recorded(row["card_no"], (holding,), as_of=now, zone=context.zone, final=False, salt=salt),
    )
