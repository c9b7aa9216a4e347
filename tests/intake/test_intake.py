"""What a row adds to what is known: new, unchanged, correction, conflict; and nothing is lost."""

from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from efficiency_monitor.intake.formats.rows import Row
from efficiency_monitor.intake.mapping.facts import apply, read_facts
from efficiency_monitor.intake.model.decide import (
    CaseFacts,
    Counts,
    EventFacts,
    KnownCase,
    RowFacts,
    RowResult,
    Withdrawal,
    decide,
    find_conflicts,
)

from .conftest import ROOT, Answer, Reading, Store, context, shipped

EVENTS = "case_no,event,occurred_at,actor,source_key\n"


def test_the_same_file_twice_changes_nothing(reading: Reading, store: Store) -> None:
    answer = reading(
        "canonical", EVENTS + "A1,受理,2026-01-06 10:00,张三,\nA1,办结,2026-01-07,张三,k2\n"
    )
    assert store.take(answer)[0] == Counts(imported=2)
    before = dict(store.cases)
    assert store.take(answer)[0] == Counts(unchanged=2)
    assert store.cases == before


def test_an_exact_duplicate_within_a_file_is_unchanged(reading: Reading, store: Store) -> None:
    line = "A1,受理,2026-01-06 10:00,张三,\n"
    counts, _ = store.take(reading("canonical", EVENTS + line * 3))
    assert counts == Counts(imported=1, unchanged=2)
    assert counts.read == 3


def test_a_changed_row_is_a_withdrawal_and_a_new_event(reading: Reading, store: Store) -> None:
    for key, first, second in (
        ("k1", "受理,2026-01-06 10:00,张三", "办结,2026-01-08,李四"),
        ("", "受理,2026-01-06 10:00,张三", "受理,2026-01-06 10:00,李四"),
    ):
        store.cases.clear()
        store.take(reading("canonical", f"{EVENTS}A1,{first},{key}\n"))
        (old,) = store.cases["A1"].live.values()
        counts, (decision,) = store.take(reading("canonical", f"{EVENTS}A1,{second},{key}\n"))
        (event,) = decision.events
        assert counts == Counts(imported=1)
        assert decision.withdrawals == (Withdrawal(old, event.key),)
        assert list(store.cases["A1"].live.values()) == [event.key]
        # And back again: what was withdrawn may come back.
        store.take(reading("canonical", f"{EVENTS}A1,{first},{key}\n"))
        assert list(store.cases["A1"].live.values()) == [old]


def test_two_rows_that_nothing_tells_apart_are_both_quarantined(
    reading: Reading, store: Store
) -> None:
    text = EVENTS + (
        "A1,受理,2026-01-06 10:00,张三,\n"
        "A2,受理,2026-01-06 10:00,张三,\n"
        "A1,受理,2026-01-06 10:00,李四,\n"
        "A3,受理,2026-01-06 10:00,张三,k\n"
        "A3,办结,2026-01-07 10:00,张三,k\n"
    )
    counts, decisions = store.take(reading("canonical", text))
    assert counts == Counts(imported=1, quarantined=4)
    assert {decision.dispute for decision in decisions if decision.dispute} == {
        "accepted",
        "decided",
    }
    assert list(store.cases) == ["A2"]


def test_source_keys_tell_equal_rows_apart(reading: Reading, store: Store) -> None:
    text = EVENTS + "A1,受理,2026-01-06 10:00,张三,k1\nA1,受理,2026-01-06 10:00,张三,k2\n"
    assert store.take(reading("canonical", text))[0] == Counts(imported=2)
    assert len(store.cases["A1"].live) == 2


def test_a_conflict_leaves_what_was_known(reading: Reading, store: Store) -> None:
    first = "A1,受理,2026-01-06 10:00,张三,k\n"
    store.take(reading("canonical", EVENTS + first))
    before = dict(store.cases)
    both = first + "A1,受理,2026-01-09 10:00,张三,k\n"
    assert store.take(reading("canonical", EVENTS + both))[0] == Counts(quarantined=2)
    assert store.cases == before


def test_case_facts_get_a_new_version_only_if_they_differ(reading: Reading, store: Store) -> None:
    head = "case_no,department,promised_limit\n"
    store.take(reading("canonical", head + "A1,住建局,7 working_days\n"))
    assert store.cases["A1"].fields == {"department": "住建局", "promised_limit": "7 working_days"}
    _, (same,) = store.take(reading("canonical", "办件编号,承诺时限\nA1,7个工作日\n"))
    assert same.result is RowResult.UNCHANGED
    _, (changed,) = store.take(reading("canonical", head + "A1,,5 working_days\n"))
    assert changed.changed == ("department", "promised_limit")
    assert store.cases["A1"].fields == {"promised_limit": "5 working_days"}


def test_two_tables_that_contradict_each_other_are_a_conflict() -> None:
    def row(table: str, number: int, **fields: str) -> RowFacts:
        facts = CaseFacts(case_no="A1", table=table, fields=fields, shared=frozenset({"item_kind"}))
        return RowFacts(file=table, sheet=None, number=number, case_no="A1", case=facts)

    agreeing = [row("5", 2, item_kind="promised", region="1"), row("6", 2, item_kind="promised")]
    assert find_conflicts(agreeing) == frozenset()
    contrary = [*agreeing[:1], row("6", 2, item_kind="instant")]
    disputed = find_conflicts(contrary)
    assert [one.dispute for one in decide(contrary, {}, disputed)] == ["item_kind", "item_kind"]


