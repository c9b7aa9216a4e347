"""Lifting 撤销 a card: by an appeal, by hand, by a scan; everything in one transaction (ADR 16)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Connection

from ..faults import ConfigurationError
from ..followup.accountability.actions import exempt_by_lift
from ..followup.appeals import model as core
from ..followup.appeals import store as appeals
from ..followup.evidence.attachments import keep, look
from ..followup.evidence.model import Attachment, attachments_json
from ..followup.ladders import actions as ladders
from ..i18n.language import say_lift_reason, say_state
from ..i18n.messages import t
from ..ledger.model.entries import EntryType
from ..ledger.store import ledger
from ..notify.notices import people
from ..people.acting import Approval, acting, approve, scope_of
from ..people.first_signatures import before
from ..people.model.authority import Act
from ..people.recusal import who_withdraws
from ..terms import CardState, ExemptionGround, Level, LiftReason
from ..time.instants import rfc3339
from ..workspace.context import Context
from ..workspace.required_texts import require_text, text_commitment
from ..workspace.transaction import transaction
from .lift_effects import LiftEffects, aftermath
from .listing import no_card
from .model.decide import Revive, revived_by
from .store import cards

__all__ = ["Lifted", "aftermath", "by_hand", "lift"]
#: Reasons by which a lift exempts whoever the card names, and on which ground.
EXEMPTING: Final = MappingProxyType(
    {
        LiftReason.APPEAL: ExemptionGround.APPEAL_UPHELD,
        LiftReason.CLOCK_ERROR: ExemptionGround.CARD_FELL,
    }
)


@dataclass(slots=True)
class Lifted:
    """What became of a decision to lift a card."""

    card_no: str
    reason: str
    #: False: it waits for another signature.
    lifted: bool
    #: Who has signed for this ground, and how many have to.
    signed_by: list[str]
    needed: int
    #: True: the same person has signed it before, nothing was written.
    repeated: bool = False
    #: Earlier signatures that count no more, one line each.
    lapsed: list[str] = field(default_factory=list)
    followed: LiftEffects = field(default_factory=LiftEffects)

    def as_json(self) -> dict[str, object]:
        """For the command line."""
        return {
            "card_no": self.card_no,
            "reason": self.reason,
            "lifted": self.lifted,
            "signed_by": self.signed_by,
            "needed": self.needed,
            "repeated": self.repeated,
            "lapsed": self.lapsed,
            **followed_json(self.followed),
        }


def followed_json(followed: LiftEffects) -> dict[str, object]:
    """What followed, for the command line."""
    return {
        "revived": followed.revived,
        "told": followed.told,
        "void": len(followed.void),
        "orders_closed": followed.orders,
        "appeals_settled": followed.appeals,
    }


def lift(
    context: Context,
    connection: Connection,
    card_nos: Sequence[str],
    reason: LiftReason,
    text: str | None,
    evidence: Sequence[Attachment] = (),
    more: Mapping[str, object] = MappingProxyType({}),
) -> LiftEffects:
    """Lift cards in the caller's transaction, in this order, and do all that follows.

    Whether the one who acts may do it, and how many have to sign, is the caller's to see to. `more`
    is what each card's entry says beside the reason.
    """
    said = {
        "reason": str(reason),
        "text": None if text is None else text_commitment(context, connection, text),
        **more,
    }
    revived: list[str] = []
    for card_no in card_nos:
        revived += _lift(context, connection, card_no, said, text, evidence)
        if reason in EXEMPTING:
            exempt_by_lift(context, connection, card_no, EXEMPTING[reason])
    followed = aftermath(context, connection, card_nos, reason)
    followed.revived = [each for each in revived if each not in card_nos]
    if followed.revived:
        ladders.begin(context, connection, cards.rows_of(connection, followed.revived))
    return followed


def _lift(
    context: Context,
    connection: Connection,
    card_no: str,
    said: Mapping[str, object],
    text: str | None,
    evidence: Sequence[Attachment],
) -> list[str]:
    """Rows and entries of one lift; the lower cards that stand again."""
    row = cards.find(connection, card_no)
    if row is None:
        raise no_card(card_no)
    now = context.now()
    at = rfc3339(now, context.zone)
    revived = revived_by(card_no, cards.of_subject(connection, row.subject))
    happenings = [
        cards.Happening(
            card_no=card_no,
            kind="lifted",
            at=now,
            actor=context.actor,
            text=text,
            evidence=attachments_json(evidence),
            values={
                "state": str(CardState.LIFTED),
                "lifted_reason": said["reason"],
                "lifted_at": now,
            },
        )
    ]
    entries = [
        context.entry(
            EntryType.CARD_LIFTED,
            f"{EntryType.CARD_LIFTED}/{card_no}",
            {
                "card": card_no,
                **said,
                "lifted_at": at,
                "as_of": at,
            },
        )
    ]
    for each in revived:
        happenings.append(_stands_again(context, each, card_no))
        entries.append(
            context.entry(
                EntryType.CARD_REVIVED,
                f"{EntryType.CARD_REVIVED}/{each.card_no}/{card_no}",
                {"card": each.card_no, "state": str(each.state), "by": card_no, "as_of": at},
            )
        )
    cards.happen(connection, happenings)
    ledger.append(connection, entries)
    return [each.card_no for each in revived]


def _stands_again(context: Context, revived: Revive, lifted: str) -> cards.Happening:
    return cards.Happening(
        card_no=revived.card_no,
        kind="revived",
        at=context.now(),
        actor=context.actor,
        text=lifted,
        values={"state": str(revived.state), "state_before": None},
    )


def by_hand(
    context: Context,
    card_no: str,
    reason: LiftReason,
    text: str | None,
    attach: Sequence[Path] = (),
    *,
    dry_run: bool = False,
) -> Lifted:
    """Lift a card without an appeal, or sign that it be lifted: a red one takes two persons.

    `dry_run`: what would follow, also what would once another person has signed; nothing is
    written. Given again by who has signed it, nothing is written. ConfigurationError where the card
    cannot be lifted for this reason or an appeal waits; NotAllowed where the person may not, or an
    earlier signature does not hold.
    """
    why = require_text(text, t("reason for lifting it"))
    evidence = look(attach) if dry_run else keep(context, attach)
    with transaction(context, dry_run=dry_run) as connection:
        row = cards.find(connection, card_no)
        if row is None:
            raise no_card(card_no)
        withdraw = who_withdraws(connection, row, people(connection))
        level = Level(row.level)
        needed = core.signatures_needed(level)
        person = acting(context, connection, Act.LIFT, scope_of(row), withdraw, second=needed > 1)
        subject = f"card:{card_no}"
        known = before(context, connection, act=Act.LIFT, subject=subject, scope=scope_of(row))
        repeated = known.by(person, str(core.Decision.LIFT), str(reason)) is not None
        # Lifted meanwhile for another reason: what was signed did not come to stand.
        repeated &= row.state != CardState.LIFTED or row.lifted_reason == str(reason)
        if not repeated:
            _check(connection, row, reason)
            given = approve(
                context,
                connection,
                act=Act.LIFT,
                subject=subject,
                decision=str(core.Decision.LIFT),
                ground=str(reason),
                text=why,
                evidence=evidence,
                must_sign=level is Level.RED,
                barred=withdraw,
                second=needed > 1,
            )
            known.given.append(given)
        signatures = signatures_of(known.given)
        done = Lifted(
            card_no=card_no,
            reason=str(reason),
            lifted=row.state == CardState.LIFTED or core.agreed(level, signatures, str(reason)),
            signed_by=[each.person_id for each in signatures if each.ground == str(reason)],
            needed=needed,
            repeated=repeated,
            lapsed=known.lapsed,
        )
        if repeated:
            return done
        if done.lifted:
            done.followed = lift(context, connection, [card_no], reason, why, evidence)
        else:
            cards.happen(connection, [_signed(context, card_no, reason, why, evidence)])
        if dry_run and not done.lifted:
            done.followed = lift(context, connection, [card_no], reason, why)
    return done


def signatures_of(given: Sequence[Approval]) -> list[core.Signature]:
    """Approvals as what is counted."""
    return [
        core.Signature(one.person_id, one.decision, one.ground, second=one.second) for one in given
    ]


def _check(connection: Connection, row: Any, reason: LiftReason) -> None:
    """Refuse what cannot be lifted by hand, and say what can be done instead."""
    card_no = row.card_no
    waiting = appeals.waiting_for(connection, [card_no])
    if waiting:
        number = waiting[0].appeal_no
        raise ConfigurationError(
            t("the appeal {number} against {card_no} waits", number=number, card_no=card_no),
            t(
                "decide it: effmon appeals decide {number} --decision lift|return|refer",
                number=number,
            ),
        )
    state = CardState(row.state)
    if core.may_lift(state, reason):
        return
    possible = [other for other in core.BY_HAND if core.may_lift(state, other)]
    hint = t("lifted and historical cards cannot be lifted")
    if possible:
        words = ", ".join(possible)
        hint = t("in this state: --reason {words}", words=words)
    raise ConfigurationError(
        t(
            "card {card_no} is {state}: it cannot be lifted as {reason}",
            card_no=card_no,
            state=state,
            reason=reason,
            state_2=say_state(state),
            reason_2=say_lift_reason(reason),
        ),
        hint,
    )


def _signed(
    context: Context, card_no: str, reason: LiftReason, text: str, evidence: Sequence[Attachment]
) -> cards.Happening:
    return cards.Happening(
        card_no=card_no,
        kind="lift_signed",
        at=context.now(),
        actor=context.actor,
        text=f"{reason}: {text}",
        evidence=attachments_json(evidence),
        values={},
    )
