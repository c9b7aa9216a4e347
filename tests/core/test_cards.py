"""Deciding on cards: what a finding and the cards on record make of each other."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from efficiency_monitor.cards.model.decide import (
    Issue,
    Lift,
    Revive,
    RuleChanged,
    Supersede,
    card_number,
    superseded_by,
)
from efficiency_monitor.engine.findings import Trouble
from efficiency_monitor.engine.timeline import Event
from efficiency_monitor.terms import CardState, Level, LiftReason, Reason

from .made_findings import LIFTED, OPEN, SUPERSEDED, bound, card, decided, episode, findings, issued


def test_a_card_number_is_the_same_for_ever() -> None:
    assert card_number("case:A", "CASE", "start", Level.RED, 0) == "R-AALY6XIVB6GY"
    numbers = {
        card_number(subject, rule_id, episode_key, level, issue_no)
        for subject in ("case:A", "case:B")
        for rule_id in ("CASE", "CAS")
        for episode_key in ("start", "Estart")
        for level in Level
        for issue_no in (0, 1)
    }
    assert len(numbers) == 48


def test_what_fell_due_together_is_issued_lowest_first_and_the_highest_stands() -> None:
    decisions = decided(findings(episode(Level.WARNING, Level.YELLOW)))
    assert issued(decisions) == [(Level.WARNING, SUPERSEDED, 0), (Level.YELLOW, OPEN, 0)]
    assert [entry.state_before for entry in decisions if isinstance(entry, Issue)] == [OPEN, None]


def test_a_higher_card_supersedes_a_lower_one_that_stands() -> None:
    yellow = card(Level.YELLOW, CardState.REPLIED)
    decisions = decided(findings(episode(*Level)), [card(Level.WARNING, SUPERSEDED), yellow])
    assert issued(decisions) == [(Level.RED, OPEN, 0)]
    number = card_number("case:A", "CASE", "start", Level.RED, 0)
    assert decisions[1:] == [Supersede(yellow.card_no, number, CardState.REPLIED)]


def test_lifting_the_higher_card_revives_the_lower_in_its_own_state() -> None:
    cards = [
        card(Level.WARNING, SUPERSEDED, state_before=OPEN),
        card(Level.YELLOW, SUPERSEDED, state_before=CardState.ACKNOWLEDGED),
        card(Level.RED),
    ]
    assert decided(findings(episode(Level.WARNING, Level.YELLOW)), cards) == [
        Lift(cards[2].card_no, LiftReason.LATE_EVIDENCE),
        Revive(cards[1].card_no, CardState.ACKNOWLEDGED),
    ]


def test_a_higher_card_that_was_closed_keeps_the_lower_one_down() -> None:
    cards = [
        card(Level.YELLOW, SUPERSEDED, state_before=OPEN),
        card(Level.RED, CardState.CLOSED),
    ]
    assert decided(findings(episode(Level.YELLOW, Level.RED)), cards) == []


@pytest.mark.parametrize("reason", [LiftReason.APPEAL, LiftReason.EXEMPTION])
def test_what_a_person_lifted_is_not_issued_again(reason: LiftReason) -> None:
    lifted = card(Level.YELLOW, LIFTED, lifted_reason=reason)
    assert decided(findings(episode(Level.YELLOW)), [lifted]) == []


@pytest.mark.parametrize("reason", [LiftReason.LATE_EVIDENCE, LiftReason.CALENDAR_AMENDED])
def test_what_evidence_lifted_is_issued_again_under_the_next_number(reason: LiftReason) -> None:
    cards = [
        card(Level.YELLOW, LIFTED, lifted_reason=LiftReason.LATE_EVIDENCE),
        card(Level.YELLOW, LIFTED, lifted_reason=reason, issue_no=1),
    ]
    assert issued(decided(findings(episode(Level.YELLOW)), cards)) == [(Level.YELLOW, OPEN, 2)]
    assert issued(decided(findings(episode(Level.YELLOW)), cards[::-1])) == [
        (Level.YELLOW, OPEN, 2)
    ]


def test_the_reason_of_a_lift_is_the_calendar_if_the_card_did_not_stand_under_it_before() -> None:
    yellow = card(Level.YELLOW)
    for version, reason in (("v1", LiftReason.LATE_EVIDENCE), ("v2", LiftReason.CALENDAR_AMENDED)):
        assert decided(findings(episode()), [yellow], calendar_version=version) == [
            Lift(yellow.card_no, reason)
        ]


def test_nothing_is_said_of_what_cannot_be_judged() -> None:
    found = findings(
        episode(reasons=(Reason.CALENDAR_PROVISIONAL,)),
        troubles=[Trouble("CASE", Reason.CALENDAR_PROVISIONAL)],
    )
    assert decided(found, [card(Level.YELLOW)]) == []


@pytest.mark.parametrize(
    ("troubles", "lifted"),
    [
        ((), True),
        ((Trouble("OTHER", Reason.NO_LIMIT),), True),
        ((Trouble("CASE", Reason.NO_LIMIT),), True),
        ((Trouble("OTHER", Reason.FAULTY_DATA),), True),
        ((Trouble("CASE", Reason.FAULTY_DATA),), False),
        ((Trouble("", Reason.FAULTY_DATA),), False),
        ((Trouble("", Reason.NO_CALENDAR),), False),
    ],
)
def test_cards_of_an_episode_that_is_gone_are_lifted_unless_it_cannot_be_known(
    troubles: Sequence[Trouble], lifted: bool
) -> None:
    yellow = card(Level.YELLOW)
    decisions = decided(findings(troubles=troubles), [yellow, card(Level.RED, CardState.CLOSED)])
    assert decisions == ([Lift(yellow.card_no, LiftReason.LATE_EVIDENCE)] if lifted else [])


def test_cards_of_a_rule_that_was_not_judged_are_left_alone() -> None:
    assert decided(findings(), [card(Level.YELLOW)], rule_ids=frozenset({"OTHER"})) == []


def test_a_card_that_a_person_gave_is_left_alone_whatever_was_judged() -> None:
    given = card(Level.YELLOW, rule_id="MANUAL", episode="manual:1")
    assert decided(findings(), [given], rule_ids=frozenset({"CASE", "MANUAL"})) == []


def test_a_card_under_another_text_of_its_rule_is_left_to_people() -> None:
    yellow = card(Level.YELLOW)
    amended = bound(digest="text-2")
    assert decided(findings(episode(by=amended)), [yellow]) == [RuleChanged(yellow.card_no)]
    assert decided(findings(episode(Level.YELLOW, by=amended)), [yellow]) == []


@pytest.mark.parametrize(("stop", "stands"), [(1999, False), (2000, False), (2001, True)])
def test_a_warning_stays_on_record_if_it_was_due_when_the_case_was_closed(
    stop: int, stands: bool
) -> None:
    warning = card(Level.WARNING)
    closed = episode(stop=Event(key="stop", type="decided", occurred_at=stop), state="stopped")
    lifts = [Lift(warning.card_no, LiftReason.LATE_EVIDENCE)]
    assert decided(findings(closed), [warning]) == ([] if stands else lifts)


@pytest.mark.parametrize(
    ("watch_from", "states"),
    [
        (3000, [CardState.HISTORICAL, SUPERSEDED, OPEN]),
        (3001, [CardState.HISTORICAL, CardState.HISTORICAL, OPEN]),
        (4001, [CardState.HISTORICAL] * 3),
    ],
)
def test_what_fell_due_before_the_watch_began_is_historical(
    watch_from: int, states: list[CardState]
) -> None:
    decisions = decided(findings(episode(*Level)), watch_from=watch_from)
    assert [state for _, state, _ in issued(decisions)] == states
    assert len(decisions) == 3


def test_a_card_that_waits_to_be_confirmed_takes_no_place() -> None:
    manual = bound(confirm="manual")
    opened = card(Level.YELLOW)
    decisions = decided(findings(episode(Level.YELLOW, Level.RED, by=manual)), [opened])
    assert issued(decisions) == [(Level.RED, CardState.PENDING, 0)]
    waiting = card(Level.RED, CardState.PENDING)
    again = decided(findings(episode(Level.YELLOW, Level.RED, by=manual)), [opened, waiting])
    assert (len(decisions), again) == (1, [])
    confirmed = replace(waiting, state=OPEN)
    other = card(Level.WARNING, episode="another", card_no="W-OTHER")
    assert superseded_by(confirmed, [confirmed, opened, other]) == [
        Supersede(opened.card_no, confirmed.card_no, OPEN)
    ]
