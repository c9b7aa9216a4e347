"""Conditions on a timeline: the closed set of measures that rules of conduct are made of.

A condition measures something at each event that it is about, and the levels of the rule compare
that value (`rules.comparison`). A card of it is known by the offending event's key (contract.md 4).
docs/rules.md says what each measure means.
"""

from typing import Final, Literal

from pydantic import model_validator

from ..time.amount import Amount, Unit
from .comparison import Comparison
from .rule_parts import AmountText, RulePart, Words

MeasureWord = Literal[
    "count",
    "gap",
    "lag",
    "length",
    "number",
    "lacking",
    "absent",
    "skipped_stage",
    "reordered_stage",
    "unlisted_stage",
    "contradiction",
    "fee_deviation",
    "paused_share",
    "repeated_text",
    "overlapping",
    "same_person",
    "recorded_after_due",
    "across_closing",
]
#: Parameters of each measure: those that it needs, and those that it may have.
PARAMETERS: Final[dict[str, tuple[frozenset[str], frozenset[str]]]] = {
    "count": (frozenset({"of"}), frozenset({"after", "before"})),
    "gap": (frozenset({"since", "of", "unit"}), frozenset()),
    "lag": (frozenset({"of", "unit"}), frozenset()),
    "length": (frozenset({"of", "field"}), frozenset()),
    "number": (frozenset({"of", "field"}), frozenset({"unit"})),
    "lacking": (frozenset({"of", "case_fields"}), frozenset()),
    "absent": (frozenset({"of", "need"}), frozenset()),
    "skipped_stage": (frozenset({"of"}), frozenset()),
    "reordered_stage": (frozenset({"of"}), frozenset()),
    "unlisted_stage": (frozenset({"of"}), frozenset()),
    "contradiction": (frozenset({"of", "field"}), frozenset()),
    "fee_deviation": (frozenset({"of"}), frozenset()),
    "paused_share": (frozenset({"of", "until", "since", "stop"}), frozenset()),
    "repeated_text": (frozenset({"of", "field"}), frozenset()),
    "overlapping": (frozenset({"of", "until"}), frozenset()),
    "same_person": (frozenset({"of", "field"}), frozenset()),
    "recorded_after_due": (frozenset({"of", "limit"}), frozenset()),
    "across_closing": (frozenset({"of", "until", "within"}), frozenset()),
}
#: Which events are meant may always be narrowed by their ground.
_ALWAYS: Final = frozenset({"kinds", "lawful"})
#: Unit of what is measured, where the condition does not name one.
_UNITS: Final = {
    "length": "characters",
    "lacking": "fields",
    "fee_deviation": "%",
    "paused_share": "%",
    "recorded_after_due": str(Unit.CALENDAR_SECONDS),
}


class Condition(RulePart):
    """What is measured, of which events. Which parameters go with which measure: `PARAMETERS`."""

    measure: MeasureWord
    #: Types of the events at which is measured: any of them can be the offending one.
    of: Words
    #: Only events on these grounds; only those whose ground is (not) on the list of Art. 45.
    kinds: Words | None = None
    lawful: bool | None = None
    #: Only events after the first of these; only those while none of these has come.
    after: Words | None = None
    before: Words | None = None
    #: From where a gap, or the time of which a share was paused, is measured; where that ends.
    since: Words | None = None
    stop: Words | None = None
    #: What ends what an event of `of` began: a suspension.
    until: Words | None = None
    #: One of these has to come before.
    need: Words | None = None
    #: A field or attribute of the event; fields or attributes of the case.
    field: str | None = None
    case_fields: Words | None = None
    #: Unit of a gap or a lag; of a number that is an amount (`10 working_days`).
    unit: Unit | None = None
    #: Limit of the rule's clock after whose end an event was recorded.
    limit: str | None = None
    #: Working time before closing and after opening that counts as "across closing time".
    within: AmountText | None = None

    @property
    def unit_word(self) -> str:
        """The unit of the measured value: `events` unless the measure has another one."""
        return str(self.unit) if self.unit else _UNITS.get(self.measure, "events")

    @property
    def timed(self) -> bool:
        """Whether what is measured depends on the calendar."""
        counted = self.unit is not None and self.measure != "number"
        return counted or self.limit is not None or self.within is not None

    @model_validator(mode="after")
    def _fitting(self) -> "Condition":
        needed, allowed = PARAMETERS[self.measure]
        given = {name for name in type(self).model_fields if getattr(self, name) is not None}
        for name in sorted(needed - given):
            raise ValueError(f"condition: {self.measure} needs {name!r}")
        for name in sorted(given - needed - allowed - _ALWAYS - {"measure"}):
            raise ValueError(f"condition: {self.measure} takes no {name!r}")
        if self.unit is Unit.CALENDAR_MONTHS:
            raise ValueError("condition: a gap or a lag is not measured in months; write days")
        if self.within is not None:
            unit = Amount.parse(self.within).unit
            if not unit.working or not unit.seconds:
                raise ValueError("condition: 'within' is in working hours, minutes or seconds")
        return self

    def check(self, at: str) -> Comparison:
        """The comparison of a card; ValueError where its unit is not what is measured."""
        comparison = Comparison.parse(at)
        unit = comparison.unit or "events"
        if unit != self.unit_word and comparison.unit:
            raise ValueError(
                f"cards: {at!r}: {self.measure} is measured in {self.unit_word}, not {unit}"
            )
        if self.unit_word != "events" and not comparison.unit:
            raise ValueError(f"cards: {at!r} has no unit: write '{comparison} {self.unit_word}'")
        return comparison
