"""Rows of the database as canonical bytes, and one digest of many: what an entry holds them by.

A column that is empty is left out, so that a column which a later release adds changes nothing for
the rows that were there before.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_ENCODER: Final = json.JSONEncoder(ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def row_line(values: Mapping[str, object]) -> bytes:
    """Return one row as JSON: columns by name, sorted; bytes as a list with their hex digits.

    TypeError for anything that is no number, text, bytes or None.
    """
    plain = {
        name: [value.hex()] if isinstance(value, bytes | memoryview) else value
        for name, value in values.items()
        if value is not None
    }
    return _ENCODER.encode(plain).encode()


def row_digest(values: Mapping[str, object]) -> str:
    """SHA-256 of one row, 64 hex digits."""
    return hashlib.sha256(row_line(values)).hexdigest()


@dataclass(slots=True)
class Span:
    """The digest of rows that pass by in their order, and how many they are."""

    count: int = 0
    _hash: Any = field(default_factory=hashlib.sha256)

    def take(self, values: Mapping[str, object]) -> None:
        """One more row."""
        self.count += 1
        self._hash.update(row_line(values) + b"\n")

    def hexdigest(self) -> str:
        """SHA-256 of the rows' lines, each with its line break, 64 hex digits."""
        return str(self._hash.hexdigest())
