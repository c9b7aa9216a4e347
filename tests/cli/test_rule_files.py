"""Rules from the command line: good and bad files, and a broken one that stops the scan."""

from collections.abc import Callable
from pathlib import Path

import pytest

from .command import ROOT, effmon
from .places import RULE, cards, change, content, write_calendar

Own = Callable[[Path], Path]
BROKEN = {
    "misspelt limit": (RULE.replace("at: promised - 1", "at: promise - 1"), "21:"),
    "misspelt event": (RULE.replace("start: accepted", "start: acepted"), "13:"),
    "unknown field": (RULE.replace("why:", "because:"), "9:"),
    "wrong level": (RULE.replace("level: red", "level: green"), "23:"),
    "no YAML": (RULE.replace("limits:", "limits: ["), ""),
    "twice": (RULE + "version: 2\n", ""),
    "empty": ("", "1:1:"),
    "not a mapping": ("- a\n- b\n", "1:1:"),
    "a tag": ("!!python/object/apply:os.system ['true']\n", "1:1:"),
}


@pytest.mark.parametrize(("text", "place"), BROKEN.values(), ids=list(BROKEN))
def test_a_broken_rule_stops_everything_that_judges(
    own: Own, office: Path, text: str, place: str
) -> None:
    """It never means "no card": the scan ends with 3, names the place and writes nothing."""
    workspace = own(office)
    file = workspace / "rules" / "packs" / "town" / "LATE.yaml"
    file.write_text(text, encoding="utf-8")
    before = content(workspace)
    for command in (["scan"], ["scan", "--dry-run", "-o", "json"], ["rules", "check"]):
        ran = effmon("-C", workspace, *command)
        assert ran.code == 3, ran
        assert f"{file}:{place}" in ran.err.splitlines()[0]
        assert ran.err.splitlines()[-1].startswith("hint: ")
        assert ran.out == ""
    assert content(workspace) == before
    for verb in ("check", "test"):
        assert f"{file}:{place}" in effmon("-C", workspace, "rules", verb, file).err
    assert effmon("-C", workspace, "doctor").code == 1
    assert effmon("-C", workspace, "cards", "list").code == 0  # what is on record can be read


@pytest.mark.parametrize("kind", ["folder", "dangling", "bytes", "yml"])
def test_a_rule_that_cannot_be_read_stops_the_scan(own: Own, office: Path, kind: str) -> None:
    workspace = own(office)
    file = workspace / "rules" / "packs" / "town" / "MORE.yaml"
    if kind == "folder":
        file.mkdir()
    elif kind == "dangling":
        file.symlink_to("nowhere")
    elif kind == "bytes":
        file.write_bytes(b"id: \xff\xfe")
    else:
        file.with_suffix(".yml").write_text(RULE, encoding="utf-8")
    ran = effmon("-C", workspace, "scan")
    assert ran.code == 3
    assert "MORE.y" in ran.err


def test_a_broken_rule_fails_the_slot_and_the_mended_one_catches_up(
    own: Own, unscanned: Path
) -> None:
    workspace = own(unscanned)
    file = workspace / "rules" / "packs" / "town" / "LATE.yaml"
    good = file.read_text(encoding="utf-8")
    change(
        workspace,
        "UPDATE meta SET value = strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 days') "
        "WHERE name = 'created_at'",
    )
    file.write_text(BROKEN["misspelt event"][0], encoding="utf-8")
    ran = effmon("-C", workspace, "jobs", "run")
    assert ran.code == 3
    assert f"{file}:13:" in ran.err
    history = effmon("-C", workspace, "jobs", "history", "-o", "json").well().json
    assert [run["state"] for run in history] == ["failed"]
    assert "acepted" in history[0]["message"]
    assert cards(workspace) == set()
    file.write_text(good, encoding="utf-8")
    effmon("-C", workspace, "jobs", "run").well()
    history = effmon("-C", workspace, "jobs", "history", "-o", "json").well().json
    assert {run["state"] for run in history} == {"done"}
    assert ("A-OPEN", "red", "open") in cards(workspace)


def test_good_rules(office: Path) -> None:
    found = effmon("-C", office, "rules", "check", "-o", "json").well(1)
    assert "2 rules, " in found.err
    assert {one["what"] for one in found.json} >= {"the pack has no README.md"}
    ran = effmon("-C", office, "rules", "test", "-o", "json").well()
    assert [(one["kind"], one["wanted"] == one["found"]) for one in ran.json] == [
        ("near_miss", True),
        ("firing", True),
    ]


def test_the_installed_rules_do_what_their_examples_say() -> None:
    ran = effmon("rules", "test").well()
    assert " 0 failed" in ran.err
    assert effmon("rules", "check", ROOT / "rules" / "packs" / "national").well().out == ""


def test_an_example_that_fails(office: Path, tmp_path: Path) -> None:
    file = tmp_path / "LATE.yaml"
    text = RULE.replace("cards: [warning, yellow]", "cards: [warning]")
    assert text != RULE
    file.write_text(text, encoding="utf-8")
    ran = effmon("-C", office, "rules", "test", file, "-o", "json")
    assert ran.code == 1
    failed = [one for one in ran.json if one["wanted"] != one["found"]]
    assert [(one["wanted"], one["found"]) for one in failed] == [("warning", "warning yellow")]
    plain = effmon("-C", office, "rules", "test", file)
    assert plain.code == 1
    assert "1 failed" in plain.err
    assert "wanted warning, came warning, yellow: differs" in plain.out


def test_a_calendar_that_is_gone_and_comes_back(own: Own, office: Path) -> None:
    """No card is lifted or issued on a guess; with the calendar back all stands as before."""
    workspace = own(office)
    before = cards(workspace)
    file = workspace / "rules" / "calendars" / "decades.yaml"
    text = file.read_text(encoding="utf-8")
    file.unlink()
    write_calendar(workspace / "rules" / "calendars" / "other.yaml")
    ran = effmon("-C", workspace, "scan", "-o", "json")
    assert ran.code == 3
    assert {problem["reason"] for problem in ran.json["problems"]} == {"no_calendar"}
    assert cards(workspace) == before
    for command in (["cases", "explain", "A-OPEN"], ["cases", "show", "A-OPEN"], ["cards", "list"]):
        effmon("-C", workspace, *command).well()
    assert effmon("-C", workspace, "doctor").code == 1
    file.write_text(text, encoding="utf-8")
    ran = effmon("-C", workspace, "scan", "-o", "json").well()
    assert ran.json["cards"]["issued"] == {"warning": 0, "yellow": 0, "red": 0}
    assert cards(workspace) == before
