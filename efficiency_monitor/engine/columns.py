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
#: What a case states of limits: its promise, its statutory limit, the end of its licence.
CASE_SLOTS = 3
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
    """Cases and events as columns. Events of a case stand together, in their order (time.md 18)."""

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
    #: When an event was entered, where its source keeps the time of entry (NEVER: not known).
    entered: Any
    #: Limits of the case, `CASE_SLOTS` a case, as on the event.
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
    #: Days by which an episode has to begin before the due instant that its first limit states.
    ahead: Any
    deem_unit: Any
    deem_amount: Any
    #: Bits of the limits that extensions lengthen; by how much at most (millionths, 0: as granted)
    #: in which unit, and how often (0: any number of times).
    extends: Any
    most: Any
    most_unit: Any
    times: Any
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
    #: Extensions that did not count, or not whole: after the limit, one too many, too long.
    refused: Any
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
    limit_times: Any
    limit_dated: Any
    level_extra: Any
    level_dated: Any
    #: Starts of the episodes, and whether their stage had ended before it ever started; by stage
    #: what has come so far (see `kernel.find_starts`).
    begin: Any
    broken: Any
    running: Any
    first_seen: Any


def work_size(longest: int, types: int) -> int:
    """Length of every column of `Work` for cases of at most `longest` events.

    One event may begin a pause in each pair; a run follows each pause, and one entry the last.
    """
    return max(longest * MOST_PAIRS, types, MOST_LIMITS, MOST_LEVELS) + 2


# What an event's signature is to a condition, as bits.
OF, SINCE, UNTIL, NEED, AFTER, BEFORE, LAST = 1, 2, 4, 8, 16, 32, 64
# What a condition measures, in the order of `conditions.PARAMETERS`.
COUNT, GAP, LAG, LENGTH, NUMBER, LACKING_FIELDS, ABSENT = range(7)
SKIPPED_STAGE, REORDERED_STAGE, UNLISTED_STAGE, CONTRADICTION, FEE_DEVIATION = range(7, 12)
PAUSED_SHARE, REPEATED_TEXT, OVERLAPPING, SAME_PERSON = range(12, 16)
RECORDED_AFTER_DUE, ACROSS_CLOSING = range(16, 18)
#: The data do not hold what is measured: one more bit beside those above.
LACKING_DATA = 128
#: A text, number, fee or place that is not given; one that is and cannot be read.
NOT_GIVEN, NOT_READABLE = -1, -2


#: What `conduct_late` keeps apart of one event: by whether now is covered, and a start deemed.
WAYS = 4


class Facts(NamedTuple):
    """What conditions read of cases and events besides the `Frame`; only what the rules ask for.

    Columns of fields have a block of `events` entries a field. Texts are numbered within the case,
    the same number for the same text (case and spaces aside).
    """

    #: Events of all cases, and the cases.
    events: int
    cases: int
    #: When an event was recorded (NEVER: unknown); place of its stage on the case's list; its fee
    #: in cents.
    recorded: Any
    place: Any
    fee: Any
    #: Number of a field's text, its length in characters, the number in it (millionths).
    text: Any
    length: Any
    number: Any
    #: Of the case: the number in a field, how many fields it lacks (a block a condition), stages on
    #: its list, its handler's text, its fee list: fee_at[c] .. fee_at[c + 1] (-1 in front: none).
    case_number: Any
    case_lacks: Any
    stages: Any
    handler: Any
    fee_known: Any
    fee_at: Any
    fee_of: Any


class Conditions(NamedTuple):
    """Conditions as columns, one entry a rule unless said otherwise."""

    #: How many conditions, and signatures.
    conditions: int
    signatures: int
    #: role[condition * signatures + signature], as bits; kind number of a signature, -1 none.
    role: Any
    kind: Any
    measure: Any
    #: Block of the field in `Facts`, or of what the case lacks; of the actor.
    slot: Any
    actor: Any
    #: Whether events count only after another one.
    after: Any
    unit: Any
    #: Working seconds before closing and after opening; place of the lent clock among the `Rules`.
    within: Any
    clock: Any
    from_day: Any
    to_day: Any
    #: Levels: level_at[r] .. level_at[r + 1]: rank, sign (see `comparison`), value in millionths.
    level_at: Any
    level_rank: Any
    level_sign: Any
    level_value: Any


class Offences(NamedTuple):
    """What conditions found, filled by `judge_conduct`; per level in blocks."""

    case: Any
    rule: Any
    #: The offending event.
    event: Any
    reasons: Any
    #: What was measured there, in millionths of the unit, rounded down.
    value: Any
    #: From when on each level holds (NEVER: not at all), whether it is reached, on what value and
    #: by which event.
    level_instant: Any
    level_reached: Any
    level_value: Any
    level_event: Any


class Scratch(NamedTuple):
    """Scratch space of one `judge_conduct`: see `scratch_size`. Events by their place in the case.

    `conduct_pauses` and `conduct_late` say how they use it.
    """

    #: Pauses: when each begins and ends (NEVER: open), the events that did it, the next open one of
    #: its kind; by kind the first and the last of these.
    span_from: Any
    span_to: Any
    span_event: Any
    span_end: Any
    span_next: Any
    kind_first: Any
    kind_last: Any
    #: By event: how many pauses it ends, of these how many began on an earlier date, and how many
    #: on its own date of which nothing else is known; how many others run when it begins one.
    ended: Any
    ended_older: Any
    ended_dated: Any
    running: Any
    #: By stage of the list when it began; by text how often it came.
    begun: Any
    times: Any
    #: By event: when it was known, the last event known then, the run that it asks about, the next
    #: one that asks about the same; what it is told: the due instant, why there is none.
    now: Any
    known: Any
    run: Any
    following: Any
    due: Any
    why: Any
    #: By start the event that asked last; by stage the newest start; by event the last one that
    #: matters to a run; from when on a start is deemed.
    asks: Any
    newest: Any
    matters: Any
    deemed_at: Any
    #: What a run says, by the last event that matters to it and `conduct_late.WAYS`.
    told: Any
    told_run: Any
    told_due: Any
    told_why: Any


def scratch_size(longest: int, fields: int, stages: int, signatures: int) -> int:
    """Length of every column of `Scratch`, for cases of at most so many events and stages."""
    return max(longest * (fields + 1), longest * WAYS, stages, signatures) + 2


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
    "refused": "int32",
    "limit_kind": "int8",
    "limit_unit": "int8",
    "level_reached": "int8",
    "event": "int32",
    "level_event": "int32",
    "place": "int32",
    "text": "int32",
    "length": "int32",
}


_NARROW = (Frame, Findings, Facts, Offences)


def column_type(kind: Any, name: str) -> str:
    """Name of the numpy type of a column where it is an array."""
    return _SMALL.get(name, "int64") if kind in _NARROW else "int64"
