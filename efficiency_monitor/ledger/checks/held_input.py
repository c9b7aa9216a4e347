"""What a scan sees of its input: that each row is one that the entry of its import holds.

It reads whole what was imported since the last finished scan, counts all rows of each table
against what the ledger says, and of the cases that it judges looks at every row: its import has
ended, its number is one of that import's, what can be made again from it fits. What was changed in
older contents without a trace in numbers and keys `ledger verify` finds; before a card falls by
late evidence the imports of its case's rows are read whole here too.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, NamedTuple
from zlib import crc32

from sqlalchemy import Connection, select

from ...intake.model.statements import digest
from ...intake.store import cases, import_runs
from ...intake.store.cases import CASE, EVENT, FACT, WITHDRAWN
from ...intake.store.items import ITEM
from ...people.store import text_salts
from ..model.entries import EntryType, commitment
from ..model.row_digests import Span
from ..store import held_rows, ledger
from . import handover_checks
from .evidence_checks import unfounded
from .import_checks import NOTHING, HeldRows, held_by, read
from .input_checks import event_key

_DONE: Final = "import.done/{}"
_BEGUN: Final = "import.begun/{}"


@dataclass(frozen=True, slots=True)
class Import:
    """What the ledger says of an import that has ended."""

    seq: int
    tables: Mapping[str, HeldRows]


@dataclass(frozen=True, slots=True, order=True)
class Cause:
    """A table whose rows are not those that an import's entry holds; "": that no import holds."""

    table: str
    import_id: str

    @property
    def text(self) -> str:
        """As a case's problem has it."""
        return f"{self.table} {self.import_id}".strip()


#: Decisions on evidence that no entry says.
_DECISIONS: Final = Cause("evidence_decision", "")
#: Hand-overs of cases that no entry says.
_HAND_OVERS: Final = Cause("source_handover", "")


@dataclass(slots=True)
class Seen:
    """What was seen of some cases."""

    #: Cases of which an import that has not ended has rows.
    torn: set[int] = field(default_factory=set)
    causes: dict[int, set[Cause]] = field(default_factory=dict)
    #: The imports that each case has rows of.
    imports: dict[int, set[str]] = field(default_factory=dict)

    def unheld(self, case_id: int) -> str:
        """What is to be said of a case, as text; empty: every row of it is held."""
        return ", ".join(cause.text for cause in sorted(self.causes.get(case_id, ())))


