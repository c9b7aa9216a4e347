"""`effmon rules backtest`: what differs, card by card and in totals; nothing is written."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from .command import Ran, effmon, on_terminal
from .places import RULE, content, write_calendar

Own = Callable[[Path], Path]
PERIOD = ("--from", "2024-03-01", "--to", "2024-03-31")


@pytest.fixture
def rule(tmp_path: Path) -> Callable[..., Path]:
    """Writes the rule with other words in it, in a folder of its own."""

    def write(*changes: tuple[str, str], name: str = "LATE.yaml") -> Path:
        text = RULE.split("examples:")[0]
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        file = tmp_path / "proposed" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    return write


def backtest(workspace: Path, what: object, *more: object, **env: str) -> Ran:
    return effmon("-C", workspace, "rules", "backtest", what, *PERIOD, *more, **env)


def changes(ran: Ran) -> dict[tuple[str, str], tuple[str, str | None, str | None]]:
    """By case and level: what changed, and the dates on which the card fell due."""

    def day(card: dict[str, str] | None) -> str | None:
        return None if card is None else card["fell_due_at"][5:10]

    return {
        (row["case_no"], row["level"]): (row["change"], day(row["before"]), day(row["after"]))
        for row in ran.lines
    }


def test_a_later_threshold_moves_cards_and_lets_one_go(
    office: Path, rule: Callable[..., Path]
) -> None:
    """Five working days after Monday 4 March end on the 11th; A-LATE was decided on the 13th."""
    file = rule(("at: promised}", "at: promised + 2 working_days}"))
    ran = backtest(office, file, "-o", "jsonl").well()
    assert changes(ran) == {
        ("A-OPEN", "yellow"): ("later", "03-11", "03-13"),
        ("A 6/甲 号", "yellow"): ("later", "03-11", "03-13"),
        ("A-LATE", "yellow"): ("gone", "03-11", None),
    }
    assert "0 new, 1 gone, 0 earlier, 2 later" in ran.err


def test_the_other_way_round_the_card_is_new(office: Path, rule: Callable[..., Path]) -> None:
    file = rule(("at: promised}", "at: promised + 2 working_days}"))
    current = office / "rules" / "packs" / "town" / "LATE.yaml"
    ran = backtest(office, current, "--against", file, "-o", "jsonl").well()
    assert changes(ran) == {
        ("A-OPEN", "yellow"): ("earlier", "03-13", "03-11"),
        ("A 6/甲 号", "yellow"): ("earlier", "03-13", "03-11"),
        ("A-LATE", "yellow"): ("new", None, "03-11"),
    }


def test_the_document_has_rules_totals_and_cards(office: Path, rule: Callable[..., Path]) -> None:
    file = rule(
        ("at: statutory}", "at: statutory + 100 working_days}"), ("version: 1", "version: 2")
    )
    found = backtest(office, file, "-o", "json").well().json
    assert (found["from"], found["to"]) == ("2024-03-01", "2024-03-31")
    assert found["as_of"] == "2024-04-01T00:00:00+08:00"
    assert [(r["id"], r["version"]) for r in found["before"]["rules"]] == [("LATE", 1)]
    assert [(r["id"], r["version"]) for r in found["after"]["rules"]] == [("LATE", 2)]
    # Of two open cases the red card falls due on the eighth working day, 14 March, or in August.
    assert {card["case_no"] for card in found["cards"]} == {"A-OPEN", "A 6/甲 号"}
    assert {card["change"] for card in found["cards"]} == {"gone"}
    assert found["totals"] == {
        "before": 7, "after": 5, "new": 0, "gone": 2, "earlier": 0, "later": 0, "same": 5,
        "moved_in": 0, "moved_out": 0,
    }  # fmt: skip
    assert [(row["level"], row["gone"], row["same"]) for row in found["by_level"]] == [
        ("warning", 0, 2), ("yellow", 0, 3), ("red", 2, 0),
    ]  # fmt: skip
    assert [row["month"] for row in found["by_month"]] == ["2024-03"]
    assert [row["department"] for row in found["by_department"]] == ["示例市审批一科"]
    assert [row["item"] for row in found["by_item"]] == ["X1"]
    assert found["cases"]["before"] == found["cases"]["after"]
    assert found["not_judgeable"] == [
        {"rule": "LATE", "reason": "no_limit", "before": 1, "after": 1}
    ]


def test_a_pack_stands_against_all_that_is_in_use(office: Path, rule: Callable[..., Path]) -> None:
    """In a folder the rule CHECKED is missing: its card is gone."""
    folder = rule().parent
    ran = backtest(office, folder, "-o", "jsonl").well()
    assert changes(ran) == {("M-MANUAL", "red"): ("gone", "03-11", None)}
    ran = backtest(office, "town", "--same", "-o", "jsonl").well()
    assert {row["change"] for row in ran.lines} == {"same"}
    assert len(ran.lines) == 8


def test_a_renamed_rule_is_the_same_rule(office: Path, rule: Callable[..., Path]) -> None:
    file = rule(("id: LATE", "id: DUE-2026"))
    every = {row["change"] for row in backtest(office, file, "-o", "jsonl").well().lines}
    assert every == {"new"}
    ran = backtest(office, file, "--map", "LATE=DUE-2026", "--same", "-o", "jsonl").well()
    assert {row["change"] for row in ran.lines} == {"same"}
    assert {(row["before"]["rule"], row["after"]["rule"]) for row in ran.lines} == {
        ("LATE", "DUE-2026")
    }


def test_another_calendar(office: Path, rule: Callable[..., Path], tmp_path: Path) -> None:
    """With Friday 8 March off, what was due on the 11th is due on the 12th."""
    (tmp_path / "calendars").mkdir()
    notice = {"number": "1", "published": "2024-01-01", "source": "test", "status": "official"}
    write_calendar(
        tmp_path / "calendars" / "decades.yaml",
        days_off=[{"date": "2024-03-08", "name": "停电", "notice": "n"}],
        notices={"n": notice},
    )
    ran = backtest(office, rule(), "--calendars", tmp_path / "calendars", "-o", "jsonl").well()
    assert changes(ran)["A-OPEN", "yellow"] == ("later", "03-11", "03-12")


def test_what_falls_due_outside_the_dates_does_not_count(
    office: Path, rule: Callable[..., Path]
) -> None:
    """A card that crosses the edge is shown as later, and counted on one side only."""
    file = rule(("at: promised}", "at: promised + 2 working_days}"))
    dates = ("--from", "2024-03-12", "--to", "2024-03-13")
    ran = effmon("-C", office, "rules", "backtest", file, *dates, "-o", "json").well()
    found = ran.json
    assert {(card["case_no"], card["change"]) for card in found["cards"]} == {
        ("A-OPEN", "later"), ("A 6/甲 号", "later"),
    }  # fmt: skip
    totals = found["totals"]
    assert (totals["before"], totals["after"], totals["moved_in"]) == (0, 2, 2)


def test_a_rule_of_next_year_is_judged_as_if_in_force(
    office: Path, rule: Callable[..., Path]
) -> None:
    file = rule(("from: 2000-01-01", "from: 2040-01-01"))
    ran = backtest(office, file, "-o", "jsonl").well()
    assert {row["change"] for row in ran.lines} == {"gone"}
    assert "not in force" in ran.err
    assert backtest(office, file, "--as-if-in-force", "-o", "jsonl").well().lines == []


def test_a_draft_is_back_tested(office: Path, rule: Callable[..., Path]) -> None:
    file = rule(("status: stable", "status: preview"), ("at: statutory}", "at: promised}"))
    ran = backtest(office, file, "-o", "jsonl").well()
    assert changes(ran)["A-LATE", "red"] == ("new", None, "03-11")


def test_only_one_department(office: Path, rule: Callable[..., Path]) -> None:
    file = rule(("at: promised}", "at: promised + 2 working_days}"))
    ran = backtest(office, file, "--department", "别的科", "-o", "json").well()
    assert ran.json["cards"] == []
    assert ran.json["cases"]["after"]["total"] == 0
    ran = backtest(office, file, "--department", "示例市审批一科", "-o", "json").well()
    assert len(ran.json["cards"]) == 3


def test_every_form_of_output(office: Path, rule: Callable[..., Path]) -> None:
    file = rule(("at: promised}", "at: promised + 2 working_days}"))
    assert len(backtest(office, file, "-o", "csv").well().rows) == 3
    assert len(backtest(office, file).well().out.splitlines()) == 4
    shown = on_terminal(
        "-C", office, "rules", "backtest", file, *PERIOD, width=120, EFFMON_LANG="zh"
    ).well()
    for word in ("按级别", "按月份", "按部门", "逐张比较", "推后", "消失"):
        assert word in shown.out


def test_nothing_is_written(office: Path, own: Own, rule: Callable[..., Path]) -> None:
    folder = own(office)
    database = folder / "effmon.db"
    before = content(folder), hashlib.sha256(database.read_bytes()).hexdigest()
    backtest(folder, rule(), "-o", "json").well()
    assert (content(folder), hashlib.sha256(database.read_bytes()).hexdigest()) == before


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--from", "2024-03-32", "--to", "2024-03-31"), "is no date"),
        (("--from", "2024-04-01", "--to", "2024-03-31"), "is before --from"),
        (("--from", "2044-01-01", "--to", "2044-01-31"), "yet to come"),
        ((*PERIOD, "--map", "LATE"), "cannot be read"),
        ((*PERIOD, "--map", "NONE=LATE"), "there is no rule NONE"),
        ((*PERIOD, "--against", "nowhere"), "no pack or file"),
        ((*PERIOD, "--against", "town", "--against", "town"), "two texts in force"),
        ((*PERIOD, "--calendars", "nowhere"), "no calendar file"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_compared_is_said_in_one_line(
    office: Path, more: tuple[str, ...], said: str
) -> None:
    ran = effmon("-C", office, "rules", "backtest", "town", *more).well(2)
    assert said in ran.err
    assert ran.out == ""


def test_the_json_is_json_without_any_difference(office: Path) -> None:
    assert json.loads(backtest(office, "town", "-o", "json").well().out)["cards"] == []


def test_the_page_shows_what_the_table_shows(
    office: Path, rule: Callable[..., Path], tmp_path: Path
) -> None:
    file = rule(("at: promised}", "at: promised + 2 working_days}"))
    page = tmp_path / "page.html"
    ran = backtest(office, file, "--page", page, "-o", "jsonl").well()
    assert str(page) in ran.err
    shown = page.read_text("utf-8")
    for word in ("A 6/甲 号", "A-LATE", "2024-03-13 23:59:59", "accepted", "示例市审批一科"):
        assert word in shown
    assert "exists and is not overwritten" in backtest(office, file, "--page", page).well(2).err
    backtest(office, file, "--page", page, "--overwrite", EFFMON_LANG="zh").well()
    assert "承诺时限后2个工作日" in page.read_text("utf-8")


@pytest.mark.full
def test_over_a_lake_without_the_workspace(
    office: Path, own: Own, rule: Callable[..., Path], tmp_path: Path
) -> None:
    """The database may be gone: catalogue and lake are all that is needed."""
    file = rule(("at: promised}", "at: promised + 2 working_days}"))
    folder, lake = own(office), tmp_path / "lake"
    wanted = backtest(folder, file, "-o", "json").well().json
    ran = effmon("-C", folder, "export", "lake", "--out", lake, "-o", "json").well()
    assert (ran.json["cases"], ran.json["unchanged"]) == (9, 0)
    (folder / "effmon.db").unlink()
    assert backtest(folder, file, "--lake", lake, "-o", "json").well().json == wanted
    assert "no lake.json" in backtest(folder, file, "--lake", tmp_path).well(2).err
