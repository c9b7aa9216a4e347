"""What an import says of itself: totals in all and per file, and the first rows refused."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from .formats.rows import Quarantined
from .model.decide import Counts

#: Refused rows that a report holds; all of them stand in the quarantine.
MOST_REFUSED: Final = 100
#: Reasons that are counted column by column: rows of JSON may bring ever new columns.
_MOST_REASONS: Final = 1_000


@dataclass(slots=True)
class ImportReport:
    """Totals of an import: read = imported + unchanged + quarantined, per file and in all."""

    import_id: str
    files: dict[str, Counts] = field(default_factory=dict)
    #: The first that were quarantined, with place and reason in words.
    refused: list[Quarantined] = field(default_factory=list)
    #: How many were quarantined for which reason (its code) in which column.
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrote: bool = True

    @property
    def total(self) -> Counts:
        """All files together."""
        return sum(self.files.values(), Counts())

    def refuse(self, bad: Quarantined) -> None:
        """A row was refused; only the first are kept, all are counted."""
        reason = str(bad.refusal), bad.column
        if reason not in self.reasons and len(self.reasons) >= _MOST_REASONS:
            reason = str(bad.refusal), ""
        self.reasons[reason] += 1
        if len(self.refused) < MOST_REFUSED:
            self.refused.append(bad)

    def add(self, other: "ImportReport") -> None:
        """The totals of another import beside these; the id is that of the newest."""
        self.import_id = other.import_id
        for name, counts in other.files.items():
            self.files[name] = self.files.get(name, Counts()) + counts
        self.reasons += other.reasons
        self.refused = [*self.refused, *other.refused][:MOST_REFUSED]

    def as_json(self) -> dict[str, object]:
        """The JSON others rely on (docs/contract.md 15)."""
        return {
            "import_id": self.import_id,
            **plain_counts(self.total),
            "files": [{"file": name, **plain_counts(one)} for name, one in self.files.items()],
            "wrote": self.wrote,
        }


def plain_counts(counts: Counts) -> dict[str, int]:
    """The four numbers by their names."""
    return {
        "read": counts.read,
        "imported": counts.imported,
        "unchanged": counts.unchanged,
        "quarantined": counts.quarantined,
    }
