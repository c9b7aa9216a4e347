"""When an appeal should have been filed and when it has to be decided (State Council order 733)."""

from decimal import ROUND_CEILING
from typing import Any

from ...engine.questions import Counting, due
from ...faults import NotCovered
from ...time.amount import Amount, Unit
from ...time.instants import last_second
from ...workspace.context import Context

DAY = 86_400
#: Calendar days of a month where no calendar says better: an appeal is never without a date.
MONTH = 30


def decide_by(context: Context, card: Any, filed_at: int) -> int:
    """Last instant, epoch seconds, at which an appeal is decided in time."""
    return _end(context, card, filed_at, context.settings.appeals.decide_within)


def is_late(context: Context, card: Any, delivered_at: int | None, filed_at: int) -> bool:
    """Whether an appeal is filed later than it should be; it is accepted all the same.

    The time runs from the first delivery of anything about the card: before, it is never late.
    """
    if delivered_at is None:
        return False
    return filed_at > _end(context, card, delivered_at, context.settings.appeals.file_within)


def _end(context: Context, card: Any, start: int, within: str) -> int:
    """End of a limit on the card's calendar; beyond the calendar, plain calendar time."""
    amount = Amount.parse(within)
    try:
        table = context.catalogue.compiled(card.calendar).table
        found = due(table, start, amount, counting=Counting(), pauses=[])
    except (KeyError, NotCovered):
        found = None
    if found is not None:
        return found
    if amount.unit.seconds:
        return start + int(amount.value * amount.unit.seconds)
    days = int(amount.value.to_integral_value(ROUND_CEILING))
    if amount.unit is Unit.CALENDAR_MONTHS:
        days *= MONTH
    return last_second(start + days * DAY, context.zone)
