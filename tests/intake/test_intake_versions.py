"""Rows that come again in versions, that are deleted, that speak of items."""

from itertools import pairwise, permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efficiency_monitor.faults import CatalogueError
from efficiency_monitor.intake.formats.rows import Refusal, Row
from efficiency_monitor.intake.mapping.facts import apply
from efficiency_monitor.intake.mapping.mapping import SourceMapping, load_mapping
from efficiency_monitor.intake.model.decide import Counts, KnownCase, RowResult

from .conftest import Answer, Store, context
from .test_csv import quarantined, taken

FEED = """
id: feed
title: {zh: 上送, en: feed}
times: [standard]
codes:
  operation: {"I": insert, "U": update, "D": deleted}
tables:
  - name: steps
    recognised_by: [nr, id, cd_time, op]
    case_no: nr
    source_key: id
    version: cd_time
    deleted: [{column: op, codes: operation, is: [deleted]}]
    required: [at]
    fields: {department: dept}
    attributes: {note: note}
    events:
      - {slot: started, type: stage_started, at: at, actor: who}
      - {slot: finished, type: stage_finished, at: end, actor: who}
  - name: accepts
    recognised_by: [nr, accepted]
    case_no: nr
    fields: {department: dept, handler: who}
    events:
      - {slot: accepted, type: accepted, at: accepted}
  - name: items
    recognised_by: [code, days]
    item_code: code
    version: cd_time
    source_key: id
    deleted: [{column: op, is: ["D"]}]
    fields:
      item_version: ver
      item_name: name
      promised_limit: days
    further: attributes
"""


def feed(*replacements: tuple[str, str]) -> SourceMapping:
    text = FEED
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    return load_mapping(text, "feed.yaml")


def answers(rows: list[dict[str, str]], mapping: SourceMapping | None = None) -> Answer:
    made = [
        Row(file="f", sheet=None, number=number, cells=cells)
        for number, cells in enumerate(rows, start=2)
    ]
    return list(apply(mapping or feed(), made, context()))


def step(version: str, at: str = "2026-01-06 10:00", **cells: str) -> dict[str, str]:
    """A row of table `steps`."""
    plain = {
        "nr": "A1",
        "id": "g1",
        "op": "U",
        "dept": "住建局",
        "note": "",
        "end": "",
        "who": "张",
    }
    return {**plain, "cd_time": version, "at": at, **cells}


def live(store: Store, case_no: str = "A1") -> set[str]:
    return set(store.cases.get(case_no, KnownCase()).live.values())


def expected(*rows: dict[str, str]) -> set[str]:
    """Keys of the events that these rows state."""
    return {event.key for row in answers(list(rows)) for event in taken(row).events}


def test_the_highest_version_stands_in_any_order_and_any_split() -> None:
    rows = [
        step("1", "2026-01-05", who="李"),
        step("2", "2026-01-06", dept="水务局"),
        # As numbers 9 comes before 10; as texts after it.
        step("9", "2026-01-07", end="2026-01-08", who="王"),
        step("10", "2026-01-09", dept="规划局"),
    ]
    for order in permutations(rows):
        for cut in range(len(rows)):
            store = Store()
            for part in (order[:cut], order[cut:]):
                counts, _ = store.take(answers(list(part)))
                assert counts.quarantined == 0
            assert live(store) == expected(rows[-1])
            assert store.cases["A1"].fields == {"department": "规划局"}
            again, _ = store.take(answers(list(order)))
            assert again == Counts(unchanged=len(rows))


def test_what_is_older_counts_as_unchanged_and_what_is_newer_withdraws() -> None:
    store = Store()
    store.take(answers([step("2026-01-08 09:00:00", end="2026-01-08")]))
    before = live(store)
    counts, (decision,) = store.take(answers([step("2026-01-08 08:59:59", who="李")]))
    assert counts == Counts(unchanged=1)
    assert decision.events == ()
    assert live(store) == before
    counts, (decision,) = store.take(answers([step("2026-01-08 09:00:00.001", who="李")]))
    assert counts == Counts(imported=1)
    # The end that the newer version leaves out is withdrawn too.
    assert len(decision.withdrawals) == 2
    assert live(store) == expected(step("3", who="李"))


