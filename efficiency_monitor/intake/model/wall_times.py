"""Times that were written without an offset, in the zone of a calendar that was named later."""

from dataclasses import replace
from datetime import datetime

from ...terms import Precision
from ...time.instants import from_wall, rfc3339
from .statements import EventFacts


def moved(event: EventFacts, zone: str) -> EventFacts:
    """The event with its wall times as they are in another zone. ValueError if one never occurs."""
    before, *names = event.wall.split()
    changed: dict[str, int] = {}
    for name in names:
        at = getattr(event, name)
        precision = event.due_precision if name == "due_at" else event.precision
        dated = name != "recorded_at" and precision is Precision.DAY
        wall = datetime.fromisoformat(rfc3339(at, before)).replace(tzinfo=None)
        if dated:  # its first second may be another one than midnight
            wall = wall.replace(hour=0, minute=0, second=0)
        changed[name] = from_wall(wall, zone, dated=dated)
    if event.entered_at is not None and "recorded_at" in changed:
        changed["entered_at"] = changed["recorded_at"]
    return replace(
        event,
        **changed,  # type: ignore[arg-type]
        wall=" ".join((zone, *names)),
        identity="" if event.identity == event.key else event.identity,
        key="",
        unplaced=False,
    )
