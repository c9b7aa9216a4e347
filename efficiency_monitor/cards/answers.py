"""What people say to a card: acknowledged, replied, confirmed (docs/contract.md 4)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection

from ..followup.evidence.model import Attachment, attachments_json, for_ledger
from ..followup.ladders import actions as ladders
from ..followup.orders.model import late
from ..i18n.messages import mark, t
from ..ledger.model.entries import EntryType
from ..ledger.store import ledger
from ..people.acting import acting, approvals, approve, claimed, scope_of
from ..people.model.authority import Act
from ..terms import CardState
from ..time.instants import rfc3339
from ..workspace.context import Context
from ..workspace.required_texts import require_text, text_commitment
from .card_states import check_state
from .listing import no_card
from .model import decide as core_cards
from .store import cards


@dataclass(frozen=True, slots=True)
class _Answer:
    """How a card is answered: by which act, from which states, to which one."""

    act: Act
    entry: EntryType
    allowed: tuple[CardState, ...]
    state: CardState
    #: What cannot be done, a marked message.
    what: str


_ANSWERS = {
    "acknowledged": _Answer(
        Act.ACKNOWLEDGE,
        EntryType.CARD_ACKNOWLEDGED,
        (CardState.OPEN,),
        CardState.ACKNOWLEDGED,
        mark("acknowledged", ctx="answers"),
    ),
    "replied": _Answer(
        Act.REPLY,
        EntryType.CARD_REPLIED,
        (CardState.OPEN, CardState.ACKNOWLEDGED, CardState.REPLIED),
        CardState.REPLIED,
        mark("replied", ctx="answers"),
    ),
    "confirmed": _Answer(
        Act.CONFIRM,
        EntryType.CARD_CONFIRMED,
        (CardState.PENDING,),
        CardState.OPEN,
        mark("confirmed", ctx="answers"),
    ),
}


#: States in which what was said to a card stands.
_STANDS = (CardState.OPEN, CardState.ACKNOWLEDGED, CardState.REPLIED, CardState.CLOSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What became of an answer."""

    card_no: str
    #: State that the card takes.
    state: str
    #: Until when a reply is or was due; None where nobody was delivered the card yet.
    reply_due_at: int | None
    #: Whether it is a reply after that instant.
    late: bool = False
    #: True: the same answer of the same person was there already, nothing was written.
    repeated: bool = False
    #: True: a confirmed card of which nobody could be told.
    untold: bool = False

    def as_json(self, zone: str) -> dict[str, object]:
        """For the command line; the deadline as RFC 3339 in that zone."""
        due = self.reply_due_at
        return {**asdict(self), "reply_due_at": None if due is None else rfc3339(due, zone)}


def answer(
    context: Context,
    card_no: str,
    what: str,
    text: str | None,
    evidence: Sequence[Attachment] = (),
) -> Answered:
    """Acknowledge, reply to or confirm a card (`acknowledged`, `replied`, `confirmed`).

    A further reply is added to the former ones; the same answer of the same person again changes
    nothing. A reply after its deadline is taken and marked late. The text stays in the database,
    the ledger holds its digest: it may name persons. ConfigurationError where the card does not
    exist or is not in a state to be answered, NotAllowed where the person of `--as` may not.
    """
    asked = _ANSWERS[what]
    claimed(context)
    if what == "replied" or text is not None:
        require_text(text, t("text"))
    with context.store.writing() as connection:
        row = cards.find(connection, card_no)
        if row is None:
            raise no_card(card_no)
        barred = _barred(connection, row, what)
        # Who confirms a card that a person gave is the second of two.
        second = what == "confirmed" and bool(row.issued_by)
        acting(context, connection, asked.act, scope_of(row), barred, second=second)
        due = cards.reply_deadline(connection, card_no)
        known = cards.entries(connection, card_no)
        same = _same(known, context, what, row.state, text, evidence)
        if same is not None:
            is_late = what == "replied" and late(same.at, due)
            return Answered(
                card_no=card_no, state=row.state, reply_due_at=due, late=is_late, repeated=True
            )
        check_state(connection, row, asked.allowed, what=asked.what)
        if what == "confirmed":
            _approve(context, connection, card_no, text, evidence, barred, second=second)
        now = context.now()
        is_late = what == "replied" and late(now, due)
        happenings = [_said_so(context, card_no, what, text, evidence, asked.state)]
        content: dict[str, object] = {
            "card": card_no,
            "state": str(asked.state),
            "text": None if text is None else text_commitment(context, connection, text),
            "evidence": for_ledger(evidence),
        }
        if what == "replied":
            content["late"] = is_late
        entries = [context.entry(asked.entry, f"{asked.entry}/{card_no}/{len(known)}", content)]
        if what == "confirmed":
            for lower in _superseded(connection, row):
                happenings.append(_gives_way(context, lower, now))
                entries.append(_supersede_entry(context, lower, now))
        cards.happen(connection, happenings)
        ledger.append(connection, entries)
        untold = _tell_ladders(context, connection, card_no, what, happenings, now)
    return Answered(
        card_no=card_no,
        state=str(asked.state),
        reply_due_at=due,
        late=is_late,
        untold=untold,
    )


