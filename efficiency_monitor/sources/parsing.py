"""Foreign parsers on files of foreign origin: whatever way they fail in is a fault of the file."""

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from efficiency_monitor.core.faults import ConfigurationError
from efficiency_monitor.language import t

_STDERR = 2
_ONE_AT_A_TIME = threading.Lock()


@contextmanager
def parsing(file: str, kind: str) -> Iterator[None]:
    """Around calls of the parser of a format: its faults become ConfigurationError, one line."""
    try:
        with _held_back():
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
    short = " ".join(said.split())[:200]
    return ConfigurationError(
        t(f"{file}：无法读取该 {kind} 文件：{short}", f"{file}: cannot be read as {kind}: {short}"),
        t(
            "请去掉密码，重新导出，或另存为 CSV",
            "take off any password, export it again, or save it as CSV",
        ),
    )


@contextmanager
def _held_back() -> Iterator[None]:
    """What is written to stderr meanwhile comes afterwards; but not what a compiled parser says
    of its panic, which would stand beside the one line that the user gets."""
    with _ONE_AT_A_TIME, tempfile.TemporaryFile() as scratch:
        try:
            kept = os.dup(_STDERR)
        except OSError:  # it is closed
            yield
            return
        os.dup2(scratch.fileno(), _STDERR)
        try:
            yield
        finally:
            os.dup2(kept, _STDERR)
            os.close(kept)
            scratch.seek(0)
            said = scratch.read()
            if said and b"panicked at" not in said:
                os.write(_STDERR, said)
