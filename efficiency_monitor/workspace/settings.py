"""A workspace's settings: `effmon.toml` and the environment, read once and typed."""

import hmac
import json
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from ..catalogue.model import deciding_settings as deciding
from ..faults import ConfigurationError
from ..i18n.messages import t
from ..i18n.model_words import sentence
from ..i18n.os_words import say_os
from ..time.amount import Amount
from ..time.instants import parse_instant
from .channel_settings import Channels
from .source_settings import SourceName, SourceSection

FILE = "effmon.toml"
#: The settings of a workspace that is being restored; renamed to `FILE` as the last step.
RESTORING = "effmon.toml.restoring"
#: Of the file: a large workspace's has a few thousand.
MOST_BYTES = 262_144
#: Parts of one name, `a.b.c`: the parser takes time and memory for each part of each part.
_MOST_PARTS = 16
_PART = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+"""
_LONG_NAME = re.compile(rf"(?<![\w-]){_PART}(?:\.[ \t]*+{_PART}){{{_MOST_PARTS}}}")
DATABASE_VARIABLE = "EFFMON_DATABASE_URL"
_SQLITE = "sqlite:///"
_SERVER = "postgresql"
_DAY = r"\s*(?:mon|tue|wed|thu|fri|sat|sun)\s*"
_DAYS = re.compile(rf"every|{_DAY}(?:-{_DAY})?(?:,{_DAY}(?:-{_DAY})?)*")


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f"unknown time zone {name!r}: write a name such as Asia/Shanghai"
        ) from None
    return name


def _clock(text: str) -> str:
    if not re.fullmatch(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", text):
        raise ValueError(f"{text!r} is no time of day: write '02:10'")
    return text


def _days(text: str) -> str:
    if not _DAYS.fullmatch(text):
        raise ValueError(f"{text!r} names no days: write 'every', 'mon-fri' or 'mon,wed'")
    return text


def _amount(text: str) -> str:
    Amount.parse(text)
    return text


def _as_text(value: Any) -> Any:
    """A date or time that TOML has read as such, as it would be written in quotes."""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date) else value


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WorkspaceSection(_Section):
    """Who the workspace belongs to, and what it judges by."""

    name: str = "effmon"
    zone: Annotated[str, AfterValidator(_zone)] = "Asia/Shanghai"
    language: Literal["zh", "en"] | None = None
    #: Calendar of a case that names none.
    calendar: str = "cn"
    packs: tuple[str, ...] = Field(default=("national",), min_length=1)
    #: Folder of rules instead of the installed one, relative to the workspace.
    rules: str | None = None
    #: Folder of own calendars, relative to the workspace; they replace the catalogue's by id.
    calendars: str = Field(default="calendars", min_length=1)
    #: What fell due before is historical: no notice, no ladder.
    watch_from: Annotated[str | None, BeforeValidator(_as_text)] = None
    #: A file, relative to the workspace, or the URL of a PostgreSQL database without a password.
    database: str = Field(default="effmon.db", min_length=1)

    @field_validator("database")
    @classmethod
    def _no_secret(cls, text: str) -> str:
        # Until the last @: whoever forgot to escape one in a password has it shown to nobody.
        user = text.removeprefix("postgresql").partition("://")[2].rpartition("@")[0]
        if text.startswith(_SERVER) and (":" in user or "password=" in text):
            raise ValueError(
                f"a password does not belong into {FILE}: put the URL into {DATABASE_VARIABLE}, "
                "or the password into ~/.pgpass"
            )
        return text

    @field_validator("watch_from")
    @classmethod
    def _instant(cls, text: str | None, others: ValidationInfo) -> str | None:
        # The zone stands before it; where that is at fault itself, one fault is enough.
        if text is not None and "zone" in others.data:
            parse_instant(text, others.data["zone"])
        return text


class ScanJob(_Section):
    """When the nightly scan is due, in the workspace's zone."""

    at: Annotated[str, AfterValidator(_clock)] = "02:10"
    days: Annotated[str, AfterValidator(_days)] = "every"
    catch_up_days: int = Field(default=31, ge=1, le=366)
    #: Seconds a scanner may be silent before another takes its slot over.
    lease: int = Field(default=300, ge=10, le=86_400)
    #: Nights within which every open case is judged anew, and every import read whole.
    rotation_nights: int = Field(default=14, ge=1, le=31)


class Jobs(_Section):
    """The scheduled jobs."""

    scan: ScanJob = ScanJob()


