"""A backup's file: a tar of tables, attachments and settings, and last a manifest of all of it.

`effmon.toml`, `catalogue/…`, `calendars/…`, `attachments/…`, `checkpoints/…`, `keys/…` are files
as they were;
`tables/NAME.jsonl.gz` are rows (`records.table_lines`); `manifest.json` names every other member
with its size and SHA-256, and `manifest.json.sha256` has its own. Being the last, they are missing
where the file was cut off.
"""

import base64
import gzip
import hashlib
import io
import json
import re
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

from ...faults import ConfigurationError, EffmonError
from ...i18n.messages import t
from ...i18n.os_words import say_os
from ...ledger.model import entries as core
from ...records import table_lines

FORMAT = 1
MANIFEST = "manifest.json"
DIGEST = "manifest.json.sha256"
SETTINGS = "effmon.toml"
TABLES, ATTACHMENTS, CATALOGUE, CALENDARS, CHECKPOINTS, KEYS = _FOLDERS = (
    "tables",
    "attachments",
    "catalogue",
    "calendars",
    "checkpoints",
    "keys",
)
_PIECE = 1 << 20
_MOST_MANIFEST = 50_000_000
_LONGEST_LINE = 100_000_000
#: One step of a member's name: no way up, nothing hidden from a listing.
_STEP = re.compile(r"[^/\0\x01-\x1f\x7f]{1,255}")


class Damaged(EffmonError):
    """The archive is not what was written, or not whole."""

    exit_code = 1

    def __init__(self, what: str) -> None:
        super().__init__(
            t("the backup is damaged: {what}", what=what),
            t("nothing was restored; use another backup"),
        )


