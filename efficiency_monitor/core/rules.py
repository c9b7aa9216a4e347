"""A rule as data: the pydantic models of one rule file. No code, SQL or evaluated text in a rule.

The JSON Schema for editors is made from these models (`rules/schema.json`, drift-tested).
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from .amount import Amount, Threshold, Unit, check_cap
from .columns import MOST_LIMITS, MOST_PAIRS
from .terms import MANUAL_RULE


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


def _amount_text(text: str) -> str:
    return str(Amount.parse(text))


def _threshold_text(text: str) -> str:
    return str(Threshold.parse(text))


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


AmountText = Annotated[str, AfterValidator(_amount_text)]
ThresholdText = Annotated[str, AfterValidator(_threshold_text)]
#: One word or a list of words.
Words = Annotated[
    tuple[str, ...],
    BeforeValidator(_as_list, json_schema_input_type=str | tuple[str, ...]),
    Field(min_length=1),
]
LevelWord = Literal["warning", "yellow", "red"]


class Text(_Model):
    """A text in both languages."""

    zh: str
    en: str


class InForce(_Model):
    """Dates, both inclusive, on which the version binds episodes that start (TIME 5)."""

    from_: date = Field(alias="from")
    to: date | None = None


class LegalBasis(_Model):
    """Article and what it says."""

    ref: str
    says: str


class Match(_Model):
    """Which cases a rule applies to: every named field must have one of the listed values."""

    item_kind: Words | None = None
    item_code: Words | None = None
    region: Words | None = None
    department: Words | None = None
    channel: Words | None = None
    attributes: dict[str, Words] | None = None
    not_: "Match | None" = Field(default=None, alias="not")

    def matches(self, fields: Mapping[str, str]) -> bool:
        """Whether a case with these fields is meant; a missing field matches nothing."""
        for name in ("item_kind", "item_code", "region", "department", "channel"):
            wanted = getattr(self, name)
            if wanted is not None and fields.get(name) not in wanted:
                return False
        for name, wanted in (self.attributes or {}).items():
            if fields.get(name) not in wanted:
                return False
        return self.not_ is None or not self.not_.matches(fields)


class Cap(_Model):
    """Longest time a pause takes away: fixed, or the `amount` of the pausing event (TIME 18)."""

    fixed: AmountText | None = None
    event: Literal["amount"] | None = None

    @model_validator(mode="after")
    def _one(self) -> "Cap":
        if (self.fixed is None) == (self.event is None):
            raise ValueError("a cap is either fixed or taken from the event")
        if self.fixed is not None:
            check_cap(Amount.parse(self.fixed))
        return self


class Pause(_Model):
    """A pair of events between which the clock stands still, for the named kinds or for all."""

    from_: Words = Field(alias="from")
    to: Words
    kinds: Words | None = None
    cap: Cap | None = None

    @model_validator(mode="after")
    def _apart(self) -> "Pause":
        both = sorted({*self.from_} & {*self.to})
        if both:
            raise ValueError(f"pause: {', '.join(both)} cannot both begin and end a pause")
        return self


class Deemed(_Model):
    """Deemed start: from A unless one of B within N (TIME 22; 行政许可法 Art. 32)."""

    from_: Words = Field(alias="from")
    unless: Words
    within: AmountText


class Extend(_Model):
    """Event type that extends limits, and which (TIME 20)."""

    by: Words
    limits: Words


class Clock(_Model):
    """What is counted on a timeline."""

    start: Words
    stop: Words
    #: Stops that are sound where nothing has started: 不予受理 before any acceptance.
    unstarted: Words = ()
    deemed: Deemed | None = None
    pause: tuple[Pause, ...] = ()
    count: Unit = Unit.WORKING_DAYS
    resolution: Literal["day", "time"] = "day"
    first_day: Literal["next", "same"] = "next"
    ends: Literal["midnight", "close"] = "midnight"
    roll: Literal["none", "next_working_day"] = "none"
    episodes: Literal["once", "each", "per_stage"] = "once"
    kinds: Words | None = None
    extend: Extend | None = None

    @model_validator(mode="after")
    def _readable(self) -> "Clock":
        if len(self.pause) > MOST_PAIRS:
            raise ValueError(f"pause: at most {MOST_PAIRS} pairs")
        strange = sorted({*self.unstarted} - {*self.stop})
        if strange:
            raise ValueError(f"unstarted: {', '.join(strange)} does not stop the clock")
        if self.unstarted and self.episodes != "once":
            raise ValueError("unstarted: a stop needs a start only where episodes is 'once'")
        if self.deemed:
            both = sorted({*self.deemed.from_} & {*self.start})
            if both:
                raise ValueError(f"deemed: {', '.join(both)} starts the clock already")
            if self.episodes != "once":
                raise ValueError("deemed: a start is deemed only where episodes is 'once'")
        return self


class LimitSource(_Model):
    """Where a limit comes from. Of a list, the first that the case has."""

    fixed: AmountText | None = None
    case: Literal["promised_limit", "statutory_limit", "promised_due", "statutory_due"] | None = (
        None
    )
    event: Literal["amount", "due_at"] | None = None
    moved_by_pauses: bool = False

    @model_validator(mode="after")
    def _one(self) -> "LimitSource":
        if sum(source is not None for source in (self.fixed, self.case, self.event)) != 1:
            raise ValueError("a limit source is exactly one of fixed, case, event")
        if self.moved_by_pauses and not self.absolute:
            raise ValueError("moved_by_pauses is for absolute due instants only")
        return self

    @property
    def absolute(self) -> bool:
        """Whether the source is a due instant, not an amount."""
        return self.event == "due_at" or self.case in ("promised_due", "statutory_due")


def _as_sources(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


Sources = Annotated[
    tuple[LimitSource, ...],
    BeforeValidator(_as_sources, json_schema_input_type=LimitSource | tuple[LimitSource, ...]),
    Field(min_length=1),
]


class CardAt(_Model):
    """A level and the threshold at which it falls due."""

    level: LevelWord
    at: ThresholdText


class ExampleEvent(_Model):
    """One event of an example; times without offset are in the calendar's zone."""

    event: str
    at: str
    recorded_at: str | None = None
    stage: str | None = None
    actor: str | None = None
    department: str | None = None
    kind: str | None = None
    amount: AmountText | None = None
    due_at: str | None = None
    reason: str | None = None


