"""What the core finds wrong in a rule, in Chinese. The core speaks English and knows no languages.

A message is known by its words; what it quotes stands where the template has `{}`. One that is none
of them is said as it is.
"""

from typing import Final

from .messages import language, mark, t

_TEMPLATES: Final = (
    # rules.rules
    mark("a cap is either fixed or taken from the event"),
    mark("pause: {} cannot both begin and end a pause"),
    mark("pause: at most {} pairs"),
    mark("unstarted: {} does not stop the clock"),
    mark("unstarted: a stop needs a start only where episodes is 'once'"),
    mark("deemed: {} starts the clock already"),
    mark("deemed: a start is deemed only where episodes is 'once'"),
    mark("a limit source is exactly one of fixed, case, event"),
    mark("moved_by_pauses is for absolute due instants only"),
    mark("ahead: {}: write whole calendar_days"),
    mark("ahead: the first limit has to be a due instant that is stated"),
    mark("extend: 'most' is in {}, and the limit {} in {}: write it in {}"),
    mark("cards: a tally is on no case: its levels have no 'unless'"),
    mark("cards: 'unless' names a card of another rule"),
    mark("excluded: what is not judged has no cards and lacks nothing"),
    mark("examples: {}: the events of a tally stand in its cases"),
    mark("examples: {}: cards, cases, items, orders, alarms and known_from are for tallies"),
    mark("examples: {}: has no events"),
    mark("id: {} stands for cards that people give by hand"),
    mark("cards: at most one entry per level"),
    mark("trial: only a rule whose status is 'trial' has an end of its trial"),
    mark("tally: a rule with a tally has no clock, condition or limits"),
    mark("a rule has a clock with limits, a condition or a tally"),
    mark("limits: a clock needs at least one"),
    mark("cards: {} is a comparison; a clock has points on its limits ({})"),
    mark("cards: {} names no limit of this rule ({})"),
    mark(
        "applies_to: a tally is for item_kind, item_code, region, department and channel, not for "
        "attributes"
    ),
    mark("limits: at most {}"),
    mark("extend: no limit called {}"),
    mark("cards: {} is no comparison with what is measured: '>= 2', '> 5 %'"),
    mark("condition: a clock and limits go with 'recorded_after_due', which needs them"),
    mark("condition: no limit called {}"),
    # rules.conditions
    mark("condition: {} needs {}"),
    mark("condition: {} takes no {}"),
    mark("condition: a gap or a lag is not measured in months; write days"),
    mark("condition: 'within' is in working hours, minutes or seconds"),
    mark("cards: {}: {} is measured in {}, not {}"),
    mark("cards: {} has no unit: write {}"),
    # rules.comparison
    mark("{} is no comparison: '>= 2', '> 1 working_days', '> 5 %'"),
    mark("{}: at most {}"),
    mark("{} has more than {} decimal places"),
    # rules.tallies
    mark("with: exactly one of levels and rules, events, incomplete, finished_within"),
    mark("tally: {} is of {}, not of {}"),
    mark("tally: {} are tallied by {}, not by {}"),
    mark("tally: {} of {} needs {}"),
    mark("tally: {} of {} takes no {}"),
    mark("tally: only a share of one subject is compared with the whole"),
    mark("tally: a day has no counterpart a year before; take a month"),
    mark("tally: at_least goes with a share or with 'compared'"),
    mark("tally: finished_within goes with 'among: finished'"),
    mark("cards: {}: this tally is measured in {}"),
    mark("cards: {}: {} are counted in whole numbers"),
    mark(
        "cards: {} is so of a subject of which nothing is known; only the number of cases by "
        "item_code can be too small, since the item table names every item"
    ),
    mark("{}: {}: write calendar_seconds, calendar_minutes or calendar_hours"),
    # time.amount
    mark("amount {} must be positive"),
    mark("{} {}: months are whole numbers"),
    mark("{} {} is too long: at most {}"),
    mark("amount {} has more than {} decimal places"),
    mark("{} is no amount: write a number and a unit, '20 working_days'"),
    mark("unknown unit {}; did you mean {}?"),
    mark("unknown unit {}: one of {}"),
    mark("a pause is capped in whole days, not {}"),
    mark("{} is no threshold: 'promised', 'promised - 2 working_days', '90% promised'"),
    mark("{}: a percentage takes no offset"),
    mark("{}: calendar_months are subtracted from a limit in months only; write days"),
    mark("{} is no percentage"),
    mark("{}%: above 0, at most 1000, at most two decimal places"),
)


def say_fault(text: str) -> str:
    """A message of the core in the current language."""
    for template in _TEMPLATES if language() != "en" else ():
        values = _quoted(template, text)
        if values is not None:
            return t(template).format(*values)
    return text


def _quoted(template: str, text: str) -> list[str] | None:
    """What stands in a text for each `{}` of a template; None where the words are others."""
    first, *pieces = template.split("{}")
    if not text.startswith(first):
        return None
    values = []
    at = len(first)
    for number, piece in enumerate(pieces):
        last = number == len(pieces) - 1
        end = len(text) - len(piece) if last and text.endswith(piece) else text.find(piece, at)
        if end < at or (last and end + len(piece) != len(text)):
            return None
        values.append(text[at:end])
        at = end + len(piece)
    return values if at == len(text) else None
