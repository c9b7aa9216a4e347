"""Who held a case how long, for one card or one clock: what `followup.accountability.model` is
asked."""

from itertools import takewhile

from ...cards.card_rows import allowance, unit_of, until_of
from ...engine.custody import first_holder, one_by_one
from ...engine.encoding import ordered
from ...engine.episode_timeline import Walk
from ...engine.findings import Episode, LimitFound, Offence, calendar_of
from ...intake.store import cases
from ...terms import Level
from ...time.amount import Unit, decimal_text
from ...workspace.context import Context
from .model import Against, Holding, attribute


def limit_of(episode: Episode, level: Level | None) -> LimitFound | None:
    """The limit on which the card of a level rests; without one, the limit that ends first."""
    names = [found.limit for found in episode.levels if found.level is level]
    limits = [limit for limit in episode.limits if not names or limit.name in names]
    due = [limit for limit in limits if limit.due_at is not None]
    if due:
        return min(due, key=lambda limit: limit.due_at or 0)
    return limits[0] if limits else None


def holdings(
    context: Context,
    case: cases.StoredCase,
    episode: Episode,
    walked: Walk,
    as_of: int,
    level: Level | None = None,
) -> tuple[Holding, ...]:
    """Who held the case in an episode until its stop or `as_of`, against a card's limit.

    The amounts are in the unit of the card's limit and add up to what the card has elapsed; without
    a level they are in the clock's unit and add up to what `cases explain` says.
    """
    until = until_of(episode, as_of)
    limit = limit_of(episode, level)
    unit = unit_of(None if level is None else limit, episode)
    compiled = context.catalogue.compiled(calendar_of(case.record, episode))
    return attribute(
        walked,
        ordered(case.record, context.catalogue.vocabulary, compiled.table, until),
        case.record.fields,
        against=_against(walked, limit, unit),
        until=until,
    )


def who_did(
    context: Context, case: cases.StoredCase, offence: Offence, level: Level
) -> tuple[Holding, ...]:
    """Who the level of an offence is put down to: the event's stage, organ and actor.

    Of a running number that is the event which reached this level. What the event does not say is
    taken from who held the case then; no time is charged.
    """
    found = next((found for found in offence.levels if found.level is level), None)
    event = found.event if found is not None and found.event is not None else offence.event
    compiled = context.catalogue.compiled(calendar_of(case.record, offence))
    at = event.occurred_at
    events = ordered(case.record, context.catalogue.vocabulary, compiled.table, at)
    before = list(takewhile(lambda earlier: earlier.key != event.key, events))
    *_, (_, holder) = one_by_one(before, first_holder(events, case.record.fields))
    same = event.department in (None, holder.department)
    return (
        Holding(
            stage=event.stage or holder.stage,
            department=event.department or holder.department,
            holder=event.actor or (holder.holder if same else None),
            since=at,
            until=at,
            held_seconds=0,
            overrun_seconds=0,
        ),
    )


def _against(walked: Walk, limit: LimitFound | None, unit: Unit) -> Against:
    if limit is None:
        return Against(unit=unit)
    return Against(unit=unit, allowance=allowance(walked, limit, unit), due_at=limit.due_at)


def part_json(share: Holding) -> dict[str, object]:
    """A part of an accountability record as the ledger has it: organs and time, no person."""
    return {
        "part": str(share.part),
        "stage": share.stage,
        "department": share.department,
        "held_seconds": share.held_seconds,
        "overrun_seconds": share.overrun_seconds,
        "charged_seconds": share.charged_seconds,
        "amount": None if share.amount is None else decimal_text(share.amount),
        "over": None if share.over is None else decimal_text(share.over),
        "unit": share.unit,
    }
