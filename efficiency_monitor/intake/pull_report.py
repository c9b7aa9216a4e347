"""What a pull needs of the world, and what it did, as the command line shows it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..faults import EffmonError
from ..time.instants import rfc3339
from .pulling.http_request import HttpDeps
from .vanished import Vanished

_NOTHING = {"read": 0, "imported": 0, "unchanged": 0, "quarantined": 0, "files": []}


@dataclass(frozen=True, kw_only=True)
class PullDeps:
    """What a pull needs of the world: the environment's secrets, clocks, names, ids."""

    environ: Mapping[str, str]
    world: HttpDeps
    new_id: Callable[[], str]


@dataclass(slots=True)
class PullReport:
    """What one pull of a source did."""

    source: str
    run_id: str
    #: `done`, `idle` (nothing new was there) or `failed`.
    state: str = "done"
    document: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    pages: int = 0
    bytes: int = 0
    data_as_of: int | None = None
    cursor: Mapping[str, str] = field(default_factory=dict)
    vanished: Vanished = field(default_factory=Vanished)
    #: Rows of a table that could not be counted for its cursor.
    left_out: Mapping[str, int] = field(default_factory=dict)
    wrote: bool = True
    fault: EffmonError | None = None

    def as_json(self, zone: str) -> dict[str, object]:
        """The JSON others rely on: an import's, and what pulling adds."""
        return {
            **self.document,
            "source": self.source,
            "run_id": self.run_id,
            "state": self.state,
            "pages": self.pages,
            "bytes": self.bytes,
            "data_as_of": None if self.data_as_of is None else rfc3339(self.data_as_of, zone),
            "cursor": dict(self.cursor),
            "vanished": self.vanished.as_json(),
            "not_counted_for_cursor": dict(self.left_out),
            "message": None if self.fault is None else self.fault.message,
            "wrote": self.wrote,
        }
