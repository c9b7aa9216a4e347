"""Advancing ladders: every one whose time has come is looked at and does what is due.

Safe to kill and to run many at once: a ladder is read, decided on and written in one transaction
that holds the write lock, and a step's notices have natural ids.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection

from ...intake.store.cases import chunks
from ...ledger.model.entries import EntryType
from ...notify.telling import Telling
from ...rules.ladders import Chain, NotFollowedUp
from ...terms import CardState
from ...time.amount import Amount
from ...time.instants import rfc3339
from ...workspace.context import Context
from ..deadlines import Deadlines
from . import model as escalation
from . import store
from .model import (
    Exhausted,
    Facts,
    Tell,
    Unanswered,
    Waiting,
    step_kind,
    step_round,
    step_turn,
    unanswered_kind,
)

#: Ladders looked at in one transaction.
BATCH = 100
#: Seconds after which a ladder is looked at again that only a stopped clock holds.
_LOOK_AGAIN = 86_400
_ENDED = (CardState.CLOSED, CardState.LIFTED, CardState.SUPERSEDED, CardState.HISTORICAL)


@dataclass(slots=True)
class LadderReport:
    """What advancing the ladders did."""

    #: Cards and steps that were told: (card, step, turn).
    told: list[tuple[str, int, int]] = field(default_factory=list)
    #: Cards whose reply deadline has passed without a reply.
    unanswered: list[str] = field(default_factory=list)
    #: Cards with the step that reached nobody.
    nobody: list[tuple[str, str]] = field(default_factory=list)
    #: Cards whose last step was told and that nobody has answered.
    exhausted: list[str] = field(default_factory=list)
    #: Calendars that did not cover a deadline: it was counted by the weekdays.
    uncovered: list[str] = field(default_factory=list)

    def add(self, other: "LadderReport") -> None:
        """Take in what advancing them once more did."""
        for name in LadderReport.__slots__:
            held = getattr(self, name)
            held += [each for each in getattr(other, name) if each not in held]

    def as_json(self) -> dict[str, object]:
        """For the command line."""
        return {
            "told": [
                {"card_no": card_no, "step": step, "turn": turn}
                for card_no, step, turn in self.told
            ],
            "unanswered": self.unanswered,
            "nobody": [{"card_no": card_no, "what": what} for card_no, what in self.nobody],
            "exhausted": self.exhausted,
            "uncovered": self.uncovered,
        }


@lru_cache(maxsize=256)
def chain_of(text: str) -> Chain:
    """The chain that a running ladder keeps."""
    return Chain.model_validate(json.loads(text)["chain"])


@lru_cache(maxsize=256)
def alarm_of(text: str) -> NotFollowedUp | None:
    """The alarm on who does not follow a card up that its running ladder keeps."""
    kept = json.loads(text)["not_followed_up"]
    return None if kept is None else NotFollowedUp.model_validate(kept)


def is_present(kind: str, step: int) -> bool:
    """Whether the delivery of a notice of this kind is that of a step's first turn."""
    if is_revived(kind) or step == 1:
        return is_revived(kind) or kind == "issued"
    return step_turn(kind) == (step, 1)


def not_taken_back(known: Sequence[Any], run: Any) -> Sequence[Any]:
    """Of all notices about a card those that its ladder still rests on.

    Where steps were taken back those stay out that tell of a later step than the one where the
    ladder stands, and of a step that was told anew the ones that told it before.
    """
    if run.round == 1:
        return known
    newest: dict[tuple[int, int], int] = {}
    for each in known:
        at = step_turn(each.kind)
        if at is not None:
            newest[at] = max(newest.get(at, 0), step_round(each.kind))
    return [
        each
        for each in known
        if (at := step_turn(each.kind)) is None
        or (at <= (run.step, run.turn) and step_round(each.kind) == newest[at])
    ]


def is_revived(kind: str) -> bool:
    """Whether notices of a kind tell that a card stands again: `revived`, `revived:2`, …"""
    return kind.partition(":")[0] == "revived"


def is_about(kind: str) -> bool:
    """Whether notices of a kind tell that a card stands: nobody needs them once it does not."""
    return kind.partition(":")[0] in ("issued", "unanswered", "step", "revived")


