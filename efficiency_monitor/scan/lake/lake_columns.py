"""Parts of a lake as the compiled kernel's columns: no value in Python for an event or a case.

What a column cannot say is left to `lake_history`, which reads the same cases as values: a part
whose calendar has another zone than the one by which its events were ordered, a case in which
only their keys tell two events apart that stand side by side as of an instant.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...engine import compiled
from ...engine.business_time import Table, fits_compiled
from ...engine.columns import MOST_LEVELS, MOST_LIMITS, Frame, Rules
from ...engine.encoding import BoundRule, encode_rules
from ...engine.questions import UNIT_CODE
from ...rules.rule_parts import Match
from ...time.instants import FIRST, LAST
from .lake_format import ATTRIBUTE, CASE_COLUMNS, CASE_TEXTS, EVENT_COLUMNS, LIMITS, Part
from .lake_history import Lake

#: Columns of findings that are kept of every rule, and those that tell of a limit.
_KEPT = ("case", "rule", "start", "stop", "state", "reasons", "level_instant", "level_reached")
_OF_LIMITS = ("limit_kind", "limit_unit", "limit_amount", "limit_due")
#: No local day has more seconds.
_LONGEST_DAY = 27 * 3600
#: Millionths; no `Amount` is larger.
_MOST_AMOUNT = 36_000_000_000_000_000


@dataclass(frozen=True, slots=True)
class Texts:
    """A column of texts: a code a row, -1 for none; the texts by code."""

    codes: Any
    values: Sequence[str]

    def text(self, code: int) -> str | None:
        """The text of a code."""
        return None if code < 0 else self.values[code]


@dataclass(frozen=True, slots=True)
class Columns:
    """The cases of a part that count, as columns. `rows` are their rows in the part's files."""

    part: Part
    frame: Frame
    rows: Any
    #: First event of each case in the part's file; None where it is the frame's own.
    event_rows: Any
    torn: Any
    sources: Texts | None
    texts: Mapping[str, Texts]
    #: Departments that events name; None where none does.
    departments: Texts | None
    #: Cases that are to be judged as values instead.
    slow: Any

    @property
    def cases(self) -> int:
        """How many cases there are."""
        return self.frame.cases

    def late(self, stale: Collection[str]) -> Any:
        """Of each case whether its source is stale."""
        import numpy

        if self.sources is None:
            return numpy.zeros(self.cases, dtype=bool)
        of_source = [source in stale for source in self.sources.values]
        return numpy.array([*of_source, False])[self.sources.codes]


def fields_of(rules: Iterable[BoundRule]) -> list[str]:
    """Fields of a case that some rule's `applies_to` asks for."""

    def asked(match: Match) -> set[str]:
        names = {
            name
            for name in ("item_kind", "item_code", "region", "department", "channel")
            if getattr(match, name) is not None
        }
        names |= set(match.attributes or {})
        return names if match.not_ is None else names | asked(match.not_)

    return sorted(set().union(*(asked(bound.rule.applies_to) for bound in rules)))


def names_read(part: Part, fields: Sequence[str], sources: bool) -> tuple[list[str], list[str]]:
    """Columns of cases and of events that judging a part takes."""
    own = ["events", "torn", "rowless", "versions"] + (["source"] if sources else [])
    own += [f"k_{name}_{limit}" for name in CASE_COLUMNS for limit in LIMITS]
    texts = dict.fromkeys((*fields, "department", "item_code"))
    own += [name for name in texts if name in CASE_TEXTS]
    own += [ATTRIBUTE + name for name in texts if name in part.attributes]
    events = [f"k_{name}" for name in EVENT_COLUMNS]
    return own, events + (["department"] if part.departments else [])


