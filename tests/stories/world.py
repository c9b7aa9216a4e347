"""A real workspace with a clock that the test sets: files in, cards and notices out."""

import csv
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, NullPool, create_engine, select, text

from efficiency_monitor import app
from efficiency_monitor.cards import answers
from efficiency_monitor.intake import ingest
from efficiency_monitor.intake.pull_report import PullReport
from efficiency_monitor.ledger import book as ledger_book
from efficiency_monitor.notify import deliver
from efficiency_monitor.notify.channels.channel import Channel
from efficiency_monitor.ops import setup
from efficiency_monitor.people import people as people_service
from efficiency_monitor.records.every_table import metadata
from efficiency_monitor.scan import nights, scan
from efficiency_monitor.scan.slots import Schedule, catch_up
from efficiency_monitor.workspace.context import Context
from efficiency_monitor.workspace.settings import DATABASE_VARIABLE
from tests import engines
from tests.postgres_server import as_owner

ZONE = ZoneInfo("Asia/Shanghai")
HERE = Path(__file__).parent
RULES = HERE.parents[1] / "rules"
#: Who is told, unless a story says otherwise: one handler and one head of one department, and a
#: supervisor for all.
PEOPLE = (
    {"person_id": "zhang", "name": "张经办", "department": "住建局", "role": "handler"},
    {"person_id": "li", "name": "李主任", "department": "住建局", "role": "head"},
    {"person_id": "wang", "name": "王监察", "department": "", "role": "supervisor"},
)
WEEK = ("mon", "tue", "wed", "thu", "fri")
HOURS = [["09:00", "12:00"], ["14:00", "17:00"]]
Row = Mapping[str, str]


def instant(text: str) -> int:
    """A wall time `2026-03-02 18:00[:00]` of the workspace's zone in epoch seconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp())


def wall(at: int) -> str:
    """An instant as people in the workspace's zone write it."""
    return f"{datetime.fromtimestamp(at, ZONE):%Y-%m-%d %H:%M:%S}"


def town(
    *,
    days_off: Sequence[str] = (),
    working_days: Sequence[str] = (),
    provisional: str = "provisional",
    name: str = "town",
) -> str:
    """Text of a calendar: Monday to Friday, 2026 published, 2027 provisional, nothing after it."""

    def notice(day: str) -> str:
        return f"town-{day[:4]}"

    document = {
        "id": name,
        "zone": "Asia/Shanghai",
        "covers": {"from": "2026-01-01", "to": "2027-12-31"},
        "week": dict.fromkeys(WEEK, HOURS),
        "days_off": [{"date": d, "name": "假", "notice": notice(d)} for d in days_off],
        "working_days": [{"date": d, "notice": notice(d)} for d in working_days],
        "notices": {
            "town-2026": {
                "number": "1",
                "published": "2025-11-01",
                "source": "test",
                "status": "official",
            },
            "town-2027": {
                "number": "2",
                "published": "2026-11-01",
                "source": "test",
                "status": provisional,
                "covers": {"from": "2027-01-01", "to": "2027-12-31"},
            },
        },
    }
    return json.dumps(document, ensure_ascii=False)  # JSON is YAML with every text quoted


