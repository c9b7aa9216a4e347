"""A case belongs to the source that first brought a row of it; nobody else changes it."""

import pytest

from tests.feeds.conftest import case
from tests.provenance.conftest import Halls, event

pytestmark = pytest.mark.both_engines

NO = "2026-001"
LATE_A = (
    [case(NO, department="一科", handler="张示例")],
    [
        event(NO, "submitted", "2026-03-02 09:00:00", "1"),
        event(NO, "accepted", "2026-03-02 09:30:00", "2"),
    ],
)
DONE_B = (
    [case(NO, department="二科", handler="李示例")],
    [
        event(NO, "submitted", "2026-03-02 10:00:00", "1"),
        event(NO, "accepted", "2026-03-02 10:30:00", "2"),
        event(NO, "decided", "2026-03-03 10:30:00", "3"),
    ],
)


def _days(halls: Halls, days: int) -> None:
    halls.world.now += days * 86_400


def test_two_sources_with_one_case_number_are_never_one_case(halls: Halls) -> None:
    halls.tell("srca", *LATE_A)
    _days(halls, 20)
    halls.world.scan()
    before = halls.world.cards()
    assert [line for line in before if "red open" in line]
    report = halls.tell("srcb", *DONE_B)
    assert (report.document["imported"], report.document["quarantined"]) == (0, 4)
    assert halls.quarantined() == [("foreign_case", "srca")] * 4
    halls.world.scan()
    assert halls.world.cards() == before
    assert halls.owners() == {NO: "srca"}


def test_a_line_by_hand_about_a_sources_case_changes_nothing(halls: Halls) -> None:
    halls.tell("srca", *LATE_A)
    _days(halls, 20)
    halls.world.scan()
    before, events = halls.world.cards(), halls.events()
    halls.by_hand(
        [
            event(NO, "decided", "2026-03-03 11:00:00", "handmade-1"),
            event(NO, "accepted", "2026-03-20 10:00:00", "2"),
            event(NO, "voided", "2026-03-03 11:00:00", ""),
        ]
    )
    assert halls.quarantined() == [("foreign_case", "srca")] * 3
    halls.world.scan()
    assert (halls.world.cards(), halls.events()) == (before, events)