def read(lake: Lake, part: Part, fields: Sequence[str], as_of: int, *, stale: bool) -> Columns:
    """Read the columns of a part. ConfigurationError where a file is damaged."""
    import numpy

    own, of_events = names_read(part, fields, stale)
    cases = lake.table("cases", part, own)
    events = lake.table("events", part, of_events)
    sizes = _array(cases, "events")
    first: Any = numpy.zeros(len(sizes) + 1, dtype=numpy.int64)
    numpy.cumsum(sizes, out=first[1:])
    if int(first[-1]) != events.num_rows or (len(sizes) and int(sizes.min()) < 0):
        raise lake.damaged(part)
    columns = {name: _array(events, f"k_{name}") for name in EVENT_COLUMNS}
    _check(lake, part, columns, first)
    event_rows, slow = placed_as_of(lake, part, columns, first, as_of)
    # What was told otherwise binds by when it was received: that is judged as values.
    slow |= cases.column("versions").is_valid().to_numpy(zero_copy_only=False).astype(bool)
    # So is what waits for the row that says in which zone its times are.
    slow |= _array(cases, "rowless").astype(bool)
    both = {
        name: numpy.stack([_array(cases, f"k_{name}_{limit}") for limit in LIMITS], 1).ravel()
        for name in CASE_COLUMNS
    }
    texts = {
        name.removeprefix(ATTRIBUTE): texts_of(cases.column(name))
        for name in own
        if name in CASE_TEXTS or name.startswith(ATTRIBUTE)
    }
    departments = texts_of(events.column("department")) if part.departments else None
    if departments is not None and event_rows is not None:
        departments = Texts(departments.codes[event_rows], departments.values)
    found = Columns(
        part=part,
        frame=compiled.as_arrays(Frame(cases=len(sizes), first=first, **columns, **both)),
        rows=numpy.arange(len(sizes)),
        event_rows=event_rows,
        torn=_array(cases, "torn").astype(bool),
        sources=texts_of(cases.column("source")) if stale else None,
        texts=texts,
        departments=departments,
        slow=slow,
    )
    mask = lake.standing(part)
    return found if mask is None else _kept(found, numpy.array(mask, dtype=bool))


def _check(lake: Lake, part: Part, columns: Mapping[str, Any], first: Any) -> None:
    """Compiled code does not look whether an index lies inside a column: nothing may lie outside.

    Stages are numbered within their case, so there are no more of them than events.
    """
    import numpy

    ranges = {
        "signature": (0, len(lake.manifest.signatures) - 1),
        "at": (FIRST, LAST),
        "unit": (0, len(UNIT_CODE)),
        "amount": (-1, _MOST_AMOUNT),
        "stage": (-1, part.events),
    }
    for name, (least, most) in ranges.items():
        column = columns[name]
        if len(column) and (int(column.min()) < least or int(column.max()) > most):
            raise lake.damaged(part)
    staged = numpy.nonzero(columns["stage"] > 0)[0]
    if len(staged):
        case = numpy.searchsorted(first, staged, side="right") - 1
        if (columns["stage"][staged] >= first[case + 1] - first[case]).any():
            raise lake.damaged(part)


def _array(table: Any, name: str) -> Any:
    column = table.column(name)
    if column.null_count:
        raise ValueError(name)
    chunks = column.chunks
    import numpy

    if not chunks:
        return numpy.zeros(0, dtype=column.type.to_pandas_dtype())
    return chunks[0].to_numpy(zero_copy_only=False)


def texts_of(column: Any) -> Texts:
    """A column of texts with a dictionary."""
    import numpy

    if not column.num_chunks:
        return Texts(numpy.zeros(0, dtype=numpy.int64), ())
    chunk = column.chunk(0)
    codes = chunk.indices
    if codes.null_count:
        codes = codes.fill_null(-1)
    return Texts(codes.to_numpy(zero_copy_only=False), chunk.dictionary.to_pylist())


