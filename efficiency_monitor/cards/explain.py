"""The explain document: why a case stands where it stands, for the department that disputes it."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from ..engine.encoding import ordered
from ..engine.episode_timeline import PauseFound
from ..engine.explain import DayLine, Why, day_lines
from ..engine.findings import (
    CaseFindings,
    Correction,
    Episode,
    LevelFound,
    LimitFound,
    Offence,
    calendar_of,
)
from ..engine.timeline import Event
from ..faults import ConfigurationError
from ..followup.accountability.holdings import holdings, who_did
from ..followup.accountability.model import Holding
from ..i18n.messages import bilingual, language, t
from ..intake.feeds import stale_sources, torn_cases
from ..intake.provenance import origin_json, passed, versions_json
from ..intake.store import cases, evidence, provenance
from ..people.model import personal as personal_core
from ..people.store import personal
from ..rules.rules import Rule
from ..terms import MANUAL_RULE, Level, Outcome, Precision
from ..time.amount import Unit, decimal_text
from ..time.instants import local_date, rfc3339
from ..workspace.context import Context
from .card_rows import compared, limit_json, until_of, walk_of
from .late_evidence import Weighed, Weighing
from .store import cards

#: Codes of `engine.explain.Why` as the document has them.
_WHY = {Why.AFTER_CLOSING: "not_running", Why.UNDER_WAY: "not_ended"}


def find(
    context: Context, case_no: str, *, as_of: int | None = None, known_by: int | None = None
) -> cases.StoredCase:
    """A case by its number; ConfigurationError where there is none.

    With `as_of` it says whether its source was stale then.
    """
    with context.store.reading() as connection:
        case_id = cases.find_case(connection, case_no)
        stale = {} if as_of is None else stale_sources(context, connection, as_of, known_by)
        ids = [] if case_id is None else [case_id]
        torn = torn_cases(context, connection, ids, known_by)
        stored = cases.read_cases(connection, ids, known_by=known_by, stale=stale, torn=torn)
    if not stored:
        raise no_case(case_no)
    return stored[0]


def no_case(case_no: str) -> ConfigurationError:
    """The fault of a case number that nobody knows."""
    return ConfigurationError(
        t("there is no case {case_no!r}", case_no=case_no),
        t("effmon cases list --all shows the numbers"),
    )


def opened(context: Context, case: cases.StoredCase) -> dict[str, str | None]:
    """The case's fields with the values behind their seals; None where one was erased.

    Not masked: whoever shows them masks them, or records that they are not (`disclosing`).
    """
    with context.store.reading() as connection:
        values = personal.values_of(connection, case.case_id)
    return personal_core.opened(case.record.fields, values)


def judge(context: Context, case: cases.StoredCase, as_of: int) -> CaseFindings:
    """Findings of one case."""
    return weigh(context, case, as_of, None).found


def weigh(context: Context, case: cases.StoredCase, as_of: int, known_by: int | None) -> Weighed:
    """Findings of one case, without what is held back of it."""
    with context.store.reading() as connection:
        return Weighing(context, connection, as_of, None, known_by).one(case)


def explain(
    context: Context, case_no: str, *, as_of: int, known_by: int | None = None
) -> dict[str, Any]:
    """The document of `cases explain` (docs/contract.md 15), with words in the current language."""
    case = find(context, case_no, as_of=as_of, known_by=known_by)
    weighed = weigh(context, case, as_of, known_by)
    case, found = weighed.case, weighed.found
    zone = _zone(context, case)
    with context.store.reading() as connection:
        standing = cards.listed(connection, cards.CardQuery(state="all", case_no=case_no))
        said = provenance.of_case(connection, case.case_id, known_by)
        decided = evidence.of_cases(connection, [case.case_id]).get(case.case_id, ())
    fields = case.record.fields
    clocks = [_clock(context, case, episode, as_of, standing, zone) for episode in found.episodes]
    events, withdrawn = _told(said, _events(context, case, as_of), clocks, zone)
    return {
        "case_no": case_no,
        "as_of": rfc3339(as_of, zone),
        "known_by": None if known_by is None else rfc3339(known_by, zone),
        "item_code": fields.get("item_code"),
        "item_name": fields.get("item_name"),
        "department": fields.get("department"),
        "handler": fields.get("handler"),
        "from_item": sorted(case.record.from_item),
        "outcome": str(found.outcome),
        "problems": [
            {"rule": trouble.rule or None, "reason": str(trouble.reason), "detail": trouble.detail}
            for trouble in (*found.troubles, *found.notes)
        ],
        "corrections": [_correction(correction, zone) for correction in found.corrections],
        "contested": list(weighed.contested),
        "evidence": [each.number for each in weighed.evidence],
        "held_back": list(_held_back(said, weighed, decided, known_by, zone)),
        "owner": case.source,
        "events": events,
        "withdrawn_events": withdrawn,
        "versions": versions_json(said.versions, zone),
        "clocks": clocks,
        "conduct": [_offence(context, case, offence, standing, zone) for offence in found.offences],
        "by_hand": [
            {**_card(row, zone), "basis": row.basis}
            for row in standing
            if row.rule_id == MANUAL_RULE
        ],
        "excluded": found.outcome is Outcome.EXCLUDED,
    }


def _correction(correction: Correction, zone: str) -> dict[str, Any]:
    return {
        "field": correction.name,
        "bound": correction.bound,
        "later": correction.later,
        "received_at": rfc3339(correction.received_at, zone),
        "waits": correction.waits,
    }


def _zone(context: Context, case: cases.StoredCase) -> str:
    known = context.catalogue.calendars.get(case.record.calendar)
    return context.zone if known is None else known.zone


def _events(context: Context, case: cases.StoredCase, as_of: int) -> Sequence[Event]:
    if case.record.calendar in context.catalogue.calendars:
        table = context.catalogue.compiled(case.record.calendar).table
        return ordered(case.record, context.catalogue.vocabulary, table, as_of)
    known = [event for event in case.record.events if event.occurred_at <= as_of]
    return sorted(known, key=lambda event: event.occurred_at)


def _event(event: Event, zone: str) -> dict[str, Any]:
    dated = event.precision is Precision.DAY
    at = local_date(event.occurred_at, zone) if dated else rfc3339(event.occurred_at, zone)
    document: dict[str, Any] = {"type": event.type, "occurred_at": at}
    for name in ("stage", "actor", "department", "kind", "amount", "reason"):
        value = getattr(event, name)
        if value is not None:
            document[name] = value
    if event.recorded_at is not None:
        document["recorded_at"] = rfc3339(event.recorded_at, zone)
    return document


def _told(
    said: provenance.Provenance,
    events: Sequence[Event],
    clocks: Sequence[dict[str, Any]],
    zone: str,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The events with where they come from, and those that were withdrawn with who did that.

    Each says which limits had passed when it was received.
    """

    def document(event: Event, origin: provenance.Origin) -> dict[str, Any]:
        late = passed(clocks, origin.received_at)
        return {**_event(event, zone), **origin_json(origin, zone), "after_limits": late}

    standing: dict[str, provenance.Origin] = {}
    counted = {event.key for event in events}
    withdrawn = []
    for one in said.events:
        if one.gone is None:
            standing.setdefault(one.told.event.key, one.origin)
            continue
        withdrawn.append(
            {
                **document(one.told.event, one.origin),
                "withdrawn_at": rfc3339(one.gone.received_at, zone),
                "withdrawn_import": one.gone.import_id,
                "withdrawn_by": one.gone.who.person or one.gone.who.os_user or None,
            }
        )
    # What was withdrawn counts all the same where its withdrawal is held back.
    for one in said.events:
        if one.told.event.key in counted:
            standing.setdefault(one.told.event.key, one.origin)
    return [document(event, standing[event.key]) for event in events], withdrawn


