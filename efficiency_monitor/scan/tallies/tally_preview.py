"""Tallies where nothing is written: over the cases and cards that a preview has found itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, select

from ...cards.card_rows import card_json
from ...cards.model.decide import Card, Decision, Issue, Lift
from ...cards.model.subject_cards import decide_tallied
from ...engine.encoding import BoundRule
from ...engine.findings import CaseFindings
from ...engine.tally import Tallied, judge
from ...engine.tally_rows import CardRow, CaseRow, TallyInput
from ...intake import feeds
from ...intake.store import cases
from ...terms import CardState
from ...workspace.context import Context
from ..scan_report import ScanReport
from . import store
from .tally_cards import tally_row
from .tally_found import Slices, case_row, events_of, fields_of
from .tally_quarantine import with_quarantine
from .tally_spans import span_of
from .tally_subjects import Subjects
from .tally_world import compared_windows
from .tallying import calendar_version, count, count_trial, due_of, standing_of, windows_to_judge

_EVER = ((0, 2**40),)


@dataclass
class Preview:
    """What a preview has seen of the cases, and what tallies would say of it."""

    context: Context
    as_of: int
    known_by: int | None
    #: Whether what would be is held against the cards on record.
    against: bool
    watch_from: int | None
    _cases: list[CaseRow] = field(default_factory=list)
    _cards: list[CardRow] = field(default_factory=list)
    _lifted: set[str] = field(default_factory=set)

    def take(
        self, case: cases.StoredCase, found: CaseFindings, decisions: Sequence[Decision]
    ) -> None:
        """One case, and what would follow for its cards."""
        catalogue = self.context.catalogue
        if not catalogue.tallies and not catalogue.tried_tallies:
            return
        record = case.record
        row = span_of(self.context.catalogue.vocabulary, case, found, self.as_of, 0)
        fields = fields_of(row)
        self._cases.append(
            case_row(
                record.case_no,
                row,
                fields,
                events_of(record, self.as_of),
                incomplete=bool(row["incomplete"]),
                stale=record.stale,
            )
        )
        for decision in decisions:
            if isinstance(decision, Lift):
                self._lifted.add(decision.card_no)
            elif isinstance(decision, Issue) and decision.level.instant is not None:
                ground = decision.ground
                begun = decision.level.event or ground.start
                organ = begun.department or fields.get("department")
                self._cards.append(
                    CardRow(
                        card_no=decision.card_no,
                        case_no=record.case_no,
                        rule=ground.bound.rule.id,
                        clock=ground.key,
                        level=decision.level.level,
                        at=decision.level.instant,
                        # One that gave way while it waited to be confirmed was never given.
                        state=CardState.PENDING
                        if decision.state_before is CardState.PENDING
                        else decision.state,
                        fields={**fields, **({"department": organ} if organ else {})},
                    )
                )

    def finish(self, report: ScanReport) -> None:
        """Judge every window; what would be issued and lifted goes into the report."""
        catalogue = self.context.catalogue
        if not catalogue.tallies and not catalogue.tried_tallies:
            return
        with self.context.store.reading() as connection:
            world = self._world(connection)
            for bound in (*catalogue.tallies, *catalogue.tried_tallies):
                self._judge(connection, bound, world, report)

    def _world(self, connection: Connection) -> TallyInput:
        standing: tuple[CardRow, ...] = ()
        if self.against:
            every = store.cards_of(connection, select(cases.CASE.c.id), answers=True)
            standing = tuple(card for card in every if card.card_no not in self._lifted)
        begun = (case.begun_at for case in self._cases)
        return TallyInput(
            cases=with_quarantine(self.context, connection, tuple(self._cases)),
            cards=(*standing, *self._cards),
            items=store.item_table(connection),
            orders=store.orders_opened(connection, _EVER),
            alarms=store.alarms_raised(connection, _EVER),
            known_from=min((at for at in begun if at is not None), default=None),
        )

    def _judge(
        self, connection: Connection, bound: BoundRule, world: TallyInput, report: ScanReport
    ) -> None:
        tally = bound.rule.tally
        assert tally is not None
        wanted = windows_to_judge(self.context, bound, self.as_of, None, (), world.known_from)
        bearing = {each for window in wanted for each in compared_windows(tally, window)}
        slices = Slices(tally, world.cases, world.cards, bearing, self.as_of)
        importing = feeds.importing(self.context, connection, self.known_by)
        for window in wanted:
            standing = standing_of(self.context, connection, bound, window) if self.against else {}
            cases_of, cards_of = slices.of(compared_windows(tally, window))
            if tally.unanswered_for is not None:
                # How long after its delivery an answer is due stretches over windows.
                cards_of = world.cards
            subjects = Subjects(connection, tally.by)
            also = [subjects.read(text, row) for text, (row, _) in standing.items()]
            found = judge(
                bound,
                subjects.named(replace(world, cases=cases_of, cards=cards_of)),
                window,
                self.as_of,
                due=due_of(self.context),
                also=also,
                importing=importing,
            )
            if bound in self.context.catalogue.tried_tallies:
                count_trial(report, bound, found, self.watch_from)
                continue
            count(report, bound, window, found)
            for each in found:
                self._decide(each, subjects, standing, report)

    def _decide(
        self,
        found: Tallied,
        subjects: Subjects,
        standing: Mapping[str, tuple[dict[str, object], list[Card]]],
        report: ScanReport,
    ) -> None:
        subject = subjects.text(found.subject)
        for decision in decide_tallied(
            subject,
            found,
            standing.get(subject, ({}, []))[1],
            calendar_version=calendar_version(self.context),
            watch_from=self.watch_from,
        ):
            if isinstance(decision, Lift):
                report.lifted += 1
            elif isinstance(decision, Issue):
                row = tally_row(self.context, subjects, found, decision, subject, self.as_of)
                row["issued_at"] = None
                report.would_issue.append(card_json(row, self.context.zone))
                if decision.state is CardState.HISTORICAL:
                    report.historical += 1
                else:
                    report.issued[decision.level.level] += 1