def test_one_version_with_two_contents_is_a_conflict_only_within_an_import() -> None:
    store = Store()
    both = [step("5", who="李"), step("5", who="王")]
    counts, decisions = store.take(answers(both))
    assert counts == Counts(quarantined=2)
    assert {decision.dispute for decision in decisions} == {"version"}
    assert store.take(answers([*both, step("6")]))[0] == Counts(imported=1, quarantined=2)
    store.cases.clear()
    store.remembered.clear()
    assert store.take(answers(both[:1]))[0] == Counts(imported=1)
    assert store.take(answers(both[1:]))[0] == Counts(imported=1)
    assert live(store) == expected(both[1])


def test_two_rows_of_one_case_do_not_contradict_each_other() -> None:
    store = Store()
    rows = [step("5", id="g1", dept="甲"), step("1", id="g2", dept="乙", at="2026-01-07")]
    assert store.take(answers(rows))[0] == Counts(imported=2)
    assert store.cases["A1"].fields == {"department": "乙"}
    assert store.take(answers(rows))[0] == Counts(unchanged=2)
    assert store.cases["A1"].fields == {"department": "乙"}
    assert len(live(store)) == 2


def test_a_file_without_a_column_takes_back_nothing_that_the_column_said() -> None:
    store = Store()
    store.take(answers([step("1", end="2026-01-08")]))
    without = step("2")
    del without["end"]
    store.take(answers([without]))
    assert live(store) == expected(step("2", end="2026-01-08"))
    # An empty cell does, and so does a deleted row whatever its columns.
    store.take(answers([step("3", end="")]))
    assert live(store) == expected(step("3"))
    store.take(answers([step("4", end="2026-01-08")]))
    store.take(answers([without | {"cd_time": "5", "op": "D"}]))
    assert live(store) == set()


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_tables_one_with_versions_the_last_stands_and_stays(order: int) -> None:
    accept = {"nr": "A1", "accepted": "2026-01-05", "dept": "甲", "who": "张"}
    rows = [accept, step("1", dept="乙")][::order]
    store = Store()
    assert store.take(answers(rows))[0] == Counts(imported=2)
    assert store.cases["A1"].fields == {"department": rows[-1]["dept"], "handler": "张"}
    before = dict(store.cases)
    assert store.take(answers(rows))[0] == Counts(unchanged=2)
    assert store.cases == before
    # What it has not said before is taken.
    assert store.take(answers([accept | {"dept": "丙"}]))[0] == Counts(imported=1)
    assert store.cases["A1"].fields == {"department": "丙", "handler": "张"}


@pytest.mark.parametrize(
    "written",
    [
        "2026/1/6 10:00:00",
        "2026-01-06T10:00:00.0",
        "2026年1月6日 10时00分",
        "２０２６-０１-０６ 10:00",
    ],
)
@pytest.mark.parametrize("versioned", [True, False])
def test_a_row_is_known_by_its_time_however_that_is_written(written: str, versioned: bool) -> None:
    known_by = "    identifying: [at]\n" + "    version: cd_time\n" * versioned
    mapping = feed(
        ("    source_key: id\n    version: cd_time\n    deleted", f"{known_by}    deleted")
    )
    store = Store()
    store.take(answers([step("1")], mapping))
    assert store.take(answers([step("1", at=written)], mapping))[0] == Counts(unchanged=1)
    # Corrected, it takes the place of what it said before.
    corrected = answers([step("2", at=written, who="李")], mapping)
    assert store.take(corrected)[0] == Counts(imported=1)
    assert live(store) == {event.key for event in taken(corrected[0]).events}
    # Another time is another row.
    store.take(answers([step("1", at="2026-01-06 10:00:01")], mapping))
    assert len(live(store)) == 2


@pytest.mark.parametrize(
    ("cells", "refusal", "column"),
    [
        ({"cd_time": ""}, Refusal.MISSING, "cd_time"),
        ({"cd_time": "soon"}, Refusal.BAD_VERSION, "cd_time"),
        ({"cd_time": "-3"}, Refusal.BAD_VERSION, "cd_time"),
        ({"cd_time": "1.5"}, Refusal.BAD_VERSION, "cd_time"),
        ({"id": ""}, Refusal.MISSING, "id"),
        ({"op": "X"}, Refusal.UNKNOWN_CODE, "op"),
        ({"at": ""}, Refusal.MISSING, "at"),
    ],
)
def test_a_row_whose_version_cannot_be_read(
    cells: dict[str, str], refusal: Refusal, column: str
) -> None:
    (answer,) = answers([step("1") | cells])
    assert (quarantined(answer).refusal, quarantined(answer).column) == (refusal, column)