def _held_back(
    said: provenance.Provenance,
    weighed: Weighed,
    decided: Iterable[evidence.Decided],
    known_by: int | None,
    zone: str,
) -> Iterator[dict[str, Any]]:
    """The events that do not count: held back, or rejected; each with the number to ask for."""
    numbers = {
        row: (one.evidence_no, "accepted" if one.accepted else "rejected")
        for one in decided
        if known_by is None or one.at <= known_by
        for row in one.rows.events
    }
    numbers |= {
        row: (each.number, "waiting") for each in weighed.evidence for row in each.rows.events
    }
    for one in said.events:
        number, state = numbers.get(one.told.row, ("", "accepted"))
        if state != "accepted":
            yield {
                "evidence": number,
                "state": state,
                **_event(one.told.event, zone),
                **origin_json(one.origin, zone),
            }


def _clock(
    context: Context,
    case: cases.StoredCase,
    episode: Episode,
    as_of: int,
    standing: Sequence[Any],
    zone: str,
) -> dict[str, Any]:
    rule = episode.bound.rule
    walked = walk_of(context, case, episode, as_of)
    until = until_of(episode, as_of)
    calendar = context.catalogue.calendars[calendar_of(case.record, episode)]
    limits = {
        limit.name: _limit(limit, zone)
        for limit in episode.limits
        if limit.amount is not None or limit.due_at is not None
    }
    title = rule.title.zh if language() == "zh" else rule.title.en
    coming = min(
        (level for level in episode.levels if level.instant == episode.next_at),
        key=lambda level: -level.level,
        default=None,
    )
    return {
        "rule": rule.id,
        "rule_version": rule.version,
        "title": title,
        "pack": episode.bound.pack,
        "episode": episode.key,
        "stage": episode.stage,
        "state": episode.state,
        "start": rfc3339(episode.start.occurred_at, zone),
        "start_event": episode.start.type,
        "stop_event": None if episode.stop is None else episode.stop.type,
        "deemed_at": None if episode.deemed_at is None else rfc3339(episode.deemed_at, zone),
        "stop": None if episode.stop is None else rfc3339(episode.stop.occurred_at, zone),
        "limit": next(iter(limits.values()), None),
        "limits": limits,
        "calendar": {"id": calendar.id, "version": calendar.version[:12]},
        "counted": [
            _day(line, stopped=episode.stop is not None) for line in day_lines(walked, until)
        ],
        "pauses": [_pause(pause, zone) for pause in walked.pauses],
        "elapsed": None
        if episode.elapsed is None
        else {"value": decimal_text(episode.elapsed), "unit": str(rule.counted.count)},
        "due_at": {
            limit.name: None if limit.due_at is None else rfc3339(limit.due_at, zone)
            for limit in episode.limits
            if limit.name in limits
        },
        "beyond": [limit.name for limit in episode.limits if limit.beyond],
        "next": None
        if coming is None or episode.next_at is None
        else {"level": coming.level.word, "at": rfc3339(episode.next_at, zone)},
        "reason": str(episode.reasons[0]) if episode.reasons else None,
        "refused_extensions": episode.refused,
        "gave_way": list(_gave_way(episode, zone)),
        "cards": [
            _card(row, zone)
            for row in standing
            if row.rule_id == rule.id and row.episode == episode.key
        ],
        "holders": [
            _holder(holding) for holding in holdings(context, case, episode, walked, as_of)
        ],
        "legal_basis": _basis(rule),
    }


