"""What a ladder does next: a card's chain and what has happened → tell a step, wait, or end.

Pure. Time counts from delivery: a step that nobody has received makes no deadline run. A step
is due at an instant and told one second later, as everything falls due (docs/contract.md 1).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_CEILING
from typing import Literal
from zoneinfo import ZoneInfo

from ...rules.ladders import Chain, Step
from ...time.amount import Amount, Unit
from ...time.instants import last_second

#: Last instant in time of an amount that begins at an instant, on the card's calendar.
Due = Callable[[int, Amount], int]


def step_kind(step: int, turn: int, round: int = 1) -> str:  # noqa: A002  the column's word
    """Kind of the notices of a step's turn: `step:2:1`, in a later round `step:2:1:2`.

    A round begins where steps were taken back because a clock had run ahead (`ops.repair.clock`):
    what was told too early is told again, and is another message.
    """
    return f"step:{step}:{turn}" + _of_round(round)


def step_turn(kind: str) -> tuple[int, int] | None:
    """Step and turn of which a kind of notices tells; None: of neither."""
    parts = kind.split(":")
    return (int(parts[1]), int(parts[2])) if parts[0] == "step" else None


def step_round(kind: str) -> int:
    """Round in which a step of such a kind was told, from 1."""
    parts = kind.split(":")
    return int(parts[3]) if len(parts) > 3 else 1


def unanswered_kind(round: int = 1) -> str:  # noqa: A002  the column's word
    """Kind of the notices that nobody has replied: `unanswered`, in a later round
    `unanswered:2`."""
    return "unanswered" + _of_round(round)


def _of_round(number: int) -> str:
    return f":{number}" if number > 1 else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Where a ladder stands and what has happened to its card; instants in epoch seconds."""

    #: Newest step that was told, from 1; 0: none yet. And its turn: 1, more for each repeat.
    step: int = 0
    turn: int = 0
    #: When the step's first turn was first delivered.
    delivered_at: int | None = None
    #: When it was known that the step reaches nobody: nobody was found, all its notices are dead.
    missed_at: int | None = None
    #: Whether a repeat is still to be delivered.
    pending: bool = False
    reply_due_at: int | None = None
    unanswered_at: int | None = None
    acknowledged_at: int | None = None
    replied_at: int | None = None
    #: Whether the clock that the card was given for has stopped.
    finished: bool = False
    #: Whether a supervision order on the card is open: it has a deadline of its own.
    ordered: bool = False
    #: Why the card needs no ladder any more: closed, lifted, superseded; empty while it does.
    ended: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing to do before `until`; None: until something happens.

    `for_`: `time`; `delivery`: the step has not been delivered; `answered`: what is left is held
    by an answer for good; `finished`: by the clock's stop, which may be withdrawn; `order`: by a
    supervision order that is open.
    """

    until: int | None
    for_: Literal["time", "delivery", "answered", "finished", "order"]


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell a step; `since` is when the step before, or the one repeated, was delivered."""

    step: int
    turn: int
    since: int | None


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The reply deadline has passed without a reply: tell those who are told of that."""

    reply_due_at: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The ladder has ended with its card."""

    reason: str


@dataclass(frozen=True, slots=True)
class Exhausted:
    """Every step was told and nobody has replied: the card stays standing and visible."""


Decision = Waiting | Tell | Unanswered | Ended | Exhausted


def decide(chain: Chain, facts: Facts, at: int, due: Due) -> Decision:
    """What to do at an instant. What is told changes the facts: ask again after each answer.

    A step that an answer keeps from being told is passed over, and the next one waits from the
    instant at which it would have been told. An acknowledgement with a term (`acknowledged_for`)
    only holds a step until the term is over. While an order on the card is open nothing further is
    told, for nobody is to be supervised twice over for one thing (State Council order 733, article
    15); what fell due meanwhile is told when the order has ended and the card still stands.
    """
    if facts.ended:
        return Ended(facts.ended)
    if facts.step == 0:
        return Tell(1, 1, None)
    if facts.ordered:
        return Waiting(None, "order")
    deadline = _deadline(chain, facts)
    if deadline is not None and at > deadline:
        return Unanswered(deadline)
    upcoming = _upcoming(chain, facts, at, due)
    if deadline is None or isinstance(upcoming, Tell):
        return upcoming
    if isinstance(upcoming, Waiting) and upcoming.until is not None:
        return Waiting(min(upcoming.until, deadline + 1), "time")
    return Waiting(deadline + 1, "time")


