"""Personal values beside the cases: sealed when rows are taken, opened to be shown, erased."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, insert, select

from ...intake.model.statements import RowFacts
from ...intake.store.cases import CASE, chunks, newest_facts
from ...records import bulk
from ...records.personal_tables import ErasedCaseRow, PersonalValueRow
from ..model import personal

VALUE = PersonalValueRow.__table__  # type: ignore[attr-defined]
ERASED = ErasedCaseRow.__table__  # type: ignore[attr-defined]

#: Case number, field and seal of a value that the store does not have yet.
NewValue = tuple[str, str, str]


@dataclass(slots=True)
class Sealing:
    """Seals the rows of one batch; `new` is what has to be written with them: salt and value."""

    #: 32 random bytes. A dry run hands in the same ones each time: what it seals is thrown away.
    salt: Callable[[], bytes]
    new: dict[NewValue, tuple[bytes, str]] = field(default_factory=dict)
    _salts: dict[tuple[str, str], bytes] = field(default_factory=dict)
    _known: set[NewValue] = field(default_factory=set)
    #: Of cases whose applicant was erased: the seals that stand in their fields.
    _standing: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def rows(self, connection: Connection, rows: Sequence[RowFacts]) -> list[RowFacts]:
        """The rows with seals in the place of personal values.

        Of a case whose applicant was erased nothing new is taken: the seal that stands goes on
        standing, whatever a row says.
        """
        stating = {
            row.case_no
            for row in rows
            if row.case is not None
            and any(personal.to_seal(name, text) for name, text in row.case.fields.items())
        }
        if not stating:
            return list(rows)
        self._look_up(connection, sorted(stating))
        return [self._row(row) if row.case_no in stating else row for row in rows]

    def _look_up(self, connection: Connection, case_nos: Sequence[str]) -> None:
        for part in chunks(case_nos):
            found = connection.execute(
                select(CASE.c.case_no, VALUE.c.field, VALUE.c.seal, VALUE.c.salt)
                .join(VALUE, VALUE.c.case_id == CASE.c.id)
                .where(CASE.c.case_no.in_(part))
            )
            for case_no, name, seal, salt in found:
                self._salts[case_no, name] = salt
                self._known.add((case_no, name, seal))
            gone = connection.execute(
                select(CASE.c.case_no, CASE.c.id)
                .join(ERASED, ERASED.c.case_id == CASE.c.id)
                .where(CASE.c.case_no.in_(part))
            ).all()
            facts = newest_facts(connection, [row.id for row in gone], None)
            for row in gone:
                self._standing[row.case_no] = {
                    name: text
                    for name, text in facts.get(row.id, {}).items()
                    if personal.is_seal(text)
                }

    def _row(self, row: RowFacts) -> RowFacts:
        case_no = row.case_no

        def take(name: str, value: str) -> str | None:
            standing = self._standing.get(case_no)
            if standing is not None:
                return standing.get(name)
            salt = self._salts.get((case_no, name))
            if salt is None:
                salt = self._salts[case_no, name] = self.salt()
            seal = personal.seal(salt, value)
            key = case_no, name, seal
            if key not in self._known:
                self.new[key] = salt, value
            return seal

        return personal.sealed(row, take)


def keep(
    connection: Connection,
    stated: Sequence[tuple[int, str, Mapping[str, str]]],
    new: Mapping[NewValue, tuple[bytes, str]],
) -> None:
    """Write the values behind the seals of these fields: id and number of a case, its fields."""
    rows: dict[NewValue, dict[str, object]] = {}
    for case_id, case_no, fields in stated:
        for name, text in fields.items():
            key = case_no, name, text
            if key in new and key not in rows:
                salt, value = new[key]
                rows[key] = {
                    "case_id": case_id,
                    "field": name,
                    "seal": text,
                    "salt": salt,
                    "value": value,
                }
    bulk.add(connection, VALUE, list(rows.values()))


def values_of(connection: Connection, case_id: int) -> dict[str, str]:
    """The values of a case by their seals."""
    found = connection.execute(
        select(VALUE.c.seal, VALUE.c.value).where(VALUE.c.case_id == case_id)
    )
    return {row.seal: row.value for row in found}


def erased(connection: Connection, case_id: int) -> bool:
    """Whether the case's applicant was erased."""
    found = connection.execute(select(ERASED.c.seq).where(ERASED.c.case_id == case_id)).first()
    return found is not None


def erase(connection: Connection, case_id: int, seq: int) -> int:
    """Delete the values and salts of a case for good; how many. `seq` numbers the ledger entry."""
    gone = connection.execute(delete(VALUE).where(VALUE.c.case_id == case_id)).rowcount
    connection.execute(insert(ERASED).values(case_id=case_id, seq=seq))
    return int(gone)
