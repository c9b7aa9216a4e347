"""What a command shows, and how: the one way to the screen, to a pipe and to other programs.

A terminal gets a table, a pipe plain lines that are never cut; `-o` asks for a form. rich is
imported only where a table is drawn, so that `--help` and faults stay fast.
"""

import csv
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from efficiency_monitor.documents.columns import (
    LEVEL_STYLES,
    Column,
    Row,
    as_record,
    machine_text,
    plain,
)
from efficiency_monitor.documents.masking import masked
from efficiency_monitor.documents.tabular import json_text
from efficiency_monitor.documents.text_safety import safe, safe_cell
from efficiency_monitor.faults import EffmonError
from efficiency_monitor.i18n.messages import t
from efficiency_monitor.people.model.id_numbers import masked as mask_ids

from . import layout, streams

__all__ = [
    "LEVEL_STYLES",
    "Column",
    "Format",
    "emit",
    "emit_object",
    "emit_text",
    "fail",
    "message",
    "progress",
    "warn",
]


class Format(StrEnum):
    """Value of `-o`. None of them: a table in a terminal, plain lines in a pipe."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


def emit(
    rows: Iterable[Row],
    columns: Sequence[Column],
    fmt: Format | None = None,
    *,
    title: str | None = None,
    empty: str | None = None,
    raw: bool = False,
    unmasked: bool = False,
) -> None:
    """Print a list to stdout; what is personal in it is masked unless `unmasked`.

    Terminal: a table that fits the width, with `title` over it. Pipe: a heading and one line per
    record, tabs between, in words. JSON and JSON Lines: the records as they are, the columns'
    fields first and always there. CSV: the columns, keys as heading, codes as values, guarded
    against formulas unless `raw`. With no records `empty` goes to stderr (not for machine formats).
    If the reader goes away (`| head`), the list ends there without a word.
    """
    held = tuple(columns)
    rows = rows if unmasked else (masked(row) for row in rows)
    try:
        if fmt in (Format.JSON, Format.JSONL):
            _emit_json(rows, held, lines=fmt is Format.JSONL)
        elif fmt is Format.CSV:
            _emit_csv(rows, held, raw=raw)
        elif fmt is Format.TABLE or streams.is_terminal(sys.stdout):
            _emit_table(rows, held, title, empty)
        else:
            _emit_plain(rows, held, empty)
        streams.flush()
    except streams.ReaderGone:
        pass


def _emit_json(rows: Iterable[Row], columns: tuple[Column, ...], *, lines: bool) -> None:
    streams.speak_unicode(sys.stdout, machine=True)
    if lines:
        for row in rows:
            streams.write(json_text(as_record(row, columns)) + "\n")
        return
    opened = False
    for row in rows:
        streams.write((",\n " if opened else "[\n ") + json_text(as_record(row, columns)))
        opened = True
    streams.write("\n]\n" if opened else "[]\n")


def _emit_csv(rows: Iterable[Row], columns: tuple[Column, ...], *, raw: bool) -> None:
    streams.speak_unicode(sys.stdout, machine=True)
    streams.write(_csv_line([column.key for column in columns]))
    for row in rows:
        values = [column.value(row) for column in columns]
        streams.write(_csv_line([_csv_text(value, raw=raw) for value in values]))


def _csv_text(value: Any, *, raw: bool) -> str:
    text = machine_text(value)
    # A number of ours may be negative; a text that only looks like one is guarded.
    return text if raw or type(value) in (int, float, Decimal) else safe_cell(text)


def _csv_line(texts: list[str]) -> str:
    line = io.StringIO()
    # The writer quotes a lone carriage return only where it is part of the line's end.
    csv.writer(line, lineterminator="\r\n").writerow(texts)
    return line.getvalue().removesuffix("\r\n") + "\n"


def _emit_plain(rows: Iterable[Row], columns: tuple[Column, ...], empty: str | None) -> None:
    streams.speak_unicode(sys.stdout)
    streams.write("\t".join(safe(column.title) for column in columns) + "\n")
    count = 0
    for row in rows:
        streams.write("\t".join(safe(column.words(row)) for column in columns) + "\n")
        count += 1
    if not count and empty:
        message(empty)


def _emit_table(
    rows: Iterable[Row], columns: tuple[Column, ...], title: str | None, empty: str | None
) -> None:
    found = list(rows)
    if not found and empty:
        message(empty)
        return
    streams.speak_unicode(sys.stdout)
    colour = streams.coloured(sys.stdout)
    if title:
        streams.write(heading(title, colour=colour))
    lines = layout.cells(found, columns)
    chosen = layout.fit(columns, layout.measure(columns, lines), streams.width())
    for piece in layout.draw(columns, lines, chosen, colour=colour):
        streams.write(piece)
    if chosen and len(chosen.shown) < len(columns):
        left_out = [c.title for place, c in enumerate(columns) if place not in chosen.shown]
        streams.flush()
        message(t("not shown in this width: ") + t(", ").join(left_out) + t(" (all: -o json)"))


def heading(text: str, *, colour: bool) -> str:
    """A line over a table or a section; nothing in it is folded."""
    from rich.text import Text

    return layout.render(Text(safe(text), "bold"), colour=colour) + "\n"


def emit_object(
    obj: Row,
    fmt: Format | None = None,
    *,
    columns: Sequence[Column] = (),
    title: str | None = None,
    unmasked: bool = False,
) -> None:
    """Print one document to stdout; what is personal in it is masked unless `unmasked`.

    JSON as it is; CSV one heading and one record; otherwise one line per field, `name: value` in a
    terminal and a tab between in a pipe. Without `columns` the fields are the document's own, those
    of inner documents with a dot (`cards.issued.red`).
    """
    obj = obj if unmasked else masked(obj)
    held = tuple(columns) or tuple(Column(key, key) for key in _keys(plain(obj)))
    try:
        if fmt in (Format.JSON, Format.JSONL):
            streams.speak_unicode(sys.stdout, machine=True)
            indent = 2 if fmt is Format.JSON else None
            streams.write(json_text(plain(obj), indent=indent) + "\n")
        elif fmt is Format.CSV:
            _emit_csv([obj], held, raw=False)
        else:
            _emit_fields(obj, held, title, terminal=fmt is Format.TABLE)
        streams.flush()
    except streams.ReaderGone:
        pass


def _emit_fields(
    obj: Row, columns: tuple[Column, ...], title: str | None, *, terminal: bool
) -> None:
    streams.speak_unicode(sys.stdout)
    if not terminal and not streams.is_terminal(sys.stdout):
        for column in columns:
            streams.write(f"{safe(column.title)}\t{safe(column.words(obj))}\n")
        return
    colour = streams.coloured(sys.stdout)
    if title:
        streams.write(heading(title, colour=colour))
    for piece in layout.draw(columns, layout.cells([obj], columns), None, colour=colour):
        streams.write(piece)


def _keys(record: Any, before: str = "") -> Iterator[str]:
    for key, value in record.items():
        if isinstance(value, Mapping) and value and "unit" not in value:
            yield from _keys(value, f"{before}{key}.")
        else:
            yield f"{before}{key}"


def emit_text(pieces: Iterable[str]) -> None:
    """Print a document that is made of lines already safe to print, ends of lines included."""
    streams.speak_unicode(sys.stdout)
    try:
        for piece in pieces:
            streams.write(piece)
        streams.flush()
    except streams.ReaderGone:
        pass


def message(text: str) -> None:
    """Say one line on stderr."""
    streams.tell(_line(text))


def warn(text: str) -> None:
    """Say one line on stderr that somebody should look at."""
    streams.tell(_marked(t("warning: "), "33") + _line(text))


#: Characters of what is said of a fault: what it quotes may be as long as a file.
_MOST_SAID: Final = 8_000


def fail(error: EffmonError) -> int:
    """Say on stderr what is wrong and how to mend it, and give the exit code."""
    said = error.message
    if len(said) > _MOST_SAID:
        said = f"{said[:_MOST_SAID]}…"
    streams.tell(_marked(t("error: "), "1;31") + _line(said))
    if error.hint:
        streams.tell(t("hint: ") + _line(error.hint))
    return error.exit_code


def _line(text: str) -> str:
    """One printable line; what was typed or read may hold the number of an identity card."""
    return safe(mask_ids(text, identifier=True))


def _marked(word: str, code: str) -> str:
    return f"\x1b[{code}m{word}\x1b[0m" if streams.coloured(sys.stderr) else word


@contextmanager
def progress(
    description: str, total: int | None = None, *, percent: bool = False
) -> Iterator[Callable[[int], None]]:
    """Show on stderr how far the work is, if a person watches; the value takes further steps.

    `total` is the number of steps, None where nobody knows it; with `percent` their share is shown
    and not their number.
    """
    if not streams.is_terminal(sys.stderr) or os.environ.get("TERM") == "dumb":
        yield lambda _steps: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    streams.speak_unicode(sys.stderr)
    console = Console(
        stderr=True,
        color_system="auto" if streams.coloured(sys.stderr) else None,
        markup=False,
        highlight=False,
        emoji=False,
    )
    parts = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn() if percent else MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    # Gone when done: what is left on the screen is the result, which may not pass through here.
    with Progress(*parts, console=console, transient=True, redirect_stdout=False) as shown:
        task = shown.add_task(safe(description), total=total)
        yield lambda steps: shown.advance(task, steps)
