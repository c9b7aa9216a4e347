"""The composition root: settings → wired services. The only place that reads a clock or a die."""

import os
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from . import catalogue_files, settings
from .core.faults import ConfigurationError

if TYPE_CHECKING:
    from .notify.channel import Channel
    from .services.context import Catalogue, Context


def now() -> int:
    """The true clock, whole UTC epoch seconds."""
    return int(time.time())


def run_id() -> str:
    """A fresh id for a run."""
    return f"R-{secrets.token_hex(6).upper()}"


def turn() -> int:
    """Where a scanner begins among the cases, so that scanners started together spread out."""
    return secrets.randbelow(1 << 30)


def load_settings(given: Path | None) -> tuple[Path, settings.Settings]:
    """Folder and settings of the workspace."""
    folder = settings.workspace_folder(given, os.environ)
    return folder, settings.load(folder)


def open_catalogue(folder: Path | None, found: settings.Settings | None) -> "Catalogue":
    """The catalogue of a workspace, or the installed one with its national pack."""
    from .services.context import Catalogue

    if found is None or folder is None:
        return Catalogue(catalogue_files.catalogue_folder(), ("national",))
    own = found.workspace.rules
    return Catalogue(
        catalogue_files.catalogue_folder(folder / own if own else None), found.workspace.packs
    )


def open_context(
    given: Path | None,
    *,
    person: str | None = None,
    create: bool = False,
    clock: Callable[[], int] = now,
) -> "Context":
    """Everything a service needs. `create` makes or upgrades the database first."""
    from .services.context import Context, os_user
    from .store import schema
    from .store.engine import Store

    folder, found = load_settings(given)
    url = settings.database_url(folder, found, os.environ)
    path = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite") and not create and not path.exists():
        raise ConfigurationError(f"{folder} has no database yet", "run: effmon init")
    store = Store(url)
    if create:
        schema.upgrade(store)
        if url.startswith("sqlite"):
            path.chmod(0o600)
    schema.check(store)
    return Context(
        folder=folder,
        settings=found,
        store=store,
        catalogue=open_catalogue(folder, found),
        now=clock,
        salt=lambda: secrets.token_bytes(32),
        os_user=os_user(),
        person=person,
    )


def channels(context: "Context") -> dict[str, "Channel"]:
    """The channels that the workspace has, by name."""
    from .notify.console import Console
    from .notify.file import FileDrop

    made: dict[str, Channel] = {
        "console": Console(sys.stderr),
        "file": FileDrop(context.folder / context.settings.channels.file.folder),
    }
    section = context.settings.channels.webhook
    if section is not None:
        made["webhook"] = _webhook(section, context.now)
    return made


def _webhook(section: settings.WebhookSection, clock: Callable[[], int]) -> "Channel":
    from ipaddress import ip_network

    from pydantic import SecretStr

    from .notify.webhook import Webhook, WebhookSettings

    secret = os.environ.get(section.secret_env)
    if not secret:
        raise ConfigurationError(
            f"the webhook's secret is missing: {section.secret_env} is not set",
            f"set the environment variable {section.secret_env}",
        )
    try:
        networks = tuple(ip_network(text) for text in section.allow_networks)
    except ValueError as fault:
        raise ConfigurationError(
            f"effmon.toml: channels.webhook.allow_networks: {fault}",
            "write networks such as 10.1.0.0/16",
        ) from None
    return Webhook(
        WebhookSettings(
            secret=SecretStr(secret),
            url=SecretStr(section.url),
            allow_http=section.allow_http,
            allowed_networks=networks,
            total_seconds=section.deadline_seconds,
        ),
        clock=clock,
        monotonic=time.monotonic,
    )
