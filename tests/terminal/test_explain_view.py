"""The page for the department that disputes a card."""

import copy
import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cli.explain_view import page, show
from cli.render import Format
from efficiency_monitor.engine.explain import Why
from efficiency_monitor.i18n.messages import set_language

from .hostile import NASTY, texts, unprintable
from .samples import NAMES, explained, named, printed

ZH, EN = named(NAMES, 0), named(NAMES, 1)


def shown(document: dict[str, Any], *, width: int | None = None, name: Any = ZH) -> str:
    return printed(lambda: show(document, name=name), width=width, NO_COLOR="1")[0]


def changed(**clock: Any) -> dict[str, Any]:
    document = copy.deepcopy(explained())
    document["clocks"][0].update(clock)
    return document


def test_every_day_is_accounted_for_with_its_reason() -> None:
    """The count of 20 working days over the Spring Festival and a hearing, as one reads it."""
    text = shown(explained())
    table = text.split("累计\n")[1].split("\n\n")[0].splitlines()[1:]
    assert [" ".join(line.split()) for line in table] == [
        "2026-02-10 周二 不计 起算当日，次日起计 0",
        "2026-02-11 至 2026-02-13 周三至周五 +3 工作日 3",
        "2026-02-14 周六 +1 调休上班（国办发明电〔2025〕7号） 4",
        "2026-02-15 至 2026-02-23 周日至周一 不计 春节（国办发明电〔2025〕7号） 4",
        "2026-02-24 至 2026-02-25 周二至周三 +2 工作日 6",
        "2026-02-26 周四 +1 工作日，承诺时限届满 7",
        "2026-02-27 周五 +1 工作日 8",
        "2026-02-28 周六 +1 调休上班（国办发明电〔2025〕7号） 9",
        "2026-03-01 周日 不计 周末 9",
        "2026-03-02 至 2026-03-05 周一至周四 不计 暂停：听证 9",
        "2026-03-06 周五 +1 工作日 10",
        "2026-03-07 至 2026-03-08 周六至周日 不计 周末 10",
        "2026-03-09 至 2026-03-13 周一至周五 +5 工作日 15",
        "2026-03-14 至 2026-03-15 周六至周日 不计 周末 15",
        "2026-03-16 至 2026-03-18 周一至周三 +3 工作日 18",
        "2026-03-19 周四 不计 当日尚未结束 18",
    ]


def test_the_page_argues_from_law_to_result() -> None:
    text = shown(explained())
    parts = [
        "办件 XK-2026-00017 计时说明",
        "截至 2026-03-19 18:00:00，本办件是否超过时限？",
        "2026-03-02 09:00:00  特别程序开始  听证",
        "监察规则 CN-LIM-101  行政许可决定时限",
        "《中华人民共和国行政许可法》第四十二条：行政机关应当自受理",
        "承诺时限 7个工作日，法定时限 20个工作日",
        "听证 2026-03-02 09:00:00 至 2026-03-06 09:00:00",
        "从2026-02-10受理起，承诺时限7个工作日，第7个工作日是2026-02-26，23:59:59前（含）办结即不超期。",
        "截至2026-03-19 18:00:00，已超过承诺时限。",
        "截至2026-03-19 18:00:00，未超过法定时限。",
        "到 2026-03-20 23:59:59 仍未办结的，给红牌。",
        "已给：黄牌，2026-0042，2026-02-26 23:59:59 到期，待签收",
    ]
    places = [text.find(part) for part in parts]
    assert -1 not in places
    assert places == sorted(places)


def test_the_page_in_english() -> None:
    set_language("en")
    text = shown(explained(), name=EN)
    assert "working day 7 is 2026-02-26; done by 23:59:59 that day" in text
    assert "Past the promised limit: as of 2026-03-19 18:00:00." in text
    assert "make-up working day (国办发明电〔2025〕7号)" in text
    assert "paused: hearing" in text
    assert "If it is not done by 2026-03-20 23:59:59: red card." in text


