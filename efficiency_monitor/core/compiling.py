"""One source, two ways to run it: `kernel_function` marks what numba may compile.

Imported the ordinary way a marked function is itself, and takes lists. `compiled` loads the same
files once more with `numba.njit` in its place, and they take numpy arrays. See ADR 0004.
"""

from collections.abc import Callable
from typing import Any

_decorate: list[Callable[[Any], Any]] = []


def kernel_function(function: Any) -> Any:
    """Mark a function of the kernel; itself, unless the file is being loaded for compilation."""
    return _decorate[-1](function) if _decorate else function


class compiling_with:  # noqa: N801 - reads as a phrase: `with compiling_with(njit):`
    """Context in which files that are being loaded have their marked functions decorated."""

    def __init__(self, decorate: Callable[[Any], Any]) -> None:
        self._decorator = decorate

    def __enter__(self) -> None:
        _decorate.append(self._decorator)

    def __exit__(self, *_: object) -> None:
        _decorate.pop()
