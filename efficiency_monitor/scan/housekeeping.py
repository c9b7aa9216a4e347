"""One round over all that follows a card: what time alone has made due, then delivery.

The bell, a night and `effmon notices deliver` go it; going it twice changes nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from ..faults import CatalogueError, ConfigurationError, DoneElsewhere, EffmonError
from ..followup.alarms import actions as alarms
from ..followup.alarms.actions import Raised
from ..followup.appeals import actions as appeals
from ..followup.ladders import actions as ladders
from ..followup.ladders.advance import LadderReport
from ..followup.orders import actions as orders
from ..notify import anchors
from ..notify.channels.channel import Channel
from ..notify.deliver import DeliverReport, deliver
from ..notify.deliver_lock import PATIENCE
from ..workspace.context import Context

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class RoundReport:
    """What one round did."""

    ladders: LadderReport
    #: Orders without a reply by their deadline, appeals not decided by theirs: told once a round.
    orders: list[str]
    appeals: list[str]
    alarms: list[Raised]
    #: Notices with the day's checkpoint that were written.
    anchors: int = 0
    #: None where another process delivers, which sends these notices too.
    delivered: DeliverReport | None = None

    def as_json(self, zone: str) -> dict[str, object]:
        """For the command line."""
        return {
            "ladders": self.ladders.as_json(),
            "orders_overdue": self.orders,
            "appeals_overdue": self.appeals,
            "alarms": [raised.as_json(zone) for raised in self.alarms],
            "anchors": self.anchors,
        }


def run(
    context: Context, channels: Mapping[str, Channel], *, patience: float = PATIENCE
) -> RoundReport:
    """Advance the ladders, tell of what is overdue, raise the alarms, deliver what is pending.

    Another process that delivers is waited for up to `patience` seconds; DoneElsewhere if it takes
    longer, unless there was no patience at all: then its delivery is this round's too. A catalogue
    or a setting that is wrong stops no message: it is raised when everything else is done.
    """
    faults: list[EffmonError] = []

    def tried(step: Callable[[Context], T], otherwise: T) -> T:
        try:
            return step(context)
        except (CatalogueError, ConfigurationError) as fault:
            faults.append(fault)
            return otherwise

    done = RoundReport(
        ladders=tried(ladders.advance, LadderReport()),
        orders=tried(orders.overdue, []),
        appeals=tried(appeals.overdue, []),
        alarms=tried(alarms.raise_due, []),
        anchors=tried(anchors.send_due, 0),
    )
    try:
        done.delivered, _ = deliver(context, channels, patience=patience)
    except DoneElsewhere:
        if patience:
            raise
    else:
        # What was delivered has begun deadlines: when they end stands in the database from now on.
        done.ladders.add(tried(ladders.advance, LadderReport()))
    if faults:
        raise faults[0]
    return done
