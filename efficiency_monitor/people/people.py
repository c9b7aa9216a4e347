"""Importing people, and checking that a card in any department would reach somebody."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from ..faults import ConfigurationError, Problem
from ..followup.ladders.actions import who_first
from ..i18n.messages import t
from ..i18n.people_words import in_words
from ..intake.formats.rows import Quarantined, Row, shown
from ..intake.formats.tabular import read_rows
from ..intake.store import cases
from ..ledger.checks.person_checks import people_digest
from ..ledger.model.entries import EntryType
from ..ledger.store import ledger
from ..notify.notices import people, replace_people
from ..notify.readdress import readdress
from ..notify.telling import Telling
from ..terms import Level
from ..workspace.context import Context
from ..workspace.required_texts import text_commitment
from ..workspace.transaction import transaction
from . import supervision
from .erasing import erased_persons
from .model.id_numbers import find_id_number
from .model.people import Language, Person, Role, faulty_persons, parse_people
from .model.people_change import PeopleChange, change_of, still_known
from .store import keys
from .supervision import Supervision


@dataclass(slots=True)
class PeopleReport:
    """What `people import` did."""

    imported: int = 0
    problems: list[Problem] = field(default_factory=list)
    #: Ids of those whose new row is faulty and whose former rows stay.
    kept: tuple[str, ...] = ()
    #: Who may now do more, and which holders of keys are not there any more.
    change: PeopleChange = field(default_factory=PeopleChange)
    #: What of it is about those who supervise, and who has signed that.
    supervision: Supervision = field(default_factory=Supervision)

    def as_json(self) -> dict[str, object]:
        """For the command line; ids, no names."""
        problems = [{"where": each.where, "message": each.message} for each in self.problems]
        return {
            "imported": self.imported,
            "problems": problems,
            "kept": list(self.kept),
            "waiting": [
                {"person_id": one.person_id, "kind": one.kind}
                for one in (() if self.supervision.done else self.supervision.waits)
            ],
            "signed_by": self.supervision.signed_by,
            "needed": self.supervision.needed,
            "repeated": self.supervision.repeated,
            "lapsed": self.supervision.lapsed,
            **self.change.as_json(),
        }


def import_people(context: Context, path: Path, *, dry_run: bool = False) -> PeopleReport:
    """Replace who is known by the rows of a file; faulty rows are reported, the rest is taken.

    Of somebody whose row is faulty what was known before stays: nobody falls out of what is told
    by a mistyped date.

    From the first key on, rows that change who supervises, deputises for one or leads wait for
    supervisors' signatures (`supervision`), and the rest of the file is taken.

    Keys stay as they are. Who becomes a supervisor or a supervisor's deputy, and which holders of
    keys go or change their name, is in the report and in the ledger, by their ids.
    A file without any usable row changes nothing: ConfigurationError.
    """
    report = PeopleReport()
    everybody, faulty = _read(context, path, report)
    report.imported = len(everybody)
    if not everybody:
        said = f": {report.problems[0].message}" if report.problems else ""
        raise ConfigurationError(
            t("{name} has no row that names a person{said}", name=path.name, said=said),
            t("columns that are needed: person_id, name, role, channel"),
        )

    def become(connection: Connection) -> tuple[Person, ...]:
        before, gone = people(connection), erased_persons(connection)
        report.problems.extend(_erased(everybody, gone, path.name))
        taken = tuple(person for person in everybody if person.person_id not in gone)
        report.imported = len(taken)
        kept = still_known(before, taken, faulty)
        report.kept = tuple(sorted({person.person_id for person in kept}))
        known, report.supervision = supervision.taken(context, connection, (*taken, *kept))
        report.change = change_of(before, known, keys.holders(connection))
        return known

    with transaction(context, dry_run=dry_run) as connection:
        known = become(connection)
        replace_people(connection, known)
        if any(person.role is Role.SUPERVISOR for person in known):
            cases.note_supervised(connection, context.now())
        moved = readdress(connection, known)
        content: dict[str, object] = {
            "rows": len(known),
            **report.change.as_json(),
            **report.supervision.in_entry(),
            "people": text_commitment(context, connection, people_digest(connection)),
        }
        if moved:
            content["readdressed"] = moved
        ledger.append(
            connection,
            [
                context.entry(
                    EntryType.PEOPLE_IMPORTED,
                    f"people.imported/{ledger.read_head(connection).size}",
                    content,
                )
            ],
        )
    return report


def _read(
    context: Context, path: Path, report: PeopleReport
) -> tuple[tuple[Person, ...], frozenset[str]]:
    """The people of a file, and who has a faulty row; what is wrong goes to the report."""
    rows: list[Row] = []
    for row in read_rows(path, name=path.name):
        if isinstance(row, Quarantined):
            report.problems.append(row.problem)
        elif isinstance(row, Row):
            rows.append(row)
    cells, numbers = [row.cells for row in rows], [row.number for row in rows]
    with_numbers = dict(_id_numbers(rows, path.name))
    everybody, problems = parse_people(
        [row.cells for row in rows if row.number not in with_numbers],
        where=path.name,
        numbers=[number for number in numbers if number not in with_numbers],
        language=Language(context.settings.workspace.language or "zh"),
    )
    report.problems.extend(with_numbers.values())
    faulty = faulty_persons(cells, numbers, [*problems, *with_numbers.values()])
    report.problems.extend(map(in_words, problems))
    report.problems.extend(_unknown_channels(context, everybody, path.name))
    return everybody, faulty


def _id_numbers(rows: Sequence[Row], where: str) -> Iterator[tuple[int, Problem]]:
    """Rows in which somebody has put the number of an identity card, as their id or beside it."""
    for row in rows:
        for column, text in row.cells.items():
            number = find_id_number(text)
            if number is not None:
                said = t(
                    "column {column} holds the number of an identity card, {number}: the row is "
                    "not taken",
                    column=shown(column),
                    number=number,
                )
                yield row.number, Problem(f"{where}: row {row.number}", "id_number", said)
                break


def _erased(everybody: Sequence[Person], gone: frozenset[str], where: str) -> Iterator[Problem]:
    """Who was erased does not come back by a file that nobody has mended."""
    for person_id in sorted({person.person_id for person in everybody} & gone):
        yield Problem(
            where,
            "erased",
            t(
                "{person_id} was erased: the row is not taken; who returns takes a new id",
                person_id=shown(person_id),
            ),
        )


def _unknown_channels(
    context: Context, everybody: Sequence[Person], where: str
) -> Iterator[Problem]:
    """A channel that the workspace does not have would be noticed when nobody is told."""
    known = context.settings.channels.names
    for channel in sorted({person.channel for person in everybody} - known):
        names = sorted({person.person_id for person in everybody if person.channel == channel})
        some = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
        yield Problem(
            where,
            "unknown_channel",
            t(
                "channel {channel!r} is not configured ({some}); there are {known}",
                channel=shown(channel),
                some=shown(some),
                known=", ".join(sorted(known)),
                known_2="、".join(sorted(known)),
            ),
        )


def check_people(context: Context) -> list[dict[str, Any]]:
    """For every department that has cases and every level: how many people would be told."""
    with context.store.reading() as connection:
        ids = cases.all_case_ids(connection)
        departments = set()
        for part in cases.chunks(ids):
            for case in cases.read_cases(connection, part):
                departments.add(case.record.fields.get("department") or "")
        telling = Telling(context, connection)
        return [
            {
                "department": department,
                "level": level.word,
                "told": len(who_first(context, telling, level, {"department": department})),
            }
            for department in sorted(departments)
            for level in Level
        ]
