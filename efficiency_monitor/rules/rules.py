"""A rule as data: the pydantic models of one rule file. No code, SQL or evaluated text in a rule.

The JSON Schema for editors is made from these models (`rules/schema.json`, drift-tested).
"""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from ..engine.columns import MOST_LIMITS, MOST_PAIRS
from ..terms import MANUAL_RULE
from ..time.amount import Amount, Threshold, Unit, check_cap
from .comparison import SIGNS
from .conditions import Condition
from .rule_parts import (
    AmountText,
    InForce,
    LegalBasis,
    LevelWord,
    Match,
    PointText,
    RulePart,
    Text,
    Words,
)
from .tallies import Tally
from .tally_examples import ExampleAlarm, ExampleCard, ExampleCase, ExampleItem, ExampleOrder


class Cap(RulePart):
    """Longest time a pause takes away: fixed, or the `amount` of the pausing event (time.md 12)."""

    fixed: AmountText | None = None
    event: Literal["amount"] | None = None

    @model_validator(mode="after")
    def _one(self) -> "Cap":
        if (self.fixed is None) == (self.event is None):
            raise ValueError("a cap is either fixed or taken from the event")
        if self.fixed is not None:
            check_cap(Amount.parse(self.fixed))
        return self


class Pause(RulePart):
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


class Deemed(RulePart):
    """Deemed start: from A unless one of B within N (docs/time.md 14; 行政许可法 Art. 32)."""

    from_: Words = Field(alias="from")
    unless: Words
    within: AmountText


class Extend(RulePart):
    """Event type that extends limits, and which (行政许可法 Art. 42).

    `most` is what all extensions of a limit add up to at most, in the limit's unit; `times` how
    many of them count. What goes beyond is cut off and reported.
    """

    by: Words
    limits: Words
    most: AmountText | None = None
    times: int | None = Field(default=None, ge=1, le=1_000)


class Clock(RulePart):
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
    #: Only what begins at least so many calendar days before the due instant that the case states;
    #: what begins later is not this rule's (行政许可法 Art. 50: thirty days before expiry).
    ahead: AmountText | None = None

    @model_validator(mode="after")
    def _readable(self) -> "Clock":
        if len(self.pause) > MOST_PAIRS:
            raise ValueError(f"pause: at most {MOST_PAIRS} pairs")
        strange = sorted({*self.unstarted} - {*self.stop})
        if strange:
            raise ValueError(f"unstarted: {', '.join(strange)} does not stop the clock")
        if self.unstarted and self.episodes != "once":
            raise ValueError("unstarted: a stop needs a start only where episodes is 'once'")
        if self.ahead is not None:
            days = Amount.parse(self.ahead)
            if days.unit is not Unit.CALENDAR_DAYS or days.value != int(days.value):
                raise ValueError(f"ahead: {self.ahead!r}: write whole calendar_days")
        if self.deemed:
            both = sorted({*self.deemed.from_} & {*self.start})
            if both:
                raise ValueError(f"deemed: {', '.join(both)} starts the clock already")
            if self.episodes != "once":
                raise ValueError("deemed: a start is deemed only where episodes is 'once'")
        return self


class LimitSource(RulePart):
    """Where a limit comes from. Of a list, the first that the case has."""

    fixed: AmountText | None = None
    case: (
        Literal[
            "promised_limit", "statutory_limit", "promised_due", "statutory_due", "licence_expires"
        ]
        | None
    ) = None
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
        return self.event == "due_at" or self.case in (
            "promised_due",
            "statutory_due",
            "licence_expires",
        )


