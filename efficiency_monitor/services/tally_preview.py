"""Tallies where nothing is written: over the cases and cards that a preview has found itself."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from ..core.cards import Card, Decision, Issue, Lift
from ..core.encoding import BoundRule
from ..core.findings import CaseFindings
from ..core.subject_cards import decide_tallied
from ..core.tallies import Tally
from ..core.tally import Tallied, judge
from ..core.tally_rows import CardRow, CaseRow, EventRow, World
from ..core.terms import CardState
from ..core.windows import Window, window_at, windows
from ..store import cases
from ..store import tallies as store
from . import feeds
from .card_rows import card_json
from .context import Context
from .scan_report import ScanReport
from .tally_cards import tally_row
from .tally_quarantine import with_quarantine
from .tally_spans import span_of
from .tally_subjects import Subjects
from .tally_world import compared_windows
from .tallying import (
    calendar_version,
    count,
    count_trial,
    due_of,
    standing_of,
    windows_to_judge,
)

_FIELDS = ("department", "handler", "item_code", "region", "item_kind", "channel")
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
        row = span_of(self.context.catalogue.vocabulary, case, found, self.as_of, 0)
        fields = {name: row[name] for name in _FIELDS if row[name] is not None}
        self._cases.append(
            CaseRow(
                case_no=case.record.case_no,
                begun_at=row["begun_at"],
                accepted_at=row["accepted_at"],
                finished_at=row["finished_at"],
                incomplete=bool(row["incomplete"]),
                dated=bool(row["dated"]),
                stale=case.record.stale and row["finished_at"] is None,
                fields=fields,
                events=tuple(self._events(case)),
            )
        )
        for decision in decisions:
            if isinstance(decision, Lift):
                self._lifted.add(decision.card_no)
            elif isinstance(decision, Issue) and decision.level.instant is not None:
                ground = decision.ground
                organ = ground.start.department or fields.get("department")
                self._cards.append(
                    CardRow(
                        card_no=decision.card_no,
                        case_no=case.record.case_no,
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

    def _events(self, case: cases.StoredCase) -> Iterable[EventRow]:
        return (
            EventRow(
                type=event.type,
                at=event.occurred_at,
                recorded_at=event.recorded_at,
                actor=event.actor,
                department=event.department,
                stage=event.stage,
                kind=event.kind,
                reason=event.reason,
            )
            for event in case.record.events
            if event.occurred_at <= self.as_of
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

    def _world(self, connection: Connection) -> World:
        standing: tuple[CardRow, ...] = ()
        if self.against:
            every = store.cards_of(connection, select(cases.CASE.c.id), answers=True)
            standing = tuple(card for card in every if card.card_no not in self._lifted)
        begun = (case.begun_at for case in self._cases)
        return World(
            cases=with_quarantine(self.context, connection, tuple(self._cases)),
            cards=(*standing, *self._cards),
            items=store.item_table(connection),
            orders=store.orders_opened(connection, _EVER),
            alarms=store.alarms_raised(connection, _EVER),
            known_from=min((at for at in begun if at is not None), default=None),
        )

    def _judge(
        self, connection: Connection, bound: BoundRule, world: World, report: ScanReport
    ) -> None:
        tally = bound.rule.tally
        assert tally is not None
        zone = self.context.zone
        slices = _Slices(tally, world, zone, self.as_of)
        importing = feeds.importing(self.context, connection, self.known_by)
        for window in windows_to_judge(self.context, bound, self.as_of, None, (), world.known_from):
            standing = standing_of(self.context, connection, bound, window) if self.against else {}
            subjects = Subjects(connection, tally.by)
            also = [subjects.read(text, row) for text, (row, _) in standing.items()]
            found = judge(
                bound,
                subjects.named(slices.of(compared_windows(tally, window))),
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


class _Slices:
    """The cards and cases of a world by the windows that they can bear on."""

    def __init__(self, tally: Tally, world: World, zone: str, as_of: int) -> None:
        self._world = world
        self._cards: dict[Window, dict[str, CardRow]] = {}
        self._cases: dict[Window, dict[str, CaseRow]] = {}
        self._kind, self._zone = tally.window, zone
        #: How long after its delivery an answer is due stretches over windows: all cards bear.
        self._all_cards = tally.unanswered_for is not None
        of_case: dict[str, list[CardRow]] = {}
        for card in world.cards:
            of_case.setdefault(card.case_no, []).append(card)
        for case in world.cases:
            own = of_case.get(case.case_no, [])
            for window in self._windows(case, tally, as_of):
                self._cases.setdefault(window, {})[case.case_no] = case
                self._cards.setdefault(window, {}).update({card.card_no: card for card in own})
        for own in of_case.values():
            for window in {window_at(self._kind, card.at, zone) for card in own}:
                self._cards.setdefault(window, {}).update({card.card_no: card for card in own})

    def _windows(self, case: CaseRow, tally: Tally, as_of: int) -> set[Window]:
        if tally.among == "handled":
            if case.begun_at is None:
                return set()
            until = as_of if case.finished_at is None else case.finished_at
            return set(windows(self._kind, case.begun_at, max(until, case.begun_at), self._zone))
        instants: list[int | None] = [case.begun_at, case.accepted_at, case.finished_at]
        if tally.of == "events":
            instants = [at for event in case.events for at in (event.at, event.recorded_at)]
        return {window_at(self._kind, at, self._zone) for at in instants if at is not None}

    def of(self, wanted: Sequence[Window]) -> World:
        """What can bear on these windows."""
        found_cards: dict[str, CardRow] = {}
        found_cases: dict[str, CaseRow] = {}
        for window in wanted:
            found_cards |= self._cards.get(window, {})
            found_cases |= self._cases.get(window, {})
        return World(
            cards=self._world.cards if self._all_cards else tuple(found_cards.values()),
            cases=tuple(found_cases.values()),
            items=self._world.items,
            orders=self._world.orders,
            alarms=self._world.alarms,
            known_from=self._world.known_from,
        )
