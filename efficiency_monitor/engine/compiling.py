"""One source, two ways to run it: `kernel_function` marks what numba may compile.

Imported the ordinary way a marked function is itself, and takes lists. `compiled` loads the same
files once more with `numba.njit` in its place, and they take numpy arrays. See ADR 0004.
"""

from collections.abc import Callable
from typing import Any

#: What a file that is being loaded for compilation makes of a function: (function, whether it is
#: compiled into its callers).
Decorate = Callable[[Any, bool], Any]
_decorate: list[Decorate] = []


def kernel_function(function: Any) -> Any:
    """Mark a function of the kernel; itself, unless the file is being loaded for compilation."""
    return _decorate[-1](function, False) if _decorate else function


def inlined_function(function: Any) -> Any:
    """As `kernel_function`, and compiled into its callers: for what every case passes through."""
    return _decorate[-1](function, True) if _decorate else function


class compiling_with:  # noqa: N801 - reads as a phrase: `with compiling_with(njit):`
    """Context in which files that are being loaded have their marked functions decorated."""

    def __init__(self, decorate: Decorate) -> None:
        self._decorator = decorate

    def __enter__(self) -> None:
        _decorate.append(self._decorator)

    def __exit__(self, *_: object) -> None:
        _decorate.pop()