class Writer:
    """Puts members into a tar; the same members at the same instant give the same bytes."""

    def __init__(self, file: IO[bytes], made_at: int) -> None:
        self._tar = tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115
        self._made_at = made_at
        self.members: list[dict[str, object]] = []

    def add(self, name: str, content: IO[bytes], **facts: object) -> None:
        """Add what stands in `content` from its beginning to its end."""
        seen, size = hashlib.sha256(), 0
        content.seek(0)
        while piece := content.read(_PIECE):
            seen.update(piece)
            size += len(piece)
        content.seek(0)
        self._put(name, content, size)
        self.members.append(
            {"name": name, "bytes": size, "sha256": seen.hexdigest(), **facts},
        )

    def add_table(self, name: str, lines: Iterable[bytes], scratch: IO[bytes]) -> int:
        """Add a table's lines, packed by way of the file `scratch`; how many rows there are."""
        scratch.seek(0)
        scratch.truncate()
        count = -1
        with gzip.GzipFile("", "wb", compresslevel=1, fileobj=scratch, mtime=0) as packed:
            for line in lines:
                packed.write(line)
                count += 1
        self.add(f"{TABLES}/{name}.jsonl.gz", scratch, rows=count)
        return count

    def finish(self, facts: Mapping[str, object]) -> str:
        """Write the manifest; its SHA-256 in hex, which is the archive's."""
        text = json.dumps(
            {"v": FORMAT, **facts, "members": self.members},
            ensure_ascii=False,
            indent=1,
            sort_keys=True,
        ).encode()
        self._put(MANIFEST, io.BytesIO(text), len(text))
        digest = hashlib.sha256(text).hexdigest()
        line = _digest_line(digest)
        self._put(DIGEST, io.BytesIO(line), len(line))
        self._tar.close()
        return digest

    def _put(self, name: str, content: IO[bytes], size: int) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mtime, entry.mode = size, self._made_at, 0o600
        self._tar.addfile(entry, content)


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself."""

    schema: str
    release: str
    engine: str
    workspace: str
    workspace_id: str
    made_at: str
    size: int
    sha256_root: str
    sm3_root: str
    keys: bool
    #: Attachments that were lost or changed when it was made.
    missing: tuple[str, ...]
    #: The tables in the order in which they are filled, each with its number of rows.
    tables: tuple[tuple[str, int], ...]
    #: Name → (bytes, SHA-256 in hex).
    members: Mapping[str, tuple[int, str]]
    #: SHA-256 of the manifest.
    digest: str

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Read a manifest; Damaged where it is none."""
        try:
            found = json.loads(text)
            if found["v"] != FORMAT:
                raise ConfigurationError(
                    t(
                        "the backup has format {v}, of effmon {release}",
                        v=found["v"],
                        release=found["release"],
                    ),
                    t("restore it with that release"),
                )
            return cls(
                **{name: str(found[name]) for name in _WORDS},
                size=int(found["size"]),
                keys=bool(found["keys"]),
                missing=tuple(str(each) for each in found["missing"]),
                tables=tuple(
                    (_table_of(each["name"]), int(each["rows"]))
                    for each in found["members"]
                    if each["name"].startswith(f"{TABLES}/")
                ),
                members={
                    str(each["name"]): (int(each["bytes"]), str(each["sha256"]))
                    for each in found["members"]
                },
                digest=hashlib.sha256(text).hexdigest(),
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise Damaged(t("its manifest cannot be read")) from None


def _digest_line(digest: str) -> bytes:
    """As `sha256sum -c` reads it."""
    return f"{digest}  {MANIFEST}\n".encode()


_WORDS = (
    "schema",
    "release",
    "engine",
    "workspace",
    "workspace_id",
    "made_at",
    "sha256_root",
    "sm3_root",
)


def _table_of(member: str) -> str:
    return member.removeprefix(f"{TABLES}/").removesuffix(".jsonl.gz")


class Archive:
    """A backup that was read through once and is whole: every member is what the manifest says."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest, self._places = _checked(path)

    @contextmanager
    def member(self, name: str) -> Iterator[IO[bytes]]:
        """A member's bytes; Damaged where there is none of that name."""
        if name not in self._places:
            raise Damaged(t("{name} is missing", name=name))
        with _opened(self.path) as tar:
            content: Any = tar.extractfile(self._places[name])
            with content:
                yield content

    def names(self, folder: str) -> list[str]:
        """Members of a folder, without its name, sorted."""
        start = f"{folder}/"
        return sorted(
            name.removeprefix(start) for name in self.manifest.members if name.startswith(start)
        )

    def lines(self, name: str) -> Iterator[bytes]:
        """A table's lines, unpacked; Damaged where they cannot be."""
        with self.member(f"{TABLES}/{name}.jsonl.gz") as packed:
            try:
                with gzip.GzipFile(fileobj=packed, mode="rb") as lines:
                    while line := lines.readline(_LONGEST_LINE):
                        yield line
            except (OSError, EOFError, zlib.error):
                raise Damaged(t("table {name} is not gzip", name=name)) from None

    def ledger(self) -> core.Head:
        """The ledger's head, computed again from the bodies of its entries; Damaged as `lines`."""
        return core.rebuild(_bodies(self.lines("ledger_entry")))


def _bodies(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Bodies of the rows of the ledger's table."""
    try:
        heading = [each[0] for each in table_lines.parsed(next(lines, b""), "ledger_entry", 1)]
        at = heading.index("body")
        for number, line in enumerate(lines, start=2):
            yield base64.b64decode(
                table_lines.parsed(line, "ledger_entry", number)[at], validate=True
            )
    except (ValueError, TypeError, IndexError, KeyError):
        raise Damaged(t("the ledger in it cannot be read")) from None


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        file = path.open("rb")
    except OSError as fault:
        raise ConfigurationError(
            t("{path} cannot be read: {fault}", path=path, fault=say_os(fault)),
            t("check the path and its permissions"),
        ) from None
    with file:
        try:
            with tarfile.open(fileobj=file, mode="r:") as tar:
                yield tar
        except (tarfile.TarError, EOFError):
            raise Damaged(t("it is no whole tar file")) from None


def _checked(path: Path) -> tuple[Manifest, dict[str, tarfile.TarInfo]]:
    """The manifest, and where each member stands; Damaged where one is not as it says."""
    seen: dict[str, tuple[int, str]] = {}
    places: dict[str, tarfile.TarInfo] = {}
    text = line = None
    with _opened(path) as tar:
        for entry in tar:
            if text is not None and (line is not None or entry.name != DIGEST):
                raise Damaged(t("something stands after its manifest"))
            if not entry.isreg() or entry.name in seen or not _is_name(entry.name):
                name = ascii(entry.name[:100])
                raise Damaged(t("a member that it cannot have: {name}", name=name))
            content: Any = tar.extractfile(entry)
            if entry.name == MANIFEST:
                text = content.read(_MOST_MANIFEST)
                continue
            if entry.name == DIGEST:
                line = content.read(_PIECE)
                continue
            sums, size = hashlib.sha256(), 0
            while piece := content.read(_PIECE):
                sums.update(piece)
                size += len(piece)
            seen[entry.name] = (size, sums.hexdigest())
            places[entry.name] = entry
    if text is None or line is None:
        raise Damaged(t("it has no manifest, so it is not whole"))
    if line != _digest_line(hashlib.sha256(text).hexdigest()):
        raise Damaged(t("its manifest has another SHA-256"))
    manifest = Manifest.parse(text)
    for name in sorted(seen.keys() | manifest.members.keys()):
        if seen.get(name) != manifest.members.get(name):
            raise Damaged(
                t("{name} is not what the manifest says", name=name),
            )
    return manifest, places


def _is_name(name: str) -> bool:
    steps = name.split("/")
    known = name in (MANIFEST, DIGEST, SETTINGS) or (len(steps) > 1 and steps[0] in _FOLDERS)
    return known and all(_STEP.fullmatch(step) and step not in (".", "..") for step in steps)
