"""Tallies 统计: how many, how many in a row, what share, how much more, for a subject in a window.

A tally is made for each subject (an organ, a person, an item, a region, an order) and each window
of the workspace's zone, and the levels of the rule compare its value (`rules.comparison`). A card
of it is known by the window's first date (contract.md 4). docs/rules.md says what each word means.
"""

from decimal import Decimal
from typing import Final, Literal

from pydantic import Field, model_validator

from ..terms import AlarmKind
from ..time.amount import Amount
from .comparison import Comparison
from .rule_parts import AmountText, LevelWord, RulePart, Words

Measure = Literal["count", "in_a_row", "share", "batch", "same_text"]
Of = Literal["cards", "cases", "items", "orders", "alarms", "events"]
By = Literal["department", "handler", "item_code", "region", "supervisor", "actor", "order", "all"]
WindowWord = Literal["day", "month", "quarter", "half_year", "year"]
Among = Literal["begun", "accepted", "finished", "handled"]

_NONE: Final[frozenset[str]] = frozenset()
_CARDS: Final = frozenset({"levels", "rules"})
#: Parameters by measure and what it is of: those that it needs, and those that it may have.
PARAMETERS: Final[dict[tuple[str, str], tuple[frozenset[str], frozenset[str]]]] = {
    ("count", "cards"): (_NONE, _CARDS | {"unanswered_for", "compared", "at_least"}),
    ("count", "cases"): (frozenset({"among"}), frozenset({"with_", "compared", "at_least"})),
    ("count", "items"): (_NONE, frozenset({"compared", "at_least"})),
    ("count", "orders"): (frozenset({"open_for"}), _NONE),
    ("count", "alarms"): (_NONE, frozenset({"alarms"})),
    ("in_a_row", "cards"): (_NONE, _CARDS),
    ("share", "cards"): (frozenset({"unanswered_for"}), _CARDS | {"at_least"}),
    ("share", "cases"): (frozenset({"among", "with_"}), frozenset({"compared", "at_least"})),
    ("share", "items"): (_NONE, frozenset({"compared", "at_least"})),
    ("share", "orders"): (frozenset({"open_for"}), frozenset({"at_least"})),
    ("batch", "events"): (frozenset({"within"}), frozenset({"events", "late_by"})),
    ("same_text", "events"): (frozenset({"events", "field"}), _NONE),
}
#: For which subjects each thing can be counted.
SUBJECTS: Final[dict[str, tuple[str, ...]]] = {
    "cards": ("department", "handler", "item_code", "region", "all"),
    "cases": ("department", "handler", "item_code", "region", "all"),
    "items": ("department", "region", "all"),
    "orders": ("department", "region", "supervisor", "order", "all"),
    "alarms": ("supervisor", "all"),
    "events": ("department", "actor", "item_code", "region", "all"),
}
_ALWAYS: Final = frozenset({"measure", "of", "by", "window"})
#: The names as a rule file has them.
_WRITTEN: Final = {"with_": "with"}


class With(RulePart):
    """What a case has to have to be counted: exactly one of these, levels and rules together."""

    #: A card of one of these levels, of one of these rules, that stands and fell due by the end.
    levels: tuple[LevelWord, ...] | None = Field(default=None, min_length=1)
    rules: Words | None = None
    #: An event of one of these types.
    events: Words | None = None
    #: It was not judgeable when it was judged last, or a row of it lies in quarantine.
    incomplete: Literal[True] | None = None
    #: It was finished at most so long after it was accepted.
    finished_within: AmountText | None = None

    @model_validator(mode="after")
    def _one(self) -> "With":
        kinds = (
            self.levels is not None or self.rules is not None,
            self.events is not None,
            self.incomplete is not None,
            self.finished_within is not None,
        )
        if sum(kinds) != 1:
            raise ValueError(
                "with: exactly one of levels and rules, events, incomplete, finished_within"
            )
        if self.finished_within is not None:
            _plain("finished_within", self.finished_within)
        return self


class Compared(RulePart):
    """What the value is held against, and to which side it may not deviate."""

    #: The window before, the same window a year before, or all subjects together.
    with_: Literal["former_window", "year_before", "whole"] = Field(alias="with")
    side: Literal["either", "more", "less"] = "either"


