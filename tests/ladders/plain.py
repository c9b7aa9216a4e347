"""A ladder in plain loops: minute by minute, and nothing of the project's own decisions.

Time is a toy: a `working_hours` is an hour, a `working_days` a day of 1,440 minutes, counted from
the very minute. The real calendars have their own oracle.
"""

from dataclasses import dataclass, field

MINUTE = 60


@dataclass
class PlainStep:
    """A step: when it comes after the one before, what stops it, its repeats; in minutes."""

    after: int | None
    stops: frozenset[str]
    every: int = 0
    times: int = 0


@dataclass
class PlainLadder:
    """The steps and the two terms of a chain; 0: none."""

    steps: list[PlainStep]
    reply_within: int = 0
    acknowledged_for: int = 0
    unanswered: bool = False


@dataclass
class Walk:
    """One walk and all that it has to remember; instants are minutes."""

    ladder: PlainLadder
    step: int = 0
    turn: int = 0
    #: Delivery of the step's first turn, and when it was lost.
    delivered: int | None = None
    lost: int | None = None
    #: Whether a repeat is on its way.
    on_its_way: bool = False
    acknowledged: int | None = None
    replied: int | None = None
    reply_due: int | None = None
    finished: bool = False
    ordered: bool = False
    missed_reply: bool = False
    said: list[tuple[int, str]] = field(default_factory=list)

    def happen(self, what: str, minute: int) -> None:
        """Remember what has happened."""
        if what == "finished":
            self.finished = True
        elif what in ("ordered", "order_ended"):
            self.ordered = what == "ordered"
        elif what == "acknowledged" and self.acknowledged is None:
            self.acknowledged = minute
        elif what == "replied" and self.replied is None:
            self.replied = minute
        elif what == "undeliverable" and self.step:
            if self.delivered is None and self.lost is None:
                self.lost = minute
            self.on_its_way = False
        elif what == "delivered" and self.step:
            if self.delivered is None:
                self.delivered = minute
            self.on_its_way = False
            if self.reply_due is None and self.ladder.reply_within:
                self.reply_due = minute + self.ladder.reply_within

    def look(self, minute: int) -> None:
        """Tell what is due in this minute."""
        if self.step == 0:
            self.tell(minute, 1, 1)
            return
        if self.ordered:
            return
        if self.reply_is_missing(minute):
            self.said.append((minute, "unanswered"))
            self.missed_reply = True
        since = self.lost if self.delivered is None else self.delivered
        if since is None:
            return
        due = since
        for number in range(self.step + 1, len(self.ladder.steps) + 1):
            step = self.ladder.steps[number - 1]
            assert step.after is not None
            due += step.after
            if self.stopped(step):
                # It would have been told in the minute after, and received in that one.
                due += 1
                continue
            if minute > due and not self.held(step, minute):
                self.tell(minute, number, 1)
                return
            break
        step = self.ladder.steps[self.step - 1]
        passed = [n for n in range(1, step.times + 1) if minute > since + n * step.every]
        if self.on_its_way or self.stopped(step) or self.held(step, minute):
            return
        if passed and passed[-1] + 1 > self.turn:
            self.tell(minute, self.step, passed[-1] + 1)

    def tell(self, minute: int, step: int, turn: int) -> None:
        """A step or its repeat goes out."""
        self.said.append((minute, f"{step}.{turn}"))
        self.step, self.turn, self.on_its_way = step, turn, turn > 1
        if turn == 1:
            self.delivered = self.lost = None

    def reply_is_missing(self, minute: int) -> bool:
        """Whether that has to be told, once."""
        if not self.ladder.unanswered or self.missed_reply or self.replied is not None:
            return False
        return self.reply_due is not None and minute > self.reply_due

    def holds_until(self) -> int | None:
        """Last minute in which an acknowledgement without a reply holds; None: it has no term."""
        if self.acknowledged is None or self.replied is not None:
            return None
        return self.acknowledged + self.ladder.acknowledged_for or None

    def stopped(self, step: PlainStep) -> bool:
        """Whether a step will never be told."""
        if self.replied is not None and step.stops & {"replied", "acknowledged"}:
            return True
        if self.acknowledged is not None and not self.ladder.acknowledged_for:
            return "acknowledged" in step.stops or (self.finished and "finished" in step.stops)
        return self.finished and "finished" in step.stops

    def held(self, step: PlainStep, minute: int) -> bool:
        """Whether an acknowledgement with a term holds a step in this minute."""
        until = self.holds_until() if self.ladder.acknowledged_for else None
        return until is not None and "acknowledged" in step.stops and minute <= until


def walk(ladder: PlainLadder, happens: dict[int, list[str]], until: int) -> list[tuple[int, str]]:
    """Walk through the minutes; what happens in a minute comes before what is told in it.

    A step is told in the first minute after its last minute in time.
    """
    walked = Walk(ladder)
    for minute in range(until + 1):
        for what in happens.get(minute, []):
            if what in ("closed", "lifted"):
                return walked.said
            walked.happen(what, minute)
        walked.look(minute)
    return walked.said
