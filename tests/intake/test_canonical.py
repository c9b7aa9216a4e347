"""effmon's own layout: words in two languages, and every cell that must not be guessed at."""

from datetime import UTC, datetime

import pytest

from efficiency_monitor.faults import CatalogueError, ConfigurationError
from efficiency_monitor.intake.formats.rows import Quarantined, Refusal, Row
from efficiency_monitor.intake.mapping.cells import Context
from efficiency_monitor.intake.mapping.facts import apply
from efficiency_monitor.intake.mapping.mapping import load_mapping
from efficiency_monitor.intake.model.decide import RowFacts
from efficiency_monitor.rules.vocabulary import Vocabulary
from efficiency_monitor.terms import Precision

from .conftest import VOCABULARY, ZONES, Reading, context, shipped
from .test_csv import quarantined, taken

FULL = {
    "case_no": "A1", "item_code": "S1", "item_name": "许可", "item_kind": "承诺件",
    "region": "430300",
    "department": "住建局", "handler": "张三", "reviewer": "李四", "approver": "王五",
    "applicant": "赵六",
    "channel": "窗口", "promised_limit": "7个工作日", "statutory_limit": "20 working_days",
    "promised_due": "2026-01-20 17:30", "statutory_due": "2026-02-03", "calendar": "us-federal",
}  # fmt: skip


