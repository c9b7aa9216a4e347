"""Sources as the workspace has them: which are stale, what they brought, how far they were read."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from ..engine.questions import Counting, due
from ..faults import ConfigurationError, NotCovered
from ..i18n.messages import t
from ..i18n.model_words import nearest
from ..time.amount import Amount
from ..time.instants import local_date, rfc3339
from ..workspace.context import Context
from ..workspace.source_settings import SourceSection
from .store import feeds, import_runs

#: What counts as an import's totals in the history of runs.
_TOTALS = ("read", "imported", "unchanged", "quarantined")


def source_of(context: Context, name: str) -> SourceSection:
    """A source's settings; ConfigurationError where there is none of that name."""
    found = context.settings.sources.get(name)
    if found is None:
        known = sorted(context.settings.sources)
        raise ConfigurationError(
            t("there is no source {name!r}{name_2}", name=name, name_2=nearest(name, known)),
            t("write [sources.{name}] in effmon.toml", name=name),
        )
    return found


def check_added_types(context: Context) -> None:
    """ConfigurationError where a source is allowed to add a type of event that there is not.

    Said in silence, rows of the type that was meant would wait in quarantine for ever.
    """
    types = context.catalogue.vocabulary.types
    for name, section in context.settings.sources.items():
        for word in section.adds_to.events if section.adds_to is not None else ():
            if word not in types:
                raise ConfigurationError(
                    t(
                        "effmon.toml: [sources.{name}] adds_to.events: no event type "
                        "{word!r}{nearest}",
                        name=name,
                        word=word,
                        nearest=nearest(word, list(types)),
                    ),
                    t("correct it there: docs/sources.md"),
                )


@dataclass(frozen=True, slots=True)
class Stale:
    """A source whose newest data are older than its freshness limit allows."""

    source: str
    #: As of which instant its data are; None: it was never read.
    data_as_of: int | None
    #: The last instant at which they were fresh; None: never, or nobody can say.
    fresh_until: int | None
    #: Only some batches of its last pull are here: of a case the decision may be missing.
    half: bool = False

    def as_json(self, zone: str) -> dict[str, object]:
        """For reports."""
        return {
            "source": self.source,
            "data_as_of": _instant(self.data_as_of, zone),
            "fresh_until": _instant(self.fresh_until, zone),
            **({"half_taken": True} if self.half else {}),
        }

    def words(self, zone: str) -> str:
        """A sentence in the current language."""
        if self.half:
            return t(
                "source {source} is being imported, or that broke off: its open cases cannot be "
                "judged until it is done: effmon pull {source}",
                source=self.source,
            )
        if self.data_as_of is None:
            return t(
                "source {source} was never read: its open cases cannot be judged",
                source=self.source,
            )
        data, until = (_instant(at, zone) or "?" for at in (self.data_as_of, self.fresh_until))
        return t(
            "source {source} is stale: its data are of {data} and were fresh until {until}; its "
            "open cases cannot be judged",
            source=self.source,
            data=data,
            until=until,
        )


def _instant(at: int | None, zone: str) -> str | None:
    return None if at is None else rfc3339(at, zone)


def fresh_until(context: Context, section: SourceSection, data_as_of: int) -> int | None:
    """The last instant at which data of that instant are fresh; None: after the calendar's end.

    NotCovered where the workspace's calendar does not cover the instant.
    """
    assert section.freshness is not None
    limit = Amount.parse(section.freshness)
    _check_covered(context, data_as_of)
    table = context.catalogue.compiled(context.settings.workspace.calendar).table
    try:
        return due(table, data_as_of, limit, counting=Counting(), pauses=[])
    except NotCovered:
        return None


def _check_covered(context: Context, instant: int) -> None:
    """NotCovered where the workspace's calendar says nothing of an instant, or is not there."""
    name = context.settings.workspace.calendar
    calendar = context.catalogue.calendars.get(name)
    if calendar is not None:
        day = date.fromisoformat(local_date(instant, calendar.zone))
        if calendar.first <= day <= calendar.last:
            return
    raise NotCovered(f"calendar {name} does not cover {rfc3339(instant, context.zone)}")


def pulled_sources(context: Context) -> list[str]:
    """The sources that only a pull makes fresh."""
    return [name for name, each in context.settings.sources.items() if each.kind != "import"]