def _deadline(chain: Chain, facts: Facts) -> int | None:
    """The reply deadline, if somebody is still to be told that it has passed."""
    if not chain.unanswered or facts.replied_at is not None or facts.unanswered_at is not None:
        return None
    return facts.reply_due_at


def _upcoming(chain: Chain, facts: Facts, at: int, due: Due) -> Waiting | Tell | Exhausted:
    since = facts.delivered_at if facts.delivered_at is not None else facts.missed_at
    if since is None:
        return Waiting(None, "delivery")
    held = _held(chain, facts, due)
    base = since
    kept: Literal["answered", "finished"] | None = None
    instant: int | None = None
    for number, step in enumerate(chain.steps[facts.step :], start=facts.step + 1):
        assert step.after is not None  # the model wants it of every step but the first
        instant = due(base, Amount.parse(step.after))
        stopped = _stopped(step, facts, held)
        if stopped is None:
            if held is not None and "acknowledged" in step.stops:
                instant = max(instant, held)
            if at > instant:
                return Tell(number, 1, facts.delivered_at)
            break
        kept = stopped if kept in (None, stopped) else "finished"
        base, instant = instant + 1, None
    repeated = _repeat(chain.steps[facts.step - 1], facts, since, held, at, due)
    if isinstance(repeated, Tell):
        return repeated
    times = [moment + 1 for moment in (instant, repeated.until) if moment is not None]
    if times:
        return Waiting(min(times), "time")
    if repeated.for_ != "time":
        return Waiting(None, repeated.for_)
    if kept is None and facts.replied_at is not None:
        kept = "answered"
    return Waiting(None, kept) if kept is not None else Exhausted()


def _held(chain: Chain, facts: Facts, due: Due) -> int | None:
    """Until when an acknowledgement without a reply holds the ladder; None: it does not."""
    if facts.acknowledged_at is None or facts.replied_at is not None:
        return None
    if chain.acknowledged_for is None:
        return None
    return due(facts.acknowledged_at, Amount.parse(chain.acknowledged_for))


def _stopped(step: Step, facts: Facts, held: int | None) -> Literal["answered", "finished"] | None:
    """What keeps a step from ever being told; a reply is an acknowledgement too."""
    if facts.replied_at is not None and {"replied", "acknowledged"} & {*step.stops}:
        return "answered"
    if facts.acknowledged_at is not None and held is None and "acknowledged" in step.stops:
        return "answered"
    return "finished" if facts.finished and "finished" in step.stops else None


def _repeat(
    step: Step, facts: Facts, since: int, held: int | None, at: int, due: Due
) -> Tell | Waiting:
    """The next repeat of the step that was told, or its last instant before it (`until`).

    Repeats are anchored on the first turn: after a long pause only the newest is told.
    """
    if step.repeat is None or facts.turn > step.repeat.times:
        return Waiting(None, "time")
    stopped = _stopped(step, facts, held)
    if stopped is not None:
        return Waiting(None, stopped)
    if facts.pending:
        return Waiting(None, "delivery")
    found: Tell | None = None
    for turn in range(facts.turn + 1, step.repeat.times + 2):
        amount = step.repeat.after(turn - 1)
        assert amount is not None  # the model has counted all of them
        instant = due(since, amount)
        if held is not None and "acknowledged" in step.stops:
            instant = max(instant, held)
        if at <= instant:
            return found or Waiting(instant, "time")
        found = Tell(facts.step, turn, facts.delivered_at)
    return found or Waiting(None, "time")


