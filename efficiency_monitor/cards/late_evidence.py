"""Evidence that would take a yellow or red card away, and who has to agree: `late_evidence`.

Rows that came by hand, or by a source that adds to another one's case, do not lift a card by
themselves where somebody supervises, nor does a calendar that one person amended: they are held
back. The case is judged as if they had not come, its cards stay as they are, and each that would
fall with them is contested (docs/sources.md), until persons accept or reject them. Corrections of
what an episode had bound wait in the same way. Rows with which no card would fall count at once.
"""

import hashlib
import json
from base64 import b32encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from sqlalchemy import Connection

from ..catalogue import former_calendars
from ..engine.findings import CaseFindings
from ..engine.timeline import CaseRecord
from ..intake.store import cases, evidence
from ..ledger.store import ledger
from ..terms import CardState, Level
from ..time.calendar import Calendar
from ..time.instants import earliest
from ..workspace.context import Context
from ..workspace.source_settings import BY_HAND
from .continuing import going_on
from .model.decide import Card, Decision, Lift, decide
from .store import cards, late_rows

#: Rows of one sort that an entry names; more are counted.
_NAMED = 20


@dataclass(frozen=True, slots=True, order=True)
class Evidence:
    """What is held back of a case, as one import brought it; or a version of a calendar."""

    number: str
    case_no: str = ""
    import_id: str = ""
    #: Its id and version, and the version of before.
    calendar: str = ""
    version: str = ""
    former: str = ""
    rows: evidence.HeldBack = field(default=evidence.NOTHING, compare=False)


def evidence_number(*what: str) -> str:
    """Number of what is held back: the same matter has the same number, for ever."""
    digest = hashlib.sha256("\x1f".join(what).encode()).digest()
    return f"E-{b32encode(digest)[:12].decode()}"


@dataclass(frozen=True, slots=True)
class Weighed:
    """A case as it counts, what is found of it, and its cards that are contested."""

    case: cases.StoredCase
    found: CaseFindings
    decisions: Sequence[Decision]
    contested: tuple[str, ...] = ()
    #: What contests them, and which corrections wait.
    evidence: tuple[Evidence, ...] = ()
    #: Whether another calendar than today's judged.
    by_former: bool = False
    #: When time alone changes what the case would be with the evidence, and it has to be weighed
    #: again, epoch seconds.
    again_at: int | None = None


