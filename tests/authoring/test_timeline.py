"""`rules test` draws what failed: the days, what counted, when each level fell due."""

from pathlib import Path

import pytest
from rich.cells import cell_len

from ..cli.command import ROOT, effmon

HUNAN = ROOT / "rules" / "packs" / "hunan" / "HN-CASE-case-limits.yaml"
NAME = "decided in the last second of the promise"
#: Written down by hand from the calendar of 2026 and the rule: 7 and 12 working days.
DRAWN = """\
HN-CASE  decided in the last second of the promise
截至2026-10-31 23:59:59，要求：无；得到：黄牌。不符
办件：item_kind=promised, promised_limit=7 working_days, statutory_limit=12 working_days
2026-09-16 周三    ·  起算当日，次日起计
  15:20:00  ● 受理（起算）
2026-09-17 周四  1–2  至 2026-09-18 周五：工作日
2026-09-19 周六    ·  周末
2026-09-20 周日    3  调休上班
2026-09-21 周一    4  工作日
2026-09-22 周二    5  工作日
  23:59:59  ◆ 预警：此后一秒起，未到（承诺时限前2个工作日）
2026-09-23 周三    6  工作日
2026-09-24 周四    7  工作日
  23:59:59  ▲ 承诺时限（7个工作日）到期，含本秒
  23:59:59  ◆ 黄牌：此后一秒起，已到（承诺时限）
2026-09-25 周五    ·  中秋节，放假
  00:00:00  ● 办结（停止）
2026-10-09 周五
  23:59:59  ▲ 法定时限（12个工作日）到期，含本秒
  23:59:59  ◆ 红牌：此后一秒起，未到（法定时限）
2026-10-31 周六
  23:59:59  ═ 截至时刻
黄牌：2026-09-24 23:59:59 为最后及时的一秒，计时到 2026-09-25 00:00:00 才停止。
"""


@pytest.fixture
def failing(tmp_path: Path) -> Path:
    """The rule with an example that decides one second too late."""
    text = HUNAN.read_text(encoding="utf-8")
    before, after = text.split(f"name: {NAME}", 1)
    late = after.replace("2026-09-24 23:59:59", "2026-09-25 00:00:00", 1)
    assert late != after
    file = tmp_path / HUNAN.name
    file.write_text(f"{before}name: {NAME}{late}", encoding="utf-8")
    return file


def test_what_fails_is_drawn(failing: Path) -> None:
    ran = effmon("rules", "test", failing, EFFMON_LANG="zh").well(1)
    assert ran.out == DRAWN
    assert "1 项不符" in ran.err


@pytest.mark.parametrize("width", [20, 34, 44, 80])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_is_wider_than_the_terminal_and_nothing_is_lost(
    failing: Path, width: int, language: str
) -> None:
    endless = effmon("rules", "test", failing, EFFMON_LANG=language).well(1).out
    narrow = effmon("rules", "test", failing, EFFMON_LANG=language, COLUMNS=str(width)).well(1).out
    assert max(cell_len(line) for line in narrow.splitlines()) <= width
    assert "".join(narrow.split()) == "".join(endless.split())


def test_a_passing_example_is_shown_by_a_part_of_its_name() -> None:
    ran = effmon("rules", "test", HUNAN, "--show", "one second after the PROMISE").well()
    assert "as of 2026-10-31 23:59:59: wanted yellow, came yellow: as wanted" in ran.out
    assert "  00:00:00  ● decided (stops it)\n" in ran.out
    assert ran.err == ""
    drawn = effmon("rules", "test", HUNAN, "--show", "second after the promise", "-o", "json")
    (clock,) = drawn.well().json[0]["clocks"]
    assert [limit["due_at"] for limit in clock["limits"]] == [
        "2026-09-24T23:59:59+08:00",
        "2026-10-09T23:59:59+08:00",
    ]
    assert sum(float(day["counted"]) for day in clock["days"]) == 7


