"""The composition root: settings → wired services. The only place that reads a clock or a die."""

import getpass
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .catalogue import catalogue_files
from .faults import ConfigurationError
from .i18n.messages import t
from .i18n.os_words import say_os
from .people.operating_user import actor, machine
from .workspace import settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from .catalogue.settings_in_force import ActBy
    from .intake.pull_report import PullDeps
    from .notify.channels.channel import Channel
    from .ops.audit import Command
    from .people.model.signatures import PersonalKey
    from .records.engine import Store
    from .workspace.context import Catalogue, Context


#: Holds the passphrase of a personal key where nobody can type it.
PASSPHRASE_VARIABLE = "EFFMON_KEY_PASSPHRASE"


#: How long the record of a command waits for another process: the command itself may have failed
#: because that one does not end.
_RECORD_MILLISECONDS = 3_000

#: What only this process is called, where the machine does not say when it was started.
_PROCESS = secrets.token_hex(16)


def now() -> int:
    """The true clock, whole UTC epoch seconds."""
    return int(time.time())


def run_id() -> str:
    """A fresh id for a run."""
    return f"R-{secrets.token_hex(6).upper()}"


def seed() -> bytes:
    """32 random bytes for a private key."""
    return secrets.token_bytes(32)


def turn() -> int:
    """Where a scanner begins among the cases, so that scanners started together spread out."""
    return secrets.randbelow(1 << 30)


def load_settings(given: Path | None) -> tuple[Path, settings.Settings]:
    """Folder and settings of the workspace."""
    folder = settings.workspace_folder(given, os.environ)
    return folder, settings.load(folder)


def open_catalogue(folder: Path | None, found: settings.Settings | None) -> "Catalogue":
    """The catalogue of a workspace, or the installed one with its national pack."""
    from .workspace.context import Catalogue

    if found is None or folder is None:
        return Catalogue(catalogue_files.catalogue_folder(), ("national",))
    return Catalogue(_catalogue_place(folder, found), found.workspace.packs, _own(folder, found))


def judging_catalogue(folder: Path, found: settings.Settings, store: "Store") -> "Catalogue":
    """What the workspace judges by: its files, or the texts that a second person approved."""
    from .catalogue.approved_catalogue import approved_catalogue

    if found.rules.approval == "none":
        return open_catalogue(folder, found)
    return approved_catalogue(store, _catalogue_place(folder, found), _own(folder, found))


def _own(folder: Path, found: settings.Settings) -> Path:
    return folder / found.workspace.calendars


def _catalogue_place(folder: Path, found: settings.Settings) -> Path:
    own = found.workspace.rules
    try:
        place = catalogue_files.catalogue_folder(folder / own if own else None)
    except ConfigurationError as fault:
        raise ConfigurationError(
            f"{folder / settings.FILE}: workspace.rules: {fault.message}", fault.hint
        ) from None
    return place


def open_context(
    given: Path | None,
    *,
    person: str | None = None,
    key: Path | None = None,
    create: bool = False,
    looking: bool = False,
    clock: Callable[[], int] = now,
) -> "Context":
    """Everything a service needs. `create` makes or upgrades the database first.

    Who is only `looking` sees what stands, by the settings in force, whatever the file says.

    The file of a personal `key` is read only where a `person` is named: nobody signs otherwise.
    """
    from .records import schema
    from .records.engine import Store
    from .workspace.context import Context

    folder, found = load_settings(given)
    url = settings.database_url(folder, found, os.environ)
    file = settings.database_file(url)
    missing = file is not None and not file.exists()
    if file is not None:
        _check_file(file, missing=missing, create=create)
    store = Store(url)
    if create:
        schema.upgrade(store)
        if file is not None and missing:
            # Only a new one: whoever has opened an old one to others meant it.
            file.chmod(0o600)
    schema.check(store)
    filed = found
    act_by = in_force(filed, store, looking=looking)
    found = act_by.settings
    context = Context(
        folder=folder,
        settings=found,
        filed=filed,
        acts_by=act_by.digests,
        unlike=act_by.unlike,
        store=store,
        catalogue=judging_catalogue(folder, found, store),
        now=clock,
        salt=lambda: secrets.token_bytes(32),
        actor=actor(person),
        machine=machine(_PROCESS),
        key=None if key is None or person is None else personal_key(key),
    )
    _guard(context)
    return context


def in_force(filed: settings.Settings, store: "Store", *, looking: bool = False) -> "ActBy":
    """The settings to act by: the file's, or those in force where a change takes approval or
    nothing is to be written.
    """
    from .catalogue import settings_in_force

    return settings_in_force.to_act_by(filed, store, looking=looking)


def _guard(context: "Context") -> None:
    """Let every writing transaction see a whole ledger, and enter settings that differ."""
    from .catalogue import settings_in_force
    from .ledger.store.tail import ensure_whole

    enter = settings_in_force.entering(context)

    def check(connection: "Connection") -> None:
        ensure_whole(connection)
        enter(connection)

    context.store.guarded_by(check)


def open_restored(
    folder: Path,
    found: settings.Settings,
    *,
    person: str | None = None,
    drill: bool = False,
    clock: Callable[[], int] = now,
) -> "Context":
    """The services of a workspace that is about to be restored, with the settings of the backup.

    Its database has no tables yet. For a drill it is always a file in the folder.
    """
    from .records.engine import Store
    from .workspace.context import Context

    if drill:
        # Whatever its settings name elsewhere: a drill touches nothing but its own folder.
        found = found.model_copy(
            update={
                "workspace": found.workspace.model_copy(update={"database": "effmon.db"}),
                "ledger": settings.LedgerSection(),
            }
        )
    url = settings.database_url(folder, found, {} if drill else os.environ)
    file = settings.database_file(url)
    if file is not None and file.parent != folder.absolute():
        _check_file(file, missing=not file.exists(), create=True)
    return Context(
        folder=folder,
        settings=found,
        store=Store(url),
        catalogue=open_catalogue(None, None),
        now=clock,
        salt=lambda: secrets.token_bytes(32),
        actor=actor(person),
        machine=machine(_PROCESS),
    )


