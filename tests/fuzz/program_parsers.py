"""The verifier over an exported folder, and the words of the command line."""

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

from efficiency_monitor.core import ledger
from efficiency_monitor.reports.ledger_export import write_export
from efficiency_monitor.verifier import verify

from ..cli.command import MODULE
from ..ledger.conftest import small_ledger
from .parser import Parser

#: Between the files of a folder, in one input.
SPLIT = b"\n=====\n"
FILES = ("entries.jsonl", "head.json", "approvals.jsonl")
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
    """An exported ledger: sound, changed or unreadable, and never taken for sound when changed."""
    bodies = small_ledger()
    sound = folder / "sound"
    write_export(sound, bodies, ledger.rebuild(bodies), readme_context={"version": "1"})
    place = folder / "changed"
    place.mkdir()
    parts = [(sound / name).read_bytes() for name in FILES if (sound / name).exists()]
    seed = SPLIT.join(parts)

    def read(data: bytes) -> bool:
        for name, part in zip(FILES, data.split(SPLIT, len(FILES) - 1), strict=False):
            (place / name).write_bytes(part)
        for name in FILES[data.count(SPLIT) + 1 :]:
            (place / name).unlink(missing_ok=True)
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = verify.main([str(place)])
        said = out.getvalue() + err.getvalue()
        assert code in (0, 1, 2, 3), code
        assert "Traceback" not in said
        assert "cannot verify" not in said, said[-300:]
        assert code == 0 or "RESULT" in said, said[-300:]
        if code == 0 and data != seed:
            _the_same(data, seed)
        return code == 0

    return Parser("export", (seed,), (SPLIT, b'"v":1', b'"seq":', b'"type":', b"}\n{"), read)


def _the_same(data: bytes, seed: bytes) -> None:
    """A folder that is sound has entries that lead to its head: nothing else can be asked here
    than that not one of both was changed alone."""
    entries, head, *rest = data.split(SPLIT)
    old_entries, old_head, *_ = seed.split(SPLIT)
    assert (entries == old_entries) == (head.strip() == old_head.strip()), "changed, and sound"
    assert not rest or rest == [b""], "approvals that nobody gave"


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


PROGRAMS = {"export": export, "command": command}
