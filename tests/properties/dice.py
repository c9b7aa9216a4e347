"""One source of chance, drawn by hypothesis (which shrinks) or thrown by a seeded generator."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


class Dice(Protocol):
    """Whole numbers below a bound; the lower, the simpler the case."""

    def below(self, bound: int) -> int:
        """A number from 0 to bound - 1."""


@dataclass(frozen=True)
class Drawn:
    """Numbers that hypothesis chooses."""

    draw: Any

    def below(self, bound: int) -> int:
        """A number from 0 to bound - 1."""
        return int(self.draw(st.integers(0, bound - 1))) if bound > 1 else 0


class Thrown:
    """Numbers of a generator with a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def below(self, bound: int) -> int:
        """A number from 0 to bound - 1."""
        return self._random.randrange(bound)


def pick(dice: Dice, choices: Sequence[T]) -> T:
    """One of the choices, all alike."""
    return choices[dice.below(len(choices))]


def chance(dice: Dice, percent: int) -> bool:
    """True in so many of a hundred cases; False is the simpler one."""
    return dice.below(100) >= 100 - percent


def between(dice: Dice, low: int, high: int) -> int:
    """A number from low to high, both included."""
    return low + dice.below(high - low + 1)


def weighted(dice: Dice, choices: Sequence[tuple[int, T]]) -> T:
    """One of the choices by weight; the first is the simplest."""
    left = dice.below(sum(weight for weight, _ in choices))
    for weight, choice in choices:
        if left < weight:
            return choice
        left -= weight
    raise AssertionError("weights add up")


def drawn(make: Callable[[Dice], T]) -> st.SearchStrategy[T]:
    """What dice make: some as hypothesis draws it, which seeks corners and shrinks, some thrown.

    Hypothesis varies what it has seen, so its cases alone are too much alike.
    """

    @st.composite
    def made(draw: st.DrawFn) -> T:
        return make(Drawn(draw))

    return made() | st.integers(0, 1 << 40).map(lambda seed: make(Thrown(seed)))
