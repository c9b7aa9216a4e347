"""What people write with a decision: there, not too long, without numbers of identity cards.

The ledger holds a salted commitment to it: a short text could be guessed from a plain digest.
"""

from sqlalchemy import Connection

from ..faults import ConfigurationError
from ..i18n.messages import t
from ..ledger.model.entries import commitment
from ..people.model.id_numbers import find_id_number
from ..people.store import text_salts
from .context import Context

#: Most characters of a text that somebody writes.
MOST_TEXT = 4000


def require_text(text: str | None, what: str) -> str:
    """The text without blanks around it; ConfigurationError if it is empty, too long, or names an
    identity card.

    `what` names it in the user's language: "the reply".
    """
    found = (text or "").strip()
    if not found:
        raise ConfigurationError(
            t("the {what} is missing", what=what),
            t("give it with --text, or as a file: --text @FILE"),
        )
    if len(found) > MOST_TEXT:
        raise ConfigurationError(
            t(
                "the text has {n_found} characters, at most {most_text}",
                n_found=len(found),
                most_text=MOST_TEXT,
            ),
            t("hand the rest in with --attach"),
        )
    refuse_id_numbers(found)
    return found


def refuse_id_numbers(text: str) -> None:
    """ConfigurationError where a text holds the number of an identity card; it says it masked."""
    number = find_id_number(text)
    if number is not None:
        raise ConfigurationError(
            t("the text holds the number of an identity card ({number})", number=number),
            t("nothing was written: leave the number out and name the case"),
        )


def text_commitment(context: Context, connection: Connection, text: str) -> dict[str, str]:
    """What the ledger says of a text: a commitment, whose salt is written beside the text."""
    salt = context.salt()
    made = commitment(salt, text)
    text_salts.keep(connection, made, salt)
    return {"commitment": made}
