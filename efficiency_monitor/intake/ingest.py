"""Import: files through a mapping into the store; what cannot be taken goes to quarantine."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from ..ledger import row_commitments as binding
from ..people.store import keys
from ..terms import Reason
from ..time.instants import rfc3339
from ..workspace.context import Context, compact_json
from ..workspace.required_texts import refuse_id_numbers
from ..workspace.source_settings import BY_HAND
from . import held_import, quarantine, transfers
from .feeds import check_added_types
from .formats.file_bytes import BytesRead
from .formats.rows import Quarantined
from .formats.tabular import read_rows
from .gathering import Batch, Gathering
from .held_import import HeldImport
from .import_report import ImportReport, plain_counts
from .import_writer import ImportWriter, Outcome
from .mapping import mapping_files
from .mapping.facts import Plans, check_types, layout_of
from .mapping.mapping import SourceMapping
from .model.decide import Counts
from .model.statements import digest
from .store import import_runs
from .store.scratch import Scratch

#: Rows decided together, one transaction each.
BATCH = 1000
#: Reading the files, and deciding and writing what was read.
_PASSES = 2

Progress = Callable[[int], None]
_T = TypeVar("_T")


def find_mapping(context: Context, name: str) -> SourceMapping:
    """A mapping by its name in the catalogue or by the path of its file."""
    return mapping_files.find_mapping(name, context.catalogue.folder / "mappings")


def bytes_to_read(paths: Sequence[Path]) -> int:
    """How many bytes an import of these files will tell of: every pass tells of each once."""
    return _PASSES * _size(paths)


def _size(paths: Sequence[Path]) -> int:
    return sum(path.stat().st_size for path in set(paths) if path.is_file())


def import_files(
    context: Context,
    paths: Sequence[Path],
    mapping_name: str,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
    source: str = BY_HAND,
    encoding: str | None = None,
    bytes_read: BytesRead | None = None,
    writing: Callable[[], None] | None = None,
) -> ImportReport:
    """Import files together. Idempotent: the same files twice change nothing.

    `source` is who says all this, to whom its new cases belong; `encoding` that of
    every text (default: as the mapping says). `progress` is told of rows that are done,
    `bytes_read` of what has been done of `bytes_to_read`. Two passes: the first reads the files
    and finds rows that contradict each other, the second decides and writes in batches; a crash in
    between leaves whole batches, and the same import again does the rest; `writing` is told before
    the first of them. What waits to be written is on the workspace's disk, not in memory.
    """
    context.store.ensure_unmasked()  # held against masks, each row would be said to be new
    mapping = find_mapping(context, mapping_name)
    check_types(mapping, context.catalogue.vocabulary)
    check_added_types(context)
    paths = list(dict.fromkeys(paths))
    now = context.now()
    import_id = "I-" + digest([str(path) for path in paths], now, mapping.id)[:16].upper()
    names = file_names(paths)
    for name in names:
        refuse_id_numbers(name)
    report = ImportReport(import_id, {name: Counts() for name in names}, wrote=not dry_run)
    told = named_files(names, paths)
    plans = partial(Plans, mapping, source=source, prefix=prefix_of(context, source))
    files = dict(zip(names, paths, strict=True))
    reading = _Reading(mapping, files, encoding, bytes_read, plans)
    with ExitStack() as stack:
        scratch = stack.enter_context(closing(Scratch()))
        gathering = Gathering(context, mapping, scratch, context.folder)
        stack.enter_context(closing(gathering.spill))
        gathering.gather(reading.batches)
        writer = ImportWriter(
            context=context,
            mapping=mapping,
            report=report,
            scratch=scratch,
            now=now,
            mapping_name=_found_again(mapping_name),
            source=source,
        )
        if not dry_run:
            if writing is not None:
                writing()
            pulled = writing is not None
            writer.held = _begin(
                context, report, mapping.id, now, source=source, files=told, pulled=pulled
            )
        done, size = 0, _size(paths)
        for _, facts, share in gathering.spill.batches():
            writer.take(facts)
            if progress is not None:
                progress(len(facts))
            if bytes_read is not None:
                bytes_read(int(share * size) - done)
                done = int(share * size)
    if writer.held is not None:
        _end(context, report, mapping.id, now, writer.held)
    return report


class _Reading:
    """The files of an import, read as often as is asked; told of is the first time."""

    def __init__(
        self,
        mapping: SourceMapping,
        files: dict[str, Path],
        encoding: str | None,
        bytes_read: BytesRead | None,
        plans: Callable[[], Plans],
    ) -> None:
        self._plans = plans
        self._mapping = mapping
        self._files = files
        self._encodings = mapping.encodings if encoding is None else (encoding,)
        self._bytes_read = bytes_read

    def batches(self) -> Iterator[Batch]:
        """The rows of all files. ConfigurationError if a file cannot be read or fits no table."""
        bytes_read, self._bytes_read = self._bytes_read, None
        for name, path in self._files.items():
            plans = self._plans()
            rows = read_rows(
                path,
                layout=layout_of(self._mapping, name),
                name=name,
                encodings=self._encodings,
                bytes_read=bytes_read,
            )
            for part in _parts(rows):
                yield plans, part, None
            plans.close()


def file_names(paths: Sequence[Path]) -> list[str]:
    """What the files are called in reports: their names, or their paths where names repeat."""
    names = [path.name for path in paths]
    return [
        name if names.count(name) == 1 else str(path)
        for path, name in zip(paths, names, strict=True)
    ]


def named_files(names: Sequence[str], paths: Sequence[Path]) -> list[import_runs.NamedFile]:
    """The files of an import by what is in them: their sizes and SHA-256."""
    found = []
    for name, path in zip(names, paths, strict=True):
        size, digest_ = None, None
        if path.is_file():
            with path.open("rb") as file:
                digest_ = hashlib.file_digest(file, "sha256").hexdigest()
                size = file.tell()
        found.append(import_runs.NamedFile(name, size, digest_))
    return found


def prefix_of(context: Context, source: str) -> str:
    """What stands before the source's case numbers."""
    section = context.settings.sources.get(source)
    return "" if section is None else section.prefix


