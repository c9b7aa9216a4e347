"""Lines folded as Chinese is set: between any two characters, dates, codes and words left whole.

rich folds at spaces, of which Chinese has none, so it would break inside a date.
"""

import re
from collections.abc import Iterator

#: May not begin a line, and may not end one (JLREQ and CLREQ, the marks that occur here).
_CLOSING = "，。；：、！？）》〕】」』”’,.;:!?)]}%"
_OPENING = "（《〔【「『“‘([{"
_PIECE = re.compile(rf"[{re.escape(_OPENING)}]*(?:[!-~]+|.)[{re.escape(_CLOSING)}]*\s*", re.DOTALL)


def fold(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` cells; nothing but blanks at a line's end is left out.

    A piece that is longer than a line (a long code) is broken where the line ends.
    """
    from rich.cells import cell_len

    if cell_len(text) <= width:
        return [text]
    lines: list[list[str]] = [[]]
    used = 0
    for piece in _PIECE.findall(text):
        for part in _parts(piece, width):
            if used and used + cell_len(part.rstrip()) > width:
                lines.append([])
                used = 0
            lines[-1].append(part)
            used += cell_len(part)
    return ["".join(line).rstrip() for line in lines]


def _parts(piece: str, width: int) -> Iterator[str]:
    """The piece, in parts that fit into a line each (a double-width character always does)."""
    from rich.cells import cell_len, chop_cells

    if cell_len(piece.rstrip()) <= width:
        yield piece
    else:
        yield from chop_cells(piece, width)
