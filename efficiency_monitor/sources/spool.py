"""A pull's spool: what was fetched so far, on disk, and where to go on after a crash.

What is appended is on the disk before the state says so; what stands behind the state's length was
cut off half-way and is cut away when the spool is opened again. Only its owner may read it.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

_STATE: Final = "state.json"
_DATA: Final = "data"
_VERSION: Final = 1


class Spool:
    """The spool of one source. OSError as the file system gives it (disk full, no right)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._state: dict[str, Any] = {}

    def open(self, key: str, *, now: int, within: int, since: dict[str, str]) -> None:
        """Go on with the spool that is there if it was begun for the same `key` (settings) and at
        most `within` seconds ago; begin a new one otherwise. `since` is what it asks from.
        """
        found = self._read()
        fresh = (
            found.get("version") == _VERSION
            and found.get("key") == key
            and found.get("since") == since
            and 0 <= now - int(found.get("began_at", 0)) <= within
        )
        if fresh:
            self._state = found
            for table in found["tables"]:
                self._cut(table)
            return
        self.remove()
        (self.folder / _DATA).mkdir(parents=True, mode=0o700)
        self.folder.chmod(0o700)
        self._state = {
            "version": _VERSION,
            "key": key,
            "began_at": now,
            "since": since,
            "fetched": False,
            "tables": {},
        }
        self._save()

    @property
    def began_at(self) -> int:
        """When fetching began, epoch seconds: the data are at least as new."""
        return int(self._state["began_at"])

    @property
    def fetched(self) -> bool:
        """Whether everything is here."""
        return bool(self._state["fetched"])

    @property
    def run_id(self) -> str | None:
        """The run that works with it, as `own` has said."""
        found = self._state.get("run_id")
        return None if found is None else str(found)

    def own(self, run_id: str) -> None:
        """Say which run works with it."""
        self._state["run_id"] = run_id
        self._save()

    def close(self) -> None:
        """Everything is fetched."""
        self._state["fetched"] = True
        self._save()

    def table(self, name: str, file: str) -> dict[str, Any]:
        """What is known of a table: `file`, `bytes`, `pages`, `rows`, `done`, `next`."""
        made = {"file": file, "bytes": 0, "pages": 0, "rows": 0, "done": False, "next": None}
        known: dict[str, Any] = self._state["tables"].setdefault(name, made)
        return known

    def append(self, name: str, data: bytes, *, rows: int, next_: Any, done: bool) -> None:
        """Add one page to a table, and say what comes after it."""
        table = self._state["tables"][name]
        with self._opened(table) as file:
            file.seek(table["bytes"])
            file.write(data)
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
        table["bytes"] += len(data)
        table["pages"] += 1
        table["rows"] += rows
        table["next"], table["done"] = next_, done
        self._save()

    @contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        """Write a table's file from its beginning; it is done when the block ends well."""
        table = self._state["tables"][name]
        table |= {"bytes": 0, "pages": 0, "rows": 0, "done": False, "next": None}
        with self._opened(table) as file:
            file.truncate(0)
            yield file
            file.flush()
            os.fsync(file.fileno())
            table |= {"bytes": file.tell(), "pages": 1, "done": True}
        self._save()

    def restart(self, name: str) -> None:
        """Forget a table's rows: it can only be read from its beginning."""
        self._state["tables"][name] |= {"bytes": 0, "pages": 0, "rows": 0, "next": None}
        self._save()

    def note(self, name: str, **values: Any) -> None:
        """Keep further values of a table."""
        self._state["tables"][name] |= values
        self._save()

    @property
    def tables(self) -> dict[str, dict[str, Any]]:
        """Every table, in the order in which they were begun."""
        tables: dict[str, dict[str, Any]] = self._state["tables"]
        return tables

    @property
    def pages(self) -> int:
        """Answers so far, of all tables."""
        return sum(table["pages"] for table in self.tables.values())

    @property
    def bytes(self) -> int:
        """Bytes so far, of all tables."""
        return sum(table["bytes"] for table in self.tables.values())

    def path(self, name: str) -> Path:
        """The file of a table."""
        return self.folder / _DATA / str(self.tables[name]["file"])

    def filled(self) -> dict[str, Path]:
        """Files of the tables that hold anything, by table."""
        return {name: self.path(name) for name, table in self.tables.items() if table["bytes"]}

    def remove(self) -> None:
        """Take it away."""
        # The state first: data without a state is nothing, a state without its data would be a lie.
        (self.folder / _STATE).unlink(missing_ok=True)
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def _opened(self, table: dict[str, Any]) -> BinaryIO:
        path = self.folder / _DATA / str(table["file"])
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        return os.fdopen(descriptor, "r+b")

    def _cut(self, name: str) -> None:
        path = self.path(name)
        if path.exists() and path.stat().st_size > self.tables[name]["bytes"]:
            os.truncate(path, self.tables[name]["bytes"])

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads((self.folder / _STATE).read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return {}
        if not isinstance(found, dict) or found.get("version") != _VERSION:
            return {}
        for table in found["tables"].values():
            # Somebody took the data away, or the disk lost it: then it is no spool.
            path = self.folder / _DATA / str(table["file"])
            if table["bytes"] and (not path.exists() or path.stat().st_size < table["bytes"]):
                return {}
        return found

    def _save(self) -> None:
        path = self.folder / _STATE
        draft = path.with_suffix(".draft")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(self._state, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
