"""What a data set's validation gives: its figures by name, and its part of the page."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from efficiency_monitor.faults import ConfigurationError

Case = TypeVar("Case")

Figures = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Part:
    """One data set: heading, figures by name (for tests and summary), blocks of Markdown."""

    title: str
    figures: Figures
    blocks: Sequence[str]
    #: Lines of the summary table: whose data, what is compared, alike, what the rest is.
    summary: Sequence[Sequence[str]]
    #: The same in one Chinese sentence, without its full stop.
    chinese: str

    def text(self) -> str:
        """The part as it stands on the page."""
        return "\n\n".join((f"## {self.title}", *self.blocks)) + "\n"


@dataclass(slots=True)
class ResidualClass(Generic[Case]):
    """Cases that differ in one way: how they are recognised, and what is supposed of them.

    `supposed` is empty where no explanation is offered: such cases are unexplained.
    """

    name: str
    supposed: str
    holds: Callable[[Case], bool]
    cases: list[Case] = field(default_factory=list)


def sort_out(cases: Iterable[Case], classes: Sequence[ResidualClass[Case]]) -> None:
    """Put each case into the first class that holds of it; the last class must hold of all."""
    for case in cases:
        next(one for one in classes if one.holds(case)).cases.append(case)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; whole numbers with separators, columns of nothing else to the right."""
    taken = [list(row) for row in rows]
    right = [
        bool(taken) and all(isinstance(row[place], int) for row in taken)
        for place in range(len(head))
    ]
    lines = [_line(head), _line(["---:" if each else "---" for each in right])]
    lines += [_line([_cell(value) for value in row]) for row in taken]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value).replace("|", "\\|")


def share(part: int, whole: int) -> str:
    """`98.4 %`; 100 % means all and 0 % none, however close the rest comes."""
    if not whole:
        return "–"
    tenths = round(part * 1000 / whole)
    if 0 < part < whole:
        tenths = min(max(tenths, 1), 999)
    return f"{tenths / 10:.1f} %"


def require(holds: bool, claim: str) -> None:
    """Refuse to write a page on which a sentence is no longer true. ConfigurationError says which.

    For what the text claims outright; what may change with the data is a figure.
    """
    if not holds:
        raise ConfigurationError(
            f"docs/validation.md would say what is not so: {claim}",
            "look at the data and at the engine, then mend the sentence or the engine",
        )


def data_line(path: Path, name: str) -> str:
    """Name and fingerprint of a file that the figures rest on."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"`{name}`, SHA-256 `{digest[:16]}…`"
