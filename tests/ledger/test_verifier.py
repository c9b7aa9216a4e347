"""The verifier agrees with the core, names what is wrong, runs alone, never shows a traceback."""

import ast
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efficiency_monitor.ledger.export import write_export
from efficiency_monitor.ledger.model import entries as ledger
from efficiency_monitor.verifier import verify

from .conftest import SIZE, Run

Verifier = Callable[..., Run]

FIELDS = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).map(
        lambda key: "x" + key
    ),
    st.none()
    | st.booleans()
    | st.integers(1 - 2**53, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
    | st.lists(st.integers(-9, 9), max_size=3),
    max_size=4,
)
#: Of these the verifier expects what they name to be in the export (test_checkpoints.py).
OF_CHECKPOINTS = {ledger.EntryType.CHECKPOINT_MADE, ledger.EntryType.LEDGER_KEY_ROTATED}
#: And of these that they name who signed (tests/authority/test_export_decisions.py).
OF_DECISIONS = {ledger.EntryType.EVIDENCE_DECIDED, ledger.EntryType.SOURCE_HANDED_OVER}
KINDS = sorted(set(ledger.EntryType) - OF_CHECKPOINTS - OF_DECISIONS)
ENTRIES = st.lists(st.tuples(st.sampled_from(KINDS), FIELDS), max_size=17)


