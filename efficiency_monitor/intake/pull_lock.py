"""One pull of a source at a time, in the whole workspace."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..faults import ConfigurationError, DoneElsewhere
from ..i18n.messages import t
from ..i18n.os_words import say_os
from ..workspace.file_lock import wait_for
from .pulling.http_request import HttpDeps


@contextmanager
def alone(folder: Path, name: str, world: HttpDeps, patience: int) -> Iterator[bool]:
    """One pull of a source at a time; the system frees the lock when its holder dies.

    Gives whether it had to wait.
    """
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        file = (folder / f"{name}.lock").open("a")
    except OSError as fault:
        raise ConfigurationError(
            t("{folder} cannot be written: {fault}", folder=folder, fault=say_os(fault)),
            t("check the folder's permissions"),
        ) from None
    with file:
        yield wait_for(
            file,
            patience,
            world.sleep,
            DoneElsewhere(
                t("another process pulls source {name}", name=name),
                t("try again later"),
            ),
            look=1,
        )
