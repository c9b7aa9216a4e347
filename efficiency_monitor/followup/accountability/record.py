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
from ...i18n.language import t
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
            t(f"{card_no} 没有追责记录", f"{card_no} has no accountability record"),
            t(
                "只有黄牌和红牌有追责记录，历史牌没有",
                "only yellow and red cards have one, historical cards have none",
            ),
        )
    if card.state == CardState.LIFTED and not lifted:
        raise ConfigurationError(
            t(f"{card_no} 已撤销，不再追责", f"{card_no} was lifted: nobody is accountable for it"),
            t(f"见 effmon cards show {card_no}", f"see effmon cards show {card_no}"),
        )
    return Record(card, status, accounts.entries(connection, card_no))


def expect(record: Record, allowed: Sequence[AccountStatus], what: str) -> None:
    if record.status in allowed:
        return
    words = t("、", ", ").join(say_account_status(status) for status in allowed)
    raise ConfigurationError(
        t(
            f"{record.card.card_no} 的追责记录{say_account_status(record.status)}，不能{what}",
            f"the record of {record.card.card_no} is {say_account_status(record.status)}: "
            f"it cannot {what}",
        ),
        t(f"只有{words}的可以", f"possible for records {words}"),
    )


def waits(card_no: str) -> ConfigurationError:
    return ConfigurationError(
        t(f"{card_no} 有待批准的免责申请", f"an exemption of {card_no} waits to be decided"),
        t(
            f"由另一人决定：effmon accountability exempt {card_no} --decision approve",
            f"another person decides: effmon accountability exempt {card_no} --decision approve",
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
            t(
                f"措施 {measure_id!r} 不适用于此级别的牌"
                if elsewhere
                else f"没有措施 {measure_id!r}",
                f"the measure {measure_id!r} is not for {level} cards"
                if elsewhere
                else f"there is no measure {measure_id!r}",
            ),
            t(
                f"可用：{ids}" if ids else "measures.yaml 中没有此级别的措施",
                f"choose one of {ids}" if ids else "measures.yaml has none for that level",
            ),
        )
    if any(e.kind == "measure" and e.ground == measure_id for e in record.entries):
        raise ConfigurationError(
            t(f"措施 {measure_id!r} 已记录", f"the measure {measure_id!r} is recorded already"),
            t(
                f"见 effmon accountability show {record.card.card_no}",
                f"see effmon accountability show {record.card.card_no}",
            ),
        )


def barred(connection: Connection, record: Record) -> Mapping[str, str]:
    """Who may not decide: who gave the card by hand, who is named on it, who held the case."""
    card = record.card
    why = t("牌上或持有人中有其本人", "they are named on the card or held the case")
    named = dict.fromkeys(named_on(connection, card, people(connection)), why)
    if card.issued_by:
        named.setdefault(card.issued_by, t("此牌由其发出", "they issued the card"))
    return named
