"""One process of a workspace delivers at a time; another waits for it, but not for ever."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ..faults import ConfigurationError, DoneElsewhere
from ..i18n.language import t
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
            t(
                f"{folder / LOCK} 无法写入：{say_os(fault)}",
                f"{folder / LOCK} cannot be written: {say_os(fault)}",
            ),
            t("检查该目录的权限", "check the folder's permissions"),
        ) from None
    with file:
        wait_for(
            file,
            patience,
            pause,
            DoneElsewhere(
                t("另一个进程正在投递通知", "another process delivers the notices"),
                t("稍后再试", "try again when it has finished"),
            ),
        )
        yield
