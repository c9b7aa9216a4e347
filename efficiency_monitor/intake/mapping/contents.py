"""What a pull must know of the rows it brought besides their facts: how far they reach, whose cases
they are of."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush

from efficiency_monitor.time.amount import Amount
from efficiency_monitor.workspace.source_settings import Since

from ..formats.headers import folded
from ..formats.rows import Quarantined, Refusal, Row
from .mapping import SourceMapping
from .times import read_time

#: Seconds by which a source's clock may be ahead of ours.
AHEAD = 86_400
#: Of a number in a `since` column; what is longer is none.
_MOST_DIGITS = 100
#: Forms of rows that are remembered; JSON may bring a new one with every row.
_MOST_FORMS = 1000


@dataclass(frozen=True, slots=True)
class Reach:
    """How far rows reach: the value to go on from, and how many rows did not count for it."""

    value: str | None
    #: Rows without a value, with one that is no time or number, or one that lies in the future.
    left_out: int


def reach_of(
    rows: Iterable[Row | Quarantined],
    mapping: SourceMapping,
    since: Since,
    *,
    zone: str,
    now: int,
) -> Reach:
    """The highest value of the `since` column, as the source wrote it; None where there is none.

    By time it is the highest value that is `overlap` older than the newest: what is stored late is
    asked for again. A time more than a day ahead of `now` does not count, else nothing would ever
    come after it. Memory: the different seconds of one overlap.
    """
    overlap = 0
    most = None
    if since.order == "time":
        amount = Amount.parse(since.overlap)
        overlap, most = int(amount.value * amount.unit.seconds), now + AHEAD
    newest: int | None = None
    best: tuple[int, str] | None = None
    #: Values less than an overlap older than the newest, the oldest first.
    recent: list[tuple[int, str]] = []
    known: set[int] = set()
    left_out = 0
    for text, key in _values(rows, mapping, since, zone):
        if key is None or (most is not None and key > most):
            left_out += 1
            continue
        newest = key if newest is None else max(newest, key)
        if key not in known:
            known.add(key)
            heappush(recent, (key, text))
        while recent and recent[0][0] <= newest - overlap:
            found = heappop(recent)
            known.discard(found[0])
            if best is None or found[0] > best[0]:
                best = found
    return Reach(None if best is None else best[1], left_out)


def higher(
    first: str | None, second: str | None, mapping: SourceMapping, since: Since, zone: str
) -> str | None:
    """The higher of two values of a `since` column."""
    if first is None or second is None:
        return second if first is None else first
    keys = [_key(text, mapping, since, zone) for text in (first, second)]
    if keys[0] is None or keys[1] is None:
        return second
    return first if keys[0] > keys[1] else second


def _values(
    rows: Iterable[Row | Quarantined], mapping: SourceMapping, since: Since, zone: str
) -> Iterator[tuple[str, int | None]]:
    """The column's text in each row, and what it is ordered by; None where that is unknown."""
    wanted = folded(since.column)
    forms: dict[tuple[str, ...], str | None] = {}
    for row in rows:
        if isinstance(row, Quarantined):
            yield "", None
            continue
        names = tuple(row.cells)
        if names not in forms:
            if len(forms) > _MOST_FORMS:
                forms.clear()
            forms[names] = next((name for name in names if folded(name) == wanted), None)
        column = forms[names]
        text = row.cells[column] if column is not None else ""
        yield text, _key(text, mapping, since, zone)


def _key(text: str, mapping: SourceMapping, since: Since, zone: str) -> int | None:
    if since.order == "number":
        number = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
        return int(text) if number else None
    found = read_time(text, zone, mapping.formats) if text else Refusal.MISSING
    return None if isinstance(found, Refusal) else found.instant


@dataclass(frozen=True, slots=True)
class Mention:
    """A row of a table of cases: the number it names, None if that cannot be read.

    `sure` is whether the number is as the source has it: of a damaged row it may not be.
    """

    case_no: str | None
    sure: bool


def mentions(
    rows: Iterable[Row | Quarantined], mapping: SourceMapping, prefix: str = ""
) -> Iterator[Mention]:
    """Whose case each row is of, whatever else is wrong with it. Rows about items say nothing."""
    forms: dict[tuple[str, str | None, tuple[str, ...]], tuple[bool, str | None]] = {}
    for row in rows:
        form = (row.file, row.sheet, tuple(row.cells))
        if form not in forms:
            if len(forms) > _MOST_FORMS:
                forms.clear()
            table = mapping.table_of(form[2], file=row.file, sheet=row.sheet)
            name = None if table is None else table.case_no
            of_cases = table is None or name is not None
            column = None if name is None else mapping.resolve(name, form[2], file=row.file)
            forms[form] = of_cases, column
        of_cases, column = forms[form]
        if of_cases:
            case_no = row.cells[column] if column is not None else ""
            yield Mention(prefix + case_no if case_no else None, isinstance(row, Row))
