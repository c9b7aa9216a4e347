"""Tallies over cards, cases and orders in a window: how many, what share, how much more."""

from typing import Literal

from .rule_parts import RulePart, Words


class Tally(RulePart):
    """What is counted in which window, for each organ, person or item."""

    of: Literal["cards", "cases", "orders", "events"]
    by: Literal["department", "handler", "item_code", "region"]
    measure: Literal["count", "share", "change_on_month", "change_on_year"]
    window: Literal["day", "month", "quarter", "year"]
    #: Only cards of these levels or rules.
    levels: Words | None = None
    rules: Words | None = None
