"""A workspace chooses its packs; what canonical files carry is judged; a card names its pack."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import effmon, stop_warm

ITEMS = (
    "事项编码,收费标准,环节清单,fees,stages\nS1,工本费=10;评审费=300,受理;审核;批准,listed,listed\n"
)
CASES = "办件编号,事项编码,办件类型,部门,承诺时限\nA1,S1,承诺件,市住建局,5个工作日\n"
EVENTS = """办件编号,事件,发生时间,环节,种类,收费金额,批准人,办理人
A1,受理,2026-03-02 09:00,,,,,
A1,环节开始,2026-03-02 10:00,受理,,,,
A1,收费,2026-03-03 09:00,,,350,,
A1,特别程序开始,2026-03-04 09:00,,现场勘验,,李四,张三
A1,环节开始,2026-03-05 10:00,批准,,,,
A1,办结,2026-03-06 09:00,,,,,
"""


@pytest.fixture(scope="module", autouse=True)
def _warm_server() -> Iterator[None]:
    yield
    stop_warm()


def test_facts_of_the_canonical_files_become_cards_of_the_pack_that_was_chosen(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "ws"
    effmon("init", folder, "--name", "x", "--pack", "yulin", "--pack", "conduct").well()
    for name, text in (("items", ITEMS), ("cases", CASES), ("events", EVENTS)):
        path = tmp_path / f"{name}.csv"
        path.write_text(text, encoding="utf-8")
        effmon("-C", folder, "import", path).well()
    effmon("-C", folder, "scan").well()
    given = effmon("-C", folder, "cards", "list", "--state", "all", "-o", "json").well().json
    assert {(card["pack"], card["rule"], card["level"]) for card in given} == {
        ("conduct", "CON-FEE", "yellow"),
        ("conduct", "CON-FEE", "red"),
        ("conduct", "CON-STAGE-SKIPPED", "yellow"),
        ("conduct", "CON-PAUSE-GROUND", "yellow"),
    }
    fee = next(card for card in given if (card["rule"], card["level"]) == ("CON-FEE", "red"))
    shown = effmon("-C", folder, "cards", "show", fee["card_no"], "-o", "json").well().json
    assert shown["pack"] == "conduct"
    explained = effmon("-C", folder, "cases", "explain", "A1").well().out
    assert "CON-FEE" in explained
    assert "conduct" in explained


def test_a_city_gives_yellow_where_another_gives_none(tmp_path: Path) -> None:
    """The same case on the same day, by two cities' colours."""
    events = "case_no,event,occurred_at\nA1,accepted,2026-09-16 15:20\n"
    events += "A1,decided,2026-09-30 10:00\n"
    found = {}
    for pack in ("yulin", "national"):
        folder = tmp_path / pack
        effmon("init", folder, "--name", "x", "--pack", pack).well()
        for name, text in (
            ("cases", "case_no,item_kind,promised_limit\nA1,promised,10 working_days\n"),
            ("events", events),
        ):
            path = tmp_path / f"{name}.csv"
            path.write_text(text, encoding="utf-8")
            effmon("-C", folder, "import", path).well()
        effmon("-C", folder, "scan").well(0, 3)
        given = effmon("-C", folder, "cards", "list", "--state", "all", "-o", "json").well().json
        found[pack] = [(card["rule"], card["level"]) for card in given]
    assert found == {"yulin": [("YUL-PROMISE", "yellow")], "national": []}


def test_a_pack_that_there_is_not_is_said_at_once(tmp_path: Path) -> None:
    said = effmon("init", tmp_path / "ws", "--name", "x", "--pack", "yulyn").well(2).err
    assert "yulin" in said
