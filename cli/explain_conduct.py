"""The part of `cases explain` about conduct: what was measured, at which event, against what."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from efficiency_monitor.documents.columns import LEVEL_STYLES, say_value
from efficiency_monitor.i18n.language import (
    say_amount,
    say_level,
    say_lift_reason,
    say_limit,
    say_local,
    say_reading,
    say_reason,
    say_state,
)
from efficiency_monitor.i18n.messages import t

from .explain_days import Document, Naming


class Sheet(Protocol):
    """Where the page is written."""

    def heading(self, text: str) -> str:
        """A line that stands out."""

    def line(self, text: str, style: str = "") -> str:
        """A line of text."""

    def facts(self, pairs: Sequence[tuple[str, str]]) -> Iterable[str]:
        """Names and what is said of them; a pair without a value is left out."""


def offence_part(sheet: Sheet, offence: Document, name: Naming) -> Iterator[str]:
    """What a rule of conduct found: the law, the event, the measure, the result."""
    heading = t("Rule ") + str(offence.get("rule") or "")
    if offence.get("title"):
        heading += "  " + say_value(offence["title"])
    yield "\n" + sheet.heading(heading)
    event = offence.get("event") or {}
    yield from sheet.facts(
        [
            (t("Pack"), str(offence.get("pack") or "")),
            (t("Legal basis"), joined_basis(offence.get("legal_basis"))),
            (
                t("Event", ctx="explain conduct"),
                f"{say_local(event.get('occurred_at'))} {name(str(event.get('type') or ''))}",
            ),
            (t("Recorded"), say_local(event.get("recorded_at"))),
            (t("Due", ctx="explain conduct"), say_local(offence.get("due_at"))),
            (t("Put down to"), _holders(offence.get("holders") or [])),
            (t("Measured"), say_limit(str(offence.get("measure") or ""))),
            (t("Result"), say_amount(offence.get("measured"))),
        ]
    )
    yield "\n"
    for text, style in _result(offence):
        yield sheet.line(text, style)


def _holders(holders: Sequence[Document]) -> str:
    """Stage, organ and person, as far as they are known."""
    told = [
        t(", ", ctx="card").join(
            str(holder[key]) for key in ("stage", "department", "holder") if holder.get(key)
        )
        for holder in holders
    ]
    return t("; ").join(one for one in told if one)


def _result(offence: Document) -> Iterator[tuple[str, str]]:
    """Sentences with their style: each level, whether it is reached, the cards."""
    if offence.get("reason"):
        said = say_reason(str(offence["reason"]))
        yield t("It cannot be judged: {said}.", said=said), "yellow"
    for found in offence.get("levels") or []:
        level = str(found.get("level") or "")
        against = say_amount(found.get("at"))
        told = say_amount(found.get("measured"))
        if not found.get("from"):
            word = t(
                "The {level} level ({against}) is not reached.",
                level=say_level(level),
                against=against,
            )
            yield word, ""
            continue
        at = say_local(found["from"])
        if found.get("reached"):
            word = t(
                "At {at} it was {told}, {against}: {level} card.",
                at=at,
                told=told,
                against=against,
                level=say_level(level),
            )
        else:
            word = t(
                "From {at} on it is {told}, {against}: {level} level.",
                at=at,
                told=told,
                against=against,
                level=say_level(level),
            )
        yield word, LEVEL_STYLES.get(level, "") if found.get("reached") else ""
    for card in offence.get("cards") or []:
        yield from card_sentence(card)


def joined_basis(basis: Any) -> str:
    """Article and what it says, in one text."""
    if isinstance(basis, Mapping):
        said = t(": ").join(str(basis[key]) for key in ("ref", "says") if basis.get(key))
        return said + (f" [{say_reading(basis['reading'])}]" if basis.get("reading") else "")
    if isinstance(basis, list):
        return t("; ").join(joined_basis(one) for one in basis)
    return str(basis or "")


def card_sentence(card: Any) -> Iterator[tuple[str, str]]:
    """A card with its level in words, its number, when it fell due and how it stands."""
    if not isinstance(card, Mapping):
        card = {"level": card}
    level = str(card.get("level", ""))
    told = [say_level(level)]
    if card.get("card_no"):
        told.append(str(card["card_no"]))
    if card.get("fell_due_at"):
        at = say_local(card["fell_due_at"])
        told.append(t("fell due {at}", at=at))
    if card.get("state"):
        told.append(say_state(str(card["state"])))
    if card.get("lifted_reason"):
        told.append(say_lift_reason(str(card["lifted_reason"])))
    yield t("Card: ") + t(", ", ctx="card").join(told), LEVEL_STYLES.get(level, "")
