"""up_pro_*: rows that change, ends that may not be empty, codes that nobody has published."""

from datetime import datetime

import pytest

from efficiency_monitor.intake.formats.rows import Quarantined, Refusal
from efficiency_monitor.intake.model.statements import RowFacts

from .mapping_rows import (
    ACCEPT,
    AT,
    CD,
    ITEM,
    LATER,
    RESULT,
    SPECIAL,
    STEP,
    field,
    row_of,
    types,
)
from .test_csv import quarantined, taken


def one(base: dict[str, str], **cells: str) -> RowFacts | Quarantined:
    return row_of("up-pro", base | cells)


def instant(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


CAMEL = {
    "RowGuid": "r1", "ProjectNo": "A1", "TaskCode": "T1", "ApplyDate": AT, "AcceptDate": AT,
    "Cd_operation": "I", "Cd_time": AT, "OrgName": "示例局", "HandleUserName": "张示例",
}  # fmt: skip


def test_an_older_release_writes_the_names_without_underscores() -> None:
    facts = taken(row_of("up-pro", CAMEL))
    assert types(facts) == ["submitted", "accepted"]
    assert field("department")(facts) == "示例局"
    assert facts.events[1].actor == "张示例"


def test_both_spellings_of_the_special_procedures_have_the_same_columns() -> None:
    """A table is known by its columns: `up_pro_specialprocedure` needs no word of its own."""
    assert types(taken(one(SPECIAL))) == ["suspended", "resumed"]


@pytest.mark.parametrize("base", [ACCEPT, STEP, SPECIAL, RESULT])
def test_the_time_of_synchronisation_is_when_the_fact_was_stored(base: dict[str, str]) -> None:
    facts = taken(one(base))
    stored = {event.recorded_at for event in facts.events}
    assert stored == {instant("2024-03-20T18:00:00+08:00")}
    assert facts.version == "2024-03-20T10:00:00.000000000Z"


@pytest.mark.parametrize("base", [ACCEPT, STEP, SPECIAL, RESULT, ITEM])
def test_a_row_without_its_time_of_synchronisation_is_refused(base: dict[str, str]) -> None:
    refused = quarantined(one(base, cd_time=""))
    assert (refused.refusal, refused.column) == (Refusal.MISSING, "cd_time")


@pytest.mark.parametrize("base", [ACCEPT, STEP, SPECIAL, RESULT, ITEM])
def test_of_a_deleted_row_nothing_is_asked_but_which_it_is(base: dict[str, str]) -> None:
    keys = ("row_guid", "project_no", "task_code", "task_version", "cd_time")
    emptied = {name: text if name in keys else "" for name, text in base.items()}
    facts = taken(one(emptied, cd_operation="D"))
    assert facts.deleted
    assert facts.events == ()


def test_an_update_that_empties_the_promise_takes_it_back() -> None:
    assert field("promised_due")(taken(one(ACCEPT, promise_date="2024-03-11 17:00:00"))) == (
        "2024-03-11T09:00:00Z"
    )
    case = taken(one(ACCEPT, promise_date="", cd_operation="U")).case
    assert case is not None
    assert "promised_due" not in case.fields
    assert "promised_due" in case.blank


@pytest.mark.parametrize(
    ("written", "promised"),
    [
        # A date column: as its first second the promise would be broken on the last lawful day.
        ("2024-03-15 00:00:00", "2024-03-15"),
        ("2024-03-14T16:00:00Z", "2024-03-15"),
        ("2024-03-15", "2024-03-15"),
        ("2024-03-15 00:00:01", "2024-03-14T16:00:01Z"),
        ("2024-03-15T00:00:00Z", "2024-03-15T00:00:00Z"),
    ],
)
def test_a_promise_at_midnight_is_a_day(written: str, promised: str) -> None:
    assert field("promised_due")(taken(one(ACCEPT, promise_date=written))) == promised


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("通过", ["stage_started", "stage_finished"]),
        ("退回", ["stage_started", "stage_finished"]),
        ("其他", None),
    ],
)
def test_a_step_of_no_length_is_done_only_if_its_action_ends_a_step(
    action: str, expected: list[str] | None
) -> None:
    answer = one(STEP, event_end_time=AT, event_name=action)
    if expected is None:
        assert quarantined(answer).refusal is Refusal.CONTRADICTION
    else:
        assert types(taken(answer)) == expected


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"end_time": AT, "result": ""}, None),
        ({"end_time": AT, "result": "已听证"}, ["suspended", "resumed"]),
        ({"end_time": "2024-03-01 09:00:00"}, None),
        # An extension has no open end: there is nothing that could be left open.
        ({"end_time": AT, "special_type": "1"}, ["extended"]),
    ],
)
def test_a_special_procedure_of_no_length(
    cells: dict[str, str], expected: list[str] | None
) -> None:
    answer = one(SPECIAL, **cells)
    if expected is None:
        assert quarantined(answer).refusal is Refusal.CONTRADICTION
    else:
        assert types(taken(answer)) == expected


