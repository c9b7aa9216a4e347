"""What is written where: streams, forms, widths, locales, zones, languages, readers that leave."""

import csv
import io
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len

from .command import ROOT, checked, command_line, effmon, environment, fresh, on_terminal
from .places import write_events, write_rows

Own = Callable[[Path], Path]
#: Every command that prints data and can be asked of a workspace that was scanned.
LISTS = (
    ["accountability", "list"],
    ["calendar", "list"],
    ["calendar", "show", "decades", "--year", "2024"],
    ["cards", "list", "--state", "all"],
    ["cases", "list", "--all"],
    ["doctor"],
    ["forecast", "--days", "366"],
    ["jobs", "history"],
    ["jobs", "list"],
    ["ledger", "list"],
    ["mappings", "list"],
    ["notices", "list"],
    ["people", "check"],
    ["people", "list"],
    ["quarantine", "list", "--all"],
    ["rules", "list", "--all"],
    ["rules", "test"],
)
AT = ("--as-of", "2024-03-20")
DOCUMENTS = (
    ["calendar", "due", "2024-03-04", "5 working_days"],
    ["calendar", "elapsed", "2024-03-04", "2024-03-08"],
    ["cases", "explain", "A-LATE", *AT],
    ["cases", "show", "A 6/甲 号", *AT],
    ["import", "--dry-run", "{office}/cases.csv", "{office}/events.csv"],
    ["ledger", "verify"],
    ["notices", "deliver", "--dry-run"],
    ["rules", "show", "LATE"],
    ["scan", *AT],
    ["version"],
)
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def filled(arguments: list[str], office: Path) -> list[str]:
    return [argument.replace("{office}", str(office)) for argument in arguments]


@pytest.mark.parametrize("arguments", [*LISTS, *DOCUMENTS], ids=" ".join)
def test_every_form_of_every_command_that_prints_data(office: Path, arguments: list[str]) -> None:
    asked = ("-C", office, *filled(arguments, office))
    plain = effmon(*asked).well()
    as_json = effmon(*asked, "-o", "json").well()
    as_lines = effmon(*asked, "-o", "jsonl").well()
    as_csv = effmon(*asked, "-o", "csv").well()
    for ran in (plain, as_json, as_lines, as_csv):
        assert "\x1b" not in ran.out + ran.err
        assert "error" not in ran.err
    found = as_json.json
    rows = found if isinstance(found, list) else [found]
    assert len(as_lines.lines) == len(rows)
    assert [list(line) for line in as_lines.lines] == [list(row) for row in rows]
    if arguments[:2] != ["cases", "explain"]:  # one line a day there
        assert len(as_csv.rows) == len(rows)
    if arguments in LISTS and arguments != ["rules", "test"]:
        assert len(plain.out.splitlines()) == len(rows) + 1


@pytest.mark.parametrize("arguments", LISTS, ids=" ".join)
def test_a_table_on_a_terminal_fits_it(office: Path, arguments: list[str]) -> None:
    ran = on_terminal("-C", office, *arguments, width=60, NO_COLOR="1").well()
    # What is said besides the table goes to stderr, which is the same terminal here.
    said = ("not shown", "supervisors without a key", "rests on scan")
    table = [line for line in ran.out.splitlines() if not line.startswith(said)]
    assert max(map(cell_len, table), default=0) <= 60
    assert "…" not in ran.out


def test_a_narrow_terminal_gets_records(office: Path) -> None:
    ran = on_terminal("-C", office, "cards", "list", width=40, NO_COLOR="1").well()
    assert "Card: R-" in ran.out
    assert "Case: A-OPEN" in ran.out
    assert "Department: 示例市审批一科" in ran.out


@pytest.mark.parametrize("width", [40, 60, 80])
def test_an_explanation_fits_every_terminal(office: Path, width: int) -> None:
    asked = ("-C", office, "cases", "explain", "A 6/甲 号", *AT)
    for language in ("zh", "en"):
        ran = on_terminal(*asked, width=width, NO_COLOR="1", EFFMON_LANG=language).well()
        assert max(map(cell_len, ran.out.splitlines())) <= width
        assert "A 6/甲 号" in ran.out.replace("\n", "")


def test_colours_are_for_terminals_that_want_them(office: Path) -> None:
    asked = ("-C", office, "cards", "list")
    coloured = on_terminal(*asked, width=140).well().out
    assert "\x1b[1;31mred" in coloured
    for variables in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        plain = on_terminal(*asked, width=140, variables=variables).well().out
        assert "\x1b" not in plain
        assert plain.split() == ESCAPES.sub("", coloured).split()
    assert "\x1b" not in effmon(*asked).well().out
    assert "\x1b" not in on_terminal("-C", office, "cards", "show", "X", NO_COLOR="1").out


