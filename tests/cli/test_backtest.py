"""`effmon rules backtest`: what differs, card by card and in totals; nothing is written."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tallies.town import rule_text

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


@pytest.fixture
def tallied(office: Path, own: Own) -> Path:
    """The office with a tally in use: three yellow cards of one organ in a month."""
    folder = own(office)
    put_tally(folder / "rules" / "packs" / "town", ["yellow >= 3 cards"])
    return folder


def put_tally(folder: Path, cards: list[str], number: str = "THREE", **tally: object) -> Path:
    """Write the rule of a tally."""
    counted = {
        "measure": "count", "of": "cards", "levels": ["yellow"], "by": "department",
        "window": "month", **tally,
    }  # fmt: skip
    file = folder / f"{number}.yaml"
    file.parent.mkdir(exist_ok=True)
    text = rule_text(number, counted, cards, in_force={"from": "2000-01-01"})
    file.write_text(text, encoding="utf-8")
    return file


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


def test_the_organs_card_goes_with_the_card_that_goes(
    tallied: Path, rule: Callable[..., Path], tmp_path: Path
) -> None:
    """Three yellow cards of the organ on 11 March; two days later A-LATE is decided in time."""
    file = rule(("at: promised}", "at: promised + 2 working_days}"))
    page = tmp_path / "page.html"
    ran = backtest(tallied, file, "--page", page, "-o", "json").well()
    found = ran.json
    (card,) = [card for card in found["cards"] if card["case_no"] is None]
    assert (card["change"], card["subject"], card["rule"], card["level"]) == (
        "gone", "organ:示例市审批一科", "THREE", "yellow",
    )  # fmt: skip
    assert (card["department"], card["item_code"], card["after"]) == ("示例市审批一科", None, None)
    assert (card["start_at"][:10], card["stop_at"]) == ("2024-03-01", "2024-03-31T23:59:59+08:00")
    before = card["before"]
    assert (before["at"], before["limit"]) == (">= 3 cards", "3 cards")
    assert before["fell_due_at"] == "2024-03-11T23:59:59+08:00"
    assert before["window"] == {
        "kind": "month", "from": card["start_at"], "to": card["stop_at"],
    }  # fmt: skip
    assert [rule["id"] for rule in found["before"]["rules"]] == ["LATE", "THREE"]
    assert [rule["id"] for rule in found["beside"]] == ["CHECKED"]
    assert found["tallies"]["before"] == {
        "total": 1, "judged": 1, "not_judgeable": 0, "excluded": 0,
    }  # fmt: skip
    assert (found["totals"]["gone"], found["totals"]["later"]) == (2, 2)
    assert "subjects of tallies: 1 before, 1 after" in ran.err
    shown = page.read_text("utf-8")
    for word in ("organ 示例市审批一科", "month", "at least 3 cards", "Subjects", "CHECKED"):
        assert word in shown, word
    table = on_terminal("-C", tallied, "rules", "backtest", file, *PERIOD, width=160).well()
    assert "organ 示例市审批一科" in table.out


def test_a_rule_that_is_not_in_force_is_said_to_be_though_a_tally_in_use_counts_it(
    tallied: Path, rule: Callable[..., Path]
) -> None:
    ran = backtest(tallied, rule(("from: 2000-01-01", "from: 2040-01-01")), "-o", "jsonl").well()
    assert "not in force" in ran.err
    assert ("organ:示例市审批一科", "gone") in {
        (row["subject"], row["change"]) for row in ran.lines
    }


def test_a_changed_tally_counts_the_cards_of_the_rules_in_use(
    tallied: Path, tmp_path: Path
) -> None:
    """Two yellow cards are enough: that is so in the same second, since three fell due together."""
    file = put_tally(tmp_path / "proposed", ["yellow >= 2 cards", "red >= 3 cards"])
    ran = backtest(tallied, file, "--same", "-o", "jsonl").well()
    assert [(row["subject"], row["level"], row["change"]) for row in ran.lines] == [
        ("organ:示例市审批一科", "yellow", "same"), ("organ:示例市审批一科", "red", "new"),
    ]  # fmt: skip
    ran = backtest(tallied, put_tally(tmp_path / "proposed", ["yellow >= 4 cards"])).well()
    assert "0 cards" not in ran.err
    assert "1 gone" in ran.err
    ran = backtest(tallied, file, "--department", "别的科", "-o", "json").well()
    assert (ran.json["cards"], ran.json["tallies"]["after"]["total"]) == ([], 0)


def test_a_card_that_waits_to_be_confirmed_counts_for_nothing(
    tallied: Path, tmp_path: Path
) -> None:
    """Of M-MANUAL a red card would fall due on the 11th, of the others on the 14th."""
    file = put_tally(tmp_path / "proposed", ["yellow >= 1 cards"], levels=["red"])
    rows = backtest(tallied, file, "-o", "jsonl").well().lines
    assert {(row["subject"], row["change"]) for row in rows} == {("organ:示例市审批一科", "later")}
    file = put_tally(tmp_path / "proposed", ["yellow >= 1 cards"], levels=None, rules=["CHECKED"])
    assert [row["change"] for row in backtest(tallied, file, "-o", "jsonl").well().lines] == [
        "gone"
    ]


def test_a_tally_of_what_follows_a_card_is_left_out(
    tallied: Path, rule: Callable[..., Path]
) -> None:
    """A would-be card was never delivered; an order has nothing to do with the rule asked for."""
    pack = tallied / "rules" / "packs" / "town"
    put_tally(pack, ["yellow > 1 cards"], "SILENT", levels=None, unanswered_for="3 working_days")
    put_tally(
        pack, ["yellow > 1 orders"], "OPEN", levels=None, of="orders", open_for="3 working_days"
    )
    found = backtest(tallied, rule(), "-o", "json").well()
    assert [each["rule"] for each in found.json["left_out"]] == ["SILENT"]
    assert "no would-be card ever had any" in found.err
    found = backtest(tallied, "town", "-o", "json").well()
    assert [each["rule"] for each in found.json["left_out"]] == ["OPEN", "SILENT"]


def test_nothing_is_written_for_tallies(tallied: Path, rule: Callable[..., Path]) -> None:
    database = tallied / "effmon.db"
    before = content(tallied), hashlib.sha256(database.read_bytes()).hexdigest()
    backtest(tallied, rule(), "-o", "json").well()
    assert (content(tallied), hashlib.sha256(database.read_bytes()).hexdigest()) == before


@pytest.mark.full
def test_over_a_lake_tallies_are_left_out(
    tallied: Path, rule: Callable[..., Path], tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    effmon("-C", tallied, "export", "lake", "--out", lake).well()
    ran = backtest(tallied, "town", "--lake", lake, "--same", "-o", "json").well()
    assert [each["rule"] for each in ran.json["left_out"]] == ["THREE"]
    assert "judged over a database" in ran.err
    assert None not in {card["case_no"] for card in ran.json["cards"]}


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