class Expectation(_Model):
    """Levels that a first scan as of this instant would give, in order."""

    as_of: str
    cards: tuple[LevelWord, ...] = ()
    not_judgeable: str | None = None


class Example(_Model):
    """A worked example: it is a test of the rule."""

    name: str
    level: LevelWord
    kind: Literal["silent", "near_miss", "firing"]
    calendar: str = "cn"
    case: dict[str, str] = {}
    events: tuple[ExampleEvent, ...]
    expect: tuple[Expectation, ...] = Field(min_length=1)


class Rule(_Model):
    """One rule file."""

    id: str = Field(pattern=r"^[A-Z][A-Z0-9-]{2,31}$")
    version: int = Field(ge=1)
    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: Text
    status: Literal["preview", "stable", "retired"]
    in_force: InForce
    legal_basis: tuple[LegalBasis, ...] = Field(min_length=1)
    why: str
    applies_to: Match = Match()
    clock: Clock
    limits: dict[str, Sources] = Field(min_length=1)
    cards: tuple[CardAt, ...] = Field(min_length=1)
    confirm: Literal["automatic", "manual"] = "automatic"
    ladder: str | None = None
    reply_within: AmountText | None = None
    examples: tuple[Example, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> "Rule":
        if self.id == MANUAL_RULE:
            raise ValueError(f"id: {MANUAL_RULE} stands for cards that people give by hand")
        levels = [card.level for card in self.cards]
        if len(set(levels)) != len(levels):
            raise ValueError("cards: at most one entry per level")
        if len(self.limits) > MOST_LIMITS:
            raise ValueError(f"limits: at most {MOST_LIMITS}")
        for card in self.cards:
            at = Threshold.parse(card.at)
            if at.limit not in self.limits:
                raise ValueError(
                    f"cards: {card.at!r} names no limit of this rule ({', '.join(self.limits)})"
                )
            for source in self.limits[at.limit]:
                at.check_unit(Amount.parse(source.fixed).unit if source.fixed else None)
        if self.clock.extend:
            for name in self.clock.extend.limits:
                if name not in self.limits:
                    raise ValueError(f"extend: no limit called {name!r}")
        return self
