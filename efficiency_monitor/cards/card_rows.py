"""A card as a row and as JSON: what it says of its case, its limit and how far it is over."""

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any

from ..engine.episode_timeline import Walk, walk
from ..engine.findings import Episode, Ground, LevelFound, LimitFound, Offence, calendar_of
from ..engine.timeline import CaseRecord
from ..intake.model.statements import digest
from ..intake.store import cases
from ..ledger.model.entries import canonical_json
from ..rules.comparison import SIGNS, Comparison
from ..terms import Level
from ..time.amount import Amount, Unit, decimal_text
from ..time.instants import rfc3339
from ..workspace.context import Context
from .model import decide as core_cards


def until_of(episode: Episode, as_of: int) -> int:
    """Instant up to which the episode counts: its stop, else `as_of`."""
    return as_of if episode.stop is None else min(as_of, episode.stop.occurred_at)


def walk_of(context: Context, case: cases.StoredCase, episode: Episode, as_of: int) -> Walk:
    """The episode's pauses and running time."""
    compiled = context.catalogue.compiled(calendar_of(case.record, episode))
    return walk(case.record, episode, context.catalogue.vocabulary, compiled, as_of)


def ground_walk(
    context: Context, case: cases.StoredCase, ground: Ground, as_of: int
) -> Walk | None:
    """The walk of an episode; None for an offence, which does not run."""
    return None if isinstance(ground, Offence) else walk_of(context, case, ground, as_of)


def measured(
    walked: Walk, limit: LimitFound, unit: Unit, until: int
) -> tuple[Decimal | None, Decimal | None]:
    """Elapsed amount in `unit` by `until`, and by how much it is over the limit."""
    elapsed = walked.elapsed(unit, until)
    if elapsed is None:
        return None, None
    allowed = allowance(walked, limit, unit)
    return elapsed, None if allowed is None else max(elapsed - allowed, Decimal(0))


def allowance(walked: Walk, limit: LimitFound, unit: Unit) -> Decimal | None:
    """How much may elapse within a limit, in `unit`; None where it cannot be said."""
    if limit.amount is not None and limit.amount.unit is unit:
        return limit.amount.value
    return None if limit.due_at is None else walked.elapsed(unit, limit.due_at)


def unit_of(limit: LimitFound | None, episode: Episode) -> Unit:
    """The unit in which a clock is held against a limit: its own, or the clock's.

    Months are counted in calendar days (docs/time.md 9).
    """
    unit = episode.bound.rule.counted.count
    if limit is not None and limit.amount is not None:
        unit = limit.amount.unit
    return Unit.CALENDAR_DAYS if unit is Unit.CALENDAR_MONTHS else unit


def card_values(
    context: Context,
    case: cases.StoredCase,
    issue: core_cards.Issue[Ground],
    walked: Walk | None,
    as_of: int,
) -> dict[str, Any]:
    """The row of a card that is to be issued; `walked` is its episode, None for an offence."""
    ground, found = issue.ground, issue.level
    fields = case.record.fields
    rule = ground.bound.rule
    if isinstance(ground, Offence):
        said = _of_offence(ground, found)
    else:
        assert walked is not None, "an episode was walked"
        said = _of_episode(ground, found, walked, as_of)
    calendar = calendar_of(case.record, ground)
    version = context.catalogue.calendars[calendar].version
    return {
        "card_no": issue.card_no,
        "subject": core_cards.subject_of(case.record.case_no),
        "case_id": case.case_id,
        "case_no": case.record.case_no,
        "rule_id": rule.id,
        "rule_version": rule.version,
        "rule_digest": ground.bound.digest,
        "pack": ground.bound.pack,
        "episode": ground.key,
        "level": int(found.level),
        "issue_no": issue.issue_no,
        "state": str(issue.state),
        "state_before": str(issue.state_before) if issue.state_before else None,
        "item_code": fields.get("item_code"),
        "region": fields.get("region"),
        "department": (found.event or ground.start).department or fields.get("department"),
        "handler": handler_of(case, as_of),
        "reviewer": fields.get("reviewer"),
        "approver": fields.get("approver"),
        **said,
        "fell_due_at": found.instant,
        "as_of": as_of,
        "issued_at": context.now(),
        "calendar": calendar,
        "calendar_version": version,
        "stood_under": version,
        "lifted_reason": None,
        "lifted_at": None,
    }