def placed_as_of(
    lake: Lake, part: Part, columns: dict[str, Any], first: Any, as_of: int
) -> tuple[Any, Any]:
    """Put bare dates at their place as of an instant, where that is in the middle of their day.

    In a lake they stand where all that is known puts them; as of an instant, what came later that
    day is not known yet (`engine.encoding.ordered`). Changes `columns`; gives the rows in the file
    of the events (None: as they were), and the cases that have to be judged as values, as two
    events would stand side by side that only their keys tell apart.
    """
    import numpy

    slow: Any = numpy.zeros(len(first) - 1, dtype=bool)
    at = columns["at"]
    near = (columns["coarse"] == 1) & (at > as_of) & (at <= as_of + _LONGEST_DAY)
    late = numpy.nonzero(near)[0]
    if not len(late):
        return None, slow
    occurred = _array(lake.table("events", part, ["occurred_at"]), "occurred_at")
    cases = numpy.unique(numpy.searchsorted(first, late[occurred[late] <= as_of], "right") - 1)
    if not len(cases):
        return None, slow
    ranks = [lake.vocabulary.types[kind].rank for kind, _ in lake.manifest.signatures]
    order = numpy.arange(len(at))
    at = at.copy()
    for case in cases:
        lo, hi = int(first[case]), int(first[case + 1])
        events = [
            (int(occurred[n]), int(columns["at"][n]), ranks[columns["signature"][n]],
             bool(columns["coarse"][n]), n)
            for n in range(lo, hi)
        ]  # fmt: skip
        known = [_replaced(event, events, as_of) for event in events if event[0] <= as_of]
        known.sort()
        if len({place[:2] for place in known}) < len(known):
            slow[case] = True
            continue
        rest = [event[4] for event in events if event[0] > as_of]
        order[lo:hi] = [place[2] for place in known] + rest
        at[order[lo : lo + len(known)]] = [place[0] for place in known]
    columns["at"] = at
    for name in EVENT_COLUMNS:
        columns[name] = columns[name][order]
    return order, slow


def _replaced(
    event: tuple[int, int, int, bool, int],
    events: Sequence[tuple[int, int, int, bool, int]],
    as_of: int,
) -> tuple[int, int, int]:
    """Where an event stands as of an instant, its rank, its row."""
    occurred, at, rank, dated, row = event
    if dated and at > as_of:
        # Its day is that of `as_of`: whatever came between its first second and then is of it.
        before = [o for o, _, other, bare, _ in events if not bare and o <= as_of and other < rank]
        at = max([occurred, *(one for one in before if one > occurred)])
    return at, rank, row


def _kept(found: Columns, mask: Any) -> Columns:
    """The cases of a mask alone."""
    import numpy

    frame = found.frame
    sizes = numpy.diff(frame.first)
    of_events: Any = numpy.repeat(mask, sizes)
    first: Any = numpy.zeros(int(mask.sum()) + 1, dtype=numpy.int64)
    numpy.cumsum(sizes[mask], out=first[1:])
    twice: Any = numpy.repeat(mask, len(LIMITS))
    columns = {name: getattr(frame, name)[of_events] for name in EVENT_COLUMNS}
    rows = numpy.nonzero(of_events)[0]
    columns |= {name: getattr(frame, name)[twice] for name in CASE_COLUMNS}

    def cut(texts: Texts | None, by: Any) -> Texts | None:
        return None if texts is None else Texts(texts.codes[by], texts.values)

    return Columns(
        part=found.part,
        frame=compiled.as_arrays(Frame(cases=int(mask.sum()), first=first, **columns)),
        rows=found.rows[mask],
        event_rows=rows if found.event_rows is None else found.event_rows[rows],
        torn=found.torn[mask],
        sources=cut(found.sources, mask),
        texts={name: Texts(one.codes[mask], one.values) for name, one in found.texts.items()},
        departments=cut(found.departments, of_events),
        slow=found.slow[mask],
    )