@contextmanager
def drill_place(under: Path) -> Iterator[tuple[Path, Callable[[], int]]]:
    """A folder for a rehearsal, gone when the block ends; and the whole seconds since it began."""
    import tempfile

    began = time.monotonic()
    try:
        under.mkdir(parents=True, exist_ok=True)
        made = tempfile.TemporaryDirectory(prefix="effmon-drill-", dir=under)
    except OSError as fault:
        raise ConfigurationError(
            t("{under}: {fault}", under=under, fault=say_os(fault)),
            t("check the path and its permissions"),
        ) from None
    with made as name:
        yield Path(name) / "workspace", lambda: int(time.monotonic() - began)


def record_command(
    folder: Path, found: settings.Settings, person: str | None, command: "Command"
) -> None:
    """Put a command on record that has ended; what was refused also in the ledger.

    By a connection of its own that does not wait long and asks nothing of the ledger: what may
    have failed is just that. Nothing where there is no database of this release.
    """
    from .ledger.store import ledger
    from .ledger.store.tail import ensure_whole
    from .ops import audit
    from .records import schema
    from .records.engine import Store

    url = settings.database_url(folder, found, os.environ)
    file = settings.database_file(url)
    if file is not None and not file.exists():
        return
    store = Store(url, patience=_RECORD_MILLISECONDS)
    who, at = actor(person), now()
    try:
        with store.reading() as connection:
            if schema.revision(connection) != schema.HEAD:
                return
        with store.writing() as connection:
            audit.record(connection, who, command, at)
        if command.refused:
            with store.writing() as connection:
                entry = audit.refusal(
                    connection,
                    who,
                    command,
                    now=at,
                    zone=found.workspace.zone,
                    number=secrets.token_hex(8),
                )
                ensure_whole(connection)
                ledger.append(connection, [entry])
    finally:
        store.close()


def read_again(context: "Context") -> "Context":
    """The same services with the settings and the catalogue as their files are now.

    What stays for weeks has to ask before each round: a day off that was announced meanwhile, a
    rule that was mended, must not wait for a restart to be judged by.
    """
    folder, filed = load_settings(context.folder)
    act_by = in_force(filed, context.store)
    found = act_by.settings
    again = replace(
        context,
        settings=found,
        filed=filed,
        acts_by=act_by.digests,
        unlike=act_by.unlike,
        catalogue=judging_catalogue(folder, found, context.store),
    )
    _guard(again)
    return again


def personal_key(file: Path) -> "PersonalKey":
    """The private key of a file; its passphrase comes from the environment or the terminal."""
    from .people.key_files import read_key

    return read_key(
        file.expanduser(),
        lambda: passphrase(t("passphrase of {file}: ", file=file)),
    )


def new_key(file: Path) -> "PersonalKey":
    """Write a new private key into a new file; a passphrase is asked on a terminal."""
    from .people.key_files import write_key

    said = passphrase(t("passphrase of the new key (may be empty): "))
    if said and not os.environ.get(PASSPHRASE_VARIABLE):
        again = passphrase(t("the same again: "))
        if again != said:
            raise ConfigurationError(
                t("the two passphrases differ"),
                t("nothing was written; try again"),
            )
    return write_key(file.expanduser(), secrets.token_bytes(32), said)


def passphrase(prompt: str) -> str | None:
    """A passphrase from the environment, else typed unseen; None where there is no terminal."""
    said = os.environ.get(PASSPHRASE_VARIABLE)
    if said:
        return said
    if not sys.stdin.isatty():
        return None
    return getpass.getpass(prompt, stream=sys.stderr)


def _check_file(file: Path, *, missing: bool, create: bool) -> None:
    """Say what is wrong with the place of an SQLite file before the driver says less."""
    where = t(
        "see workspace.database in effmon.toml, or {database_variable}",
        database_variable=settings.DATABASE_VARIABLE,
    )
    if missing and not create:
        raise ConfigurationError(
            t("there is no database {file} yet", file=file),
            t("run: effmon init"),
        )
    if missing and not file.parent.is_dir():
        raise ConfigurationError(t("no folder {parent}", parent=file.parent), where)
    if not missing and not file.is_file():
        raise ConfigurationError(t("{file} is no file", file=file), where)


def channels(context: "Context") -> dict[str, "Channel"]:
    """The channels that the workspace has, by name."""
    from .notify.channels.configured import ChannelDeps, open_channels

    return open_channels(
        context.settings.channels,
        ChannelDeps(
            folder=context.folder,
            environ=os.environ,
            clock=context.now,
            monotonic=time.monotonic,
            console=sys.stderr,
        ),
    )


def outside(clock: Callable[[], int] = now) -> "PullDeps":
    """What pulling needs of the world: the environment's secrets, clocks, names."""
    from .intake.pull_report import PullDeps
    from .intake.pulling.http_request import HttpDeps
    from .outbound.connection import system_resolver

    return PullDeps(
        environ=os.environ,
        world=HttpDeps(
            now=clock, monotonic=time.monotonic, sleep=time.sleep, resolver=system_resolver
        ),
        new_id=run_id,
    )
