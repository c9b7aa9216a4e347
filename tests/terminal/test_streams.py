"""The layer as a program among others: pipes, terminals, locales, readers that leave."""

import json
import os
import pty
import subprocess
import sys

import pytest

from .samples import environment, run, run_in_terminal

SHOW = """
from efficiency_monitor.i18n.messages import set_language
from tests.terminal.samples import CARD_COLUMNS, cards
from cli.render import Format, emit, fail, progress, warn
set_language("zh")
"""
LONG = SHOW + "emit([{**cards(3)[2], 'item': '长' * 500}], CARD_COLUMNS)"
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}


def test_output_into_a_pipe_is_never_cut_or_coloured() -> None:
    result = run(LONG, FORCE_COLOR="1", COLUMNS="40")
    assert result.returncode == 0
    assert "长" * 500 in result.stdout.decode()
    assert "红牌" in result.stdout.decode()
    assert b"\x1b" not in result.stdout


def test_a_table_asked_for_in_a_pipe_is_not_folded() -> None:
    result = run(SHOW + "emit([{**cards(1)[0], 'item': '长' * 500}], CARD_COLUMNS, Format.TABLE)")
    assert "长" * 500 in result.stdout.decode()
    assert b"\x1b" not in result.stdout


@pytest.mark.parametrize("variables", [ASCII, {**ASCII, "PYTHONIOENCODING": ""}], ids=["io", "C"])
def test_an_ascii_stdout_becomes_utf8(variables: dict[str, str]) -> None:
    script = LONG + "\nwarn('注意看')\nemit(cards(1), CARD_COLUMNS, Format.JSON)"
    result = run(script, **variables)
    assert result.returncode == 0, result.stderr
    assert "红牌" in result.stdout.decode("utf-8")
    assert "注意看" in result.stderr.decode("utf-8")


def test_a_gbk_locale_is_respected_even_for_rare_names() -> None:
    script = SHOW + "emit([{**cards(1)[0], 'item': '䶮⏎𠮷'}], CARD_COLUMNS)"
    result = run(script, PYTHONIOENCODING="gbk")
    assert "䶮⏎𠮷" in result.stdout.decode("gb18030")
    assert "编号" in result.stdout.decode("gb18030")


def test_json_is_utf8_in_every_locale() -> None:
    result = run(SHOW + "emit(cards(1), CARD_COLUMNS, Format.JSON)", PYTHONIOENCODING="gbk")
    assert json.loads(result.stdout.decode("utf-8"))[0]["item"] == "建筑工程施工许可证核发"


TABLE = SHOW + "emit(cards(3), CARD_COLUMNS, title='牌[/red]')"


def test_a_terminal_gets_a_table_with_colours() -> None:
    shown = run_in_terminal(TABLE, width=140)
    assert "\x1b[" in shown
    assert "牌[/red]" in shown
    assert "─────" in shown


@pytest.mark.parametrize(
    "variables",
    [{"NO_COLOR": "1"}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, {"TERM": "dumb"}],
    ids=["NO_COLOR", "both", "dumb"],
)
def test_no_colour_means_no_escapes_at_all(variables: dict[str, str]) -> None:
    script = TABLE + "\nfrom efficiency_monitor.faults import Locked\nfail(Locked('锁', '等'))"
    shown = run_in_terminal(script, width=140, **variables)
    assert "\x1b" not in shown
    assert "红牌" in shown
    assert "错误：锁" in shown


ENDLESS = (
    SHOW
    + """
import itertools
endless = ({"a": number, "b": "行" * 50} for number in itertools.count())
from cli.render import Column
emit(endless, [Column("a", "甲"), Column("b", "乙")], FORMAT)
print("more")
raise SystemExit(3)
"""
)


@pytest.mark.parametrize("fmt", ["None", "Format.JSON", "Format.JSONL", "Format.CSV"])
def test_a_reader_that_leaves_ends_the_list_and_nothing_else(fmt: str) -> None:
    """`effmon cards list | head -1`: no traceback, and the command keeps its own exit code."""
    process = subprocess.Popen(
        [sys.executable, "-c", ENDLESS.replace("FORMAT", fmt)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stderr
    assert process.stdout.readline()
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 3
    assert said == b""


def test_a_table_for_a_reader_that_is_gone() -> None:
    script = SHOW + "emit(cards(600), CARD_COLUMNS, Format.TABLE)\nraise SystemExit(0)"
    process = subprocess.Popen(
        [sys.executable, "-c", "input()\n" + script],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    process.stdin.write(b"\n")
    process.stdin.close()
    said = process.stderr.read()
    process.stderr.close()
    assert (process.wait(), said) == (0, b"")


@pytest.mark.parametrize(
    ("redirection", "code", "said"),
    [("> /dev/full", 2, "无法写出结果"), (">&-", 0, ""), ("2>&-", 0, "")],
)
def test_an_output_that_cannot_be_written(redirection: str, code: int, said: str) -> None:
    script = (
        SHOW
        + """
from efficiency_monitor.faults import EffmonError
try:
    warn("注意")
    emit(cards(9), CARD_COLUMNS)
except EffmonError as error:
    raise SystemExit(fail(error))
"""
    )
    result = subprocess.run(
        ["sh", "-c", f'"$0" - {redirection}', sys.executable],
        input=script.encode(),
        env=environment(),
        capture_output=True,
        check=False,
    )
    assert result.returncode == code
    assert "Traceback" not in result.stderr.decode()
    assert said in result.stderr.decode()


PROGRESS = (
    SHOW
    + """
with progress("导入 [red]x[/red] {1}", 3) as advance:
    for _ in range(3):
        advance(1)
emit(cards(1), CARD_COLUMNS, Format.JSONL)
"""
)


def test_progress_is_shown_to_people_alone() -> None:
    result = run(PROGRESS)
    assert result.stderr == b""
    assert len(result.stdout.splitlines()) == 1
    assert "导入 [red]x[/red] {1}" in run_in_terminal(PROGRESS, width=120)
    assert "导入" not in run_in_terminal(PROGRESS, TERM="dumb")


def test_data_given_out_under_a_progress_bar_stay_on_stdout() -> None:
    ours, theirs = pty.openpty()
    script = (
        SHOW
        + """
with progress("导入", 3) as advance:
    advance(1)
    emit(cards(1), CARD_COLUMNS, Format.JSONL)
    warn("看这里")
"""
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        env=environment(TERM="xterm", COLUMNS="100"),
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    data, _ = process.communicate()
    told = os.read(ours, 65536).decode()
    os.close(ours)
    assert json.loads(data)["card_no"] == "2026-0000"
    assert "看这里" in told
    assert "2026-0000" not in told


def test_rich_is_loaded_only_to_draw() -> None:
    script = """
import sys
import cli.render, cli.explain_view
from cli.render import Format
cli.render.emit([{"a": 1}], [cli.render.Column("a", "甲")])
cli.render.emit_object({"a": 1}, Format.JSON)
cli.render.warn("x")
print(sorted(name for name in ("rich", "xlsxwriter", "typer") if name in sys.modules))
"""
    assert run(script).stdout.decode().splitlines()[-1] == "[]"
