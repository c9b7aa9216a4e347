"""`cases explain` on conduct: what was measured, at which event, against what; in two languages."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.explain_view import show
from efficiency_monitor.cards.explain import explain
from efficiency_monitor.i18n.messages import set_language
from tests.terminal.samples import printed

from .world import PEOPLE, World, instant

pytestmark = pytest.mark.both_engines

CASE = {
    "case_no": "A",
    "item_kind": "promised",
    "department": "住建局",
    "handler": "张经办",
    "conduct": "yes",
    "promised_limit": "20 working_days",
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A case with three correction notices, accepted on paper and typed in three days later."""
    made = World.made(tmp_path / "ws", "2026-03-01 12:00")
    made.people(PEOPLE)
    made.receive("cases", [CASE])
    notices = [
        {"case_no": "A", "event": "correction_requested", "occurred_at": f"2026-03-02 09:{minute}"}
        for minute in (30, 40, 50)
    ]
    notices[2] |= {"actor": "钱窗口", "stage": "预审"}
    accepted = {"event": "accepted", "occurred_at": "2026-03-02 10:00", "case_no": "A"}
    made.receive("events", notices)
    made.receive("events", [{**accepted, "recorded_at": "2026-03-05 08:30"}])
    made.now = instant("2026-03-06 09:00")
    made.scan()
    yield made
    made.close()


def page(world: World, language: str) -> str:
    """The page as it is printed."""
    set_language("zh" if language == "zh" else "en")
    try:
        document = explain(world.context, "A", as_of=world.now)
        return printed(lambda: show(document), NO_COLOR="1")[0]
    finally:
        set_language("en")


def test_the_document_says_what_was_measured(world: World) -> None:
    document = explain(world.context, "A", as_of=world.now)
    assert json.loads(json.dumps(document)) == document
    counted, late = document["conduct"]
    assert (counted["rule"], counted["measure"]) == ("TWICE", "count")
    assert counted["event"]["occurred_at"] == "2026-03-02T09:40:00+08:00"
    assert counted["levels"] == [
        {
            "level": "warning",
            "at": {"sign": ">", "value": "1", "unit": "events"},
            "measured": {"value": "2", "unit": "events"},
            "from": "2026-03-02T09:40:00+08:00",
            "reached": True,
        },
        {
            "level": "yellow",
            "at": {"sign": ">", "value": "2", "unit": "events"},
            "measured": {"value": "3", "unit": "events"},
            "from": "2026-03-02T09:50:00+08:00",
            "reached": True,
        },
        {
            "level": "red",
            "at": {"sign": ">", "value": "3", "unit": "events"},
            "measured": None,
            "from": None,
            "reached": False,
        },
    ]
    assert [card["level"] for card in counted["cards"]] == ["yellow", "warning"]
    (holder,) = counted["holders"]
    assert (holder["stage"], holder["holder"], holder["charged_seconds"]) == ("预审", "钱窗口", 0)
    assert late["measured"] == {"value": "2", "unit": "working_days"}
    assert late["legal_basis"] == [
        {"ref": "测试", "says": "recorded as it happens", "reading": "ours"}
    ]


def test_the_page_reads_in_chinese(world: World) -> None:
    text = page(world, "zh")
    for line in (
        "2026-03-02 09:50:00，结果为3次，超过2次：给黄牌。",
        "未达到红牌的界限（超过3次）。",
        "2026-03-05 08:30:00，结果为2个工作日，超过1个工作日：给黄牌。",
    ):
        assert line in text.splitlines()
    assert "预审，住建局，钱**" in text
    assert "钱窗口" not in text


def test_the_page_reads_in_english(world: World) -> None:
    text = page(world, "en")
    for line in (
        "At 2026-03-02 09:50:00 it was 3 times, more than 2 times: yellow card.",
        "The red level (more than 3 times) is not reached.",
        "At 2026-03-05 08:30:00 it was 2 working days, more than 1 working day: yellow card.",
    ):
        assert line in text.splitlines()
