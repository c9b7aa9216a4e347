"""GB/T 39046: its codes, its mixed time formats, and the step that ends when it begins."""

from datetime import datetime

import pytest

from efficiency_monitor.intake.formats.rows import Quarantined, Refusal, Row
from efficiency_monitor.intake.mapping.facts import apply
from efficiency_monitor.intake.model.decide import RowFacts

from .conftest import Reading, context, shipped
from .test_csv import quarantined, taken


def one(**cells: str) -> RowFacts | Quarantined:
    row = Row(file="x.csv", sheet=None, number=2, cells={"办件编号": "A1"} | cells)
    (answer,) = apply(shipped("gbt39046"), [row], context())
    return answer


def apply_(**cells: str) -> RowFacts | Quarantined:
    return one(申请时间="20260106T093000", **cells)


def accept(**cells: str) -> RowFacts | Quarantined:
    return one(受理时间="20260106T093000", **cells)


def step(**cells: str) -> RowFacts | Quarantined:
    return one(**{"环节名称": "审核", "环节开始时间": "20260106T093000"} | cells)


def special(**cells: str) -> RowFacts | Quarantined:
    return one(**{"种类代码": "2", "开始时间": "20260106T093000"} | cells)


def fields(answer: RowFacts | Quarantined) -> dict[str, str]:
    case = taken(answer).case
    assert case is not None
    return dict(case.fields)


HALF_PAST_NINE = int(datetime.fromisoformat("2026-01-06T09:30+08:00").timestamp())


@pytest.mark.parametrize("text", ["20260106T093000", "20260106093000", "2026010609:30:00",
                                  "2026-01-06 09:30:00", "2026-01-06T09:30:00+08:00"])  # fmt: skip
def test_the_time_formats_of_the_standard(text: str) -> None:
    (decided,) = taken(one(办结时间=text)).events
    assert (decided.type, decided.occurred_at) == ("decided", HALF_PAST_NINE)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("1", "instant"),
        ("即办件", "instant"),
        ("2", "promised"),
        ("承诺件", "promised"),
        ("9", None),
    ],
)
def test_kinds_of_item(code: str, kind: str | None) -> None:
    for answer in (apply_(办件类型代码=code), accept(办件类型代码=code)):
        stated = fields(answer)
        assert stated.get("item_kind") == kind
        assert stated["办件类型代码"] == code


def test_a_kind_of_another_code_table_is_refused() -> None:
    """0 is 即办件 in Hunan and nothing in the standard; 3 is 并联 or 转报 elsewhere."""
    for code in ("0", "3", "4", "转报"):
        refused = quarantined(apply_(办件类型代码=code))
        assert (refused.refusal, refused.column, refused.value) == (
            Refusal.UNKNOWN_CODE, "办件类型代码", code,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("1", "window"),
        ("2", "pc"),
        ("3", "mobile"),
        ("4", "post"),
        ("9", "other"),
        ("窗口", "window"),
    ],
)
def test_channels(code: str, word: str) -> None:
    assert fields(apply_(申报来源代码=code))["channel"] == word
    assert quarantined(apply_(申报来源代码="5")).refusal is Refusal.UNKNOWN_CODE


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("20个工作日", "20 working_days"),
        ("20 工作日", "20 working_days"),
        ("２０工作日", "20 working_days"),
        ("15自然日", "15 calendar_days"),
        ("15天", "15 calendar_days"),
        ("15日", "15 calendar_days"),
        ("2小时", "2 calendar_hours"),
        ("2个工作小时", "2 working_hours"),
        ("1个月", "1 calendar_months"),
        ("0.5工作日", "0.5 working_days"),
    ],
)
def test_units_are_free_text(text: str, limit: str) -> None:
    assert fields(accept(承诺办结时限=text))["promised_limit"] == limit
    number, unit = text.rstrip("个工作日自然天小时月 "), text.lstrip("0123456789.２０ ")
    answer = accept(法定办结时限=number, 法定办结时限单位=unit)
    assert fields(answer)["statutory_limit"] == limit


@pytest.mark.parametrize(
    ("cells", "refusal"),
    [
        ({"承诺办结时限": "20"}, Refusal.UNKNOWN_UNIT),
        ({"承诺办结时限": "20", "承诺办结时限单位": "G"}, Refusal.UNKNOWN_UNIT),
        ({"承诺办结时限": "20工作日", "承诺办结时限单位": "自然日"}, Refusal.CONTRADICTION),
        ({"承诺办结时限": "1-3个工作日"}, Refusal.UNKNOWN_UNIT),
        ({"承诺办结时限": "当场"}, Refusal.BAD_AMOUNT),
        ({"承诺办结时限": "0", "承诺办结时限单位": "工作日"}, Refusal.BAD_AMOUNT),
    ],
)
def test_limits_that_say_too_little(cells: dict[str, str], refusal: Refusal) -> None:
    assert quarantined(accept(**cells)).refusal is refusal


