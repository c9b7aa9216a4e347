"""What a parser is to whoever feeds it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parser:
    """One parser: sound inputs, words of its format, and how an input is read.

    `read` says whether the input was taken; False if it was refused in one line. Whatever it
    raises is a fault of ours.
    """

    name: str
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...]
    read: Callable[[bytes], bool]
