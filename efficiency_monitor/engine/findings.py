"""What a scan says of a case, as values: episodes of clocks, offences, troubles, one outcome."""

from dataclasses import dataclass, field
from decimal import Decimal

from ..terms import Level, Outcome, Reason
from ..time.amount import Amount
from ..time.instants import earliest
from .encoding import BoundRule
from .timeline import CaseRecord, Event


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitFound:
    """A limit of an episode: its amount, or None where a due instant is stated; when it is due.

    `due_at` is None while an open pause withholds it, and where it lies beyond the calendar
    (`beyond`).
    """

    name: str
    amount: Amount | None
    due_at: int | None
    beyond: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelFound:
    """A level of an episode: its instant and whether it has been reached (docs/time.md 2).

    Of an offence `limit` is the measure, `value` what was measured when the level was reached, and
    `event` what brought it there.
    """

    level: Level
    at: str
    limit: str
    instant: int | None
    beyond: bool
    reached: bool
    value: Decimal | None = None
    event: Event | None = None
    #: It had fallen due, and is not given for this card's sake: rule and level.
    gave_way: tuple[str, Level] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One run of a rule's clock on a case."""

    bound: BoundRule
    #: Key of the start event, with the stage where the clock runs per stage.
    key: str
    stage: str | None
    start: Event
    stop: Event | None
    #: When the start was deemed (docs/time.md 14), or None.
    deemed_at: int | None
    state: str
    #: In the clock's unit (months: calendar days), rounded down; None where it cannot be said.
    elapsed: Decimal | None
    limits: tuple[LimitFound, ...]
    levels: tuple[LevelFound, ...]
    #: First instant at which a further level falls due, epoch seconds.
    next_at: int | None
    reasons: tuple[Reason, ...]
    ignored: int
    #: Extensions that did not count, or not whole: after the limit, one too many, too long.
    refused: int = 0
    #: The case with the values that bind the episode, where these are not the newest ones.
    view: CaseRecord | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offence:
    """What a condition found on a case: an event that breaks a rule of conduct.

    `key` is the offending event's; `levels` have the instant from which each holds, and the
    comparison as `at`.
    """

    bound: BoundRule
    key: str
    event: Event
    #: What was measured, and its unit (`events`, `working_days`, `%`, …).
    value: Decimal
    unit: str
    levels: tuple[LevelFound, ...]
    reasons: tuple[Reason, ...] = ()
    #: The case with the values that bind the offence, where these are not the newest ones.
    view: CaseRecord | None = field(default=None, compare=False, repr=False)

    @property
    def untold(self) -> bool:
        """Whether nothing could be measured: `reasons` say why."""
        return bool(self.reasons) and all(level.instant is None for level in self.levels)

    @property
    def start(self) -> Event:
        """The offending event: nothing runs from it on."""
        return self.event

    @property
    def stop(self) -> Event:
        """What happened has happened: an offence does not run on."""
        return self.event


#: What a card on a case can rest on.
Ground = Episode | Offence


def calendar_of(record: CaseRecord, ground: Ground) -> str:
    """The calendar that binds what was found of a case."""
    return (ground.view or record).calendar


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a rule could not be judged on a case; `rule` empty where no rule could."""

    rule: str
    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A field that decides, told otherwise after something had begun that it binds.

    `bound` is what judges, `later` the newest value (None: no value). Where it `waits`, `bound` is
    the former value; else the later one counts, and `bound` is what had been bound before.
    """

    name: str
    bound: str | None
    later: str | None
    #: When the newest value was received, epoch seconds.
    received_at: int
    waits: bool
    #: Where it waits: the rows that told it otherwise, each with its table.
    rows: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFindings:
    """What a scan says of a case: exactly one outcome (contract.md 3), its episodes, its
    troubles."""

    case_no: str
    outcome: Outcome
    episodes: tuple[Episode, ...]
    #: What conditions found, in the order of the rules and then of the events.
    offences: tuple[Offence, ...] = ()
    troubles: tuple[Trouble, ...]
    #: What is wrong with the data and keeps nothing from being judged.
    notes: tuple[Trouble, ...] = ()
    #: First instant at which anything changes by time alone.
    next_at: int | None
    #: What was told otherwise of what binds its episodes and offences, in the order of names.
    corrections: tuple[Correction, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether a correction waits: the values bound before judge."""
        return any(correction.waits for correction in self.corrections)

    @property
    def changes_at(self) -> int | None:
        """First instant at which time alone changes the case or one of its episodes."""
        return earliest(self.next_at, *(episode.next_at for episode in self.episodes))

    @property
    def grounds(self) -> tuple[Ground, ...]:
        """What cards on the case can rest on: its episodes and its offences."""
        return (*self.episodes, *self.offences)