@dataclass(frozen=True)
class Weighing:
    """What weighing evidence takes, beside the cases themselves."""

    context: Context
    connection: Connection
    as_of: int
    watch_from: int | None
    known_by: int | None = None
    #: False: what is decided is what would be without the cards on record.
    against: bool = True

    def each(
        self,
        stored: Sequence[cases.StoredCase],
        findings: Sequence[CaseFindings],
        standing: Mapping[int, Sequence[Card]],
    ) -> list[Weighed]:
        """Weigh what is found of cases against the cards that they have, in their order."""
        return [
            self._one(case, found, standing.get(case.case_id, ()))
            for case, found in zip(stored, findings, strict=True)
        ]

    def one(self, case: cases.StoredCase) -> Weighed:
        """Judge one case and weigh what is found of it."""
        standing = cards.of_cases(self.connection, [case.case_id], self.known_by)
        judged = self.context.catalogue.judge([case.record], self.as_of)
        found = going_on(self.connection, [case], judged, standing)
        return self.each([case], found, standing)[0]

    def _one(self, case: cases.StoredCase, found: CaseFindings, known: Sequence[Card]) -> Weighed:
        weighed = self._held_back(case, found, known)
        if not weighed.found.waits:
            return weighed
        rows = [row for each in weighed.found.corrections for row in each.rows]
        agreed = self._judged(weighed.case, _agreed(weighed.case.record, rows, self.as_of), known)
        decided = self.decided(weighed.case, agreed, known)
        contested = {*weighed.contested, *_falling(decided, known)}
        return replace(
            weighed,
            contested=tuple(sorted(contested)),
            evidence=tuple(
                _together([*weighed.evidence, *self._by_import(case, cases.HeldBack.of(rows))])
            ),
            again_at=earliest(weighed.again_at, agreed.changes_at),
        )

    def _held_back(
        self, case: cases.StoredCase, found: CaseFindings, known: Sequence[Card]
    ) -> Weighed:
        """Judge without what takes a card away and needs consent, where anything does."""
        decisions = self.decided(case, found, known)
        falling = _falling(decisions, known)
        held = self._held(case, falling) if falling else cases.NOTHING
        former = self._former(falling, known)
        if not (held or former):
            return self._as_told(case, found, decisions)
        without = self._without(case, held) if held else case
        (judged,) = self.context.catalogue.judge([without.record], self.as_of, former)
        (judged,) = going_on(self.connection, [without], [judged], {case.case_id: known})
        instead = self.decided(without, judged, known, former)
        contested = falling - _falling(instead, known)
        if not contested:
            return self._as_told(case, found, decisions)
        waiting = [each for each in self._amended(former, known) if each.number not in self.refused]
        own = list(self._by_import(case, held))
        whole = replace(without, whole=case.record)
        if own or waiting:
            marked = tuple(sorted(contested))
        else:
            marked = ()  # by a calendar that was refused: nothing waits
        return Weighed(
            whole,
            judged,
            instead if self.against else self.decided(without, judged, (), former),
            marked,
            tuple(sorted([*own, *waiting])),
            by_former=bool(former),
            again_at=found.changes_at,
        )

    def _as_told(
        self, case: cases.StoredCase, found: CaseFindings, decisions: Sequence[Decision]
    ) -> Weighed:
        return Weighed(case, found, decisions if self.against else self.decided(case, found, ()))

    def _without(self, case: cases.StoredCase, held: cases.HeldBack) -> cases.StoredCase:
        """The case as if some rows had not come."""
        (without,) = cases.read_cases(
            self.connection, [case.case_id], known_by=self.known_by, leave_out=held
        ) or (case,)
        record = replace(
            without.record,
            stale=case.record.stale,
            torn=case.record.torn,
            unheld=case.record.unheld,
        )
        return replace(case, record=record)

    def _judged(
        self, case: cases.StoredCase, record: CaseRecord, known: Sequence[Card]
    ) -> CaseFindings:
        """What is found of another view of a case."""
        judged = self.context.catalogue.judge([record], self.as_of)
        view = replace(case, record=record)
        (found,) = going_on(self.connection, [view], judged, {case.case_id: known})
        return found

    def decided(
        self,
        case: cases.StoredCase,
        found: CaseFindings,
        known: Sequence[Card],
        instead: Mapping[str, Calendar] | None = None,
    ) -> list[Decision]:
        """What is decided of a case's cards by what is found of it, whoever said so."""
        calendars = {**self.context.catalogue.calendars, **(instead or {})}
        own = calendars.get(case.record.calendar)
        return decide(
            found,
            known,
            rule_ids=self.context.catalogue.rule_ids,
            conduct=self.context.catalogue.conduct,
            calendar_version="" if own is None else own.version,
            versions={
                name: calendars[name].version for name in case.record.calendars if name in calendars
            },
            watch_from=self.watch_from,
        )

    @cached_property
    def _decided_calendars(self) -> Mapping[tuple[str, str], bool]:
        return evidence.calendars(self.connection)

    @cached_property
    def refused(self) -> frozenset[str]:
        """Numbers of the versions of calendars that persons rejected."""
        return frozenset(
            calendar_number(name, version)
            for (name, version), accepted in self._decided_calendars.items()
            if not accepted
        )

    def _former(self, falling: frozenset[str], known: Sequence[Card]) -> dict[str, Calendar]:
        """The calendars of before, in the place of those that one person alone amended since these
        cards were given or last looked at."""
        if not falling or self.context.settings.rules.approval != "none":
            return {}
        if cases.supervised_from(self.connection) is None:
            return {}
        found: dict[str, Calendar] = {}
        rows = {str(row["card_no"]): row for row in cards.rows_of(self.connection, sorted(falling))}
        for card in known:
            if card.card_no not in falling or not card.calendar_version:
                continue
            name = str(rows[card.card_no]["calendar"])
            today = self.context.catalogue.calendars.get(name)
            if today is None or today.version == card.calendar_version or name in found:
                continue
            if self._decided_calendars.get((name, today.version)):
                continue
            former = former_calendars.made(self.connection, name, card.calendar_version)
            if former is not None:
                found[name] = former
        return found

    def _amended(self, former: Mapping[str, Calendar], known: Sequence[Card]) -> Iterator[Evidence]:
        """The amendments in the place of which the calendars of before judged."""
        for name, before in former.items():
            version = self.context.catalogue.calendars[name].version
            yield Evidence(
                calendar_number(name, version),
                calendar=name,
                version=version,
                former=before.version,
            )

    def _held(self, case: cases.StoredCase, falling: frozenset[str]) -> cases.HeldBack:
        """Rows that came after one of these cards was given, state something of up to when it fell
        due, and do not lift a card by themselves."""
        found: list[tuple[str, int]] = []
        decided = {
            row
            for one in evidence.of_cases(self.connection, [case.case_id]).get(case.case_id, ())
            if self.known_by is None or one.at <= self.known_by
            for table, numbers in one.rows.rows().items()
            for row in ((table, number) for number in numbers)
        }
        for row in cards.rows_of(self.connection, sorted(falling)):
            after = rows_known(self.connection, str(row["card_no"]))
            if after is None:
                continue
            found += [
                (each.table, each.row)
                for each in late_rows.after(self.connection, case.case_id, after, self.known_by)
                if (each.table, each.row) not in decided
                and each.states_up_to(int(str(row["fell_due_at"])))
                and self._to_confirm(case, each)
            ]
        return cases.HeldBack.of(found)

    def _by_import(self, case: cases.StoredCase, rows: cases.HeldBack) -> Iterator[Evidence]:
        """The rows by the import that brought them."""
        by: dict[str, list[tuple[str, int]]] = {}
        for row, import_id in late_rows.imports_of(self.connection, rows).items():
            by.setdefault(import_id, []).append(row)
        for import_id, some in sorted(by.items()):
            yield Evidence(
                evidence_number("case", case.record.case_no, import_id),
                case.record.case_no,
                import_id,
                rows=cases.HeldBack.of(some),
            )

    def _to_confirm(self, case: cases.StoredCase, row: late_rows.LateRow) -> bool:
        """Whether somebody has to agree before the row takes a card away.

        What is not said for the source follows from how the row came, and from whether anybody
        supervised when it did.
        """
        sections = self.context.settings.sources
        name = row.source or BY_HAND
        section = sections.get(name)
        if not row.pulled and (section is None or section.kind != "import"):
            section = sections.get(BY_HAND)  # a file by hand, whatever source it names
        if section is not None and section.late_evidence is not None:
            return section.late_evidence == "confirm"
        since = case.record.supervised_from
        if since is None or row.received_at < since:
            return False
        return not (row.pulled and name == (row.owner or BY_HAND))