@pytest.mark.parametrize(
    ("base", "column"),
    [
        (STEP, "event_end_time"),
        (STEP, "event_name"),
        (SPECIAL, "end_time"),
        (RESULT, "result_type"),
        (RESULT, "result_date"),
        (ACCEPT, "accept_date"),
        (ACCEPT, "apply_date"),
    ],
)
def test_what_may_not_be_null_there_may_not_be_empty_here(
    base: dict[str, str], column: str
) -> None:
    refused = quarantined(one(base, **{column: ""}))
    assert (refused.refusal, refused.column) == (Refusal.MISSING, column)


@pytest.mark.parametrize(
    ("base", "column", "refusal"),
    [
        (STEP, "event_name", Refusal.UNKNOWN_CODE),
        (RESULT, "result_type", Refusal.UNKNOWN_CODE),
        (ITEM, "promise_type", Refusal.UNKNOWN_UNIT),
        (ITEM, "anticipate_type", Refusal.UNKNOWN_UNIT),
    ],
)
@pytest.mark.parametrize("code", ["01", "1", "99"])
def test_codes_that_nobody_has_published_are_not_guessed(
    base: dict[str, str], column: str, refusal: Refusal, code: str
) -> None:
    assert quarantined(one(base, **{column: code})).refusal is refusal


def test_the_versions_of_an_item() -> None:
    facts = taken(one(ITEM, project_type="2", dept_name="示例局"))
    assert facts.item is not None
    assert (facts.item.item_code, facts.item.item_version) == ("T1", "1")
    assert facts.item.fields == {
        "item_kind": "promised",
        "department": "示例局",
        "promised_limit": "5 working_days",
        "statutory_limit": "20 working_days",
    }
    assert field("item_version")(taken(one(ACCEPT, task_version="3"))) == "3"


def test_numbers_of_persons_are_left_unread() -> None:
    number = "110101199003074610"
    assert taken(one(ACCEPT, applyer_page_code=number, contact_mobile="13800000000"))
    refused = quarantined(one(ACCEPT, project_name=f"申请人 {number}"))
    assert refused.refusal is Refusal.ID_NUMBER
    assert number not in str(refused)


def test_material_says_nothing_and_is_not_taken_for_another_table() -> None:
    material = {
        "project_no": "A1",
        "material_name": "申请表",
        "get_type": "1",
        "get_num": "1",
        **CD,
    }
    with pytest.raises(Exception, match="lacks"):
        row_of("up-pro", material)


def test_late_times_stand_in_the_row_as_they_are() -> None:
    suspended, resumed = taken(one(SPECIAL)).events
    assert (suspended.kind, resumed.kind) == ("hearing", "hearing")
    assert resumed.occurred_at == instant(f"{LATER}+08:00")