def advance(context: Context) -> LadderReport:
    """Look at every ladder whose time has come; tell what is due."""
    report = LadderReport()
    deadlines = Deadlines(context)
    with context.store.reading() as connection:
        due = store.due(connection, context.now())
    for part in chunks(due, BATCH):
        with context.store.writing() as connection:
            _look_at(context, connection, part, deadlines, report)
    report.uncovered = sorted(deadlines.uncovered)
    return report


def _look_at(
    context: Context,
    connection: Connection,
    card_nos: Sequence[str],
    deadlines: Deadlines,
    report: LadderReport,
) -> None:
    # Read again under the lock: another process may have looked at them, or an answer have come.
    rows = store.still_due(connection, card_nos, context.now())
    notices = store.notices_of(connection, [row.card_no for row in rows])
    telling = Telling(context, connection)
    for row in rows:
        climber = _Climber(context, telling, row, notices.get(row.card_no, []), deadlines, report)
        store.change(connection, row.card_no, **climber.climb())
    telling.finish()


class _Climber:
    """One ladder, looked at once."""

    def __init__(
        self,
        context: Context,
        telling: Telling,
        row: Any,
        notices: Sequence[Any],
        deadlines: Deadlines,
        report: LadderReport,
    ) -> None:
        self._now = context.now()
        self._zone = context.zone
        self._telling = telling
        self._row = row
        self._notices = not_taken_back(notices, row)
        self._deadlines = deadlines
        self._report = report
        self._chain = chain_of(row.chain)
        self._values: dict[str, object] = {}

    def climb(self) -> dict[str, object]:
        """Do what is due; the values that the run takes."""
        facts = self._facts()
        while True:
            decision = escalation.decide(self._chain, facts, self._now, self._due)
            if isinstance(decision, Tell):
                facts = self._tell(facts, decision)
            elif isinstance(decision, Unanswered):
                facts = self._tell_unanswered(facts, decision)
            else:
                break
        following: dict[str, object]
        if isinstance(decision, Waiting):
            until = decision.until
            if decision.for_ == "finished":
                # The stop may be withdrawn: then the ladder goes on.
                until = self._now + _LOOK_AGAIN
            following = {"next_at": until}
        elif isinstance(decision, Exhausted):
            # A warning of one step asks for no answer: that nobody has given one is no news.
            if len(self._chain.steps) > 1 or self._chain.unanswered:
                self._report.exhausted.append(self._row.card_no)
            following = {"next_at": None, "state": "exhausted"}
        else:
            self._telling.make_void(
                [each for each in self._notices if is_about(each.kind)], decision.reason
            )
            following = {"next_at": None, "state": "ended", "ended_reason": decision.reason}
        return self._values | following

    def _due(self, start: int, amount: Amount) -> int:
        return self._deadlines.due(self._row.calendar, start, amount)

    def _facts(self) -> Facts:
        row = self._row
        facts = Facts(
            step=row.step,
            turn=row.turn,
            delivered_at=row.delivered_at,
            missed_at=row.missed_at,
            reply_due_at=row.reply_due_at,
            unanswered_at=row.unanswered_at,
            acknowledged_at=row.acknowledged_at,
            replied_at=row.replied_at,
            finished=row.clock == "stopped",
            ordered=bool(row.ordered),
            ended=row.card_state if row.card_state in _ENDED else "",
        )
        # What was told before this ladder began, or before a revival, is not its own.
        own = [each for each in self._notices if each.created_at >= row.told_at]
        if row.turn > 1:
            kind = step_kind(row.step, row.turn, row.round)
            waiting = any(each.kind == kind and each.state == "pending" for each in own)
            facts = replace(facts, pending=waiting)
        if row.first_delivered_at is None:
            facts = self._begun(facts, own)
        first = [each for each in own if is_present(each.kind, row.step)]
        if facts.delivered_at is None and facts.missed_at is None:
            facts = self._reached(facts, first)
        return facts

    def _begun(self, facts: Facts, own: Sequence[Any]) -> Facts:
        """The first delivery of anything, where it came before the ladder: the reply's term."""
        sent = [each.sent_at for each in own if is_about(each.kind) and each.sent_at is not None]
        if not sent:
            return facts
        self._values["first_delivered_at"] = min(sent)
        if self._row.reply_within is None or facts.replied_at is not None:
            return facts
        due = self._due(min(sent), Amount.parse(self._row.reply_within))
        self._values["reply_due_at"] = due
        return replace(facts, reply_due_at=due)

    def _reached(self, facts: Facts, first: Sequence[Any]) -> Facts:
        """Whether a step was received, is still to be, or never will."""
        sent = [each.sent_at for each in first if each.state == "sent"]
        if sent:
            self._values["delivered_at"] = min(sent)
            return replace(facts, delivered_at=min(sent))
        if any(each.state == "pending" for each in first):
            return facts
        self._values |= {"missed_at": self._now, "missed": "undeliverable"}
        return replace(facts, missed_at=self._now)

    def _tell(self, facts: Facts, decision: Tell) -> Facts:
        row = self._row
        kind = step_kind(decision.step, decision.turn, row.round)
        about = {"step": decision.step, "turn": decision.turn, "since": decision.since}
        persons = self._telling.of_card(row._mapping, self._chain.steps[decision.step - 1].tell)
        told = self._telling.tell(
            persons, subject=f"card:{row.card_no}", kind=kind, card_no=row.card_no, about=about
        )
        if told:
            self._report.told.append((row.card_no, decision.step, decision.turn))
        else:
            self._report.nobody.append((row.card_no, kind))
        self._escalated(
            f"{decision.step}/{decision.turn}",
            {
                "step": decision.step,
                "turn": decision.turn,
                "since": self._time(decision.since),
                "notices": told,
            },
        )
        if decision.turn > 1:
            self._values["turn"] = decision.turn
            return replace(facts, turn=decision.turn, pending=told > 0)
        missed_at = None if told else self._now
        self._values |= {
            "step": decision.step,
            "turn": 1,
            "told_at": self._now,
            "delivered_at": None,
            "missed_at": missed_at,
            "missed": None if told else "nobody",
        }
        return replace(
            facts,
            step=decision.step,
            turn=1,
            delivered_at=None,
            missed_at=missed_at,
            pending=False,
        )

    def _tell_unanswered(self, facts: Facts, decision: Unanswered) -> Facts:
        card_no = self._row.card_no
        told = self._telling.tell(
            self._telling.of_card(self._row._mapping, self._chain.unanswered),
            subject=f"card:{card_no}",
            kind=unanswered_kind(self._row.round),
            card_no=card_no,
            about={"reply_due_at": decision.reply_due_at},
        )
        if not told:
            self._report.nobody.append((card_no, unanswered_kind(self._row.round)))
        self._report.unanswered.append(card_no)
        self._escalated(
            "unanswered", {"reply_due_at": self._time(decision.reply_due_at), "notices": told}
        )
        self._values["unanswered_at"] = self._now
        return replace(facts, unanswered_at=self._now)

    def _escalated(self, fact: str, content: Mapping[str, object]) -> None:
        row = self._row
        again = "" if row.round == 1 else f"/{row.round}"
        self._telling.record(
            EntryType.CARD_ESCALATED,
            f"{row.card_no}/{fact}{again}",
            {
                "card": row.card_no,
                "ladder": {
                    "id": row.ladder_id,
                    "version": row.ladder_version,
                    "sha256": row.ladder_digest,
                },
                **content,
            },
        )

    def _time(self, instant: int | None) -> str | None:
        return None if instant is None else rfc3339(instant, self._zone)


def still_untold(context: Context) -> list[tuple[str, str]]:
    """Standing cards of which nobody knows, or whose present step reaches nobody; with the reason.

    `no_recipient`: nobody was ever told; `step_2_nobody`, `step_2_undeliverable`: who was to be
    told next could not be.
    """
    with context.store.reading() as connection:
        untold = [str(row.card_no) for row in store.told_nobody(connection)]
        missed = store.missed(connection)
    found = dict.fromkeys(untold, "no_recipient")
    for row in missed:
        found.setdefault(row.card_no, f"step_{row.step}_{row.missed}")
    return sorted(found.items())