def _as_sources(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


Sources = Annotated[
    tuple[LimitSource, ...],
    BeforeValidator(_as_sources, json_schema_input_type=LimitSource | tuple[LimitSource, ...]),
    Field(min_length=1),
]


class Unless(RulePart):
    """The card of the same case for whose sake a level is not given."""

    rule: str = Field(pattern=r"^[A-Z][A-Z0-9-]{2,31}$")
    level: LevelWord


class CardAt(RulePart):
    """A level, and the threshold or the comparison with what is measured that gives it.

    `unless`: it is not given while that card of the same case stands or would stand.
    """

    level: LevelWord
    at: PointText
    unless: Unless | None = None


class ExampleEvent(RulePart):
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
    source_key: str | None = None
    #: Further columns of the event: `fee`, `document`, `approver`, `result`, `materials`, …
    attributes: dict[str, str] = Field(default_factory=dict)


class Expectation(RulePart):
    """Levels that a first scan as of this instant would give, in order."""

    as_of: str
    cards: tuple[LevelWord, ...] = ()
    not_judgeable: str | None = None
    #: The rule is not for this case, or not in force: nothing is judged.
    excluded: bool = False

    @model_validator(mode="after")
    def _one_outcome(self) -> "Expectation":
        if self.excluded and (self.cards or self.not_judgeable):
            raise ValueError("excluded: what is not judged has no cards and lacks nothing")
        return self


class Example(RulePart):
    """A worked example: it is a test of the rule."""

    name: str
    level: LevelWord
    kind: Literal["silent", "near_miss", "firing"]
    calendar: str = "cn"
    case: dict[str, str] = Field(default_factory=dict)
    events: tuple[ExampleEvent, ...] = ()
    #: What a tally is made over; `case` lends each of them its fields.
    cards: tuple[ExampleCard, ...] = ()
    cases: tuple[ExampleCase, ...] = ()
    items: tuple[ExampleItem, ...] = ()
    orders: tuple[ExampleOrder, ...] = ()
    alarms: tuple[ExampleAlarm, ...] = ()
    #: Since when anything is known; without it, since the first of these rows.
    known_from: str | None = None
    expect: tuple[Expectation, ...] = Field(min_length=1)

    def check(self, *, tally: bool) -> None:
        """ValueError where the example holds what a rule of this form does not look at."""
        rows = (self.cards, self.cases, self.items, self.orders, self.alarms)
        if tally and self.events:
            raise ValueError(f"examples: {self.name!r}: the events of a tally stand in its cases")
        if not tally and (any(rows) or self.known_from is not None):
            raise ValueError(
                f"examples: {self.name!r}: cards, cases, items, orders, alarms and known_from are "
                "for tallies"
            )
        if not tally and not self.events:
            raise ValueError(f"examples: {self.name!r}: has no events")


class Trial(RulePart):
    """How long a rule is on trial 试运行: after this date a decision is due."""

    until: date


class Rule(RulePart):
    """One rule file: a clock with limits, a condition on the timeline, or a tally."""

    id: str = Field(pattern=r"^[A-Z][A-Z0-9-]{2,31}$")
    version: int = Field(ge=1)
    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: Text
    status: Literal["preview", "trial", "stable", "retired"]
    in_force: InForce
    trial: Trial | None = None
    legal_basis: tuple[LegalBasis, ...] = Field(min_length=1)
    why: str
    applies_to: Match = Match()
    clock: Clock | None = None
    condition: Condition | None = None
    tally: Tally | None = None
    limits: dict[str, Sources] = Field(default_factory=dict)
    cards: tuple[CardAt, ...] = Field(min_length=1)
    confirm: Literal["automatic", "manual"] = "automatic"
    ladder: str | None = None
    reply_within: AmountText | None = None
    examples: tuple[Example, ...] = ()

    @property
    def counted(self) -> Clock:
        """The clock of a rule that has one; it is an error to ask another rule."""
        assert self.clock is not None, f"{self.id} has no clock"
        return self.clock

    @property
    def form(self) -> Literal["clock", "condition", "tally"]:
        """What the rule is; a clock beside a condition only lends its due instant."""
        if self.tally is not None:
            return "tally"
        return "clock" if self.condition is None else "condition"

    @model_validator(mode="after")
    def _whole(self) -> "Rule":
        if self.id == MANUAL_RULE:
            raise ValueError(f"id: {MANUAL_RULE} stands for cards that people give by hand")
        levels = [card.level for card in self.cards]
        if len(set(levels)) != len(levels):
            raise ValueError("cards: at most one entry per level")
        for card in self.cards:
            if card.unless is not None and self.tally is not None:
                raise ValueError("cards: a tally is on no case: its levels have no 'unless'")
            if card.unless is not None and card.unless.rule == self.id:
                raise ValueError("cards: 'unless' names a card of another rule")
        if self.trial is not None and self.status != "trial":
            raise ValueError("trial: only a rule whose status is 'trial' has an end of its trial")
        if self.tally is not None and (self.condition or self.clock or self.limits):
            raise ValueError("tally: a rule with a tally has no clock, condition or limits")
        for example in self.examples:
            example.check(tally=self.tally is not None)
        if self.form == "clock":
            self._check_clock()
        else:
            self._check_measured()
        return self

    def _check_clock(self) -> None:
        if self.clock is None:
            raise ValueError("a rule has a clock with limits, a condition or a tally")
        if not self.limits:
            raise ValueError("limits: a clock needs at least one")
        self._check_limits()
        for card in self.cards:
            if card.at[:1] in SIGNS:
                raise ValueError(
                    f"cards: {card.at!r} is a comparison; a clock has points on its limits "
                    f"({', '.join(self.limits)})"
                )
            at = Threshold.parse(card.at)
            if at.limit not in self.limits:
                raise ValueError(
                    f"cards: {card.at!r} names no limit of this rule ({', '.join(self.limits)})"
                )
            for source in self.limits[at.limit]:
                at.check_unit(Amount.parse(source.fixed).unit if source.fixed else None)

    def _check_tally(self) -> None:
        meant: Match | None = self.applies_to
        while meant is not None:
            if meant.attributes is not None:
                raise ValueError(
                    "applies_to: a tally is for item_kind, item_code, region, department and "
                    "channel, not for attributes"
                )
            meant = meant.not_

    def _check_limits(self) -> None:
        if len(self.limits) > MOST_LIMITS:
            raise ValueError(f"limits: at most {MOST_LIMITS}")
        first = next(iter(self.limits.values()), ())
        if self.clock and self.clock.ahead and not all(source.absolute for source in first):
            raise ValueError("ahead: the first limit has to be a due instant that is stated")
        if self.clock and self.clock.extend:
            for name in self.clock.extend.limits:
                if name not in self.limits:
                    raise ValueError(f"extend: no limit called {name!r}")
                self._check_most(self.clock.extend.most, name)

    def _check_most(self, most: str | None, limit: str) -> None:
        for source in self.limits[limit]:
            if most is None or source.fixed is None:
                continue
            unit, own = Amount.parse(most).unit, Amount.parse(source.fixed).unit
            if unit is not own:
                raise ValueError(
                    f"extend: 'most' is in {unit}, and the limit {limit!r} in {own}: "
                    f"write it in {own}"
                )

    def _check_measured(self) -> None:
        for card in self.cards:
            if card.at[:1] not in SIGNS:
                raise ValueError(
                    f"cards: {card.at!r} is no comparison with what is measured: '>= 2', '> 5 %'"
                )
            if self.condition is not None:
                self.condition.check(card.at)
            if self.tally is not None:
                self.tally.check(card.at)
        if self.tally is not None:
            self._check_tally()
        if self.condition is None:
            return
        lent = self.condition.limit is not None
        if lent != (self.clock is not None) or lent != bool(self.limits):
            raise ValueError(
                "condition: a clock and limits go with 'recorded_after_due', which needs them"
            )
        if lent:
            self._check_limits()
            if self.condition.limit not in self.limits:
                raise ValueError(f"condition: no limit called {self.condition.limit!r}")
