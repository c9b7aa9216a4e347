"""Lists and exports: filters, what sheets make of them, names hidden where asked."""

import csv
import io
import json

import pytest
from python_calamine import CalamineWorkbook

from efficiency_monitor.i18n.messages import speaking
from tests.matters.stage import run
from tests.stories.world import World, instant

from .conftest import event

pytestmark = pytest.mark.both_engines

FORMULA = "=HYPERLINK(1)"
UNMASKED = "--as wang accountability export --unmask --reason 复核"


CASES = ("UP", "JOINT", "PLAIN")
REDS, YELLOWS = ({(case, level) for case in CASES} for level in ("red", "yellow"))


@pytest.mark.parametrize(
    ("options", "cards"),
    [
        ("", REDS | YELLOWS),
        ("--level red", REDS),
        ("--department 省厅", {("UP", "red"), ("UP", "yellow")}),
        ("--holder 李四 --level red", {("UP", "red")}),
        ("--case JOINT", {("JOINT", "red"), ("JOINT", "yellow")}),
        ("--rule CASE --level yellow", YELLOWS),
        ("--rule NONE", set()),
        ("--card '{PLAIN CASE red}'", {("PLAIN", "red")}),
        ("--status to_verify", REDS | YELLOWS),
        ("--status verified", set()),
        # Yellow cards fell due at the end of 5 March, red ones at that of 12 March.
        ("--from 2026-03-06", REDS),
        ("--to 2026-03-05", YELLOWS),
        ("--from 2026-03-12 --to 2026-03-12", REDS),
        ("--from 2026-03-13", set()),
    ],
)
def test_filters(world: World, options: str, cards: set[tuple[str, str]]) -> None:
    rows = run(world, f"accountability list {options} -o json").well().json
    assert {(row["case_no"], row["level"]) for row in rows} == cards
    assert {row["part"] for row in rows} <= {"held"}
    for name in ("department", "holder"):
        if f"--{name}" in options:
            asked = options.split()[1]
            assert {row[name] for row in rows} == {"李*" if name == "holder" else asked}


def test_midnight_is_of_the_day_that_it_begins(world: World) -> None:
    world.change(f"UPDATE card SET fell_due_at = {instant('2026-03-13 00:00')}")
    for options, listed in (("--to 2026-03-12", False), ("--from 2026-03-13", True)):
        rows = run(world, f"accountability list {options} -o json").well().json
        assert bool(rows) is listed, options


def test_organs_own_clocks_are_listed_when_asked_for(world: World) -> None:
    rows = run(world, "accountability list --case JOINT --level red --organs -o json").well().json
    assert [row["part"] for row in rows] == ["held"] * 4 + ["organ"] * 2
    table = run(world, "accountability list --case JOINT --level red --organs -o table").well().out
    assert "the organ's own" in table


@pytest.mark.parametrize("option", ["--from", "--to"])
@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "9999-12-31"])
def test_a_date_that_is_none_is_one_line(world: World, option: str, text: str) -> None:
    ran = run(world, f"accountability list {option} {text}")
    assert ran.code == 2
    assert f"{option} '{text}' is no date" in ran.err


def _hostile(world: World) -> None:
    world.now = instant("2026-03-20 10:00")
    world.receive(
        "cases",
        [
            {
                "case_no": "+1", "item_kind": "promised", "department": "=1+1",
                "handler": FORMULA, "promised_limit": "3 working_days",
            }
        ],
    )  # fmt: skip
    world.receive("events", [event("+1", "accepted", "02 10:00")])
    world.scan()


def test_a_sheet_takes_no_cell_for_a_formula_and_can_add_up_the_amounts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _hostile(world)
    monkeypatch.setenv("EFFMON_LANG", "zh")
    with speaking("zh"):
        path = world.folder / "记录.xlsx"
        run(world, f"{UNMASKED} --out {path}").well()
    rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    titles = rows[0]
    assert titles[:4] == ["牌号", "级别", "牌状态", "办件编号"]
    place = {title: number for number, title in enumerate(titles)}
    hostile = [row for row in rows if row[place["办件编号"]] == "+1"]
    assert {row[place["持有人"]] for row in hostile} == {FORMULA}
    own = [
        row
        for row in rows[1:]
        if (row[place["办件编号"]], row[place["级别"]], row[place["计时"]])
        == ("UP", "红牌", "总计时")
    ]
    assert round(sum(row[place["占用"]] for row in own), 6) == 13
    path = world.folder / "records.csv"
    run(world, f"{UNMASKED} --out {path} --case +1").well()
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    cells = [cell for row in csv.reader(io.StringIO(raw.decode("utf-8-sig"))) for cell in row]
    assert f"'{FORMULA}" in cells
    assert "'=1+1" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+"))]


def test_names_are_hidden_but_to_whom_may_see_them_and_says_why(world: World) -> None:
    for command, name in (("accountability export", "张**"), (UNMASKED, "张经办")):
        path = world.folder / f"{len(command)}.jsonl"
        run(world, f"{command} --out {path}").well()
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        assert {row["handler"] for row in rows} == {name}
        assert ("李四" in path.read_text(encoding="utf-8")) is (command == UNMASKED)
        assert rows[0]["amount"] == {"value": rows[0]["amount"]["value"], "unit": "working_days"}


def test_an_export_takes_the_filters_of_the_list(world: World) -> None:
    path = world.folder / "some.jsonl"
    run(world, f"accountability export --out {path} --level red --case UP").well()
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert {(row["case_no"], row["level"]) for row in rows} == {("UP", "red")}


@pytest.mark.parametrize("columns", ["40", "60", "80", "120"])
def test_a_narrow_terminal_loses_no_amount(
    world: World, columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("EFFMON_LANG", "zh")
    with speaking("zh"):
        for line in ("accountability list", 'accountability show "{UP CASE red}"'):
            said = run(world, f"{line} -o table").well().out
            assert "4.666667" in said
            assert "28小时" in said
