"""Findings and cards made by hand, for the tests of what is decided on them."""

from collections.abc import Sequence
from typing import Any

from efficiency_monitor.cards.model.decide import Card, Decision, Issue, card_number, decide
from efficiency_monitor.engine.encoding import BoundRule
from efficiency_monitor.engine.findings import CaseFindings, Episode, LevelFound, Trouble
from efficiency_monitor.engine.timeline import Event
from efficiency_monitor.rules.rules import Rule
from efficiency_monitor.terms import CardState, Level, Outcome

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
            "legal_basis": [{"ref": "test", "reading": "ours", "says": "test"}],
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