class Tally(RulePart):
    """What is counted in which window for which subjects. Which parameters go with what:
    `PARAMETERS`, `SUBJECTS`.
    """

    measure: Measure
    of: Of
    by: By
    window: WindowWord
    #: Only cards of these levels; only those of these rules.
    levels: tuple[LevelWord, ...] | None = Field(default=None, min_length=1)
    rules: Words | None = None
    #: Only cards that were not answered for so long after they were delivered.
    unanswered_for: AmountText | None = None
    #: Only orders that were open for longer.
    open_for: AmountText | None = None
    #: Only alarms of these kinds.
    alarms: tuple[AlarmKind, ...] | None = Field(default=None, min_length=1)
    #: Which cases belong to a window: begun, accepted or finished in it; or finished or open in it.
    among: Among | None = None
    #: Which of these are counted, or make the share.
    with_: With | None = Field(default=None, alias="with")
    #: Types of the events; the field whose text is the same.
    events: Words | None = None
    field: Literal["reason", "kind", "department", "actor", "stage"] | None = None
    #: How far apart a batch was recorded at most; how long after it happened at least.
    within: AmountText | None = None
    late_by: AmountText | None = None
    compared: Compared | None = None
    #: Smallest whole of which a share, smallest former number to which a deviation is judged.
    at_least: int | None = Field(default=None, ge=1)

    @property
    def unit_word(self) -> str:
        """The unit of the value: `cards`, `cases`, …, `%`, or `points` (percentage points)."""
        if self.compared is not None:
            return "points" if self.measure == "share" else "%"
        if self.measure == "share":
            return "%"
        return "cases" if self.of == "events" else self.of

    def running(self, comparison: Comparison) -> bool:
        """Whether a level can be reached before the window has ended: the value only grows."""
        return self.compared is None and self.measure != "share" and comparison.sign in (">", ">=")

    @property
    def counts_time(self) -> bool:
        """Whether the calendar says what is counted."""
        return self.open_for is not None or self.unanswered_for is not None

    @property
    def rests_on_all(self) -> bool:
        """Whether a case or event that is not known yet can make a value that holds not hold.

        Cards, orders and alarms are all on record.
        """
        cases = self.of in ("cases", "items", "events") or self.measure == "in_a_row"
        return cases or self.compared is not None

    @model_validator(mode="after")
    def _fitting(self) -> "Tally":
        known = PARAMETERS.get((self.measure, self.of))
        if known is None:
            fitting = ", ".join(of for measure, of in PARAMETERS if measure == self.measure)
            raise ValueError(f"tally: {self.measure} is of {fitting}, not of {self.of}")
        if self.by not in SUBJECTS[self.of]:
            fitting = ", ".join(SUBJECTS[self.of])
            raise ValueError(f"tally: {self.of} are tallied by {fitting}, not by {self.by}")
        given = {name for name in type(self).model_fields if getattr(self, name) is not None}
        needed, allowed = known
        for name in sorted(needed - given):
            raise ValueError(
                f"tally: {self.measure} of {self.of} needs {_WRITTEN.get(name, name)!r}"
            )
        for name in sorted(given - needed - allowed - _ALWAYS):
            raise ValueError(
                f"tally: {self.measure} of {self.of} takes no {_WRITTEN.get(name, name)!r}"
            )
        self._check_parts()
        return self

    def _check_parts(self) -> None:
        for name in ("within", "late_by"):
            if getattr(self, name) is not None:
                _plain(name, getattr(self, name))
        if self.compared is not None:
            if self.compared.with_ == "whole" and (self.measure != "share" or self.by == "all"):
                raise ValueError("tally: only a share of one subject is compared with the whole")
            if self.compared.with_ == "year_before" and self.window == "day":
                raise ValueError("tally: a day has no counterpart a year before; take a month")
        elif self.at_least is not None and self.measure != "share":
            raise ValueError("tally: at_least goes with a share or with 'compared'")
        swift = self.with_ is not None and self.with_.finished_within is not None
        if swift and self.among != "finished":
            raise ValueError("tally: finished_within goes with 'among: finished'")

    def check(self, at: str) -> Comparison:
        """The comparison of a card, with its unit; ValueError where it does not fit the value."""
        comparison = Comparison.parse(at)
        word = self.unit_word
        if comparison.unit and comparison.unit != word:
            raise ValueError(f"cards: {at!r}: this tally is measured in {word}")
        if word in ("%", "points") and not comparison.unit:
            raise ValueError(f"cards: {at!r} has no unit: write '{comparison} {word}'")
        whole = comparison.value == int(comparison.value)
        if word not in ("%", "points") and not whole:
            raise ValueError(f"cards: {at!r}: {word} are counted in whole numbers")
        nothing = comparison.holds(Decimal(0))
        if nothing and not self._knows_all(comparison):
            raise ValueError(
                f"cards: {at!r} is so of a subject of which nothing is known; only the number of "
                "cases by item_code can be too small, since the item table names every item"
            )
        return Comparison(comparison.sign, comparison.value, word)

    def _knows_all(self, comparison: Comparison) -> bool:
        """Whether it is known of which subjects there is nothing; a small share is a finding."""
        if self.compared is not None or self.measure == "share":
            return comparison.sign in ("<", "<=", "=")
        return (self.measure, self.of, self.by) == ("count", "cases", "item_code")


def _plain(name: str, amount: str) -> None:
    """ValueError for an amount that a calendar would have to count."""
    unit = Amount.parse(amount).unit
    if unit.working or not unit.seconds:
        raise ValueError(
            f"{name}: {amount!r}: write calendar_seconds, calendar_minutes or calendar_hours"
        )
