"""Ten messages: each known by its own columns, the highest version, a producer's known faults."""

import pytest

from efficiency_monitor.intake.formats.rows import Quarantined, Refusal
from efficiency_monitor.intake.mapping.mapping_files import find_mapping
from efficiency_monitor.intake.model.statements import RowFacts

from .conftest import ROOT, shipped
from .mapping_rows import AT, BLOCK, LATER, MESSAGE, field, row_of, types
from .test_csv import quarantined, taken

#: The least that each message carries, and what it becomes.
MESSAGES: dict[str, tuple[dict[str, str], list[str]]] = {
    "0 申办": ({"SBSJ": AT}, ["submitted"]),
    "1 预受理": ({"YSLSJ": AT, "YSLZTDM": "1"}, ["pre_accepted"]),
    "2 受理": ({"SLSJ": AT, "SLZTDM": "1"}, ["accepted"]),
    "3 审批": ({"SPSJ": AT, "SPHJDM": "2", "SPBZH": "1"}, ["stage_finished"]),
    "4 办结": ({"BJSJ": AT, "BJJGDM": "0"}, ["decided"]),
    "5 特别程序申请": (BLOCK, ["suspended"]),
    "6 特别程序结果": ({"XH": "1", "TBCXJSRQ": LATER}, ["resumed"]),
    "7 补交告知": ({"BZGZSJ": AT}, ["correction_requested"]),
    "8 补交受理": ({"BZSJ": AT}, ["correction_received"]),
    "9 领取登记": ({"LQSJ": AT}, ["delivered"]),
}


def one(message: str, **cells: str) -> RowFacts | Quarantined:
    return row_of("ten-message", {**MESSAGE, **MESSAGES[message][0], **cells})


def test_there_are_ten() -> None:
    assert [table.name for table in shipped("ten-message").tables] == list(MESSAGES)


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_is_known_by_its_own_columns(message: str) -> None:
    table = shipped("ten-message").table_of(
        [*MESSAGE, *MESSAGES[message][0]], file="data.csv", sheet=None
    )
    assert table is not None
    assert table.name == message
    facts = taken(one(message))
    assert (types(facts), facts.case_no, facts.version) == (MESSAGES[message][1], "A1", "1")


@pytest.mark.parametrize("column", ["SXBM", "XZQHDM", "SJBBH", "SBLSH"])
@pytest.mark.parametrize("message", MESSAGES)
def test_what_all_messages_carry_may_be_empty_in_none(message: str, column: str) -> None:
    """A known producer leaves the region of message 6 empty."""
    refused = quarantined(one(message, **{column: ""}))
    assert (refused.refusal, refused.column) == (Refusal.MISSING, column)


@pytest.mark.parametrize("version", ["1.5", "v2", "-1"])
def test_a_version_is_a_whole_number(version: str) -> None:
    refused = quarantined(one("4 办结", SJBBH=version))
    assert (refused.refusal, refused.column) == (Refusal.BAD_VERSION, "SJBBH")


def test_a_kind_by_its_name_is_an_unknown_code() -> None:
    refused = quarantined(one("5 特别程序申请", TBCXZL="听证"))
    assert (refused.refusal, refused.column) == (Refusal.UNKNOWN_CODE, "TBCXZL")


@pytest.mark.parametrize(
    ("approver", "name"),
    [
        ("13800000000", False),
        ("0731-82345678", False),
        ("李样本 13800000000", False),
        ("李样本", True),
        ("李样本3", True),
        ("", True),
    ],
)
def test_an_approver_is_a_name_and_no_number(approver: str, name: bool) -> None:
    """A card names people: a number in the place of a name would name nobody."""
    answer = one("5 特别程序申请", TBCXPZR=approver)
    if name:
        (event,) = taken(answer).events
        assert event.attributes.get("approver") == (approver or None)
        assert event.actor is None, "who approved it is not who asked for it"
    else:
        assert quarantined(answer).refusal is Refusal.CONTRADICTION


def test_an_extension_and_a_pause_with_their_lengths() -> None:
    pause = taken(one("5 特别程序申请", TBCXZLMC="专家评审", TBCXQDLYHYJ="复杂")).events[0]
    assert (pause.type, pause.kind, pause.amount, pause.reason) == (
        "suspended", "expert_review", "10 working_days", "复杂",
    )  # fmt: skip
    longer = taken(one("5 特别程序申请", TBCXZL="A", TBCXSX="5", TBCXSXDW="Z")).events[0]
    assert (longer.type, longer.amount) == ("extended", "5 calendar_days")


def test_the_limit_of_the_receipt_is_the_promise() -> None:
    facts = taken(one("2 受理", GDBLSX="7", GDBLSXDDW="G"))
    assert field("promised_limit")(facts) == "7 working_days"
    assert field("statutory_limit")(facts) is None


def identities(message: str, **cells: str) -> set[str]:
    return {event.identity for event in taken(one(message, **cells)).events}


@pytest.mark.parametrize(
    ("message", "time"),
    [
        ("1 预受理", "YSLSJ"),
        ("7 补交告知", "BZGZSJ"),
        ("8 补交受理", "BZSJ"),
    ],
)
def test_a_second_notice_is_not_a_correction_of_the_first(message: str, time: str) -> None:
    assert identities(message) != identities(message, **{time: LATER})
    assert identities(message) == identities(message, SJBBH="2", BZ="改正")


@pytest.mark.parametrize(
    ("message", "time"),
    [("0 申办", "SBSJ"), ("2 受理", "SLSJ"), ("4 办结", "BJSJ"), ("9 领取登记", "LQSJ")],
)
def test_a_case_is_accepted_and_closed_once(message: str, time: str) -> None:
    assert identities(message) == identities(message, **{time: LATER})


def test_a_pre_acceptance_is_no_acceptance() -> None:
    passed = taken(one("1 预受理", BLRXM="张示例")).events[0]
    assert (passed.type, passed.stage, passed.actor) == ("pre_accepted", "预受理", "张示例")
    asked = taken(one("1 预受理", YSLZTDM="3", BJBZSM="缺执照")).events[0]
    assert (asked.type, asked.attributes) == ("correction_requested", {"补交补正说明": "缺执照"})


def test_the_state_of_a_step_stays_as_its_producer_writes_it() -> None:
    assert taken(one("3 审批", SPHJZTDM="7")).events[0].attributes["审批环节状态代码"] == "7"
    # 无 is how some producers leave a cell empty.
    assert "审批环节状态代码" not in taken(one("3 审批", SPHJZTDM="无")).events[0].attributes


def test_a_city_changes_single_codes_and_keeps_the_rest() -> None:
    city = find_mapping(
        str(ROOT / "tests/data/mappings/ten-message/city.yaml"), ROOT / "rules/mappings"
    )
    known = shipped("ten-message").codes["result"]
    assert city.codes["result"] == known | {
        "10": "decided",
        "09": "voided",
        "13": "returned",
        "07": "refused",
    }
    assert city.tables == shipped("ten-message").tables
