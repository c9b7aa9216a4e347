"""How often a receiver may be called: counted over the attempts of every process and run."""

from sqlalchemy import Connection

from .channels.channel import Channel
from .store import attempts


def opens(connection: Connection, channel: Channel, counted_as: str, now: int) -> int | None:
    """When the receiver may be called next (epoch seconds); None if now.

    An attempt counts from its end, and for one second more than the limit says: whatever a second
    hides of the true instants, the receiver itself never sees more than its limit.
    """
    if not channel.limits:
        return None
    longest = max(limit.seconds for limit in channel.limits)
    # After a clock that ran ahead: what lies further off than a window cannot be an attempt.
    made = attempts.since(connection, counted_as, now - longest, now + longest)
    wait = [
        counted[-limit.messages] + limit.seconds + 1
        for limit in channel.limits
        if len(counted := [at for at in made if at >= now - limit.seconds]) >= limit.messages
    ]
    return max(wait, default=None)
