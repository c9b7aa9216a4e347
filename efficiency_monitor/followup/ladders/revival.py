"""A card that stands again 恢复: who is told so, and where its ladder goes on.

Whoever was told of it hears that it stands. What was taken back while the higher card stood, and
so reached nobody, is told after all: nobody is passed over because a card came and went.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection

from ...notify.notices import notices_to, people
from ...notify.recipients import as_reached_now
from ...notify.telling import Telling
from ...people.model.people import Person
from ...workspace.context import Context
from . import store
from .advance import is_about, is_revived, not_taken_back
from .model import step_turn


def resume(
    context: Context,
    connection: Connection,
    telling: Telling,
    run: Any,
    known: Sequence[Any],
    by: str | None,
) -> None:
    """Go on with a revived card, in the transaction that revives it; deadlines run from delivery.

    `known` are all notices about it, `by` is the higher card that was lifted.
    """
    now = context.now()
    subject = f"card:{run.card_no}"
    everybody = people(connection)
    told = [each for each in known if is_about(each.kind) and each.state in ("sent", "pending")]
    reached: dict[tuple[str, str], Person] = {}
    for each in told:
        person = as_reached_now(everybody, each)
        reached[person.person_id, person.channel] = person
    # A card may stand again more than once: each time is news.
    times = len({each.kind for each in known if is_revived(each.kind)})
    telling.new += notices_to(
        list(reached.values()),
        subject=subject,
        kind="revived" if times == 0 else f"revived:{times + 1}",
        card_no=run.card_no,
        about={"by": by},
    )
    known = not_taken_back(known, run)
    step, turn = _stood(run, known)
    for row in _passed_over(run, known, step, {each.person_id for each in told}):
        if any(person.person_id == row.person_id for person in everybody):
            telling.new += notices_to(
                [as_reached_now(everybody, row)],
                subject=subject,
                kind=row.kind,
                card_no=run.card_no,
                about=json.loads(row.about),
            )
    unanswered = [each for each in known if each.kind.partition(":")[0] == "unanswered"]
    taken_back = bool(unanswered) and all(each.state == "void" for each in unanswered)
    store.change(
        connection,
        run.card_no,
        state="running",
        ended_reason=None,
        step=step,
        turn=turn,
        told_at=now,
        delivered_at=None,
        missed_at=None,
        missed=None,
        first_delivered_at=None,
        reply_due_at=None,
        unanswered_at=None if taken_back else run.unanswered_at,
        next_at=now,
    )


def _stood(run: Any, known: Sequence[Any]) -> tuple[int, int]:
    """Step and turn up to which somebody has received something, or nobody was found."""
    step, turn = int(run.step), int(run.turn)
    while step > 1 and _all_void(known, step, 1):
        step, turn = step - 1, 1
    if step < run.step or (turn > 1 and _all_void(known, step, turn)):
        left = [step_turn(each.kind) for each in known if each.state != "void"]
        turn = max((at[1] for at in left if at is not None and at[0] == step), default=1)
    return step, turn


def _all_void(known: Sequence[Any], step: int, turn: int) -> bool:
    states = {each.state for each in known if step_turn(each.kind) == (step, turn)}
    return states == {"void"}


def _passed_over(run: Any, known: Sequence[Any], step: int, told: set[str]) -> Iterator[Any]:
    """For each person who was to be told and received nothing, the newest notice of those."""
    answered = run.acknowledged_at is not None or run.replied_at is not None
    newest: dict[tuple[str, str], Any] = {}
    for row in known:
        number = _first_turn_of(row.kind)
        if not 0 < number <= step or row.state != "void" or row.person_id in told:
            continue
        if number > 1 and answered:  # an answer may have taken it back
            continue
        key = (row.person_id, row.channel)
        if key not in newest or number > _first_turn_of(newest[key].kind):
            newest[key] = row
    yield from newest.values()


def _first_turn_of(kind: str) -> int:
    """The step of whose first turn a kind of notices tells; 0: of none."""
    if kind == "issued":
        return 1
    step, turn = step_turn(kind) or (0, 0)
    return step if turn == 1 else 0