def test_what_the_case_does_not_say_itself_is_named() -> None:
    lent = explained() | {"from_item": ["department", "promised_limit"]}
    assert "取自事项  部门、承诺时限" in " ".join(shown(lent).split(" ")).replace("    ", "  ")
    assert "取自事项" not in shown(explained())
    set_language("en")
    assert "department, promised limit" in shown(lent)


@pytest.mark.parametrize(
    ("stop", "sentence"),
    [
        ("2026-02-26T23:59:59+08:00", "2026-02-26 23:59:59停止计时，未超过承诺时限。"),
        ("2026-02-27T00:00:00+08:00", "2026-02-27 00:00:00停止计时，已超过承诺时限。"),
    ],
)
def test_at_the_due_instant_is_in_time_and_a_second_later_late(stop: str, sentence: str) -> None:
    assert sentence in shown(changed(stop=stop, state="stopped", next=None))


def test_a_paused_clock_has_no_due_time() -> None:
    text = shown(changed(state="paused", due_at={"promised": None}, next=None))
    assert "承诺时限：目前暂停计时，恢复后才有到期时间。" in text
    assert "已超过" not in text


def test_why_it_cannot_be_judged() -> None:
    text = shown(changed(reason="no_limit", due_at={}, next=None, counted=[], limits={}))
    assert "无法判定：没有时限。" in text


def test_shares_of_days_are_added_and_not_folded() -> None:
    counted = [
        {"date": "2026-03-02", "counted": "0.25", "reason": "working_day"},
        {"date": "2026-03-03", "counted": "0.25", "reason": "working_day"},
    ]
    table = [" ".join(line.split()) for line in shown(changed(counted=counted)).splitlines()]
    assert "2026-03-02 周一 +0.25 工作日 0.25" in table
    assert "2026-03-03 周二 +0.25 工作日 0.5" in table


def test_dates_that_do_not_follow_each_other_are_not_one_range() -> None:
    counted = [
        {"date": "2026-03-02", "counted": True, "reason": "working_day"},
        {"date": "2026-03-04", "counted": True, "reason": "working_day"},
    ]
    assert "2026-03-02 至" not in shown(changed(counted=counted))


def test_words_that_the_page_does_not_know_are_shown_as_they_are() -> None:
    counted = [{"date": "2026-03-02", "counted": False, "reason": "台风停工"}]
    document = changed(
        counted=counted, legal_basis="某办法", calendar={"id": "cn", "version": "v1"}
    )
    text = shown(document)
    for part in ("台风停工", "某办法", "cn v1"):
        assert part in text


def test_every_reason_of_the_core_has_words() -> None:
    for why in Why:
        counted = [{"date": "2026-03-02", "counted": False, "reason": why}]
        assert str(why) not in shown(changed(counted=counted))


def test_a_paused_day_does_not_boast_of_its_holiday() -> None:
    entry = {"counted": False, "reason": "paused", "kind": "hearing", "name": "春节", "notice": "n"}
    text = shown(changed(counted=[{"date": "2026-02-14", **entry}]))
    assert "2026-02-14 周六 不计 暂停：听证 0" in " ".join(text.split())
    assert "春节" not in text


def test_a_due_time_after_the_end_of_the_calendar() -> None:
    text = shown(changed(due_at={"statutory": None}, beyond=["statutory"], next=None))
    assert "法定时限：到期时间在工作日历的范围之后。" in text


def test_what_could_not_be_judged_is_listed() -> None:
    problems = [{"rule": "CN-LIM-103", "reason": "no_limit", "detail": "promised_limit"}]
    text = shown({**explained(), "clocks": [], "problems": problems})
    assert "CN-LIM-103  没有时限  promised_limit" in text
    assert "没有规则适用" not in text


def part(stage: str, holder: str, amount: str, seconds: int, kind: str = "held") -> Any:
    """One part of who held the case."""
    return {
        "part": kind, "stage": stage, "department": "一科", "holder": holder,
        "amount": {"value": amount, "unit": "working_days"},
        "over": {"value": "0", "unit": "working_days"},
        "held_seconds": seconds, "overrun_seconds": 0, "charged_seconds": 0,
    }  # fmt: skip


