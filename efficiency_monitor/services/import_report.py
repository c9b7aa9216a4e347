"""What an import says of itself: totals in all and per file, and the first rows refused."""

from dataclasses import dataclass, field
from typing import Final

from ..core.intake import Counts
from ..sources.rows import Quarantined

#: Refused rows that a report holds; all of them stand in the quarantine.
MOST_REFUSED: Final = 100


@dataclass(slots=True)
class ImportReport:
    """Totals of an import: read = imported + unchanged + quarantined, per file and in all."""

    import_id: str
    files: dict[str, Counts] = field(default_factory=dict)
    #: The first that were quarantined, with place and reason in words.
    refused: list[Quarantined] = field(default_factory=list)
    wrote: bool = True

    @property
    def total(self) -> Counts:
        """All files together."""
        return sum(self.files.values(), Counts())

    def refuse(self, bad: Quarantined) -> None:
        """A row was refused; only the first are kept."""
        if len(self.refused) < MOST_REFUSED:
            self.refused.append(bad)

    def as_json(self) -> dict[str, object]:
        """The JSON others rely on (DESIGN 6)."""
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
