"""The page of a back-test: whole without a network or a script, and hostile text stays text."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from efficiency_monitor.documents.backtest_page import MOST_CARDS, page, write_page
from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.i18n.messages import set_language
from efficiency_monitor.scan.backtest.model import COUNTED

NASTY = '</td><script>alert(1)</script><img src="//x" onerror="x">\'"&\u202e\x1b[31m'
VOID = {"meta", "br"}


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    yield
    set_language("en")


class Reader(HTMLParser):
    """Takes a page apart: its tags with their attributes, its words."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def counts(**more: int) -> dict[str, int]:
    return {**dict.fromkeys(COUNTED, 0), **more}


def report(word: str = "LATE", months: int = 3) -> dict[str, Any]:
    names = [f"{2024 + month // 12}-{month % 12 + 1:02}" for month in range(months)]
    some = counts(before=12, after=9, gone=4, new=1, later=3, same=5)
    rules = [{"id": word, "version": 1}]
    return {
        "from": "2024-01-01",
        "to": "2024-12-31",
        "as_of": "2025-01-01T00:00:00+08:00",
        "departments": [word],
        "before": {"name": word, "rules": rules},
        "after": {"name": word, "rules": rules},
        "beside": rules,
        "left_out": [{"rule": word, "reason": word}],
        "totals": some,
        "cases": {
            side: {"total": 9, "judged": 8, "not_judgeable": 1, "excluded": 0}
            for side in ("before", "after")
        },
        "not_judgeable": [{"rule": word, "reason": "no_limit", "before": 1, "after": 1}],
        "tallies": {
            side: {"total": number, "judged": number, "not_judgeable": 0, "excluded": 0}
            for side, number in (("before", 7), ("after", 6))
        },
        "tallies_not_judgeable": [
            {"rule": word, "reason": "no_former_window", "before": 1, "after": 0}
        ],
        "by_month": [{"month": name, **some} for name in names],
        "by_level": [{"level": "red", **some}],
        **{
            f"by_{name}": [{name: word, **some}, {name: None, **some}]
            for name in ("department", "rule", "item")
        },
    }


def card(word: str = "A-1", **more: Any) -> dict[str, Any]:
    side = {
        "fell_due_at": "2024-03-11T23:59:59+08:00", "at": word, "limit": word, "rule": word,
        "window": None,
    }  # fmt: skip
    return {
        "change": "later",
        "subject": f"case:{word}",
        "case_no": word,
        "rule": word,
        "level": "red",
        "department": word,
        "item_code": word,
        "start": word,
        "start_at": "2024-03-04T10:00:00+08:00",
        "stop": None,
        "stop_at": None,
        "before": side,
        "after": {**side, "fell_due_at": "2024-03-13T23:59:59+08:00"},
        **more,
    }


def tallied(word: str = "住建局") -> dict[str, Any]:
    """A card of a tally whose window is another one after the change."""
    month = {
        "kind": "month",
        "from": "2024-03-01T00:00:00+08:00",
        "to": "2024-03-31T23:59:59+08:00",
    }
    quarter = {**month, "kind": "quarter", "from": "2024-01-01T00:00:00+08:00"}
    side = {
        "fell_due_at": "2024-03-31T23:59:59+08:00", "at": "> 20 %", "limit": "40 %", "rule": "S-1",
        "window": month,
    }  # fmt: skip
    return card(
        subject=f"organ:{word}", case_no=None, department=word, item_code=None, change="same",
        start=None, start_at=month["from"], stop=None, stop_at=month["to"],
        before=side, after={**side, "window": quarter},
    )  # fmt: skip


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


def test_hostile_text_stays_text() -> None:
    found = read("".join(page(report(NASTY), [card(NASTY), tallied(NASTY)])))
    assert {tag for tag, _ in found.tags}.isdisjoint({"script", "img", "iframe", "link", "a"})
    names = {name for _, attributes in found.tags for name in attributes}
    assert [name for name in names if name.startswith("on")] == []
    assert names.isdisjoint({"src", "href"})
    assert "<script>alert(1)</script>" in found.words
    assert "\x1b" not in found.words
    assert "\u202e" not in found.words


def test_nothing_is_loaded_and_no_script_runs() -> None:
    text = "".join(page(report(), [card()]))
    policy = [a for tag, a in read(text).tags if a.get("http-equiv")]
    assert [a["content"] for a in policy] == ["default-src 'none';style-src 'unsafe-inline'"]
    for word in ("http://", "https://", "url(", "@import", "<script", "<link"):
        assert word not in text


def test_totals_come_first_then_the_picture_then_departments_then_cards() -> None:
    text = "".join(page(report(), [card()]))
    order = [
        text.index(word)
        for word in ('class="tiles"', "<svg", "By department", "Card by card", "2024-03-13 23:59")
    ]
    assert order == sorted(order)


def test_it_speaks_both_languages() -> None:
    assert "Card by card" in "".join(page(report(), []))
    set_language("zh")
    found = "".join(page(report(), [card()]))
    assert '<html lang="zh">' in found
    for word in ("逐张比较", "按部门", "红牌", "推后", "未注明"):
        assert word in found


def test_a_card_of_a_tally_names_its_subject_and_its_windows() -> None:
    found = read("".join(page(report(), [tallied()]))).words
    for word in (
        "organ 住建局",
        "quarter",
        "month",
        "2024-01-01",
        "2024-03-31",
        "40%",
        "Too small",
    ):
        assert word in found, word
    set_language("zh")
    found = read("".join(page(report(), [tallied()]))).words
    for word in ("部门 住建局", "季度", "统计对象的判定", "数量不足", "统计另计其牌"):
        assert word in found, word


@pytest.mark.parametrize("months", [1, 12, 24, 60])
def test_the_picture_has_two_bars_a_month(months: int) -> None:
    tags = read("".join(page(report(months=months), []))).tags
    bars = [attributes for tag, attributes in tags if tag == "rect"]
    assert len(bars) == 2 * months
    (box,) = [a["viewbox"] for tag, a in tags if tag == "svg"]
    width = float((box or "").split()[2])
    assert all(float(b["x"] or 0) + float(b["width"] or 0) <= width for b in bars)


def test_a_page_says_how_many_cards_it_does_not_show() -> None:
    text = "".join(page(report(), (card() for _ in range(MOST_CARDS + 5))))
    assert text.count("<tr><td data-name") == MOST_CARDS
    assert f"{MOST_CARDS + 5:,} cards" in text


def test_without_any_card_the_page_says_so() -> None:
    none = report()
    none |= {"totals": counts()}
    none |= {name: [] for name in none if name.startswith("by_")}
    found = read("".join(page(none, [])))
    assert "No card differs." in found.words


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigurationError):
        write_page(file, report(), [], overwrite=False)
    assert file.read_text("utf-8") == "mine"
    write_page(file, report(), [card()], overwrite=True)
    assert file.read_text("utf-8").startswith("<!doctype html>")


def test_a_name_of_any_length_breaks() -> None:
    """A department of 150 signs without a space widens neither a wide page nor a narrow one."""
    text = "".join(page(report("W" * 150), []))
    style = text[text.index("<style>") : text.index("</style>")]
    assert "body{overflow-wrap:anywhere}" in style
    for rule in style.split("}"):
        if "white-space:nowrap" in rule:
            assert "first-child" not in rule
    assert "<td>" + "W" * 150 + "</td>" in text