class HeldInput:
    """What one scan knows of imports; memory grows with the number of imports, not of rows."""

    def __init__(self) -> None:
        #: None: it has begun and not ended, or nobody knows it.
        self._ended: dict[str, Import | None] = {}
        self._begun: dict[str, bool] = {}
        self._faulty: dict[str, set[Cause]] = {}
        self._read: set[str] = set()
        self._dense: dict[tuple[str, str], bool] = {}
        self._read_to = 0
        #: Of older imports, read in the rotation: how many, and which were found faulty.
        self.rotated = 0
        self._doubted: list[str] = []
        #: Up to which entry everything imported was read whole.
        self.read_to = 0
        #: What was found, with the numbers of the cases that cannot be judged for it.
        self.found: dict[Cause, set[str]] = {}

    def start(self, connection: Connection) -> None:
        """Read whole what was imported since the last finished scan; count what is there."""
        newest = ledger.newest_rare(connection, EntryType.SCAN_DONE)
        said = read(newest).get("input", {}) if newest is not None else {}
        self._read_to = int(said.get("read_to", 0))
        self.read_to = ledger.read_head_only(connection).size
        new = ledger.rare_since(connection, EntryType.IMPORT_DONE, self._read_to)
        for body in new:
            self._know(read(body))
        again = [name for name in said.get("faulty", ()) if name and name not in self._ended]
        self._learn(connection, again)
        for import_id in list(self._ended):
            self._whole(connection, import_id)
        self._count(connection)

    def read_part(self, connection: Connection, part: int, parts: int) -> None:
        """Read whole one of so many parts of all imports, also of those that were read before."""
        for body in ledger.rare_since(connection, EntryType.IMPORT_DONE, 0):
            entry = read(body)
            name = str(entry.get("import", ""))
            if name in self._read or crc32(name.encode()) % parts != part:
                continue
            self._know(entry)
            self._whole(connection, name)
            self.rotated += 1
            if name in self._faulty:
                self._doubted.append(name)

    def doubted(self, connection: Connection) -> list[int]:
        """Ids of the cases with rows of older imports that were found to hold others now."""
        return import_runs.cases_of(connection, self._doubted)

    def see(self, connection: Connection, case_ids: Sequence[int]) -> Seen:
        """What stands of some cases: every row of them, and what else their imports were found to
        lack or to have."""
        seen = Seen()
        rows = list(_rows_of(connection, case_ids))
        imports = {row.import_id for row in rows if isinstance(row.import_id, str)}
        self._learn(connection, imports)
        for import_id in imports:
            known = self._ended.get(import_id)
            if known is not None and known.seq > self._read_to:
                self._whole(connection, import_id)
        for row in rows:
            self._look(connection, row, seen)
        for case_id in unfounded(connection, case_ids):
            seen.causes.setdefault(case_id, set()).add(_DECISIONS)
            self.found.setdefault(_DECISIONS, set())
        for case_id in handover_checks.unfounded(connection, case_ids):
            seen.causes.setdefault(case_id, set()).add(_HAND_OVERS)
            self.found.setdefault(_HAND_OVERS, set())
        self.spread(seen)
        return seen

    def spread(self, seen: Seen) -> None:
        """Let what was found of an import count for every case that has rows of it."""
        for case_id, imports in seen.imports.items():
            for import_id in imports:
                for cause in self._faulty.get(import_id, ()):
                    seen.causes.setdefault(case_id, set()).add(cause)

    def see_whole(self, connection: Connection, seen: Seen, case_id: int) -> bool:
        """Read whole the imports of a case's rows: whether they are what their entries hold."""
        imports = seen.imports.get(case_id, set())
        for import_id in imports:
            self._whole(connection, import_id)
        return not any(import_id in self._faulty for import_id in imports)

    def note(self, case_no: str, causes: Collection[Cause]) -> None:
        """Remember that a case cannot be judged for these causes."""
        for cause in causes:
            self.found.setdefault(cause, set()).add(case_no)

    def content(self) -> dict[str, object]:
        """The field `input` of a scan's entry: how far it has read, what it has found."""
        faulty = sorted(name for name in self._faulty if name)
        return {"read_to": self.read_to, **({"faulty": faulty} if faulty else {})}

    def not_looked_at(self, connection: Connection, slot: int, begun_at: int) -> list[int]:
        """Ids of cases of which something was imported since the last finished scan, and that are
        marked as if nothing had been; also of those that a scan which broke off has judged, but for
        the scan of `slot`, first begun at `begun_at` (unix seconds)."""
        found: set[int] = set()
        for import_id, known in self._ended.items():
            if known is not None and known.seq > self._read_to:
                held = {name: (each.first, each.last) for name, each in known.tables.items()}
                found |= import_runs.not_marked(connection, import_id, held, slot, begun_at)
        return sorted(found)

    # What the ledger says of imports.

    def _know(self, entry: Mapping[str, Any]) -> None:
        with suppress(KeyError, TypeError):
            self._ended[entry["import"]] = Import(entry["seq"], held_by(entry))

    def _learn(self, connection: Connection, imports: Collection[str]) -> None:
        wanted = sorted(
            name for name in imports if isinstance(name, str) and self._ended.get(name) is None
        )
        done = ledger.recorded(connection, [_DONE.format(name) for name in wanted])
        begun = ledger.recorded(connection, [_BEGUN.format(name) for name in wanted])
        for name in wanted:
            self._begun[name] = _BEGUN.format(name) in begun
            entry = read(done.get(_DONE.format(name), b""))
            if entry.get("import") == name:
                self._know(entry)

    # Whole imports.

    def _whole(self, connection: Connection, import_id: str) -> None:
        known = self._ended.get(import_id)
        if known is None or import_id in self._read:
            return
        self._read.add(import_id)
        for name, held in held_rows.INPUT.items():
            said = known.tables.get(name, NOTHING)
            if said.count and not self._as_said(connection, held, said, import_id):
                self._fault(Cause(name, import_id))

    def _as_said(
        self,
        connection: Connection,
        held: held_rows.Appended,
        said: HeldRows,
        import_id: str,
    ) -> bool:
        span = Span()
        rows = held_rows.appended(connection, held, said.last, said.first - 1, import_id=import_id)
        with closing(rows):
            for _, row in rows:
                try:
                    span.take(row)
                except (TypeError, ValueError):
                    return False
        salt = text_salts.find(connection, said.commitment)
        return (
            span.count == said.count
            and salt is not None
            and commitment(salt, span.hexdigest()) == said.commitment
        )

    def _sound(self, import_id: str) -> bool:
        return import_id in self._read and import_id not in self._faulty

    def _fault(self, cause: Cause) -> None:
        self._faulty.setdefault(cause.import_id, set()).add(cause)
        self.found.setdefault(cause, set())

    # Numbers of rows.

    def _count(self, connection: Connection) -> None:
        """Whether each table has as many rows as the ledger says; else which imports differ."""
        newest = ledger.newest_rare(connection, EntryType.IMPORT_DONE)
        held = read(newest).get("held", {}) if newest is not None else {}
        running = [
            name
            for name in import_runs.not_ended(connection)
            if [*ledger.recorded(connection, [_BEGUN.format(name), _DONE.format(name)])]
            == [_BEGUN.format(name)]
        ]
        for name, table in held_rows.INPUT.items():
            there = held_rows.counted(connection, table)
            if there != held.get(name, 0):
                there -= sum(
                    held_rows.counted(connection, table, import_id=each) for each in running
                )
            if there != held.get(name, 0):
                self._which(connection, table)

    def _which(self, connection: Connection, table: held_rows.Appended) -> None:
        there = held_rows.counted_by_import(connection, table)
        for body in ledger.rare_since(connection, EntryType.IMPORT_DONE, 0):
            self._know(read(body))
        self._learn(connection, [name for name in there if isinstance(name, str)])
        for import_id, known in self._ended.items():
            said = known.tables.get(table.name, NOTHING) if known is not None else NOTHING
            if known is not None and there.get(import_id, 0) != said.count:
                self._fault(Cause(table.name, import_id))
        for name in there:
            if not isinstance(name, str) or not (self._ended.get(name) or self._begun.get(name)):
                self._fault(Cause(table.name, ""))

    # Rows of the cases that are judged.

    def _look(self, connection: Connection, row: "_Row", seen: Seen) -> None:
        known = self._ended.get(row.import_id) if isinstance(row.import_id, str) else None
        if known is None:
            if isinstance(row.import_id, str) and self._begun.get(row.import_id):
                seen.torn.update(row.case_ids)
                return
            cause = Cause(row.table, "")
        else:
            said = known.tables.get(row.table, NOTHING)
            for case_id in row.case_ids:
                seen.imports.setdefault(case_id, set()).add(row.import_id)
            if (
                said.has(row.number)
                and self._alone(connection, row, said)
                and row.fits(whole=self._sound(row.import_id))
            ):
                return
            cause = Cause(row.table, row.import_id)
        for case_id in row.case_ids:
            seen.causes.setdefault(case_id, set()).add(cause)
        self.found.setdefault(cause, set())

    def _alone(self, connection: Connection, row: "_Row", said: HeldRows) -> bool:
        """Whether the import has no more rows than it says. Numbers are unique: where it has as
        many as there are numbers from its first to its last, there is room for no other."""
        if said.count == said.last - said.first + 1:
            return True
        key = row.table, row.import_id
        if key not in self._dense:
            there = held_rows.counted(
                connection, held_rows.INPUT[row.table], said.first - 1, row.import_id
            )
            self._dense[key] = there <= said.count
        return self._dense[key]


