"""What is said of signatures: who has signed, what counts no more, what one person alone can do."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from efficiency_monitor.i18n.messages import t

from .render import message, warn

if TYPE_CHECKING:
    from efficiency_monitor.workspace.context import Context


class Signed(Protocol):
    """What a command that takes signatures has led to."""

    @property
    def signed_by(self) -> Sequence[str]:
        """Who has signed."""

    @property
    def needed(self) -> int:
        """How many have to."""

    @property
    def lapsed(self) -> Sequence[str]:
        """Earlier signatures that count no more, one line each."""


def say_repeated() -> None:
    """The act stands already: nothing went wrong, and nothing was written."""
    message(t("the same person had done so before: it stands, nothing was written"))


def say_lapsed(lines: Sequence[str]) -> None:
    """Earlier signatures that count no more."""
    for line in lines:
        warn(line)


def say_signatures(what: str, done: Signed) -> None:
    """Who has signed so far, where more have to; and what counts no more."""
    say_lapsed(done.lapsed)
    if 0 < len(done.signed_by) < done.needed:
        signed = t(", ").join(done.signed_by)
        message(
            t(
                "{what}: signed by {signed} ({n_signed_by} of {needed}); another person has to "
                "give the same command with their key",
                what=what,
                signed=signed,
                n_signed_by=len(done.signed_by),
                needed=done.needed,
            )
        )


def say_alone(context: "Context") -> None:
    """Where one person alone supervises: what they can do without anybody else."""
    from efficiency_monitor.people.key_list import alone_words

    words = alone_words(context)
    if words is not None:
        warn(words)
