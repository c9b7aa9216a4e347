"""What is held, as files of this folder: made from the stories, and compared byte for byte."""

import json
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from cli import demo
from cli.main import app as commands
from efficiency_monitor.ledger import book
from efficiency_monitor.notify.digest import digest
from efficiency_monitor.people.model.people import Language
from tests.notify.sentences import SAID
from tests.notify.test_wording import a_notice
from tests.stories.world import World

from .fixed import fixed
from .stories import EXPORT, SLIP, STORIES

HERE: Final = Path(__file__).parent
#: By name relative to this folder, the bytes.
Files = dict[str, bytes]
#: The verifier goes into an export as it stands in the source, which is its own golden file.
_COPIED: Final = "verify.py"
_LANGUAGES: Final = ("zh", "en")
_SHANGHAI: Final = ZoneInfo("Asia/Shanghai")

#: What cannot be the same in two runs or outlives no move of code, by the type of the entry: a
#: pattern of its text and what stands in its place. Their leaves are left out.
#:
#: - `manifest` digests every table of the backup, with the numbers of processes, and differs with
#:   the engine and each change of a table;
#: - `seconds` is how long the drill took;
#: - `fault` names the function that raised it, which moves with the code.
LOOSE: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "backup.made": ((r'(?<="manifest":")[0-9a-f]{64}', "MANIFEST"),),
    "backup.restored": (
        (r'(?<="manifest":")[0-9a-f]{64}', "MANIFEST"),
        (r'(?<="seconds":)[0-9]+', "0"),
    ),
    "feed.failed": ((r'(?<="fault":"FeedFailed )[a-z_.]+', "FUNCTION"),),
}
_KEYS: Final = {
    "backup.made": (r"(?<=backup\.made/)[0-9a-f]{64}", "MANIFEST"),
    "backup.restored": (r"(?<=backup\.restored/)[0-9a-f]{64}", "MANIFEST"),
}


@contextmanager
def _standing_in(folder: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield


def of_story(name: str, folder: Path) -> Files:
    """Run a story in an empty folder: its entries by type, and what else it wrote."""
    place = Path(name)
    with _standing_in(folder), fixed():
        place.mkdir()
        worlds = STORIES[name](place)
        try:
            found = _entries(name, worlds)
            found |= _outbox(name, worlds[0])
            for world in worlds:
                _verified(world)
        finally:
            for world in worlds:
                world.close()
        if (place / EXPORT).exists():
            found |= _folder(place / EXPORT, "export")
            found["slip.json"] = (place / SLIP).read_bytes()
    return found


def _entries(story: str, worlds: list[World]) -> Files:
    """A line an entry: story, key, both leaves, and the canonical bytes as they are stored."""
    lines: dict[str, list[bytes]] = {}
    for number, world in enumerate(worlds):
        rows = world.rows("SELECT type, fact, body, sha256, sm3 FROM ledger_entry ORDER BY seq")
        told = story if not number else f"{story} {number}"
        for row in rows:
            lines.setdefault(row["type"], []).append(_line(told, row))
    # In one file a story, so that stories can be told side by side; `collected` puts them together.
    return {f"entries/{kind}.jsonl": b"".join(each) for kind, each in lines.items()}


def _verified(world: World) -> None:
    """An auditor who has the export alone finds nothing wrong in it, whatever happened."""
    out = world.folder / "audited"
    book.export(world.context, out, words={})
    said, code = book.verify_export(out)
    assert code in (0, 3), said


def _line(story: str, row: Mapping[str, Any]) -> bytes:
    kind, body = row["type"], bytes(row["body"])
    leaves = [bytes(row[tree]).hex() for tree in ("sha256", "sm3")]
    key = str(row["fact"])
    if kind in LOOSE:
        text = body.decode()
        for pattern, instead in LOOSE[kind]:
            text = re.sub(pattern, instead, text)
        body, leaves = text.encode(), ["", ""]
        key = re.sub(*_KEYS[kind], key) if kind in _KEYS else key
    head = {"story": story, "key": key, "sha256": leaves[0], "sm3": leaves[1]}
    opened = json.dumps(head, ensure_ascii=False, separators=(",", ":"))[:-1]
    return opened.encode() + b',"entry":' + body + b"}\n"


def _outbox(story: str, world: World) -> Files:
    """Every message that the file channel wrote, in the order of their names."""
    said = [
        json.dumps(message, ensure_ascii=False, sort_keys=True) + "\n"
        for message in world.messages()
    ]
    return {f"outbox/{story}.jsonl": "".join(said).encode()} if said else {}


def _folder(folder: Path, name: str) -> Files:
    return {
        f"{name}/{path.relative_to(folder)}": path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != _COPIED
    }


def notices() -> Files:
    """The whole message of each kind of notice, in both languages."""
    found: dict[str, list[str]] = {}
    for kind, subject, about, *_ in SAID:
        notice = a_notice(kind, subject, about)
        for language in Language:
            (part,) = digest([notice], language=language, zone=_SHANGHAI)
            text = f"{kind} · {subject}\n{part.message.subject}\n\n{part.message.text}"
            name = f"notices/{kind.split(':')[0]}.{language}.txt"
            found.setdefault(name, []).append(text)
    return {name: "\n".join(texts).encode() for name, texts in found.items()}


def demonstration(tongue: str, folder: Path) -> Files:
    """What `effmon demo` prints; `FOLDER` stands for where it was called.

    An import is known by the paths of its files: the synthetic ones have the same path everywhere.
    """
    out, err = StringIO(), StringIO()
    (folder / "data").symlink_to(demo.data_folder())
    with _standing_in(folder), pytest.MonkeyPatch.context() as patch, fixed(tongue):
        patch.setattr(demo, "data_folder", lambda: Path("data"))
        patch.setenv("COLUMNS", "100")
        patch.setattr(sys, "stdin", StringIO())
        with redirect_stdout(out), redirect_stderr(err):
            commands(["demo", "shown"], standalone_mode=False)
    said = out.getvalue().replace(str(folder.resolve()), "FOLDER")
    return {f"demonstration/{tongue}.txt": said.encode()}


def collected(parts: list[Files]) -> Files:
    """All parts in one: entries of a type that several stories wrote stand in one file."""
    found: Files = {}
    for part in parts:
        for name, content in part.items():
            found[name] = found.get(name, b"") + content
    return found


def everything() -> Files:
    """Every file of this folder, made anew."""
    parts = [notices()]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts += [of_story(story, folder) for story in STORIES]
        for tongue in _LANGUAGES:
            (folder / tongue).mkdir()
            parts.append(demonstration(tongue, folder / tongue))
    return collected(parts)


#: The folders and files that are made; everything else here is written by hand.
MADE: Final = ("entries", "outbox", "export", "notices", "demonstration", "slip.json")


def kept() -> Files:
    """Every file of this folder that was made, as it stands."""
    found: Files = {}
    for name in MADE:
        place = HERE / name
        for path in [place] if place.is_file() else sorted(place.rglob("*")):
            if path.is_file():
                found[str(path.relative_to(HERE))] = path.read_bytes()
    return found


def write(found: Files) -> list[str]:
    """Make the folder hold these files and no others that are made; which of them are other now."""
    before = kept()
    for name in before.keys() - found.keys():
        (HERE / name).unlink()
    for name, content in found.items():
        path = HERE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return sorted(
        name for name in before.keys() | found.keys() if before.get(name) != found.get(name)
    )