class _Row(NamedTuple):
    """A row of input: where it stands, and whose it is."""

    table: str
    number: Any
    import_id: Any
    case_ids: tuple[int, ...]
    #: What is made again from it and fits, whatever its import; and what needs not be where the
    #: import was read whole and is sound.
    always: bool = True
    else_: Callable[[], bool] | None = None

    def fits(self, *, whole: bool) -> bool:
        """Whether the row says what its key, its digest, or others of its case do."""
        return self.always and (whole or self.else_ is None or self.else_())


def _rows_of(connection: Connection, case_ids: Sequence[int]) -> Iterator[_Row]:
    """Every row of some cases, and of the items that their newest fields name."""
    newest: dict[int, dict[str, str]] = {}
    stated = select(FACT).where(FACT.c.case_id.in_(case_ids)).order_by(FACT.c.id)
    for row in connection.execute(stated):
        fields = _object(row.fields)
        newest[row.case_id] = fields or {}
        again = partial(_as_digested, fields, row.digest)
        yield _Row("case_fact", row.id, row.import_id, (row.case_id,), else_=again)
    numbers = {}
    of_item: dict[str, list[int]] = {}
    columns = (
        CASE.c.id,
        CASE.c.case_no,
        CASE.c.import_id,
        CASE.c.calendar,
        CASE.c.default_calendar,
        CASE.c.item_code,
    )
    for row in connection.execute(select(*columns).where(CASE.c.id.in_(case_ids))):
        numbers[row.id] = row.case_no
        own = newest.get(row.id, {})
        calendar, code = own.get("calendar") or row.default_calendar, own.get("item_code")
        as_newest = row.calendar == calendar and row.item_code == code
        yield _Row("case_file", row.id, row.import_id, (row.id,), as_newest)
        if code:
            of_item.setdefault(code, []).append(row.id)
    for row in connection.execute(select(EVENT).where(EVENT.c.case_id.in_(case_ids))):
        again = partial(_as_keyed, numbers.get(row.case_id, ""), row)
        yield _Row("event", row.id, row.import_id, (row.case_id,), else_=again)
    withdrawn = (
        select(WITHDRAWN.c.number, WITHDRAWN.c.import_id, EVENT.c.case_id)
        .join(EVENT, EVENT.c.id == WITHDRAWN.c.event_id)
        .where(EVENT.c.case_id.in_(case_ids))
    )
    for row in connection.execute(withdrawn):
        yield _Row("event_withdrawal", row.number, row.import_id, (row.case_id,))
    for part in cases.chunks(sorted(of_item)):
        for row in connection.execute(select(ITEM).where(ITEM.c.item_code.in_(part))):
            again = partial(_as_item, row)
            owners = tuple(of_item[row.item_code])
            yield _Row("item_fact", row.id, row.import_id, owners, else_=again)


def _as_digested(fields: dict[str, str] | None, said: str) -> bool:
    return fields is not None and digest(fields) == said


def _as_keyed(case_no: str, row: Any) -> bool:
    return event_key(case_no, row) == str(row.event_key)


def _as_item(row: Any) -> bool:
    fields = _object(row.fields)
    made = None if fields is None else digest("item", row.item_code, row.item_version, fields)
    return bool(made == row.fact_key)


def _object(text: Any) -> dict[str, str] | None:
    try:
        found = json.loads(text)
    except (TypeError, ValueError):
        return None
    return found if isinstance(found, dict) else None