def test_a_number_is_not_compared_with_a_time() -> None:
    store = Store()
    store.take(answers([step("20260108")]))
    _, (decision,) = store.take(answers([step("2026-01-09", who="李")]))
    assert decision.result is RowResult.QUARANTINED
    assert decision.against == "20260108"
    assert live(store) == expected(step("1"))


VERSIONS = st.tuples(
    st.sampled_from(["A1", "A2"]), st.sampled_from(["g1", "g2"]), st.integers(0, 12)
)


@given(
    rows=st.lists(VERSIONS, max_size=10),
    cuts=st.lists(st.integers(0, 10), max_size=2),
    order=st.randoms(use_true_random=False),
)
def test_events_are_those_of_the_highest_versions(
    rows: list[tuple[str, str, int]], cuts: list[int], order: Random
) -> None:
    def made(case_no: str, key: str, version: int) -> dict[str, str]:
        """One content for each version; every third says that the row is gone."""
        end = f"2026-02-{version + 1:02}" if version % 2 else ""
        cells = {"nr": case_no, "id": key, "op": "D" if version % 3 == 2 else "U", "end": end}
        return step(str(version), f"2026-01-{version + 1:02}", **cells)

    highest: dict[tuple[str, str], int] = {}
    for case_no, key, version in rows:
        highest[case_no, key] = max(version, highest.get((case_no, key), 0))
    standing = [made(*row, version) for row, version in highest.items() if version % 3 != 2]

    shuffled = rows[:]
    order.shuffle(shuffled)
    store = Store()
    places = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    for start, end in pairwise(places):
        counts, _ = store.take(answers([made(*row) for row in shuffled[start:end]]))
        assert counts.read == counts.imported + counts.unchanged == end - start
    assert live(store, "A1") | live(store, "A2") == expected(*standing)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    source_key: id\n    version: cd_time\n    deleted: [{column: op, codes",
         "    version: cd_time\n    deleted: [{column: op, codes", "version: .*source_key"),
        ("    source_key: id\n    version: cd_time\n    deleted: [{column: op, codes",
         "    deleted: [{column: op, codes", "deleted: .*source_key"),
        ("{slot: started,", "{slot: started, identifying: [at],", "identifying"),
        ("    item_code: code\n", "    item_code: code\n    case_no: nr\n", "either"),
        ("    item_code: code\n", "", "either"),
        ("    item_code: code\n", "    item_code: code\n    whole: true\n", "whole"),
        ("promised_limit: days", "handler: days", "no item field is called 'handler'"),
        ("codes: operation, is: [deleted]", "codes: operation, is: [D], is_not: [x]", "either"),
        ("times: [standard]", "times: [standard]\nencodings: [klingon]", "5:12: .*klingon"),
        ("times: [standard]", "times: [standard]\nencodings: [utf-16]", "utf-16"),
        ("times: [standard]", "times: [standard]\nencodings: []", "at least"),
        ('"U": update,', '"U": update, "u": deleted,', "'U' and 'u'"),
        ("times: [standard]", "times: [standard]\nunits: {Tag: working_days, TAG: calendar_days}",
         "'Tag' and 'TAG'"),
    ],
)  # fmt: skip
def test_a_broken_mapping_is_refused(old: str, new: str, said: str) -> None:
    with pytest.raises(CatalogueError, match=said) as caught:
        feed((old, new))
    assert caught.value.message.startswith("feed.yaml:")


def test_a_condition_may_name_what_is_not_meant() -> None:
    mapping = feed(
        (
            "type: accepted, at: accepted}",
            'type: accepted, at: accepted, only: [{column: who, is_not: ["", 李]}]}',
        )
    )
    row = {"nr": "A1", "accepted": "2026-01-05", "dept": "甲"}
    told = [
        len(taken(answers([row | {"who": who}], mapping)[0]).events) for who in ("张", "李", "")
    ]
    assert told == [1, 0, 0]