def _gave_way(episode: Episode, zone: str) -> Iterator[dict[str, Any]]:
    """The levels that had fallen due and are not given for another card's sake."""
    for level in episode.levels:
        if level.gave_way is not None and level.instant is not None:
            rule, other = level.gave_way
            at = rfc3339(level.instant, zone)
            yield {"level": level.level.word, "at": at, "rule": rule, "for": other.word}


def _basis(rule: Rule) -> list[dict[str, str]]:
    return [
        {"ref": basis.ref, "says": bilingual(basis.says), "reading": basis.reading}
        for basis in rule.legal_basis
    ]


def _offence(
    context: Context, case: cases.StoredCase, offence: Offence, standing: Sequence[Any], zone: str
) -> dict[str, Any]:
    """What a condition measured: at which event, how much, against what, what follows."""
    rule = offence.bound.rule
    highest = max((found.level for found in offence.levels if found.reached), default=Level.WARNING)
    recorded = offence.event.recorded_at
    due = None
    if offence.levels[0].limit == "recorded_after_due" and recorded is not None:
        due = recorded - int(offence.value)
    return {
        "rule": rule.id,
        "rule_version": rule.version,
        "title": rule.title.zh if language() == "zh" else rule.title.en,
        "pack": offence.bound.pack,
        "offence": offence.key,
        "measure": offence.levels[0].limit,
        "event": _event(offence.event, zone),
        "measured": None if offence.untold else _counted_in(offence.value, offence.unit),
        "due_at": None if due is None or offence.untold else rfc3339(due, zone),
        "levels": [_level(level, offence.unit, zone) for level in offence.levels],
        "reason": str(offence.reasons[0]) if offence.reasons else None,
        "cards": [
            _card(row, zone)
            for row in standing
            if row.rule_id == rule.id and row.episode == offence.key
        ],
        "holders": [_holder(holding) for holding in who_did(context, case, offence, highest)],
        "legal_basis": _basis(rule),
    }


