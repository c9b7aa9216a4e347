"""Faults in what a file says, each with the path of the entry at fault."""

from collections.abc import Sequence

#: Path of an entry inside a file: `("days_off", 3, "date")`.
Loc = tuple[str | int, ...]


class LocatedError(ValueError):
    """What a file says cannot be right, in one place or in several.

    `faults` pairs the path of each entry with a sentence; whoever has read the file turns the
    paths into file:line:col.
    """

    def __init__(self, faults: Sequence[tuple[Loc, str]]) -> None:
        super().__init__("; ".join(sentence for _, sentence in faults))
        self.faults = tuple(faults)
