"""The sources of a workspace as `effmon.toml` names them: where cases come from, and how fresh."""

import re
from ipaddress import ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from ..time.amount import Amount

#: Answers that hold many rows as JSON, against files that are taken whole.
PAGES = "json"
#: The source of what is imported by hand and not said to be another's.
BY_HAND = "by-hand"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_TABLE = re.compile(r"\w[\w-]{0,59}")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,80}")
#: One statement that reads; what else it does, the read-only transaction refuses.
_SELECT = re.compile(r"(?:select|with)\b", re.IGNORECASE)
_VIEW = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*){0,2}")


def network(text: str) -> str:
    """A network as text; ValueError where it is none."""
    try:
        ip_network(text)
    except ValueError as fault:
        raise ValueError(f"{fault}: write a network such as 10.1.0.0/16") from None
    return text


def source_name(text: str) -> str:
    """A source's name: a folder is called so; ValueError where it cannot be."""
    if not _NAME.fullmatch(text):
        raise ValueError(f"{text!r} is no name of a source: small letters, digits, hyphens")
    return text


def _amount(text: str) -> str:
    Amount.parse(text)
    return text


def _overlap(text: str) -> str:
    amount = Amount.parse(text)
    if not amount.unit.seconds or amount.unit.working:
        raise ValueError(f"{text!r}: an overlap is in calendar_hours, _minutes or _seconds")
    return text


def _table(text: str) -> str:
    if not _TABLE.fullmatch(text):
        raise ValueError(f"{text!r} is no name of a table: letters, digits, _ and -")
    return text


def _path(text: str) -> str:
    if not text.startswith("/") or text.startswith("//") or "#" in text:
        raise ValueError(f"{text!r} is no path: write '/up_pro_accept'")
    return text


def _base_url(text: str) -> str:
    if "?" in text or "#" in text:
        raise ValueError("should end before '?': write parameters into the paths of `tables`")
    return text


def _headers(found: dict[str, str]) -> dict[str, str]:
    for name, value in found.items():
        if not _HEADER.fullmatch(name) or not (value.isascii() and value.isprintable()):
            raise ValueError(f"{name!r} is no header: letters and digits, the value in ASCII")
    return found


def _query(text: str) -> str:
    text = text.strip().removesuffix(";").rstrip()
    if _SELECT.match(text):
        if ";" in text:
            raise ValueError("one statement, without ';' in it")
    elif not _VIEW.fullmatch(text):
        raise ValueError(f"{text!r} is neither the name of a view nor begins with SELECT or WITH")
    return text


def is_view(text: str) -> bool:
    """Whether a table of an SQL source is named, not queried."""
    return _VIEW.fullmatch(text) is not None


