"""A command that only looks judges by the settings in force, and says where the file differs."""

import re
import shutil
from pathlib import Path

import pytest

from tests.cli.command import Ran, effmon
from tests.cli.places import copied, fill_workspace, make_workspace


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a scan. Not to be written."""
    folder = fill_workspace(make_workspace(tmp_path_factory.mktemp("unlike") / "ws"))
    packs = folder / "rules" / "packs"
    shutil.copytree(packs / "town", packs / "village")
    for file in (packs / "village").glob("*.yaml"):
        text = file.read_text("utf-8").replace("working_days", "calendar_days")
        # A version that has judged is one text for ever.
        file.write_text(re.sub(r'(version"?: )1\b', r"\g<1>2", text), encoding="utf-8")
    effmon("-C", folder, "scan").well()
    return folder


@pytest.fixture
def edited(scanned: Path, tmp_path: Path) -> Path:
    """The same, of which somebody has made the file name another pack since."""
    folder = copied(scanned, tmp_path / "ws")
    name(folder, "village")
    return folder


CHANGE = 'workspace.packs: ["town"] → ["village"]'


def name(folder: Path, pack: str) -> None:
    """Let the file name another pack."""
    file = folder / "effmon.toml"
    said = re.sub(r"(?m)^packs = .*$", f'packs = ["{pack}"]', file.read_text("utf-8"))
    file.write_text(said, encoding="utf-8")


def looks(folder: Path, *words: str) -> Ran:
    return effmon("-C", folder, *words, "-o", "json").well()


def a_case(folder: Path) -> str:
    return str(looks(folder, "cases", "list").json[0]["case_no"])


@pytest.mark.parametrize("words", ["explain", "show"])
def test_a_case_is_shown_as_it_was_judged_whatever_the_file_says(
    scanned: Path, edited: Path, words: str
) -> None:
    case = a_case(scanned)
    # As of now an answer a second later is another one; as of one instant it is the same.
    when = ("--as-of", "2026-11-30 12:00 +08:00")
    before = looks(scanned, "cases", words, case, *when)
    after = looks(edited, "cases", words, case, *when)
    assert after.out == before.out
    assert before.err == ""
    (line,) = after.err.splitlines()
    assert line.endswith(CHANGE)
    assert "next command that writes" in line


@pytest.mark.parametrize(
    "words", [("cards", "list"), ("cases", "list"), ("accountability", "list")]
)
def test_every_list_says_so_in_one_line(edited: Path, words: tuple[str, ...]) -> None:
    (line,) = looks(edited, *words).err.splitlines()
    assert line.endswith(CHANGE)
    chinese = effmon("-C", edited, *words, EFFMON_LANG="zh").well().err
    assert "与生效的设置不同" in chinese


def test_a_preview_shows_what_the_next_scan_makes_of_the_file(edited: Path) -> None:
    said = effmon("-C", edited, "scan", "--dry-run").err
    assert "effmon.toml, by which this is shown, differs" in said
    assert CHANGE in said


def test_to_look_enters_nothing_and_the_next_scan_does(edited: Path) -> None:
    asked = ("ledger", "list", "--type", "settings.changed")
    assert looks(edited, *asked).json == []
    effmon("-C", edited, "scan").well()
    entered = looks(edited, *asked)
    assert len(entered.json) == 1
    assert entered.err == ""


def test_under_approval_there_is_nothing_that_a_command_would_enter(edited: Path) -> None:
    name(edited, "town")
    file = edited / "effmon.toml"
    approval = '\n[rules]\napproval = "second_person"\n'
    file.write_text(file.read_text("utf-8") + approval, encoding="utf-8")
    (line,) = looks(edited, "cards", "list").err.splitlines()
    assert line.endswith("rules.approval: none → second_person")
    effmon("-C", edited, "scan")
    name(edited, "village")
    assert "differs" not in effmon("-C", edited, "cards", "list").err
