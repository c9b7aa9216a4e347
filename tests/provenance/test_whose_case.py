"""A case belongs to the source that first brought a row of it; nobody else changes it."""

import pytest

from efficiency_monitor.cards import explain
from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.intake import ingest
from efficiency_monitor.ops.doctor import doctor
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


def test_retrying_a_row_about_anothers_case_leaves_it_where_it_is(halls: Halls) -> None:
    halls.tell("srca", *LATE_A)
    halls.tell("srcb", *DONE_B)
    before = halls.events()
    report = ingest.retry(halls.world.context)
    assert (report.total.imported, report.total.quarantined) == (0, 4)
    assert halls.quarantined() == [("foreign_case", "srca")] * 4
    assert halls.events() == before


def test_doctor_calls_rows_about_anothers_case_bad_while_they_stand(halls: Halls) -> None:
    def said() -> list[str]:
        found = doctor.examine(halls.world.context, quick=True)
        return [each["status"] for each in found if each["check"] == "foreign cases"]

    halls.tell("srca", *LATE_A)
    assert said() == []
    halls.tell("srcb", *DONE_B)
    assert said() == ["bad"]


def test_a_prefix_keeps_two_systems_with_the_same_numbers_apart(halls: Halls) -> None:
    halls.set_up(srcb='prefix = "B-"')
    for first, second in (("srca", "srcb"), ("srcb", "srca")):
        for name in (first, second):
            halls.tell(name, *(LATE_A if name == "srca" else DONE_B))
    _days(halls, 20)
    halls.world.scan()
    assert halls.owners() == {NO: "srca", f"B-{NO}": "srcb"}
    assert halls.quarantined() == []
    assert {line.split()[0] for line in halls.world.cards() if "red open" in line} == {NO}


def test_two_feeds_for_one_case_the_first_has_it_whichever_it_is(halls: Halls) -> None:
    halls.tell("srcb", *DONE_B)
    halls.tell("srca", *LATE_A)
    _days(halls, 20)
    halls.world.scan()
    assert halls.owners() == {NO: "srcb"}
    assert [line for line in halls.world.cards() if "open" in line] == []
    assert halls.quarantined() == [("foreign_case", "srcb")] * 3


def test_a_feed_that_corrects_itself_lifts_its_card_unattended(halls: Halls) -> None:
    halls.tell("srca", *LATE_A)
    _days(halls, 20)
    halls.world.scan()
    halls.tell("srca", [event(NO, "accepted", "2026-03-20 09:30:00", "2")])
    halls.world.scan()
    assert [line for line in halls.world.cards() if "open" in line] == []
    assert [line for line in halls.world.cards() if "lifted late_evidence" in line]


def test_a_workspace_by_hand_takes_next_weeks_rows_of_the_same_file(halls: Halls) -> None:
    halls.by_hand(*LATE_A)
    assert halls.owners() == {NO: "by-hand"}
    _days(halls, 7)
    again = halls.by_hand([case(NO, department="一科", handler="王示例")], LATE_A[1])
    assert (again.total.imported, again.total.unchanged) == (1, 2)
    changed = [LATE_A[1][0], event(NO, "accepted", "2026-03-02 11:00:00", "2")]
    assert halls.by_hand(changed).total.imported == 1
    assert halls.quarantined() == []
    assert len(halls.events()) == 2


def test_only_who_supervises_imports_by_hand_as_a_pulled_source(halls: Halls) -> None:
    halls.tell("srca", *LATE_A)
    done = [event(NO, "decided", "2026-03-02 11:30:00", "9")]
    for person in (None, "zhang"):
        with pytest.raises(ConfigurationError, match="srca"):
            halls.by_hand(done, source="srca", person=person)
    assert halls.by_hand(done, source="srca", person="wang").total.imported == 1
    (run,) = halls.world.rows("SELECT * FROM import_run WHERE person IS NOT NULL")
    assert (run["person"], run["source"], run["pulled"]) == ("wang", "srca", 0)


def test_a_file_by_hand_does_not_make_a_pulled_source_fresh(halls: Halls) -> None:
    halls.set_up(srca='freshness = "2 calendar_hours"')
    halls.tell("srca", *LATE_A)
    halls.world.now += 7201
    halls.by_hand([event(NO, "assigned", "2026-03-02 11:30:00", "9")], source="srca", person="wang")
    assert [each.source for each in halls.world.scan().stale] == ["srca"]


