"""The columns the kernel reads and writes, and the numbers that stand in them.

Lists of integers when it runs interpreted, numpy arrays when it runs compiled. Instants are UTC
epoch seconds; amounts are millionths of their unit.
"""

from typing import Any, NamedTuple

# Role of an event's signature in a rule, as bits; pause pair p takes two bits from PAIRS on.
START, STOP, ENDS, DEEM_FROM, DEEM_UNLESS, EXTEND, UNSTARTED, PAIRS = 1, 2, 4, 8, 16, 32, 64, 7
MOST_PAIRS = 8
MOST_LIMITS = 4
MOST_LEVELS = 3
# How often a clock runs.
ONCE, EACH, PER_STAGE = range(3)
# State of an episode; WAITING stands for a start that may still be deemed.
RUNNING, PAUSED, STOPPED, WAITING = range(4)
# Why something could not be judged, as bits.
NO_LIMIT, BAD_LIMIT, NOT_COVERED, PROVISIONAL, DATE_ONLY, FAULTY, OUT_OF_FORCE = (
    1,
    2,
    4,
    8,
    16,
    32,
    64,
)
# Where a limit comes from, and what it is.
FROM_FIXED, FROM_CASE, FROM_EVENT, FROM_CASE_DUE, FROM_EVENT_DUE = range(5)
NONE, AMOUNT, STATED, UNREADABLE = range(4)


class Frame(NamedTuple):
    """Cases and events as columns. Events of a case stand together, in their order (TIME 24)."""

    cases: int
    #: Events of case c are first[c] .. first[c + 1].
    first: Any
    #: Signature (type and kind) of an event, its instant, whether only its date is known, its stage
    #: (numbered within the case, -1 none).
    signature: Any
    at: Any
    coarse: Any
    stage: Any
    #: Amount on the event (millionths; 0 none, -1 unreadable), its unit; due instant (NEVER none).
    unit: Any
    amount: Any
    due: Any
    due_coarse: Any
    #: Limits of the case, two a case (promised, statutory), as on the event.
    case_unit: Any
    case_amount: Any
    case_due: Any
    case_due_coarse: Any


class Rules(NamedTuple):
    """Rule versions as columns, one entry a rule unless said otherwise."""

    #: How many rules, signatures, event types, and pairs of types with an order.
    rules: int
    signatures: int
    types: int
    pairs: int
    #: Whether `bit` and `followers` can be used.
    masked: int
    #: role[rule * signatures + signature], as bits; kind number of a signature, -1 none.
    role: Any
    kind: Any
    #: Pairs of signatures' types that must not come in the wrong order: earlier, later.
    type_of: Any
    #: The bit of a signature's type, and the bits of the types that must not come before it.
    bit: Any
    followers: Any
    must_precede: Any
    must_follow: Any
    episodes: Any
    by_time: Any
    same: Any
    close: Any
    roll: Any
    count: Any
    #: Ordinals of the dates on which the version is in force.
    from_day: Any
    to_day: Any
    deem_unit: Any
    deem_amount: Any
    #: Bits of the limits that extensions lengthen.
    extends: Any
    #: Cap of pause pair p at rule * MOST_PAIRS + p: -1 none, 0 from the event, else millionths.
    cap_amount: Any
    cap_unit: Any
    #: Sources of limits: limit l of rule r has source_at[r * MOST_LIMITS + l] .. + 1.
    limits: Any
    source_at: Any
    source_kind: Any
    source_field: Any
    source_unit: Any
    source_amount: Any
    source_moved: Any
    #: Levels: level_at[r] .. level_at[r + 1].
    level_at: Any
    level_rank: Any
    level_limit: Any
    level_percent: Any
    level_off: Any
    level_off_unit: Any


class Findings(NamedTuple):
    """Findings as columns, filled by `judge`; per limit and per level in blocks."""

    case: Any
    rule: Any
    start: Any
    stop: Any
    stage: Any
    state: Any
    deemed: Any
    reasons: Any
    ignored: Any
    elapsed: Any
    part: Any
    part_of: Any
    next_at: Any
    limit_kind: Any
    limit_unit: Any
    limit_amount: Any
    limit_due: Any
    level_instant: Any
    level_reached: Any


class Work(NamedTuple):
    """Scratch space of one judge, as long as the longest case needs (see `work_size`)."""

    #: Pauses: see `pausing.find_pauses`.
    pause_from: Any
    pause_to: Any
    pause_pair: Any
    pause_kind: Any
    pause_open: Any
    pause_shut: Any
    cap_unit: Any
    cap_amount: Any
    #: Running intervals: see `counting`. `still` is a clock that always runs.
    runs_from: Any
    runs_to: Any
    still_from: Any
    still_to: Any
    #: Working days in the running intervals: see `counting.find_days`.
    days_from: Any
    days_in: Any
    days_found: Any
    #: Limits of the rule in hand: what each is, what extensions added (-1: cannot be told), the
    #: first date on which it rests of which only the date is known.
    limit_kind: Any
    limit_unit: Any
    limit_amount: Any
    limit_due: Any
    limit_due_at: Any
    limit_moved: Any
    limit_bare: Any
    limit_extra: Any
    limit_dated: Any
    level_extra: Any
    level_dated: Any
    #: Starts of the episodes, and by stage whether one is running.
    begin: Any
    running: Any
    first_seen: Any


def work_size(longest: int, types: int) -> int:
    """Length of every column of `Work` for cases of at most `longest` events.

    One event may begin a pause in each pair; a run follows each pause, and one entry the last.
    """
    return max(longest * MOST_PAIRS, types, MOST_LIMITS, MOST_LEVELS) + 2


#: Columns that hold small numbers; the others hold instants and amounts in 64 bits.
_SMALL = {
    "signature": "int32",
    "coarse": "int8",
    "stage": "int32",
    "unit": "int8",
    "due_coarse": "int8",
    "case_unit": "int8",
    "case_due_coarse": "int8",
    "case": "int32",
    "rule": "int32",
    "start": "int32",
    "stop": "int32",
    "state": "int8",
    "reasons": "int16",
    "ignored": "int32",
    "limit_kind": "int8",
    "limit_unit": "int8",
    "level_reached": "int8",
}


def column_type(kind: Any, name: str) -> str:
    """Name of the numpy type of a column where it is an array."""
    return _SMALL.get(name, "int64") if kind in (Frame, Findings) else "int64"
