"""Whether who is known, and what is kept sealed of applicants, is as the ledger says.

What was erased, with an entry, is gone: the seals stand, and nothing is missing.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from ...i18n.messages import t
from ...intake.model.statements import digest
from ...intake.store.cases import CASE, FACT
from ...people.model import personal
from ...records.personal_tables import ErasedCaseRow, PersonalValueRow
from ...records.tables import PersonRow
from ..model.entries import EntryType, commitment

PERSON = PersonRow.__table__  # type: ignore[attr-defined]
VALUE = PersonalValueRow.__table__  # type: ignore[attr-defined]
ERASED = ErasedCaseRow.__table__  # type: ignore[attr-defined]
Entry = Mapping[str, Any]


def people_digest(connection: Connection, but: str | None = None) -> str:
    """Digest of the rows about persons in their order, without those of one that is erased."""
    rows = connection.execute(select(PERSON).order_by(PERSON.c.id))
    return digest([[row.person_id, row.value] for row in rows if row.person_id != but])


@dataclass(slots=True)
class Persons:
    """What the ledger has said last of persons, and which applicants were erased."""

    #: Salt of a commitment, None where there is none.
    salt_of: Callable[[str], bytes | None]
    people: str | None = None
    #: Numbers of cases by the entry that says that their applicants were erased.
    erased: dict[int, list[str]] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        """An entry that may be about persons."""
        if entry["type"] in (EntryType.PEOPLE_IMPORTED, EntryType.DATA_ERASED):
            if "people" in entry:
                self.people = entry["people"]["commitment"]
            elif entry["type"] == EntryType.PEOPLE_IMPORTED or "cases" not in entry:
                self.people = None  # of an early release
        if entry["type"] == EntryType.DATA_ERASED:
            self.erased[entry["seq"]] = list(entry.get("cases", ()))

    def rows(self, connection: Connection, *, masked: bool = False) -> Iterator[str]:
        """What is wrong with the rows; `masked`: none of it is shown, and nothing is compared."""
        if masked:
            return
        if self.people is not None:
            salt = self.salt_of(self.people)
            if salt is None or commitment(salt, people_digest(connection)) != self.people:
                yield t("the people are not those that the newest import or erasure left")
        gone = set()
        asked = select(ERASED, CASE.c.case_no).join(CASE, CASE.c.id == ERASED.c.case_id)
        for row in connection.execute(asked):
            gone.add(row.case_id)
            if row.case_no not in self.erased.get(row.seq, ()):
                yield t(
                    "case {case_no}: the ledger does not know that its applicant was erased",
                    case_no=row.case_no,
                )
        yield from _sealed(connection, gone)


def _sealed(connection: Connection, gone: set[int]) -> Iterator[str]:
    """Every seal of a case opens by the value that is kept for it, unless that was erased."""
    values = connection.execute(
        select(VALUE).order_by(VALUE.c.case_id, VALUE.c.id).execution_options(stream_results=True)
    )
    facts = connection.execute(
        select(FACT.c.case_id, FACT.c.fields)
        .order_by(FACT.c.case_id, FACT.c.id)
        .execution_options(stream_results=True)
    )
    waiting = next(values, None)
    for case_id, seals in _seals(facts):
        while waiting is not None and waiting.case_id < case_id:
            yield _value(waiting.case_id)
            waiting = next(values, None)
        left = dict(seals)
        while waiting is not None and waiting.case_id == case_id:
            if left.pop(waiting.seal, None) != waiting.field or not _opens(waiting):
                yield _value(case_id)
            waiting = next(values, None)
        # Of an applicant who was erased nothing is kept.
        if left != (seals if case_id in gone else {}):
            yield _value(case_id)
    while waiting is not None:
        yield _value(waiting.case_id)
        waiting = next(values, None)


def _seals(facts: Any) -> Iterator[tuple[int, dict[str, str]]]:
    """By case, the field of each seal that stands in any version of its fields."""
    case_id: int | None = None
    seals: dict[str, str] = {}
    for row in facts:
        if row.case_id != case_id:
            if case_id is not None:
                yield case_id, seals
            case_id, seals = row.case_id, {}
        try:
            fields = json.loads(row.fields)
            seals |= {text: name for name, text in fields.items() if personal.is_seal(text)}
        except (TypeError, ValueError, AttributeError):
            continue  # spans of rows hold these
    if case_id is not None:
        yield case_id, seals


def _opens(row: Any) -> bool:
    try:
        return bool(personal.seal(bytes(row.salt), row.value) == row.seal)
    except (TypeError, ValueError, AttributeError):
        return False


def _value(case_id: object) -> str:
    return t(
        "table personal_value, case of row {case_id}: what is kept is not what its seals say",
        case_id=case_id,
    )