def _found_again(mapping_name: str) -> str:
    """How a mapping is found at another time, from another folder."""
    path = Path(mapping_name)
    return str(path.resolve()) if path.is_file() else mapping_name


def _parts(items: Iterable[_T]) -> Iterator[list[_T]]:
    rest = iter(items)
    while part := list(islice(rest, BATCH)):
        yield part


def _begin(
    context: Context,
    report: ImportReport,
    mapping: str,
    now: int,
    *,
    source: str,
    files: Sequence[import_runs.NamedFile] = (),
    pulled: bool = False,
) -> HeldImport:
    """Record that an import has begun; its id is its own even if two begin in one second."""
    with context.store.writing() as connection:
        told_apart = digest(report.import_id, import_runs.count(connection))
        report.import_id = "I-" + told_apart[:16].upper()
        import_runs.begin(
            connection,
            report.import_id,
            mapping=mapping,
            source=source,
            files=files,
            pulled=pulled,
            who=import_runs.Who(context.person, _own_key(context, connection), context.os_user),
            now=now,
        )
        held_import.begun(
            context,
            connection,
            report.import_id,
            mapping=mapping,
            source=source,
            now=now,
            files=files,
        )
    return HeldImport(report.import_id)


def _own_key(context: Context, connection: Connection) -> str | None:
    """Id of the key that was given, where it is the one that the person has in use.

    Whoever holds any other key has proved nothing: evidence counts as signed by nobody then.
    """
    known = None if context.person is None else keys.in_use(connection, context.person)
    given = context.key
    return known.key_id if known and given and given.public == known.public_key else None


