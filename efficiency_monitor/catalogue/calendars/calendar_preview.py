"""What an amended calendar changes: each clock that is due at another instant, each card lifted or
new. Cases are judged by both calendars as of now; nothing is written.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...cards.continuing import going_on
from ...cards.model import decide as core_cards
from ...cards.store import cards
from ...engine.evaluation import CompiledCalendar, evaluate
from ...engine.findings import CaseFindings
from ...engine.timeline import calendars_of
from ...intake import feeds
from ...intake.store import cases
from ...scan.scan import BATCH, watch_from
from ...terms import CardState
from ...time.calendar import Calendar
from ...time.instants import rfc3339
from ...workspace.context import Context
from .. import rule_equivalence as alike

Row = dict[str, Any]


@dataclass(slots=True)
class Preview:
    """What would change, of all cases that have one of the amended calendars."""

    #: Calendars that are other ones than before: the amended one and those that extend it.
    calendars: list[str] = field(default_factory=list)
    #: Cases that were looked at.
    cases: int = 0
    clocks: list[Row] = field(default_factory=list)
    lifted: list[Row] = field(default_factory=list)
    issued: list[Row] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For the command line."""
        return {
            "calendars": self.calendars,
            "cases": self.cases,
            "clocks": self.clocks,
            "cards": {"lifted": self.lifted, "issued": self.issued},
        }


def preview(context: Context, after: Mapping[str, Calendar]) -> Preview:
    """Judge the cases of every calendar that changes by both, as of now; what differs."""
    before = context.catalogue.calendars
    found = Preview(
        calendars=[
            name
            for name, calendar in after.items()
            if name in before and before[name].version != calendar.version
        ]
    )
    compiled = {name: CompiledCalendar.of(after[name]) for name in found.calendars}
    as_of = context.now()
    with context.store.reading() as connection:
        stale = frozenset(feeds.stale_sources(context, connection, as_of))
        ids = cases.with_calendars(connection, found.calendars)
    for part in cases.chunks(ids, BATCH):
        _batch(context, list(part), stale, as_of, compiled, found)
    return found


def _batch(
    context: Context,
    ids: Sequence[int],
    stale: Collection[str],
    as_of: int,
    compiled: Mapping[str, CompiledCalendar],
    found: Preview,
) -> None:
    catalogue = context.catalogue
    with context.store.reading() as connection:
        torn = feeds.torn_cases(context, connection, ids, None)
        stored = cases.read_cases(connection, ids, stale=stale, torn=torn)
        standing = alike.with_equivalent_digest(
            catalogue, connection, cards.of_cases(connection, ids)
        )
        records = [case.record for case in stored]
        was = going_on(connection, stored, catalogue.judge(records, as_of), standing)
        every = {**catalogue.compiled_for(calendars_of(records)), **compiled}
        judged = evaluate(records, catalogue.rules, catalogue.vocabulary, every, as_of)
        now = going_on(connection, stored, judged, standing)
    for case, old, new in zip(stored, was, now, strict=True):
        if not case.record.calendars & compiled.keys():
            continue
        found.cases += 1
        found.clocks.extend(_clocks(context, old, new))
        known = standing.get(case.case_id, ())
        calendar = case.record.calendar
        versions = catalogue.calendars[calendar].version, compiled[calendar].calendar.version
        done = {_key(each) for each in _decisions(context, old, known, versions[0])}
        for decision in _decisions(context, new, known, versions[1]):
            if _key(decision) not in done:
                _take(context, case.record.case_no, decision, known, found)


def _decisions(
    context: Context,
    findings: CaseFindings,
    known: Sequence[core_cards.Card],
    version: str,
) -> Iterator[core_cards.Decision]:
    decisions = core_cards.decide(
        findings,
        known,
        rule_ids=context.catalogue.rule_ids,
        conduct=context.catalogue.conduct,
        calendar_version=version,
        watch_from=watch_from(context),
    )
    for decision in decisions:
        if isinstance(decision, core_cards.Lift) or (
            isinstance(decision, core_cards.Issue) and decision.state is not CardState.HISTORICAL
        ):
            yield decision


def _key(decision: core_cards.Decision) -> tuple[str, str]:
    return type(decision).__name__, decision.card_no


def _take(
    context: Context,
    case_no: str,
    decision: core_cards.Decision,
    known: Sequence[core_cards.Card],
    found: Preview,
) -> None:
    if isinstance(decision, core_cards.Lift):
        card = next(card for card in known if card.card_no == decision.card_no)
        found.lifted.append(
            {
                "case_no": case_no,
                "card_no": card.card_no,
                "rule": card.rule_id,
                "level": card.level.word,
                "state": str(card.state),
            }
        )
    elif isinstance(decision, core_cards.Issue):
        instant = decision.level.instant
        found.issued.append(
            {
                "case_no": case_no,
                "card_no": decision.card_no,
                "rule": decision.ground.bound.rule.id,
                "level": decision.level.level.word,
                "fell_due_at": None if instant is None else rfc3339(instant, context.zone),
            }
        )


def _clocks(context: Context, old: CaseFindings, new: CaseFindings) -> Iterator[Row]:
    """The limits that are due at another instant, and the levels that fall due at one."""
    before, after = _instants(old), _instants(new)
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        if was != now:
            rule, episode, kind, name = key
            yield {
                "case_no": new.case_no,
                "rule": rule,
                "episode": episode,
                "what": kind,
                "name": name,
                "before": None if was is None else rfc3339(was, context.zone),
                "after": None if now is None else rfc3339(now, context.zone),
            }


def _instants(found: CaseFindings) -> dict[tuple[str, str, str, str], int | None]:
    instants: dict[tuple[str, str, str, str], int | None] = {}
    for episode in found.episodes:
        head = episode.bound.rule.id, episode.key
        for limit in episode.limits:
            instants[*head, "limit", limit.name] = limit.due_at
        for level in episode.levels:
            instants[*head, "level", level.level.word] = level.instant
    for offence in found.offences:
        for level in offence.levels:
            key = offence.bound.rule.id, offence.key, "level", level.level.word
            instants[key] = level.instant if level.reached else None
    return instants
