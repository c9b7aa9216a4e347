"""What a notice says: what happened, what is asked of whom it reaches, and the command for it.

Every kind of notice has its sentence here, in the language that is being spoken. A notice holds
numbers and instants, and no person's name; what people wrote stays in the database.
"""

from collections.abc import Callable, Mapping
from typing import Final

from efficiency_monitor.i18n.language import say_amount, say_lift_reason
from efficiency_monitor.i18n.messages import t
from efficiency_monitor.terms import AlarmKind, ExemptionGround

from .matter import Matter, field, notes_of
from .plain import plain_line

#: Of a note; the signature of a key of another kind may be long.
_LONGEST_LINE: Final = 400


def sentence(matter: Matter) -> str:
    """What happened and what is asked, in a line; a kind that is not known says its name."""
    found = _SENTENCES.get(matter.name)
    if found is None:
        kind = field(matter.kind)
        return t("Please look at it ({kind}).", kind=kind)
    return found(matter)


def _answer(card: str) -> str:
    return t(
        "Acknowledge and answer it: effmon cards acknowledge {card}; effmon cards reply {card}",
        card=card,
    )


def _issued(matter: Matter) -> str:
    card = matter.card or matter.own
    return t("The time to answer runs from delivery. ") + _answer(card)


def _to_confirm(matter: Matter) -> str:
    card = matter.card or matter.own
    return t(
        "This card waits for confirmation. Check and confirm it: effmon cards confirm {card}; or "
        "refuse it: effmon cards lift {card} --reason not_confirmed",
        card=card,
    )


def _step(matter: Matter) -> str:
    card, since = matter.card or matter.own, matter.when("since")
    step, turn = matter.number(1) or matter.of("step"), matter.number(2) or matter.of("turn")
    again = t(", reminder {turn}", turn=turn) if turn not in ("", "1") else ""
    waited = (
        t("Nothing has been done since it was delivered on {since}", since=since)
        if since
        else t("Nothing has been done")
    )
    return t(
        "{waited}: this is step {step} of the ladder{again}. See to it that it is answered: "
        "effmon cards show {card}",
        waited=waited,
        step=step,
        again=again,
        card=card,
    )


def _unanswered(matter: Matter) -> str:
    card, due = matter.card or matter.own, matter.when("reply_due_at")
    return t(
        "The time to answer ended{which} without an answer. See to it: effmon cards show {card}; "
        "or open an order: effmon orders open {card}",
        which=f" on {due}" if due else "",
        card=card,
        which_2=f" {due} " if due else "",
    )


def _revived(matter: Matter) -> str:
    by = matter.of("by")
    return t(
        "The higher card{which} was lifted: this one stands again. ",
        which=f" {by}" if by else "",
        which_2=f" {by} " if by else "",
    ) + _answer(matter.card or matter.own)


def _lifted(matter: Matter) -> str:
    reason = say_lift_reason(matter.of("reason"))
    why = t(" ({reason})", reason=reason) if reason else ""
    return t("This card has been lifted{why}: nothing is to be done any more.", why=why)


def _closed(matter: Matter) -> str:
    return t("This card is closed: nothing is to be done any more.")


def _reply_by(matter: Matter) -> str:
    """Until when an order is answered: an instant, or an amount from delivery, or nothing."""
    due, within = matter.when("reply_due_at"), matter.of("reply_within")
    if due:
        return t("Answer it by {due}", due=due)
    if within:
        amount = say_amount(within)
        return t("Answer it within {amount} of delivery", amount=amount)
    return t("Answer it")


def _round(matter: Matter) -> str:
    number = matter.number(1) or matter.of("round")
    return t(" (round {number})", number=number) if number not in ("", "1") else ""


def _order_opened(matter: Matter) -> str:
    return t("A supervision order was opened. ") + _reply_command(matter)


def _order_returned(matter: Matter) -> str:
    said = t("The answer was not accepted{matter}. ", matter=_round(matter))
    return said + _reply_command(matter)


def _reply_command(matter: Matter) -> str:
    return f"{_reply_by(matter)}{t(': ')}effmon orders reply {matter.own}"


def _order_replied(matter: Matter) -> str:
    order = matter.own
    return t(
        "The department has answered{matter}. Examine it, then close it: effmon orders close "
        "{order}; or return it: effmon orders return {order}",
        matter=_round(matter),
        order=order,
    )


def _order_overdue(matter: Matter) -> str:
    order, due = matter.own, matter.when("reply_due_at")
    return t(
        "The time to answer ended{which} without an answer{matter}. Answer it at once: effmon "
        "orders reply {order}",
        which=f" on {due}" if due else "",
        matter=_round(matter),
        order=order,
        which_2=f" {due} " if due else "",
    )


def _order_closed(matter: Matter) -> str:
    if matter.of("result") == "cards_lifted":
        return t("All its cards were lifted: it is closed, nothing is to be done any more.")
    return t("It is closed: nothing is to be done any more.")


def _decide(matter: Matter) -> str:
    due = matter.when("decide_by")
    if not due:
        return t(
            "To be decided by somebody who took no part: effmon appeals decide {own}",
            own=matter.own,
        )
    return t(
        "To be decided by {due} by somebody who took no part: effmon appeals decide {own}",
        due=due,
        own=matter.own,
    )


