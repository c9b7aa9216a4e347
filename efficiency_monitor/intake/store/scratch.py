"""What an import must remember for as long as it lasts: on disk, and gone with it.

Memory stays flat however large the files are. The folder gets files without a name, which vanish
with the process whatever ends it.
"""

import json
import sqlite3
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from ...faults import EffmonError
from ...i18n.messages import t
from ..model.decide import KnownCase, RowDecision, RowResult, contradicted
from ..model.statements import RowFacts, RowVersion

_PARTS: Final = 256
#: Numbers of a part that are held back before they are written: two for each claim.
_HELD: Final = 2_048
_CHUNK: Final = 500
_OWNED: Final = "SELECT case_no FROM owned WHERE case_no IN"


@contextmanager
def named_fault(folder: Path) -> Iterator[None]:
    """An OSError about a file without a name says in which folder there is no space."""
    try:
        yield
    except OSError as fault:
        raise OSError(fault.errno, fault.strerror, str(folder)) from fault


class Claims:
    """What rows assert of things, as pairs of whole numbers, found by the thing's lowest byte."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - `close` closes it
        self._held = [array("q") for _ in range(_PARTS)]
        #: Where the pieces of each part begin in the file, in bytes, and how long they are.
        self._pieces: list[list[tuple[int, int]]] = [[] for _ in range(_PARTS)]
        self._end = 0

    def add(self, claims: Iterable[tuple[int, int]]) -> None:
        """Remember what is asserted of things."""
        for claim in claims:
            part = claim[0] % _PARTS
            held = self._held[part]
            held.extend(claim)
            if len(held) >= _HELD:
                self._write(part)

    def disputed(self) -> Iterator[int]:
        """The things of which different things are asserted; one part at a time is in memory."""
        for part, held in enumerate(self._held):
            found = array("q")
            for start, length in self._pieces[part]:
                self._file.seek(start)
                found.frombytes(self._file.read(length))
            found.extend(held)
            numbers = iter(found)
            yield from contradicted(zip(numbers, numbers, strict=True))

    def close(self) -> None:
        """Give the space back."""
        with named_fault(self._folder):
            self._file.close()

    def _write(self, part: int) -> None:
        content = self._held[part].tobytes()
        with named_fault(self._folder):
            self._file.seek(self._end)
            self._file.write(content)
        self._pieces[part].append((self._end, len(content)))
        self._end += len(content)
        self._held[part] = array("q")


class _Tables:
    """SQLite's own temporary file: on disk beyond its cache, without a name."""

    def __init__(self) -> None:
        self._raw = sqlite3.connect("", isolation_level=None)

    def execute(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        with _translated():
            return self._raw.execute(statement, values)

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        with _translated():
            self._raw.executemany(statement, rows)

    def executescript(self, statements: str) -> None:
        with _translated():
            self._raw.executescript(statements)

    def close(self) -> None:
        self._raw.close()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as fault:
        error = EffmonError(
            t("what an import must remember could not be written: {fault}", fault=fault),
            t("free space in the system's folder for temporary files (TMPDIR, /var/tmp)"),
        )
        error.exit_code = 70
        raise error from fault


class Scratch:
    """Tables of an import that nobody else sees: calendars of cases, disputed things, and, where
    nothing is written, what would stand."""

    def __init__(self) -> None:
        self._tables = _Tables()
        self._tables.executescript(
            """
            PRAGMA journal_mode = OFF;
            PRAGMA synchronous = OFF;
            PRAGMA cache_size = -4000;
            CREATE TABLE calendar (case_no TEXT PRIMARY KEY, name TEXT) WITHOUT ROWID;
            CREATE TABLE disputed (thing INTEGER PRIMARY KEY);
            CREATE TABLE fact (case_no TEXT PRIMARY KEY, fields TEXT) WITHOUT ROWID;
            CREATE TABLE owned (case_no TEXT PRIMARY KEY) WITHOUT ROWID;
            CREATE TABLE live (case_no TEXT, identity TEXT, event_key TEXT,
                PRIMARY KEY (case_no, identity)) WITHOUT ROWID;
            CREATE INDEX live_key ON live (case_no, event_key);
            CREATE TABLE gone (case_no TEXT, event_key TEXT, PRIMARY KEY (case_no, event_key))
                WITHOUT ROWID;
            CREATE TABLE remembered (row_key TEXT PRIMARY KEY, version TEXT, content TEXT)
                WITHOUT ROWID;
            CREATE TABLE item (code TEXT, version TEXT, fact_key TEXT, PRIMARY KEY (code, version))
                WITHOUT ROWID;
            """
        )
        self.any_calendar = False
        self.any_disputed = False

    def close(self) -> None:
        """Give the space back."""
        self._tables.close()

    def note_calendar(self, case_no: str, name: str) -> None:
        """A row names the calendar of its case; the last one stands."""
        self.any_calendar = True
        self._tables.execute("INSERT OR REPLACE INTO calendar VALUES (?, ?)", (case_no, name))

    def calendars(self, case_nos: Sequence[str]) -> dict[str, str]:
        """The calendars that rows have named of these cases."""
        return dict(self._found("SELECT case_no, name FROM calendar WHERE case_no IN", case_nos))

    def note_disputed(self, things: Iterable[int]) -> None:
        """Rows contradict each other about these things."""
        self._tables.execute("BEGIN")
        for thing in things:
            self.any_disputed = True
            self._tables.execute("INSERT OR IGNORE INTO disputed VALUES (?)", (thing,))
        self._tables.execute("COMMIT")

    def disputed(self, things: Sequence[int]) -> Set[int]:
        """Which of these things are disputed."""
        if not self.any_disputed:
            return frozenset()
        found = self._found("SELECT thing FROM disputed WHERE thing IN", things)
        return frozenset(thing for (thing,) in found)

    def note_changes(self, decisions: Iterable[RowDecision]) -> None:
        """How cases would stand after these decisions."""
        for one in decisions:
            case_no = one.row.case_no
            if one.result is RowResult.IMPORTED and not one.waits:
                self._tables.execute("INSERT OR IGNORE INTO owned VALUES (?)", (case_no,))
            if one.fields is not None:
                fields = json.dumps(dict(one.fields))
                self._tables.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (case_no, fields))
            gone = [(case_no, withdrawal.key) for withdrawal in one.withdrawals]
            new = [(case_no, event.identity, event.key) for event in one.events]
            # Whether or not the store has it: from now on it is this that counts.
            self._tables.executemany("INSERT OR REPLACE INTO gone VALUES (?, ?)", gone)
            self._tables.executemany("DELETE FROM live WHERE case_no = ? AND event_key = ?", gone)
            self._tables.executemany("INSERT OR REPLACE INTO live VALUES (?, ?, ?)", new)
            self._tables.executemany(
                "DELETE FROM gone WHERE case_no = ? AND event_key = ?",
                [(case_no, event.key) for event in one.events],
            )

    def overlaid(
        self, known: Mapping[str, KnownCase], rows: Sequence[RowFacts], source: str
    ) -> dict[str, KnownCase]:
        """What the store knows of the rows' cases, and how it would stand by now."""
        case_nos = list(dict.fromkeys(row.case_no for row in rows if row.case_no))
        facts = dict(self._found("SELECT case_no, fields FROM fact WHERE case_no IN", case_nos))
        owned = {number for (number,) in self._found(_OWNED, case_nos)}
        live: dict[str, dict[str, str]] = {}
        asked = "SELECT case_no, identity, event_key FROM live WHERE case_no = ? AND identity = ?"
        by_key = "SELECT case_no, identity, event_key FROM live WHERE case_no = ? AND event_key = ?"
        for row in rows:
            for identity in (*(event.identity for event in row.events), *row.absent):
                for case_no, name, key in self._tables.execute(asked, (row.case_no, identity)):
                    live.setdefault(case_no, {})[name] = key
            for event in row.events:
                for case_no, name, key in self._tables.execute(by_key, (row.case_no, event.key)):
                    live.setdefault(case_no, {})[name] = key
        made: dict[str, KnownCase] = {}
        for case_no in case_nos:
            before = known.get(case_no)
            if before is None and case_no not in {*facts, *live, *owned}:
                continue
            before = before or KnownCase()
            fields = json.loads(facts[case_no]) if case_no in facts else before.fields
            stood = {
                name: key for name, key in before.live.items() if not self._is_gone(case_no, key)
            }
            owner = before.owner or (source if case_no in owned else "")
            told, inherited = (
                tuple(each for each in some if not self._is_gone(case_no, each.key))
                for some in (before.told, before.inherited)
            )
            stands = stood | live.get(case_no, {})
            made[case_no] = KnownCase(fields, stands, owner, told, inherited)
        return made

    def _is_gone(self, case_no: str, key: str) -> bool:
        asked = "SELECT 1 FROM gone WHERE case_no = ? AND event_key = ?"
        return self._tables.execute(asked, (case_no, key)).fetchone() is not None

    def note_remembered(self, rows: Mapping[str, RowVersion]) -> None:
        """What would be remembered of rows."""
        self._tables.executemany(
            "INSERT OR REPLACE INTO remembered VALUES (?, ?, ?)",
            [(key, row.version, row.content) for key, row in rows.items()],
        )

    def remembered(self, row_keys: Sequence[str]) -> dict[str, RowVersion]:
        """What would be remembered of these rows."""
        asked = "SELECT row_key, version, content FROM remembered WHERE row_key IN"
        return {key: RowVersion(*kept) for key, *kept in self._found(asked, row_keys)}

    def note_items(self, items: Mapping[tuple[str, str], str]) -> None:
        """The newest facts that items would have."""
        self._tables.executemany(
            "INSERT OR REPLACE INTO item VALUES (?, ?, ?)",
            [(code, version, key) for (code, version), key in items.items()],
        )

    def items(self, codes: Sequence[str]) -> dict[tuple[str, str], str]:
        """The newest facts that these items would have."""
        asked = "SELECT code, version, fact_key FROM item WHERE code IN"
        return {(code, version): key for code, version, key in self._found(asked, codes)}

    def _found(self, asked: str, values: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
        wanted = list(dict.fromkeys(values))
        for at in range(0, len(wanted), _CHUNK):
            part = wanted[at : at + _CHUNK]
            marks = ",".join("?" * len(part))
            yield from self._tables.execute(f"{asked} ({marks})", part)
