"""The Hunan tables: one wide row per case, items by what joins them, pauses of several tables."""

import pytest

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.intake.formats.rows import Quarantined, Refusal
from efficiency_monitor.intake.model.statements import RowFacts

from .mapping_rows import AT, INSTANCE, LATER, field, row_of, types
from .test_csv import quarantined, taken

SUSPEND = {
    "suspend_id": "s1", "instance_code": "A1", "special_type": "听证", "start_date": AT,
    "special_timelimit": "5", "approver": "李样本", "end_date": "",
}  # fmt: skip
RESUME = {
    "resume_id": "e1", "suspend_id": "s1", "instance_code": "A1", "end_date": LATER,
    "special_result": "已听证",
}  # fmt: skip
GUIDE = {"approve_id": "u1", "approve_code": "X1", "commitment_limit": "5", "approve_limit": "10"}


def one(base: dict[str, str], **cells: str) -> RowFacts | Quarantined:
    return row_of("hunan-sp", base | cells)


@pytest.mark.parametrize("state", ["2", "4", "5", "6", "7", "8", "11"])
def test_what_is_closed_without_a_time_is_refused(state: str) -> None:
    refused = quarantined(one(INSTANCE, project_state=state, end_time=""))
    assert (refused.refusal, refused.column) == (Refusal.MISSING, "end_time")


@pytest.mark.parametrize("state", ["0", "1", "3", "9", "10", "12", "20", "24"])
def test_what_is_open_with_a_closing_time_is_refused(state: str) -> None:
    refused = quarantined(one(INSTANCE, project_state=state, end_time=LATER))
    assert refused.refusal is Refusal.CONTRADICTION


@pytest.mark.parametrize("state", ["14", "26", "40", "4,6", ""])
def test_states_are_compared_whole_and_not_by_a_part(state: str) -> None:
    """4 to 8 are closed; a system that looked for the digit took 14 and 24 for closed too."""
    refused = quarantined(one(INSTANCE, project_state=state, end_time=LATER))
    assert refused.refusal in (Refusal.UNKNOWN_CODE, Refusal.MISSING)
    assert refused.column == "project_state"


def test_a_wide_row() -> None:
    facts = taken(
        one(
            INSTANCE, project_state="6", end_time=LATER, accept_name="张示例", end_name="王样本",
            approve_code="X1", org_name="示例局", instance_source="6",
        )
    )  # fmt: skip
    assert [(event.type, event.actor) for event in facts.events] == [
        ("submitted", None), ("accepted", "张示例"), ("decided", "王样本"),
    ]  # fmt: skip
    assert field("item_code")(facts) == "u1"
    assert field("事项编码")(facts) == "X1"
    assert field("channel")(facts) == "own_system"


def test_a_refused_case_was_not_accepted() -> None:
    answer = one(INSTANCE, project_state="2", end_time=LATER, notaccept_reason="不属职权")
    facts = taken(answer)
    assert types(facts) == ["submitted", "refused"]
    assert facts.events[-1].reason == "不属职权"
    assert facts.events[-1].attributes == {"不予受理原因": "不属职权"}


def test_a_request_to_complete_stands_with_its_reason() -> None:
    answer = one(INSTANCE, correction_time=AT, accept_time="", notaccept_reason="缺执照")
    event = taken(answer).events[-1]
    assert (event.type, event.reason) == ("correction_requested", "缺执照")


def test_a_draft_is_no_application() -> None:
    assert types(taken(one(INSTANCE, project_state="0", accept_time=""))) == []


def test_own_limits_are_working_days_unless_they_say_otherwise() -> None:
    facts = taken(one(INSTANCE, promises_limit="5", time_limit="15自然日"))
    assert field("promised_limit")(facts) == "5 working_days"
    assert field("statutory_limit")(facts) == "15 calendar_days"


def test_an_item_is_known_by_what_joins_it_and_not_by_a_code_that_places_share() -> None:
    here, there = taken(one(GUIDE)), taken(one(GUIDE, approve_id="u2", commitment_limit="7.5"))
    assert here.item is not None
    assert there.item is not None
    assert (here.item.item_code, there.item.item_code) == ("u1", "u2")
    assert here.item.fields["promised_limit"] == "5 working_days"
    assert there.item.fields["promised_limit"] == "7.5 working_days"
    assert here.item.fields["事项编码"] == there.item.fields["事项编码"] == "X1"


def test_a_pause_with_the_days_applied_for_and_its_end_from_either_table() -> None:
    (pause,) = taken(one(SUSPEND)).events
    assert (pause.type, pause.kind, pause.amount) == ("suspended", "hearing", "5 working_days")
    assert (pause.actor, pause.attributes) == (None, {"approver": "李样本"})
    assert types(taken(one(SUSPEND, end_date=LATER))) == ["suspended", "resumed"]
    (end,) = taken(one(RESUME)).events
    assert (end.type, end.kind, end.reason) == ("resumed", "@suspended", "已听证")
    (end,) = taken(one(RESUME, special_type="听证")).events
    assert end.kind == "hearing"
    refused = quarantined(one(SUSPEND, end_date="2024-03-01 09:00:00"))
    assert refused.refusal is Refusal.CONTRADICTION


@pytest.mark.parametrize("base", [SUSPEND, RESUME])
def test_a_pause_that_names_no_case_is_told_what_it_lacks(base: dict[str, str]) -> None:
    """The database joins by instance_id; an export must bring the number of the case."""
    cells = {("instance_id" if name == "instance_code" else name): x for name, x in base.items()}
    with pytest.raises(ConfigurationError, match="instance_code"):
        row_of("hunan-sp", cells)
