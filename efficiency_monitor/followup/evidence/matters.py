"""What is held back now: by matter, with the cards that it contests and who could decide on it."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection

from ...cards.continuing import going_on
from ...cards.late_evidence import Evidence, Weighing
from ...cards.store import cards
from ...intake.store import cases, evidence, import_runs
from ...ledger.model.entries import canonical_json
from ...notify.notices import people
from ...people.acting import scope_of
from ...people.model.authority import Act, Scope, standings
from ...people.recusal import who_withdraws
from ...people.store import keys
from ...terms import Level
from ...time.instants import local_date
from ...workspace.context import Context


@dataclass(frozen=True, slots=True)
class Target:
    """What somebody decides on: one number, or all that a card, an import, a calendar means."""

    #: `evidence`, `card`, `import` or `calendar`.
    kind: str
    name: str

    def __str__(self) -> str:
        return self.name if self.kind == "evidence" else f"{self.kind}/{self.name}"


@dataclass(frozen=True, slots=True)
class Matter:
    """Evidence that is held back, and the rows of the cards that it contests."""

    evidence: Evidence
    case_id: int | None
    scope: Scope | None
    cards: Sequence[Mapping[str, Any]] = ()

    @property
    def level(self) -> Level | None:
        """The highest level of its cards; None: no card is concerned yet."""
        return max((Level(card["level"]) for card in self.cards), default=None)


def waiting(
    context: Context, connection: Connection, case_ids: Sequence[int] | None = None
) -> list[Matter]:
    """Everything that is held back, of all cases or of some, by number."""
    ids = cases.with_evidence(connection) if case_ids is None else list(case_ids)
    found: dict[str, Matter] = {}
    for part in cases.chunks(ids, 250):
        for one in _of_cases(context, connection, part):
            known = found.get(one.evidence.number)
            both = [*(known.cards if known else ()), *one.cards]
            found[one.evidence.number] = Matter(
                one.evidence,
                one.case_id,
                one.scope,
                tuple({card["card_no"]: card for card in both}.values()),
            )
    return [found[number] for number in sorted(found)]


def _of_cases(context: Context, connection: Connection, ids: Sequence[int]) -> Iterable[Matter]:
    stored = cases.read_cases(connection, ids)
    standing = cards.of_cases(connection, list(ids))
    as_of = context.now()
    judged = context.catalogue.judge([case.record for case in stored], as_of)
    judged = going_on(connection, stored, judged, standing)
    for one in Weighing(context, connection, as_of, None).each(stored, judged, standing):
        rows = cards.rows_of(connection, one.contested)
        fields = (one.case.whole or one.case.record).fields
        scope = Scope(
            department=fields.get("department", ""),
            region=fields.get("region", ""),
            item_code=fields.get("item_code", ""),
        )
        for each in one.evidence:
            of_case = None if each.calendar else one.case.case_id
            yield Matter(each, of_case, None if each.calendar else scope, rows)


def about(connection: Connection, matters: Iterable[Matter], target: Target) -> list[Matter]:
    """Those of the matters that a target means."""
    if target.kind == "evidence":
        return [one for one in matters if one.evidence.number == target.name]
    if target.kind == "import":
        return [one for one in matters if one.evidence.import_id == target.name]
    if target.kind == "calendar":
        return [one for one in matters if one.evidence.calendar == target.name]
    return [one for one in matters if any(card["card_no"] == target.name for card in one.cards)]


@dataclass(slots=True)
class Needs:
    """Who has to agree to evidence, and who may not."""

    #: How many persons, and whether each with a key.
    persons: int
    must_sign: bool
    #: Person ids that may not, each with the reason.
    barred: dict[str, str] = field(default_factory=dict)
    #: Departments, regions, items concerned; None among them: a calendar's.
    scopes: list[Scope | None] = field(default_factory=list)


def needs(
    context: Context, connection: Connection, matters: Sequence[Matter], *, accept: bool, why: str
) -> Needs:
    """What accepting or rejecting takes (docs/sources.md).

    One person, two for a red card and where nobody signed the import with a key; never who
    imported it, nor who would withdraw from lifting one of the cards. `why` is said of importers.
    """
    imports = import_runs.by_id(
        connection, {one.evidence.import_id for one in matters if one.evidence.import_id}
    )
    level = max((one.level for one in matters if one.level is not None), default=None)
    signed = all(
        one.evidence.import_id in imports and imports[one.evidence.import_id].who.key_id
        for one in matters
    )
    red = level is Level.RED
    found = Needs(2 if accept and (red or not signed) else 1, must_sign=accept and red)
    everybody = people(connection)
    for run in imports.values():
        if run.who.person:
            found.barred[run.who.person] = why
    for one in matters:
        if one.scope not in found.scopes:
            found.scopes.append(one.scope)
        for card in one.cards:
            row = cards.find(connection, str(card["card_no"]))
            found.barred |= who_withdraws(connection, row, everybody)
            scope = scope_of(card)
            if scope not in found.scopes:
                found.scopes.append(scope)
    return found


def lacking(context: Context, connection: Connection, need: Needs) -> int:
    """How many persons who would have to agree do not exist; 0: there are enough."""
    everybody = people(connection)
    on = date.fromisoformat(local_date(context.now(), context.zone))
    may: set[str] | None = None
    for scope in need.scopes:
        able = set()
        for person_id in {row.person_id for row in everybody} - need.barred.keys():
            for standing in standings(everybody, Act.DECIDE_EVIDENCE, scope, person_id, on):
                signs = keys.in_use(connection, person_id) is not None
                if standing.second and (need.persons == 1 or not signs):
                    continue
                if need.must_sign and not signs:
                    continue
                able.add(person_id)
        may = able if may is None else may & able
    return max(0, need.persons - len(may or ()))


def lacks(context: Context, connection: Connection, one: Matter) -> int:
    """How many persons are lacking who would have to accept a matter."""
    return lacking(context, connection, needs(context, connection, [one], accept=True, why=""))


def digest_of(matters: Sequence[Matter]) -> str:
    """What exactly is decided on: numbers and rows, 16 hex digits.

    Another row, another decision: what one has signed nobody completes for more.
    """
    said = [
        {"evidence": one.evidence.number, "rows": one.evidence.rows.rows()}
        for one in sorted(matters, key=lambda one: one.evidence.number)
    ]
    return hashlib.sha256(canonical_json({"evidence": said})).hexdigest()[:16]


def rejected_before(connection: Connection, number: str) -> list[Matter]:
    """What was rejected under a number and can still be accepted."""
    rows = evidence.decided(connection, number)
    if not rows or rows[0].decision != evidence.REJECTED:
        return []
    row = rows[0]
    if row.calendar is not None:
        held = Evidence(number, calendar=row.calendar, version=row.calendar_version)
        return [Matter(held, None, None)]
    ((case_no, fields),) = cases.numbers_and_fields(connection, [row.case_id]).values()
    scope = Scope(
        fields.get("department", ""), fields.get("region", ""), fields.get("item_code", "")
    )
    held = Evidence(number, case_no, row.import_id, rows=evidence.rows_of(row.rows))
    return [Matter(held, row.case_id, scope)]