def applies(rules: Sequence[BoundRule], columns: Columns) -> Any:
    """Rule by rule whether it is meant for each case; none is for a torn or a slow one."""
    import numpy

    judged = ~(columns.torn | columns.slow)
    meant: Any = numpy.zeros((len(rules), columns.cases), dtype=numpy.uint8)
    fields = [name for name in fields_of(rules) if name in columns.texts]
    # What the cases have of these fields, as one number each: the base-n digits are the texts.
    number: Any = numpy.zeros(columns.cases, dtype=numpy.int64)
    most = 1
    for name in fields:
        texts = columns.texts[name]
        most *= len(texts.values) + 1
        number = number * (len(texts.values) + 1) + (texts.codes + 1)
        if most > 1 << 40:
            return _applies_slowly(rules, columns, judged)
    if most <= 1 << 16:
        present = numpy.nonzero(numpy.bincount(number, minlength=most))[0]
        place: Any = numpy.zeros(most, dtype=numpy.int64)
        place[present] = numpy.arange(len(present))
        place = place[number]
    else:
        present, place = numpy.unique(number, return_inverse=True)
    profiles = [_fields(fields, columns, int(one)) for one in present]
    for r, bound in enumerate(rules):
        own = [bound.rule.applies_to.matches(profile) for profile in profiles]
        meant[r] = numpy.array(own, dtype=numpy.uint8)[place] if own else 0
    meant &= judged.astype(numpy.uint8)
    return meant


def _fields(fields: Sequence[str], columns: Columns, number: int) -> dict[str, str]:
    found = {}
    for name in reversed(fields):
        texts = columns.texts[name]
        number, code = divmod(number, len(texts.values) + 1)
        if code:
            found[name] = texts.values[code - 1]
    return found


def _applies_slowly(rules: Sequence[BoundRule], columns: Columns, judged: Any) -> Any:
    """The same where the fields have too many texts for one number: case by case."""
    import numpy

    names = [name for name in fields_of(rules) if name in columns.texts]
    meant: Any = numpy.zeros((len(rules), columns.cases), dtype=numpy.uint8)
    for c in numpy.nonzero(judged)[0]:
        texts = [columns.texts[name].text(int(columns.texts[name].codes[c])) for name in names]
        own = {name: text for name, text in zip(names, texts, strict=True) if text is not None}
        meant[:, c] = [bound.rule.applies_to.matches(own) for bound in rules]
    return meant


@dataclass(frozen=True, slots=True)
class Judge:
    """Rules and a calendar as the compiled kernel takes them."""

    bound: tuple[BoundRule, ...]
    table: Table
    rules: Rules

    @classmethod
    def of(cls, bound: Sequence[BoundRule], table: Table, lake: Lake) -> "Judge | None":
        """None where the calendar does not fit compiled code."""
        if not fits_compiled(table):
            return None
        encoded = encode_rules(bound, lake.vocabulary, lake.manifest.codes())
        return cls(tuple(bound), compiled.as_arrays(table), compiled.as_arrays(encoded))

    def run(
        self, columns: Columns, meant: Any, as_of: int, detailed_from: int
    ) -> tuple[dict[str, Any], Any]:
        """Findings by column, and the faults by case.

        Limits are kept for findings with a card of the rules from `detailed_from` on, in rows of
        their own under `detail`, which has the number of each; levels and limits as tables.
        """
        import numpy

        parts: dict[str, list[Any]] = {name: [] for name in (*_KEPT, *_OF_LIMITS, "detail")}
        faults: Any = numpy.zeros(columns.cases, dtype=numpy.int32)
        details = 0
        for chunk in compiled.judge_compiled(
            self.table, self.rules, meant.ravel(), columns.frame, as_of
        ):
            found = chunk.findings
            faults[chunk.lo : chunk.hi] = chunk.faults
            for name in _KEPT:
                parts[name].append(getattr(found, name).copy())
            reached = found.level_reached
            detailed = reached[0::MOST_LEVELS] > 0
            for level in range(1, MOST_LEVELS):
                detailed |= reached[level::MOST_LEVELS] > 0
            detailed &= found.rule >= detailed_from
            number = int(numpy.count_nonzero(detailed))
            detail: Any = numpy.full(chunk.count, -1, dtype=numpy.int64)
            detail[detailed] = numpy.arange(details, details + number)
            parts["detail"].append(detail)
            details += number
            for name in _OF_LIMITS:
                parts[name].append(getattr(found, name).reshape(-1, MOST_LIMITS)[detailed])
        joined = {
            name: numpy.concatenate(own) if own else numpy.zeros(0, dtype=numpy.int64)
            for name, own in parts.items()
        }
        for name in ("level_instant", "level_reached"):
            joined[name] = joined[name].reshape(-1, MOST_LEVELS)
        return joined, faults