def _of_episode(
    episode: Episode, found: LevelFound, walked: Walk, as_of: int
) -> dict[str, str | int | None]:
    """What a card says of a clock: the limit, what has elapsed and how much of it is over."""
    limit = next(limit for limit in episode.limits if limit.name == found.limit)
    unit = unit_of(limit, episode)
    elapsed, over = measured(walked, limit, unit, until_of(episode, as_of))
    return {
        "limit_name": found.limit,
        "limit_amount": None if limit.amount is None else str(limit.amount),
        "limit_due_at": limit.due_at,
        "elapsed": None if elapsed is None else decimal_text(elapsed),
        "over": None if over is None else decimal_text(over),
        "unit": str(unit),
    }


def _of_offence(offence: Offence, found: LevelFound) -> dict[str, str | int | None]:
    """What a card says of an offence: the measure, what it is compared with, what was measured."""
    return {
        "limit_name": found.limit,
        "limit_amount": compared(found, offence.unit),
        "limit_due_at": None,
        "elapsed": None if found.value is None else decimal_text(found.value),
        "over": None,
        "unit": offence.unit,
    }


def compared(found: LevelFound, unit: str) -> str:
    """The comparison of a level, with the unit of what is measured: `> 1 events`."""
    comparison = Comparison.parse(found.at)
    return str(Comparison(comparison.sign, comparison.value, unit))


def limit_json(text: str | None) -> dict[str, str] | None:
    """A card's limit as JSON: an amount, or what a measured value is compared with."""
    if text is None:
        return None
    if text[:1] in SIGNS:
        comparison = Comparison.parse(text)
        value = decimal_text(comparison.value)
        return {"sign": comparison.sign, "value": value, "unit": comparison.unit}
    return Amount.parse(text).as_json()


def handler_of(case: cases.StoredCase, as_of: int) -> str | None:
    """Who handles a case 承办人 as of an instant (`handler_by`)."""
    return handler_by(case.record, as_of)


def handler_by(record: CaseRecord, as_of: int) -> str | None:
    """Who handles a case 承办人: its own field, else who accepted it or was assigned to it last.

    Events after `as_of` say nothing yet (docs/time.md 15).
    """
    named = record.fields.get("handler")
    if named:
        return named
    actors = [
        event.actor
        for event in sorted(record.events, key=lambda event: event.occurred_at)
        if event.type in ("accepted", "assigned") and event.actor and event.occurred_at <= as_of
    ]
    return actors[-1] if actors else None


def card_json(
    row: Mapping[str, Any], zone: str, contested: Collection[str] = ()
) -> dict[str, object]:
    """A card in the JSON others rely on (docs/contract.md 15).

    `contested` are the cards that stand though evidence which is held back would lift them.
    """

    def amount(value: str | None) -> dict[str, str] | None:
        return None if value is None else {"value": value, "unit": row["unit"]}

    def instant(value: int | None) -> str | None:
        return None if value is None else rfc3339(value, zone)

    return {
        "card_no": row["card_no"],
        "subject": row["subject"],
        "case_no": row["case_no"],
        "item_code": row["item_code"],
        "department": row["department"],
        "pack": row["pack"],
        "rule": row["rule_id"],
        "rule_version": row["rule_version"],
        "level": Level(row["level"]).word,
        "state": row["state"],
        "contested": row["card_no"] in contested,
        "limit_due_at": instant(row["limit_due_at"]),
        "fell_due_at": instant(row["fell_due_at"]),
        "as_of": instant(row["as_of"]),
        "issued_at": instant(row["issued_at"]),
        "limit": limit_json(row["limit_amount"]),
        "limit_name": row["limit_name"],
        "elapsed": amount(row["elapsed"]),
        "over": amount(row["over"]),
        "handler": row["handler"],
    }


def persons_json(row: Mapping[str, Any]) -> str:
    """The persons a card names, as the text the ledger commits to."""
    return canonical_json(
        {name: row[name] for name in ("handler", "reviewer", "approver")}
    ).decode()


def input_digest(case_no: str, fields: Mapping[str, str], keys: Iterable[str]) -> str:
    """Digest of what a judgement rests on: the case's fields and the keys of its events."""
    return digest(case_no, dict(fields), sorted(keys))


def input_of(case: cases.StoredCase, known: Mapping[str, int]) -> dict[str, object]:
    """What an entry says of what the judgement rests on, and how far it was received by then.

    By numbers and not by instants: a clock may have been set back (`input_checks`).
    """
    record = case.whole or case.record
    made = input_digest(record.case_no, record.fields, (event.key for event in record.events))
    return {"sha256": made, "known": dict(known)}
