"""Engineering projects: changes of state, a current state, void rows, special procedures."""

import pytest

from efficiency_monitor.intake.formats.rows import Quarantined, Refusal
from efficiency_monitor.intake.model.statements import RowFacts

from .conftest import Store
from .mapping_rows import AT, CASE, LATER, STATE, TBCX, field, row_of, types
from .test_csv import quarantined, taken

NOW = {**CASE, "BLZT": "8", "BLSJ": AT, "SJSJ": "2024-03-01 09:00:00", "SLSJ": AT, "BJSJ": ""}


def one(base: dict[str, str], **cells: str) -> RowFacts | Quarantined:
    return row_of("gongcheng-jianshe", base | cells)


@pytest.mark.parametrize("base", [CASE, NOW, STATE, TBCX])
@pytest.mark.parametrize("mark", ["2", "", "有效"])
def test_a_row_that_is_neither_valid_nor_void_is_refused(base: dict[str, str], mark: str) -> None:
    refused = quarantined(one(base, SJYXBS=mark))
    assert refused.refusal in (Refusal.UNKNOWN_CODE, Refusal.MISSING)
    assert refused.column == "SJYXBS"


def test_the_case_has_its_item_and_its_limit() -> None:
    facts = taken(one(CASE, SPSXMC="施工许可", SPBMMC="住建局", GCDM="P1", XZQHDM="430300"))
    assert facts.case is not None
    assert facts.case.fields == {
        "item_code": "S1", "item_name": "施工许可", "department": "住建局", "region": "430300",
        "promised_limit": "5 working_days", "工程代码": "P1",
    }  # fmt: skip
    assert facts.events == ()


def test_a_change_of_state_says_who_and_why() -> None:
    (event,) = taken(
        one(STATE, BLZT="12", BLR="张示例", BLCS="审批科", DWMC="住建局", BLYJ="容缺通过")
    ).events
    assert (event.type, event.actor, event.stage, event.department, event.reason) == (
        "decided", "张示例", "审批科", "住建局", "容缺通过",
    )  # fmt: skip
    assert event.attributes == {"办理状态": "12"}


def test_rows_are_told_apart_by_their_own_number_and_not_by_the_project_key() -> None:
    def identity(**cells: str) -> str:
        return taken(one({**STATE, "DFSJZJ": "same"}, **cells)).events[0].identity

    assert identity(LSH="1") != identity(LSH="2")
    assert identity(LSH="1") == identity(LSH="1", BLSJ=LATER)
    # Without it, state and time tell.
    assert identity() != identity(BLSJ=LATER)


def test_a_void_row_takes_back_what_the_row_said() -> None:
    valid, void = taken(one(STATE, LSH="1")), taken(one(STATE, LSH="1", SJYXBS="0"))
    assert void.absent == (valid.events[0].identity,)


def test_a_void_row_and_the_row_in_its_place_in_one_feed(store: Store) -> None:
    first = one(CASE, LSH="1", SXBLSX="5")
    voided, valid = one(CASE, LSH="1", SXBLSX="5", SJYXBS="0"), one(CASE, LSH="2", SXBLSX="7")
    store.take([first])
    for feed in ([voided, valid], [valid, voided]):
        assert store.take(feed)[0].quarantined == 0
        fields = store.cases["A1"].fields
        assert fields is not None
        assert fields["promised_limit"] == "7 working_days"


def test_a_special_procedure_has_its_kind_and_its_kind_of_limit() -> None:
    (event,) = taken(one(TBCX)).events
    assert (event.type, event.kind, event.amount) == (
        "suspended", "expert_review", "10 working_days",
    )  # fmt: skip
    assert taken(one(TBCX, TBCXMC="现场勘验")).events[0].kind == "site_visit"
    assert taken(one(TBCX, TBCXMC="等待补件")).events[0].kind == "等待补件"
    assert taken(one(TBCX, TBCXMC="")).events[0].kind == "other"
    refused = quarantined(one(TBCX, TBCXSXLX="2"))
    assert (refused.refusal, refused.value) == (Refusal.UNKNOWN_UNIT, "2")


def test_state_16_is_known_only_where_it_exists() -> None:
    for base in (STATE, NOW):
        refused = quarantined(one(base, BLZT="16"))
        assert (refused.refusal, refused.column) == (Refusal.UNKNOWN_CODE, "BLZT")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({}, ["submitted", "accepted"]),
        ({"BLZT": "1", "SLSJ": ""}, ["submitted"]),
        ({"BLZT": "1", "SJSJ": "", "SLSJ": ""}, ["submitted"]),
        ({"BLZT": "3", "SLSJ": ""}, ["submitted", "accepted"]),
        ({"BLZT": "8", "SJSJ": "", "SLSJ": ""}, ["accepted"]),
        ({"BLZT": "5", "BLSJ": LATER}, ["submitted", "refused"]),
        ({"BLZT": "6", "SLSJ": ""}, ["submitted", "correction_requested"]),
        ({"BLZT": "9"}, ["submitted", "accepted", "suspended"]),
        ({"BLZT": "11", "BLSJ": LATER, "BJSJ": LATER}, ["submitted", "accepted", "decided"]),
        ({"BLZT": "15", "BLSJ": LATER}, ["submitted", "accepted", "voided"]),
    ],
)
def test_a_current_state(cells: dict[str, str], expected: list[str]) -> None:
    assert types(taken(one(NOW, **cells))) == expected


def test_a_case_is_not_closed_and_open_at_once() -> None:
    for state in ("3", "8", "9", "10", "6"):
        refused = quarantined(one(NOW, BLZT=state, BJSJ=LATER))
        assert refused.refusal is Refusal.CONTRADICTION


def test_a_state_that_comes_once_is_mended_and_one_that_comes_again_is_added() -> None:
    def last(**cells: str) -> str:
        return taken(one(NOW, **cells)).events[-1].identity

    assert last(BLZT="11", BLSJ=AT) == last(BLZT="11", BLSJ=LATER)
    assert last(BLZT="9", BLSJ=AT) != last(BLZT="9", BLSJ=LATER)
    assert last(BLZT="11", BLSJ=AT) != last(BLZT="9", BLSJ=AT)


def test_an_acceptance_that_only_the_state_tells_stands_until_its_own_time_is_known() -> None:
    told = taken(one(NOW, SLSJ=""))
    assert [event.occurred_at for event in told.events] == [
        event.occurred_at for event in taken(one(NOW)).events
    ]
    accepted = told.events[-1].identity
    # Closed later, it was accepted all the same; that SLSJ comes in says it better.
    assert accepted not in taken(one(NOW, SLSJ="", BLZT="11", BLSJ=LATER)).absent
    assert accepted in taken(one(NOW)).absent


def test_the_promised_instant_of_a_current_state() -> None:
    facts = taken(one(NOW, CNBJSJ="2024-03-11 17:00:00"))
    assert field("promised_due")(facts) == "2024-03-11T09:00:00Z"
