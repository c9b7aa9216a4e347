"""Rows between the two passes of an import: on disk in batches, so that files are read once.

What is decided is then what was checked, even of a file that somebody is still writing.
"""

import json
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

from ..terms import Precision
from .formats.rows import Quarantined, Refusal
from .model.statements import CaseFacts, EventFacts, ItemFacts, RowFacts
from .store.scratch import named_fault

Fact = RowFacts | Quarantined
_LENGTH: Final = 4
_EVENT: Final = (
    "type", "occurred_at", "precision", "recorded_at", "stage", "actor", "department", "kind",
    "amount", "due_at", "due_precision", "reason", "source_key", "attributes", "identity", "key",
    "wall", "unplaced", "entered_at",
)  # fmt: skip
_event_values: Final = attrgetter(*_EVENT)


class Spill:
    """Batches of facts, each with what belongs to it, written once and read once in order."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - `close` closes it
        self._size = 0

    def put(self, facts: Sequence[Fact], tag: Any = None) -> None:
        """Append a batch; `tag` is what belongs to it, in lists, numbers, texts and None."""
        text = json.dumps([tag, [_plain(fact) for fact in facts]])
        content = zlib.compress(text.encode(), 1)
        with named_fault(self._folder):
            self._file.write(len(content).to_bytes(_LENGTH, "big"))
            self._file.write(content)
        self._size += _LENGTH + len(content)

    def batches(self) -> Iterator[tuple[Any, list[Fact], float]]:
        """The batches with their tags, and which share of all has then been read."""
        with named_fault(self._folder):
            self._file.seek(0)
        done = 0
        while head := self._file.read(_LENGTH):
            length = int.from_bytes(head, "big")
            tag, facts = json.loads(zlib.decompress(self._file.read(length)))
            done += _LENGTH + length
            yield tag, [_fact(plain) for plain in facts], done / self._size

    def clear(self) -> None:
        """Forget everything."""
        self._file.seek(0)
        self._file.truncate()
        self._size = 0

    def close(self) -> None:
        """Give the space back."""
        with named_fault(self._folder):
            self._file.close()


def _plain(fact: Fact) -> tuple[Any, ...]:
    if isinstance(fact, Quarantined):
        return (
            fact.file, fact.sheet, fact.number, dict(fact.cells),
            str(fact.refusal), fact.column, fact.value,
        )  # fmt: skip
    case, item = fact.case, fact.item
    return (
        fact.file, fact.sheet, fact.number, dict(fact.cells), fact.case_no,
        case and (case.table, dict(case.fields), list(case.blank), list(case.shared), case.told_by),
        [_plain_event(event) for event in fact.events],
        fact.absent,
        item and (item.item_code, item.item_version, dict(item.fields)),
        fact.version, fact.row_key, fact.deleted,
    )  # fmt: skip


def _plain_event(event: EventFacts) -> tuple[Any, ...]:
    values = list(_event_values(event))
    values[2], values[10], values[13] = str(values[2]), str(values[10]), dict(values[13])
    return tuple(values)


def _fact(plain: tuple[Any, ...]) -> Fact:
    file, sheet, number, cells, *more = plain
    if len(more) == 3:
        refusal, column, value = more
        return Quarantined(
            file=file, sheet=sheet, number=number, cells=cells,
            refusal=Refusal(refusal), column=column, value=value,
        )  # fmt: skip
    case_no, case, events, absent, item, version, row_key, deleted = more
    return RowFacts(
        file=file, sheet=sheet, number=number, cells=cells, case_no=case_no,
        case=case and CaseFacts(
            case_no=case_no, table=case[0], fields=case[1],
            blank=frozenset(case[2]), shared=frozenset(case[3]), told_by=case[4],
        ),
        events=tuple([_event(case_no, event) for event in events]),
        absent=tuple(absent),
        item=item and ItemFacts(item_code=item[0], item_version=item[1], fields=item[2]),
        version=version, row_key=row_key, deleted=deleted,
    )  # fmt: skip


def _event(case_no: str, values: tuple[Any, ...]) -> EventFacts:
    named = dict(zip(_EVENT, values, strict=True))
    named["precision"] = Precision(named["precision"])
    named["due_precision"] = Precision(named["due_precision"])
    return EventFacts(case_no=case_no, **named)
