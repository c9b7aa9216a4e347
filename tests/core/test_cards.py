"""Deciding on cards: what a finding and the cards on record make of each other."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from efficiency_monitor.core.cards import (
    Card,
    Decision,
    Issue,
    Lift,
    Revive,
    RuleChanged,
    Supersede,
    card_number,
    decide,
    superseded_by,
)
from efficiency_monitor.core.encoding import BoundRule
from efficiency_monitor.core.evaluation import CaseFindings, Episode, LevelFound, Trouble
from efficiency_monitor.core.rules import Rule
from efficiency_monitor.core.terms import CardState, Level, LiftReason, Outcome, Reason
from efficiency_monitor.core.timeline import Event

START = Event(key="start", type="accepted", occurred_at=1000)
INSTANT = {Level.WARNING: 2000, Level.YELLOW: 3000, Level.RED: 4000}
OPEN, LIFTED, SUPERSEDED = CardState.OPEN, CardState.LIFTED, CardState.SUPERSEDED


def bound(rule_id: str = "CASE", confirm: str = "automatic", digest: str = "text-1") -> BoundRule:
    """A rule with three levels."""
    made = Rule.model_validate(
        {
            "id": rule_id,
            "version": 1,
            "name": "case",
            "title": {"zh": "办件", "en": "case"},
            "status": "stable",
            "in_force": {"from": "2026-01-01"},
            "legal_basis": [{"ref": "test", "says": "test"}],
            "why": "test",
            "clock": {"start": "accepted", "stop": "decided"},
            "limits": {"promised": {"fixed": "3 working_days"}},
            "cards": [
                {"level": "warning", "at": "promised - 1 working_days"},
                {"level": "yellow", "at": "promised"},
                {"level": "red", "at": "promised + 1 working_days"},
            ],
            "confirm": confirm,
        }
    )
    return BoundRule(made, "test", digest)


BOUND = bound()


def episode(*reached: Level, by: BoundRule = BOUND, **more: Any) -> Episode:
    """A clock of which these levels are reached."""
    levels = tuple(
        LevelFound(
            level=level,
            at="promised",
            limit="promised",
            instant=INSTANT[level],
            beyond=False,
            reached=level in reached,
        )
        for level in Level
    )
    values: dict[str, Any] = {
        "bound": by,
        "key": "start",
        "stage": None,
        "start": START,
        "stop": None,
        "deemed_at": None,
        "state": "running",
        "elapsed": None,
        "limits": (),
        "levels": levels,
        "next_at": None,
        "reasons": (),
        "ignored": 0,
    }
    return Episode(**(values | more))


def findings(*episodes: Episode, troubles: Sequence[Trouble] = ()) -> CaseFindings:
    """What a scan says of case A."""
    return CaseFindings(
        case_no="A",
        outcome=Outcome.NOT_JUDGEABLE if troubles else Outcome.JUDGED,
        episodes=episodes,
        troubles=tuple(troubles),
        next_at=None,
    )


def card(level: Level, state: CardState = OPEN, **more: Any) -> Card:
    """A card on record."""
    issue_no = more.get("issue_no", 0)
    values: dict[str, Any] = {
        "card_no": card_number("case:A", "CASE", "start", level, issue_no),
        "rule_id": "CASE",
        "rule_digest": "text-1",
        "episode": "start",
        "level": level,
        "issue_no": 0,
        "state": state,
        "state_before": None,
        "calendar_version": "v1",
        "lifted_reason": None,
    }
    return Card(**(values | more))


def decided(found: CaseFindings, cards: Sequence[Card] = (), **more: Any) -> list[Decision]:
    """Decide with the usual rules and calendar."""
    values = {"rule_ids": frozenset({"CASE"}), "calendar_version": "v1", "watch_from": None}
    return decide(found, cards, **(values | more))


def issued(decisions: Sequence[Decision]) -> list[tuple[Level, CardState, int]]:
    """Cards that are issued."""
    return [
        (entry.level.level, entry.state, entry.issue_no)
        for entry in decisions
        if isinstance(entry, Issue)
    ]


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


class Bureau(RuleBasedStateMachine):
    """Findings come and go, people act on cards; the record stays whole."""

    def __init__(self) -> None:
        super().__init__()
        self.cards: dict[str, Card] = {}
        self.reached: tuple[Level, ...] = ()
        self.version = "v1"
        self.confirm = "automatic"
        self.by_hand: set[Level] = set()

    @rule(confirm=st.sampled_from(["automatic", "manual"]))
    def confirm_by(self, confirm: str) -> None:
        """The rule asks for confirmation, or no longer."""
        self.confirm = confirm

    @rule(
        reached=st.sets(st.sampled_from(list(Level))),
        version=st.sampled_from(["v1", "v2", "v3"]),
        judgeable=st.booleans(),
        watch_from=st.sampled_from([None, 2500, 3500]),
    )
    def scan(
        self, reached: set[Level], version: str, judgeable: bool, watch_from: int | None
    ) -> None:
        """A scan finds these levels reached; a second one right after it finds nothing to do."""
        by = bound(confirm=self.confirm)
        reasons = () if judgeable else (Reason.CALENDAR_PROVISIONAL,)
        troubles = [Trouble("CASE", reason) for reason in reasons]
        found = findings(episode(*reached, by=by, reasons=reasons), troubles=troubles)
        self.apply(decided(found, self.known(), calendar_version=version, watch_from=watch_from))
        self.cards = {
            number: entry
            if entry.state in (LIFTED, CardState.CLOSED)
            else replace(entry, calendar_version=version)
            for number, entry in self.cards.items()
        }
        again = decided(found, self.known(), calendar_version=version, watch_from=watch_from)
        assert again == []
        alive = {entry.level for entry in self.cards.values() if entry.state is not LIFTED}
        assert alive >= reached - self.by_hand
        if judgeable:
            closed = {e.level for e in self.cards.values() if e.state is CardState.CLOSED}
            assert alive - closed <= reached

    def known(self) -> list[Card]:
        """Cards in no particular order."""
        return sorted(self.cards.values(), key=lambda entry: entry.card_no)

    def apply(self, decisions: Sequence[Decision]) -> None:
        """Do to the record what was decided."""
        for entry in decisions:
            if isinstance(entry, Issue):
                earlier = [c for c in self.cards.values() if c.level is entry.level.level]
                assert entry.card_no not in self.cards
                assert entry.issue_no == len(earlier)
                assert all(c.state is LIFTED for c in earlier)
                self.cards[entry.card_no] = card(
                    entry.level.level,
                    entry.state,
                    issue_no=entry.issue_no,
                    state_before=entry.state_before,
                )
                continue
            assert not isinstance(entry, RuleChanged)
            before = self.cards[entry.card_no]
            if isinstance(entry, Lift):
                assert before.state not in (LIFTED, CardState.CLOSED)
                after = replace(before, state=LIFTED, lifted_reason=entry.reason)
            elif isinstance(entry, Supersede):
                assert before.state is entry.state_before
                assert self.cards[entry.by].level > before.level
                after = replace(before, state=SUPERSEDED, state_before=before.state)
            else:
                assert before.state is SUPERSEDED
                after = replace(before, state=entry.state, state_before=None)
            self.cards[entry.card_no] = after

    def standing(self, *states: CardState) -> list[Card]:
        """Cards in one of these states."""
        return [entry for entry in self.known() if entry.state in states]

    @precondition(lambda self: self.standing(OPEN))
    @rule(data=st.data(), to=st.sampled_from([CardState.ACKNOWLEDGED, CardState.REPLIED]))
    def answer(self, data: st.DataObject, to: CardState) -> None:
        """Somebody answers a card."""
        chosen = data.draw(st.sampled_from(self.standing(OPEN)))
        self.cards[chosen.card_no] = replace(chosen, state=to)

    @precondition(lambda self: self.standing(CardState.PENDING))
    @rule(data=st.data())
    def confirm_one(self, data: st.DataObject) -> None:
        """Somebody confirms a card."""
        chosen = data.draw(st.sampled_from(self.standing(CardState.PENDING)))
        self.cards[chosen.card_no] = confirmed = replace(chosen, state=OPEN)
        self.apply(superseded_by(confirmed, self.known()))

    def alive(self) -> set[Level]:
        """Levels of cards that are neither lifted nor closed."""
        return {
            entry.level
            for entry in self.cards.values()
            if entry.state not in (LIFTED, CardState.CLOSED)
        }

    @precondition(lambda self: self.standing(CardState.ACKNOWLEDGED, CardState.REPLIED))
    @rule(data=st.data(), appeal=st.booleans())
    def end(self, data: st.DataObject, appeal: bool) -> None:
        """A card is closed, or an appeal against it is upheld and the next scan follows."""
        states = (CardState.ACKNOWLEDGED, CardState.REPLIED)
        chosen = data.draw(st.sampled_from(self.standing(*states)))
        if not appeal:
            self.cards[chosen.card_no] = replace(chosen, state=CardState.CLOSED)
            return
        self.cards[chosen.card_no] = replace(chosen, state=LIFTED, lifted_reason=LiftReason.APPEAL)
        self.by_hand.add(chosen.level)
        self.scan(self.alive(), chosen.calendar_version, True, None)

    @invariant()
    def one_stands(self) -> None:
        """Of the confirmed cards one stands, and nothing above it is superseded."""
        standing = self.standing(OPEN, CardState.ACKNOWLEDGED, CardState.REPLIED)
        assert len(standing) <= 1
        for level in Level:
            alive = [c for c in self.cards.values() if c.level is level and c.state is not LIFTED]
            assert len(alive) <= 1
        if standing:
            assert all(c.level < standing[0].level for c in self.standing(SUPERSEDED)
                       if c.state_before is not CardState.PENDING)  # fmt: skip


TestBureau = Bureau.TestCase
