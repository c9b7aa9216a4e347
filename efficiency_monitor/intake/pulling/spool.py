"""A pull's spool: what was fetched so far, on disk, and where to go on after a crash.

What is appended is on the disk before the state says so; what stands behind the state's length was
cut off half-way and is cut away when the spool is opened again. Only its owner may read it.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...faults import FeedFailed

_STATE: Final = "state.json"
_DATA: Final = "data"


class BeyondBound(FeedFailed):
    """More than the settings let in: what has come is of no use, whatever comes after it."""


class NextPage(BaseModel):
    """What to ask for next: a page's number, the value of a cursor, or a URL."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    number: int | None = None
    #: Of the rows of the page before it.
    digest: str = ""
    #: Rows that the page before it announced in all.
    total: int | None = None
    cursor: str | None = None
    url: str | None = None


class TableState(BaseModel):
    """How far a table is fetched: `bytes` of its file count."""

    model_config = ConfigDict(extra="forbid")
    file: str = Field(pattern=r"^[^/]+$")
    bytes: int = 0
    pages: int = 0
    rows: int = 0
    done: bool = False
    next: NextPage | None = None


class _State(BaseModel):
    model_config = ConfigDict(extra="forbid")
    version: Literal[1] = 1
    #: Digest of the settings and cursors that it was begun for.
    key: str
    began_at: int
    fetched: bool = False
    run_id: str | None = None
    tables: dict[str, TableState] = {}


class Spool:
    """The spool of one source. OSError as the file system gives it (disk full, no right)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._state = _State(key="", began_at=0)

    def open(self, key: str, *, now: int, within: int) -> None:
        """Go on with the spool that is there if it was begun for the same `key` (settings and
        cursors) and at most `within` seconds ago; begin a new one otherwise.
        """
        found = self._read()
        if found is not None and found.key == key and 0 <= now - found.began_at <= within:
            self._state = found
            for table in found.tables.values():
                self._cut(table)
            return
        self.remove()
        (self.folder / _DATA).mkdir(parents=True, mode=0o700)
        self.folder.chmod(0o700)
        self._state = _State(key=key, began_at=now)
        self._save()

    @property
    def began_at(self) -> int:
        """When fetching began, epoch seconds: the data are at least as new."""
        return self._state.began_at

    @property
    def fetched(self) -> bool:
        """Whether everything is here."""
        return self._state.fetched

    @property
    def run_id(self) -> str | None:
        """The run that works with it, as `own` has said."""
        return self._state.run_id

    def own(self, run_id: str) -> None:
        """Say which run works with it."""
        self._state.run_id = run_id
        self._save()

    def close(self) -> None:
        """Everything is fetched."""
        self._state.fetched = True
        self._save()

    def table(self, name: str, file: str) -> TableState:
        """How far a table is fetched into a file of that name."""
        return self._state.tables.setdefault(name, TableState(file=file))

    def append(
        self, name: str, data: bytes, *, rows: int, next_: NextPage | None, done: bool
    ) -> None:
        """Add one page to a table, and say what comes after it."""
        table = self._state.tables[name]
        with self._opened(table) as file:
            file.seek(table.bytes)
            file.write(data)
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
        table.bytes += len(data)
        table.pages += 1
        table.rows += rows
        table.next, table.done = next_, done
        self._save()

    @contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        """Write a table's file from its beginning; it is done when the block ends well."""
        table = self.restart(name)
        with self._opened(table) as file:
            file.truncate(0)
            try:
                yield file
            except BaseException:
                # It will be read from its beginning again, if at all: nobody needs what is there.
                file.seek(0)
                file.truncate(0)
                raise
            file.flush()
            os.fsync(file.fileno())
            table.bytes, table.pages, table.done = file.tell(), 1, True
        self._save()

    def restart(self, name: str) -> TableState:
        """Forget a table's rows: it can only be read from its beginning."""
        table = TableState(file=self._state.tables[name].file)
        self._state.tables[name] = table
        self._save()
        return table

    def end(self, name: str) -> None:
        """A table is whole."""
        self._state.tables[name].done = True
        self._save()

    @property
    def pages(self) -> int:
        """Answers so far, of all tables."""
        return sum(table.pages for table in self._state.tables.values())

    @property
    def bytes(self) -> int:
        """Bytes so far, of all tables."""
        return sum(table.bytes for table in self._state.tables.values())

    def filled(self) -> dict[str, Path]:
        """Files of the tables that hold anything, by table, in the order they were begun."""
        return {
            name: self._path(table) for name, table in self._state.tables.items() if table.bytes
        }

    def remove(self) -> None:
        """Take it away."""
        # The state first: data without a state is nothing, a state without its data would be a lie.
        (self.folder / _STATE).unlink(missing_ok=True)
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def _path(self, table: TableState) -> Path:
        return self.folder / _DATA / table.file

    def _opened(self, table: TableState) -> BinaryIO:
        descriptor = os.open(self._path(table), os.O_RDWR | os.O_CREAT, 0o600)
        return os.fdopen(descriptor, "r+b")

    def _cut(self, table: TableState) -> None:
        path = self._path(table)
        if path.exists() and path.stat().st_size > table.bytes:
            os.truncate(path, table.bytes)

    def _read(self) -> _State | None:
        try:
            text = (self.folder / _STATE).read_text(encoding="utf-8")
            found = _State.model_validate_json(text)
        except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError, ValidationError):
            return None
        for table in found.tables.values():
            # Somebody took the data away, or the disk lost them: then it is no spool.
            path = self._path(table)
            if table.bytes and (not path.exists() or path.stat().st_size < table.bytes):
                return None
        return found

    def _save(self) -> None:
        path = self.folder / _STATE
        draft = path.with_suffix(".draft")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with os.fdopen(os.open(draft, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(self._state.model_dump_json())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
