"""Deciding on cards: what the findings say against what the ledger already holds.

Pure comparison with a reason in every answer; nothing is edited, a wrong card is lifted by a
further entry (DESIGN 5.2, 5.3).
"""

import hashlib
from base64 import b32encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from .evaluation import CaseFindings, Episode, LevelFound
from .terms import STANDING_STATES, CardState, Level, LiftReason, Outcome

#: Reasons after which a card may be issued again under the next number (DESIGN 5.2).
REISSUABLE = (LiftReason.LATE_EVIDENCE, LiftReason.CALENDAR_AMENDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What deciding needs to know of a card that exists."""

    card_no: str
    rule_id: str
    rule_digest: str
    episode: str
    level: Level
    issue_no: int
    state: CardState
    state_before: CardState | None
    calendar_version: str
    lifted_reason: LiftReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """A card to be issued."""

    card_no: str
    episode: Episode
    level: LevelFound
    issue_no: int
    state: CardState
    #: State it takes if the card that supersedes it is lifted.
    state_before: CardState | None


@dataclass(frozen=True, slots=True)
class Supersede:
    """A lower card gives way to a higher one and stays on record."""

    card_no: str
    by: str
    state_before: CardState


@dataclass(frozen=True, slots=True)
class Revive:
    """A superseded card stands again, since the higher one was lifted."""

    card_no: str
    state: CardState


@dataclass(frozen=True, slots=True)
class Lift:
    """A card that no longer stands."""

    card_no: str
    reason: LiftReason


@dataclass(frozen=True, slots=True)
class RuleChanged:
    """A standing card rests on another text of its rule than the one in force: left to people."""

    card_no: str


Decision = Issue | Supersede | Revive | Lift | RuleChanged


def card_number(subject: str, rule_id: str, episode: str, level: Level, issue_no: int) -> str:
    """Number of a card: the same key gives the same number, in every process, for ever."""
    key = "\x1f".join((subject, rule_id, episode, level.word, str(issue_no)))
    digest = hashlib.sha256(key.encode()).digest()
    return f"{level.word[0].upper()}-{b32encode(digest)[:12].decode()}"


def subject_of(case_no: str) -> str:
    """Subject of a card that is given to a case."""
    return f"case:{case_no}"


def decide(
    findings: CaseFindings,
    cards: Sequence[Card],
    *,
    rule_ids: frozenset[str],
    calendar_version: str,
    watch_from: int | None,
) -> list[Decision]:
    """Decide on one case. `cards` are all its cards, lifted ones too; decisions in order.

    `rule_ids` are the rules that were judged: a card of another rule is left alone. What fell due
    before `watch_from` (epoch seconds) is historical.
    """
    decisions: list[Decision] = []
    by_episode: dict[tuple[str, str], list[Card]] = {}
    for card in cards:
        by_episode.setdefault((card.rule_id, card.episode), []).append(card)
    for episode in findings.episodes:
        known = by_episode.pop((episode.bound.rule.id, episode.key), [])
        decisions.extend(
            _decide_episode(findings.case_no, episode, known, calendar_version, watch_from)
        )
    if findings.outcome is not Outcome.NOT_JUDGEABLE:
        for (rule_id, _), known in by_episode.items():
            if rule_id in rule_ids:
                # The event that began the episode was corrected away: its cards rest on nothing.
                decisions.extend(
                    Lift(card.card_no, LiftReason.LATE_EVIDENCE) for card in known if _alive(card)
                )
    return decisions


def _alive(card: Card) -> bool:
    return card.state not in (CardState.LIFTED, CardState.CLOSED)


def _decide_episode(
    case_no: str,
    episode: Episode,
    known: Sequence[Card],
    calendar_version: str,
    watch_from: int | None,
) -> Iterator[Decision]:
    newest: dict[Level, Card] = {}
    for former in sorted(known, key=lambda former: former.issue_no):
        newest[former.level] = former
    issues: list[Issue] = []
    after: dict[Level, Card] = {}
    for found in episode.levels:
        card = newest.get(found.level)
        if found.reached and _may_issue(card):
            issue_no = 0 if card is None else card.issue_no + 1
            issues.append(_issue(case_no, episode, found, issue_no, watch_from))
        elif card is not None and _alive(card):
            if found.reached or _still_stands(episode, found):
                after[found.level] = card
            elif card.rule_digest != episode.bound.digest:
                yield RuleChanged(card.card_no)
                after[found.level] = card
            else:
                amended = card.calendar_version != calendar_version
                yield Lift(
                    card.card_no,
                    LiftReason.CALENDAR_AMENDED if amended else LiftReason.LATE_EVIDENCE,
                )
    yield from _ranked(issues, after)


def _may_issue(card: Card | None) -> bool:
    if card is None:
        return True
    return card.state is CardState.LIFTED and card.lifted_reason in REISSUABLE


def _still_stands(episode: Episode, found: LevelFound) -> bool:
    """Whether a card on record stands although the level is not reached in this finding.

    A warning stays on record when the case is closed; nothing is said of what cannot be judged.
    """
    if episode.reasons:
        return True
    stop = episode.stop
    if found.level is Level.WARNING and stop is not None and found.instant is not None:
        return stop.occurred_at > found.instant
    return False


def _issue(
    case_no: str, episode: Episode, found: LevelFound, issue_no: int, watch_from: int | None
) -> Issue:
    state = CardState.OPEN
    if episode.bound.rule.confirm == "manual":
        state = CardState.PENDING
    assert found.instant is not None  # a level that was reached has its instant
    if watch_from is not None and found.instant < watch_from:
        state = CardState.HISTORICAL
    rule_id = episode.bound.rule.id
    return Issue(
        card_no=card_number(subject_of(case_no), rule_id, episode.key, found.level, issue_no),
        episode=episode,
        level=found,
        issue_no=issue_no,
        state=state,
        state_before=None,
    )


def _ranked(issues: Sequence[Issue], after: dict[Level, Card]) -> Iterator[Decision]:
    """Issue lowest first; a lower card is superseded by the highest that stands, or revived."""
    standing = {
        level: card.card_no for level, card in after.items() if card.state in STANDING_STATES
    }
    # A superseded card that stays the highest after lifts stands again.
    standing |= {
        level: card.card_no for level, card in after.items() if card.state is CardState.SUPERSEDED
    }
    standing |= {
        issue.level.level: issue.card_no
        for issue in issues
        if issue.state in (CardState.OPEN, CardState.PENDING)
    }
    confirmed = {
        level
        for level in standing
        if not any(
            issue.level.level is level and issue.state is CardState.PENDING for issue in issues
        )
    }
    top = max(confirmed, default=None)
    for issue in issues:
        lower = top is not None and issue.level.level < top
        if lower and issue.state is CardState.OPEN:
            yield replace(issue, state=CardState.SUPERSEDED, state_before=issue.state)
        else:
            yield issue
    for level, card in sorted(after.items()):
        if top is None or card.state is CardState.HISTORICAL:
            continue
        if level < top and card.state in STANDING_STATES:
            yield Supersede(card.card_no, standing[top], card.state)
        elif level == top and card.state is CardState.SUPERSEDED:
            yield Revive(card.card_no, card.state_before or CardState.OPEN)
