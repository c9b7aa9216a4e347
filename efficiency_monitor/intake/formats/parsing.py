"""Foreign parsers on files of foreign origin: whatever way they fail in is a fault of the file."""

from collections.abc import Iterator
from contextlib import contextmanager

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.i18n.messages import t


@contextmanager
def parsing(file: str, kind: str) -> Iterator[None]:
    """Around calls of the parser of a format: its faults become ConfigurationError, one line."""
    try:
        yield
    except ConfigurationError:
        raise
    except BaseException as fault:
        # A panic in a compiled parser is no Exception.
        if not isinstance(fault, Exception) and type(fault).__name__ != "PanicException":
            raise
        raise unreadable(file, kind, str(fault) or type(fault).__name__) from None


def unreadable(file: str, kind: str, said: str) -> ConfigurationError:
    """That the file cannot be read as that format, and what the parser said."""
    short = in_short(said)
    return ConfigurationError(
        t("{file}: cannot be read as {kind}: {short}", file=file, kind=kind, short=short),
        t("take off any password, export it again, or save it as CSV"),
    )


def in_short(said: str) -> str:
    """What a parser said, as the part of a line: some repeat half of the file."""
    return " ".join(said.split())[:200]
