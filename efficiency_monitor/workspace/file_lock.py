"""The system's lock on an open file: free at once when its holder dies, never left over."""

import fcntl
from collections.abc import Callable
from typing import IO, Any, Final

from ..faults import DoneElsewhere

#: Seconds between two looks whether a lock is free.
LOOK: Final = 0.1


def taken(file: IO[Any]) -> bool:
    """Take the lock if nobody has it, until the file is closed; whether it was taken."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_for(
    file: IO[Any],
    patience: float,
    pause: Callable[[float], None],
    otherwise: DoneElsewhere,
    *,
    look: float = LOOK,
) -> bool:
    """Take the lock, looking every `look` seconds for `patience` seconds; whether it had to wait.

    `otherwise` says who has it, and is raised when the patience is over. `pause` sleeps.
    """
    looks = round(patience / look)
    waited = False
    while not taken(file):
        if looks <= 0:
            raise otherwise
        waited = True
        looks -= 1
        pause(look)
    return waited
