"""What the signer remembers outside the database: the last checkpoint of each tree that it signed.

Whoever can rewrite the database cannot take this back, so no fork and no rollback is signed. A
file is replaced as a whole, and is on the disk before the database learns of the checkpoint.
"""

import os
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from ..faults import DoneElsewhere, EffmonError
from ..i18n.messages import t
from ..i18n.os_words import say_os
from ..workspace.file_lock import wait_for
from .model.checkpoints import SUFFIXES, CheckpointError, of_note
from .model.signed_notes import MOST_BYTES, NoteError, parse
from .signer import sync_folder

_LOST: Final = "lost-"


class StateUnusable(EffmonError):
    """The signer's memory cannot be read or written. Nothing is signed without it."""

    exit_code = 70


@contextmanager
def alone(folder: Path, patience: float, pause: Callable[[float], None]) -> Iterator[None]:
    """Wait until no other process signs; DoneElsewhere after `patience` seconds.

    The system gives the lock free when its holder dies.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (folder / "lock").open("a")
    except OSError as fault:
        raise _unusable(folder, fault) from None
    with file:
        wait_for(
            file,
            patience,
            pause,
            DoneElsewhere(
                t("another process makes a checkpoint"),
                t("try again when it has finished"),
            ),
        )
        yield


def read(folder: Path) -> dict[str, str]:
    """The last notes by tree, as text; a tree of which nothing was signed yet is missing."""
    found = {}
    for tree in SUFFIXES:
        path = folder / f"{tree}.note"
        try:
            with path.open("rb") as file:
                data = file.read(MOST_BYTES + 1)
            found[tree] = data.decode()
        except FileNotFoundError:
            continue
        except UnicodeDecodeError:
            raise _damaged(path, "UTF-8") from None
        except OSError as fault:
            raise _unusable(path, fault) from None
        try:
            of_note(parse(data))
        except (NoteError, CheckpointError) as fault:
            raise _damaged(path, str(fault)) from None
    return found


def write(folder: Path, notes: Mapping[str, str]) -> None:
    """Replace the notes of these trees, each as a whole, and wait until they are on the disk."""
    for tree, text in notes.items():
        _replace(folder / f"{tree}.note", text)


def set_aside(folder: Path, reason: str) -> None:
    """Keep what was signed before a loss under another name, with the reason, for ever."""
    for tree, text in read(folder).items():
        checkpoint = of_note(parse(text.encode()))
        mark = b64encode(checkpoint.root, b"-_").decode()[:8]
        name = f"{_LOST}{checkpoint.size:012}-{tree}-{mark}"
        _replace(folder / f"{name}.txt", f"{reason}\n")
        _replace(folder / f"{name}.note", text)
        try:
            (folder / f"{tree}.note").unlink()
            sync_folder(folder)
        except OSError as fault:
            raise _unusable(folder, fault) from None


def lost(folder: Path) -> list[str]:
    """The notes that were set aside, smallest size first."""
    try:
        paths = sorted(folder.glob(f"{_LOST}*.note"))
        return [path.read_text(encoding="utf-8") for path in paths]
    except (OSError, UnicodeDecodeError):
        return []


def note_failure(folder: Path, now: int) -> None:
    """Remember when a checkpoint last failed, so that the bell does not try it at every ring."""
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "failed").write_text(f"{now}\n", encoding="ascii")


def failed_at(folder: Path) -> int | None:
    """When a checkpoint last failed, in UTC seconds; None: never, or it is not known."""
    try:
        return int((folder / "failed").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _replace(path: Path, text: str) -> None:
    new = path.with_name(f".{path.name}.new")
    try:
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        sync_folder(path.parent)
    except OSError as fault:
        with suppress(OSError):
            new.unlink()
        raise _unusable(path, fault) from None


def _unusable(path: Path, fault: OSError) -> StateUnusable:
    return StateUnusable(
        t("the signer's memory {path}: {fault}", path=path, fault=say_os(fault)),
        t("nothing was signed; check permissions and space, see [ledger] state"),
    )


def _damaged(path: Path, why: str) -> StateUnusable:
    return StateUnusable(
        t("the signer's memory {path} is damaged: {why}", path=path, why=why),
        t("nothing was signed; put back the newest checkpoint that was sent out"),
    )
