"""The two streams: what they can show, and what to do when the reader has gone.

Data go to stdout, everything said about them to stderr. rich is not needed here, so that `--help`
and faults stay fast.
"""

import os
import sys
from codecs import lookup
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.i18n.messages import t
from efficiency_monitor.i18n.os_words import say_os

#: Width where a terminal does not say (as `shutil.get_terminal_size`).
WIDTH_UNKNOWN = 80
#: Wider than any terminal: nothing is folded.
WIDTH_ENDLESS = 100_000


class ReaderGone(Exception):
    """Whoever read our output has closed it (`| head`): no fault, there is nothing more to do."""


def write(text: str) -> None:
    """Write data to stdout; ReaderGone if nobody reads any more, a fault if it is impossible."""
    with _guarded():
        sys.stdout.write(text)


def flush() -> None:
    """Hand over what was written; raises as `write`."""
    with _guarded():
        sys.stdout.flush()


@contextmanager
def _guarded() -> Iterator[None]:
    if sys.stdout is None:  # closed before the program began: `>&-`
        raise ReaderGone
    try:
        yield
    except BrokenPipeError:
        to_nowhere(sys.stdout)
        raise ReaderGone from None
    except OSError as fault:
        to_nowhere(sys.stdout)
        raise ConfigurationError(
            t("cannot write the output: {fault}", fault=say_os(fault)),
            t("check the disk's space and where the output goes"),
        ) from fault


def tell(line: str) -> None:
    """Write one line to stderr; if nobody reads it, it is lost, and the work goes on."""
    if sys.stderr is None:
        return
    speak_unicode(sys.stderr)
    try:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
    except OSError:
        to_nowhere(sys.stderr)


def to_nowhere(stream: TextIO) -> None:
    """Point the descriptor at nothing, else the interpreter complains once more when it ends."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def speak_unicode(stream: TextIO | None, *, machine: bool = False) -> None:
    """Make a stream able to hold every character: UTF-8, or GB18030 where the locale is GBK.

    For machine formats it is UTF-8 whatever the locale.
    """
    # Under a test runner or inside another program the stream may be no text file.
    reconfigure = getattr(stream, "reconfigure", None)
    if stream is None or reconfigure is None:
        return
    try:
        name = lookup(stream.encoding or "ascii").name
    except LookupError:
        name = "ascii"
    if name in ("utf-8", "gb18030") and not (machine and name != "utf-8"):
        return
    chinese = name in ("gbk", "gb2312", "gb18030") and not machine
    reconfigure(encoding="gb18030" if chinese else "utf-8", errors="replace")


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person reads the stream in a terminal."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def width() -> int:
    """Width of stdout in cells: COLUMNS, else what the terminal says; endless if it is none."""
    asked = os.environ.get("COLUMNS", "")
    if asked.isascii() and asked.isdigit() and int(asked) > 0:
        return int(asked)
    if not is_terminal(sys.stdout):
        return WIDTH_ENDLESS
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or WIDTH_UNKNOWN
    except OSError:
        return WIDTH_UNKNOWN


def coloured(stream: TextIO | None) -> bool:
    """Whether escapes may be written: NO_COLOR and dumb terminals forbid, FORCE_COLOR asks for."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return is_terminal(stream) and os.environ.get("TERM", "dumb") not in ("dumb", "unknown", "")