class OperationSection(_Section):
    """What is written for those who keep it running."""

    #: File of the log, relative to the workspace; `syslog`; unset: none.
    log: str | None = Field(default=None, min_length=1)
    #: File of figures for Prometheus, relative to the workspace; unset: none.
    metrics: str | None = Field(default=None, min_length=1)
    #: Days after which `doctor` asks for a new backup, and for a new drill of one.
    backup_days: int = Field(default=2, ge=1, le=366)
    drill_days: int = Field(default=100, ge=1, le=1000)


class LaddersSection(_Section):
    """Who is told of a card, and whom next: by the rule's ladder, else by this one."""

    default: str = "standard"


class RulesSection(_Section):
    """By which texts of rules, calendars and words a scan judges."""

    #: `none`: by the files as they are. `second_person`: by what another person approved.
    approval: Literal["none", "second_person"] = "none"


class Appeals(_Section):
    """How long an appeal may take (State Council order 733, article 17)."""

    #: From the first delivery of the card; an appeal that is filed later is marked late.
    file_within: Annotated[str, AfterValidator(_amount)] = "30 calendar_days"
    decide_within: Annotated[str, AfterValidator(_amount)] = "30 calendar_days"


def _origin(name: str) -> str:
    if not name or "+" in name or not name.isprintable() or any(map(str.isspace, name)):
        raise ValueError(f"{name!r} is no origin: no spaces, no plus sign")
    # As entries have it: otherwise the name in the ledger is not the one that was signed.
    return unicodedata.normalize("NFC", name)


class Signer(_Section):
    """What signs the ledger's checkpoints: a key in a file, or a program that keeps it."""

    kind: Literal["file", "command"] = "file"
    #: `file`: the private key, relative to the workspace.
    key: str = Field(default="keys/ledger.key", min_length=1)
    #: `command`: the program and its arguments; text in, base64 of the signature out.
    command: tuple[str, ...] = ()
    #: `command`: its public key as a vkey.
    public: str | None = None
    #: `command`: seconds after which it is given up.
    timeout: int = Field(default=30, ge=1, le=600)

    @model_validator(mode="after")
    def _whole(self) -> "Signer":
        if self.kind == "command" and not (self.command and self.public):
            raise ValueError('kind = "command" needs `command` and `public`')
        if self.kind == "file" and (self.command or self.public):
            raise ValueError('`command` and `public` go with kind = "command"')
        return self


class LedgerSection(_Section):
    """How checkpoints of the ledger are signed, and who gets them."""

    #: Names this ledger among all others; unset: made of the workspace's name.
    origin: Annotated[str, AfterValidator(_origin)] | None = None
    signer: Signer = Signer()
    #: The signer's own last checkpoints, outside the database; relative to the workspace.
    state: str = Field(default="keys/checkpoints", min_length=1)
    #: Persons who are sent the newest checkpoints once a day.
    anchors: tuple[str, ...] = ()


class Settings(_Section):
    """The whole of `effmon.toml`."""

    workspace: WorkspaceSection = WorkspaceSection()
    jobs: Jobs = Jobs()
    operation: OperationSection = OperationSection()
    rules: RulesSection = RulesSection()
    ladders: LaddersSection = LaddersSection()
    appeals: Appeals = Appeals()
    channels: Channels = Channels()
    ledger: LedgerSection = LedgerSection()
    sources: dict[SourceName, SourceSection] = {}

    @model_validator(mode="before")
    @classmethod
    def _moved(cls, data: Any) -> Any:
        if isinstance(data, dict) and "notices" in data:
            raise ValueError(
                t(
                    "[notices] is no longer read: who is told of which level stands in a ladder; "
                    'remove it and write [ladders] default = "standard", see docs/ladders.md'
                )
            )
        return data


def workspace_folder(given: Path | None, env: Mapping[str, str]) -> Path:
    """The workspace: what was given, else EFFMON_WORKSPACE, else the current folder."""
    if given is not None:
        return given
    return Path(env.get("EFFMON_WORKSPACE") or ".")


def load(folder: Path) -> Settings:
    """Read the settings of a workspace; ConfigurationError names file, key and fault."""
    path = folder / FILE
    try:
        # Editors on Windows begin a file in UTF-8 with a byte-order mark.
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise _too_large(str(path))
        text = data.decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        refuse_half_restored(folder)
        raise ConfigurationError(
            t("{folder} is no workspace: there is no {file}", folder=folder, file=FILE),
            t("run effmon init there, or name another with -C"),
        ) from None
    except UnicodeDecodeError:
        raise ConfigurationError(
            t("{path} is not UTF-8", path=path), t("save it as UTF-8")
        ) from None
    except OSError as fault:
        raise ConfigurationError(
            t("{path} cannot be read: {fault}", path=path, fault=say_os(fault)),
            t("check the path and its permissions"),
        ) from None
    return parse(text, str(path))


