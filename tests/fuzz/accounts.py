"""Read a file as an import does, and hold the totals against counts made without the project."""

import re
import resource
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from xml.sax import SAXException, make_parser
from xml.sax.handler import ContentHandler

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.intake.formats.rows import Quarantined, Row
from efficiency_monitor.intake.formats.tabular import read_rows
from efficiency_monitor.intake.mapping.facts import apply, layout_of
from efficiency_monitor.intake.mapping.mapping import SourceMapping
from efficiency_monitor.intake.model.decide import RowFacts

from ..intake.conftest import Store, context, shipped

MOST_GROWTH_MB = 300
MAPPING = shipped("canonical")
LAYOUT = layout_of(MAPPING, "x")
CONTEXT = context()
#: A number that passes for an ID card's; it may stand in no message and no quarantine.
ID_NUMBER = "110101199003078515"
ID_CARD = re.compile(rf"(?<![0-9]){ID_NUMBER}(?![0-9])")


def read(path: Path, encodings: Sequence[str] = ("utf-8", "gb18030")) -> list[Row | Quarantined]:
    """Every row of the file; none if it is refused as a whole, in one line."""
    fault: ConfigurationError | None = None
    rows: list[Row | Quarantined] = []
    try:
        rows = list(read_rows(path, layout=LAYOUT, name="x", encodings=encodings))
    except ConfigurationError as refused:
        fault = refused
    if fault is not None:
        assert "\n" not in fault.message, fault.message
        assert fault.message.startswith("x")
        return []
    taken_over(rows)
    return rows


def taken_over(rows: Sequence[Row | Quarantined], mapping: SourceMapping = MAPPING) -> None:
    """The rows through mapping and intake: one outcome for each, and the same again changes
    nothing. They may be refused together, for what their columns are called."""
    fault: ConfigurationError | None = None
    answer: list[RowFacts | Quarantined] = []
    try:
        answer = list(apply(mapping, rows, CONTEXT))
    except ConfigurationError as refused:
        fault = refused
    if fault is not None:
        assert "\n" not in fault.message, fault.message
        return
    assert len(answer) == len(rows)
    accounted(answer)


def accounted(answer: list[RowFacts | Quarantined]) -> None:
    """Two imports of the same: totals add up, and the second changes nothing."""
    store = Store()
    counts, decisions = store.take(answer)
    refused = sum(isinstance(one, Quarantined) for one in answer)
    assert counts.read == len(answer) == len(decisions) + refused
    assert counts.imported + counts.unchanged + counts.quarantined == counts.read
    before = dict(store.cases)
    again, _ = store.take(answer)
    assert (again.imported, again.quarantined) == (0, counts.quarantined)
    assert store.cases == before
    for one in answer:
        if isinstance(one, Quarantined):
            assert one.message
            said = f"{one.column} {one.message} {dict(one.cells)}"
            said.encode()
            assert "\0" not in said
            assert not ID_CARD.search(said), said


def csv_rows(body: bytes, encoding: str) -> int | None:
    """Lines below the header that hold anything, where no quote joins lines."""
    if b'"' in body:
        return None
    text = body.decode(encoding, "surrogateescape")
    return sum(bool(re.sub(EDGES, "", line)) for line in re.split("\r\n|\r|\n", text))


#: Delimiters and everything that is trimmed off a cell.
EDGES = "[,;\\s\x1c-\x1f\x85\ufeff\u200b-\u200d\u2060]"


def jsonl_rows(data: bytes) -> set[int]:
    """Lines that hold anything, in either of the encodings."""
    found = set()
    for encoding in ("utf-8", "gb18030"):
        text = data.decode(encoding, "surrogateescape")
        lines = re.split("\r\n|\r|\n", text)
        found.add(sum(bool(re.sub("[\\s\x1c-\x1f\x85\ufeff\u200b-\u200d\u2060]", "", line))
                      for line in lines))  # fmt: skip
    return found


def xes_rows(data: bytes) -> int | None:
    """Rows of a log by SAX; None if it is no log, or broken before its first row."""
    elements, broken = _elements(data)
    rows, depth, events, late = 0, 0, 0, False
    open_: list[str] = []
    for what, tag in elements:
        kind = tag.rpartition(":")[2]
        if what == "end":
            open_.pop()
            if kind == "event" and open_ in (["log"], ["log", "trace"]):
                rows, events = rows + 1, events + 1
            elif kind == "trace" and open_ == ["log"]:
                rows += (not events) + (late and bool(events))
            continue
        if open_ == ["log"] and kind == "trace":
            events, late = 0, False
        elif open_ == ["log", "trace"] and kind in ATTRIBUTES:
            late = late or events > 0
        elif open_ == ["log"] and kind not in ATTRIBUTES and kind not in ABOUT:
            rows += kind != "event"
        if not open_ and kind != "log":
            return None
        open_.append(kind)
        depth = max(depth, len(open_))
    if depth > 60 or (broken and not rows):
        return None
    return rows + broken


class _Elements(ContentHandler):
    """Beginnings and ends of elements, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def startElement(self, name: str, attrs: object) -> None:  # noqa: N802
        self.found.append(("start", name))

    def endElement(self, name: str) -> None:  # noqa: N802
        self.found.append(("end", name))


def _elements(data: bytes) -> tuple[list[tuple[str, str]], bool]:
    """What a log consists of as far as it can be read, and whether it ends before its end."""
    parser = make_parser()
    elements = _Elements()
    parser.setContentHandler(elements)
    try:
        parser.feed(data)
        parser.close()
    except (SAXException, ValueError, LookupError):
        return elements.found, True
    return elements.found, False


ATTRIBUTES = {"string", "date", "int", "float", "boolean", "id", "list", "container", "values"}
ABOUT = {"extension", "global", "classifier"}


@contextmanager
def bounded_memory() -> Iterator[None]:
    """What the process needs at most does not grow by more than that."""
    before = _peak_mb()
    yield
    assert _peak_mb() - before < MOST_GROWTH_MB


def _peak_mb() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1 << 20 if sys.platform == "darwin" else 1 << 10)
