"""What conditions measure at one event: stages, fees, texts, persons, the time since another one.

Part of the kernel's source (see `kernel`); the same text runs interpreted and compiled.
"""

from .clockwork import NEVER, day_of
from .columns import (
    LACKING_DATA,
    NOT_GIVEN,
    REORDERED_STAGE,
    SKIPPED_STAGE,
)
from .compiling import kernel_function
from .conduct_rows import time_between, too_coarse
from .levels import MILLION


@kernel_function
def by_then(cal, frame, j, i):
    """Whether event `j` came before event `i` or with it; of a bare date: on that date."""
    if frame.at[j] <= frame.at[i]:
        return True
    return frame.coarse[i] != 0 and day_of(cal, frame.at[j]) <= day_of(cal, frame.at[i])


@kernel_function
def first_with(conds, frame, r, first, end, bit):
    """The first event with a role in the condition, or -1."""
    for i in range(first, end):
        if conds.role[r * conds.signatures + frame.signature[i]] & bit:
            return i
    return -1


@kernel_function
def find_begun(frame, facts, c, end, desk):
    """Note in `desk.begun` the first event of each stage of the case's list, or -1."""
    for p in range(facts.stages[c]):
        desk.begun[p] = -1
    for i in range(frame.first[c], end):
        place = facts.place[i]
        if place >= 0 and desk.begun[place] < 0:
            desk.begun[place] = i


@kernel_function
def stage_value(cal, frame, facts, c, m, i, desk):
    """How many stages were skipped; whether one came too early, or is not on the list."""
    place = facts.place[i]
    if m != SKIPPED_STAGE and place == NOT_GIVEN:
        return -1, 0, 0
    stages = facts.stages[c]
    if stages < 0:
        return -1, 0, LACKING_DATA
    if m == SKIPPED_STAGE:
        if place < 0 and place != NOT_GIVEN:
            return -1, 0, 0
        count = 0
        for p in range(stages if place < 0 else place):
            if desk.begun[p] < 0 or not by_then(cal, frame, desk.begun[p], i):
                count += 1
        return count * MILLION, 0, 0
    if m == REORDERED_STAGE:
        if place < 0:
            return -1, 0, 0
        for p in range(place + 1, stages):
            if desk.begun[p] >= 0 and _earlier(cal, frame, desk.begun[p], desk.begun[place]):
                return MILLION, 0, 0
        return 0, 0, 0
    return (0 if place >= 0 else MILLION), 0, 0


@kernel_function
def _earlier(cal, frame, j, i):
    """Whether event `j` came before event `i` for certain: at an earlier instant, or date."""
    if frame.coarse[j] or frame.coarse[i]:
        return day_of(cal, frame.at[j]) < day_of(cal, frame.at[i])
    return frame.at[j] < frame.at[i]


@kernel_function
def fee_value(facts, c, i):
    """Distance of a fee from the nearest amount of the case's list, in % of that amount."""
    fee = facts.fee[i]
    if fee < 0 or not facts.fee_known[c]:
        return -1, 0, LACKING_DATA
    nearest = 0
    distance = fee
    found = False
    for k in range(facts.fee_at[c], facts.fee_at[c + 1]):
        amount = facts.fee_of[k]
        away = abs(fee - amount)
        if not found or away < distance or (away == distance and amount > nearest):
            nearest = amount
            distance = away
            found = True
    if nearest == 0:
        return (100 * MILLION if fee > 0 else 0), 0, 0
    # In two steps: the product of a distance and 100 % would not fit.
    whole = distance // nearest
    part = distance % nearest * (100 * MILLION)
    return whole * (100 * MILLION) + part // nearest, 1 if part % nearest else 0, 0


@kernel_function
def same_person(conds, facts, c, r, i):
    """1 where the person in a field is the event's actor, or the case's handler."""
    person = facts.text[conds.slot[r] * facts.events + i]
    if person < 0:
        return -1, 0, 0
    other = facts.text[conds.actor[r] * facts.events + i]
    if other < 0:
        other = facts.handler[c]
    if other < 0:
        return -1, 0, LACKING_DATA
    return (MILLION if person == other else 0), 0, 0


@kernel_function
def number_value(conds, facts, c, r, i):
    """The number in a field of the event or, where it has none, of the case."""
    value = facts.number[conds.slot[r] * facts.events + i]
    if value == NOT_GIVEN:
        value = facts.case_number[conds.slot[r] * facts.cases + c]
    if value == NOT_GIVEN:
        return -1, 0, 0
    if value < 0:
        return -1, 0, LACKING_DATA
    return value, 0, 0


@kernel_function
def lag_value(cal, conds, frame, facts, r, i, work):
    """How much later an event was recorded than it happened."""
    if facts.recorded[i] == NEVER:
        return -1, 0, LACKING_DATA
    reason = too_coarse(conds.unit[r], frame.coarse[i])
    if reason:
        return -1, 0, reason
    return time_between(cal, conds.unit[r], frame.at[i], facts.recorded[i], work)


@kernel_function
def gap_value(cal, conds, frame, r, since, i, work):
    """Time from an event to event `i`."""
    reason = too_coarse(conds.unit[r], frame.coarse[since] or frame.coarse[i])
    if reason:
        return -1, 0, reason
    return time_between(cal, conds.unit[r], frame.at[since], frame.at[i], work)
