"""Cases that a source's full snapshot does not hold any more: reported, and judged as before.

Deleting a row at the source must not save anybody from a card, so nothing else changes for them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection

from ..ledger.model.entries import EntryType
from ..ledger.store import ledger
from ..workspace.context import Context
from .mapping.contents import Mention
from .store import cases, feeds

#: Case numbers in one ledger entry.
_PART = 500


@dataclass(slots=True)
class Present:
    """The cases of a source that a snapshot mentions, as bits over row ids."""

    bits: bytearray
    #: Rows of which nobody can say whose case they are.
    unreadable: int = 0
    rows: int = 0

    def has(self, case_id: int) -> bool:
        """Whether the snapshot mentions the case."""
        return case_id >> 3 < len(self.bits) and bool(self.bits[case_id >> 3] >> (case_id & 7) & 1)


@dataclass(slots=True)
class Vanished:
    """Numbers of the cases that a snapshot lacks for the first time, and of those it has again."""

    flagged: list[str] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    #: Why nobody was flagged although the snapshot is there; 0: everything could be read.
    unreadable: int = 0

    def as_json(self) -> dict[str, object]:
        """For the command line."""
        return {
            "flagged": self.flagged,
            "returned": self.returned,
            "unreadable": self.unreadable,
        }


def present(context: Context, source: str, mentioned: Iterable[Mention]) -> Present:
    """Mark what a snapshot mentions. Memory: one bit a case."""
    with context.store.reading() as connection:
        found = Present(bytearray((feeds.most_id(connection) >> 3) + 1))
    batch: dict[str, bool] = {}
    for mention in mentioned:
        found.rows += 1
        if mention.case_no is None:
            found.unreadable += 1
            continue
        batch[mention.case_no] = batch.get(mention.case_no, False) or mention.sure
        if len(batch) >= _PART:
            _mark(context, source, batch, found)
            batch.clear()
    _mark(context, source, batch, found)
    return found


def _mark(context: Context, source: str, batch: dict[str, bool], found: Present) -> None:
    if not batch:
        return
    with context.store.reading() as connection:
        ids = feeds.known_ids(connection, source, batch)
    for case_id in ids.values():
        if case_id >> 3 < len(found.bits):
            found.bits[case_id >> 3] |= 1 << (case_id & 7)
    # A damaged row's number that nobody knows may be a known one with a digit lost.
    found.unreadable += sum(not sure for number, sure in batch.items() if number not in ids)


def compare(
    context: Context, connection: Connection, source: str, seen: Present, *, as_of: int
) -> Vanished:
    """Flag the source's open cases that the snapshot lacks; clear those that it has again.

    A case of which something came after the snapshot was begun is left for the next one, and so is
    one that a finishing event ends: the scan only has not said so yet. Where a row could not be
    read, nobody is flagged: it may be anybody's.
    """
    found = Vanished(unreadable=seen.unreadable)
    flagged: list[int] = []
    returned: list[int] = []
    for rows in feeds.watched(connection, source):
        missing = [
            row.id for row in rows if row.open and row.vanished_at is None and not seen.has(row.id)
        ]
        late = feeds.received_after(connection, missing, as_of) if missing else set()
        over = _finished(context, connection, [each for each in missing if each not in late])
        for row in rows:
            if row.vanished_at is not None and seen.has(row.id):
                returned.append(row.id)
                found.returned.append(row.case_no)
            elif row.id in missing and row.id not in late | over and not seen.unreadable:
                flagged.append(row.id)
                found.flagged.append(row.case_no)
    feeds.set_vanished(connection, flagged, context.now())
    feeds.set_vanished(connection, returned, None)
    return found


def _finished(context: Context, connection: Connection, ids: list[int]) -> set[int]:
    words = context.catalogue.vocabulary.types
    return {
        case.case_id
        for case in (cases.read_cases(connection, ids) if ids else ())
        if any(words[event.type].finishes for event in case.record.events)
    }


def entries(
    context: Context, source: str, run_id: str, found: Vanished
) -> Iterable[ledger.NewEntry]:
    """Ledger entries of what was found."""
    for kind, numbers in (
        (EntryType.CASE_VANISHED, found.flagged),
        (EntryType.CASE_REAPPEARED, found.returned),
    ):
        for place, part in enumerate(cases.chunks(numbers, _PART)):
            yield context.entry(
                kind,
                f"{kind}/{run_id}/{place}",
                {"source": source, "run": run_id, "cases": list(part)},
            )
