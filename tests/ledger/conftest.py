"""A small ledger, its export, and the verifier run inside the test's process."""

import contextlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from efficiency_monitor.ledger.export import write_export
from efficiency_monitor.ledger.model import entries as ledger
from efficiency_monitor.verifier import verify

from .hand_made import Book, grown

SIZE = 21


class Run(NamedTuple):
    """What one run of the verifier answered."""

    code: int
    out: str
    err: str


def _entry(seq: int) -> dict[str, object]:
    kinds = list(ledger.EntryType)
    return {
        "v": 1,
        "seq": seq,
        "type": kinds[seq % len(kinds)],
        "at": f"2026-11-24T02:00:{seq:02}+08:00",
        "actor": {"kind": "system", "claimed": None},
        "case": f"2026-行审-{seq:04}",
        "level": "red" if seq % 2 else "yellow",
        "counted": [seq, -seq, 2**53 - 1, True],
        "reason": 'line\nbreak, "quote", é, 😀, \u2028',
    }


@pytest.fixture(scope="session")
def bodies() -> list[bytes]:
    """The canonical bytes of a ledger of 21 entries (three perfect subtrees)."""
    return [ledger.canonical(_entry(seq)) for seq in range(1, SIZE + 1)]


@pytest.fixture(scope="session")
def exported(bodies: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The export of that ledger; tests read it and never write into it."""
    out = tmp_path_factory.mktemp("exported") / "ledger"
    write_export(out, bodies, ledger.rebuild(bodies), readme_context={"version": "1"})
    return out


@pytest.fixture(scope="session")
def book() -> Book:
    """A signed ledger made by hand; read only."""
    return grown()


@pytest.fixture
def folder(book: Book, tmp_path: Path) -> Path:
    """The export of the signed ledger, to be tampered with."""
    return book.write(tmp_path / "out")


@pytest.fixture(scope="session")
def run() -> Callable[..., Run]:
    """Run the verifier: `run(folder, "--size", "3", …)`."""

    def run_verifier(folder: Path, *arguments: str) -> Run:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = verify.main([str(folder), *arguments])
        return Run(code, out.getvalue(), err.getvalue())

    return run_verifier
