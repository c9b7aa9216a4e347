"""docs/authoring.md: its commands, typed as they stand in an empty folder, end with a card."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ..cli.command import MODULE, ROOT, environment

GUIDE = (ROOT / "docs" / "authoring.md").read_text(encoding="utf-8")
#: Fifteen commands, each in an interpreter of its own.
pytestmark = pytest.mark.full
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _blocks(kind: str) -> list[str]:
    return [text for name, text in BLOCK.findall(GUIDE) if name == kind]


def _shell(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a folder where `effmon` is a command, as for who has installed it."""
    programs = folder.parent / "bin"
    programs.mkdir(exist_ok=True)
    command = programs / "effmon"
    command.write_text(
        f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m {MODULE} "$@"\n', "utf-8"
    )
    command.chmod(0o755)
    return subprocess.run(
        ["sh", "-eu"],
        input=script,
        cwd=folder,
        env=environment(EFFMON_LANG="zh", PATH=f"{programs}{os.pathsep}{os.environ['PATH']}"),
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_guide_ends_with_a_card_of_the_new_pack(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    ran = _shell(folder, "\n".join(_blocks("sh")))
    assert ran.returncode == 0, (ran.stdout[-1500:], ran.stderr[-1500:])
    trial, given = re.findall(r"^发牌：.*$", ran.stdout, re.MULTILINE)
    assert trial.startswith("发牌：红牌 0")
    assert given.startswith("发牌：红牌 1")
    assert "试行 SL-COMPLAINT：本应红牌 1" in ran.stderr
    listed = _shell(folder / "shili", "effmon cards list -o json")
    (card,) = json.loads(listed.stdout)
    assert (card["case_no"], card["pack"], card["rule"], card["level"]) == (
        "TS-002",
        "shili",
        "SL-COMPLAINT",
        "red",
    )
    assert card["fell_due_at"] == "2026-03-16T23:59:59+08:00"
    assert list(folder.rglob("*.py")) == []
    assert "示例市政务服务条例" in (folder / "shili" / "rules.html").read_text(encoding="utf-8")
    (drawn,) = _blocks("text")
    for line in drawn.splitlines():
        assert line == "…" or line in ran.stdout.splitlines()
