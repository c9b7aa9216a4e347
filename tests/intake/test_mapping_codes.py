"""Every code and every unit of every shipped mapping means what its source means by it.

What is expected stands here by hand; a code that is added to a mapping and not to this table
fails, and so does a code that nobody knows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from efficiency_monitor.intake.formats.rows import Quarantined, Refusal
from efficiency_monitor.intake.mapping.mapping_files import mapping_names
from efficiency_monitor.intake.model.statements import RowFacts

from .conftest import ROOT, shipped
from .mapping_rows import (
    ACCEPT,
    APPLIED,
    AT,
    BLOCK,
    CASE,
    ENDED,
    GB_SPECIAL,
    GB_STEP,
    INSTANCE,
    ITEM,
    LATER,
    MESSAGE,
    RESULT,
    SPECIAL,
    STATE,
    STEP,
    TBCX,
    Observe,
    field,
    of_event,
    row_of,
    types,
)
from .test_csv import quarantined, taken

NAMES = mapping_names(ROOT / "rules/mappings")


@dataclass(frozen=True)
class Probe:
    """A row into whose `column` each code is written, and what must come of it."""

    mapping: str
    codes: str
    base: Mapping[str, str]
    column: str
    observe: Observe
    expected: Mapping[str, Any]
    #: What an unknown code leads to: refused, or kept as it is.
    unknown: Refusal | None = Refusal.UNKNOWN_CODE


KINDS = {
    "1": "instant",
    "即办件": "instant",
    "2": "promised",
    "承诺件": "promised",
    "9": None,
    "其他": None,
}
SPECIALS = {
    "1": ["extended"],
    "延长审批": ["extended"],
    "2": ["suspended", "resumed"],
    "其他": ["suspended", "resumed"],
}
STATES = {
    "1": ["submitted"],
    "2": ["withdrawn"],
    "3": ["accepted"],
    "4": ["refused"],
    "5": ["refused"],
    "6": ["correction_requested"],
    "7": ["correction_received"],
    "8": ["accepted"],
    "9": ["suspended"],
    "10": ["resumed"],
    "11": ["decided"],
    "12": ["decided"],
    "13": ["decided"],
    "14": ["withdrawn"],
    "15": ["voided"],
}
NO_LIMIT = {"0": None, "3": "3 working_days"}

PROBES = (
    Probe(
        "canonical", "item_kind", {"case_no": "A1"}, "item_kind", field("item_kind"),
        {
            "instant": "instant", "即办件": "instant", "promised": "promised",
            "承诺件": "promised", "forwarded": "forwarded", "上报件": "forwarded",
            "转报件": "forwarded", "joint": "joint", "联办件": "joint",
        },
    ),
    Probe("gbt39046", "item_kind", APPLIED, "办件类型代码", field("item_kind"), KINDS),
    Probe(
        "gbt39046", "item_kind", {"办件编号": "A1", "受理时间": AT}, "办件类型代码",
        field("item_kind"), KINDS,
    ),
    Probe(
        "gbt39046", "channel", APPLIED, "申报来源代码", field("channel"),
        {
            "1": "window", "窗口": "window", "2": "pc", "电脑端": "pc", "3": "mobile",
            "移动端": "mobile", "4": "post", "快递": "post", "9": "other", "其他": "other",
        },
    ),
    Probe("gbt39046", "special_procedure", GB_SPECIAL, "种类代码", types, SPECIALS),
    Probe(
        "gbt39046", "step_state", {**GB_STEP, "环节结束时间": AT}, "状态", types,
        {
            "1": ["stage_started"], "待办": ["stage_started"],
            "2": ["stage_started", "stage_finished"], "已办": ["stage_started", "stage_finished"],
        },
    ),
    Probe(
        "up-pro", "operation", ACCEPT, "cd_operation", lambda facts: (facts.deleted, types(facts)),
        {
            "I": (False, ["submitted", "accepted"]), "U": (False, ["submitted", "accepted"]),
            "D": (True, []),
        },
    ),
    Probe("up-pro", "item_kind", ACCEPT, "project_type", field("item_kind"), KINDS),
    Probe("up-pro", "item_kind", ITEM, "project_type", field("item_kind"), KINDS),
    Probe("up-pro", "special_procedure", SPECIAL, "special_type", types, SPECIALS),
    Probe(
        "up-pro", "step_action", STEP, "event_name", of_event("业务动作"),
        {"通过": "passed", "退回": "returned", "其他": "other"},
    ),
    Probe(
        "up-pro", "result", RESULT, "result_type", types,
        {
            "办结": ["decided"], "出证办结": ["decided"], "准予许可": ["decided"],
            "不予许可": ["decided"], "转报办结": ["decided"], "退回办结": ["returned"],
            "作废办结": ["voided"],
        },
    ),
    Probe("up-pro", "no_limit", ITEM, "promise_day", field("promised_limit"), NO_LIMIT, None),
    Probe("up-pro", "no_limit", ITEM, "anticipate_day", field("statutory_limit"), NO_LIMIT, None),
    Probe(
        "ten-message", "pre_acceptance", {**MESSAGE, "YSLSJ": AT}, "YSLZTDM", types,
        {"1": ["pre_accepted"], "2": ["refused"], "3": ["correction_requested"]},
    ),
    Probe(
        "ten-message", "acceptance", {**MESSAGE, "SLSJ": AT}, "SLZTDM", types,
        {"1": ["accepted"], "2": ["refused"]},
    ),
    Probe(
        "ten-message", "step", {**MESSAGE, "SPSJ": AT, "SPBZH": "1"}, "SPHJDM", of_event("stage"),
        {"1": "承办", "2": "审核", "3": "批准"},
    ),
    Probe(
        "ten-message", "result", {**MESSAGE, "BJSJ": AT}, "BJJGDM", types,
        {
            "0": ["decided"], "1": ["returned"], "2": ["voided"], "3": ["voided"],
            "4": ["decided"], "5": ["returned"], "6": ["decided"],
        },
    ),
    Probe(
        "ten-message", "special_procedure", {**MESSAGE, **BLOCK}, "TBCXZL", types,
        {"A": ["extended"], "B": ["suspended"]},
    ),
    Probe(
        "ten-message", "no_limit",
        {**MESSAGE, "SLSJ": AT, "SLZTDM": "1", "GDBLSXDDW": "G"}, "GDBLSX",
        field("promised_limit"), NO_LIMIT, None,
    ),
    Probe(
        "ten-message", "no_limit", {**MESSAGE, **BLOCK}, "TBCXSX", of_event("amount"), NO_LIMIT,
        None,
    ),
    Probe("gongcheng-jianshe", "state", STATE, "BLZT", types, STATES),
    Probe("gongcheng-jianshe", "state", {**CASE, "BLSJ": AT}, "BLZT", types, STATES),
    Probe(
        "gongcheng-jianshe", "validity", CASE, "SJYXBS",
        lambda facts: (facts.deleted, field("promised_limit")(facts)),
        {"0": (True, None), "1": (False, "5 working_days")},
    ),
    Probe(
        "gongcheng-jianshe", "validity", STATE, "SJYXBS",
        lambda facts: (facts.deleted, types(facts)),
        {"0": (True, []), "1": (False, ["submitted"])},
    ),
    Probe(
        "gongcheng-jianshe", "validity", TBCX, "SJYXBS",
        lambda facts: (facts.deleted, types(facts)),
        {"0": (True, []), "1": (False, ["suspended"])},
    ),
    Probe(
        "gongcheng-jianshe", "validity",
        {**CASE, "BLZT": "11", "BLSJ": LATER, "SJSJ": AT, "SLSJ": AT}, "SJYXBS", types,
        {"0": [], "1": ["submitted", "accepted", "decided"]},
    ),
    Probe(
        "gongcheng-jianshe", "no_limit", CASE, "SXBLSX", field("promised_limit"), NO_LIMIT, None
    ),
    Probe(
        "gongcheng-jianshe", "no_limit", TBCX, "TBCXSX", of_event("amount"), NO_LIMIT, None
    ),
    # What is closed has a closing time; what is open has none.
    Probe(
        "hunan-sp", "closing", ENDED, "project_state", types,
        {
            "2": ["refused"], "4": ["decided"], "5": ["decided"], "6": ["decided"],
            "7": ["voided"], "8": ["returned"], "11": ["returned"],
        },
    ),
    Probe(
        "hunan-sp", "closing", INSTANCE, "project_state", types,
        {
            "0": ["accepted"],
            **{
                code: ["submitted", "accepted"]
                for code in ("1", "3", "9", "10", "12", "20", "21", "22", "23", "24")
            },
        },
    ),
    Probe(
        "hunan-sp", "channel", INSTANCE, "instance_source", field("channel"),
        {
            "1": "window", "2": "pc", "3": "kiosk", "4": "mobile", "5": "mobile",
            "6": "own_system",
        },
    ),
    *(
        Probe("hunan-sp", "no_limit", base, column, field(name), NO_LIMIT, None)
        for base, column, name in (
            (INSTANCE, "promises_limit", "promised_limit"),
            (INSTANCE, "time_limit", "statutory_limit"),
            (
                {"approve_id": "u1", "commitment_limit": "5", "approve_limit": "10"},
                "commitment_limit", "promised_limit",
            ),
            (
                {"approve_id": "u1", "commitment_limit": "5", "approve_limit": "10"},
                "approve_limit", "statutory_limit",
            ),
        )
    ),
    Probe(
        "hunan-sp", "no_limit",
        {"instance_code": "A1", "special_type": "听证", "start_date": AT}, "special_timelimit",
        of_event("amount"), NO_LIMIT, None,
    ),
)  # fmt: skip
EACH = [(probe, code) for probe in PROBES for code in probe.expected]


def of(probe: Probe, code: str) -> RowFacts | Quarantined:
    return row_of(probe.mapping, {**probe.base, probe.column: code})


@pytest.mark.parametrize("name", NAMES)
def test_every_code_is_expected_to_mean_something(name: str) -> None:
    expected: dict[str, set[str]] = {}
    for probe in PROBES:
        if probe.mapping == name:
            # A number that is no code is there to show that it is kept.
            kept = set(probe.expected) if probe.unknown else set(probe.expected) & {"0"}
            expected.setdefault(probe.codes, set()).update(kept)
    assert {table: set(codes) for table, codes in shipped(name).codes.items()} == expected


@pytest.mark.parametrize(
    ("probe", "code"), EACH, ids=[f"{p.mapping}-{p.column}-{code}" for p, code in EACH]
)
def test_a_code_means_what_its_source_means(probe: Probe, code: str) -> None:
    assert probe.observe(taken(of(probe, code))) == probe.expected[code]


REFUSING = [probe for probe in PROBES if probe.unknown is not None]


@pytest.mark.parametrize("code", ["77", "００", "x", "其它"])
@pytest.mark.parametrize(
    "probe", REFUSING, ids=[f"{probe.mapping}-{probe.column}" for probe in REFUSING]
)
def test_an_unknown_code_is_quarantined_with_its_place(probe: Probe, code: str) -> None:
    refused = quarantined(of(probe, code))
    assert (refused.refusal, refused.column, refused.value) == (probe.unknown, probe.column, code)
    assert refused.retryable


UNITS = {
    "canonical": {
        "工作日": "working_days", "个工作日": "working_days", "工作小时": "working_hours",
        "个工作小时": "working_hours", "工作分钟": "working_minutes", "自然日": "calendar_days",
        "个自然日": "calendar_days", "日历日": "calendar_days", "小时": "calendar_hours",
        "个小时": "calendar_hours", "分钟": "calendar_minutes", "个月": "calendar_months",
        "月": "calendar_months",
    },
    "gbt39046": {
        "工作日": "working_days", "个工作日": "working_days", "工作天": "working_days",
        "自然日": "calendar_days", "个自然日": "calendar_days", "日历日": "calendar_days",
        "日": "calendar_days", "天": "calendar_days", "工作小时": "working_hours",
        "个工作小时": "working_hours", "小时": "calendar_hours", "个小时": "calendar_hours",
        "时": "calendar_hours", "分钟": "calendar_minutes", "月": "calendar_months",
        "个月": "calendar_months",
    },
    "up-pro": {
        "工作日": "working_days", "个工作日": "working_days", "自然日": "calendar_days",
        "日": "calendar_days", "天": "calendar_days", "小时": "calendar_hours",
        "月": "calendar_months",
    },
    "ten-message": {
        "G": "working_days", "Z": "calendar_days", "工作日": "working_days",
        "自然日": "calendar_days",
    },
    "gongcheng-jianshe": {
        "1": "working_days", "工作日": "working_days", "自然日": "calendar_days",
    },
    "hunan-sp": {
        "工作日": "working_days", "个工作日": "working_days", "自然日": "calendar_days",
    },
}  # fmt: skip


def limited(name: str, unit: str) -> tuple[dict[str, str], Observe]:
    """A row with a limit of 3 in that unit, and where the limit is to be found."""
    promised = field("promised_limit")
    return {
        "canonical": ({"case_no": "A1", "promised_limit": f"3{unit}"}, promised),
        "gbt39046": ({**APPLIED, "承诺办结时限": "3", "承诺办结时限单位": unit}, promised),
        "up-pro": ({**ITEM, "promise_day": "3", "promise_type": unit}, promised),
        "ten-message": (
            {**MESSAGE, "SLSJ": AT, "SLZTDM": "1", "GDBLSX": "3", "GDBLSXDDW": unit},
            promised,
        ),
        "gongcheng-jianshe": ({**TBCX, "TBCXSX": "3", "TBCXSXLX": unit}, of_event("amount")),
        "hunan-sp": ({**INSTANCE, "promises_limit": f"3{unit}"}, promised),
    }[name]


def test_every_unit_is_expected_to_mean_something() -> None:
    found = {name: {u: str(v) for u, v in shipped(name).units.items()} for name in NAMES}
    assert found == UNITS | {"usda-foia": {}}


@pytest.mark.parametrize(
    ("name", "unit"), [(name, unit) for name, units in UNITS.items() for unit in units]
)
def test_a_unit_means_what_its_source_means(name: str, unit: str) -> None:
    cells, observe = limited(name, unit)
    assert observe(taken(row_of(name, cells))) == f"3 {UNITS[name][unit]}"


@pytest.mark.parametrize("name", UNITS)
def test_an_unknown_unit_is_quarantined(name: str) -> None:
    cells, _ = limited(name, "刻")
    assert quarantined(row_of(name, cells)).refusal is Refusal.UNKNOWN_UNIT


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("canonical", None),
        ("gbt39046", None),
        ("up-pro", None),
        ("ten-message", None),
        ("gongcheng-jianshe", None),
        ("hunan-sp", "3 working_days"),
    ],
)
def test_a_number_alone_is_a_limit_only_where_the_source_always_means_one_unit(
    name: str, bare: str | None
) -> None:
    cells, observe = limited(name, "")
    answer = row_of(name, cells)
    if bare is None:
        assert quarantined(answer).refusal is Refusal.UNKNOWN_UNIT
    else:
        assert observe(taken(answer)) == bare


def test_the_limit_of_an_engineering_approval_counts_working_days() -> None:
    assert field("promised_limit")(taken(row_of("gongcheng-jianshe", CASE))) == "5 working_days"