def stale_sources(
    context: Context, connection: Connection, as_of: int, known_by: int | None = None
) -> dict[str, Stale]:
    """The sources that are stale as of an instant, by what was known by another, by name.

    At the limit they are fresh, one second later stale. A source that was read later than `as_of`
    is fresh: nothing that happened until then is unknown. What says that it was read in the future
    was written by a clock that was wrong, and makes nothing fresh.
    """
    limited = {
        name: section
        for name, section in context.settings.sources.items()
        if section.freshness is not None
    }
    known = context.now() if known_by is None else min(known_by, context.now())
    newest = feeds.newest_data(connection, known, pulled_sources(context)) if limited else {}
    found: dict[str, Stale] = {}
    for name, section in limited.items():
        data_as_of = newest.get(name)
        until: int | None = None
        if data_as_of is not None:
            if data_as_of >= as_of:
                continue
            # Where the calendar cannot say, nobody can, and nothing is judged on a guess.
            with suppress(NotCovered):
                until = fresh_until(context, section, data_as_of)
                _check_covered(context, as_of)
                if until is None or as_of <= until:
                    continue
        found[name] = Stale(name, data_as_of, until)
    return found | half_taken(context, connection, known)


def half_taken(context: Context, connection: Connection, known_by: int) -> dict[str, Stale]:
    """The sources whose cases may lack what the same pull has yet to bring, by name.

    Only the next pull can say the rest: a source that is not pulled any more is not waited for.
    """
    return {
        name: Stale(name, None, None, half=True)
        for name in feeds.half_taken(connection, known_by)
        if name in context.settings.sources and context.settings.sources[name].kind != "import"
    }


def torn_cases(
    context: Context, connection: Connection, case_ids: Sequence[int], known_by: int | None
) -> frozenset[int]:
    """Those of some cases of which an import that has not ended has brought a part.

    Nothing is said of them, however complete they look: the pause that was entered with a late
    decision may stand in the next batch.
    """
    known = context.now() if known_by is None else min(known_by, context.now())
    pulling = half_taken(context, connection, known)
    return import_runs.torn_cases(
        connection, case_ids, import_runs.unfinished(connection, known_by, pulling)
    )


def importing(context: Context, connection: Connection, known_by: int | None) -> bool:
    """Whether an import has begun and not ended: what it has yet to bring nobody can tell."""
    known = context.now() if known_by is None else min(known_by, context.now())
    pulling = half_taken(context, connection, known)
    return bool(pulling or import_runs.unfinished(connection, known_by, pulling))


def mapping_of(context: Context, section: SourceSection) -> str:
    """A source's mapping: a name of the catalogue, or a file relative to the workspace."""
    own = context.folder / section.mapping
    return str(own) if own.is_file() else section.mapping


def totals_of(report: Mapping[str, object]) -> dict[str, object]:
    """The counts of an import's JSON."""
    return {name: report[name] for name in _TOTALS}


def list_sources(context: Context) -> list[dict[str, Any]]:
    """Every source with its newest run, its freshness and its cases."""
    now = context.now()
    with context.store.reading() as connection:
        stale = stale_sources(context, connection, now)
        newest = feeds.newest_data(connection, now, pulled_sources(context))
        counts = feeds.counts(connection)
        runs = {name: feeds.newest_run(connection, name) for name in context.settings.sources}
        cursors = {name: feeds.cursors(connection, name) for name in context.settings.sources}
    found = []
    for name, section in context.settings.sources.items():
        run, data_as_of = runs[name], newest.get(name)
        open_cases, vanished = counts.get(name, (0, 0))
        found.append(
            {
                "source": name,
                "kind": section.kind,
                "mapping": section.mapping,
                "freshness": section.freshness,
                "snapshot": section.snapshot,
                "state": None if run is None else run.state,
                "run_at": None if run is None else _instant(run.started_at, context.zone),
                "data_as_of": _instant(data_as_of, context.zone),
                "fresh_until": _until(context, section, data_as_of),
                "stale": name in stale,
                "open_cases": open_cases,
                "vanished": vanished,
                "cursor": {} if section.kind == "files" else cursors[name],
                "message": None if run is None else run.message,
            }
        )
    return found


def _until(context: Context, section: SourceSection, data_as_of: int | None) -> str | None:
    if section.freshness is None or data_as_of is None:
        return None
    try:
        return _instant(fresh_until(context, section, data_as_of), context.zone)
    except NotCovered:
        return None


def list_history(context: Context, source: str | None, most: int) -> list[dict[str, Any]]:
    """Runs of the sources, newest first: what each of them brought, per night."""
    if source is not None:
        source_of(context, source)
    with context.store.reading() as connection:
        rows = feeds.history(connection, source, most)
    return [
        {
            "source": row.source,
            "run_id": row.id,
            "kind": row.kind,
            "state": row.state,
            "slot": _instant(row.slot, context.zone),
            "started_at": _instant(row.started_at, context.zone),
            "finished_at": _instant(row.finished_at, context.zone),
            "data_as_of": _instant(row.as_of, context.zone),
            "pages": row.pages,
            "bytes": row.bytes,
            "totals": json.loads(row.totals),
            "message": row.message,
        }
        for row in rows
    ]
