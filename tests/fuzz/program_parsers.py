"""The verifier over an exported folder, and the words of the command line."""

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

from efficiency_monitor.verifier import verify

from ..cli.command import MODULE
from ..ledger.hand_made import FIRST, grown
from .parser import Parser

#: Between the files of a folder, in one input.
SPLIT = b"\n=====\n"
#: Entries that the last checkpoint vouches for.
SIGNED = 35
#: Commands that only read; what is drawn follows them.
COMMANDS = (
    "cases show", "cases list", "cases explain", "cards list", "cards show", "quarantine list",
    "quarantine show", "rules list", "rules show", "rules check", "ladders list", "ladders show",
    "ladders check", "mappings list", "mappings check", "notices list", "ledger list",
    "ledger verify", "calendar due", "calendar elapsed", "calendar show", "people list",
    "people check", "orders list", "orders show", "appeals list", "appeals show", "silences list",
    "accountability list", "accountability show", "version", "forecast", "sources list",
)  # fmt: skip
WORDS = (
    b"\n--as-of\n", b"\n--known-by\n", b"\n-o\njson", b"\n-o\ncsv", b"\n--", b"\n--most\n",
    b"--all", b"2026-03-02", b"20 working_days", b"\n--calendar\n", b"cn", b"R-1", b"--state",
    b"@x", b"\n", b"--pause", b"9999-12-31", b"CN-ACCEPT", b"standard", b"canonical", b"--unit",
    b"-1",
)  # fmt: skip


def export(folder: Path) -> Parser:
    """A signed export: sound, changed or unreadable, and never sound with another entry in it."""
    book = grown()
    files = {name: data for name, data in book.files().items() if name != "verify.py"}
    for name in files:
        (folder / "changed" / name).parent.mkdir(parents=True, exist_ok=True)
    seed = SPLIT.join(files.values())
    entries = files["entries.jsonl"].split(b"\n")[:SIGNED]

    def read(data: bytes) -> bool:
        parts = data.split(SPLIT, len(files) - 1)
        for number, name in enumerate(files):
            path = folder / "changed" / name
            if number < len(parts):
                path.write_bytes(parts[number])
            else:
                path.unlink(missing_ok=True)
        code = said_by(str(folder / "changed"), "--key", FIRST.vkey)
        if code == 0:
            now = (folder / "changed" / "entries.jsonl").read_bytes()
            assert now.split(b"\n")[:SIGNED] == entries, "changed, and sound"
        return code == 0

    words = (SPLIT, b'"v":1', b'"seq":', b'"type":', b"}\n{", b'"size":', b'"proof":', b"null")
    return Parser("export", (seed,), words, read)


def slip(folder: Path) -> Parser:
    """An evidence slip: sound, changed or unreadable; nothing is sound but what was given out."""
    book, path = grown(), folder / "slip.json"
    seeds = tuple(book.slip(seq, size) for seq, size in ((1, 9), (3, 30), (30, 30)))

    def read(data: bytes) -> bool:
        path.write_bytes(data)
        code = said_by("slip", str(path), "--key", FIRST.vkey)
        assert code or data.rstrip(b"\r\n") in [each.rstrip(b"\n") for each in seeds]
        return code == 0

    words = (
        b'"v":1',
        b'"index":',
        b'"path":[',
        b'"note":"',
        b"\\n\\n",
        b'"tree":"sm3"',
        b"\\u2014",
    )
    return Parser("slip", seeds, words, read)


def said_by(*arguments: str) -> int:
    """The verifier's exit code; whatever it says is a result, and no traceback."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = verify.main(list(arguments))
    said = out.getvalue() + err.getvalue()
    assert code in (0, 1, 2, 3), code
    assert "Traceback" not in said
    assert "cannot verify" not in said, said[-300:]
    assert code == 0 or "RESULT" in said, said[-300:]
    return code


def command(folder: Path) -> Parser:
    """A command that only reads, with whatever words after it."""
    os.environ.update({"EFFMON_LANG": "en", "NO_COLOR": "1"})
    main: Callable[[], None] = import_module(f"{MODULE}.main").main
    workspace = folder / "ws"
    with _words(["init", str(workspace)]):
        main()
    os.chdir(folder)

    def read(data: bytes) -> bool:
        first, *rest = data.replace(b"\0", b"").split(b"\n")
        named = COMMANDS[sum(first) % len(COMMANDS)].split()
        words = [word.decode("utf-8", "surrogateescape") for word in rest[:40]]
        code: object = 0
        with _words(["-C", str(workspace), *named, *words]) as said:
            try:
                main()
            except SystemExit as end:
                code = end.code
        assert code in (0, 1, 2, 3, None), (code, said.getvalue()[-500:])
        assert "Traceback" not in said.getvalue()
        assert "unexpected fault" not in said.getvalue()
        assert len(said.getvalue()) < 20_000
        return code in (0, None)

    seeds = tuple(
        bytes([place]) + b"\n" + tail
        for place in range(len(COMMANDS))
        for tail in (b"", b"2026-03-02\n20 working_days", b"-o\njson\nx")
    )
    return Parser("command", seeds, WORDS, read)


@contextlib.contextmanager
def _words(words: list[str]) -> Iterator[io.StringIO]:
    """The words of a command line, and what it says on stderr; what it prints is let go."""
    before, out, said = sys.argv, io.StringIO(), io.StringIO()
    sys.argv = ["effmon", *words]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(said):
            try:
                yield said
            except SystemExit as end:
                if end.code:
                    raise
    finally:
        sys.argv = before


PROGRAMS = {"export": export, "slip": slip, "command": command}