def refuse_half_restored(folder: Path) -> None:
    """ConfigurationError where a restore into the folder was broken off."""
    if (folder / RESTORING).exists():
        raise ConfigurationError(
            t("{folder} is half restored: a restore was broken off", folder=folder),
            t(
                "delete what is in it except keys (also {restoring}) and the database, then run "
                "effmon restore again",
                restoring=RESTORING,
            ),
        )


def parse(text: str, name: str) -> Settings:
    """Read settings from the text of the file `name`; ConfigurationError as `load`."""
    _check_size(text, name)
    try:
        said = tomllib.loads(text)
    except ValueError as fault:  # a number of thousands of digits is no TOMLDecodeError
        raise ConfigurationError(f"{name}: {fault}", t("mend the TOML at that place")) from None
    except RecursionError:
        raise ConfigurationError(
            t("{name}: nested too deeply", name=name),
            t("see docs/workspace.md"),
        ) from None
    try:
        return Settings.model_validate(said)
    except ValidationError as fault:
        raise ConfigurationError(
            f"{name}: {sentence(Settings, fault.errors()[0])}",
            t("see docs/workspace.md"),
        ) from None


def _check_size(text: str, name: str) -> None:
    """ConfigurationError for a file that would take the parser's time and memory."""
    if len(text) > MOST_BYTES:
        raise _too_large(name)
    found = _LONG_NAME.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise ConfigurationError(
            t(
                "{name}: line {line}: a name of more than {most_parts} parts",
                name=name,
                line=line,
                most_parts=_MOST_PARTS,
            ),
            t("see docs/workspace.md"),
        )


def _too_large(name: str) -> ConfigurationError:
    return ConfigurationError(
        t("{name}: larger than {most_bytes} bytes", name=name, most_bytes=MOST_BYTES),
        t("see docs/workspace.md"),
    )


def database_url(folder: Path, settings: Settings, env: Mapping[str, str]) -> str:
    """EFFMON_DATABASE_URL, else what the settings name; in a file's URL its signs are quoted."""
    given = env.get(DATABASE_VARIABLE)
    if given:
        return given
    named = settings.workspace.database
    if named.startswith((f"{_SERVER}://", f"{_SERVER}+")):
        return named
    return _SQLITE + quote(str((folder / named).absolute()))


def database_file(url: str) -> Path | None:
    """The file of an SQLite URL, None where it is another database.

    ConfigurationError where an SQLite URL names no file.
    """
    if not url.startswith("sqlite"):
        return None
    rest = url.removeprefix(_SQLITE)
    if rest == url or "?" in rest or unquote(rest) in ("", ":memory:"):
        raise ConfigurationError(
            t(
                "{database_variable} names no database file: {url}",
                database_variable=DATABASE_VARIABLE,
                url=url,
            ),
            t("write sqlite:////folder/effmon.db"),
        )
    return Path(unquote(rest))


def deciding_text(found: Settings, key: bytes) -> str:
    """The settings that decide, as canonical JSON; what a source leaves unset is left out.

    `key` is the workspace's own of commitments to addresses that hold secrets.
    """
    said = found.model_dump(mode="json", by_alias=True)
    sources = found.model_dump(mode="json", by_alias=True, exclude_defaults=True).get("sources", {})
    return deciding.canonical(deciding.deciding({**said, "sources": sources}, _seal(key)))


def _seal(key: bytes) -> deciding.Seal:
    return lambda text: hmac.digest(key, text.encode(), "sha256").hex()


def with_deciding(found: Settings, text: str, key: bytes) -> Settings:
    """The settings with those of `deciding_text` in the place of their own."""
    said = found.model_dump(mode="json", by_alias=True)
    said["sources"] = found.model_dump(mode="json", by_alias=True, exclude_defaults=True).get(
        "sources", {}
    )
    try:
        made = deciding.put_in_force(said, json.loads(text), _seal(key))
        return Settings.model_validate(made)
    except ValidationError as fault:
        raise ConfigurationError(
            t("the settings in force cannot be used: ") + sentence(Settings, fault.errors()[0]),
            t("see docs/workspace.md"),
        ) from None
