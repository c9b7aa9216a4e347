"""Repairing a clock 修复时钟 that ran ahead (docs/contract.md 5, 11).

What was judged as of an instant after the last right one is lifted and judged again by the right
clock; slots and ladder steps after it are taken back. Two supervisors answer for it with their
keys, and all of it is one transaction.
"""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from ...cards.lift_effects import LiftEffects
from ...cards.lifting import followed_json, lift
from ...cards.store import cards
from ...faults import ConfigurationError
from ...followup.alarms import actions as alarms
from ...followup.appeals import store as appeals
from ...followup.ladders.taking_back import take_back
from ...followup.orders import deadlines as order_deadlines
from ...i18n.messages import t
from ...intake.store import cases
from ...ledger.model.entries import EntryType
from ...ledger.store import ledger
from ...notify.store import outbox
from ...people.acting import acting, approve
from ...people.first_signatures import Before, before, enough
from ...people.model.authority import Act
from ...scan.store import runs
from ...scan.store import tally_states as tallies
from ...terms import LiftReason
from ...time.instants import rfc3339
from ...workspace.context import Context
from ...workspace.one_at_a_time import end_ahead, lease_now
from ...workspace.required_texts import require_text, text_commitment
from ...workspace.transaction import transaction

#: Persons who have to sign.
NEEDED = 2


@dataclass(slots=True)
class Repaired:
    """What became of a repair of the clock."""

    after: int
    #: False: it waits for another signature.
    done: bool
    signed_by: list[str]
    needed: int = NEEDED
    #: True: the same person has signed it before, nothing was written.
    repeated: bool = False
    #: Earlier signatures that count no more, one line each.
    lapsed: list[str] = field(default_factory=list)
    #: Cards that it lifts, lowest level first; cases that are judged again; slots run again.
    cards: list[str] = field(default_factory=list)
    cases: int = 0
    slots: list[int] = field(default_factory=list)
    #: Ladders of other cards that went back: card, step and turn.
    steps: list[tuple[str, int, int]] = field(default_factory=list)
    followed: LiftEffects = field(default_factory=LiftEffects)

    def as_json(self, zone: str) -> dict[str, object]:
        """For the command line."""
        return {
            "after": rfc3339(self.after, zone),
            "done": self.done,
            "signed_by": self.signed_by,
            "needed": self.needed,
            "repeated": self.repeated,
            "lapsed": self.lapsed,
            "lifted": self.cards,
            "cases": self.cases,
            "slots": [rfc3339(slot, zone) for slot in self.slots],
            "steps": _steps(self.steps),
            **followed_json(self.followed),
        }


def repair(context: Context, after: int, text: str | None, *, dry_run: bool = False) -> Repaired:
    """Undo what was judged as of an instant later than `after` (epoch seconds), or sign for it.

    `dry_run`: what it would do once both have signed; nothing is written. Given again by who has
    signed it, nothing is written. ConfigurationError where `after` has not come, or nothing lies
    after it; NotAllowed where the person may not, or an earlier signature does not hold.
    """
    why = require_text(text, t("reason for the repair"))
    if after > context.now():
        raise ConfigurationError(
            t("{after} has not come yet", after=rfc3339(after, context.zone)),
            t("--after is the last instant at which the clock was right"),
        )
    with transaction(context, dry_run=dry_run) as connection:
        acting(context, connection, Act.REPAIR_CLOCK, None, second=True)
        turn = ledger.repairs_of(connection, _at(after)) + 1
        if turn > 1 or not _anything(connection, after):
            return _before(context, connection, after, turn - 1)
        known = _signed(context, connection, after, turn)
        mine = known.by(context.person or "", "repair", None)
        if mine is None:
            given = approve(
                context,
                connection,
                act=Act.REPAIR_CLOCK,
                subject=_subject(after),
                round=turn,
                decision="repair",
                text=why,
                must_sign=True,
                second=True,
            )
            known.given.append(given)
        done = Repaired(
            after=after,
            done=enough(known.given, NEEDED),
            signed_by=[one.person_id for one in known.given],
            repeated=mine is not None,
            lapsed=known.lapsed,
        )
        if done.done or dry_run:
            _repair(context, connection, done, turn, why)
    return done


def _at(after: int) -> str:
    return rfc3339(after, "UTC")


def _subject(after: int) -> str:
    return f"clock:{_at(after)}"


def _signed(context: Context, connection: Connection, after: int, turn: int) -> Before:
    return before(
        context,
        connection,
        act=Act.REPAIR_CLOCK,
        subject=_subject(after),
        round=turn,
        scope=None,
    )


def _before(context: Context, connection: Connection, after: int, turn: int) -> Repaired:
    """A repair that was done already, given again by somebody who signed it; else the fault."""
    known = _signed(context, connection, after, turn)
    if turn and known.by(context.person or "", "repair", None) is not None:
        signed_by = [one.person_id for one in known.given]
        return Repaired(after, done=True, signed_by=signed_by, repeated=True)
    if turn:
        raise ConfigurationError(
            t("the clock was repaired after {after} before", after=rfc3339(after, context.zone)),
            t("what the right clock has given since stays; see effmon doctor for a later instant"),
        )
    raise ConfigurationError(
        t(
            "nothing was judged as of an instant after {after}",
            after=rfc3339(after, context.zone),
        ),
        t("effmon doctor says whether the clock ran ahead, and since when"),
    )


def _anything(connection: Connection, after: int) -> bool:
    return bool(
        cases.judged_after(connection, after)
        or cards.judged_after(connection, after)
        or runs.later(connection, after)
    )


def _repair(context: Context, connection: Connection, done: Repaired, turn: int, why: str) -> None:
    """All that follows, in the transaction of the signature that completes it."""
    after = done.after
    done.cards = cards.judged_after(connection, after)
    done.cases = cases.judge_anew(connection, after)
    done.slots = runs.take_back(connection, after, lease_now(context, connection))
    tallies.judge_anew(connection, after)
    end_ahead(context, connection)
    fact = f"{EntryType.CLOCK_REPAIRED}/{_at(after)}/{turn}"
    # Before they are lifted: a lower card that stands again goes on from a right step.
    done.steps = take_back(context, connection, after)
    content: dict[str, object] = {
        "after": _at(after),
        "round": turn,
        "cards": len(done.cards),
        "cases": done.cases,
        "slots": [rfc3339(slot, context.zone) for slot in done.slots],
        "steps": _steps(done.steps),
        "notices": outbox.newest_number(connection),
        "signed_by": done.signed_by,
        "person": context.person,
        "text": text_commitment(context, connection, why),
    }
    ledger.append(connection, [context.entry(EntryType.CLOCK_REPAIRED, fact, content)])
    order_deadlines.take_back(context, connection, after)
    alarms.take_back(context, connection, after)
    appeals.overdue_untold_after(connection, after)
    done.followed = lift(
        context,
        connection,
        done.cards,
        LiftReason.CLOCK_ERROR,
        why,
        more={"repair": f"{_at(after)}/{turn}"},
    )
    cases.mark(connection, cards.cases_of(connection, done.cards))
    outbox.not_ahead(connection, context.now())


def _steps(steps: list[tuple[str, int, int]]) -> list[dict[str, Any]]:
    return [{"card": card_no, "step": step, "turn": turn} for card_no, step, turn in steps]
