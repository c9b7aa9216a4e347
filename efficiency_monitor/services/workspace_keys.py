"""Where a workspace keeps the ledger's key, and what its signer remembers."""

from pathlib import Path
from typing import Any

from ..settings import Settings

KEYS_FOLDER = "keys"
_STATE = "keys/checkpoints"


def state_folder(folder: Path, settings: Settings) -> Path:
    """The folder of the signer's own last notes, outside of the database."""
    section: Any = getattr(settings, "ledger", None)
    return folder / str(getattr(section, "state", _STATE))


def signed_size(folder: Path) -> int:
    """The largest ledger that a signed note in the folder speaks of; 0 where there is none.

    The notes are read as everybody may: the second line of a checkpoint is the number of entries.
    """
    largest = 0
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
            size = int(lines[1]) if len(lines) > 3 and lines[1].isdecimal() else 0
        except (OSError, UnicodeDecodeError, ValueError):
            continue
        largest = max(largest, size)
    return largest
