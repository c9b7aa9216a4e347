"""A workspace's settings: `effmon.toml` and the environment, read once and typed."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from .core.faults import ConfigurationError
from .core.people import Role

FILE = "effmon.toml"


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f"unknown time zone {name!r}: write a name such as Asia/Shanghai"
        ) from None
    return name


def _clock(text: str) -> str:
    hours, colon, minutes = text.partition(":")
    fits = colon and hours.isdecimal() and minutes.isdecimal() and len(minutes) == 2
    if not fits or int(hours) > 23 or int(minutes) > 59:
        raise ValueError(f"{text!r} is no time of day: write '02:10'")
    return text


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
    #: What fell due before is historical: no notice, no ladder.
    watch_from: str | None = None
    database: str = "effmon.db"


class ScanJob(_Section):
    """When the nightly scan is due, in the workspace's zone."""

    at: Annotated[str, AfterValidator(_clock)] = "02:10"
    days: str = "every"
    catch_up_days: int = Field(default=31, ge=1, le=366)
    #: Seconds a scanner may be silent before another takes its slot over.
    lease: int = Field(default=300, ge=10, le=86_400)


class Jobs(_Section):
    """The scheduled jobs."""

    scan: ScanJob = ScanJob()


class Notices(_Section):
    """Which roles are told of which level; nobody found: the supervisors are told."""

    warning: tuple[Role, ...] = (Role.HANDLER,)
    yellow: tuple[Role, ...] = (Role.HANDLER, Role.HEAD)
    red: tuple[Role, ...] = (Role.HANDLER, Role.HEAD, Role.SUPERVISOR)


class FileChannelSection(_Section):
    """Messages as files in a folder of the workspace."""

    folder: str = "outbox"


class WebhookSection(_Section):
    """A generic signed webhook; the secret is named, never written here."""

    url: str
    secret_env: str
    allow_http: bool = False
    allow_networks: tuple[str, ...] = ()
    deadline_seconds: int = Field(default=15, ge=1, le=120)


class Channels(_Section):
    """The channels that people may be told by."""

    file: FileChannelSection = FileChannelSection()
    webhook: WebhookSection | None = None


class Settings(_Section):
    """The whole of `effmon.toml`."""

    workspace: WorkspaceSection = WorkspaceSection()
    jobs: Jobs = Jobs()
    notices: Notices = Notices()
    channels: Channels = Channels()


def workspace_folder(given: Path | None, env: Mapping[str, str]) -> Path:
    """The workspace: what was given, else EFFMON_WORKSPACE, else the current folder."""
    if given is not None:
        return given
    return Path(env.get("EFFMON_WORKSPACE") or ".")


def load(folder: Path) -> Settings:
    """Read the settings of a workspace; ConfigurationError names file, key and fault."""
    path = folder / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(
            f"{folder} is no workspace: there is no {FILE}",
            "run effmon init there, or name another with -C",
        ) from None
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigurationError(f"{path} cannot be read: {fault}", "save it as UTF-8") from None
    try:
        return Settings.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as fault:
        raise ConfigurationError(f"{path}: {fault}", "mend the TOML at that place") from None
    except ValidationError as fault:
        first = fault.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        said = str(first["msg"]).removeprefix("Value error, ")
        raise ConfigurationError(f"{path}: {place}: {said}", "see docs/workspace.md") from None


def database_url(folder: Path, settings: Settings, env: Mapping[str, str]) -> str:
    """EFFMON_DATABASE_URL, or SQLite in the workspace."""
    given = env.get("EFFMON_DATABASE_URL")
    return given or f"sqlite:///{(folder / settings.workspace.database).resolve()}"
