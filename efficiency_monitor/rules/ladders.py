"""A ladder 督办层级 as data: the pydantic models of one file under `rules/ladders/`.

Who is told of a card, whom next, after how long without an answer, and what a supervisor is
alarmed of who does not follow it up. No code, SQL or evaluated text in a ladder.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ..people.model.people import Role
from ..terms import Level
from ..time.amount import Amount

#: More would be no ladder any more: the longest responsible chain on record has five.
MOST_STEPS = 9
MOST_REPEATS = 20


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


def _amount_text(text: str) -> str:
    return str(Amount.parse(text))


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _apart(words: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(set(words)) != len(words):
        raise ValueError("names one twice")
    return words


AmountText = Annotated[str, AfterValidator(_amount_text)]
_Roles = Annotated[
    tuple[Role, ...],
    BeforeValidator(_as_list, json_schema_input_type=Role | tuple[Role, ...]),
    AfterValidator(_apart),
]
#: One role or a list of them.
Roles = Annotated[_Roles, Field(min_length=1)]
Stop = Literal["acknowledged", "replied", "finished"]
Stops = Annotated[
    tuple[Stop, ...],
    BeforeValidator(_as_list, json_schema_input_type=Stop | tuple[Stop, ...]),
    AfterValidator(_apart),
    Field(min_length=1),
]
LevelWord = Literal["warning", "yellow", "red"]


class Text(_Model):
    """A text in both languages."""

    zh: str
    en: str


class Source(_Model):
    """What the ladder rests on: where it stands and what it says."""

    ref: str
    says: str


class Repeat(_Model):
    """A step is told again: every so often, so many times, until the next step is told."""

    every: AmountText
    times: int = Field(ge=1, le=MOST_REPEATS)

    @model_validator(mode="after")
    def _countable(self) -> "Repeat":
        if self.after(self.times) is None:
            raise ValueError(f"{self.times} times {self.every} is too long")
        return self

    def after(self, times: int) -> Amount | None:
        """How long after the first turn that many repeats have passed; None if that is too long."""
        every = Amount.parse(self.every)
        try:
            return Amount(every.value * times, every.unit)
        except ValueError:
            return None


class Step(_Model):
    """One step: whom it tells, how long after the step before, and what keeps it from being told.

    `after` counts from the first delivery of the step before. The first step is told with the card
    and has none.
    """

    tell: Roles
    after: AmountText | None = None
    stops: Stops = ("acknowledged", "replied")
    repeat: Repeat | None = None


class Chain(_Model):
    """What happens to a card of one level."""

    steps: tuple[Step, ...] = Field(min_length=1, max_length=MOST_STEPS)
    #: How long the department has to reply, where the rule gives nothing.
    reply_within: AmountText | None = None
    #: How long an acknowledgement holds the ladder; without a reply it then goes on.
    acknowledged_for: AmountText | None = None
    #: Who is told when the reply deadline has passed without a reply.
    unanswered: _Roles = ()

    @model_validator(mode="after")
    def _whole(self) -> "Chain":
        first, *later = self.steps
        if first.after is not None:
            raise ValueError("steps: the first step is told with the card: remove its 'after'")
        if "stops" in first.model_fields_set and first.repeat is None:
            raise ValueError("steps: nothing stops the first step: remove its 'stops'")
        for number, step in enumerate(later, start=2):
            if step.after is None:
                raise ValueError(f"steps: step {number} needs 'after'")
        return self


class Chains(_Model):
    """A chain for each level: no card is left to nobody."""

    warning: Chain
    yellow: Chain
    red: Chain

    def of(self, level: Level) -> Chain:
        """The chain of a level."""
        return {Level.WARNING: self.warning, Level.YELLOW: self.yellow, Level.RED: self.red}[level]


class NotFollowedUp(_Model):
    """Alarm on a supervisor who was told of a card and did nothing about it."""

    within: AmountText
    levels: Annotated[tuple[LevelWord, ...], AfterValidator(_apart)] = ("yellow", "red")
    tell: Roles = (Role.LEADER,)


class OrderOpen(_Model):
    """Alarm on a supervisor whose order stays open."""

    within: AmountText
    tell: Roles = (Role.LEADER,)


class Alarms(_Model):
    """What supervisors are alarmed of."""

    not_followed_up: NotFollowedUp | None = None
    order_open: OrderOpen | None = None


What = Literal[
    "delivered",
    "undeliverable",
    "acknowledged",
    "replied",
    "finished",
    "ordered",
    "order_ended",
    "closed",
    "lifted",
]


class Happening(_Model):
    """Something that happens in an example; times without offset are in the calendar's zone."""

    at: str
    what: What


class Expected(_Model):
    """What the ladder does at that instant: tells a step, or that the reply is missing."""

    at: str
    step: int | None = Field(default=None, ge=1)
    turn: int = Field(default=1, ge=1)
    unanswered: bool = False

    @model_validator(mode="after")
    def _one(self) -> "Expected":
        if (self.step is None) != self.unanswered:
            raise ValueError("expected is either a step or unanswered: true")
        return self


class Example(_Model):
    """A worked example: it is a test of the ladder."""

    name: str
    level: LevelWord
    calendar: str = "cn"
    #: When the card is issued and its first step told.
    issued: str
    #: `at_once`: what is told is delivered in the same second; `stated`: when `happens` says so.
    delivery: Literal["at_once", "stated"] = "at_once"
    reply_within: AmountText | None = None
    happens: tuple[Happening, ...] = ()
    until: str
    expect: tuple[Expected, ...] = Field(min_length=1)


class Ladder(_Model):
    """One ladder file."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{1,31}$")
    version: int = Field(ge=1)
    title: Text
    source: tuple[Source, ...] = Field(min_length=1)
    why: str
    chains: Chains
    alarms: Alarms = Alarms()
    examples: tuple[Example, ...] = ()