def with_nfc_clashes_removed(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields that the core accepts: of keys that are one in NFC, only the first."""
    kept: dict[str, Any] = {}
    for key, value in fields.items():
        try:
            ledger.canonical_json({**kept, key: value})
        except ValueError:
            continue
        kept[key] = value
    return kept


@settings(deadline=None)
@given(drawn=ENTRIES, data=st.data())
def test_it_agrees_with_the_core_on_any_ledger(
    run: Verifier, drawn: list[tuple[ledger.EntryType, dict[str, Any]]], data: st.DataObject
) -> None:
    bodies = [
        ledger.canonical(
            {
                **with_nfc_clashes_removed(fields),
                "v": 1,
                "seq": seq,
                "type": kind,
                "at": "2026-11-24T02:00:07Z",
            }
        )
        for seq, (kind, fields) in enumerate(drawn, 1)
    ]
    head = ledger.rebuild(bodies)
    at = data.draw(st.integers(0, len(bodies)))
    with tempfile.TemporaryDirectory() as folder:
        summary = write_export(Path(folder), bodies, head, readme_context={})
        alone = run(Path(folder))
        earlier = ledger.root(ledger.rebuild(bodies[:at]))
        anchored = run(Path(folder), "--size", str(at), "--root", earlier.sm3.hex())
    assert (alone.code, anchored.code) == (0, 0), alone.out + anchored.out
    assert summary.sha256_root in alone.out
    assert summary.sm3_root in alone.out
    for kind, _ in drawn:
        count = sum(1 for other, _ in drawn if other is kind)
        assert f"  {kind:<28} {count:>8}\n" in alone.out


@pytest.mark.parametrize("size", range(SIZE + 1))
def test_a_root_from_elsewhere_is_checked_at_its_own_size(
    size: int, bodies: list[bytes], exported: Path, run: Verifier
) -> None:
    roots = ledger.root(ledger.rebuild(bodies[:size]))
    typed = roots.sha256.hex().upper()
    groups = " ".join(typed[at : at + 8] for at in range(0, 64, 8))
    assert run(exported, "--size", str(size), "--root", groups).code == 0
    assert run(exported, "--size", str(size), "--root", roots.sm3.hex()).code == 0
    wrong = run(exported, "--size", str((size + 1) % (SIZE + 1)), "--root", typed)
    assert wrong.code == 1
    assert "your root does not match" in wrong.out
    assert "与您的根值不一致" in wrong.out


def forge(bodies: list[bytes], folder: Path) -> None:
    """Export other entries with a head made for them: what the owner of the database can do."""
    write_export(folder, bodies, ledger.rebuild(bodies), readme_context={})


def test_a_full_rewrite_is_found_only_with_a_root_from_elsewhere_and_it_says_so(
    bodies: list[bytes], tmp_path: Path, run: Verifier
) -> None:
    true_root = ledger.root(ledger.rebuild(bodies[:10])).sha256.hex()
    forged = [body.replace(b'"red"', b'"yellow"') for body in bodies]
    forge(forged, tmp_path / "out")
    alone = run(tmp_path / "out")
    assert alone.code == 0
    assert "full rewrite" in alone.out
    assert "一并重写,本核验无法发现" in alone.out
    anchored = run(tmp_path / "out", "--size", "10", "--root", true_root)
    assert anchored.code == 1
    assert "seq 1..10" in anchored.out


def test_a_tail_cut_off_with_its_head_is_found_with_a_later_root(
    bodies: list[bytes], tmp_path: Path, run: Verifier
) -> None:
    forge(bodies[:15], tmp_path / "out")
    later = ledger.root(ledger.rebuild(bodies)).sha256.hex()
    found = run(tmp_path / "out", "--size", str(SIZE), "--root", later)
    assert found.code == 1
    assert "from seq 16 on" in found.out
    assert "自 seq 16 起" in found.out


def test_an_earlier_root_narrows_a_change_down(
    bodies: list[bytes], exported: Path, tmp_path: Path, run: Verifier
) -> None:
    folder = tmp_path / "out"
    shutil.copytree(exported, folder)
    lines = (folder / "entries.jsonl").read_bytes()
    (folder / "entries.jsonl").write_bytes(lines.replace(b"-0018", b"-0081"))
    before = ledger.root(ledger.rebuild(bodies[:17])).sha256.hex()
    after = ledger.root(ledger.rebuild(bodies[:18])).sha256.hex()
    up_to_17 = run(folder, "--size", "17", "--root", before)
    assert up_to_17.code == 1
    assert "the outside root matches: SHA-256, seq 1..17" in up_to_17.out
    assert "your root does not match" in run(folder, "--size", "18", "--root", after).out


def test_it_says_what_lies_beyond_the_outside_root(
    bodies: list[bytes], exported: Path, run: Verifier
) -> None:
    root = ledger.root(ledger.rebuild(bodies[:20])).sha256.hex()
    assert (
        "from seq 21 on only head.json vouches" in run(exported, "--size", "20", "--root", root).out
    )
    full = ledger.root(ledger.rebuild(bodies)).sha256.hex()
    assert "vouches" not in run(exported, "--size", str(SIZE), "--root", full).out


def test_without_sm3_in_openssl_it_uses_its_own(
    exported: Path, run: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: str, *_: object) -> None:
        raise ValueError(f"unsupported hash type {name}")

    monkeypatch.setattr(hashlib, "new", refuse)
    found = run(exported)
    assert found.code == 0, found.out
    assert "(verify.py)" in found.out


@settings(deadline=None)
@given(
    entries=st.none() | st.binary(max_size=200) | st.text(max_size=50).map(str.encode),
    head=st.none()
    | st.binary(max_size=200)
    | st.builds(
        lambda size, one, other: (
            ledger.canonical_json({"size": size, "sha256_root": one, "sm3_root": other}) + b"\n"
        ),
        st.none() | st.integers(-2, 2) | st.lists(st.none(), max_size=1),
        st.none() | st.integers(0, 9) | st.text(st.characters(exclude_categories=["Cs"])),
        st.none() | st.just("0" * 64),
    ),
)
def test_arbitrary_bytes_are_answered_never_raised(
    run: Verifier, entries: bytes | None, head: bytes | None
) -> None:
    with tempfile.TemporaryDirectory() as name:
        for path, content in (("entries.jsonl", entries), ("head.json", head)):
            if content is not None:
                Path(name, path).write_bytes(content)
        found = run(Path(name))
    assert found.code in (1, 2)
    assert "RESULT" in found.out, "answered by name, not by the last resort"
    assert found.err == ""


@pytest.mark.parametrize("name", ["entries.jsonl", "head.json"])
@pytest.mark.parametrize("instead", ["nothing", "a folder", "a pipe"])
def test_a_file_that_is_not_there_is_unreadable(
    name: str, instead: str, exported: Path, tmp_path: Path, run: Verifier
) -> None:
    folder = tmp_path / "out"
    shutil.copytree(exported, folder)
    (folder / name).unlink()
    if instead == "a folder":
        (folder / name).mkdir()
    elif instead == "a pipe":
        os.mkfifo(folder / name)
    found = run(folder)
    assert found.code == 2
    assert f"找不到文件 {name}" in found.out
    assert f"there is no file {name}" in found.out


@pytest.mark.parametrize(
    "arguments",
    [
        ["--size", "3"],
        ["--root", "0" * 64],
        ["--size", "x", "--root", "0" * 64],
        ["--size", "-1", "--root", "0" * 64],
        ["--size", "9" * 5000, "--root", "0" * 64],
        ["--size", "3", "--root", "abc"],
        ["--no-such"],
    ],
)
def test_wrong_usage_is_2(arguments: list[str], exported: Path, run: Verifier) -> None:
    with pytest.raises(SystemExit) as caught:
        run(exported, *arguments)
    assert caught.value.code == 2


def alone(folder: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run the exported copy as an auditor does: no site, no environment, no project."""
    return subprocess.run(
        [sys.executable, "-I", "-S", "verify.py", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_the_exported_copy_runs_alone_in_any_locale(exported: Path, tmp_path: Path) -> None:
    for environment in ({}, {"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}):
        found = alone(exported, **environment)
        assert (found.returncode, found.stderr) == (0, "")
        assert "结论 RESULT: 通过 OK" in found.stdout
    shutil.copytree(exported, tmp_path / "out")
    with (tmp_path / "out" / "entries.jsonl").open("ab") as file:
        file.write(b"{}\n")
    found = alone(tmp_path / "out")
    assert found.returncode == 1
    assert f"line {SIZE + 1} (seq {SIZE + 1})" in found.stdout
    assert alone(tmp_path).returncode == 2


def test_a_console_without_chinese_still_shows_the_english(exported: Path) -> None:
    found = subprocess.run(
        [sys.executable, str(exported / "verify.py"), str(exported)],
        env={"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        encoding="ascii",
        check=True,
    )
    assert "RESULT: \\u901a\\u8fc7 OK" in found.stdout


def test_a_reader_that_has_gone_away_is_no_traceback(exported: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        found = subprocess.run(
            [sys.executable, "-I", "-S", str(exported / "verify.py"), str(exported)],
            stdout=closed,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (found.returncode, found.stderr) == (2, b"")


def test_a_folder_name_cannot_speak_to_the_terminal(tmp_path: Path, run: Verifier) -> None:
    found = run(tmp_path / "\x1b[2J\nRESULT: OK")
    assert "\x1b" not in found.out
    assert found.out.splitlines()[1] == "结论 RESULT: 无法核验 UNREADABLE"


def test_it_is_one_file_of_the_standard_library_for_python_3_8() -> None:
    source = Path(verify.__file__).read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 8))
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(str(node.module).split(".")[0])
    assert imported <= sys.stdlib_module_names
