"""Deadlines of what follows a card, on its calendar; by the weekdays where none covers them."""

from ..engine.questions import Counting, due
from ..faults import NotCovered
from ..time.amount import Amount
from ..workspace.context import Context
from .ladders.model import plain_due


class Deadlines:
    """When an amount is due on which calendar; the same question is counted once."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: dict[tuple[str, int, Amount], int] = {}
        #: Calendars that are missing or do not cover what was asked: counted by the weekdays.
        self.uncovered: set[str] = set()

    def due(self, calendar: str, start: int, amount: Amount) -> int:
        """Last instant in time of `amount` from `start`, both epoch seconds.

        Days end at midnight, hours and smaller are exact, as a limit's. What no calendar covers is
        counted by the weekdays, and the calendar stands in `uncovered`.
        """
        asked = calendar, start, amount
        if asked not in self._known:
            self._known[asked] = self._counted(calendar, start, amount)
        return self._known[asked]

    def _counted(self, calendar: str, start: int, amount: Amount) -> int:
        catalogue = self._context.catalogue
        if calendar in catalogue.calendars:
            try:
                instant = due(
                    catalogue.compiled(calendar).table,
                    start,
                    amount,
                    counting=Counting(),
                    pauses=[],
                )
            except NotCovered:
                instant = None
            if instant is not None:
                return instant
        self.uncovered.add(calendar)
        return plain_due(start, amount, self._context.zone)