def _appeal_filed(matter: Matter) -> str:
    return t("An appeal against this card was filed. ") + _decide(matter)


def _appeal_signed(matter: Matter) -> str:
    return t(
        "One person has signed to lift this card; a red one takes a second person's signature. "
    ) + _decide(matter)


def _appeal_referred(matter: Matter) -> str:
    return t("The appeal was referred upwards. ") + _decide(matter)


def _appeal_overdue(matter: Matter) -> str:
    due = matter.when("decide_by")
    return t(
        "The time to decide it ended{which}. Decide it at once: effmon appeals decide {own}",
        which=f" on {due}" if due else "",
        own=matter.own,
        which_2=f" {due} " if due else "",
    )


def _appeal_returned(matter: Matter) -> str:
    return t(
        "The appeal was not upheld: the card stands. For the reason: effmon appeals show {own}",
        own=matter.own,
    )


def _appeal_upheld(matter: Matter) -> str:
    return t(
        "The appeal was upheld: the card is lifted, nothing is to be done any more. For the "
        "reason: effmon appeals show {own}",
        own=matter.own,
    )


def _alarm(matter: Matter) -> str:
    kind, number = matter.of("about").partition(":")[::2]
    due = matter.when("due_at")
    look = f"effmon {'orders' if kind == 'order' else 'cards'} show {number or matter.card}"
    if matter.of("kind") == AlarmKind.ORDER_OPEN:
        return t(
            "Order {number} is still open{which}. Look into it: {look}",
            number=number,
            which=t(" after {due}", due=due) if due else "",
            look=look,
        )
    return t(
        "The supervisor has not followed up card {number}{which}. Look into it: {look}",
        number=number,
        which=t(" by {due}", due=due) if due else "",
        look=look,
    )


def _ground(matter: Matter) -> str:
    names = {
        ExemptionGround.FALSE_MATERIAL: t("false material"),
        ExemptionGround.FORCE_MAJEURE: t("force majeure"),
        ExemptionGround.SELF_CORRECTED: t("corrected by themselves"),
        ExemptionGround.APPEAL_UPHELD: t("appeal upheld"),
        ExemptionGround.CARD_FELL: t("the card fell by evidence"),
    }
    code = matter.of("ground")
    said = names.get(ExemptionGround(code), code) if code in set(ExemptionGround) else code
    return t(" ({said})", said=said) if said else ""


def _exemption_asked(matter: Matter) -> str:
    card = matter.card or matter.own
    command = f"effmon accountability exempt {card} --decision"
    return t(
        "An exemption is asked for{matter}; another person decides: {command} approve; {command} "
        "refuse",
        matter=_ground(matter),
        command=command,
    )


def _exempted(matter: Matter) -> str:
    card = matter.card or matter.own
    return t(
        "An exemption was granted{matter}. See: effmon accountability show {card}",
        matter=_ground(matter),
        card=card,
    )


def _key_enrolled(matter: Matter) -> str:
    return t(
        "A personal signing key was enrolled. If you know nothing of it, revoke it at once: "
        "effmon people key revoke {own}",
        own=matter.own,
    )


def _key_revoked(matter: Matter) -> str:
    return t(
        "A personal signing key was revoked: it signs nothing any more. See: effmon people key list"
    )


def _key_revoke_asked(matter: Matter) -> str:
    return t(
        "A holder asks that a personal signing key be revoked, which takes a second holder's "
        "signature by the same command: effmon people key revoke {own}. If it is the one who asks "
        "whose key may be stolen, revoke that one",
        own=matter.own,
    )


def _checkpoint(matter: Matter) -> str:
    notes = [text for _, text in notes_of(matter.about)]
    said = t(
        "Keep it unchanged and compare it each month: effmon ledger compare FILE.note. As it was "
        "signed:"
    )
    lines = [line for text in notes for line in text.split("\n") if line]
    return "\n   ".join([said, *(plain_line(line, longest=_LONGEST_LINE) for line in lines)])


_SENTENCES: Final[Mapping[str, Callable[[Matter], str]]] = {
    "issued": _issued,
    "to_confirm": _to_confirm,
    "step": _step,
    "unanswered": _unanswered,
    "revived": _revived,
    "lifted": _lifted,
    "closed": _closed,
    "order_opened": _order_opened,
    "order_returned": _order_returned,
    "order_replied": _order_replied,
    "order_overdue": _order_overdue,
    "order_closed": _order_closed,
    "appeal_filed": _appeal_filed,
    "appeal_signed": _appeal_signed,
    "appeal_referred": _appeal_referred,
    "appeal_returned": _appeal_returned,
    "appeal_upheld": _appeal_upheld,
    "appeal_overdue": _appeal_overdue,
    "alarm": _alarm,
    "exemption_asked": _exemption_asked,
    "exempted": _exempted,
    "key_enrolled": _key_enrolled,
    "key_revoked": _key_revoked,
    "key_revoke_asked": _key_revoke_asked,
    "checkpoint": _checkpoint,
}
#: Kinds that have a sentence.
KINDS: Final = tuple(_SENTENCES)
