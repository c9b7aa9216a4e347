"""Pictures of the terminal: true, aligned, and fetching nothing."""

import importlib
import re
import sys
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import pytest

from cli.render import emit
from efficiency_monitor.i18n.messages import set_language

from .samples import CARD_COLUMNS, ROOT, cards, printed

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def drawing(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return importlib.import_module("terminal_svg")


@pytest.fixture
def making(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return importlib.import_module("make_pictures")


def texts_of(svg: str) -> list[tuple[str, float, float]]:
    """The texts of a picture with their place and width in cells."""
    found = []
    for element in ElementTree.fromstring(svg).iter(f"{SVG}text"):
        x, width = float(element.attrib["x"]), float(element.attrib["textLength"])
        found.append((element.text or "", (x - 16) / 8.4, width / 8.4))
    return found


@pytest.mark.parametrize("code", ["zh", "en"])
def test_columns_line_up(drawing: ModuleType, code: str) -> None:
    set_language(code)
    out, _ = printed(lambda: emit(cards(9), CARD_COLUMNS), width=100)
    found = texts_of(drawing.draw(out, columns=100, title="cards"))
    levels = {"预警", "黄牌", "红牌", "warning", "yellow", "red"}
    heading = next(cell for text, cell, _ in found if text in ("级别", "Level"))
    starts = [cell for text, cell, _ in found if text in levels]
    assert len(starts) == 9
    assert starts == pytest.approx([heading] * 9, abs=0.02)


def test_every_stretch_takes_its_cells(drawing: ModuleType) -> None:
    found = texts_of(drawing.draw("ab中文 葛\U000e0100 x", columns=40, title="x"))
    assert [(text, round(cell), round(width)) for text, cell, width in found] == [
        ("ab", 0, 2),
        ("中文", 2, 4),
        ("葛\U000e0100", 7, 2),
        ("x", 10, 1),
    ]


def test_a_long_line_goes_on_below(drawing: ModuleType) -> None:
    found = texts_of(drawing.draw("字" * 12, columns=9, title="x"))
    assert [text for text, _, _ in found] == ["字" * 4] * 3


def test_a_picture_fetches_nothing_and_obeys_nothing(drawing: ModuleType) -> None:
    svg = drawing.draw("<script>alert(1)</script> & \x1b[1;31m红牌\x1b[0m", columns=60, title="<&>")
    assert re.findall(r"https?://[^\"]*", svg) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"url\(|@import|@font-face|<script|<image|href", svg)
    root = ElementTree.fromstring(svg)
    assert root.findtext(f"{SVG}title") == "<&>"
    bold = [one for one in root.iter(f"{SVG}text") if one.text == "红牌"]
    assert bold[0].attrib["class"] == "w b"
    assert bold[0].attrib["fill"] == "#eb6067"


def test_what_is_drawn_was_really_run_in_a_terminal(making: ModuleType, tmp_path: Any) -> None:
    script = (
        "import os, sys; print(sys.stdout.isatty(), sys.stderr.isatty(), os.environ['COLUMNS']);"
        "print('told', file=sys.stderr)"
    )
    text = making.shown([sys.executable, "-c", script], cwd=tmp_path, language="zh")
    assert sorted(text.splitlines()) == ["True False 100", "told"]


def test_a_command_that_fails_is_no_picture(making: ModuleType, tmp_path: Any) -> None:
    with pytest.raises(SystemExit, match="exit code 70"):
        making.shown([sys.executable, "-c", "raise SystemExit(70)"], cwd=tmp_path, language="en")


def test_a_picture_that_is_not_listed_is_refused(making: ModuleType) -> None:
    with pytest.raises(SystemExit, match="no picture is called nothing"):
        making.main(["nothing"])
