"""The log: one JSON object a line, for those who keep effmon running. It is no evidence.

A line is written at once, as a whole, at the end of the file, so any number of processes share it;
a file that was renamed is opened anew, so logrotate needs to tell nobody. Where the log cannot be
written the work goes on, and that is said once.
"""

import json
import logging
import logging.handlers
import os
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

from ..i18n.messages import t
from ..i18n.os_words import say_os, sayings
from ..people.model.id_numbers import masked as without_id_numbers

SYSLOG: Final = "syslog"
_NAME: Final = "effmon"
#: Packages whose functions are named; the command line is called `cli` in a checkout.
_OURS: Final = frozenset({"cli", "efficiency_monitor"})
_SOCKET: Final = "/dev/log"
_LONGEST: Final = 2000
#: Signs that end a line or turn its order around in some viewer, and halves of signs, which no file
#: takes; JSON leaves them as they are.
_UNSEEN: Final = re.compile(
    r"[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


@cache
def _secrets() -> tuple[tuple[re.Pattern[str], str], ...]:
    """What a receiver's or a source's address may hold: keys, and users with passwords."""
    return (
        (re.compile(r"(?i)(://)[^/\s@]*@"), r"\1***@"),
        (re.compile(r"(?i)(https?://[^\s?#\"']+)[?#][^\s\"']*"), r"\1?***"),
        (re.compile(r"(?i)(/hook/|/robot/)[^\s/?\"']+"), r"\1***"),
        (
            re.compile(
                # From the first letter of a word on: begun at each of its letters it takes seconds.
                # `mine.key: No such file or directory` says what the system refused, and no key.
                r"(?i)(?<![\w-])"
                rf"(?!(?<=\.)key: (?:{'|'.join(map(re.escape, sorted(sayings())))})(?!\S))"
                r"([\w-]*(?:key|token|secret|sign|password|passwd|passphrase|authorization))"
                r"(\"?\s*[=:]\s*\"?)(?:(?:bearer|basic)\s+)?[^\s&\"',;]+"
            ),
            r"\1\2***",
        ),
    )


def masked(text: str) -> str:
    """The text without secrets of addresses and without numbers of identity cards, shortened."""
    # Cut twice: half a number would not be recognised, and all of a long text takes long.
    text = text[: 2 * _LONGEST]
    for pattern, instead in _secrets():
        text = pattern.sub(instead, text)
    return without_id_numbers(text)[:_LONGEST]


def closed_words(fault: BaseException) -> str:
    """What a record or a log says of a fault: its kind, and the function of ours that raised it.

    Never its message: that repeats what was typed or read, and records are kept for ever.
    """
    told = fault if fault.__traceback__ is not None else fault.__cause__ or fault
    place = ""
    walked = told.__traceback__
    while walked is not None:
        module = str(walked.tb_frame.f_globals.get("__name__", ""))
        package, _, inner = module.partition(".")
        if package in _OURS and inner:
            place = f" {inner}.{walked.tb_frame.f_code.co_name}"
        walked = walked.tb_next
    return f"{type(told).__name__}{place}"


def event(
    name: str, *, level: int = logging.INFO, facts: Mapping[str, object] | None = None
) -> None:
    """Write one event with its facts; nothing where no log was opened."""
    if any(isinstance(each.formatter, _Json) for each in logging.getLogger().handlers):
        logging.getLogger(_NAME).log(level, name, extra={"facts": dict(facts or {})})


def open_log(
    target: str,
    folder: Path,
    *,
    always: Mapping[str, object],
    warn: Callable[[str], None],
) -> None:
    """Begin to write into `target`, a file or `syslog`; `always` stands in every line.

    Where that cannot be, `warn` is told, once for all.
    """
    handler: logging.Handler
    if target == SYSLOG:
        handler = _Syslog(warn)
    else:
        handler = _Lines(folder / target, warn)
    handler.setFormatter(_Json(always))
    root = logging.getLogger()
    close_log()
    root.addHandler(handler)
    # Whole addresses, with their keys, are what these say of each request.
    for noisy in ("httpx", "httpcore", "apscheduler"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger(_NAME).setLevel(logging.INFO)


def close_log() -> None:
    """Write no further lines."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler.formatter, _Json):
            root.removeHandler(handler)
            handler.close()


class _Json(logging.Formatter):
    """A record as one line of JSON."""

    def __init__(self, always: Mapping[str, object]) -> None:
        super().__init__()
        self._always = dict(always)

    def format(self, record: logging.LogRecord) -> str:
        facts: Mapping[str, object] = getattr(record, "facts", {})
        at = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, object] = {
            "time": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z",
            "level": record.levelname.lower(),
            "event": masked(record.getMessage()),
            "pid": record.process,
            **self._always,
        }
        if record.name != _NAME:
            line["logger"] = record.name
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = type(record.exc_info[1]).__name__
        line.update({name: _plain(value) for name, value in facts.items()})
        text = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
        return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return masked(str(value).encode("utf-8", "backslashreplace").decode())


class _Syslog(logging.handlers.SysLogHandler):
    """The machine's own log, by its socket."""

    append_nul = False
    ident = f"{_NAME}: "

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn: Callable[[str], None] | None = warn
        super().__init__(_SOCKET)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  the library's name
        """Say it once instead of printing a traceback for every line."""
        if self._warn is not None:
            self._warn(t("syslog cannot be used: {socket}", socket=_SOCKET))
            self._warn = None


class _Lines(logging.Handler):
    """Appends to a file, which may be renamed under it."""

    def __init__(self, path: Path, warn: Callable[[str], None]) -> None:
        super().__init__()
        self._path = path
        self._warn = warn
        self._descriptor: int | None = None
        self._warned = False

    def emit(self, record: logging.LogRecord) -> None:
        try:
            data = (self.format(record) + "\n").encode()
            descriptor = self._opened()
            if os.write(descriptor, data) != len(data):
                raise OSError(28, os.strerror(28))
        except OSError as fault:
            if not self._warned:
                self._warned = True
                self._warn(
                    t(
                        "the log {path} cannot be written: {fault}",
                        path=self._path,
                        fault=say_os(fault),
                    )
                )

    def _opened(self) -> int:
        """The file of that name, opened anew where it is another one than before."""
        if self._descriptor is not None:
            try:
                there, ours = self._path.stat(), os.fstat(self._descriptor)
                if (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino):
                    return self._descriptor
            except FileNotFoundError:
                pass
            os.close(self._descriptor)
            self._descriptor = None
        self._path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
        self._descriptor = os.open(self._path, flags, 0o640)
        return self._descriptor

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        super().close()
