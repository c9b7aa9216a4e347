"""What people say to a card: acknowledged, replied, confirmed (DESIGN 5.2)."""

from collections.abc import Sequence

from sqlalchemy import Connection
from sqlalchemy.engine import Row

from ..core import cards as core_cards
from ..core.faults import ConfigurationError
from ..core.instants import rfc3339
from ..core.ledger import EntryType
from ..core.statements import digest
from ..core.terms import CardState
from ..language import say_state, t
from ..store import cards, ledger
from . import ladders
from .context import Context
from .listing import no_card

MOST_TEXT = 4000

_MOVES = {
    "acknowledged": (EntryType.CARD_ACKNOWLEDGED, (CardState.OPEN,), CardState.ACKNOWLEDGED),
    "replied": (
        EntryType.CARD_REPLIED,
        (CardState.OPEN, CardState.ACKNOWLEDGED, CardState.REPLIED),
        CardState.REPLIED,
    ),
    "confirmed": (EntryType.CARD_CONFIRMED, (CardState.PENDING,), CardState.OPEN),
}


#: What was asked, in Chinese.
_ASKED = {"acknowledged": "签收", "replied": "反馈", "confirmed": "确认"}


def answer(context: Context, card_no: str, what: str, text: str | None) -> str:
    """Acknowledge, reply to or confirm a card; the state it takes.

    The text stays in the database, the ledger holds its digest: it may name persons.
    ConfigurationError where the card does not exist or is not in a state to be answered.
    """
    kind, allowed, state = _MOVES[what]
    _check(context, what, text)
    with context.store.writing() as connection:
        row = cards.find(connection, card_no)
        if row is None:
            raise no_card(card_no)
        if row.state not in allowed:
            states = t("、", ", ").join(say_state(entry) for entry in allowed)
            raise ConfigurationError(
                t(
                    f"{card_no} 的状态是{say_state(row.state)}，不能{_ASKED[what]}",
                    f"card {card_no} is {row.state}: it cannot be {what}",
                ),
                t(f"只有这些状态可以：{states}", f"possible from: {states}"),
            )
        now = context.now()
        before = len(cards.entries(connection, card_no))
        happenings = [
            cards.Happening(
                card_no=card_no,
                kind=what,
                at=now,
                actor=context.actor,
                text=text,
                values={"state": str(state)},
            )
        ]
        entries = [
            context.entry(
                kind,
                f"{kind}/{card_no}/{before}",
                {
                    "card": card_no,
                    "state": str(state),
                    "text": None if text is None else {"sha256": digest(text)},
                },
            )
        ]
        if what == "confirmed":
            for lower in _superseded(connection, row):
                happenings.append(_gives_way(context, lower, now))
                entries.append(_supersede_entry(context, lower, now))
            ladders.ended(context, connection, _numbers(happenings[1:]), "superseded")
        cards.happen(connection, happenings)
        ledger.append(connection, entries)
        if what == "confirmed":
            ladders.begin(context, connection, [{**row._mapping, "state": state}])
        else:
            ladders.answered(context, connection, card_no, what, now)
    return str(state)


def _numbers(happenings: Sequence[cards.Happening]) -> list[str]:
    return [happening.card_no for happening in happenings]


def _check(context: Context, what: str, text: str | None) -> None:
    """Refuse an answer that nobody gives, or that says nothing or too much."""
    if context.person is None:
        raise ConfigurationError(
            t("没有说明何人操作", "nobody is named who acts"),
            t("用 --as 说明代表何人", "say for whom with --as PERSON"),
        )
    if what == "replied" and not (text or "").strip():
        raise ConfigurationError(
            t("反馈内容为空", "the reply is empty"),
            t(
                "用 --text 写明，或 --text @文件",
                "give it with --text, or as a file: --text @FILE",
            ),
        )
    if text is not None and len(text) > MOST_TEXT:
        raise ConfigurationError(
            t(
                f"文字有 {len(text)} 个字符，最多 {MOST_TEXT} 个",
                f"the text has {len(text)} characters, at most {MOST_TEXT}",
            ),
            t("其余内容另行提交", "attach the rest elsewhere"),
        )


def _superseded(connection: Connection, row: Row) -> list[core_cards.Supersede]:  # type: ignore[type-arg]
    """The lower cards of its clock that give way to a card once it is confirmed."""
    known = cards.of_cases(connection, [row.case_id]).get(row.case_id, [])
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
        {"card": lower.card_no, "by": lower.by, "as_of": at},
    )
