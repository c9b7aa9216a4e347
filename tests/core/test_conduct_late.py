"""What was recorded after a due instant, by hand: events that ask about different stretches."""

from efficiency_monitor.terms import Reason

from .test_conduct import at, happened, judge, only

LATE = {"measure": "recorded_after_due", "of": "contacted", "limit": "promised"}


def test_of_two_stages_each_has_its_own_due_instant() -> None:
    """The last that happened to both is one event; they began two days apart."""
    again = {"recorded_at": "2025-09-08 09:00"}
    events = [
        happened("stage_started", "2025-09-01 09:00", stage="A"),
        happened("stage_started", "2025-09-03 09:00", stage="B"),
        happened("suspended", "2025-09-03 12:00"),
        happened("resumed", "2025-09-03 18:00"),
        happened("contacted", "2025-09-03 19:00", stage="A", **again),
        happened("contacted", "2025-09-03 19:30", stage="B", **again),
    ]
    found = judge(
        LATE,
        {"red": "> 0 calendar_seconds"},
        events,
        clock={
            "start": "stage_started",
            "stop": "stage_finished",
            "episodes": "per_stage",
            "pause": [{"from": "suspended", "to": "resumed"}],
        },
        limits={"promised": {"fixed": "3 calendar_days"}},
    )
    recorded = at("2025-09-08 09:00")
    assert [offence.value for offence in found.offences] == [
        recorded - at("2025-09-04 23:59:59"),
        recorded - at("2025-09-06 23:59:59"),
    ]


def test_what_was_recorded_before_a_start_was_deemed_knows_no_due_instant() -> None:
    """Deemed accepted when Monday the 8th ends, five working days after Monday the 1st."""
    events = [
        happened("submitted", "2025-09-01 09:00"),
        happened("contacted", "2025-09-02 10:00", recorded_at="2025-09-03 09:00"),
        happened("contacted", "2025-09-02 11:00", recorded_at="2025-09-10 09:00"),
        happened("contacted", "2025-09-02 12:00", recorded_at="2025-09-03 09:00"),
    ]
    found = judge(
        LATE,
        {"red": "> 0 calendar_seconds"},
        events,
        clock={
            "start": "accepted",
            "stop": "decided",
            "deemed": {
                "from": "submitted",
                "unless": ["accepted", "refused"],
                "within": "5 working_days",
            },
        },
        limits={"promised": {"fixed": "3 working_days"}},
    )
    assert only(found).key == "contacted 2025-09-02 11:00"
    assert only(found).value == at("2025-09-10 09:00") - at("2025-09-08 23:59:59")


def test_a_due_instant_beyond_the_calendar_is_later_than_what_was_recorded_within_it() -> None:
    events = [
        happened("accepted", "2025-09-01 09:00"),
        happened("contacted", "2025-09-02 10:00", recorded_at="2025-09-03 09:00"),
        happened("contacted", "2025-09-02 11:00", recorded_at="2035-09-03 09:00"),
        happened("contacted", "2025-09-02 12:00", recorded_at="2025-09-03 09:00"),
    ]
    found = judge(
        LATE,
        {"red": "> 0 calendar_seconds"},
        events,
        clock={"start": "accepted", "stop": "decided"},
        limits={"promised": {"fixed": "900 working_days"}},
    )
    assert only(found).key == "contacted 2025-09-02 11:00"
    assert only(found).reasons == (Reason.CALENDAR_NOT_COVERED,)
