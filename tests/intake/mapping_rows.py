"""Rows of the shipped mappings that say the least they must, and what can be seen of one."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from efficiency_monitor.intake.formats.rows import Quarantined, Row
from efficiency_monitor.intake.mapping.facts import apply
from efficiency_monitor.intake.model.statements import RowFacts

from .conftest import context, shipped

Observe = Callable[[RowFacts], Any]


def row_of(mapping: str, cells: Mapping[str, str]) -> RowFacts | Quarantined:
    """What a row with these cells says by a shipped mapping."""
    row = Row(file="x.csv", sheet=None, number=2, cells=dict(cells))
    (answer,) = apply(shipped(mapping), [row], context())
    return answer


def types(facts: RowFacts) -> list[str]:
    return [event.type for event in facts.events]


def field(name: str) -> Observe:
    """A field of the case, or of the item, that the row speaks of."""

    def observe(facts: RowFacts) -> str | None:
        stated = facts.item or facts.case
        assert stated is not None
        return stated.fields.get(name)

    return observe


def of_event(part: str) -> Observe:
    """A part of the row's last event."""
    return lambda facts: {**facts.events[-1].attributes, **asdict(facts.events[-1])}.get(part)


AT = "2024-03-04 10:00:00"
LATER = "2024-03-12 16:00:00"
CD = {"row_guid": "r1", "cd_operation": "I", "cd_time": "2024-03-20 18:00:00"}
ACCEPT = {
    "project_no": "A1", "task_code": "T1", "apply_date": AT, "accept_date": AT, **CD
}  # fmt: skip
ITEM = {
    "task_code": "T1", "task_version": "1", "anticipate_day": "20", "anticipate_type": "工作日",
    "promise_day": "5", "promise_type": "工作日", **CD,
}  # fmt: skip
STEP = {
    "project_no": "A1", "process_name": "审核", "event_start_time": AT, "event_end_time": LATER,
    "event_name": "通过", **CD,
}  # fmt: skip
SPECIAL = {
    "project_no": "A1", "special_type": "2", "special_name": "听证", "special_time": AT,
    "end_time": LATER, **CD,
}  # fmt: skip
RESULT = {"project_no": "A1", "result_date": AT, "result_type": "办结", **CD}
MESSAGE = {"SBLSH": "A1", "SXBM": "S1", "XZQHDM": "430300", "SJBBH": "1"}
BLOCK = {"XH": "1", "TBCXZL": "B", "TBCXKSRQ": AT, "TBCXSX": "10", "TBCXSXDW": "G"}
STATE = {"SPSXSLBM": "A1", "BLZT": "1", "BLSJ": AT, "SJYXBS": "1"}
CASE = {"SPSXSLBM": "A1", "SPSXBM": "S1", "SJYXBS": "1", "SXBLSX": "5"}
TBCX = {"SPSXSLBM": "A1", "TBCX": "5", "TBCXMC": "专家评审", "TBCXKSSJ": AT, "TBCXSXLX": "1",
        "TBCXSX": "10", "SJYXBS": "1"}  # fmt: skip
INSTANCE = {
    "instance_code": "A1", "approve_id": "u1", "project_state": "1", "submit_time": AT,
    "accept_time": AT, "end_time": "",
}  # fmt: skip
ENDED = {**INSTANCE, "accept_time": "", "submit_time": "", "end_time": LATER}
APPLIED = {"办件编号": "A1", "申请时间": AT}
GB_STEP = {"办件编号": "A1", "环节名称": "审核", "环节开始时间": AT, "环节结束时间": ""}
GB_SPECIAL = {"办件编号": "A1", "种类代码": "2", "开始时间": AT, "结束时间": LATER}
