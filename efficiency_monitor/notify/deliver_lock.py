"""One process of a workspace delivers at a time; another waits for it, but not for ever."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ..faults import ConfigurationError, DoneElsewhere
from ..i18n.messages import t
from ..i18n.os_words import say_os
from ..workspace.file_lock import wait_for

#: Held by the process that delivers, in the workspace's folder.
LOCK = "deliver.lock"
#: Seconds for which another process that delivers is waited for.
PATIENCE: Final = 30.0


@contextmanager
def alone(folder: Path, patience: float, pause: Callable[[float], None]) -> Iterator[None]:
    """Wait until no other process of the workspace delivers; two at once would send twice.

    The system gives the lock free when its holder dies: nothing has to run out first.
    """
    try:
        file = (folder / LOCK).open("a")
    except OSError as fault:
        raise ConfigurationError(
            t("{value} cannot be written: {fault}", value=folder / LOCK, fault=say_os(fault)),
            t("check the folder's permissions"),
        ) from None
    with file:
        wait_for(
            file,
            patience,
            pause,
            DoneElsewhere(
                t("another process delivers the notices"),
                t("try again when it has finished"),
            ),
        )
        yield
