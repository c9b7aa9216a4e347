"""Who said what of a case and when it was received: every event and every version of its fields,
those that no longer stand too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from . import import_runs
from .cases import EVENT, FACT, WITHDRAWN, Told, fields_of, told_of
from .import_runs import NamedFile, Run, Who

_NOBODY = Run("", 0, False, (), Who(None, None, ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a row came from: source, import, file, who imported it, when it was received."""

    source: str
    import_id: str
    received_at: int
    file: NamedFile | None
    who: Who


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """When an event was withdrawn, and by which import."""

    received_at: int
    import_id: str
    who: Who


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSaid:
    """An event as it was stated; `gone` where it no longer stands."""

    told: Told
    origin: Origin
    gone: Gone | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldsSaid:
    """A version of a case's fields, and its row id."""

    fields: Mapping[str, str]
    origin: Origin
    row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Everything that was said of a case by an instant, in the order in which it was written."""

    events: Sequence[EventSaid]
    versions: Sequence[FieldsSaid]


def of_case(connection: Connection, case_id: int, known_by: int | None) -> Provenance:
    """What was received of a case by an instant (default: ever)."""
    asked = (
        select(
            EVENT,
            WITHDRAWN.c.received_at.label("gone_at"),
            WITHDRAWN.c.import_id.label("gone_by"),
        )
        .outerjoin(WITHDRAWN, WITHDRAWN.c.event_id == EVENT.c.id)
        .where(EVENT.c.case_id == case_id)
        .order_by(EVENT.c.id)
    )
    facts = select(FACT).where(FACT.c.case_id == case_id).order_by(FACT.c.id)
    if known_by is not None:
        asked = asked.where(func.coalesce(EVENT.c.written_at, EVENT.c.received_at) <= known_by)
        facts = facts.where(FACT.c.received_at <= known_by)
    rows, versions = connection.execute(asked).all(), connection.execute(facts).all()
    ids = {row.told_import or row.import_id for row in rows} | {row.import_id for row in versions}
    runs = import_runs.by_id(connection, ids | {row.gone_by for row in rows if row.gone_by})

    def origin(import_id: str, source: str, received_at: int, file: int | None) -> Origin:
        run = runs.get(import_id, _NOBODY)
        named = run.files[file] if file is not None and file < len(run.files) else None
        return Origin(
            source=source,
            import_id=import_id,
            received_at=received_at,
            file=named,
            who=run.who,
        )

    events = [
        EventSaid(
            told=told_of(row),
            origin=origin(row.told_import or row.import_id, row.source, row.received_at, row.file),
            gone=None
            if row.gone_at is None or (known_by is not None and row.gone_at > known_by)
            else Gone(
                received_at=row.gone_at,
                import_id=row.gone_by,
                who=runs.get(row.gone_by, _NOBODY).who,
            ),
        )
        for row in rows
    ]
    return Provenance(
        events=events,
        versions=[
            FieldsSaid(
                fields=fields_of(row),
                origin=origin(row.import_id, row.source, row.received_at, row.file),
                row=row.id,
            )
            for row in versions
        ],
    )