def calendar_number(name: str, version: str) -> str:
    """Number of the amendment that made this version of a calendar."""
    return evidence_number("calendar", name, version)


def _together(found: Iterable[Evidence]) -> list[Evidence]:
    """Each number once, with all its rows."""
    by: dict[str, Evidence] = {}
    for each in found:
        known = by.get(each.number)
        by[each.number] = each if known is None else replace(known, rows=known.rows | each.rows)
    return sorted(by.values())


def _agreed(record: CaseRecord, rows: Iterable[tuple[str, int]], at: int) -> CaseRecord:
    """The case as if persons had accepted these rows."""
    wanted = {*rows}
    versions = tuple(
        replace(each, accepted_at=at) if wanted & {*each.rows} else each for each in record.versions
    )
    return replace(record, versions=versions)


def _falling(decisions: Sequence[Decision], known: Sequence[Card]) -> frozenset[str]:
    """The yellow and red cards that decisions lift."""
    lifted = {each.card_no for each in decisions if isinstance(each, Lift)}
    return frozenset(
        card.card_no
        for card in known
        if card.card_no in lifted
        and card.level is not Level.WARNING
        and card.state is not CardState.HISTORICAL
    )


def rows_known(connection: Connection, card_no: str) -> Mapping[str, int] | None:
    """The highest numbers of rows that were known when a card was given, by table."""
    issued = ledger.entry(connection, fact=f"card.issued/{card_no}")
    if issued is None:
        return None
    known: Mapping[str, int] | None = json.loads(issued[1]).get("input", {}).get("known")
    return known


def rests_on(connection: Connection, case_id: int, card_no: str) -> dict[str, Any]:
    """What an entry says of the rows that came of a case after its card was given, by table."""
    after = rows_known(connection, card_no)
    if after is None:
        return {}
    rows = list(late_rows.after(connection, case_id, after, None))
    found: dict[str, Any] = {
        "imports": sorted({row.import_id for row in rows})[:_NAMED],
    }
    for table in late_rows.TABLES:
        keys = [row.key for row in rows if row.table == table]
        if keys:
            found[table] = {"count": len(keys), "keys": keys[:_NAMED]}
    came = {(row.table, row.row) for row in rows}
    accepted = sorted(
        {
            one.evidence_no
            for one in evidence.of_cases(connection, [case_id]).get(case_id, ())
            if one.accepted
            and any((name, n) in came for name, some in one.rows.rows().items() for n in some)
        }
    )
    if accepted:
        found["evidence"] = accepted[:_NAMED]
    return found if rows else {}


def still_contested(connection: Connection) -> Iterator[str]:
    """Numbers of the contested cards that stand, sorted."""
    numbers = cases.contested_cards(connection)
    ended = (str(CardState.LIFTED), str(CardState.CLOSED))
    gone = {row["card_no"] for row in cards.rows_of(connection, numbers) if row["state"] in ended}
    return (card_no for card_no in numbers if card_no not in gone)