def test_a_cell_emptied_in_a_wide_row_withdraws_its_event(reading: Reading, store: Store) -> None:
    head = "request_id,received,target,closed\n"
    store.take(reading("usda-foia", head + "R1,2012-04-03,2012-05-01,2012-04-23\n"))
    _, (decision,) = store.take(reading("usda-foia", head + "R1,2012-04-03,2012-05-01,\n"))
    assert [withdrawal.replaced_by for withdrawal in decision.withdrawals] == [None]
    assert decision.events == ()
    assert len(store.cases["R1"].live) == 2


def test_the_public_log_of_1768_requests(store: Store) -> None:
    path = ROOT / "demo/usda_foia_2012_2013.csv"
    answer = list(read_facts(path, shipped("usda-foia"), context()))
    counts, decisions = store.take(answer)
    # Four requests stand in two monthly logs with different dates.
    assert counts == Counts(imported=1760, quarantined=8)
    assert counts.read == 1768
    assert store.take(answer)[0] == Counts(unchanged=1760, quarantined=8)
    events = [event for decision in decisions for event in decision.events]
    closed = sum(event.type == "decided" for event in events)
    assert len(events) == 2 * 1760 + closed
    first = answer[0]
    assert isinstance(first, RowFacts)
    assert first.case is not None
    assert first.case.fields["promised_due"] == "2012-05-01"
    assert first.case.fields["calendar"] == "us-federal"
    # Midnight in Washington, whatever the zone of the workspace.
    assert first.events[0].occurred_at == 1333425600


def test_a_request_without_a_date_of_receipt_is_quarantined(reading: Reading, store: Store) -> None:
    text = "request_id,received,target,closed\nR1,,2012-05-01,2012-04-23\n"
    assert store.take(reading("usda-foia", text))[0] == Counts(quarantined=1)


@given(st.data())
def test_the_key_is_the_content_and_nothing_else(data: st.DataObject) -> None:
    texts = st.none() | st.text(max_size=5)
    content: dict[str, Any] = {
        "type": data.draw(st.sampled_from(["accepted", "decided"])),
        "occurred_at": data.draw(st.integers(0, 3)),
        "recorded_at": data.draw(st.none() | st.integers(0, 3)),
        "actor": data.draw(texts),
        "reason": data.draw(texts),
    }
    first = EventFacts(case_no="A1", **content)
    assert EventFacts(case_no="A1", **content, identity="elsewhere").key == first.key
    name = data.draw(st.sampled_from(sorted(content)))
    other = data.draw(st.sampled_from(["x", "y"])) if isinstance(content[name], str) else 9
    if content[name] != other:
        assert EventFacts(case_no="A1", **{**content, name: other}).key != first.key
    assert EventFacts(case_no="A2", **content).key != first.key


def test_the_key_is_the_same_for_ever() -> None:
    event = EventFacts(
        case_no="A1", type="accepted", occurred_at=1767664800, actor="张三", attributes={"b": "2"}
    )
    assert event.key == "a2a254020817f9ec91122104ac6b8f72abbfcb3e645a9e849ea3d0f5f80bdc3b"


Line = tuple[str, str, str, str, str]
LINES = st.tuples(
    st.sampled_from(["A1", "A2"]),
    st.sampled_from(["", "k1", "k2"]),
    st.sampled_from(["accepted", "decided"]),
    st.sampled_from(["2026-01-01", "2026-01-02"]),
    st.sampled_from(["x", "y"]),
)


def stated(lines: list[Line]) -> Answer:
    """Lines of case number, source key, event, date and actor as rows of a file."""
    names = ("case_no", "source_key", "event", "occurred_at", "actor")
    rows = [
        Row(file="e", sheet=None, number=number, cells=dict(zip(names, line, strict=True)))
        for number, line in enumerate(lines, start=2)
    ]
    return list(apply(shipped("canonical"), rows, context()))


@given(files=st.lists(st.lists(LINES, max_size=8), min_size=1, max_size=3))
def test_any_history_of_files_adds_up_and_is_idempotent(
    files: list[list[Line]],
) -> None:
    store = Store()
    for lines in files:
        answer = stated(lines)
        counts, decisions = store.take(answer)
        assert counts.read == len(lines)
        before = dict(store.cases)
        again, _ = store.take(answer)
        assert again == Counts(
            unchanged=counts.imported + counts.unchanged, quarantined=counts.quarantined
        )
        assert store.cases == before
        # Every row that was taken stands; no row that was refused does.
        for decision in decisions:
            live = store.cases.get(decision.row.case_no, KnownCase()).live.values()
            for event in decision.row.events:
                assert (event.key in live) >= (decision.result is not RowResult.QUARANTINED)


@given(rows=st.lists(LINES, max_size=8), order=st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows: list[Line], order: Random) -> None:
    def standing(lines: list[Line]) -> dict[str, KnownCase]:
        store = Store()
        store.take(stated(lines))
        return store.cases

    shuffled = rows[:]
    order.shuffle(shuffled)
    assert standing(rows) == standing(shuffled)
