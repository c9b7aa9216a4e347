"""What can go wrong, in two kinds: a fault the operator can mend, and a problem in the data.

A *fault* stops the command and is raised (`EffmonError`). A *problem* is a value: it is
collected, shown with its place, and the rest goes on.
"""

from dataclasses import dataclass


class EffmonError(Exception):
    """Something the operator can mend: one line saying what, one saying how.

    `exit_code` follows DESIGN section 6: 2 wrong usage or configuration, 3 a calendar, rule or
    feed failed so that cases could not be judged, 75 another process holds the lock or the
    database is gone: try again.
    """

    exit_code = 2

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigurationError(EffmonError):
    """A setting, a file or an argument is wrong."""


class NotAllowed(EffmonError):
    """The person of `--as` may not do this: no role for it, barred from it, or no key."""


class CatalogueError(EffmonError):
    """A rule, calendar, mapping or vocabulary file is wrong; the message opens file:line:col."""

    exit_code = 3


class NotCovered(EffmonError):
    """A date was asked that the calendar does not cover: an error, never a guess (time.md 3)."""

    exit_code = 3


class NotScanned(EffmonError):
    """What rests on a scan was asked, and none has finished: nobody knows what falls due."""

    exit_code = 3


class Locked(EffmonError):
    """Another process holds the lock; try again."""

    exit_code = 75


class DoneElsewhere(Locked):
    """Another process does this very work, or has taken it over: it may be left to that one.

    A lock that was not given in time says no such thing: it is a plain `Locked`.
    """


class Disconnected(EffmonError):
    """The connection to the database was lost; try again.

    Lost while committing, nobody knows whether it was written: the whole command or batch is done
    again, which is the same as done once.
    """

    exit_code = 75


class FeedFailed(EffmonError):
    """A source could not be pulled: what it has now is not known."""

    exit_code = 3


def brief(value: object, most: int = 200) -> str:
    """A value from outside in quotes, cut where it is long: a fault is one line that is read."""
    text = repr(value)
    return text if len(text) <= most else f"{text[: most - 1]}…"


@dataclass(frozen=True, slots=True)
class Problem:
    """A data fault as a value: where it is, a stable code, and a sentence for a person."""

    where: str
    code: str
    message: str
