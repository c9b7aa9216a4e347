"""A source behind HTTP: pages of JSON, or whole files, into the spool."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx

from efficiency_monitor.faults import FeedFailed
from efficiency_monitor.i18n.messages import t
from efficiency_monitor.workspace.source_settings import PAGES, HttpSection

from .http_body import CutOff, parts_of
from .http_request import Asker, Refused, says_its_length
from .json_page import Page, lines_of
from .link_header import next_link
from .spool import BeyondBound, NextPage, Spool, TableState

#: A page is held in memory as a whole; a file is not.
MOST_PAGE_BYTES: Final = 64_000_000
#: Of a number of rows.
_MOST_DIGITS: Final = 18
#: Formats in which a file that ends early looks like a whole one.
_OPEN_ENDED: Final = ("csv", "jsonl")
Progress = Callable[[int], None]


def fetch(
    section: HttpSection,
    asker: Asker,
    spool: Spool,
    *,
    since: Mapping[str, str],
    encoding: str | None,
    progress: Progress | None,
) -> None:
    """Fetch every table that the spool does not hold yet; FeedFailed with one line."""
    for name, path in section.tables.items():
        suffix = "jsonl" if section.format == PAGES else section.format
        table = spool.table(name, f"{name}.{suffix}")
        if table.done:
            continue
        base = section.base_url.rstrip("/") + path
        asker.endpoint(base)  # a path that makes no URL is a setting to mend
        if section.since is not None:
            value = since.get(name, section.since.first)
            if value is not None:
                base = _with(base, {section.since.param: value})
        if section.format == PAGES:
            _Pages(section, asker, spool, name, table, base, encoding).fetch(progress)
        else:
            _whole_file(section, asker, spool, name, base)


def _with(url: str, parameters: Mapping[str, str]) -> str:
    found = httpx.URL(url)
    for name, value in parameters.items():
        found = found.copy_set_param(name, value)
    return str(found)


def _room(section: HttpSection, spool: Spool, more: int, where: str) -> None:
    if spool.bytes + more > section.most_megabytes * 1_000_000:
        raise BeyondBound(
            t(
                "{where}: more than {most_megabytes} MB",
                where=where,
                most_megabytes=section.most_megabytes,
            ),
            t("use `since`, or raise most_megabytes"),
        )


def _whole_file(section: HttpSection, asker: Asker, spool: Spool, name: str, url: str) -> None:
    where = f"{asker.source}/{name}"

    def take(answer: httpx.Response) -> int:
        nothing = answer.status_code == 204
        if not nothing and section.format in _OPEN_ENDED and not says_its_length(answer.headers):
            raise FeedFailed(
                t(
                    "{where}: the answer does not say how long it is: a cut would not be seen",
                    where=where,
                ),
                t("let the server send Content-Length, or use another format"),
            )
        with spool.writing(name) as file:
            size = 0
            for part in parts_of(answer, where):
                size += len(part)
                _room(section, spool, size, where)
                file.write(part)
        return -1 if nothing else size

    size = asker.get(url, name, take)
    if size == 0 and section.format != "jsonl":
        spool.restart(name)
        raise FeedFailed(
            t("{where}: the answer is empty", where=where),
            t("a server that has nothing new answers 204"),
        )


class _Unfit(FeedFailed):
    """The pages that have come do not make a whole."""


class _Pages:
    """The pages of one table."""

    def __init__(
        self,
        section: HttpSection,
        asker: Asker,
        spool: Spool,
        name: str,
        table: TableState,
        base: str,
        encoding: str | None,
    ) -> None:
        self._table = table
        self._section = section
        self._asker = asker
        self._spool = spool
        self._name = name
        self._base = base
        self._encoding = encoding
        self._where = f"{asker.source}/{name}"
        self._asked: set[str] = set()

    def fetch(self, progress: Progress | None) -> None:
        """Page after page, each on the disk before the next is asked for.

        Where the pages do not fit together, or the server will not go on from there (a cursor that
        has expired), the next pull begins the table anew: going on would fail for hours.
        """
        try:
            self._fetch(progress)
        except (_Unfit, Refused):
            self._spool.restart(self._name)
            raise

    def _fetch(self, progress: Progress | None) -> None:
        section = self._section
        table = self._table
        while not table.done:
            if self._spool.pages >= section.most_pages:
                raise BeyondBound(
                    t(
                        "{where}: more than {most_pages} pages; paging has no end?",
                        where=self._where,
                        most_pages=section.most_pages,
                    ),
                    t("check the paging, or raise most_pages"),
                )
            url = self._url(table.next)
            if url in self._asked:
                raise self._lost(t("the next page was there before"))
            self._asked.add(url)
            body, link = self._asker.get(url, self._name, self._take)
            page = None if body is None else Page.read(body, self._where, self._encoding)
            rows = [] if page is None else self._rows(page)
            data = lines_of(rows, self._where)
            next_ = None if page is None else self._next(page, data, link, url)
            self._count(page, len(rows), next_)
            _room(section, self._spool, len(data), self._where)
            self._spool.append(self._name, data, rows=len(rows), next_=next_, done=next_ is None)
            if progress is not None:
                progress(len(rows))

    def _rows(self, page: Page) -> list[Any]:
        self._check_success(page)
        return page.rows(self._section.rows, empty_is_none=self._section.success is not None)

    def _lost(self, what: str) -> FeedFailed:
        return _Unfit(f"{self._where}: {what}", t("check the paging: page, cursor or link"))

    def _take(self, answer: httpx.Response) -> tuple[bytes | None, str | None]:
        """The body, None for an answer without any (204), and where it says the next one is."""
        if answer.status_code == 204:
            return None, None
        body = bytearray()
        for part in parts_of(answer, self._where):
            body += part
            if len(body) > MOST_PAGE_BYTES:
                raise FeedFailed(
                    t(
                        "{where}: a page of more than {value} MB",
                        where=self._where,
                        value=MOST_PAGE_BYTES // 1_000_000,
                    ),
                    t("ask for smaller pages: page.size"),
                )
        found = next_link(answer.headers.get("link", ""))
        if not says_its_length(answer.headers) and not _closed(bytes(body)):
            raise CutOff
        return bytes(body), found

    def _url(self, next_: NextPage | None) -> str:
        section = self._section
        if section.page is not None:
            number = None if next_ is None else next_.number
            parameters = {section.page.param: str(section.page.first if number is None else number)}
            if section.page.size_param is not None:
                parameters[section.page.size_param] = str(section.page.size)
            return _with(self._base, parameters)
        if next_ is not None and section.cursor is not None and next_.cursor is not None:
            return _with(self._base, {section.cursor.param: next_.cursor})
        return self._base if next_ is None or next_.url is None else next_.url

    def _check_success(self, page: Page) -> None:
        wanted = self._section.success
        if wanted is None:
            return
        said = page.text_at(wanted.at)
        if said not in wanted.is_:
            # A server's own words could hold anything: only a short code is passed on.
            code = said if said is not None and len(said) <= 20 and said.isalnum() else "?"
            raise FeedFailed(
                t(
                    "{where}: the answer says that it failed ({at} = {code})",
                    where=self._where,
                    at=wanted.at,
                    code=code,
                ),
                t("check the token and the parameters"),
            )

    def _total(self, page: Page) -> int | None:
        if self._section.total is None:
            return None
        said = page.text_at(self._section.total)
        if said is None or not said.isdecimal() or len(said) > _MOST_DIGITS:
            raise FeedFailed(
                t(
                    "{where}: there is no number of rows at {total}",
                    where=self._where,
                    total=self._section.total,
                ),
                t("mend `total`, or leave it out"),
            )
        return int(said)

    def _next(self, page: Page, data: bytes, link: str | None, url: str) -> NextPage | None:
        """What to ask for after this page; None if it was the last one."""
        section = self._section
        if section.page is not None:
            total = self._total(page)
            so_far = self._table.rows + data.count(b"\n")
            before = self._table.next or NextPage(number=section.page.first)
            if total is not None and before.total is not None and total < before.total:
                raise self._lost(
                    t(
                        "the total fell from {total} to {total_2}: rows were skipped",
                        total=before.total,
                        total_2=total,
                    )
                )
            if not data or (total is not None and so_far >= total):
                return None
            digest = hashlib.sha256(data).hexdigest()
            if before.digest == digest:
                raise self._lost(
                    t("two pages have the same rows: does it repeat the last one? set `total`")
                )
            return NextPage(number=(before.number or 0) + 1, digest=digest, total=total)
        if section.cursor is not None:
            found = page.text_at(section.cursor.at)
            if found is None or found == "false":
                return None
            try:
                _with(self._base, {section.cursor.param: found})
            except (httpx.InvalidURL, UnicodeError):
                raise self._lost(t("the cursor fits into no URL")) from None
            return NextPage(cursor=found)
        if section.link is not None:
            found = link if section.link.at is None else page.text_at(section.link.at)
            return None if found is None else NextPage(url=self._joined(url, found))
        return None

    def _joined(self, url: str, link: str) -> str:
        try:
            return str(httpx.URL(url).join(link))
        except (httpx.InvalidURL, ValueError):
            raise self._lost(t("what leads to the next page is no URL")) from None

    def _count(self, page: Page | None, rows: int, next_: NextPage | None) -> None:
        """FeedFailed where fewer rows have come in the end than were announced."""
        so_far = self._table.rows + rows
        if page is None:
            # It stands where a page would say the total: were that all, none was asked for.
            if self._section.total is not None and self._table.pages:
                raise self._short(t("more"), so_far)
            return
        total = self._total(page)
        if total is not None and next_ is None and so_far < total:
            raise self._short(str(total), so_far)

    def _short(self, total: str, so_far: int) -> FeedFailed:
        return _Unfit(
            t(
                "{where}: {total} rows were announced and {so_far} came",
                where=self._where,
                total=total,
                so_far=so_far,
            ),
            t("the data changed meanwhile? pull again"),
        )


def _closed(body: bytes) -> bool:
    """Whether a JSON text that gave no length has at least its last bracket."""
    return body.rstrip()[-1:] in (b"]", b"}")
