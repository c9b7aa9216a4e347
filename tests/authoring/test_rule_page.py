"""`rules doc`: the public page of rules, made from their files."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import pytest

from efficiency_monitor.catalogue.catalogue_files import (
    catalogue_folder,
    pack_names,
    read_rules,
    read_vocabulary,
)
from efficiency_monitor.documents import rule_page
from efficiency_monitor.i18n import rule_words, tally_words
from efficiency_monitor.i18n.messages import speaking
from efficiency_monitor.rules.conditions import PARAMETERS
from efficiency_monitor.rules.tallies import PARAMETERS as TALLIED
from efficiency_monitor.rules.tallies import SUBJECTS, Among, Compared, WindowWord
from efficiency_monitor.terms import AlarmKind

from ..cli.command import ROOT, effmon

HUNAN = ROOT / "rules" / "packs" / "hunan"
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "| [a](javascript:alert(1)) **b** `c`",
    "\u202eevil\u0007",
)


class Read(HTMLParser):
    """The tags, addresses and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        """Everything that is read."""
        return " ".join(self.texts)


def _page(what: object, out: Path, language: str) -> str:
    effmon("rules", "doc", what, "--out", out, EFFMON_LANG=language).well()
    return out.read_text(encoding="utf-8")


def test_it_says_what_the_rule_says(tmp_path: Path) -> None:
    page = Read(_page(HUNAN / "HN-CASE-case-limits.yaml", tmp_path / "page.html", "zh")).text
    for said in (
        "不含：办件类型为即办件",
        "从受理起计时，到办结或不予受理止。",
        "起算当日不计入，最后一日 23:59:59 届满",
        "上报至上级返回期间暂停计时。",
        "延长期限所批准的时间加入承诺时限和法定时限。",
        "承诺时限：办件的承诺办结时间（随暂停顺延）；没有的，办件的承诺时限",
        "距承诺时限届满只剩2个工作日",
        "超过法定时限（届满当秒仍为及时）",
        "30个工作日内反馈",
        "decided one second after the promise（黄牌，发牌）",
        "2026-09-25 00:00:00",
    ):
        assert said in page
    page = Read(_page(HUNAN / "HN-CASE-case-limits.yaml", tmp_path / "page.html", "en")).text
    assert "only 2 working days of the promised limit left" in page
    assert "is added to the promised limit and the statutory limit" in page


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_rule_of_every_pack_has_its_page(language: str) -> None:
    """Well formed, alone in the world, and the same bytes whenever it is made."""
    folder = catalogue_folder()
    vocabulary = read_vocabulary(folder)
    cells = re.compile(r"(?<!\\)\|")
    for pack in pack_names(folder):
        loaded = read_rules(folder, [pack])
        shown = [rule_page.ShownRule(one.rule, one.pack, one.digest) for one in loaded]
        with speaking(language):
            text, markdown = (rule_page.page(shown, vocabulary, form) for form in ("html", "md"))
            assert text == rule_page.page(shown[::-1], vocabulary, "html")
        page = Read(text)
        assert page.open == []
        assert page.tags.isdisjoint({"script", "link", "img", "iframe", "object"})
        assert all(address.startswith("#") for address in page.addresses)
        assert "url(" not in text
        for one in loaded:
            title = one.rule.title.zh if language == "zh" else one.rule.title.en
            assert title in page.text
            assert one.digest in page.text
        for table in re.findall(r"(?:^\|.*\n)+", markdown, re.MULTILINE):
            assert len({len(cells.findall(line)) for line in table.splitlines()}) == 1


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_stays_text(tmp_path: Path, hostile: str) -> None:
    text = (HUNAN / "HN-LICENCE-e-licence.yaml").read_text(encoding="utf-8")
    quoted = "'" + hostile.replace("\u202e", "").replace("\u0007", "") + "'"
    for given in (
        re.sub(r"(  zh: ).*", lambda found: found[1] + quoted, text, count=1),
        re.sub(r"(- name: ).*", lambda found: found[1] + quoted, text, count=1),
        text.replace("{licence: electronic}", f"{{licence: {quoted}}}"),
    ):
        assert given != text
        file = tmp_path / "HN-LICENCE-e-licence.yaml"
        file.write_text(given, encoding="utf-8")
        page = Read(_page(file, tmp_path / "page.html", "zh"))
        assert page.tags.isdisjoint({"script", "img"})
        assert all(address.startswith("#") for address in page.addresses)
        assert quoted.strip("'") in page.text
        markdown = _page(file, tmp_path / "page.md", "zh")
        assert "<script" not in markdown
        assert "<img" not in markdown
        assert "](javascript" not in markdown.replace("\\]", "")


def test_a_page_of_another_form_is_refused(tmp_path: Path) -> None:
    ran = effmon("rules", "doc", "hunan", "--out", tmp_path / "page.pdf")
    assert ran.code == 2
    assert "the name ends in .html or .md" in ran.err
    ran = effmon("rules", "doc", "no-such-pack", "--out", tmp_path / "page.md")
    assert ran.code == 2
    assert "hunan" in ran.err.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


def test_every_measure_has_its_words() -> None:
    assert set(rule_words.MEASURES) == set(PARAMETERS)
    assert set(tally_words.TALLIED) == set(TALLIED)
    assert set(tally_words.AMONG) == set(get_args(Among))
    assert set(tally_words.WINDOWS) == set(get_args(WindowWord))
    assert set(tally_words.ALARMS) == {str(kind) for kind in AlarmKind}
    assert set(tally_words.COMPARED) == set(get_args(Compared.model_fields["with_"].annotation))
    assert set(tally_words.SIDES) == set(get_args(Compared.model_fields["side"].annotation))
    assert set(tally_words.BY) == {subject for given in SUBJECTS.values() for subject in given}


def test_a_tally_is_said_without_codes(tmp_path: Path) -> None:
    """Nobody outside reads `among = accepted`."""
    page = Read(_page("jiangsu-transport", tmp_path / "page.html", "zh")).text
    assert "按部门、每月统计：办件数。" in page
    assert "只计：本期受理的。" in page
    assert "与上一期相比的偏离，增减均算。" in page
    assert "基数不足20的，不作判定。" in page
    assert "former_window" not in page
