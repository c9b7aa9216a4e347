"""A workspace with two sources that are folders, and files by hand."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from efficiency_monitor.intake.import_report import ImportReport
from efficiency_monitor.intake.pull_report import PullReport
from efficiency_monitor.people import by_hand
from tests.feeds.conftest import Office
from tests.stories.world import PEOPLE, Row, World, write_csv

FOLDERS = """
[sources.srca]
{srca}
[sources.srca.files]
folder = "a"
patterns = ["*.csv"]
[sources.srcb]
{srcb}
[sources.srcb.files]
folder = "b"
patterns = ["*.csv"]
"""


@dataclass
class Halls(Office):
    """Two sources, `srca` and `srcb`, each a folder that its files are put into."""

    files: int = 0

    def set_up(self, srca: str = "", srcb: str = "", more: str = "") -> None:
        """Their settings."""
        self.configure(FOLDERS.format(srca=srca, srcb=srcb) + more)

    def tell(self, source: str, *tables: Sequence[Row]) -> PullReport:
        """Put files into a source's folder and pull it."""
        for rows in tables:
            self.files += 1
            path = self.world.folder / source[-1] / f"{self.files:03}.csv"
            path.parent.mkdir(exist_ok=True)
            write_csv(path, rows)
            os.utime(path, (self.world.now, self.world.now))
        report = self.pull(source)
        if report.fault is not None:
            raise report.fault
        return report

    def by_hand(
        self, *tables: Sequence[Row], source: str | None = None, person: str | None = None
    ) -> ImportReport:
        """`effmon import FILE… [--source NAME] [--as PERSON]`."""
        paths = []
        for rows in tables:
            self.files += 1
            paths.append(self.world.folder / f"hand-{self.files:03}.csv")
            write_csv(paths[-1], rows)
        context = self.world.context if person is None else self.world.acting(person)
        return by_hand.import_into(context, paths, source)

    def quarantined(self) -> list[tuple[str, str]]:
        """Code and message of what waits in quarantine."""
        return [
            (row["code"], row["message"])
            for row in self.world.rows(
                "SELECT code, message FROM quarantine WHERE state = 'open' ORDER BY id"
            )
        ]

    def owners(self) -> dict[str, str]:
        """Whose each case is."""
        return dict(self.world.tuples("SELECT case_no, source FROM case_file"))  # type: ignore[arg-type]


def event(case_no: str, name: str, at: str, key: str, **more: str) -> Row:
    """A row of events."""
    return {"case_no": case_no, "event": name, "occurred_at": at, "source_key": key, **more}


@pytest.fixture
def halls(tmp_path: Path) -> Iterator[Halls]:
    made = Halls(World.made(tmp_path / "ws", "2026-03-02 12:00"))
    made.world.people(PEOPLE)
    made.set_up()
    yield made
    made.world.close()
