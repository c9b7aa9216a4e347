"""A table for people: which columns fit, how wide they are, and the table drawn.

Nothing is ever cut: what is too long is folded, and what does not fit becomes one record a block.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO

from efficiency_monitor.documents.columns import Column, Row
from efficiency_monitor.documents.text_safety import safe
from efficiency_monitor.i18n.messages import t

from .folding import fold
from .streams import WIDTH_ENDLESS

#: Cells between two columns.
GAP = 2
#: Below this width columns are dropped, the ones of the given priority and lower.
STEPS = ((100, 4), (80, 3), (60, 2))
#: Below this width a table is no help.
RECORDS_BELOW = 50
#: Rows drawn at once: the first are on the screen before the last are laid out.
ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Cell:
    """One printable value and its style."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """Places of the columns that are shown, and their widths in cells."""

    shown: tuple[int, ...]
    widths: tuple[int, ...]


def cells(rows: Sequence[Row], columns: Sequence[Column]) -> list[list[Cell]]:
    """The printable cells of a list."""
    return [
        [Cell(safe(column.words(row)), column.style(row)) for column in columns] for row in rows
    ]


def measure(columns: Sequence[Column], lines: Sequence[Sequence[Cell]]) -> list[int]:
    """Each column's width in cells with nothing folded."""
    from rich.cells import cell_len

    return [
        max(cell_len(text) for text in (safe(column.title), *(line[place].text for line in lines)))
        for place, column in enumerate(columns)
    ]


def fit(columns: Sequence[Column], natural: Sequence[int], width: int) -> Layout | None:
    """Choose columns and widths for a terminal; None: show one record per block.

    All columns are shown if they fit as `measure` found them; else those of low priority go, by the
    terminal's width, then as many more as must, and what is left shares the room.
    """
    from rich.cells import cell_len

    shown = list(range(len(columns)))
    if width < RECORDS_BELOW and _total(natural) > width:
        return None
    for below, priority in STEPS:
        if width < below and _total([natural[place] for place in shown]) > width:
            shown = [place for place in shown if columns[place].priority < priority]
    least = [
        # A heading is not folded either, and two cells hold any single character.
        wide if column.least is None else min(max(column.least, cell_len(column.title), 2), wide)
        for column, wide in zip(columns, natural, strict=True)
    ]
    while shown and _total([least[place] for place in shown]) > width:
        last = max(shown, key=lambda place: (columns[place].priority, place))
        if columns[last].priority == 1:
            return None
        shown.remove(last)
    if not shown:
        return None
    widths = _share([least[place] for place in shown], [natural[place] for place in shown], width)
    return Layout(tuple(shown), widths)


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _share(least: Sequence[int], natural: Sequence[int], width: int) -> tuple[int, ...]:
    """Give what is left over the least widths, the same to each that still wants some."""
    widths = list(least)
    left = width - _total(widths)
    wanting = [place for place, wide in enumerate(natural) if wide > widths[place]]
    while wanting and left > 0:
        portion = max(1, left // len(wanting))
        for place in list(wanting):
            given = min(portion, natural[place] - widths[place], left)
            widths[place] += given
            left -= given
            if widths[place] == natural[place]:
                wanting.remove(place)
    return tuple(widths)


def draw(
    columns: Sequence[Column],
    lines: Sequence[Sequence[Cell]],
    layout: Layout | None,
    *,
    colour: bool,
    head: bool = True,
) -> Iterator[str]:
    """The table (or the records, where there is no layout) as text, piece by piece."""
    if layout is None:
        yield from _records(columns, lines, colour=colour)
        return
    for first in range(0, max(len(lines), 1), ROWS_AT_ONCE):
        part = lines[first : first + ROWS_AT_ONCE]
        yield _grid(columns, part, layout, head=head and first == 0, colour=colour)


def _grid(
    columns: Sequence[Column],
    lines: Sequence[Sequence[Cell]],
    layout: Layout,
    *,
    head: bool,
    colour: bool,
) -> str:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, GAP - 1, 0, 0),
        show_header=head,
        header_style="bold",
        border_style="dim",
    )
    for place, wide in zip(layout.shown, layout.widths, strict=True):
        column = columns[place]
        table.add_column(
            Text("\n".join(fold(safe(column.title), wide))),
            width=wide,
            justify="right" if column.right else "left",
            overflow="fold",
        )
    for line in lines:
        table.add_row(
            *(
                Text("\n".join(fold(line[place].text, wide)), line[place].style)
                for place, wide in zip(layout.shown, layout.widths, strict=True)
            )
        )
    return render(table, width=_total(layout.widths), colour=colour)


def _records(
    columns: Sequence[Column], lines: Sequence[Sequence[Cell]], *, colour: bool
) -> Iterator[str]:
    from rich.text import Text

    titles = [safe(column.title) for column in columns]
    for number, line in enumerate(lines):
        block = Text("\n" if number else "")
        for title, cell in zip(titles, line, strict=True):
            block.append(title, "bold").append(t(": ")).append(cell.text, cell.style)
            block.append("\n")
        yield render(block, colour=colour)


def render(what: object, *, colour: bool, width: int | None = None) -> str:
    """Draw a rich object into a string: rich never touches the streams itself.

    Without a width no line is folded, and nothing is added to the end.
    """
    from rich.console import Console

    out = StringIO()
    console = Console(
        file=out,
        width=width or WIDTH_ENDLESS,
        # With a height given as well, rich does not ask the terminal, nor assume 80 of a dumb one.
        height=25,
        force_terminal=True,
        # Without a colour system rich writes no escapes at all, bold ones included.
        color_system="auto" if colour else None,
        no_color=False,
        markup=False,
        highlight=False,
        emoji=False,
        legacy_windows=False,
    )
    console.print(what, end="", soft_wrap=width is None)
    return out.getvalue()
