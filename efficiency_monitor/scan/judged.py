"""What the store keeps of a case that was judged: its outcome, and the clocks that wake it."""

from collections.abc import Sequence

from ..engine.findings import CaseFindings, calendar_of
from ..intake.store import cases
from ..rules.vocabulary import Vocabulary
from ..workspace.context import compact_json


def judged(
    words: Vocabulary,
    case: cases.StoredCase,
    found: CaseFindings,
    as_of: int,
    again_at: int | None,
    contested: Sequence[str] = (),
) -> cases.Judged:
    """What the store keeps: the outcome, and every clock that time alone will move.

    `again_at` is when something else than its clocks moves: a rule on trial would give a further
    card, or evidence that is held back would no longer take one away. It is judged again then.
    `contested` are its cards that evidence would lift which is held back.
    """
    clocks: list[dict[str, object]] = []
    for episode in found.episodes:
        due = [limit.due_at for limit in episode.limits if limit.due_at is not None]
        upcoming = [
            level.level
            for level in episode.levels
            if level.instant is not None and level.instant == episode.next_at
        ]
        clocks.append(
            _clock(
                case,
                rule_id=episode.bound.rule.id,
                episode=episode.key,
                calendar=calendar_of(case.record, episode),
                state=episode.state,
                next_at=episode.next_at,
                next_level=int(max(upcoming)) if upcoming else None,
                limit_due_at=min(due, default=None),
            )
        )
    wakes = [event.occurred_at - 1 for event in case.record.events if event.occurred_at > as_of]
    known = {clock["next_at"] for clock in clocks}
    if found.next_at is not None and found.next_at not in known:
        wakes.append(found.next_at)
    waits = bool(wakes)
    if again_at is not None and again_at not in known:
        wakes.append(again_at)
    if wakes:
        # Something begins later by itself: a start that may be deemed, an event dated ahead.
        clocks.append(
            _clock(
                case,
                rule_id="",
                episode="",
                calendar=case.record.calendar,
                state="waiting",
                next_at=min(wakes),
            )
        )
    return cases.Judged(
        case_id=case.case_id,
        outcome=str(found.outcome),
        troubles=compact_json(
            [
                [trouble.rule, str(trouble.reason), trouble.detail]
                for trouble in (*found.troubles, *found.notes)
            ]
        ),
        open=_is_open(words, case, found, waits),
        stale=case.record.stale,
        waits=found.waits,
        contested=compact_json(list(contested)),
        clocks=tuple(clocks),
    )


def _clock(
    case: cases.StoredCase,
    *,
    rule_id: str,
    episode: str,
    calendar: str,
    state: str,
    next_at: int | None,
    next_level: int | None = None,
    limit_due_at: int | None = None,
) -> dict[str, object]:
    return {
        "case_id": case.case_id,
        "rule_id": rule_id,
        "episode": episode,
        "state": state,
        "calendar": calendar,
        "next_at": next_at,
        "next_level": next_level,
        "limit_due_at": limit_due_at,
    }


def _is_open(words: Vocabulary, case: cases.StoredCase, found: CaseFindings, waiting: bool) -> bool:
    if waiting or any(episode.state != "stopped" for episode in found.episodes):
        return True
    kinds = (words.types.get(event.type) for event in case.record.events)
    return not any(kind is not None and kind.finishes for kind in kinds)
