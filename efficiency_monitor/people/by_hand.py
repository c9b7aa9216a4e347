"""Files that somebody imports by hand: as rows of which source, and who may."""

from collections.abc import Sequence
from pathlib import Path

from ..faults import ConfigurationError
from ..i18n.messages import t
from ..intake.feeds import mapping_of, source_of, totals_of
from ..intake.formats.file_bytes import BytesRead
from ..intake.import_report import ImportReport
from ..intake.ingest import import_files
from ..intake.store import feeds
from ..notify.notices import people
from ..workspace.context import Context, compact_json
from ..workspace.source_settings import BY_HAND, SourceSection
from .acting import acting
from .model.authority import Act
from .model.people import Role
from .proof import own_key


def import_into(
    context: Context,
    paths: Sequence[Path],
    source: str | None = None,
    *,
    mapping: str | None = None,
    encoding: str | None = None,
    dry_run: bool = False,
    bytes_read: BytesRead | None = None,
) -> ImportReport:
    """Import files by hand, as rows of a source (default: `by-hand`).

    As rows of a source that is pulled only somebody who supervises may; only a pull makes such a
    source fresh, since nobody can say that a file by hand is all that it has.
    """
    name = source or BY_HAND
    section = context.settings.sources.get(name)
    if section is None:
        section = SourceSection() if name == BY_HAND else source_of(context, name)
    if section.kind != "import":
        _must_supervise(context, name)
    with context.store.reading() as connection:
        own_key(context, connection)
    begun = context.now()
    report = import_files(
        context,
        paths,
        mapping or mapping_of(context, section),
        dry_run=dry_run,
        bytes_read=bytes_read,
        source=name,
        encoding=encoding or section.encoding,
    )
    if not dry_run and name in context.settings.sources:
        with context.store.writing() as connection:
            feeds.begin(
                connection,
                run_id=report.import_id,
                source=name,
                kind="import",
                now=begun,
                as_of=begun,
                slot=None,
            )
            feeds.finish(
                connection,
                report.import_id,
                state="done",
                finished_at=context.now(),
                totals=compact_json(totals_of(report.as_json())),
            )
    return report


def _must_supervise(context: Context, source: str) -> None:
    """ConfigurationError unless who acts is known to supervise.

    NotAllowed where keys are in use and they do not prove to be that person.
    """
    with context.store.reading() as connection:
        own = (row.role for row in people(connection) if row.person_id == context.person)
        if Role.SUPERVISOR in own:
            acting(context, connection, Act.IMPORT_AS_PULLED, None)
            return
    raise ConfigurationError(
        t(
            "source {source} is pulled: only somebody who supervises may import files as its rows",
            source=source,
        ),
        t("say --as who supervises, or leave --source out: it is by hand then"),
    )
