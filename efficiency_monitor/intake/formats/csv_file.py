"""CSV as offices write it: commas, semicolons or tabs, title rows, bad lines.

Read as a stream. A record that cannot be read costs itself, not those after it: after a quote that
is never closed reading goes on at the next line, if any line after it is a row. If none is, the
file was cut off within a quoted cell.
"""

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Final

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.i18n.messages import t

from .file_bytes import CutOff, Meter
from .headers import MOST_TITLE_ROWS, Header, Layout, find_header, misfit, trimmed
from .rows import Quarantined, Refusal, Row, refuse
from .text_lines import MOST_CHARACTERS, Line, text_lines

_DELIMITERS: Final = (",", ";", "\t")
#: Lines among which the header is looked for: title rows may hold line breaks.
_HEAD_LINES: Final = 4 * MOST_TITLE_ROWS


@dataclass(frozen=True, slots=True)
class _Record:
    """What stands from line `number` on: its cells, or why they cannot be read and the text."""

    number: int
    cells: list[str]
    refusal: Refusal | None = None
    text: str = ""


def read_csv(
    path: Path, file: str, layout: Layout | None, encodings: Sequence[str], meter: Meter
) -> Iterator[Row | Quarantined]:
    """The data rows of a CSV file, named `file` in what is said of them.

    Raises ConfigurationError if there is no header or two columns have one name; CutOff if the
    file ends within a quoted cell; OSError as the file system gives it.
    """
    lines = text_lines(path, encodings, meter)
    head = list(islice(lines, _HEAD_LINES))
    delimiter, number, names = _shape(head, file, layout)
    header = Header(names, file=file, sheet=None, number=number)
    for record in _records(chain(head, lines), delimiter, width=len(names)):
        if record.number <= number:
            continue
        taken = _taken(record, header, file)
        if taken is not None:
            yield taken


def _taken(record: _Record, header: Header, file: str) -> Row | Quarantined | None:
    if record.refusal is None:
        return header.row(record.number, record.cells, whole=True)
    empty = Row(file=file, sheet=None, number=record.number, cells={})
    return refuse(empty, record.refusal, value=record.text)


def _shape(head: list[Line], file: str, layout: Layout | None) -> tuple[str, int, list[str]]:
    """Delimiter, line of the header, names: of the delimiters the one that gives most columns."""
    shapes: list[tuple[bool, int, str, int, list[str]]] = []
    for delimiter in _DELIMITERS:
        records = [record for record in _records(iter(head), delimiter) if record.refusal is None]
        rows = [[trimmed(cell) for cell in record.cells] for record in records]
        known = find_header(rows, None, layout)
        found = known or find_header(rows, None, None)
        if found is not None:
            index, names = found
            width = sum(map(bool, names))
            shapes.append((known is not None, width, delimiter, records[index].number, names))
    if not shapes:
        raise ConfigurationError(
            t("{file}: row 1: there is no header", file=file),
            t("see whether the file is empty or no table"),
        )
    fits, _, delimiter, number, names = max(shapes, key=lambda shape: shape[:2])
    if layout is not None and not fits:
        raise misfit(layout, names, file, number)
    return delimiter, number, names


def _records(
    lines: Iterator[Line], delimiter: str, *, width: int | None = None
) -> Iterator[_Record]:
    """Records in order. What cannot be read is one line, and the next one is tried by itself.

    CutOff, where the header's `width` is known, if the last quoted cell never ends.
    """
    feed = _Feed(lines)
    reader = csv.reader(feed, delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        feed.used.clear()
        try:
            cells = next(reader)
        except StopIteration:
            if not feed.refused:
                return
            line = feed.refused.popleft()
            yield _Record(line.number, [], line.refusal, line.text)
        except csv.Error as fault:
            line, others = feed.give_back()
            refusal = _refusal(fault)
            unclosed = width is not None and feed.ended and refusal is Refusal.UNCLOSED_QUOTE
            if unclosed and not any(_is_row(each.text, delimiter, width) for each in others):
                said = t("a quoted cell has no end")
                raise CutOff(said, line.number) from None
            yield _Record(line.number, [], refusal, line.text)
        else:
            if cells:
                yield _Record(feed.used[0].number, cells)
            continue
        reader = csv.reader(feed, delimiter=delimiter, strict=True, skipinitialspace=True)


def _is_row(text: str, delimiter: str, width: int | None) -> bool:
    """Whether a line alone has as many cells as the header."""
    try:
        rows = list(csv.reader([text], delimiter=delimiter, strict=True, skipinitialspace=True))
    except csv.Error:
        return False
    return [len(row) for row in rows] == [width]


def _refusal(fault: csv.Error) -> Refusal:
    said = str(fault)
    if "field limit" in said:
        return Refusal.OVER_LONG
    return Refusal.UNCLOSED_QUOTE if "unexpected end" in said else Refusal.BAD_QUOTES


class _Feed:
    """Lines for the csv module, which asks for as many as a record takes.

    It is told that the text ends where a line cannot be read or a record grows too long.
    """

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._back: deque[Line] = deque()
        self.used: list[Line] = []
        self.refused: deque[Line] = deque()
        self._length = 0
        #: There are no further lines.
        self.ended = False

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        if not self.used:
            self._length = 0
        if self.refused or self._length > MOST_CHARACTERS:
            raise StopIteration
        if self._back:
            line = self._back.popleft()
        else:
            try:
                line = next(self._lines)
            except StopIteration:
                self.ended = True
                raise
        if line.refusal is not None:
            if self.used:
                self._back.appendleft(line)
            else:
                self.refused.append(line)
            raise StopIteration
        self.used.append(line)
        self._length += len(line.text)
        return line.text

    def give_back(self) -> tuple[Line, list[Line]]:
        """The first line of the record that failed; the others, which will be read again."""
        first, *others = self.used
        self._back.extendleft(reversed(others))
        return first, others