def test_pipes_get_values_uncut(tmp_path: Path, own: Own, empty: Path) -> None:
    workspace = own(empty)
    name = "很长的办件编号" * 20
    events = write_events(tmp_path / "e.csv", [(name, "accepted", "2024-03-04 10:00", "甲", "")])
    effmon("-C", workspace, "import", events).well()
    for variables in ({"COLUMNS": ""}, {"COLUMNS": "40"}):
        ran = effmon("-C", workspace, "cases", "list", variables=variables).well()
        assert ran.out.splitlines()[1].split("\t")[0] == name


def test_messages_stay_out_of_the_data(unscanned: Path) -> None:
    files = [unscanned / "cases.csv", unscanned / "events.csv"]
    ran = effmon("-C", unscanned, "import", "--dry-run", *files, "-o", "json").well()
    assert ran.json["read"] == 22
    assert "22 rows" in ran.err
    ran = effmon("-C", unscanned, "scan", "--dry-run", "-o", "json").well()
    assert ran.json["cases"]["total"] == 9
    assert "nothing was written" in ran.err
    ran = effmon("-C", unscanned, "jobs", "history", "-o", "json").well()
    assert (ran.json, ran.err) == ([], "")
    assert "no slots yet" in effmon("-C", unscanned, "jobs", "history").well().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["cards", "list", "--state", "all"],
        ["calendar", "show", "decades", "-o", "json"],
        ["cases", "explain", "A-OPEN"],
        ["calendar", "batch", "{questions}"],
    ],
    ids=" ".join,
)
def test_a_reader_that_leaves(office: Path, tmp_path: Path, arguments: list[str]) -> None:
    """`effmon … | head -1`: no complaint, whatever is still to come."""
    questions = tmp_path / "questions.jsonl"
    line = json.dumps({"op": "due", "calendar": "decades", "start": "2024-03-04", "limit": "x"})
    questions.write_text(f"{line}\n" * 5000, encoding="utf-8")
    asked = [argument.replace("{questions}", str(questions)) for argument in arguments]
    with subprocess.Popen(
        command_line("-C", office, *asked),
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read().decode()
    ran = checked(process.returncode, "", said)
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize(
    ("command", "redirection", "code"),
    [
        ("cards list", "> /dev/full", 2),
        ("--version", "> /dev/full", 2),
        ("scan --dry-run --strict", ">&-", 3),
        ("scan --dry-run", "2>&-", 0),
    ],
)
def test_an_output_that_nobody_takes(
    office: Path, command: str, redirection: str, code: int
) -> None:
    result = subprocess.run(
        ["sh", "-c", f'"$@" -C "{office}" {command} {redirection}', "sh", *command_line()],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        check=False,
    )
    ran = checked(result.returncode, result.stdout.decode(), result.stderr.decode())
    assert ran.code == code, ran


ELSEWHERE = {
    "ascii": {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "far away": {"LC_ALL": "POSIX", "TZ": "America/New_York"},
}


@pytest.mark.parametrize("variables", ELSEWHERE.values(), ids=list(ELSEWHERE))
def test_neither_zone_nor_locale_changes_a_letter(office: Path, variables: dict[str, str]) -> None:
    for arguments in (["cases", "explain", "A-LATE", *AT], ["scan", *AT, "-o", "csv"]):
        asked = ("-C", office, *arguments)
        here, there = effmon(*asked).well(), fresh(*asked, variables=variables).well()
        assert run_id_apart(there.out) == run_id_apart(here.out)
        assert there.err == here.err


def run_id_apart(text: str) -> str:
    """The text without what is drawn by lot for each run."""
    return re.sub(r"\bR-[0-9A-F]{12}\b", "R", text)


def test_both_languages_say_the_same_things(office: Path) -> None:
    asked = ("-C", office, "cards", "list")
    chinese = effmon(*asked, EFFMON_LANG="zh").well()
    english = effmon(*asked, EFFMON_LANG="en").well()
    assert "红牌" in chinese.out
    assert "red" in english.out
    assert len(chinese.out.splitlines()) == len(english.out.splitlines())
    for language in ("zh", "en"):
        (first, *_) = effmon(*asked, "-o", "json", EFFMON_LANG=language).well().json
        assert first["level"] == "red"


def test_the_language_is_chosen_in_order(office: Path, own: Own) -> None:
    workspace = own(office)
    asked = ("-C", workspace, "cards", "list")
    assert "牌号" in effmon(*asked, EFFMON_LANG="", LC_ALL="zh_CN.UTF-8").out
    assert "Card" in effmon(*asked, EFFMON_LANG="", LC_ALL="C.UTF-8").out
    toml = workspace / "effmon.toml"
    text = toml.read_text(encoding="utf-8")
    toml.write_text(text.replace("[workspace]", '[workspace]\nlanguage = "zh"'), encoding="utf-8")
    assert "牌号" in effmon(*asked, EFFMON_LANG="", LC_ALL="C.UTF-8").out
    assert "Card" in effmon(*asked, EFFMON_LANG="en", LC_ALL="zh_CN.UTF-8").out


@pytest.mark.parametrize(
    "arguments",
    [
        ["-C", "nothing", "scan"],
        ["-C", "{office}", "cards", "show", "X"],
        ["-C", "{office}", "cases", "show", "X"],
        ["-C", "{office}", "cards", "reply", "X"],
        ["-C", "{office}", "calendar", "due", "2024-03-04", "1 working_days", "--calendar", "x"],
        ["-C", "{office}", "quarantine", "show", "9"],
        ["-C", "{office}", "import", "nothing.csv"],
        ["-C", "{office}", "rules", "show", "X"],
    ],
    ids=" ".join,
)
def test_faults_are_said_in_chinese_too(office: Path, arguments: list[str]) -> None:
    ran = effmon(*filled(arguments, office), EFFMON_LANG="zh")
    what, how = ran.err.splitlines()
    assert what.startswith("错误：")
    assert how.startswith("办法：")
    assert re.search("[\u4e00-\u9fff]", what.removeprefix("错误："))


def test_one_card_and_one_case_are_told_in_words(office: Path) -> None:
    """No code of a file or of the database is left where people read."""
    codes = re.compile(r"[a-z]+_[a-z_]+|\bred\b|\bopen\b|T\d\d:|None|promised|working")
    listed = effmon("-C", office, "cards", "list", "--case", "A-OPEN", "-o", "json").json
    for arguments in (
        ["cards", "show", listed[0]["card_no"]],
        ["cases", "show", "A-OPEN", *AT],
        ["cases", "show", "A-PAUSED", *AT],
        ["cases", "show", "N-LIMIT", *AT],
    ):
        for form in ([], ["-o", "table"]):
            ran = effmon("-C", office, *arguments, *form, EFFMON_LANG="zh").well()
            assert codes.findall(ran.out.replace("A-OPEN", "")) == []
    shown = effmon("-C", office, "cards", "show", listed[0]["card_no"], "-o", "table").well().out
    for words in ("Level: red", "Decided within the promise.", "What happened", "issued"):
        assert words in shown


def test_columns_of_a_source_keep_their_names(own: Own, empty: Path, tmp_path: Path) -> None:
    workspace = own(empty)
    columns = "case_no a.b outcome 备注"
    cases = write_rows(tmp_path / "c.csv", columns, [("O-1", "点", "own words", "无")])
    effmon("-C", workspace, "import", cases).well()
    lines = effmon("-C", workspace, "cases", "show", "O-1").well().out.splitlines()
    assert {"a.b\t点", "outcome\town words", "备注\t无", "Outcome\texcluded"} <= set(lines)


def test_an_export_of_accountability(office: Path, tmp_path: Path) -> None:
    for ending in ("csv", "xlsx", "jsonl"):
        out = tmp_path / f"records.{ending}"
        effmon("-C", office, "accountability", "export", "--out", out).well()
        assert out.stat().st_size > 0
        effmon("-C", office, "accountability", "export", "--out", out).well(2)
        effmon("-C", office, "accountability", "export", "--out", out, "--overwrite").well()
    text = (tmp_path / "records.csv").read_text(encoding="utf-8-sig")
    assert {row["Case"] for row in csv.DictReader(io.StringIO(text))} == {
        "A-OPEN",
        "A-LATE",
        "A 6/甲 号",
        "M-MANUAL",
    }


def test_an_exported_ledger_is_verified_in_every_form(office: Path, own: Own) -> None:
    workspace = own(office)
    out = workspace / "evidence"
    told = effmon("-C", workspace, "ledger", "export", "--out", out, "-o", "json").well().json
    found = effmon("ledger", "verify", out, "-o", "json").well().json
    assert found["sound"] is True
    assert {name: found[name] for name in ("size", "sha256_root", "sm3_root")} == {
        name: told[name] for name in ("size", "sha256_root", "sm3_root")
    }
    assert "RESULT: 通过 OK" in effmon("ledger", "verify", out).well().out
    entries = out / "entries.jsonl"
    entries.chmod(0o644)
    entries.write_bytes(entries.read_bytes().replace(b"A-OPEN", b"A-DONE", 1))
    assert effmon("ledger", "verify", out).code == 1
    changed = effmon("ledger", "verify", out, "-o", "json")
    assert (changed.code, changed.json["sound"]) == (1, False)
    assert effmon("ledger", "verify", workspace, "-o", "json").code == 2
