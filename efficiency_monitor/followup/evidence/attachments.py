"""Attachments: files that are handed in are kept beside the database, named by what they hold."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from sqlalchemy import Connection, select

from ...faults import ConfigurationError
from ...i18n.messages import t
from ...i18n.os_words import say_os
from ...records.matter_tables import AccountEntry, AppealEntry, ApprovalRow, OrderEntry
from ...records.tables import CardEntry
from ...workspace.context import Context
from ...workspace.required_texts import refuse_id_numbers
from .model import Attachment, attachments_of

#: What names files that were handed in.
_HAND_IN = tuple(
    row.__table__  # type: ignore[union-attr]
    for row in (CardEntry, OrderEntry, AppealEntry, AccountEntry, ApprovalRow)
)
FOLDER = "attachments"
#: Bytes of one file.
MOST_BYTES = 50_000_000
MOST_FILES = 20
_LONGEST_NAME = 200
_PIECE = 1 << 20


def keep(
    context: Context, paths: Sequence[Path], *, dry_run: bool = False
) -> tuple[Attachment, ...]:
    """Copy files into `WORKSPACE/attachments/<2 hex>/<sha256>`; what was handed in, in order.

    With `dry_run` they are read and nothing is copied.

    Called before the transaction that names them: a file that no entry names is harmless, an entry
    whose file is missing is not. A file that is there already, whole, is not written again; each
    appears under its name whole or not at all. ConfigurationError for a file that cannot be read or
    kept, is larger than 50 MB, or for more than 20 of them.
    """
    found = look(paths)
    if dry_run:
        return found
    for path, attachment in zip(paths, found, strict=True):
        place = place_of(context, attachment)
        if not whole(context, attachment):
            _copy(path, place, attachment)
    return _distinct(found)


def look(paths: Sequence[Path]) -> tuple[Attachment, ...]:
    """Names, digests and sizes of files, in order; nothing is copied. Faults as `keep`."""
    if len(paths) > MOST_FILES:
        raise ConfigurationError(
            t(
                "there are {n_paths} attachments, at most {most_files} are taken",
                n_paths=len(paths),
                most_files=MOST_FILES,
            ),
            t("put several into one archive"),
        )
    return tuple(_look(path) for path in paths)


def place_of(context: Context, attachment: Attachment) -> Path:
    """Where the file of an attachment is kept."""
    return context.folder / FOLDER / attachment.sha256[:2] / attachment.sha256


def handed_in(connection: Connection) -> dict[str, Attachment]:
    """Every file that was handed in, by its digest."""
    texts = [
        row.evidence
        for table in _HAND_IN
        for row in connection.execute(
            select(table.c.evidence).where(table.c.evidence.not_in(["", "[]"]))
        )
    ]
    return {each.sha256: each for text in texts for each in attachments_of(text)}


def spoilt(context: Context) -> tuple[int, list[str]]:
    """How many files were handed in, and the digests of those that are gone or were changed.

    Every file is read: its size alone says nothing of somebody who rewrites it.
    """
    with context.store.reading() as connection:
        known = handed_in(connection)
    return len(known), [name for name in sorted(known) if not whole(context, known[name])]


def whole(context: Context, attachment: Attachment) -> bool:
    """Whether the file of an attachment is there and is what was handed in; it is read."""
    seen = hashlib.sha256()
    try:
        with place_of(context, attachment).open("rb") as file:
            while piece := file.read(_PIECE):
                seen.update(piece)
    except OSError:
        return False
    return seen.hexdigest() == attachment.sha256


def _distinct(found: Sequence[Attachment]) -> tuple[Attachment, ...]:
    return tuple(dict.fromkeys(found))


def _look(path: Path) -> Attachment:
    if path.exists() and not path.is_file():
        raise ConfigurationError(
            t("the attachment {path} is no file", path=path),
            t("name a file"),
        )
    seen, size = hashlib.sha256(), 0
    for piece in _pieces(path):
        seen.update(piece)
        size += len(piece)
    # A name in another encoding comes as single bytes that no text holds.
    name = os.fsencode(path.name).decode("utf-8", "replace")
    refuse_id_numbers(name)
    return Attachment(name[-_LONGEST_NAME:], seen.hexdigest(), size)


def _pieces(path: Path) -> Iterator[bytes]:
    """The file's bytes; a fault as soon as there are too many of them."""
    size = 0
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                size += len(piece)
                if size > MOST_BYTES:
                    raise ConfigurationError(
                        t(
                            "the attachment {path} is larger than {value} MB",
                            path=path,
                            value=MOST_BYTES // 1_000_000,
                        ),
                        t("compress it or split it"),
                    )
                yield piece
    except OSError as fault:
        raise ConfigurationError(
            t("the attachment {path} cannot be read: {fault}", path=path, fault=say_os(fault)),
            t("check the path and its permissions"),
        ) from None


def _copy(path: Path, place: Path, attachment: Attachment) -> None:
    """Write the copy beside its place, bring it to the disk, then give it its name."""
    copied = hashlib.sha256()
    try:
        place.parent.parent.mkdir(mode=0o700, exist_ok=True)
        place.parent.mkdir(mode=0o700, exist_ok=True)
        # Made readable by its owner alone.
        with NamedTemporaryFile(dir=place.parent, prefix=".", delete=False) as file:
            beside = Path(file.name)
            try:
                for piece in _pieces(path):
                    copied.update(piece)
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
                if copied.hexdigest() == attachment.sha256:
                    beside.replace(place)
                    _sync(place.parent)
            finally:
                with suppress(FileNotFoundError):
                    beside.unlink()
    except OSError as fault:
        raise ConfigurationError(
            t(
                "the attachment cannot be kept in {parent}: {fault}",
                parent=place.parent,
                fault=say_os(fault),
            ),
            t("check the folder's permissions and the disk's space"),
        ) from None
    if copied.hexdigest() != attachment.sha256:
        raise ConfigurationError(
            t("the attachment {path} was changed while it was read", path=path),
            t("hand it in when nobody writes to it any more"),
        )


def _sync(folder: Path) -> None:
    """Bring a new name to the disk too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