def test_a_name_that_no_example_has() -> None:
    ran = effmon("rules", "test", HUNAN, "--show", "no such thing")
    assert ran.code == 2
    assert "no example's name holds 'no such thing'" in ran.err
    assert NAME in ran.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('at: "2026-09-16 15:20"', 'at: "2026-09-20 15:20"'), "needs more than"),
        (
            ("applies_to:\n  not: {item_kind: [instant, joint]}", "applies_to: {region: x}"),
            "the rule going",
        ),
        (("cards: [warning]", "cards: [warning, red]"), "red needs more than 2026-10-09 23:59:59"),
    ],
)
def test_it_says_why_nothing_came(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    text = HUNAN.read_text(encoding="utf-8")
    file = tmp_path / HUNAN.name
    file.write_text(text.replace(*change), encoding="utf-8")
    assert file.read_text(encoding="utf-8") != text
    assert said in effmon("rules", "test", file).well(1).out


def test_a_hostile_name_stays_on_its_line(tmp_path: Path) -> None:
    text = HUNAN.read_text(encoding="utf-8")
    file = tmp_path / HUNAN.name
    hostile = '"decided \\e[31m\\nin the last second of the promise"'
    file.write_text(text.replace(f"name: {NAME}", f"name: {hostile}"), encoding="utf-8")
    ran = effmon("rules", "test", file)
    assert "\x1b" not in ran.out + ran.err


def test_a_condition_shows_what_it_measured_at_each_event(tmp_path: Path) -> None:
    """Also of an event that breaks nothing: that it was near is what the reader wants to know."""
    file = tmp_path / "TT-LAG-lag.yaml"
    text = HUNAN.read_text(encoding="utf-8")
    head = text[: text.index("applies_to:")].replace("HN-CASE", "TT-LAG")
    file.write_text(
        head
        + "condition: {measure: count, of: correction_requested, before: accepted}\n"
        + "cards:\n  - {level: yellow, at: '> 1'}\n"
        + "examples:\n"
        + "  - name: told twice\n    level: yellow\n    kind: firing\n    events:\n"
        + '      - {event: submitted, at: "2026-03-02 09:00"}\n'
        + '      - {event: correction_requested, at: "2026-03-03 10:00"}\n'
        + '      - {event: correction_requested, at: "2026-03-05 10:00"}\n'
        + '    expect: [{as_of: "2026-03-31", cards: [yellow]}]\n',
        encoding="utf-8",
    )
    drawn = effmon("rules", "test", file, "--show", "told twice").well().out.splitlines()
    assert drawn[3:] == [
        "  09:00:00  ● submitted",
        "2026-03-03 Tue",
        "  10:00:00  ● correction requested",
        "  10:00:00  ◇ measured: 1 event",
        "2026-03-05 Thu",
        "  10:00:00  ● correction requested",
        "  10:00:00  ◇ measured: 2 events",
        "  10:00:00  ◆ yellow: > 1, reached",
        "2026-03-31 Tue",
        "  23:59:59  ═ as of",
    ]


def test_a_tally_shows_what_it_is_made_over(tmp_path: Path) -> None:
    file = tmp_path / "TT-TALLY-tally.yaml"
    text = HUNAN.read_text(encoding="utf-8")
    head = text[: text.index("applies_to:")].replace("HN-CASE", "TT-TALLY")
    file.write_text(
        head
        + "tally: {of: cards, by: department, measure: count, window: quarter}\n"
        + "cards:\n  - {level: red, at: '>= 3 cards'}\n"
        + "examples:\n"
        + "  - name: three\n    level: red\n    kind: firing\n"
        + "    case: {department: 一科}\n    cards:\n"
        + '      - {level: yellow, at: "2026-03-03 10:00", times: 2}\n'
        + '      - {level: red, at: "2026-03-05 10:00"}\n'
        + '    expect: [{as_of: "2026-03-31", cards: []}]\n',
        encoding="utf-8",
    )
    drawn = effmon("rules", "test", file).well(1).out.splitlines()
    assert drawn[1:] == [
        "as of 2026-03-31: wanted nothing, came red: differs",
        "case: department=一科",
        "  ● card  level=yellow, at=2026-03-03 10:00, times=2",
        "  ● card  level=red, at=2026-03-05 10:00",
    ]