def test_a_promise_is_a_time_or_an_amount() -> None:
    assert fields(accept(承诺办结时间="20260120T173000"))["promised_due"] == "2026-01-20T09:30:00Z"
    assert fields(accept(承诺办结时间="2026-01-20"))["promised_due"] == "2026-01-20"
    assert fields(accept(承诺办结时间="20260120T000000"))["promised_due"] == "2026-01-20"
    stated = fields(accept(承诺办结时间="10个工作日"))
    assert stated["promised_limit"] == "10 working_days"
    assert "promised_due" not in stated
    assert quarantined(accept(承诺办结时间="尽快")).refusal is Refusal.BAD_AMOUNT
    both = accept(承诺办结时间="10个工作日", 承诺办结时限="7工作日")
    assert quarantined(both).refusal is Refusal.CONTRADICTION


def types(answer: RowFacts | Quarantined) -> list[str]:
    return [event.type for event in taken(answer).events]


def test_a_step_of_no_length_in_state_1_is_open() -> None:
    same = "20260106T093000"
    assert types(step(环节结束时间=same, 状态="1")) == ["stage_started"]
    assert types(step(环节结束时间="2026-01-06 09:30:00", 状态="待办")) == ["stage_started"]
    assert types(step(环节结束时间=same, 状态="2")) == ["stage_started", "stage_finished"]
    assert types(step(环节结束时间="", 状态="1")) == ["stage_started"]
    assert types(step(环节结束时间="20260107T093000", 状态="2")) == [
        "stage_started", "stage_finished",
    ]  # fmt: skip


def test_a_step_that_leaves_open_whether_it_is_open_is_refused() -> None:
    refused = quarantined(step(环节结束时间="20260106T093000", 状态=""))
    assert refused.refusal is Refusal.CONTRADICTION
    assert "环节" in refused.value
    assert (
        quarantined(step(环节结束时间="20260106T093000", 状态="3")).refusal is Refusal.UNKNOWN_CODE
    )


def test_a_step_said_to_be_open_with_an_end_is_refused() -> None:
    refused = quarantined(step(环节结束时间="20260107T093000", 状态="1"))
    assert refused.refusal is Refusal.CONTRADICTION


def test_extension_and_suspension() -> None:
    (extended,) = taken(
        special(种类代码="1", 结束时间="20260110T093000", 延长期限="10", 延长期限单位="工作日")
    ).events
    assert (extended.type, extended.amount) == ("extended", "10 working_days")
    suspended, resumed = taken(
        special(
            种类代码="2", 结束时间="20260110T093000", 种类名称="听证", 启动理由或依据="申请人要求"
        )
    ).events
    assert (suspended.type, suspended.kind, suspended.reason) == (
        "suspended", "hearing", "申请人要求",
    )  # fmt: skip
    assert (resumed.type, resumed.kind) == ("resumed", "hearing")
    assert types(special(种类代码="2", 结束时间="")) == ["suspended"]
    assert taken(special()).events[0].kind == "other"


@pytest.mark.parametrize(
    ("cells", "refusal"),
    [
        ({"种类代码": "3"}, Refusal.UNKNOWN_CODE),
        ({"种类代码": ""}, Refusal.MISSING),
        ({"开始时间": ""}, Refusal.MISSING),
        ({"结束时间": "20260106T093000"}, Refusal.CONTRADICTION),
    ],
)
def test_a_special_procedure_that_says_too_little(cells: dict[str, str], refusal: Refusal) -> None:
    assert quarantined(special(**cells)).refusal is refusal


def test_a_special_procedure_in_the_row_of_a_step() -> None:
    answer = step(
        环节结束时间="20260107T093000", 状态="2", 特别程序种类代码="2",
        特别程序开始时间="20260106T100000", 特别程序结束时间="20260106T110000",
    )  # fmt: skip
    assert types(answer) == ["stage_started", "stage_finished", "suspended", "resumed"]
    assert quarantined(step(特别程序种类代码="2")).refusal is Refusal.MISSING
    assert quarantined(step(特别程序种类代码="7")).refusal is Refusal.UNKNOWN_CODE


def test_what_ends_before_it_begins_is_refused() -> None:
    # Taken, the end of such a pause would end nothing, and its clock would stand for ever.
    for answer in (
        special(结束时间="20260105T093000", 结果="完成"),
        step(特别程序种类代码="2", 特别程序开始时间="20260107", 特别程序结束时间="20260106"),
        step(环节结束时间="20260105T093000", 状态="2"),
    ):
        assert quarantined(answer).refusal is Refusal.CONTRADICTION


def test_words_for_nothing_are_empty_cells() -> None:
    assert fields(accept(承诺办结时间="-", 受理单位="NULL")) == {}


def test_the_tables_of_one_case_together(reading: Reading) -> None:
    tables = {
        "5.csv": "办件编号,实施编码,办件类型代码,申请者名称,申请时间\n"
        "A1,S1,2,张三,20260105T090000\n",
        "6.csv": "办件编号,实施编码,受理单位,受理人员,受理时间,承诺办结时间,办件类型代码\n"
        "A1,S1,住建局,李四,20260106T090000,20260115T173000,2\n",
        "7.csv": "办件编号,环节名称,处理人,环节开始时间,环节结束时间,状态\n"
        "A1,审核,王五,20260106T100000,20260107T100000,2\n",
        "8.csv": "办件编号,办理人,办结时间,结果描述\nA1,王五,2026010910:00:00,准予\n",
    }
    events = [
        event.type
        for name, text in tables.items()
        for answer in reading("gbt39046", text.encode("gb18030"), name=name)
        for event in taken(answer).events
    ]
    assert events == ["submitted", "accepted", "stage_started", "stage_finished", "decided"]
