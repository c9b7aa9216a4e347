"""The export folder: complete or not there, never over something, and verifiable where it lies."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.ledger.export import LedgerDamaged, write_export
from efficiency_monitor.ledger.model import entries as ledger
from efficiency_monitor.verifier import verify

from .conftest import Run

Verifier = Callable[..., Run]


def test_the_folder_holds_exactly_what_was_hashed(
    bodies: list[bytes], tmp_path: Path, run: Verifier
) -> None:
    head = ledger.rebuild(bodies)
    roots = ledger.root(head)
    summary = write_export(tmp_path / "a" / "out", iter(bodies), head, readme_context={})
    out = tmp_path / "a" / "out"
    assert sorted(path.name for path in out.iterdir()) == [
        "README.txt",
        "entries.jsonl",
        "head.json",
        "verify.py",
    ]
    assert (out / "entries.jsonl").read_bytes() == b"".join(body + b"\n" for body in bodies)
    assert json.loads((out / "head.json").read_text()) == {
        "size": len(bodies),
        "sha256_root": roots.sha256.hex(),
        "sm3_root": roots.sm3.hex(),
    }
    assert (out / "verify.py").read_bytes() == Path(verify.__file__).read_bytes()
    assert summary.folder == out
    assert (summary.size, summary.sha256_root, summary.sm3_root) == (
        len(bodies),
        roots.sha256.hex(),
        roots.sm3.hex(),
    )
    assert run(out).code == 0
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["out"], "nothing is left beside"


def test_an_empty_ledger_and_an_empty_folder_are_fine(tmp_path: Path, run: Verifier) -> None:
    write_export(tmp_path, [], ledger.EMPTY, readme_context={})
    assert run(tmp_path).code == 0
    assert (tmp_path / "entries.jsonl").read_bytes() == b""


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_nothing_is_overwritten(kind: str, bodies: list[bytes], tmp_path: Path) -> None:
    out = tmp_path / "out"
    if kind == "folder":
        out.mkdir()
        (out / "head.json").write_text("older")
    elif kind == "file":
        out.write_text("older")
    else:
        out.symlink_to(tmp_path / "nowhere")
    with pytest.raises(ConfigurationError, match="never overwrites") as caught:
        write_export(out, bodies, ledger.rebuild(bodies), readme_context={})
    assert "--out" in caught.value.hint
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    if kind == "folder":
        assert (out / "head.json").read_text() == "older"


def test_a_folder_filled_in_the_meantime_is_not_overwritten(
    bodies: list[bytes], tmp_path: Path
) -> None:
    out = tmp_path / "out"

    def while_another_writes() -> Iterator[bytes]:
        yield from bodies
        out.mkdir()
        (out / "head.json").write_text("another's")

    with pytest.raises(ConfigurationError, match="cannot write"):
        write_export(out, while_another_writes(), ledger.rebuild(bodies), readme_context={})
    assert [path.read_text() for path in out.iterdir()] == ["another's"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_current_folder_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match="current folder"):
        write_export(Path(), [], ledger.EMPTY, readme_context={})


def test_a_place_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot write the export") as caught:
        write_export(tmp_path / "file" / "out", [], ledger.EMPTY, readme_context={})
    assert "\n" not in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("fault", ["changed", "lost", "surplus", "swapped"])
def test_entries_that_do_not_end_at_the_head_are_not_exported(
    fault: str, bodies: list[bytes], tmp_path: Path
) -> None:
    stored = {
        "changed": [bodies[0].replace(b"yellow", b"red").replace(b"red", b"none"), *bodies[1:]],
        "lost": bodies[:-1],
        "surplus": [*bodies, bodies[-1]],
        "swapped": [bodies[1], bodies[0], *bodies[2:]],
    }[fault]
    with pytest.raises(LedgerDamaged, match="not those of the ledger's head") as caught:
        write_export(tmp_path / "out", stored, ledger.rebuild(bodies), readme_context={})
    assert caught.value.exit_code == 1
    assert list(tmp_path.iterdir()) == []


def test_a_fault_while_reading_leaves_nothing_behind(bodies: list[bytes], tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield bodies[0]
        raise LookupError("the database went away")

    with pytest.raises(LookupError):
        write_export(tmp_path / "out", broken(), ledger.rebuild(bodies), readme_context={})
    assert list(tmp_path.iterdir()) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from efficiency_monitor.ledger.model import entries as ledger
from efficiency_monitor.ledger.export import write_export
def bodies():
    yield b"{}"
    os.kill(os.getpid(), signal.SIGKILL)
write_export(Path(sys.argv[1]), bodies(), ledger.rebuild([b"{}"]), readme_context={})
"""


def test_after_a_kill_there_is_no_half_export(bodies: list[bytes], tmp_path: Path) -> None:
    out = tmp_path / "out"
    killed = subprocess.run([sys.executable, "-c", KILLED, str(out)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not out.exists()
    write_export(out, bodies, ledger.rebuild(bodies), readme_context={})


def test_the_readme_says_in_both_languages_what_is_and_is_not_proved(
    bodies: list[bytes], tmp_path: Path
) -> None:
    context = {
        "organisation": "某市\n行政审批局\x1b[31m",
        "exported_at": "2026-11-24T02:00:07+08:00",
        "案由": "抽查",
    }
    summary = write_export(tmp_path / "out", bodies, ledger.rebuild(bodies), readme_context=context)
    text = (tmp_path / "out" / "README.txt").read_bytes().decode("utf-8-sig")
    assert "\r\n单位 Organisation: 某市 行政审批局[31m\r\n" in text
    assert "\r\n案由: 抽查\r\n" in text
    assert text.count("\n") == text.count("\r\n")
    assert text.index("如何核验") < text.index("How to verify")
    assert text.index("不能证明什么") < text.index("What is not proved")
    for fact in (
        summary.sha256_root,
        summary.sm3_root,
        summary.verifier_sha256,
        f" {summary.size}",
    ):
        assert fact in text


def test_the_folder_has_ordinary_modes(exported: Path) -> None:
    probe = exported.parent / "probe"
    probe.mkdir()
    assert exported.stat().st_mode == probe.stat().st_mode
    assert os.access(exported / "entries.jsonl", os.R_OK)
