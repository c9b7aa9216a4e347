"""Deciding on cards: what the findings say against what the ledger already holds.

Pure comparison with a reason in every answer; nothing is edited, a wrong card is lifted by a
further entry (docs/contract.md 4, 5).
"""

import hashlib
from base64 import b32encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Generic, Protocol, TypeVar

from ...engine.encoding import BoundRule
from ...engine.findings import CaseFindings, Ground, LevelFound, Offence
from ...engine.giving_way import given_after_all
from ...engine.timeline import Event
from ...terms import EVIDENCE, MANUAL_RULE, STANDING_STATES, CardState, Level, LiftReason, Reason

#: Reasons for which a ground may be there and not be found.
_HIDING = (
    Reason.FAULTY_DATA,
    Reason.LACKING_DATA,
    Reason.NO_CALENDAR,
    Reason.HALF_IMPORT,
    Reason.NO_CASE_ROW,
    Reason.INPUT_NOT_HELD,
)
#: Reasons after which a card may be issued again under the next number (docs/contract.md 4).
REISSUABLE = (*EVIDENCE, LiftReason.CLOCK_ERROR)


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


class Basis(Protocol):
    """What deciding asks of what a card can rest on: an episode, an offence, a tally's finding."""

    @property
    def bound(self) -> BoundRule:
        """The rule that judged, with its text's digest."""

    @property
    def key(self) -> str:
        """What tells it apart from others of its subject and rule: the episode of its cards."""

    @property
    def levels(self) -> tuple[LevelFound, ...]:
        """Every level of the rule, reached or not."""

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why something of it could not be judged."""

    @property
    def stop(self) -> Event | None:
        """What ended it, if anything did."""


AnyBasis = TypeVar("AnyBasis", bound=Basis)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue(Generic[AnyBasis]):
    """A card to be issued."""

    card_no: str
    #: What it rests on.
    ground: AnyBasis
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


Decided = Issue[AnyBasis] | Supersede | Revive | Lift | RuleChanged
#: What is decided on the cards of a case.
Decision = Decided[Ground]


def card_number(subject: str, rule_id: str, episode: str, level: Level, issue_no: int) -> str:
    """Number of a card: the same key gives the same number, in every process, for ever."""
    key = "\x1f".join((subject, rule_id, episode, level.word, str(issue_no)))
    digest = hashlib.sha256(key.encode()).digest()
    return f"{level.word[0].upper()}-{b32encode(digest)[:12].decode()}"


def subject_of(case_no: str) -> str:
    """Subject of a card that is given to a case."""
    return f"case:{case_no}"


#: Of each rule of conduct, by id, its texts by their digest: whether they measure time by the
#: calendar.
Conduct = Mapping[str, Mapping[str, bool]]
NO_CONDUCT: Conduct = MappingProxyType({})


def decide(
    findings: CaseFindings,
    cards: Sequence[Card],
    *,
    rule_ids: frozenset[str],
    calendar_version: str,
    watch_from: int | None,
    conduct: Conduct = NO_CONDUCT,
    versions: Mapping[str, str] = MappingProxyType({}),
) -> list[Decision]:
    """Decide on one case. `cards` are all its cards, lifted ones too; decisions in order.

    `rule_ids` are the rules that were judged: a card of another rule is left alone. What fell due
    before `watch_from` (epoch seconds) is historical. `conduct` are the conditions among the rules.
    `calendar_version` is that of the case's calendar, `versions` those of others that bind some
    ground of it.
    """
    decisions: list[Decision] = []
    findings = given_after_all(findings, _lifted_for_good(cards))
    by_episode: dict[tuple[str, str], list[Card]] = {}
    for card in cards:
        by_episode.setdefault((card.rule_id, card.episode), []).append(card)
    for ground in findings.grounds:
        known = by_episode.pop((ground.bound.rule.id, ground.key), [])
        decisions.extend(
            decide_ground(
                subject_of(findings.case_no),
                ground,
                known,
                calendar_version if ground.view is None else versions.get(ground.view.calendar, ""),
                watch_from,
            )
        )
    for (rule_id, _), known in by_episode.items():
        if rule_id == MANUAL_RULE:
            continue
        if rule_id in rule_ids and _found_whole(findings, rule_id):
            # The event that they rest on was corrected away, or is no offence any more.
            decisions.extend(
                _gone(card, conduct.get(rule_id), calendar_version)
                for card in known
                if _alive(card)
            )
    return decisions


def _lifted_for_good(cards: Sequence[Card]) -> frozenset[tuple[str, Level]]:
    """Rules and levels of which every card of the case was lifted and none may come again."""
    last: dict[tuple[str, str, Level], Card] = {}
    for card in sorted(cards, key=lambda card: card.issue_no):
        last[card.rule_id, card.episode, card.level] = card
    standing = {
        (card.rule_id, card.level) for card in last.values() if card.state is not CardState.LIFTED
    }
    lifted = {(card.rule_id, card.level) for card in last.values() if not _may_issue(card)}
    return frozenset(lifted - standing)


def _gone(
    card: Card, texts: Mapping[str, bool] | None, calendar_version: str
) -> Lift | RuleChanged:
    """What becomes of a card whose ground was not found, though all grounds were.

    `texts` are those of its rule, if it is a condition: of an event that is no offence any more a
    condition says nothing, so it may be the rule or the calendar that is another one.
    """
    if texts is not None and card.rule_digest not in texts:
        return RuleChanged(card.card_no)
    amended = texts is not None and texts[card.rule_digest]
    if amended and card.calendar_version != calendar_version:
        return Lift(card.card_no, LiftReason.CALENDAR_AMENDED)
    return Lift(card.card_no, LiftReason.LATE_EVIDENCE)


def _found_whole(findings: CaseFindings, rule_id: str) -> bool:
    """Whether the rule's grounds were all found: data were not faulty, the calendar is there.

    What else could not be judged, by this rule or another one, says nothing of a ground that is
    gone; but where the data lack what a condition measures, it may only be hidden.
    """
    return not any(
        trouble.rule in ("", rule_id) and trouble.reason in _HIDING for trouble in findings.troubles
    )


def _alive(card: Card) -> bool:
    return card.state not in (CardState.LIFTED, CardState.CLOSED)


def decide_ground(
    subject: str,
    ground: AnyBasis,
    known: Sequence[Card],
    calendar_version: str,
    watch_from: int | None,
) -> Iterator[Decided[AnyBasis]]:
    """Decide on what one ground says of a subject; `known` are the cards that it had of it."""
    newest: dict[Level, Card] = {}
    for former in sorted(known, key=lambda former: former.issue_no):
        newest[former.level] = former
    issues: list[Issue[AnyBasis]] = []
    after: dict[Level, Card] = {}
    for found in ground.levels:
        card = newest.get(found.level)
        if found.reached and _may_issue(card):
            issue_no = 0 if card is None else card.issue_no + 1
            issues.append(_issue(subject, ground, found, issue_no, watch_from))
        elif card is not None and card.state is CardState.CLOSED:
            after[found.level] = card
        elif card is not None and _alive(card):
            if found.reached or _still_stands(ground, found):
                after[found.level] = card
            elif card.rule_digest != ground.bound.digest:
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


def _still_stands(ground: Basis, found: LevelFound) -> bool:
    """Whether a card on record stands although the level is not reached in this finding.

    A warning stays on record when the case is closed; nothing is said of what cannot be judged.
    """
    if ground.reasons:
        return True
    if isinstance(ground, Offence):
        return False
    stop = ground.stop
    if found.level is Level.WARNING and stop is not None and found.instant is not None:
        return stop.occurred_at > found.instant
    return False


def _issue(
    subject: str, ground: AnyBasis, found: LevelFound, issue_no: int, watch_from: int | None
) -> Issue[AnyBasis]:
    state = CardState.OPEN
    if ground.bound.rule.confirm == "manual":
        state = CardState.PENDING
    assert found.instant is not None  # a level that was reached has its instant
    if watch_from is not None and found.instant < watch_from:
        state = CardState.HISTORICAL
    rule_id = ground.bound.rule.id
    return Issue(
        card_no=card_number(subject, rule_id, ground.key, found.level, issue_no),
        ground=ground,
        level=found,
        issue_no=issue_no,
        state=state,
        state_before=None,
    )


#: States in which a card outranks lower ones; one that waits to be confirmed does not yet.
_RANKING = (CardState.OPEN, CardState.ACKNOWLEDGED, CardState.REPLIED, CardState.CLOSED)


def _ranked(
    issues: Sequence[Issue[AnyBasis]], after: Mapping[Level, Card]
) -> Iterator[Decided[AnyBasis]]:
    """Issue lowest first; a lower card is superseded by the highest that counts, or revived."""
    ranking = {level: card.card_no for level, card in after.items() if _own_state(card) in _RANKING}
    ranking |= {issue.level.level: issue.card_no for issue in issues if issue.state in _RANKING}
    top = max(ranking, default=None)
    for issue in issues:
        lower = top is not None and issue.level.level < top
        if lower and issue.state in STANDING_STATES:
            yield replace(issue, state=CardState.SUPERSEDED, state_before=issue.state)
        else:
            yield issue
    for level, card in sorted(after.items()):
        lower = top is not None and level < top
        if top is not None and lower and card.state in STANDING_STATES:
            yield Supersede(card.card_no, ranking[top], card.state)
        elif not lower and card.state is CardState.SUPERSEDED:
            yield Revive(card.card_no, _own_state(card))


def _own_state(card: Card) -> CardState:
    """A card's state were it not superseded."""
    if card.state is CardState.SUPERSEDED:
        return card.state_before or CardState.OPEN
    return card.state


def superseded_by(confirmed: Card, cards: Sequence[Card]) -> list[Supersede]:
    """The lower cards of its clock that give way to a card once it is confirmed."""
    return [
        Supersede(card.card_no, confirmed.card_no, card.state)
        for card in sorted(cards, key=lambda card: card.level)
        if (card.rule_id, card.episode) == (confirmed.rule_id, confirmed.episode)
        and card.level < confirmed.level
        and card.state in STANDING_STATES
    ]


def revived_by(lifted: str, cards: Sequence[Card]) -> list[Revive]:
    """The lower cards of its clock that stand again once the card of that number is lifted.

    `cards` are all cards of the case as they were before. The next scan finds nothing more to do.
    """
    gone = next(card for card in cards if card.card_no == lifted)
    left = [
        card
        for card in cards
        if (card.rule_id, card.episode) == (gone.rule_id, gone.episode)
        and card.card_no != lifted
        and card.state is not CardState.LIFTED
    ]
    top = max((card.level for card in left if _own_state(card) in _RANKING), default=None)
    return [
        Revive(card.card_no, _own_state(card))
        for card in sorted(left, key=lambda card: card.level)
        if card.state is CardState.SUPERSEDED and (top is None or card.level >= top)
    ]