def _said_so(
    context: Context,
    card_no: str,
    what: str,
    text: str | None,
    evidence: Sequence[Attachment],
    state: CardState,
) -> cards.Happening:
    return cards.Happening(
        card_no=card_no,
        kind=what,
        at=context.now(),
        actor=context.actor,
        text=text,
        evidence=attachments_json(evidence),
        values={"state": str(state)},
    )


def _approve(
    context: Context,
    connection: Connection,
    card_no: str,
    text: str | None,
    evidence: Sequence[Attachment],
    barred: Mapping[str, str],
    *,
    second: bool,
) -> None:
    """Whoever holds a key signs what they confirm: nobody does it by a mere claim of theirs."""
    approve(
        context,
        connection,
        act=Act.CONFIRM,
        subject=f"card:{card_no}",
        decision="confirm",
        text=text,
        evidence=evidence,
        must_sign=False,
        barred=barred,
        second=second,
    )


def _barred(connection: Connection, row: Any, what: str) -> dict[str, str]:
    """Nobody confirms the card that they gave themselves, or that was given in their place."""
    if what != "confirmed" or not row.issued_by:
        return {}
    given = approvals(connection, subject=f"card:{row.card_no}", act=Act.ISSUE)
    voices = {row.issued_by}.union(*(each.voices for each in given))
    return dict.fromkeys(voices, t("gave this card"))


def _same(
    known: Sequence[Any],
    context: Context,
    what: str,
    state: str,
    text: str | None,
    evidence: Sequence[Attachment],
) -> Any:
    """The entry by which the same person has said this already; None: they have not.

    A reply is the same in the same words alone. To acknowledge or to confirm is done once.
    """
    if what == "replied":
        last = known[-1]
        said = (last.kind, last.person, last.text, last.evidence)
        same = said == (what, context.person, text, attachments_json(evidence))
        return last if same else None
    after = _STANDS[_STANDS.index(CardState.ACKNOWLEDGED) :] if what == "acknowledged" else _STANDS
    if state not in after:
        return None
    own = [entry for entry in known if (entry.kind, entry.person) == (what, context.person)]
    return own[-1] if own else None


def _tell_ladders(
    context: Context,
    connection: Connection,
    card_no: str,
    what: str,
    happenings: Sequence[cards.Happening],
    now: int,
) -> bool:
    """Begin the ladder of a confirmed card, hold that of an answered one; is nobody told?"""
    if what != "confirmed":
        ladders.answered(context, connection, card_no, what, now)
        return False
    lower = [each.card_no for each in happenings if each.card_no != card_no]
    if lower:
        ladders.ended(context, connection, lower, str(CardState.SUPERSEDED))
    row = cards.find(connection, card_no)
    assert row is not None
    return bool(ladders.begin(context, connection, [dict(row._mapping)]))


def _superseded(connection: Connection, row: Any) -> list[core_cards.Supersede]:
    """The lower cards of its clock that give way to a card once it is confirmed."""
    known = cards.of_subject(connection, row.subject)
    confirmed = next(card for card in known if card.card_no == row.card_no)
    return core_cards.superseded_by(confirmed, known)


def _gives_way(context: Context, lower: core_cards.Supersede, now: int) -> cards.Happening:
    return cards.Happening(
        card_no=lower.card_no,
        kind="superseded",
        at=now,
        actor=context.actor,
        text=lower.by,
        values={"state": str(CardState.SUPERSEDED), "state_before": str(lower.state_before)},
    )


def _supersede_entry(context: Context, lower: core_cards.Supersede, now: int) -> ledger.NewEntry:
    at = rfc3339(now, context.zone)
    return context.entry(
        EntryType.CARD_SUPERSEDED,
        f"{EntryType.CARD_SUPERSEDED}/{lower.card_no}/{lower.by}",
        {
            "card": lower.card_no,
            "by": lower.by,
            "state_before": str(lower.state_before),
            "as_of": at,
        },
    )
