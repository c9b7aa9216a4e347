"""Who has to withdraw 回避 from a decision on a card: whoever took part in it (ADR 16)."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection

from ..cards.store import cards
from ..followup.accountability import store as accounts
from ..followup.appeals import store
from ..followup.appeals.model import Bar, Part, barred, plain_name
from ..i18n.messages import mark, t
from ..terms import Level
from ..time.instants import local_date
from ..workspace.context import Context
from .acting import approvals
from .model.authority import MAY, Act, roles_for
from .model.people import Person, recipients

_WHY = {
    Bar.ISSUED: mark("gave the card"),
    Bar.CONFIRMED: mark("confirmed the card"),
    Bar.NAMED: mark("is named on the card or held the case"),
    Bar.FILED: mark("filed the appeal"),
    Bar.REFERRED: mark("referred the appeal"),
    Bar.SIGNED: mark("has signed on it before"),
}


def who_withdraws(
    connection: Connection, card: Any, everybody: Sequence[Person], appeal: Any = None
) -> dict[str, str]:
    """The person ids that may not decide, each with the reason in the user's language.

    `card` and `appeal` are rows; without an appeal it is about lifting the card by hand. Cards hold
    names: everybody of such a name withdraws.
    """
    part = Part(
        issuer=card.issued_by,
        confirmers=[
            entry.person or ""
            for entry in cards.entries(connection, card.card_no)
            if entry.kind == "confirmed"
        ],
        named=named_on(connection, card, everybody),
        appellant=None if appeal is None else appeal.filed_by,
        referrers=() if appeal is None else _referrers(connection, appeal),
        signers=() if appeal is None else _earlier_signers(connection, appeal),
    )
    return {person: t(_WHY[bar]) for person, bar in barred(part).items()}


def named_on(connection: Connection, card: Any, everybody: Sequence[Person]) -> list[str]:
    """Ids of the people whom a card names (handler, reviewer, approver) or who held the case."""
    names = {card.handler, card.reviewer, card.approver}
    names |= {part.holder for part in accounts.parts(connection, card.card_no)}
    plain = {plain_name(name) for name in names if name}
    # A source may give ids instead of names.
    known = [
        person.person_id
        for person in everybody
        if not plain.isdisjoint({plain_name(person.name), plain_name(person.person_id)})
    ]
    return sorted({*known, *(name for name in names if name)})


def _referrers(connection: Connection, appeal: Any) -> list[str]:
    return [
        entry.person or ""
        for entry in store.entries(connection, appeal.appeal_no)
        if entry.kind == "referred"
    ]


def act_of(round_no: int) -> Act:
    """What deciding an appeal in this round is: it takes more once it was referred."""
    return Act.DECIDE_REFERRED if round_no else Act.DECIDE_APPEAL


def _earlier_signers(connection: Connection, appeal: Any) -> list[str]:
    """Who signed in rounds before this one: a referral goes to other hands."""
    return sorted(
        {
            voice
            for earlier in range(appeal.round)
            for approval in approvals(
                connection,
                subject=f"appeal:{appeal.appeal_no}",
                act=act_of(earlier),
                round=earlier,
            )
            for voice in approval.voices
        }
    )


def deciders(
    context: Context, everybody: Sequence[Person], card: Any, act: Act, withdraw: Collection[str]
) -> tuple[Person, ...]:
    """Who is told that a decision waits for them: who may do `act` on the card and took no part."""
    left = [person for person in everybody if person.person_id not in withdraw]
    # A second place there is only where two have to sign.
    roles = roles_for(act, everybody) if card.level == Level.RED else MAY[act]
    return recipients(
        left,
        department=card.department or "",
        region=card.region or "",
        item_code=card.item_code or "",
        roles=roles,
        on=date.fromisoformat(local_date(context.now(), context.zone)),
    )