RATES = '\n[sources.rates]\nadds_to = {sources = ["srca"], events = ["rated"]}\n'


def test_a_type_that_there_is_not_is_no_leave_to_add(halls: Halls) -> None:
    halls.set_up(more=RATES.replace('"rated"', '"ratted"'))
    rated = event(NO, "rated", "2026-03-02 11:00:00", "r1", kind="5")
    with pytest.raises(
        ConfigurationError,
        match=r"\[sources.rates\] adds_to.events: no event type 'ratted'; did you mean 'rated'\?",
    ):
        halls.by_hand([rated], source="rates")
    with pytest.raises(ConfigurationError, match="ratted"):
        halls.tell("srca", *LATE_A)
    assert halls.events() == []
    found = {each["check"]: each for each in doctor.examine(halls.world.context, quick=True)}
    assert found["source"]["status"] == "bad"
    assert "'ratted'" in found["source"]["detail"]


def test_a_rating_system_adds_its_ratings_and_nothing_else(halls: Halls) -> None:
    halls.set_up(more=RATES)
    halls.tell("srca", *LATE_A)
    rated = event(NO, "rated", "2026-03-02 11:00:00", "r1", kind="5")
    assert halls.by_hand([rated], source="rates").total.imported == 1
    worse = halls.by_hand(
        [
            event(NO, "decided", "2026-03-02 11:00:00", "r2"),
            event(NO, "accepted", "2026-03-02 11:10:00", "2"),
        ],
        [case(NO, department="二科")],
        source="rates",
    )
    assert worse.total.quarantined == 3
    assert ("2026-001", "rated") in halls.events()
    assert len(halls.events()) == 3
    # It corrects its own, and nobody else does.
    again = {**rated, "occurred_at": "2026-03-02 11:30:00"}
    assert halls.by_hand([again], source="rates").total.imported == 1
    assert len(halls.events()) == 3
    halls.tell("srca", [{**rated, "occurred_at": "2026-03-02 11:45:00"}])
    assert [kind for _, kind in halls.events()].count("rated") == 2


def test_what_is_added_to_a_case_that_is_not_there_yet_waits_for_it(halls: Halls) -> None:
    halls.set_up(more=RATES)
    rated = event(NO, "rated", "2026-03-02 11:00:00", "r1", kind="5")
    assert halls.by_hand([rated], source="rates").total.imported == 1
    assert halls.by_hand([rated], source="rates").total.unchanged == 1
    corrected = {**rated, "kind": "4"}
    came = halls.world.now
    assert halls.by_hand([corrected], source="rates").total.imported == 1
    assert (halls.owners(), halls.events()) == ({}, [])
    assert sum(halls.world.scan().totals.values()) == 0
    halls.world.now += 3600
    halls.tell("srca", *LATE_A)
    assert halls.owners() == {NO: "srca"}
    (found,) = halls.world.rows("SELECT * FROM event WHERE type = 'rated'")
    assert (found["source"], found["kind"], found["received_at"]) == ("rates", "4", came)
    assert halls.by_hand([corrected], source="rates").total.unchanged == 1
    # As it was known before the case came, there was no such case.
    with pytest.raises(ConfigurationError, match=NO):
        explain.find(halls.world.context, NO, known_by=came)
    assert halls.world.sound()


def test_what_waited_for_a_case_of_a_source_that_it_may_not_add_to_is_refused(
    halls: Halls,
) -> None:
    halls.set_up(more=RATES)
    halls.by_hand([event(NO, "rated", "2026-03-02 11:00:00", "r1", kind="5")], source="rates")
    halls.tell("srcb", *DONE_B)
    assert halls.quarantined() == [("foreign_case", "srcb")]
    assert "rated" not in [kind for _, kind in halls.events()]
    halls.set_up(more=RATES.replace('"srca"', '"srca", "srcb"'))
    assert ingest.retry(halls.world.context).total.imported == 1
    (found,) = halls.world.rows("SELECT * FROM event WHERE type = 'rated'")
    assert (found["source"], found["kind"]) == ("rates", "5")