@dataclass
class World:
    """One workspace and its clock."""

    folder: Path
    now: int
    watch_from: str | None = None
    imports: int = 0
    #: Whose rows are received.
    source: str = "by-hand"
    _context: Context | None = field(default=None, repr=False)

    @classmethod
    def made(
        cls,
        folder: Path,
        at: str,
        *,
        watch_from: str | None = None,
        late_evidence: str | None = "lift",
    ) -> "World":
        """A new workspace with the story's pack, its calendar and its people.

        What comes by hand lifts cards by itself, unless the story is about that.
        """
        # One that watches only from a later day on is refused: it is made when it watches.
        begun = max(instant(at), instant(watch_from or at))
        world = cls(folder, begun, watch_from)
        catalogue = folder / "catalogue"
        shutil.copytree(RULES / "mappings", catalogue / "mappings")
        shutil.copy(RULES / "vocabulary.yaml", catalogue / "vocabulary.yaml")
        shutil.copytree(HERE / "pack", catalogue / "packs" / "story")
        world.calendar("town", town())
        setup.write_settings(
            folder,
            name="story",
            zone="Asia/Shanghai",
            language="en",
            calendar="town",
            packs=("story",),
        )
        settings = folder / "effmon.toml"
        lines = ['[workspace]\nrules = "catalogue"']
        if watch_from is not None:
            lines.append(f'watch_from = "{watch_from}"')
        url = engines.new_url()
        if url is not None:
            lines.append(f'database = "{url}"')
        text = settings.read_text(encoding="utf-8").replace("[workspace]", "\n".join(lines), 1)
        if late_evidence is not None:
            text = f'{text.rstrip()}\n\n[sources.by-hand]\nlate_evidence = "{late_evidence}"\n'
        settings.write_text(text, encoding="utf-8")
        if url is None:
            shutil.copy(engines.template(), folder / "effmon.db")
        setup.record_creation(app.open_context(folder, create=True, clock=lambda: world.now))
        return world

    @property
    def context(self) -> Context:
        """The wired services; opened again after the catalogue has changed."""
        if self._context is None:
            assert engines.fits(self.url), f"this test is not to run on {self.url}"
            self._context = app.open_context(self.folder, clock=lambda: self.now)
        return self._context

    def acting(self, person: str) -> Context:
        """The services as this person uses them."""
        return app.open_context(self.folder, person=person, clock=lambda: self.now)

    def close(self) -> None:
        """Give the database's connections back."""
        if self._context is not None:
            self._context.store.close()
            self._context = None

    @contextmanager
    def by_owner(self) -> Iterator[None]:
        """As whoever owns the tables on PostgreSQL; on SQLite everybody does."""
        self.close()
        before = os.environ.get(DATABASE_VARIABLE)
        if not self.url.startswith(engines.SQLITE):
            os.environ[DATABASE_VARIABLE] = as_owner(self.url)
        try:
            yield
        finally:
            self.close()
            os.environ.pop(DATABASE_VARIABLE, None)
            if before is not None:
                os.environ[DATABASE_VARIABLE] = before

    def calendar(self, name: str, text: str | None) -> None:
        """Put a calendar file into the catalogue, as an operator does who has the new notice.

        None takes it away.
        """
        path = self.folder / "catalogue" / "calendars" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            path.unlink()
        else:
            path.write_text(text, encoding="utf-8")
        self.close()

    def receive(self, kind: str, rows: Sequence[Row]) -> ingest.ImportReport:
        """Import rows through a real CSV file and the canonical mapping."""
        self.imports += 1
        path = self.folder / f"{self.imports:03}-{kind}.csv"
        write_csv(path, rows)
        return ingest.import_files(self.context, [path], "canonical", source=self.source)

    def people(self, rows: Sequence[Row]) -> None:
        """Import who is told."""
        path = self.folder / "people.csv"
        write_csv(path, [{"channel": "file", "address": row["person_id"], **row} for row in rows])
        report = people_service.import_people(self.context, path)
        assert report.problems == []

    def scan(self) -> scan.ScanReport:
        """`effmon scan`: as of now."""
        return scan.scan(self.context, as_of=self.now, run_id=app.run_id())

    def nights(
        self,
        channels: Mapping[str, Channel] | None = None,
        most: int | None = None,
        pull: Callable[[int], list[PullReport]] | None = None,
    ) -> nights.NightReport:
        """`effmon jobs run`: pulls, every open slot or `most` of them, then one delivery."""
        section = self.context.settings.jobs.scan
        schedule = Schedule(at=section.at, days=section.days, zone=self.context.zone)

        def slots(since: int, now: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
            plan = catch_up(since, now, schedule, most_days=section.catch_up_days)
            return plan.run[:most], plan.skipped

        return nights.run_due(
            self.context,
            lambda: app.channels(self.context) if channels is None else channels,
            slots,
            new_id=app.run_id,
            turn=lambda: 0,
            pull=pull,
        )

    def deliver(self, channels: Mapping[str, Channel] | None = None) -> deliver.DeliverReport:
        """`effmon notices deliver`."""
        made = app.channels(self.context) if channels is None else channels
        return deliver.deliver(self.context, made)[0]

    def answer(self, what: str, card_no: str, person: str, text: str | None = None) -> str:
        """`effmon cards acknowledge | reply | confirm`."""
        return answers.answer(self.acting(person), card_no, what, text).state

    @property
    def url(self) -> str:
        """Where its database is."""
        return engines.url_of(self.folder)

    @contextmanager
    def beside(self) -> Iterator[Connection]:
        """A transaction past the product's own code, on a connection of its own."""
        engine = create_engine(as_owner(self.url), poolclass=NullPool)
        with engine.begin() as connection:
            yield connection

    def rows(self, statement: str, *values: object) -> list[dict[str, Any]]:
        """Ask the database itself, past the product's own code; `?` stands for each value."""
        with self.beside() as connection:
            found = connection.execute(*_numbered(statement, values))
            return [dict(row) for row in found.mappings()]

    def tuples(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """The same without the columns' names."""
        return [tuple(row.values()) for row in self.rows(statement, *values)]

    def change(self, statement: str, *values: object) -> int:
        """Change the database past the product's own code; how many rows."""
        with self.beside() as connection:
            said = engines.spoken(statement, self.url)
            return connection.execute(*_numbered(said, values)).rowcount

    def mark_all_changed(self) -> None:
        """Let the next scan judge every case, whether anything happened to it or not."""
        self.change("UPDATE case_file SET changed = 1, revision = revision + 1")

    def cards(self) -> list[str]:
        """Every card as `CASE RULE level[#n] state [reason]`, sorted."""
        return sorted(card_text(row) for row in self.rows("SELECT * FROM card"))

    def card(self, text: str) -> str:
        """Number of the only card that begins so: `A CASE yellow`."""
        found = [
            row["card_no"]
            for row in self.rows("SELECT * FROM card")
            if card_text(row).startswith(f"{text} ")
        ]
        assert len(found) == 1, f"{text}: {found}"
        return str(found[0])

    def entries(self, since: int = 0) -> list[dict[str, object]]:
        """Ledger entries after a sequence number."""
        rows = self.rows("SELECT body FROM ledger_entry WHERE seq > ? ORDER BY seq", since)
        return [json.loads(row["body"]) for row in rows]

    def messages(self) -> list[dict[str, object]]:
        """What the file channel has written, in no order."""
        return [
            json.loads(path.read_text(encoding="utf-8"))
            for path in sorted((self.folder / "outbox").glob("*.json"))
        ]

    def dump(self) -> str:
        """Every row of every table as text: equal dumps are equal databases.

        Without leases, which also a dry run may take and give back.
        """
        lines = []
        with self.beside() as connection:
            for table in metadata.sorted_tables:
                if table.name == "lease":
                    continue
                rows = connection.execute(select(table).order_by(*table.primary_key.columns))
                lines += [f"{table.name} {tuple(row)!r}" for row in rows]
        return "\n".join(lines)

    def sound(self) -> bool:
        """Whether the ledger verifies; a test that fails for it shows why."""
        found = ledger_book.verify(self.context)
        for fault in (*found["approvals"], *found["rows"], *found["checkpoints"]):
            print(fault)
        return bool(found["sound"])


def _numbered(statement: str, values: Sequence[object]) -> tuple[Any, dict[str, object]]:
    """A statement with `?` for its values as both engines take it."""
    numbers = iter(range(len(values)))
    plain = re.sub(r"(?<![:\w]):(?=\w)", r"\\:", statement)  # of a JSON text, no name of a value
    named = re.sub(r"\?", lambda _: f":value_{next(numbers)}", plain)
    return text(named), {f"value_{place}": value for place, value in enumerate(values)}


LEVELS = {1: "warning", 2: "yellow", 3: "red"}


def card_text(row: Mapping[str, Any]) -> str:
    """A card in the words of the stories."""
    number = f"#{row['issue_no']}" if row["issue_no"] else ""
    reason = f" {row['lifted_reason']}" if row["lifted_reason"] else ""
    return (
        f"{row['case_no']} {row['rule_id']} {LEVELS[row['level']]}{number} {row['state']}{reason}"
    )


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """Rows with whatever columns they have."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
