"""One card's accountability record as it stands, and what may not be done with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.engine import Row

from ...cards.listing import no_card
from ...cards.store import cards
from ...faults import ConfigurationError
from ...i18n.act_words import say_account_status
from ...i18n.messages import t
from ...notify.notices import people
from ...people.recusal import named_on
from ...rules.measures import proposals
from ...terms import AccountStatus, CardState, Level
from ...workspace.context import Context
from . import store as accounts


@dataclass(frozen=True, slots=True)
class Record:
    """A card's record as it stands, inside a transaction."""

    card: Row[Any]
    status: AccountStatus
    entries: Sequence[Row[Any]]

    @property
    def subject(self) -> str:
        """What notices and approvals call it."""
        return f"account:{self.card.card_no}"

    @property
    def asked(self) -> Row[Any] | None:
        """The exemption that waits to be decided, if any."""
        kinds = ("exemption_asked", "exemption_refused", "exempted")
        last = [entry for entry in self.entries if entry.kind in kinds][-1:]
        return last[0] if last and last[0].kind == "exemption_asked" else None

    @property
    def asks(self) -> int:
        """How often an exemption was asked for."""
        return sum(entry.kind == "exemption_asked" for entry in self.entries)


def find_record(connection: Connection, card_no: str, *, lifted: bool = False) -> Record:
    """The record of a card; ConfigurationError where there is none.

    Also where the card was lifted, unless `lifted` ones may be looked at.
    """
    card = cards.find(connection, card_no)
    if card is None:
        raise no_card(card_no)
    status = accounts.status_of(connection, card_no)
    if status is None:
        raise ConfigurationError(
            t("{card_no} has no accountability record", card_no=card_no),
            t("only yellow and red cards have one, historical cards have none"),
        )
    if card.state == CardState.LIFTED and not lifted:
        raise ConfigurationError(
            t("{card_no} was lifted: nobody is accountable for it", card_no=card_no),
            t("see effmon cards show {card_no}", card_no=card_no),
        )
    return Record(card, status, accounts.entries(connection, card_no))


def expect(record: Record, allowed: Sequence[AccountStatus], what: str) -> None:
    if record.status in allowed:
        return
    words = t(", ").join(say_account_status(status) for status in allowed)
    raise ConfigurationError(
        t(
            "the record of {card_no} is {status}: it cannot {what}",
            card_no=record.card.card_no,
            status=say_account_status(record.status),
            what=what,
        ),
        t("possible for records {words}", words=words),
    )


def waits(card_no: str) -> ConfigurationError:
    return ConfigurationError(
        t("an exemption of {card_no} waits to be decided", card_no=card_no),
        t(
            "another person decides: effmon accountability exempt {card_no} --decision approve",
            card_no=card_no,
        ),
    )


def check_measure(context: Context, record: Record, measure_id: str) -> None:
    known = context.catalogue.measures
    allowed = proposals(known, Level(record.card.level))
    ids = ", ".join(measure.id for measure in allowed)
    if all(measure.id != measure_id for measure in allowed):
        level = Level(record.card.level).word
        elsewhere = any(measure.id == measure_id for measure in known)
        raise ConfigurationError(
            (
                t(
                    "the measure {measure_id!r} is not for {level} cards",
                    measure_id=measure_id,
                    level=level,
                )
                if elsewhere
                else t("there is no measure {measure_id!r}", measure_id=measure_id)
            ),
            (
                t("choose one of {ids}", ids=ids)
                if ids
                else t("measures.yaml has none for that level")
            ),
        )
    if any(e.kind == "measure" and e.ground == measure_id for e in record.entries):
        raise ConfigurationError(
            t("the measure {measure_id!r} is recorded already", measure_id=measure_id),
            t("see effmon accountability show {card_no}", card_no=record.card.card_no),
        )


def barred(connection: Connection, record: Record) -> Mapping[str, str]:
    """Who may not decide: who gave the card by hand, who is named on it, who held the case."""
    card = record.card
    why = t("they are named on the card or held the case")
    named = dict.fromkeys(named_on(connection, card, people(connection)), why)
    if card.issued_by:
        named.setdefault(card.issued_by, t("they issued the card"))
    return named