def csv(*rows: dict[str, str]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return "\n".join(
        [",".join(names), *(",".join(row.get(name, "") for name in names) for row in rows), ""]
    )


def one(mapping: str, **cells: str) -> RowFacts | Quarantined:
    row = Row(file="x.csv", sheet=None, number=2, cells=cells)
    (answer,) = apply(shipped(mapping), [row], context(A9="us-federal"))
    return answer


def event(**cells: str) -> RowFacts | Quarantined:
    return one(
        "canonical",
        **{"case_no": "A1", "event": "accepted", "occurred_at": "2026-01-06 10:00"} | cells,
    )


def case(**cells: str) -> RowFacts | Quarantined:
    return one("canonical", case_no="A1", **cells)


def instant(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def test_every_column_of_a_case(reading: Reading) -> None:
    facts = taken(reading("canonical", csv(FULL | {"projekt": "P1", "empty": ""}))[0]).case
    assert facts is not None
    # Times are read in the zone of the row's own calendar and kept in UTC.
    assert facts.fields == {name: value for name, value in FULL.items() if name != "case_no"} | {
        "item_kind": "promised",
        "promised_limit": "7 working_days",
        "promised_due": "2026-01-20T22:30:00Z",
        "projekt": "P1",
    }
    assert facts.blank == {"empty"}


def test_every_column_of_an_event() -> None:
    facts = taken(
        event(
            event="特别程序开始", occurred_at="2026-01-06T10:00:00+08:00",
            recorded_at="2026-01-07 08:00",
            stage="审核", actor="张三", department="住建局", kind="听证", amount="10 working_days",
            due_at="2026-02-01", reason="申请人要求", source_key="k1", extra="x",
        )
    ).events[0]  # fmt: skip
    assert (facts.type, facts.kind, facts.amount) == ("suspended", "hearing", "10 working_days")
    assert facts.occurred_at == instant("2026-01-06T10:00+08:00")
    assert facts.recorded_at == instant("2026-01-07T08:00+08:00")
    assert (facts.due_at, facts.due_precision) == (instant("2026-02-01T00:00+08:00"), Precision.DAY)
    assert (facts.stage, facts.actor, facts.department) == ("审核", "张三", "住建局")
    assert (facts.reason, facts.source_key, facts.attributes) == (
        "申请人要求",
        "k1",
        {"extra": "x"},
    )


def test_chinese_column_names_say_the_same(reading: Reading) -> None:
    english = csv(
        {"case_no": "A1", "event": "受理", "occurred_at": "2026-01-06 10:00", "actor": "张三"}
    )
    chinese = csv(
        {"办件编号": "A1", "事件": "accepted", "发生时间": "2026/1/6 10:00", "办理人": "张三"}
    )
    first, second = (taken(reading("canonical", text)[0]) for text in (english, chinese))
    assert first.events[0].key == second.events[0].key


@pytest.mark.parametrize(
    ("cells", "refusal", "column"),
    [
        ({"event": "aproved"}, Refusal.UNKNOWN_CODE, "event"),
        ({"event": ""}, Refusal.MISSING, "event"),
        ({"case_no": ""}, Refusal.MISSING, "case_no"),
        ({"case_no": "A\x1b[31m1"}, Refusal.BAD_CASE_NO, "case_no"),
        ({"case_no": "A" * 201}, Refusal.BAD_CASE_NO, "case_no"),
        ({"occurred_at": ""}, Refusal.MISSING, "occurred_at"),
        ({"occurred_at": "2026-02-30"}, Refusal.NO_SUCH_TIME, "occurred_at"),
        ({"occurred_at": "06.01.26"}, Refusal.BAD_TIME, "occurred_at"),
        ({"recorded_at": "soon"}, Refusal.BAD_TIME, "recorded_at"),
        ({"due_at": "46028"}, Refusal.SERIAL_NUMBER, "due_at"),
        ({"amount": "10"}, Refusal.UNKNOWN_UNIT, "amount"),
        ({"amount": "10 fortnights"}, Refusal.UNKNOWN_UNIT, "amount"),
        ({"amount": "0 working_days"}, Refusal.BAD_AMOUNT, "amount"),
        ({"amount": "ten days"}, Refusal.BAD_AMOUNT, "amount"),
        ({"amount": "-3 working_days"}, Refusal.BAD_AMOUNT, "amount"),
    ],
)
def test_an_event_that_cannot_be_read(cells: dict[str, str], refusal: Refusal, column: str) -> None:
    refused = quarantined(event(**cells))
    assert (refused.refusal, refused.column, refused.number) == (refusal, column, 2)
    assert refused.retryable
    assert column in refused.where
    assert refused.value.isprintable()


@pytest.mark.parametrize(
    ("cells", "refusal", "column"),
    [
        ({"item_kind": "1"}, Refusal.UNKNOWN_CODE, "item_kind"),
        ({"promised_limit": "7 days"}, Refusal.UNKNOWN_UNIT, "promised_limit"),
        ({"statutory_limit": "二十个工作日"}, Refusal.BAD_AMOUNT, "statutory_limit"),
        ({"promised_due": "7 working_days"}, Refusal.BAD_TIME, "promised_due"),
        ({"promised_due": "2026-01-06 10:00", "calendar": "mars"}, Refusal.NO_ZONE, "promised_due"),
        (
            {"statutory_due": "2026-03-08 02:30", "calendar": "us-federal"},
            Refusal.SKIPPED_TIME,
            "statutory_due",
        ),
    ],
)
def test_a_case_that_cannot_be_read(cells: dict[str, str], refusal: Refusal, column: str) -> None:
    refused = quarantined(case(**cells))
    assert (refused.refusal, refused.column) == (refusal, column)


def test_a_case_of_an_unknown_calendar_is_taken_where_no_time_needs_it() -> None:
    facts = taken(case(calendar="mars", promised_due="2026-01-06T10:00:00Z")).case
    assert facts is not None
    assert facts.fields["calendar"] == "mars"


@pytest.mark.parametrize("word", ["instant", "即办件", "promised", "承诺件", "forwarded", "上报件",
                                  "joint", "联办件", "Promised"])  # fmt: skip
def test_every_kind_of_item(word: str) -> None:
    facts = taken(case(item_kind=word)).case
    assert facts is not None
    assert facts.fields["item_kind"] in {"instant", "promised", "forwarded", "joint"}


def test_every_event_type_by_each_of_its_names() -> None:
    for entry in VOCABULARY.types.values():
        for word in (entry.type, entry.zh, entry.en):
            assert taken(event(event=word)).events[0].type == entry.type


def test_a_ground_that_the_vocabulary_does_not_know_stays_as_written() -> None:
    assert taken(event(event="suspended", kind="waiting")).events[0].kind == "waiting"
    assert taken(event(event="suspended", kind="专家评审")).events[0].kind == "expert_review"


def test_a_time_without_offset_is_in_the_zone_of_the_case(reading: Reading) -> None:
    """Case A9 is known to follow a calendar in New York; A1 follows the default, in Shanghai."""
    there, here = taken(event(case_no="A9")).events[0], taken(event()).events[0]
    assert there.occurred_at == instant("2026-01-06T10:00-05:00")
    assert here.occurred_at == instant("2026-01-06T10:00+08:00")
    first_of_two = taken(event(case_no="A9", occurred_at="2026-11-01 01:30")).events[0]
    assert first_of_two.occurred_at == instant("2026-11-01T01:30-04:00")
    gap = quarantined(event(case_no="A9", occurred_at="2026-03-08 02:30"))
    assert gap.refusal is Refusal.SKIPPED_TIME


def test_events_without_times_do_not_pass_for_cases() -> None:
    with pytest.raises(ConfigurationError, match="occurred_at"):
        one("canonical", case_no="A1", event="accepted")


def test_a_row_can_be_tried_again_from_quarantine() -> None:
    refused = quarantined(event(event="批复"))
    wider = shipped("canonical")
    known = Vocabulary(
        types=VOCABULARY.types,
        kinds=VOCABULARY.kinds,
        _type_names={**VOCABULARY._type_names, "批复": "decided"},
        _kind_names=VOCABULARY._kind_names,
    )
    again = Context(
        vocabulary=known, zone_of=ZONES.get, calendar_of=lambda _: None, default_calendar="cn"
    )
    (facts,) = apply(wider, [refused.row], again)
    assert taken(facts).events[0].type == "decided"


MINIMAL = """
id: mine
title: {zh: 我的, en: mine}
times: [standard, "DD/MM/YYYY hh:mm"]
codes:
  state: {"10": accepted, "90": decided, "0": null}
tables:
  - name: log
    recognised_by: [nr, state, at]
    case_no: nr
    events:
      - {type: {column: state, codes: state}, at: at}
"""


def test_a_mapping_of_ones_own() -> None:
    rows = [
        Row(
            file="x",
            sheet=None,
            number=n,
            cells={"nr": "1", "state": state, "at": "06/01/2026 10:00"},
        )
        for n, state in enumerate(["10", "90", "0", "9"], start=2)
    ]
    accepted, decided, nothing, unknown = apply(load_mapping(MINIMAL, "mine.yaml"), rows, context())
    assert taken(accepted).events[0].type == "accepted"
    assert taken(decided).events[0].occurred_at == int(
        datetime(2026, 1, 6, 2, tzinfo=UTC).timestamp()
    )
    assert taken(nothing).events == ()
    assert (quarantined(unknown).refusal, quarantined(unknown).value) == (Refusal.UNKNOWN_CODE, "9")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("codes: state}, at", "codes: status}, at", "status"),
        ("DD/MM/YYYY hh:mm", "DD/MM hh:mm", "YYYY"),
        ("case_no: nr", "case_no: nr\n    casenumber: x", "casenumber"),
        ("{column: state, codes: state}", "{column: state, value: accepted}", "either"),
        ("id: mine", "id: Mein", "id"),
        ("case_no: nr", "case_no: nr\n    ignored: [st*]", "state"),
        ("case_no: nr", "case_no: nr\n    fields: {colour: nr}", "colour"),
        ("times:", "units: {Tag: days}\ntimes:", "Tag"),
        ("times:", "columns: {nr: [No.], at: [no.]}\ntimes:", "both"),
    ],
)
def test_a_broken_mapping_names_its_line(old: str, new: str, said: str) -> None:
    with pytest.raises(CatalogueError, match=said) as caught:
        load_mapping(MINIMAL.replace(old, new), "mine.yaml")
    assert caught.value.message.startswith("mine.yaml:")


def test_a_mapping_with_an_unknown_event_type_is_refused_before_any_row() -> None:
    mapping = load_mapping(MINIMAL.replace('90": decided', '90": closed'), "mine.yaml")
    with pytest.raises(CatalogueError, match="closed"):
        list(apply(mapping, [], context()))
