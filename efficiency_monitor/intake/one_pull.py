"""One pull under its lock: fetch, import, finish.

It may be killed anywhere. While it fetches, the spool on disk says where to go on; once all is
there, the import is repeated, which changes nothing that it has done already; cursor, run, vanished
cases and ledger are written in one transaction, and the spool is removed after it.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import Connection

from ..faults import ConfigurationError, EffmonError, FeedFailed
from ..i18n.messages import t
from ..ledger import row_commitments as binding
from ..ledger.model.entries import EntryType
from ..ledger.store import ledger
from ..time.instants import rfc3339
from ..workspace import logbook
from ..workspace.context import Context, Writing, compact_json
from ..workspace.source_settings import Since, SourceSection
from . import vanished
from .feeds import mapping_of, totals_of
from .formats.rows import Quarantined, Row
from .formats.tabular import read_rows
from .ingest import Progress, find_mapping, import_files
from .mapping import contents
from .mapping.facts import layout_of
from .mapping.mapping import SourceMapping
from .model.statements import digest
from .pull_report import PullDeps, PullReport
from .pulling import drop_folder
from .pulling.spool import BeyondBound, Spool
from .store import feeds

#: A fetch that was cut off is gone on with for so long (seconds); then the source may have changed
#: too much for its pages to belong together.
GO_ON_WITHIN = 6 * 3600


class OnePull:
    """One pull under its lock."""

    def __init__(
        self,
        context: Context,
        outside: PullDeps,
        name: str,
        section: SourceSection,
        spool: Spool,
        *,
        dry_run: bool,
        anew: bool,
        slot: int | None,
        progress: Progress | None,
        writing: Writing,
    ) -> None:
        self.context = context
        #: A transaction that only who pulls the source now may commit.
        self.writing = writing
        self.outside = outside
        self.name = name
        self.section = section
        self.spool = spool
        self.anew = anew
        self.slot = slot
        self.progress = progress
        self.report = PullReport(name, outside.new_id(), wrote=not dry_run)
        self.begun = False
        #: Some of what was fetched may be imported, and the rest not.
        self.torn = False

    def run(self) -> PullReport:
        """Fetch, import, finish."""
        self._begin()
        mapping = find_mapping(self.context, mapping_of(self.context, self.section))
        with self.context.store.reading() as connection:
            before = {} if self.anew else feeds.cursors(connection, self.name)
        self._open(before)
        if self.begun:
            self.spool.own(self.report.run_id)
        stamps: dict[str, str] = {}
        if self.section.files is not None:
            paths = drop_folder.waiting(
                self.name,
                self.section.files,
                self.context.folder,
                snapshot=self.section.snapshot,
                seen=before,
            )
            taken = drop_folder.fetch(self.name, paths, self.spool, snapshot=self.section.snapshot)
            if not taken:
                return self._idle()
            newest = max(int(path.stat().st_mtime) for path in taken)
            self.report.data_as_of = min(self.spool.began_at, newest)
            stamps = before | {path.name: stamp for path, stamp in taken.items()}
        else:
            self.report.data_as_of = self.spool.began_at
            if not self.spool.fetched:
                self._fetched(before)
        self.spool.close()
        self.report.pages, self.report.bytes = self.spool.pages, self.spool.bytes
        self._import()
        self.report.cursor = stamps or self._reach(mapping, before)
        seen = self._present(mapping) if self.section.snapshot else None
        if self.report.wrote:
            self._finish(seen)
            self.spool.remove()
        if self.section.files is not None:
            self.report.cursor = {}
        return self.report

    def _open(self, before: Mapping[str, str]) -> None:
        key = digest(self.section.model_dump_json(), sorted(before.items()))
        within = 0 if self.section.files is not None else GO_ON_WITHIN
        for _ in range(2):
            self.spool.open(key, now=self.context.now(), within=within)
            with self.context.store.reading() as connection:
                if feeds.state_of(connection, self.spool.run_id) not in ("done", "idle"):
                    return
            # It was taken whole, and only not removed any more.
            self.spool.remove()

    def _begin(self) -> None:
        if not self.report.wrote:
            return
        with self.writing() as connection:
            feeds.begin(
                connection,
                run_id=self.report.run_id,
                source=self.name,
                kind="pull",
                now=self.context.now(),
                as_of=self.context.now(),
                slot=self.slot,
            )
        self.begun = True

    def _fetched(self, before: Mapping[str, str]) -> None:
        try:
            self._fetch(before)
        except BeyondBound:
            # It would be fetched again: personal data that nobody will ever import.
            self.spool.remove()
            raise

    def _fetch(self, before: Mapping[str, str]) -> None:
        # Imported here: a workspace without such a source does without.
        if self.section.http is not None:
            from .pulling import http_feed
            from .pulling.http_request import Asker

            http = self.section.http
            if http.ca_file is not None:
                own = str(self.context.folder / http.ca_file)
                http = http.model_copy(update={"ca_file": own})
            token = None if http.token_env is None else self._secret(http.token_env)
            http_feed.fetch(
                http,
                Asker(self.name, http, token, self.outside.world),
                self.spool,
                since=before,
                encoding=self.section.encoding,
                progress=self.progress,
            )
        elif self.section.sql is not None:
            from .pulling import sql_view

            sql_view.fetch(
                self.name,
                self.section.sql,
                self._secret(self.section.sql.url_env),
                self.spool,
                since=before,
                monotonic=self.outside.world.monotonic,
                progress=self.progress,
            )

    def _secret(self, variable: str) -> SecretStr:
        value = self.outside.environ.get(variable, "").strip()
        if not value or not (value.isprintable() and value.isascii()):
            raise ConfigurationError(
                t(
                    "source {name}: the variable {variable} is not set, or not usable",
                    name=self.name,
                    variable=variable,
                ),
                t("set the environment variable {variable}", variable=variable),
            )
        return SecretStr(value)

    def _import(self) -> None:
        paths = list(self.spool.filled().values())
        if paths:
            try:
                report = import_files(
                    self.context,
                    paths,
                    mapping_of(self.context, self.section),
                    dry_run=not self.report.wrote,
                    progress=self.progress,
                    source=self.name,
                    encoding=self._encoding(),
                    writing=self._importing,
                )
            except ConfigurationError:
                # It would be refused again: the next pull fetches anew.
                self.spool.remove()
                raise
            self.report.document = report.as_json()
            self._now("running")
        if self.section.snapshot and not self.report.document["read"]:
            self.spool.remove()
            raise FeedFailed(
                t("source {name}: the full snapshot is empty", name=self.name),
                t("no case is called vanished; look at the source"),
            )

    def _importing(self) -> None:
        self._now("importing")

    def _now(self, state: str) -> None:
        """Say what the run does: while it imports, no scan may rest on what is written so far."""
        self.torn = state == "importing"
        if self.report.wrote:
            with self.writing() as connection:
                feeds.finish(connection, self.report.run_id, state=state)

    def _encoding(self) -> str | None:
        # What we write ourselves is ASCII, whatever the source speaks.
        ours = self.section.sql is not None
        ours = ours or (self.section.http is not None and self.section.http.format == "json")
        return None if ours else self.section.encoding

    def _reach(self, mapping: SourceMapping, before: Mapping[str, str]) -> dict[str, str]:
        since = self._since()
        if since is None:
            return {}
        cursor = dict(before)
        left_out: dict[str, int] = {}
        zone = self.context.zone
        for table, path in self.spool.filled().items():
            reach = contents.reach_of(
                self._rows(path, mapping),
                mapping,
                since,
                zone=zone,
                now=self.context.now(),
            )
            if reach.left_out:
                left_out[table] = reach.left_out
            value = contents.higher(before.get(table), reach.value, mapping, since, zone)
            if value is not None:
                cursor[table] = value
        self.report.left_out = left_out
        return cursor

    def _rows(self, path: Path, mapping: SourceMapping) -> Iterator[Row | Quarantined]:
        """The rows of a spooled file as the import has read them."""
        encoding = self._encoding()
        encodings = mapping.encodings if encoding is None else (encoding,)
        return read_rows(
            path, layout=layout_of(mapping, path.name), name=path.name, encodings=encodings
        )

    def _since(self) -> Since | None:
        section = self.section.http or self.section.sql
        return None if section is None else section.since

    def _present(self, mapping: SourceMapping) -> vanished.Present:
        rows = (
            mention
            for path in self.spool.filled().values()
            for mention in contents.mentions(
                self._rows(path, mapping), mapping, self.section.prefix
            )
        )
        return vanished.present(self.context, self.name, rows)

    def _finish(self, seen: vanished.Present | None) -> None:
        context, report = self.context, self.report
        assert report.data_as_of is not None
        with self.writing() as connection:
            if seen is not None:
                report.vanished = vanished.compare(
                    context, connection, self.name, seen, as_of=report.data_as_of
                )
            feeds.set_cursors(connection, self.name, report.cursor)
            self._close(connection, state="done")
            content: dict[str, object] = {
                "source": self.name,
                "run": report.run_id,
                "import": report.document.get("import_id"),
                "data_as_of": rfc3339(report.data_as_of, context.zone),
                "pages": report.pages,
                "bytes": report.bytes,
                "vanished": len(report.vanished.flagged),
                "reappeared": len(report.vanished.returned),
                **totals_of(report.document),
                **binding.row_commitment(context, connection, "feed_run", report.run_id),
            }
            ledger.append(
                connection,
                [
                    self._entry(EntryType.FEED_PULLED, content),
                    *vanished.entries(context, self.name, report.run_id, report.vanished),
                ],
            )

    def _idle(self) -> PullReport:
        """Nothing new: the data are as old as they were, so it does not count for freshness."""
        self.report.state = "idle"
        if self.report.wrote:
            with self.writing() as connection:
                self._close(connection, state="idle")
            self.spool.remove()
        return self.report

    def _close(self, connection: Connection, *, state: str, message: str | None = None) -> None:
        feeds.finish(
            connection,
            self.report.run_id,
            state=state,
            finished_at=self.context.now(),
            as_of=self.report.data_as_of or self.spool.began_at or self.context.now(),
            pages=self.report.pages,
            bytes=self.report.bytes,
            totals=compact_json(totals_of(self.report.document)),
            message=message,
        )

    def _entry(self, kind: EntryType, content: Mapping[str, object]) -> ledger.NewEntry:
        return self.context.entry(
            kind,
            f"{kind}/{self.report.run_id}",
            content,
        )

    def record_failure(self, fault: EffmonError) -> None:
        """Write that it failed; where even that fails, the next pull finds it interrupted."""
        said = logbook.closed_words(fault)
        logbook.event("pull.failed", level=40, facts={"source": self.name, "fault": said})
        if not self.begun:
            return
        with suppress(EffmonError, OSError), self.writing() as connection:
            state = "half" if self.torn else "failed"
            self._close(connection, state=state, message=fault.message)
            run = self.report.run_id
            content = {
                "source": self.name,
                "run": run,
                "fault": said,
                **binding.row_commitment(self.context, connection, "feed_run", run),
            }
            ledger.append(connection, [self._entry(EntryType.FEED_FAILED, content)])