def _end(context: Context, report: ImportReport, mapping: str, now: int, held: HeldImport) -> None:
    """Record the totals and what holds the rows, in the table and in the ledger."""
    total = plain_counts(report.total)
    bound = binding.pending_spans(context)
    with context.store.writing() as connection:
        held.before(connection)
        took_up = import_runs.end(
            connection,
            report.import_id,
            totals=compact_json(total),
            now=context.now(),
            torn=Reason.HALF_IMPORT,
        )
        transfers.hand_over(context, connection, [*took_up, report.import_id])
        held_import.ended(
            context,
            connection,
            held,
            content={
                "mapping": mapping,
                "received_at": rfc3339(now, context.zone),
                **total,
                **binding.commit_spans(context, connection, bound),
            },
            took_up=took_up,
        )


def retry(context: Context) -> ImportReport:
    """Try the open quarantined rows again, by their mapping as it is now.

    What passes is imported, as rows of the source that said them, and leaves the quarantine; the
    rest stays with its reason. What one source says by one mapping is an import of its own; the
    report has the totals of all and the id of the last.
    """
    with context.store.reading() as connection:
        waiting = quarantine.waiting(connection)
    mappings = {name: find_mapping(context, name) for name, _ in waiting}
    for mapping in mappings.values():
        check_types(mapping, context.catalogue.vocabulary)
    check_added_types(context)
    whole = ImportReport("I-" + digest("retry", context.now())[:16].upper())
    for name, source in waiting:
        whole.add(_retry_of(context, name, mappings[name], source or BY_HAND, source))
    return whole


def _retry_of(
    context: Context, name: str, mapping: SourceMapping, source: str, kept_as: str | None
) -> ImportReport:
    """Try again what a source said by a mapping."""
    now = context.now()
    with context.store.reading() as connection:
        files = quarantine.files_of(connection, name, kept_as)
    report = ImportReport("I-" + digest("retry", now, name, source)[:16].upper())
    report.files = {file.name: Counts() for file in files}
    held = _begin(context, report, mapping.id, now, source=source, files=files)
    with ExitStack() as stack:
        scratch = stack.enter_context(closing(Scratch()))
        gathering = Gathering(context, mapping, scratch, context.folder)
        stack.enter_context(closing(gathering.spill))
        plans = Plans(mapping, source=source, prefix=prefix_of(context, source))
        gathering.gather(_Again(context, name, kept_as, plans).batches)
        writer = ImportWriter(
            context=context,
            mapping=mapping,
            report=report,
            scratch=scratch,
            now=now,
            mapping_name=name,
            source=source,
            held=held,
        )
        for entries, facts, _ in gathering.spill.batches():
            writer.take(facts, _leaving(entries), [since for _, _, since in entries])
    _end(context, report, mapping.id, now, held)
    return report


def _leaving(
    entries: Sequence[tuple[int, str, int]],
) -> Callable[[Connection, Sequence[Outcome]], None]:
    """Takes rows from the quarantine that are done with."""

    def leave(connection: Connection, outcomes: Sequence[Outcome]) -> None:
        # Refused for another reason now: the newer entry says it, the older one is done with.
        done = [
            entry
            for (entry, row_key, _), outcome in zip(entries, outcomes, strict=True)
            if not isinstance(outcome, Quarantined) or quarantine.row_key(outcome) != row_key
        ]
        quarantine.leave(connection, done)

    return leave


class _Again:
    """The rows of one mapping and source that wait in quarantine."""

    def __init__(self, context: Context, mapping: str, source: str | None, plans: Plans) -> None:
        self._context = context
        self._mapping = mapping
        self._source = source
        self._plans = plans

    def batches(self) -> Iterator[Batch]:
        """The rows to try again; those that only a new file can settle come as they were refused.

        With each batch go the numbers and keys of its entries, and since when they wait.
        """
        last = 0
        while True:
            with self._context.store.reading() as connection:
                entries = quarantine.waiting_rows(
                    connection, self._mapping, self._source, after=last, most=BATCH
                )
            if not entries:
                return
            last = entries[-1].id
            refused = [quarantine.as_refused(entry) for entry in entries]
            rows = [bad.row if bad.retryable else bad for bad in refused]
            tag = tuple((entry.id, entry.row_key, entry.received_at) for entry in entries)
            yield self._plans, rows, tag
