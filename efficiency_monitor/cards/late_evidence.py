"""Evidence that would take a yellow or red card away, and who has to agree: `late_evidence`.

Rows that came by hand, or by a source that adds to another one's case, do not lift a card by
themselves where somebody supervises: they are held back. The case is judged as if they had not
come, its cards stay as they are, and each that would fall with them is contested
(docs/sources.md). Rows with which no card would fall count at once.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from ..engine.findings import CaseFindings
from ..intake.store import cases
from ..ledger.store import ledger
from ..terms import CardState, Level
from ..workspace.context import Context
from ..workspace.source_settings import BY_HAND
from .continuing import going_on
from .model.decide import Card, Decision, Lift, decide
from .store import cards, late_rows

#: Rows of one sort that an entry names; more are counted.
_NAMED = 20


@dataclass(frozen=True, slots=True)
class Weighed:
    """A case as it counts, what is found of it, and its cards that are contested."""

    case: cases.StoredCase
    found: CaseFindings
    decisions: Sequence[Decision]
    contested: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Weighing:
    """What weighing evidence takes, beside the cases themselves."""

    context: Context
    connection: Connection
    as_of: int
    watch_from: int | None
    known_by: int | None = None

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
        standing = cards.of_cases(self.connection, [case.case_id])
        judged = self.context.catalogue.judge([case.record], self.as_of)
        found = going_on(self.connection, [case], judged, standing)
        return self.each([case], found, standing)[0]

    def _one(self, case: cases.StoredCase, found: CaseFindings, known: Sequence[Card]) -> Weighed:
        decisions = self.decided(case, found, known)
        falling = _falling(decisions, known)
        held = self._held(case, falling) if falling else cases.NOTHING
        if not held:
            return Weighed(case, found, decisions)
        (without,) = cases.read_cases(
            self.connection, [case.case_id], known_by=self.known_by, leave_out=held
        ) or (case,)
        record = replace(
            without.record,
            stale=case.record.stale,
            torn=case.record.torn,
            unheld=case.record.unheld,
        )
        without = replace(case, record=record, whole=case.record)
        judged = self.context.catalogue.judge([record], self.as_of)
        (judged_on,) = going_on(self.connection, [without], judged, {case.case_id: known})
        instead = self.decided(without, judged_on, known)
        contested = falling - _falling(instead, known)
        if not contested:
            return Weighed(case, found, decisions)
        return Weighed(without, judged_on, instead, tuple(sorted(contested)))

    def decided(
        self, case: cases.StoredCase, found: CaseFindings, known: Sequence[Card]
    ) -> list[Decision]:
        """What is decided of a case's cards by what is found of it, whoever said so."""
        calendars = self.context.catalogue.calendars
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

    def _held(self, case: cases.StoredCase, falling: frozenset[str]) -> cases.HeldBack:
        """Rows that came after one of these cards was given, state something of up to when it fell
        due, and do not lift a card by themselves."""
        found = cases.NOTHING
        for row in cards.rows_of(self.connection, sorted(falling)):
            after = rows_known(self.connection, str(row["card_no"]))
            if after is None:
                continue
            late = [
                each
                for each in late_rows.after(self.connection, case.case_id, after, self.known_by)
                if each.states_up_to(int(str(row["fell_due_at"]))) and self._to_confirm(case, each)
            ]
            found = cases.HeldBack(
                found.events | {each.row for each in late if each.table == "event"},
                found.withdrawals | {each.row for each in late if each.table == "event_withdrawal"},
                found.facts | {each.row for each in late if each.table == "case_fact"},
                found.items | {each.row for each in late if each.table == "item_fact"},
            )
        return found

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
    return found if rows else {}


def still_contested(connection: Connection) -> Iterator[str]:
    """Numbers of the contested cards that stand, sorted."""
    numbers = cases.contested_cards(connection)
    ended = (str(CardState.LIFTED), str(CardState.CLOSED))
    gone = {row["card_no"] for row in cards.rows_of(connection, numbers) if row["state"] in ended}
    return (card_no for card_no in numbers if card_no not in gone)
