"""Names of limits, measures and what is counted, as `language` says them: Chinese and English."""

from typing import Final

from efficiency_monitor.i18n.messages import mark

#: Limits that rules have, and what conditions measure: a card names one of them.
LIMITS: Final = {
    "promised": mark("promised limit"),
    "statutory": mark("statutory limit"),
    "applied": mark("days applied for"),
    "issue": mark("issuing limit"),
    "reply": mark("reply limit"),
    "stage": mark("stage limit"),
    "told": mark("time told in writing"),
    "count": mark("how often"),
    "gap": mark("time between"),
    "lag": mark("recorded later than it happened"),
    "length": mark("length of the text"),
    "number": mark("number stated"),
    "lacking": mark("missing data"),
    "absent": mark("what had to come before"),
    "skipped_stage": mark("skipped stages"),
    "reordered_stage": mark("stage out of order"),
    "unlisted_stage": mark("stage that is not on the list"),
    "contradiction": mark("contradictions"),
    "fee_deviation": mark("deviation of the fee"),
    "paused_share": mark("share of the time paused"),
    "repeated_text": mark("how often the same text"),
    "overlapping": mark("pauses at the same time"),
    "same_person": mark("approver is the handler"),
    "recorded_after_due": mark("recorded after the due time"),
    "across_closing": mark("pauses across closing time"),
    "in_a_row": mark("in a row"),
    "share": mark("share"),
    "batch": mark("recorded in a batch"),
    "same_text": mark("cases with the same text"),
}
#: What is counted and is no time: after a number, one and several.
COUNTED: Final = {
    "events": (mark(" time", ctx="counted"), mark(" times", ctx="counted")),
    "characters": (mark(" character", ctx="counted"), mark(" characters", ctx="counted")),
    "fields": (mark(" field", ctx="counted"), mark(" fields", ctx="counted")),
    "cards": (mark(" card", ctx="counted"), mark(" cards", ctx="counted")),
    "cases": (mark(" case", ctx="counted"), mark(" cases", ctx="counted")),
    "items": (mark(" item", ctx="counted"), mark(" items", ctx="counted")),
    "orders": (mark(" order", ctx="counted"), mark(" orders", ctx="counted")),
    "alarms": (mark(" alarm", ctx="counted"), mark(" alarms", ctx="counted")),
    "points": (mark(" percentage point", ctx="counted"), mark(" percentage points", ctx="counted")),
    "%": ("%", "%"),
}
#: What a card is given to where it is given to no case.
SUBJECTS: Final = {
    "organ": mark("organ"),
    "person": mark("person"),
    "item": mark("item"),
    "region": mark("region"),
    "order": mark("order"),
    "all": mark("all"),
}
#: Windows of tallies.
WINDOWS: Final = {
    "day": mark("day"),
    "month": mark("month"),
    "quarter": mark("quarter"),
    "half_year": mark("half-year"),
    "year": mark("year", ctx="windows"),
}
#: The signs of a comparison, before an amount.
SIGNS: Final = {
    ">": mark("more than "),
    ">=": mark("at least "),
    "<": mark("less than "),
    "<=": mark("at most "),
    "=": mark("exactly "),
}
