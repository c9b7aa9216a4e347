"""Appeals 申诉: filed by the department, decided by somebody who took no part in the card."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from ...cards.lift_effects import LiftEffects, end_asking
from ...cards.lifting import followed_json, lift, signatures_of
from ...cards.listing import no_card
from ...cards.store import cards
from ...faults import ConfigurationError
from ...i18n.language import say_appeal_state, say_state
from ...i18n.messages import t
from ...ledger import row_commitments as binding
from ...ledger.model.entries import EntryType
from ...ledger.store import ledger
from ...notify.notices import nth, people
from ...people.acting import acting, approvals, approve, claimed, scope_of
from ...people.first_signatures import before
from ...people.model.authority import Act
from ...people.proof import proof_of
from ...people.recusal import act_of, who_withdraws
from ...terms import AppealState, CardState, Level, LiftReason
from ...time.instants import rfc3339
from ...workspace.context import Context
from ...workspace.required_texts import require_text, text_commitment
from ...workspace.transaction import transaction
from ..evidence.attachments import keep, look
from ..evidence.model import Attachment, attachments_json, for_ledger
from . import model as core
from . import store
from .dates import decide_by, is_late
from .notices import nobody, tell

#: What an upheld appeal lifts its card for.
GROUND = str(LiftReason.APPEAL)


@dataclass(slots=True)
class Filed:
    """An appeal that was filed."""

    appeal_no: str
    late: bool
    decide_by: int
    #: Who was told that it waits; nobody: nobody may decide it.
    told: list[str]
    #: True: the same appeal of the same person waits already, nothing was written.
    repeated: bool = False

    def as_json(self, zone: str) -> dict[str, object]:
        """For the command line; the deadline as RFC 3339 in that zone."""
        return {**asdict(self), "decide_by": rfc3339(self.decide_by, zone)}


@dataclass(slots=True)
class Decided:
    """What a decision on an appeal led to."""

    appeal_no: str
    card_no: str
    step: core.Step
    #: Who has signed to lift the card in this round, and how many have to.
    signed_by: list[str]
    needed: int
    #: Person ids that are told of the decision itself.
    told: list[str]
    #: True: the same person has decided so before, nothing was written.
    repeated: bool = False
    #: Earlier signatures that count no more, one line each.
    lapsed: list[str] = field(default_factory=list)
    followed: LiftEffects = field(default_factory=LiftEffects)

    def as_json(self) -> dict[str, object]:
        """For the command line."""
        shown = followed_json(self.followed)
        shown["told"] = sorted({*self.told, *self.followed.told})
        return {
            "appeal_no": self.appeal_no,
            "card_no": self.card_no,
            "result": str(self.step),
            "signed_by": self.signed_by,
            "needed": self.needed,
            "repeated": self.repeated,
            "lapsed": self.lapsed,
            **shown,
        }


def file(context: Context, card_no: str, text: str | None, attach: Sequence[Path] = ()) -> Filed:
    """File an appeal against a card; it waits for a supervisor who took no part in the card.

    ConfigurationError where the card does not exist, is lifted or historical, or an appeal against
    it waits already; NotAllowed where the person is not of its department.
    """
    grounds = require_text(text, t("reason of the appeal"))
    evidence = keep(context, attach)
    with context.store.writing() as connection:
        card = cards.find(connection, card_no)
        if card is None:
            raise no_card(card_no)
        person_id = acting(context, connection, Act.FILE_APPEAL, scope_of(card))
        earlier = store.of_card(connection, card_no)
        if (same := _same(earlier, person_id, grounds)) is not None:
            late = is_late(context, card, store.first_delivered(connection, card_no), same.filed_at)
            return Filed(same.appeal_no, late, same.decide_by, [], repeated=True)
        _check_card(card, earlier)
        now = context.now()
        number = core.appeal_number(card_no, len(earlier))
        late = is_late(context, card, store.first_delivered(connection, card_no), now)
        until = decide_by(context, card, now)
        store.add(
            connection,
            appeal_no=number,
            card_no=card_no,
            filed_by=person_id,
            filed_at=now,
            text=grounds,
            state=str(AppealState.FILED),
            round=0,
            decide_by=until,
        )
        appeal = store.find(connection, number)
        _happened(context, connection, appeal, "filed", grounds, evidence, {"late": late})
        told = tell(context, connection, card, appeal, "appeal_filed", ask=True)
        if not told:
            nobody(context, connection, appeal)
        tell(context, connection, card, appeal, "appeal_filed", ask=False)
    return Filed(appeal_no=number, late=late, decide_by=until, told=told)


def _same(earlier: Sequence[Any], person_id: str, text: str) -> Any:
    """The appeal that waits, where this very person filed it in these very words."""
    for appeal in earlier:
        said = (appeal.filed_by, appeal.text)
        if appeal.state in core.WAITING and said == (person_id, text):
            return appeal
    return None


def _check_card(card: Any, earlier: Sequence[Any]) -> None:
    """Refuse an appeal against a card that does not stand, or a second one beside the first."""
    waiting = [appeal for appeal in earlier if appeal.state in core.WAITING]
    if waiting:
        number = waiting[0].appeal_no
        raise ConfigurationError(
            t(
                "the appeal {number} against {card_no} waits to be decided already",
                number=number,
                card_no=card.card_no,
            ),
            t("see: effmon appeals show {number}", number=number),
        )
    if CardState(card.state) in core.SETTLED_CARDS:
        raise ConfigurationError(
            t(
                "card {card_no} is {state}: there is nothing to appeal against",
                card_no=card.card_no,
                state=card.state,
                state_2=say_state(card.state),
            ),
            t("appeals are against cards that were not lifted"),
        )


def decide(
    context: Context,
    appeal_no: str,
    decision: core.Decision,
    text: str | None,
    attach: Sequence[Path] = (),
    *,
    dry_run: bool = False,
) -> Decided:
    """Decide an appeal, or sign that the card be lifted: a red one takes two persons.

    `dry_run`: what would follow, also what would once another person has signed; nothing is
    written. Given again by who has decided so, nothing is written. ConfigurationError where there
    is no such appeal or it is decided otherwise; NotAllowed where the person may not, or withdraws,
    or an earlier signature does not hold.
    """
    why = require_text(text, t("reason of the decision"))
    evidence = look(attach) if dry_run else keep(context, attach)
    with transaction(context, dry_run=dry_run) as connection:
        appeal = store.find(connection, appeal_no)
        if appeal is None:
            raise no_appeal(appeal_no)
        card = cards.find(connection, appeal.card_no)
        assert card is not None  # a foreign key holds it
        again = _again(context, connection, card, appeal, decision)
        if again is not None:
            return again
        if appeal.state not in core.WAITING:
            raise _decided_already(appeal)
        withdraw = who_withdraws(connection, card, people(connection), appeal)
        act = act_of(appeal.round)
        lifts = decision is core.Decision.LIFT
        level = Level(card.level)
        red = lifts and level is Level.RED
        acting(context, connection, act, scope_of(card), withdraw, second=red)
        what: dict[str, Any] = {
            "act": act, "subject": f"appeal:{appeal_no}", "round": appeal.round,
        }  # fmt: skip
        known = before(context, connection, **what, scope=scope_of(card))
        given = approve(
            context,
            connection,
            **what,
            decision=str(decision),
            ground=GROUND if lifts else None,
            text=why,
            evidence=evidence,
            must_sign=red,
            barred=withdraw,
            second=red,
        )
        *signed_before, signature = signatures_of([*known.given, given])
        step = core.step(level, signed_before, signature)
        signed = [
            each for each in (*signed_before, signature) if each.decision == core.Decision.LIFT
        ]
        done = Decided(
            appeal_no=appeal_no,
            card_no=card.card_no,
            step=step,
            signed_by=[each.person_id for each in signed],
            needed=core.signatures_needed(level),
            told=[],
            lapsed=known.lapsed,
        )
        _STEPS[step](context, connection, card, appeal, (why, evidence), done)
        if dry_run and step is core.Step.SIGNED:
            done.followed = lift(context, connection, [card.card_no], LiftReason.APPEAL, why)
    return done


def _again(
    context: Context, connection: Connection, card: Any, appeal: Any, decision: core.Decision
) -> Decided | None:
    """What stands, where the same person has decided so already: in this round or the last one."""
    subject, person = f"appeal:{appeal.appeal_no}", claimed(context)
    ground = GROUND if decision is core.Decision.LIFT else None
    rounds = [appeal.round]
    if decision is core.Decision.REFER and appeal.round:
        rounds = [appeal.round - 1]
    for turn in rounds:
        act = act_of(turn)
        given = [
            one
            for one in approvals(connection, subject=subject, act=act, round=turn)
            if (one.decision, one.ground) == (str(decision), ground)
        ]
        if all(one.person_id != person for one in given):
            continue
        proof_of(context, connection, act, person)
        step = {
            core.Decision.RETURN: core.Step.RETURNED,
            core.Decision.REFER: core.Step.REFERRED,
            core.Decision.LIFT: core.Step.UPHELD
            if appeal.state == AppealState.UPHELD
            else core.Step.SIGNED,
        }[decision]
        return Decided(
            appeal_no=appeal.appeal_no,
            card_no=card.card_no,
            step=step,
            signed_by=[one.person_id for one in given] if ground else [],
            needed=core.signatures_needed(Level(card.level)),
            told=[],
            repeated=True,
        )
    return None


#: Why somebody decides, and what they hand in with it.
_Why = tuple[str, Sequence[Attachment]]


def _upheld(
    context: Context, connection: Connection, card: Any, appeal: Any, why: _Why, done: Decided
) -> None:
    """The card is lifted with all that follows, in the transaction that upholds the appeal."""
    _end(context, connection, appeal, AppealState.UPHELD, why)
    done.followed = lift(
        context, connection, [card.card_no], LiftReason.APPEAL, why[0], evidence=why[1]
    )
    done.told = tell(context, connection, card, appeal, "appeal_upheld", ask=False)


def _returned(
    context: Context, connection: Connection, card: Any, appeal: Any, why: _Why, done: Decided
) -> None:
    """The card stands; the appellant is told."""
    _end(context, connection, appeal, AppealState.RETURNED, why)
    done.told = tell(context, connection, card, appeal, "appeal_returned", ask=False)


def _signed(
    context: Context, connection: Connection, card: Any, appeal: Any, why: _Why, done: Decided
) -> None:
    """One has signed; those who may be the second are told."""
    _happened(context, connection, appeal, "signed", *why)
    kind = f"appeal_signed:{appeal.round}"
    done.told = tell(context, connection, card, appeal, kind, ask=True)
    if not done.told:
        nobody(context, connection, appeal)


def _referred(
    context: Context, connection: Connection, card: Any, appeal: Any, why: _Why, done: Decided
) -> None:
    """It goes to other hands; refused where there are none, so that it does not lie for ever."""
    end_asking(context, connection, appeal, "referred")
    store.change(
        connection,
        appeal.appeal_no,
        state=str(AppealState.REFERRED),
        round=appeal.round + 1,
        overdue_told_at=None,
    )
    _happened(context, connection, appeal, "referred", *why, {"round": appeal.round + 1})
    further = store.find(connection, appeal.appeal_no)
    done.told = tell(
        context, connection, card, further, f"appeal_referred:{appeal.round + 1}", ask=True
    )
    if not done.told:
        raise ConfigurationError(
            t("nobody else is there who may decide this appeal"),
            t("lift or return it, or first import a leader: effmon people import"),
        )


_STEPS = {
    core.Step.UPHELD: _upheld,
    core.Step.RETURNED: _returned,
    core.Step.SIGNED: _signed,
    core.Step.REFERRED: _referred,
}


def _end(
    context: Context, connection: Connection, appeal: Any, state: AppealState, why: _Why
) -> None:
    store.change(connection, appeal.appeal_no, state=str(state), decided_at=context.now())
    _happened(context, connection, appeal, str(state), *why)
    end_asking(context, connection, appeal, str(state))


_ENTRIES = {
    "filed": EntryType.APPEAL_FILED,
    "referred": EntryType.APPEAL_REFERRED,
    "returned": EntryType.APPEAL_RETURNED,
    "upheld": EntryType.APPEAL_UPHELD,
}


def _happened(
    context: Context,
    connection: Connection,
    appeal: Any,
    kind: str,
    text: str,
    evidence: Sequence[Attachment],
    more: Mapping[str, object] | None = None,
) -> None:
    """An entry of the appeal and one of the ledger; a signature has its approval's already.

    The appeal's row has been brought up to it; `appeal` is as it was before.
    """
    store.happened(
        connection,
        appeal.appeal_no,
        kind,
        context.now(),
        context.actor,
        text=text,
        evidence=attachments_json(evidence),
    )
    if kind not in _ENTRIES:
        return
    ledger.append(
        connection,
        [
            context.entry(
                _ENTRIES[kind],
                f"{_ENTRIES[kind]}/{appeal.appeal_no}/{appeal.round}",
                {
                    "appeal": appeal.appeal_no,
                    "card": appeal.card_no,
                    "text": text_commitment(context, connection, text),
                    "evidence": for_ledger(evidence),
                    "decide_by": rfc3339(appeal.decide_by, context.zone),
                    **(more or {}),
                    **binding.row_commitment(context, connection, "appeal", appeal.appeal_no),
                },
            )
        ],
    )


def overdue(context: Context) -> list[str]:
    """Tell those who may decide of each appeal that should have been decided; once a round.

    Appeals that found nobody are tried again: a supervisor may have been imported since.
    """
    now = context.now()
    with context.store.reading() as connection:
        if not store.overdue(connection, now) and not store.untold(connection):
            return []
    with context.store.writing() as connection:
        for appeal in store.untold(connection):
            card = cards.find(connection, appeal.card_no)
            asked = f"appeal_referred:{appeal.round}" if appeal.round else "appeal_filed"
            tell(context, connection, card, appeal, asked, ask=True)
        found = store.overdue(connection, now)
        for appeal in found:
            card = cards.find(connection, appeal.card_no)
            times = store.times_overdue(connection, appeal.appeal_no) + 1
            kind = nth(f"appeal_overdue:{appeal.round}", times)
            told = tell(context, connection, card, appeal, kind, ask=True)
            if not told:
                nobody(context, connection, appeal)
            store.change(connection, appeal.appeal_no, overdue_told_at=now)
            store.happened(connection, appeal.appeal_no, "overdue", now, context.actor)
    return [appeal.appeal_no for appeal in found]


def no_appeal(appeal_no: str) -> ConfigurationError:
    """The fault of an appeal's number that nobody knows."""
    return ConfigurationError(
        t("there is no appeal {appeal_no!r}", appeal_no=appeal_no),
        t("see effmon appeals list --state all"),
    )


def _decided_already(appeal: Any) -> ConfigurationError:
    return ConfigurationError(
        t(
            "the appeal {appeal_no} is decided: {state}",
            appeal_no=appeal.appeal_no,
            state=appeal.state,
            state_2=say_appeal_state(appeal.state),
        ),
        t("see: effmon appeals show {appeal_no}", appeal_no=appeal.appeal_no),
    )
