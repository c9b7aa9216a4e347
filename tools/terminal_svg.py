"""What a terminal shows, drawn as SVG: every character in its cell, nothing fetched from elsewhere.

The reader's own fonts draw the text. Whatever they are, columns line up: single-width and
double-width characters are drawn apart, each stretch fixed to the cells that it takes.
"""

import html
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from rich.ansi import AnsiDecoder
from rich.cells import cell_len, split_graphemes
from rich.color_triplet import ColorTriplet
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

CELL = 8.4
LINE = 20
MARGIN = 16
#: Latin first; Chinese falls through to the first family the reader has.
FONTS = (
    "'DejaVu Sans Mono', Menlo, Consolas, 'Noto Sans Mono CJK SC', 'Sarasa Mono SC', "
    "'PingFang SC', 'Microsoft YaHei', 'WenQuanYi Micro Hei', monospace"
)
BACKGROUND = (16, 20, 28)
FOREGROUND = (216, 222, 233)
#: Black, red, green, yellow, blue, magenta, cyan, white; then the bright ones.
NORMAL = [
    (59, 66, 82),
    (235, 96, 103),
    (122, 190, 112),
    (232, 193, 86),
    (97, 153, 222),
    (190, 132, 200),
    (94, 188, 198),
    (216, 222, 233),
]
THEME = TerminalTheme(BACKGROUND, FOREGROUND, NORMAL, NORMAL)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Characters of one width and one style in a line, from a cell on."""

    cell: int
    cells: int
    text: str
    style: Style


def draw(output: str, *, columns: int, title: str) -> str:
    """The SVG of a terminal `columns` cells wide that shows the output; `title` says what it is."""
    lines = list(AnsiDecoder().decode(output.rstrip("\n")))
    # A line longer than the window goes on in the next one, as in the terminal.
    rows = [row for line in lines for row in _wrapped(line, columns)]
    width = columns * CELL + 2 * MARGIN
    height = len(rows) * LINE + 2 * MARGIN
    body = [
        piece
        for number, row in enumerate(rows)
        for stretch in stretches(row)
        for piece in _drawn(stretch, MARGIN + number * LINE)
    ]
    size = f'width="{width:.0f}" height="{height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" {size}>',
            f"<title>{html.escape(title)}</title>",
            "<style>",
            f"text {{ font-family: {FONTS}; font-size: 14px; white-space: pre; }}",
            # One em in two cells would touch; a little less is what terminals show.
            ".w { font-size: 16px; } .b { font-weight: bold; } .i { font-style: italic; }",
            "</style>",
            f'<rect width="100%" height="100%" rx="8" fill="{_hex(BACKGROUND)}"/>',
            *body,
            "</svg>",
            "",
        ]
    )


def _wrapped(line: Text, columns: int) -> Iterator[Text]:
    while line.cell_len > columns:
        taken = 0
        for start, _, cells in split_graphemes(line.plain)[0]:
            if taken + cells > columns:
                yield line[:start]
                line = line[start:]
                break
            taken += cells
    yield line


def stretches(line: Text) -> Iterator[Stretch]:
    """The line in stretches of one style and one width, without the blanks at their ends."""
    cell = 0
    for (style, cells), group in groupby(_characters(line), key=lambda one: one[1:]):
        text = "".join(character for character, _, _ in group)
        taken = cell_len(text)
        shown = text.strip(" ")
        if shown and cells:
            before = cell_len(text) - cell_len(text.lstrip(" "))
            yield Stretch(cell + before, cell_len(shown), shown, style)
        cell += taken


def _characters(line: Text) -> Iterator[tuple[str, Style, int]]:
    styles = [Style.null()] * len(line.plain)
    for span in line.spans:
        for place in range(span.start, min(span.end, len(styles))):
            style = span.style
            styles[place] += Style.parse(style) if isinstance(style, str) else style
    for start, end, cells in split_graphemes(line.plain)[0]:
        yield line.plain[start:end], styles[start], cells


def _drawn(stretch: Stretch, top: float) -> Iterator[str]:
    x, width = MARGIN + stretch.cell * CELL, stretch.cells * CELL
    style = stretch.style
    colour = style.color.get_truecolor(THEME) if style.color else ColorTriplet(*FOREGROUND)
    paper = style.bgcolor.get_truecolor(THEME, foreground=False) if style.bgcolor else None
    if style.reverse:
        colour, paper = paper or ColorTriplet(*BACKGROUND), colour
    if paper:
        where = f'x="{x:.1f}" y="{top}" width="{width:.1f}" height="{LINE}"'
        yield f'<rect {where} fill="{paper.hex}"/>'
    faint = ' opacity="0.6"' if style.dim else ""
    if set(stretch.text) == {"─"}:
        # Drawn, because a font's dashes leave gaps or overlap when they are spaced to the cells.
        yield (
            f'<rect x="{x:.1f}" y="{top + LINE / 2:.0f}" width="{width:.1f}" height="1" '
            f'fill="{colour.hex}"{faint}/>'
        )
        return
    wide = stretch.cells > len(split_graphemes(stretch.text)[0])
    marks = [name for name, on in (("w", wide), ("b", style.bold), ("i", style.italic)) if on]
    classes = f' class="{" ".join(marks)}"' if marks else ""
    yield (
        f'<text x="{x:.1f}" y="{top + 15}" textLength="{width:.1f}" fill="{colour.hex}"'
        f"{faint}{classes}>{html.escape(stretch.text)}</text>"
    )


def _hex(colour: tuple[int, int, int]) -> str:
    return ColorTriplet(*colour).hex
