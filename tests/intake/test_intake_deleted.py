"""Rows that say that what they said before stands no longer."""

from itertools import permutations

from efficiency_monitor.intake.model.decide import Counts, KnownCase

from .conftest import Store
from .test_intake_versions import answers, expected, feed, live, step


def test_a_deleted_row_takes_back_what_it_said() -> None:
    store = Store()
    other = step("1", id="g2", at="2026-01-09", nr="A2")
    store.take(answers([step("1", end="2026-01-08", note="n"), other]))
    gone = step("2", op="D", at="", note="", dept="")
    counts, (decision,) = store.take(answers([gone]))
    assert counts == Counts(imported=1)
    assert [withdrawal.replaced_by for withdrawal in decision.withdrawals] == [None, None]
    assert store.cases["A1"] == KnownCase({}, {})
    assert live(store, "A2") == expected(other)
    assert store.take(answers([gone]))[0] == Counts(unchanged=1)
    # What comes late does not bring it back; a newer row does.
    assert store.take(answers([step("1", end="2026-01-08")]))[0] == Counts(unchanged=1)
    assert live(store) == set()
    assert store.take(answers([step("3")]))[0] == Counts(imported=1)
    assert live(store) == expected(step("3"))


def test_a_deleted_row_that_nobody_knew_says_nothing_and_is_remembered() -> None:
    store = Store()
    assert store.take(answers([step("2", op="D")]))[0] == Counts(unchanged=1)
    assert store.cases == {}
    assert store.take(answers([step("1")]))[0] == Counts(unchanged=1)
    assert store.cases == {}


def test_a_deleted_row_empties_nothing_that_another_row_says() -> None:
    old, new = step("1", dept="甲"), step("2", id="g2", dept="乙", note="n")
    gone = step("2", op="D")
    stands = {"department": "乙", "note": "n"}
    # A row is deleted and written again under another key: in any order and split, known or not.
    for order in permutations((old, gone, new)):
        for cut in range(len(order)):
            if order.index(new) < order.index(old) < order.index(gone):
                continue  # then the row that is gone was the last to say so
            store = Store()
            for part in (order[:cut], order[cut:]):
                assert store.take(answers([*part]))[0].quarantined == 0
            assert store.cases["A1"].fields == stands
            assert live(store) == expected(new)
            again, _ = store.take(answers([*order]))
            assert again == Counts(unchanged=3)
    store = Store()
    store.take(answers([new]))
    assert store.take(answers([gone]))[0] == Counts(unchanged=1)
    # Its own words it takes back, once: what another table says then stays.
    store.take(answers([step("3", id="g2", op="D")]))
    assert store.cases["A1"].fields == {}
    store.take(answers([{"nr": "A1", "accepted": "2026-01-06", "dept": "丙", "who": "张"}]))
    store.take(answers([step("4", id="g2", op="D")]))
    assert store.cases["A1"].fields == {"department": "丙", "handler": "张"}


def test_of_two_rows_that_say_the_same_one_may_go() -> None:
    mapping = feed(
        (
            "    source_key: id\n    version: cd_time\n    deleted: [{column: op, codes",
            "    identifying: [id]\n    version: cd_time\n    deleted: [{column: op, codes",
        )
    )
    store = Store()
    twice = [step("1", id="g1"), step("1", id="g2")]
    assert store.take(answers(twice, mapping))[0] == Counts(imported=2)
    assert len(live(store)) == 2
    store.take(answers([step("2", id="g1", op="D")], mapping))
    assert len(live(store)) == 1


def test_without_versions_a_deleted_row_and_its_like_in_one_import_are_a_conflict() -> None:
    mapping = feed(
        (
            "    source_key: id\n    version: cd_time\n    deleted: [{column: op, codes",
            "    source_key: id\n    deleted: [{column: op, codes",
        )
    )
    store = Store()
    assert store.take(answers([step("", op="I"), step("", op="D")], mapping))[0].quarantined == 2
    assert store.take(answers([step("", op="I")], mapping))[0] == Counts(imported=1)
    assert store.take(answers([step("", op="D")], mapping))[0] == Counts(imported=1)
    assert live(store) == set()
    assert store.take(answers([step("", op="D")], mapping))[0] == Counts(unchanged=1)
    # Of two rows with keys of their own one may go and the other stand.
    rows = answers([step("", op="D"), step("", id="g2", dept="乙"), step("", op="D")], mapping)
    for _ in range(2):
        assert store.take(rows)[0].quarantined == 0
        assert store.cases["A1"].fields == {"department": "乙"}
