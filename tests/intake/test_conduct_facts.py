"""What rules of conduct read comes from every layout that has it: fees, papers, persons, lists."""

from pathlib import Path

import pytest

from efficiency_monitor.faults import CatalogueError
from efficiency_monitor.intake.mapping.mapping_files import find_mapping
from efficiency_monitor.intake.model.statements import EventFacts, RowFacts

from .conftest import ROOT, shipped
from .mapping_rows import AT, BLOCK, LATER, MESSAGE, row_of, types
from .test_csv import taken

MAPPINGS = ROOT / "rules/mappings"
CANONICAL = {"case_no": "A1", "event": "收费", "occurred_at": AT}


def told(mapping: str, **cells: str) -> RowFacts:
    return taken(row_of(mapping, cells))


def last(mapping: str, **cells: str) -> EventFacts:
    return told(mapping, **cells).events[-1]


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("收费金额", "fee"),
        ("文书编号", "document"),
        ("批准人", "approver"),
        ("结果", "result"),
        ("材料", "materials"),
        ("补正次数", "correction_count"),
        ("fee", "fee"),
        ("approver", "approver"),
    ],
)
def test_canonical_events_say_it_in_chinese_and_english(column: str, name: str) -> None:
    assert last("canonical", **CANONICAL, **{column: "示例"}).attributes == {name: "示例"}


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("收费标准", "fee_list"),
        ("环节清单", "stage_list"),
        ("材料清单", "material_list"),
        ("补正次数", "correction_count"),
        ("stage_list", "stage_list"),
    ],
)
def test_canonical_cases_say_it_in_chinese_and_english(column: str, name: str) -> None:
    case = told("canonical", case_no="A1", **{column: "示例"}).case
    assert case is not None
    assert case.fields == {name: "示例"}


def test_a_canonical_file_of_items_lends_its_lists_and_marks() -> None:
    lists = {"收费标准": "工本费=10", "环节清单": "受理;审核", "fees": "listed"}
    item = told("canonical", 事项编码="S1", 承诺时限="5个工作日", **lists).item
    assert item is not None
    assert item.item_code == "S1"
    assert item.fields == {
        "fee_list": "工本费=10", "stage_list": "受理;审核", "fees": "listed",
        "promised_limit": "5 working_days",
    }  # fmt: skip


@pytest.mark.parametrize("more", ["case_no", "applicant", "handler", "promised_due", "event"])
def test_what_is_about_cases_is_never_a_file_of_items(more: str) -> None:
    table = shipped("canonical").table_of(
        ["item_code", "fee_list", "stage_list", more], file="x.csv", sheet=None
    )
    assert table is None or table.name != "items"


def message(**cells: str) -> RowFacts:
    return told("ten-message", **{**MESSAGE, **cells})


def test_ten_messages_bring_reasons_fees_papers_and_who_approved() -> None:
    (refused,) = message(SLSJ=AT, SLZTDM="2", BSLYY="不属职权", SLHZH="H1").events
    assert (refused.reason, refused.attributes["document"]) == ("不属职权", "H1")
    assert message(SBSJ=AT, SBCLQD="申请表").events[0].attributes == {"materials": "申请表"}
    (pause,) = message(**BLOCK, TBCXPZR="李样本").events
    assert (pause.actor, pause.attributes) == (None, {"approver": "李样本"})
    (asked,) = message(BZGZSJ=AT, BZGZYY="缺件", BZCLQD="营业执照").events
    assert (asked.reason, asked.attributes["materials"]) == ("缺件", "营业执照")
    closed = message(BJSJ=AT, BJJGDM="0", BJJGMS="准予", SFJE="12.50")
    assert types(closed) == ["decided", "fee_charged"]
    assert closed.events[0].attributes["result"] == "准予"
    assert closed.events[1].attributes == {"fee": "12.50"}
    over = message(XH="1", TBCXJSRQ=LATER, TBCXSFJE="300")
    assert (types(over), over.events[1].attributes) == (["resumed", "fee_charged"], {"fee": "300"})


@pytest.mark.parametrize("fee", ["", "0", "0.00"])
def test_no_fee_is_no_event(fee: str) -> None:
    assert types(message(BJSJ=AT, BJJGDM="0", SFJE=fee)) == ["decided"]
    assert types(message(XH="1", TBCXJSRQ=LATER, TBCXSFJE=fee)) == ["resumed"]


def test_the_other_layouts_bring_what_they_have() -> None:
    paid = told("gbt39046", 办件编号="A1", 收费金额="300", 收费时间="20240304T100000")
    assert (types(paid), paid.events[0].attributes) == (["fee_charged"], {"fee": "300"})
    accepted = last("gbt39046", 办件编号="A1", 受理时间=AT, 受理文书编号="受1")
    assert accepted.attributes == {"document": "受1"}
    decided = last("gbt39046", 办件编号="A1", 办结时间=AT, 结果描述="准予")
    assert decided.attributes["result"] == "准予"


MARKED = """
id: our-hall
title: {zh: 大厅, en: hall}
extends: gbt39046
marks: {entry_times: kept, stages: listed}
"""


def test_a_place_marks_what_its_source_keeps_in_a_file_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "our-hall.yaml"
    path.write_text(MARKED, encoding="utf-8")
    mapping = find_mapping(str(path), MAPPINGS)
    assert mapping.marks == {"entry_times": "kept", "stages": "listed"}
    path.write_text(MARKED.replace("gbt39046", "canonical"), encoding="utf-8")
    (path.parent / "above.yaml").write_text(
        "id: above\ntitle: {zh: 上, en: a}\nextends: our-hall\nmarks: {stages: unknown}\n",
        encoding="utf-8",
    )
    above = find_mapping(str(tmp_path / "above.yaml"), MAPPINGS)
    assert above.marks == {"entry_times": "kept", "stages": "unknown"}


def test_a_row_of_a_case_carries_the_marks_and_may_say_otherwise(tmp_path: Path) -> None:
    from efficiency_monitor.intake.formats.rows import Row
    from efficiency_monitor.intake.mapping.facts import apply

    from .conftest import context

    path = tmp_path / "our-hall.yaml"
    path.write_text(MARKED.replace("gbt39046", "canonical"), encoding="utf-8")
    mapping = find_mapping(str(path), MAPPINGS)

    def fields(**cells: str) -> dict[str, str]:
        row = Row(file="x.csv", sheet=None, number=2, cells=cells)
        facts = taken(next(iter(apply(mapping, [row], context()))))
        return dict(facts.case.fields) if facts.case is not None else {}

    assert fields(case_no="A1", region="430300") == {
        "region": "430300", "entry_times": "kept", "stages": "listed"
    }  # fmt: skip
    assert fields(case_no="A1", stages="none")["stages"] == "none"
    assert fields(**CANONICAL) == {}, "an event says nothing of its case"


def test_a_mark_is_no_field_of_a_case(tmp_path: Path) -> None:
    path = tmp_path / "our-hall.yaml"
    path.write_text(MARKED.replace("entry_times", "department"), encoding="utf-8")
    with pytest.raises(CatalogueError, match="marks: 'department' is a field of cases"):
        find_mapping(str(path), MAPPINGS)