def test_who_held_the_case_with_all_places_and_the_sum() -> None:
    held = [part("审核", "张*", "0.428571", 9000), part("批准", "李*", "1.571429", 33000)]
    organ = part("会审", "王*", "1.5", 31500, "organ")
    elapsed = {"value": "2", "unit": "working_days"}
    text = shown(changed(holders=[*held, organ], elapsed=elapsed))
    lines = [line.split() for line in text.splitlines()]
    assert ["审核", "一科", "张*", "0.428571个工作日", "0个工作日", "2小时30分钟", "0"] in lines
    assert ["合计", "2个工作日", "11小时40分钟", "0"] in lines
    assert [line[0] for line in lines if line and line[0] in ("各部门自身计时", "会审")] == [
        "各部门自身计时",
        "会审",
    ]
    alone = shown(changed(holders=held[:1], elapsed=elapsed))
    assert "合计 " not in alone, "one part is its own sum"


def test_a_start_that_is_known_by_date_alone_has_its_event() -> None:
    text = shown(changed(start="2026-02-10T00:00:00+08:00", start_event="accepted"))
    assert "从2026-02-10受理起" in text


def test_a_lifted_card_says_why() -> None:
    card = {"level": "red", "state": "lifted", "lifted_reason": "appeal"}
    assert "已给：红牌，已撤销，申诉成立" in shown(changed(cards=[card]))


def test_a_case_without_a_rule() -> None:
    assert "没有规则适用于本办件。" in shown({**explained(), "clocks": []})


@pytest.mark.parametrize("width", [30, 40, 49, 50, 54, 60, 80, 100])
@pytest.mark.parametrize("code", ["zh", "en"])
def test_the_page_fits_the_terminal(width: int, code: str) -> None:
    set_language(code)
    text = shown(explained(), width=width, name=ZH if code == "zh" else EN)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    whole = "".join(text.split())
    for part in ("XK-2026-00017", "2026-02-15", "2026-03-02", "第四十二条"):
        assert part in whole
    # Inside a table a text is folded beside others, but each of its characters is there.
    assert set("利害关系人申请听证国办发明电〔2025〕7号张*") <= set(whole)


def test_a_pipe_gets_unfolded_lines_without_litter() -> None:
    text = shown(changed(legal_basis="长" * 300))
    assert "长" * 300 in text
    assert [line for line in text.splitlines() if line != line.rstrip()] == []
    assert "\x1b" not in text


@given(texts, st.sampled_from([30, 80, 100_000]))
def test_nothing_from_data_is_obeyed(text: str, width: int) -> None:
    document = changed(
        legal_basis=[{"ref": text, "says": text}], calendar=text, pack=text, rule=text
    )
    document.update(case_no=text, item_name=text, department=text)
    for event in document["events"]:
        event.update(actor=text, reason=text, stage=text, kind=text)
    for day in document["clocks"][0]["counted"]:
        day.update(reason=text, name=text, notice=text)
    pieces = "".join(page(document, width=width, colour=False))
    assert unprintable(pieces) <= {"\n"}


def test_json_is_the_document_and_csv_its_days() -> None:
    out, _ = printed(lambda: show(explained(), Format.JSON))
    assert json.loads(out) == explained()
    out, _ = printed(lambda: show(explained(), Format.CSV, name=ZH))
    heading, *days = csv.reader(io.StringIO(out))
    assert heading == ["rule", "episode", "date", "counted", "reason", "total"]
    assert len(days) == 38
    assert days[4] == [
        "CN-LIM-101",
        "5f0c",
        "2026-02-14",
        "1",
        "调休上班（国办发明电〔2025〕7号）",
        "4",
    ]


@pytest.mark.parametrize("text", NASTY)
def test_hostile_cases_in_colour(text: str) -> None:
    document = {**explained(), "case_no": text}
    out, _ = printed(lambda: show(document), width=80)
    plain, _ = printed(lambda: show({**explained(), "case_no": "x"}), width=80)
    assert out.count("\x1b") == plain.count("\x1b")
