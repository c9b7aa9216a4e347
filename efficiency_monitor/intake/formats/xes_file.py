"""XES event logs: one row per event, the attributes of its trace in it as `case:KEY`.

The parser hands over one element after the other and keeps none. A document type is refused, so
that there are no entities; names, values, depth and the size of a tag are bounded.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from xml.parsers import expat

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.i18n.messages import t

from .file_bytes import CutOff, Meter, opened
from .headers import MOST_COLUMNS, column_name, storable, trimmed
from .rows import Quarantined, Refusal, Row, refuse, say_refusal
from .text_lines import MOST_CHARACTERS

MOST_DEPTH: Final = 64
_CHUNK: Final = 1 << 16
#: Bytes of one tag: a value may have as many characters as a line.
_MOST_TAG: Final = 8 * MOST_CHARACTERS
_SCALARS: Final = frozenset(("string", "date", "int", "float", "boolean", "id"))
_NESTING: Final = frozenset(("list", "container"))
#: What a log has besides traces, events and attributes: none of it is about a case.
_ABOUT_THE_LOG: Final = frozenset(("extension", "global", "classifier"))


class _Stop(Exception):
    """Nothing further of the file can be read."""

    def __init__(self, refusal: Refusal, value: str = "") -> None:
        super().__init__(refusal)
        self.refusal = refusal
        self.value = value


def read_xes(path: Path, file: str, meter: Meter) -> Iterator[Row | Quarantined]:
    """The events of a log; a trace without events gives one row of its own attributes.

    Rows are numbered in the order of the log. Dates stay as they are written. CutOff where the
    file ends too early or nothing further of it can be read; ConfigurationError if nothing came
    before the damage, or if it is no XES.
    """
    log = _Log(file)
    parser = expat.ParserCreate()
    parser.StartElementHandler = log.start
    parser.EndElementHandler = log.end
    parser.StartDoctypeDeclHandler = _forbidden
    stopped: _Stop | None = None
    fed = 0
    with opened(path, meter) as stream:
        while stopped is None:
            try:
                chunk = stream.read1(_CHUNK)
                parser.Parse(chunk, not chunk)
                fed += len(chunk)
                if 0 <= parser.CurrentByteIndex < fed - _MOST_TAG:
                    stopped = _Stop(Refusal.OVER_LONG)
            except _Stop as stop:
                stopped = stop
            except (expat.ExpatError, CutOff, ValueError, LookupError) as fault:
                stopped = _Stop(Refusal.CUT_OFF, str(fault))
            if stopped is not None and not log.number:
                raise _no_xes(file, log.root, stopped.value or str(stopped.refusal))
            yield from log.found
            log.found.clear()
            if not chunk:
                break
    if stopped is not None:
        raise CutOff(stopped.value or say_refusal(stopped.refusal), log.number + 1)


def _forbidden(*_declared: object) -> None:
    raise _Stop(Refusal.BAD_XES, "<!DOCTYPE>")


def _no_xes(file: str, root: str, said: str) -> ConfigurationError:
    if root and root != "log":
        return ConfigurationError(
            t("{file}: is XML ({root}) and no XES log", file=file, root=root),
            t("give a CSV, XLSX or XES file"),
        )
    return ConfigurationError(
        t("{file}: cannot be read as XES: {said}", file=file, said=said),
        t("export or transfer it again"),
    )


class _Attributes:
    """The attributes of one trace or event by name, or why they cannot be taken."""

    def __init__(self, before: str) -> None:
        self._before = before
        self.cells: dict[str, str] = {}
        self.fault: tuple[Refusal, str] | None = None
        #: Names of the attributes that are open, and in how many lists they stand.
        self._open: list[str] = []
        self._lists = 0
        #: Texts of names in lists, which may come more than once.
        self._listed: dict[str, list[str]] = {}
        self._count = 0

    def refuse(self, refusal: Refusal, value: str = "") -> None:
        """The first fault counts."""
        self.fault = self.fault or (refusal, value)

    def start(self, kind: str, given: Mapping[str, str]) -> None:
        """An attribute begins."""
        if kind == "values":
            self._open.append(self._open[-1] if self._open else self._before)
            return
        self._lists += kind == "list"
        key = column_name(given.get("key", ""))
        name = (f"{self._open[-1]}." if self._open else self._before) + key
        self._open.append(name)
        text = given.get("value")
        self._count += 1
        if not key or (text is None and kind in _SCALARS):
            self.refuse(Refusal.BAD_XES, f"<{kind} {key}>")
        elif self._count > MOST_COLUMNS or len(text or "") > MOST_CHARACTERS:
            self.refuse(Refusal.OVER_LONG)
        elif text is not None and self._lists:
            self._listed.setdefault(name, []).append(trimmed(text))
        elif text is not None:
            if name in self.cells:
                self.refuse(Refusal.KEY_TWICE, name)
            self.cells[name] = trimmed(text)

    def end(self, kind: str) -> None:
        """An attribute ends."""
        self._open.pop()
        self._lists -= kind == "list"

    def texts(self) -> dict[str, str]:
        """What was found; several texts under one name, in a list, are a JSON list."""
        for name, texts in self._listed.items():
            if name in self.cells:
                self.refuse(Refusal.KEY_TWICE, name)
            joined = json.dumps(texts, ensure_ascii=False, separators=(",", ":"))
            self.cells[name] = texts[0] if len(texts) == 1 else joined
        self._listed.clear()
        return self.cells


class _Log:
    """Takes the elements of a log one by one; finished rows lie in `found`."""

    def __init__(self, file: str) -> None:
        self._file = file
        self.found: list[Row | Quarantined] = []
        self.root = ""
        #: Ordinal of the last row.
        self.number = 0
        self._depth = 0
        #: Depth of the element that is left out with all that is in it.
        self._left_out = 0
        self._trace: _Attributes | None = None
        self._event: _Attributes | None = None
        self._events = 0
        self._late = ""

    def start(self, tag: str, given: Mapping[str, str]) -> None:
        """An element begins."""
        kind = tag.rpartition(":")[2]
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise _Stop(Refusal.TOO_DEEP)
        if self._depth == 1:
            self.root = kind
            if kind != "log":
                raise _Stop(Refusal.BAD_XES, f"<{kind}>")
        elif self._left_out:
            return
        elif kind == "trace" and self._depth == 2:
            self._trace, self._events, self._late = _Attributes("case:"), 0, ""
        elif kind == "event" and self._depth == (2 if self._trace is None else 3):
            self._event = _Attributes("")
        else:
            self._part(kind, given)

    def _part(self, kind: str, given: Mapping[str, str]) -> None:
        """What is neither a trace nor an event where these may stand."""
        at = self._event or self._trace
        known = kind in _SCALARS or kind in _NESTING
        if at is not None and (known or kind == "values"):
            at.start(kind, given)
            if at is self._trace and self._events:
                self._late = self._late or given.get("key", kind)
            return
        self._left_out = self._depth
        if at is not None:
            at.refuse(Refusal.BAD_XES, f"<{kind}>")
        elif not known and kind not in _ABOUT_THE_LOG:
            self._add({}, (Refusal.BAD_XES, f"<{kind}>"))

    def end(self, tag: str) -> None:
        """An element ends."""
        depth, self._depth = self._depth, self._depth - 1
        if self._left_out:
            if self._left_out == depth:
                self._left_out = 0
            return
        trace, event = self._trace, self._event
        if event is not None:
            if depth == (2 if trace is None else 3):
                self._event = None
                self._events += 1
                cells = event.texts()
                above = trace.texts() if trace is not None else {}
                both = next((name for name in above.keys() & cells.keys()), None)
                if both is not None:
                    event.refuse(Refusal.KEY_TWICE, both)
                fault = (trace.fault if trace is not None else None) or event.fault
                self._add({**above, **cells}, fault)
            else:
                event.end(tag.rpartition(":")[2])
        elif trace is not None:
            if depth > 2:
                trace.end(tag.rpartition(":")[2])
                return
            self._trace = None
            if not self._events:
                self._add(trace.texts(), trace.fault)
            elif self._late:
                # Its events went out without it.
                self._add({}, (Refusal.BAD_XES, f"case:{self._late}"))

    def _add(self, cells: dict[str, str], fault: tuple[Refusal, str] | None) -> None:
        self.number += 1
        row = Row(file=self._file, sheet=None, number=self.number, cells=cells)
        if fault is None:
            self.found.append(storable(row))
        else:
            self.found.append(refuse(row, fault[0], value=fault[1]))
