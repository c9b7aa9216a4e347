"""What only looks writes nothing and says so; who acts is recorded."""

from collections.abc import Callable
from pathlib import Path

import pytest

from .command import effmon
from .places import cards, content

Own = Callable[[Path], Path]


def tree(folder: Path) -> dict[str, bytes]:
    """Every file of a folder with what it holds."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ["scan", "--as-of", "2024-03-20"],
        ["scan", "--as-of", "2044-01-01"],
        ["scan", "--known-by", "2044-01-01"],
        ["scan", "--dry-run"],
        ["import", "--dry-run", "cases.csv", "events.csv"],
        ["notices", "deliver", "--dry-run"],
        ["people", "import", "--dry-run", "people.csv"],
    ],
    ids=" ".join,
)
def test_a_preview_writes_nothing_and_says_so(own: Own, office: Path, arguments: list[str]) -> None:
    workspace = own(office)
    before, held = tree(workspace), content(workspace)
    ran = effmon("-C", workspace, *arguments, folder=workspace).well()
    assert "a preview: nothing was" in ran.err
    assert content(workspace) == held
    assert tree(workspace) == before
    chinese = effmon("-C", workspace, *arguments, folder=workspace, EFFMON_LANG="zh").well()
    assert "仅预览" in chinese.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["accountability", "list"],
        ["cards", "list"],
        ["cases", "explain", "A-OPEN"],
        ["cases", "list"],
        ["doctor"],
        ["forecast"],
        ["jobs", "list"],
        ["ledger", "verify"],
        ["people", "check"],
    ],
    ids=" ".join,
)
def test_a_question_writes_nothing(own: Own, office: Path, arguments: list[str]) -> None:
    workspace = own(office)
    before = tree(workspace)
    effmon("-C", workspace, *arguments).well()
    assert tree(workspace) == before


def test_as_of_shows_what_would_have_been(office: Path) -> None:
    def issued(*arguments: str) -> dict[str, int]:
        ran = effmon("-C", office, "scan", *arguments, "-o", "json").well()
        assert ran.json["wrote"] is False
        found: dict[str, int] = ran.json["cards"]["issued"]
        return found

    nothing = {"warning": 0, "yellow": 0, "red": 0}
    # Of five counted days the fourth ends on Friday 2024-03-08, the fifth on Monday.
    assert issued("--as-of", "2024-03-08") == nothing
    assert issued("--as-of", "2024-03-09 00:00:00")["warning"] == 3
    assert issued("--as-of", "2024-03-11 23:59:59")["yellow"] == 0
    assert issued("--as-of", "2024-03-12 00:00:00")["yellow"] == 3
    assert issued("--as-of", "2024-03-11T16:00:00Z")["yellow"] == 3
    assert issued("--as-of", "2024-03-11")["yellow"] == 0  # a bare date is its last second
    assert issued("--known-by", "2020-01-01") == nothing


def test_known_by_leaves_out_what_came_later(office: Path) -> None:
    known = ("--known-by", "2020-01-01", "-o", "json")
    total = effmon("-C", office, "scan", *known).well().json["cases"]["total"]
    assert total == 0
    assert effmon("-C", office, "cases", "explain", "A-OPEN", *known).code == 2


def test_a_preview_and_the_scan_agree(own: Own, unscanned: Path) -> None:
    workspace = own(unscanned)
    would = effmon("-C", workspace, "scan", "--dry-run", "-o", "json").well().json
    did = effmon("-C", workspace, "scan", "-o", "json").well().json
    assert would["cases"] == did["cases"]
    assert would["cards"] == did["cards"]
    assert {card["card_no"] for card in would["would_issue"]} == {
        card["card_no"]
        for card in effmon("-C", workspace, "cards", "list", "--state", "all", "-o", "json").json
    }


def test_a_dry_run_after_a_scan_shows_nothing_new(office: Path) -> None:
    """What stands is not issued again, so it is no reason to fail either."""
    ran = effmon("-C", office, "scan", "--dry-run", "--fail-on", "yellow", "-o", "json").well()
    assert ran.json["cards"]["issued"] == {"warning": 0, "yellow": 0, "red": 0}
    assert ran.json["would_issue"] == []


def test_a_second_scan_issues_nothing(own: Own, office: Path) -> None:
    workspace = own(office)
    before = cards(workspace)
    ran = effmon("-C", workspace, "scan", "-o", "json").well().json
    assert ran["cards"] == {
        "issued": {"warning": 0, "yellow": 0, "red": 0},
        "historical": 0,
        "lifted": 0,
    }
    assert ran["evaluated"] == 0
    assert cards(workspace) == before


def test_who_acts_is_recorded(own: Own, office: Path) -> None:
    workspace = own(office)
    listed = effmon("-C", workspace, "cards", "list", "--level", "red", "-o", "json").well().json
    number = next(card["card_no"] for card in listed if card["case_no"] == "A-OPEN")
    acting = ("-C", workspace, "--as", "zhang")
    assert effmon("-C", workspace, "cards", "acknowledge", number).code == 2
    effmon(*acting, "cards", "acknowledge", number).well()
    again = effmon(*acting, "cards", "acknowledge", number).well()
    assert "nothing was written" in again.err
    assert effmon(*acting, "cards", "reply", number, "--text", " ").code == 2
    words = workspace / "reply.txt"
    words.write_text("材料已补\n", encoding="utf-8-sig")
    effmon(*acting, "cards", "reply", number, "--text", f"@{words}").well()
    effmon(*acting, "ledger", "export", "--out", workspace / "evidence").well()
    shown = effmon("-C", workspace, "cards", "show", number, "-o", "json").well().json
    assert shown["state"] == "replied"
    said = [(entry["kind"], entry["person_id"], entry["text"]) for entry in shown["entries"]]
    assert said[-2:] == [("acknowledged", "zhang", None), ("replied", "zhang", "材料已补\n")]
    entries = effmon("-C", workspace, "ledger", "list", "-o", "json").well().json
    by = {entry["type"]: entry["actor"]["claimed"] for entry in entries if "actor" in entry}
    assert by["card.acknowledged"] == by["card.replied"] == by["export.made"] == "zhang"
    assert "材料已补" not in str(entries)


def test_a_card_that_waits_for_a_person(own: Own, office: Path) -> None:
    workspace = own(office)
    asked = ("-C", workspace, "cards", "list", "--state", "pending", "-o", "json")
    (card,) = effmon(*asked).well().json
    assert card["case_no"] == "M-MANUAL"
    assert (
        effmon("-C", workspace, "--as", "zhang", "cards", "acknowledge", card["card_no"]).code == 2
    )
    effmon("-C", workspace, "--as", "wang", "cards", "confirm", card["card_no"]).well()
    assert effmon(*asked).json == []
    assert ("M-MANUAL", "red", "open") in cards(workspace)


def test_notices_go_out_once(own: Own, office: Path) -> None:
    workspace = own(office)
    pending = effmon("-C", workspace, "notices", "list", "--state", "pending", "-o", "json").json
    assert pending
    sent = effmon("-C", workspace, "notices", "deliver", "-o", "json").well().json
    assert (sent["sent"], sent["retry"], sent["dead"]) == (len(pending), 0, 0)
    files = sorted(path.name for path in (workspace / "outbox").iterdir())
    assert len(files) == 4  # for two people, a text and its JSON each
    again = effmon("-C", workspace, "notices", "deliver", "-o", "json").well().json
    assert (again["messages"], again["sent"]) == (0, 0)
    assert sorted(path.name for path in (workspace / "outbox").iterdir()) == files
    dead = effmon("-C", workspace, "notices", "list", "--state", "dead", "-o", "json").well().json
    assert dead == []


def test_what_fell_due_before_the_watch_began(own: Own, unscanned: Path) -> None:
    workspace = own(unscanned)
    toml = workspace / "effmon.toml"
    text = toml.read_text(encoding="utf-8")
    toml.write_text(
        text.replace("[workspace]", "[workspace]\nwatch_from = 2024-03-13"), encoding="utf-8"
    )
    effmon("-C", workspace, "scan").well()
    states = {(case, level): state for case, level, state in cards(workspace)}
    assert states["A-LATE", "yellow"] == "historical"
    assert states["A-OPEN", "red"] == "open"
    told = effmon("-C", workspace, "notices", "list", "-o", "json").well().json
    assert {notice["case_no"] for notice in told} == {"A-OPEN", "A 6/甲 号"}
