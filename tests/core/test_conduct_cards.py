"""Deciding on cards of conduct: what stands, what is lifted and why, what is left to people."""

from decimal import Decimal

import pytest

from efficiency_monitor.cards.model.decide import (
    Card,
    Decision,
    Issue,
    Lift,
    RuleChanged,
    card_number,
    decide,
)
from efficiency_monitor.engine.encoding import BoundRule
from efficiency_monitor.engine.findings import CaseFindings, LevelFound, Offence, Trouble
from efficiency_monitor.engine.timeline import Event
from efficiency_monitor.rules.rules import Rule
from efficiency_monitor.terms import CardState, Level, LiftReason, Outcome, Reason

EVENT = Event(key="second", type="correction_requested", occurred_at=2000)


def rule(*, timed: bool = False, digest: str = "text-1") -> BoundRule:
    """A rule of conduct, with a measure that asks the calendar or not."""
    condition = {"measure": "count", "of": "correction_requested"}
    unit = ""
    if timed:
        condition = {
            "measure": "lag",
            "of": "correction_requested",
            "unit": "working_days",
        }
        unit = " working_days"
    made = Rule.model_validate(
        {
            "id": "CONDUCT",
            "version": 1,
            "name": "conduct",
            "title": {"zh": "行为", "en": "conduct"},
            "status": "stable",
            "in_force": {"from": "2026-01-01"},
            "legal_basis": [{"ref": "test", "reading": "ours", "says": "test"}],
            "why": "test",
            "condition": condition,
            "cards": [
                {"level": "warning", "at": f"> 1{unit}"},
                {"level": "red", "at": f"> 3{unit}"},
            ],
        }
    )
    return BoundRule(made, "test", digest)


def offence(*reached: Level, reasons: tuple[Reason, ...] = ()) -> Offence:
    """An offence at which these levels are reached."""
    return Offence(
        bound=rule(),
        key=EVENT.key,
        event=EVENT,
        value=Decimal(2),
        unit="events",
        levels=tuple(
            LevelFound(
                level=level,
                at="> 1",
                limit="count",
                instant=2000 if level in reached else None,
                beyond=False,
                reached=level in reached,
                value=Decimal(2),
                event=EVENT,
            )
            for level in (Level.WARNING, Level.RED)
        ),
        reasons=reasons,
    )


def card(level: Level = Level.WARNING, calendar: str = "cal-1", digest: str = "text-1") -> Card:
    """A card that stands."""
    return Card(
        card_no=f"{level.word}-1",
        rule_id="CONDUCT",
        rule_digest=digest,
        episode=EVENT.key,
        level=level,
        issue_no=0,
        state=CardState.OPEN,
        state_before=None,
        calendar_version=calendar,
    )


def decided(
    *offences: Offence,
    cards: tuple[Card, ...] = (),
    troubles: tuple[Trouble, ...] = (),
    by: BoundRule | None = None,
) -> list[Decision]:
    """What is decided under calendar version `cal-1`."""
    bound = by or rule()
    assert bound.rule.condition is not None
    found = CaseFindings(
        case_no="A",
        outcome=Outcome.NOT_JUDGEABLE if troubles else Outcome.JUDGED,
        episodes=(),
        offences=offences,
        troubles=troubles,
        next_at=None,
    )
    return decide(
        found,
        cards,
        rule_ids=frozenset({"CONDUCT"}),
        calendar_version="cal-1",
        watch_from=None,
        conduct={"CONDUCT": {bound.digest: bound.rule.condition.timed}},
    )


def test_a_warning_is_given_for_what_was_done() -> None:
    (issue,) = decided(offence(Level.WARNING))
    assert isinstance(issue, Issue)
    assert issue.card_no == card_number("case:A", "CONDUCT", "second", Level.WARNING, 0)


def test_what_is_no_offence_any_more_lifts_also_its_warning() -> None:
    assert decided(cards=(card(),)) == [Lift("warning-1", LiftReason.LATE_EVIDENCE)]
    both = (card(), card(Level.RED))
    assert Lift("warning-1", LiftReason.LATE_EVIDENCE) in decided(offence(Level.RED), cards=both)


@pytest.mark.parametrize(
    ("timed", "calendar", "reason"),
    [
        (True, "cal-0", LiftReason.CALENDAR_AMENDED),
        (True, "cal-1", LiftReason.LATE_EVIDENCE),
        (False, "cal-0", LiftReason.LATE_EVIDENCE),
    ],
)
def test_only_what_is_measured_in_time_is_lifted_for_an_amended_calendar(
    timed: bool, calendar: str, reason: LiftReason
) -> None:
    gone = decided(cards=(card(calendar=calendar),), by=rule(timed=timed))
    assert gone == [Lift("warning-1", reason)]


def test_a_card_of_another_text_of_the_rule_is_left_to_people() -> None:
    assert decided(cards=(card(digest="text-0"),)) == [RuleChanged("warning-1")]


def test_data_that_lack_what_is_measured_take_no_card_back() -> None:
    lacking = Trouble("CONDUCT", Reason.LACKING_DATA, "recorded_at")
    assert decided(cards=(card(),), troubles=(lacking,)) == []
    other = Trouble("OTHER", Reason.LACKING_DATA, "recorded_at")
    assert decided(cards=(card(),), troubles=(other,)) != []


@pytest.mark.parametrize("reason", [Reason.NO_CALENDAR, Reason.HALF_IMPORT, Reason.FAULTY_DATA])
def test_where_nothing_could_be_judged_nothing_is_lifted(reason: Reason) -> None:
    assert decided(cards=(card(),), troubles=(Trouble("", reason),)) == []


def test_a_stale_feed_keeps_no_card_that_rests_on_nothing() -> None:
    stale = Trouble("", Reason.STALE_FEED)
    assert decided(cards=(card(),), troubles=(stale,)) == [
        Lift("warning-1", LiftReason.LATE_EVIDENCE)
    ]


def test_an_event_of_which_nothing_can_be_told_keeps_its_card() -> None:
    untold = offence(reasons=(Reason.CALENDAR_NOT_COVERED,))
    assert decided(untold, cards=(card(Level.RED),)) == []