def plain_due(start: int, amount: Amount, zone: str) -> int:
    """Last instant in time by the weekdays alone, where no calendar covers the time.

    Working days are Monday to Friday; working hours and smaller run on by the wall clock; days and
    months end with their last second, as everywhere. A ladder never falls silent for want of a
    calendar; whoever uses this reports it.
    """
    if amount.unit.seconds:
        return start + int(amount.value * amount.unit.seconds)
    here = ZoneInfo(zone)
    day = datetime.fromtimestamp(start, here).replace(hour=12, minute=0, second=0)
    if amount.unit is Unit.CALENDAR_MONTHS:
        return last_second(int(_months_later(day, int(amount.value)).timestamp()), zone)
    left = int(amount.value.to_integral_value(ROUND_CEILING))
    while left:
        day += timedelta(days=1)
        if amount.unit is Unit.CALENDAR_DAYS or day.weekday() < 5:
            left -= 1
    return last_second(int(day.timestamp()), zone)


def at_least(amount: Amount) -> int:
    """Seconds before which an amount is due on no calendar, whenever it begins."""
    if amount.unit.seconds:
        return int(amount.value * amount.unit.seconds)
    days = int(amount.value) * (28 if amount.unit is Unit.CALENDAR_MONTHS else 1)
    # A summer may begin in between, and take an hour away.
    return max(0, days * 86_400 - 3_600)


def _months_later(day: datetime, months: int) -> datetime:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = datetime(year + month // 11, (month + 1) % 12 + 1, 1, tzinfo=day.tzinfo)
    last = (following - timedelta(days=1)).day
    return day.replace(year=year, month=month + 1, day=min(day.day, last))


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that happens in a story that is played through, at an instant."""

    at: int
    what: str


@dataclass(frozen=True, slots=True)
class Said:
    """What a ladder did in a story, and when."""

    at: int
    what: Tell | Unanswered


def play(
    chain: Chain,
    issued: int,
    happened: Sequence[Happened],
    until: int,
    due: Due,
    *,
    reply_within: Amount | None,
    at_once: bool,
) -> Iterator[Said]:
    """Play a story of a card through and say what its ladder does, looked at in every instant.

    With `at_once` whatever is told is delivered in the same second; without, as `happened` says.
    """
    waiting = sorted(happened, key=lambda each: each.at)
    facts, at = Facts(), issued
    while at <= until:
        while waiting and waiting[0].at <= at:
            facts = _after(facts, waiting.pop(0), due, reply_within)
        decision = decide(chain, facts, at, due)
        if isinstance(decision, Tell | Unanswered):
            yield Said(at, decision)
            facts = _told(facts, decision, at)
            if at_once and isinstance(decision, Tell):
                facts = _after(facts, Happened(at, "delivered"), due, reply_within)
            continue
        moments = [each.at for each in waiting[:1]]
        if isinstance(decision, Waiting) and decision.until is not None:
            moments.append(decision.until)
        if not moments:
            return
        at = min(moments)


def _told(facts: Facts, decision: Tell | Unanswered, at: int) -> Facts:
    if isinstance(decision, Unanswered):
        return replace(facts, unanswered_at=at)
    if decision.turn > 1:
        return replace(facts, turn=decision.turn, pending=True)
    return replace(
        facts, step=decision.step, turn=1, delivered_at=None, missed_at=None, pending=False
    )


def _after(facts: Facts, happened: Happened, due: Due, reply_within: Amount | None) -> Facts:
    match happened.what:
        case "delivered":
            first = facts.reply_due_at is None and reply_within is not None
            return replace(
                facts,
                pending=False,
                delivered_at=happened.at if facts.delivered_at is None else facts.delivered_at,
                reply_due_at=due(happened.at, reply_within)
                if first and reply_within is not None
                else facts.reply_due_at,
            )
        case "undeliverable":
            missed = happened.at if facts.missed_at is None else facts.missed_at
            return replace(facts, missed_at=missed, pending=False)
        case "acknowledged":
            return replace(facts, acknowledged_at=facts.acknowledged_at or happened.at)
        case "replied":
            return replace(facts, replied_at=facts.replied_at or happened.at)
        case "finished":
            return replace(facts, finished=True)
        case "ordered" | "order_ended":
            return replace(facts, ordered=happened.what == "ordered")
    return replace(facts, ended=happened.what)
