"""Appeals 申诉 and lifting as values: who may not decide, and what a decision leads to.

A red card is lifted by two persons who say so for the same ground; any other card by one. A
decision that lets the card stand takes one person, also where another has signed to lift it: doubt
leaves the record as it is (ADR 16).
"""

import hashlib
from base64 import b32encode
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from unicodedata import normalize

from ...terms import AppealState, CardState, Level, LiftReason


class Decision(StrEnum):
    """What may be decided on an appeal: 撤销, 打回, 上报."""

    LIFT = "lift"
    RETURN = "return"
    REFER = "refer"


class Step(StrEnum):
    """What a decision leads to."""

    UPHELD = "upheld"
    #: Signed by one; another signature is needed.
    SIGNED = "signed"
    RETURNED = "returned"
    REFERRED = "referred"


class Bar(StrEnum):
    """Why somebody may not decide on a card or its appeal 回避."""

    ISSUED = "issued"
    CONFIRMED = "confirmed"
    NAMED = "named"
    FILED = "filed"
    REFERRED = "referred"
    SIGNED = "signed"


#: States of an appeal that waits to be decided.
WAITING = (AppealState.FILED, AppealState.REFERRED)
#: States of a card that can neither be appealed against nor lifted by hand.
SETTLED_CARDS = (CardState.LIFTED, CardState.HISTORICAL)
#: Why a person may lift a card without an appeal.
BY_HAND = (LiftReason.ISSUED_IN_ERROR, LiftReason.EXEMPTION, LiftReason.NOT_CONFIRMED)


@dataclass(frozen=True, slots=True)
class Signature:
    """A decision that a person has signed; it binds decision and ground."""

    person_id: str
    decision: str
    ground: str | None = None
    #: A leader's beside the one person who supervises: never enough without that person's.
    second: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Who took what part in a card and its appeal; person ids."""

    #: Gave the card by hand.
    issuer: str | None = None
    #: Confirmed it.
    confirmers: Collection[str] = ()
    #: Handler, reviewer or approver on the card.
    named: Collection[str] = ()
    appellant: str | None = None
    #: Referred the appeal upwards.
    referrers: Collection[str] = ()
    #: Signed on it before, in this round or an earlier one.
    signers: Collection[str] = ()


def barred(part: Part) -> dict[str, Bar]:
    """Who may not decide, each with the first reason that holds."""
    found: dict[str, Bar] = {}
    for persons, bar in (
        ((part.issuer,), Bar.ISSUED),
        (part.confirmers, Bar.CONFIRMED),
        (part.named, Bar.NAMED),
        ((part.appellant,), Bar.FILED),
        (part.referrers, Bar.REFERRED),
        (part.signers, Bar.SIGNED),
    ):
        for person in persons:
            if person:
                found.setdefault(person, bar)
    return found


def plain_name(name: str) -> str:
    """A name as it is compared where it decides who withdraws: without blanks, width, capitals.

    One system writes 王五, another 王 五 or 王\u3000五; they are one person to whoever reads it.
    """
    return "".join(normalize("NFKC", name).split()).casefold()


def signatures_needed(level: Level) -> int:
    """How many different persons have to say that a card of this level is lifted."""
    return 2 if level is Level.RED else 1


def agreed(level: Level, signatures: Iterable[Signature], ground: str | None) -> bool:
    """Whether enough different persons have signed to lift a card for one ground."""
    given = [
        signature
        for signature in signatures
        if signature.decision == Decision.LIFT and signature.ground == ground
    ]
    persons = {signature.person_id for signature in given}
    return len(persons) >= signatures_needed(level) and not all(one.second for one in given)


def step(level: Level, signatures: Iterable[Signature], given: Signature) -> Step:
    """What a decision leads to; `signatures` are those of this round before `given`."""
    match Decision(given.decision):
        case Decision.RETURN:
            return Step.RETURNED
        case Decision.REFER:
            return Step.REFERRED
        case Decision.LIFT:
            whole = (*signatures, given)
            return Step.UPHELD if agreed(level, whole, given.ground) else Step.SIGNED


def state_after(reached: Step, state: AppealState) -> AppealState:
    """State of an appeal after a step; a signature alone leaves it where it is."""
    return {
        Step.UPHELD: AppealState.UPHELD,
        Step.RETURNED: AppealState.RETURNED,
        Step.REFERRED: AppealState.REFERRED,
    }.get(reached, state)


def may_lift(state: CardState, reason: LiftReason) -> bool:
    """Whether a card in this state may be lifted by hand for this reason.

    One that waits to be confirmed is refused (`not_confirmed`), any other one was given.
    """
    if state in SETTLED_CARDS or reason not in BY_HAND:
        return False
    return (state is CardState.PENDING) == (reason is LiftReason.NOT_CONFIRMED)


def appeal_number(card_no: str, earlier: int) -> str:
    """Number of an appeal against a card of which there were so many `earlier`."""
    digest = hashlib.sha256(f"appeal\x1f{card_no}\x1f{earlier}".encode()).digest()
    return f"A-{b32encode(digest)[:12].decode()}"
