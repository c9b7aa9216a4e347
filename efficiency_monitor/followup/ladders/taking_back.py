"""Taking ladder steps back 退回督办层级 that were told under a clock that had run ahead.

Where the card stands, its ladder goes back to the step that it had then, and climbs from there by
the right clock. Whoever was told too early is told again when the time comes: that is another
message, of the next round (`model.step_kind`).
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from ...notify.telling import Telling
from ...time.amount import Amount
from ...workspace.context import Context
from ..deadlines import Deadlines
from . import store
from .advance import is_present, not_taken_back
from .model import step_turn

_REASON = "clock_error"


def take_back(context: Context, connection: Connection, after: int) -> list[tuple[str, int, int]]:
    """Take back what the ladders of cards that are not lifted told after an instant.

    Each with the step and turn to which it went back, of those that did. Other instants that have
    not come are now: deadlines count from there.
    """
    card_nos = store.touched_after(connection, after)
    notices = store.notices_of(connection, card_nos)
    telling = Telling(context, connection)
    deadlines = Deadlines(context)
    back = []
    for card_no, run in store.runs_of(connection, card_nos).items():
        known = not_taken_back(notices.get(card_no, []), run)
        values = _back(run, known, after)
        if values:
            back.append((card_no, int(values["step"]), int(values["turn"])))
            telling.make_void([each for each in known if _is_later(each, after)], _REASON)
        values |= _not_ahead({**run._mapping, **values}, context.now(), deadlines)
        if run.state != "ended":
            values |= {"state": "running", "next_at": context.now()}
        if values:
            store.change(connection, card_no, **values)
    telling.finish()
    return back


def _is_later(notice: Any, after: int) -> bool:
    """Whether a notice told of a step, or that nobody had replied, after an instant."""
    told = step_turn(notice.kind) is not None or notice.kind.partition(":")[0] == "unanswered"
    return told and bool(notice.created_at > after)


def _back(run: Any, known: Sequence[Any], after: int) -> dict[str, Any]:
    """Where a ladder stood at an instant, and its next round; nothing where it stands there."""
    told = [
        at
        for each in known
        if (at := step_turn(each.kind)) is not None and not _is_later(each, after)
    ]
    step, turn = max([(1, 1), *told])
    if step < run.step and run.told_at is not None and run.told_at <= after:
        step = run.step  # it was told by then, to nobody
    unanswered = run.unanswered_at is not None and run.unanswered_at > after
    if (step, turn) >= (run.step, run.turn) and not unanswered:
        return {}
    values = {"step": step, "turn": min(turn, run.turn) if step == run.step else turn}
    values["round"] = run.round + 1
    if unanswered:
        values["unanswered_at"] = None
    if step < run.step:
        first = [each for each in known if is_present(each.kind, step)]
        sent = [each.sent_at for each in first if each.sent_at is not None]
        values |= {
            "told_at": min((each.created_at for each in first), default=run.began_at),
            "delivered_at": min(sent, default=None),
            "missed_at": None,
            "missed": None,
        }
    return values


def _not_ahead(run: dict[Any, Any], now: int, deadlines: Deadlines) -> dict[str, Any]:
    """The instants of a run that have not come, each as now; the end of the time to reply anew."""
    ahead: dict[str, Any] = {
        name: now for name in store.INSTANTS if run[name] is not None and run[name] > now
    }
    asked = run["reply_within"] is not None and run["replied_at"] is None
    if "first_delivered_at" in ahead and asked:
        within = Amount.parse(run["reply_within"])
        ahead["reply_due_at"] = deadlines.due(run["calendar"], now, within)
    return ahead