def _level(found: LevelFound, unit: str, zone: str) -> dict[str, Any]:
    return {
        "level": found.level.word,
        "at": limit_json(compared(found, unit)),
        "measured": None if found.value is None else _counted_in(found.value, unit),
        "from": None if found.instant is None else rfc3339(found.instant, zone),
        "reached": found.reached,
    }


def _counted_in(value: Decimal, unit: str) -> dict[str, str]:
    return {"value": decimal_text(value), "unit": unit}


def _day(line: DayLine, *, stopped: bool) -> dict[str, Any]:
    reason = _WHY.get(line.why, str(line.why))
    if stopped and line.why is Why.UNDER_WAY:
        reason = "until_stop"
    return {
        "date": line.day.isoformat(),
        "counted": _counted(line.counted),
        "reason": reason,
        "name": line.name,
        "notice": line.notice,
        "kind": None if line.pause is None else line.pause.event.kind,
    }


def _counted(counted: Any) -> bool | str:
    if counted == 1:
        return True
    return False if counted == 0 else decimal_text(counted)


def _limit(limit: LimitFound, zone: str) -> Any:
    if limit.amount is not None:
        return limit.amount.as_json()
    return None if limit.due_at is None else rfc3339(limit.due_at, zone)


def _pause(pause: PauseFound, zone: str) -> dict[str, Any]:
    return {
        "from": rfc3339(pause.since, zone),
        "to": None if pause.until is None else rfc3339(pause.until, zone),
        "kind": pause.event.kind,
        "reason": pause.event.reason,
        "capped": pause.capped,
    }


def _card(row: Any, zone: str) -> dict[str, Any]:
    return {
        "card_no": row.card_no,
        "level": Level(row.level).word,
        "state": row.state,
        "fell_due_at": rfc3339(row.fell_due_at, zone),
        "issued_at": rfc3339(row.issued_at, zone),
        "lifted_reason": row.lifted_reason,
    }


def _holder(holding: Holding) -> dict[str, Any]:
    return {
        "part": str(holding.part),
        "stage": holding.stage,
        "department": holding.department,
        "holder": holding.holder,
        "amount": _in_unit(holding.amount, holding.unit),
        "over": _in_unit(holding.over, holding.unit),
        "held_seconds": holding.held_seconds,
        "overrun_seconds": holding.overrun_seconds,
        "charged_seconds": holding.charged_seconds,
    }


def _in_unit(amount: Decimal | None, unit: Unit | None) -> dict[str, str] | None:
    return None if amount is None else {"value": decimal_text(amount), "unit": str(unit)}
