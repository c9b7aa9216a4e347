"""Where a workspace keeps the ledger's key, and what its signer remembers, for backups."""

from pathlib import Path

from ..workspace.settings import Settings

KEYS_FOLDER = "keys"
#: Notes that were set aside after a loss: the signer does not go by them any more.
_LOST = "lost-"


def state_folder(folder: Path, settings: Settings) -> Path:
    """The folder of the signer's own last notes, outside of the database."""
    return folder / settings.ledger.state


def signed_size(folder: Path) -> int:
    """The largest ledger that a signed note in the folder speaks of; 0 where there is none.

    The notes are read as everybody may: the second line of a checkpoint is the number of entries.
    """
    largest = 0
    for path in sorted(folder.glob("*.note")):
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            continue
        if len(lines) > 3 and lines[1].isdecimal() and not path.name.startswith(_LOST):
            largest = max(largest, int(lines[1][:18]))
    return largest