TableName = Annotated[str, AfterValidator(_table)]
SourceName = Annotated[str, AfterValidator(source_name)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Since(_Section):
    """Only what is newer than the last complete pull: the highest value of `column` in it.

    The value is sent back as the source wrote it. With `order` time it is the highest one that is
    `overlap` older than the newest, since rows are stored later than their time says.
    """

    #: Parameter of the request; SQL queries say `:since`.
    param: str = "since"
    column: str
    order: Literal["time", "number"] = "time"
    overlap: Annotated[str, AfterValidator(_overlap)] = "10 calendar_minutes"
    #: Sent where there was no pull before.
    first: str | None = None


class NumberedPages(_Section):
    """Pages by number, until one is empty (or `total` rows have come)."""

    param: str = "page"
    first: int = Field(default=1, ge=0)
    size_param: str | None = None
    size: int | None = Field(default=None, ge=1, le=1_000_000)

    @model_validator(mode="after")
    def _both(self) -> "NumberedPages":
        if (self.size_param is None) != (self.size is None):
            raise ValueError("size_param and size go together")
        return self


class CursorPages(_Section):
    """The answer says at `at` what `param` of the next request is; nothing there ends it."""

    param: str = "cursor"
    at: str


class LinkedPages(_Section):
    """The next page's URL: a `Link` header (RFC 8288), or at `at` in the answer."""

    at: str | None = None


class Success(_Section):
    """Where an answer says that it went well: chat and office servers answer 200 to failures."""

    at: str = "code"
    is_: tuple[str, ...] = Field(default=("0", "200"), alias="is", min_length=1)


class HttpSection(_Section):
    """An HTTP endpoint; the token is named, never written here."""

    base_url: Annotated[str, AfterValidator(_base_url)]
    tables: dict[TableName, Annotated[str, AfterValidator(_path)]] = Field(min_length=1)
    format: Literal["json", "jsonl", "csv", "xlsx", "xes", "parquet"] = "json"
    #: Where the rows stand in a JSON answer; empty: the answer is the list.
    rows: str = ""
    #: Where a JSON answer says how many rows there are in all: fewer is a failure.
    total: str | None = None
    success: Success | None = None
    page: NumberedPages | None = None
    cursor: CursorPages | None = None
    link: LinkedPages | None = None
    since: Since | None = None
    headers: Annotated[dict[str, str], AfterValidator(_headers)] = {}
    token_env: str | None = None
    token_header: str = Field(default="Authorization", pattern=r"^[A-Za-z0-9-]{1,80}$")
    #: File with the certificates to trust instead of the system's.
    ca_file: str | None = None
    allow_http: bool = False
    allow_networks: tuple[Annotated[str, AfterValidator(network)], ...] = ()
    #: For one request, from the look-up of the name to the last byte of the answer.
    request_seconds: int = Field(default=120, ge=1, le=86_400)
    #: For all requests of a pull, waits included.
    deadline_seconds: int = Field(default=3600, ge=1, le=86_400)
    attempts: int = Field(default=5, ge=1, le=20)
    most_pages: int = Field(default=10_000, ge=1)
    most_megabytes: int = Field(default=4_000, ge=1)

    @model_validator(mode="after")
    def _one_paging(self) -> "HttpSection":
        ways = [way for way in (self.page, self.cursor, self.link) if way is not None]
        if len(ways) > 1:
            raise ValueError("one of page, cursor, link")
        if self.format != PAGES and (ways or self.rows or self.total or self.success):
            raise ValueError(f"format {self.format!r} is one file: paging, rows go with 'json'")
        return self


class SqlSection(_Section):
    """A database that is read and never written; its URL is a secret and stands in a variable."""

    url_env: str
    #: Name of a view, or a SELECT in which `:since` is the last pull's highest value.
    tables: dict[TableName, Annotated[str, AfterValidator(_query)]] = Field(min_length=1)
    since: Since | None = None
    deadline_seconds: int = Field(default=3600, ge=1, le=86_400)
    most_megabytes: int = Field(default=4_000, ge=1)

    @model_validator(mode="after")
    def _since(self) -> "SqlSection":
        for name, query in self.tables.items():
            asks = bool(re.search(r"(?<!:):since\b", query))
            if asks and (self.since is None or self.since.first is None):
                raise ValueError(f"tables.{name}: `:since` needs a [since] section with `first`")
            if self.since is not None and not asks and not is_view(query):
                raise ValueError(f"tables.{name}: the query has no `:since`")
        return self


class FilesSection(_Section):
    """A folder that somebody puts files into; read in the order of their names."""

    folder: str
    patterns: tuple[str, ...] = Field(default=("*",), min_length=1)

    @model_validator(mode="after")
    def _plain(self) -> "FilesSection":
        if any("/" in pattern or not pattern for pattern in self.patterns):
            raise ValueError("patterns name files of the folder itself: '*.csv'")
        return self


class AddsTo(_Section):
    """Which event types a source may add to the cases of which others."""

    sources: tuple[SourceName, ...] = Field(min_length=1)
    events: tuple[str, ...] = Field(min_length=1)


class SourceSection(_Section):
    """One source 数据源."""

    mapping: str = "canonical"
    #: How old the newest pull may be: `26 calendar_hours`, `1 working_days`; unset: any age.
    freshness: Annotated[str, AfterValidator(_amount)] | None = None
    #: Whether a pull holds every open case, so that one that is missing has vanished.
    snapshot: bool = False
    encoding: str | None = None
    #: Stands before each of its case numbers, where two systems have the same.
    prefix: str = Field(default="", max_length=40)
    #: What it may add to cases of other sources.
    adds_to: AddsTo | None = None
    #: Whether what it says lifts a yellow or red card by itself, or somebody has to agree. Unset:
    #: `lift` for what a pull brings of the source's own cases, and where nobody ever supervised.
    late_evidence: Literal["lift", "confirm"] | None = None
    http: HttpSection | None = None
    sql: SqlSection | None = None
    files: FilesSection | None = None

    @model_validator(mode="after")
    def _plain_prefix(self) -> "SourceSection":
        if (
            not self.prefix.isprintable()
            or self.prefix != self.prefix.strip()
            or "*" in self.prefix
        ):
            raise ValueError("prefix: printable signs without blanks around them, and no *")
        return self

    @model_validator(mode="after")
    def _one_way(self) -> "SourceSection":
        if sum(way is not None for way in (self.http, self.sql, self.files)) > 1:
            raise ValueError("one of http, sql, files")
        incremental = (self.http and self.http.since) or (self.sql and self.sql.since)
        if self.snapshot and incremental:
            raise ValueError("a full snapshot takes no `since`")
        if self.snapshot and self.kind == "import":
            raise ValueError("a full snapshot is pulled: name http, sql or files")
        return self

    @property
    def kind(self) -> str:
        """How it comes: `http`, `sql`, `files`, or only by `import --source`."""
        return "http" if self.http else "sql" if self.sql else "files" if self.files else "import"
