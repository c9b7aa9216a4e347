"""What people say to a card: acknowledged, replied, confirmed (DESIGN 5.2)."""

from ..core.faults import ConfigurationError
from ..core.instants import rfc3339
from ..core.intake import digest
from ..core.ledger import EntryType
from ..core.terms import CardState
from ..store import cards, ledger
from .context import Context

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


def answer(context: Context, card_no: str, what: str, text: str | None) -> str:
    """Acknowledge, reply to or confirm a card; the state it takes.

    The text stays in the database, the ledger holds its digest: it may name persons.
    ConfigurationError where the card does not exist or is not in a state to be answered.
    """
    kind, allowed, state = _MOVES[what]
    if context.person is None:
        raise ConfigurationError("nobody is named who acts", "say for whom with --as PERSON")
    if what == "replied" and not (text or "").strip():
        raise ConfigurationError(
            "the reply is empty", "give it with --text, or as a file: --text @FILE"
        )
    if text is not None and len(text) > MOST_TEXT:
        raise ConfigurationError(
            f"the text has {len(text)} characters, at most {MOST_TEXT}", "attach the rest elsewhere"
        )
    with context.store.writing() as connection:
        row = cards.find(connection, card_no)
        if row is None:
            raise ConfigurationError(
                f"there is no card {card_no!r}", "effmon cards list --state all shows the numbers"
            )
        if row.state not in allowed:
            states = ", ".join(str(entry) for entry in allowed)
            raise ConfigurationError(
                f"card {card_no} is {row.state}: it cannot be {what}", f"possible from: {states}"
            )
        now = context.now()
        before = len(cards.entries(connection, card_no))
        cards.happen(
            connection,
            [
                cards.Happening(
                    card_no=card_no,
                    kind=what,
                    at=now,
                    os_user=context.os_user,
                    person=context.person,
                    text=text,
                    values={"state": str(state)},
                )
            ],
        )
        ledger.append(
            connection,
            [
                ledger.NewEntry(
                    type=kind,
                    fact=f"{kind}/{card_no}/{before}",
                    at=rfc3339(now, context.zone),
                    content={
                        "card": card_no,
                        "state": str(state),
                        "actor": {"os_user": context.os_user, "claimed": context.person},
                        "text": None if text is None else {"sha256": digest(text)},
                    },
                )
            ],
        )
    return str(state)
