"""Making a workspace: a folder with `effmon.toml`, the database and an empty ledger."""

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ..catalogue import catalogue_files
from ..catalogue.settings_in_force import take_first
from ..faults import ConfigurationError
from ..i18n.messages import t
from ..i18n.model_words import nearest
from ..i18n.os_words import say_os
from ..ledger.model.entries import EntryType
from ..ledger.signer import default_origin
from ..ledger.store import ledger
from ..time.instants import rfc3339
from ..workspace.context import Catalogue, Context, meta, set_meta
from ..workspace.settings import FILE, parse, refuse_half_restored

TEMPLATE = """\
# effmon workspace 工作区. Every key and its default: docs/workspace.md
[workspace]
name = {name}
zone = {zone}
language = {language}
# Calendar 工作日历 of a case that names none.
calendar = {calendar}
# Rule packs 规则包, see: effmon rules list
packs = [{packs}]
# What fell due before this is historical: a card on record, but no notice.
{watch_from}

[jobs.scan]
at = "02:10"
days = "every"

[ladders]
# Who is told of a card, and whom next 督办层级, see: effmon ladders list
default = "standard"

[ledger]
# Names this ledger 台账 among all others; stands in its checkpoints, never to be changed.
origin = {origin}
# Persons who are sent the newest checkpoint once a day; two, of two departments: docs/ledger.md
# anchors = ["…", "…"]

[channels.file]
folder = "outbox"

# [channels.webhook]
# url = "https://notices.example.gov.cn/effmon"
# secret_env = "EFFMON_WEBHOOK_SECRET"
# allow_networks = ["10.0.0.0/8"]

# A source 数据源 that is pulled before the nightly scan, see docs/sources.md:
# [sources.hall]
# mapping = "up-pro"
# freshness = "26 calendar_hours"
# [sources.hall.http]
# base_url = "https://data.example.gov.cn/api"
# tables = {{accept = "/up_pro_accept"}}
# token_env = "HALL_TOKEN"
"""


def check_choice(*, calendar: str, packs: Sequence[str]) -> None:
    """ConfigurationError where the installed catalogue lacks the calendar or a pack.

    A wrong word is said while somebody looks on, not at night.
    """
    catalogue = Catalogue(catalogue_files.catalogue_folder(), packs)
    if calendar not in catalogue.calendars:
        known = sorted(catalogue.calendars)
        raise ConfigurationError(
            t(
                "there is no calendar {calendar!r}{calendar_2}",
                calendar=calendar,
                calendar_2=nearest(calendar, known),
                known="、".join(known),
            ),
            t("see effmon calendar list"),
        )
    _ = catalogue.rules


def write_settings(
    folder: Path,
    *,
    name: str,
    zone: str,
    language: str,
    calendar: str,
    packs: tuple[str, ...],
    watch_from: str | None = None,
) -> bool:
    """Write `effmon.toml` unless there is one; whether it was written.

    ConfigurationError where a value is wrong or the folder cannot be written; then nothing is left.
    """
    path = folder / FILE
    if path.exists():
        return False
    refuse_half_restored(folder)
    text = TEMPLATE.format(
        name=_quoted(name),
        origin=_quoted(default_origin(name)),
        zone=_quoted(zone),
        language=_quoted(language),
        calendar=_quoted(calendar),
        packs=", ".join(_quoted(pack) for pack in packs),
        watch_from='# watch_from = "2026-01-01"'
        if watch_from is None
        else f"watch_from = {_quoted(watch_from)}",
    )
    parse(text, str(path))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as fault:
        if isinstance(fault, FileExistsError) and path.is_file():
            return False  # another process has made it meanwhile
        raise ConfigurationError(
            t("{path} cannot be written: {fault}", path=path, fault=say_os(fault)),
            t("choose another folder"),
        ) from None
    return True


def take_back(folder: Path, *, with_folder: bool) -> None:
    """Take away the settings that were just written: there is no workspace without its database.

    `with_folder`: the folder was made for them.
    """
    (folder / FILE).unlink(missing_ok=True)
    if with_folder:
        with suppress(OSError):  # somebody has put other things there meanwhile
            folder.rmdir()


def _quoted(text: str) -> str:
    """The text as TOML has it; what was no UTF-8 on the command line becomes question marks."""
    known = text.encode("utf-8", errors="replace").decode()
    return json.dumps(known, ensure_ascii=False).replace("\x7f", "\\u007f")


def record_creation(context: Context) -> None:
    """Begin the ledger; does nothing where it has begun."""
    with context.store.writing() as connection:
        if "created_at" in meta(connection):
            return
        at = rfc3339(context.now(), context.zone)
        set_meta(connection, "created_at", at)
        ledger.append(
            connection,
            [
                context.entry(
                    EntryType.WORKSPACE_CREATED,
                    "workspace.created",
                    {
                        # Signed statements name the workspace by this entry: no other is like it.
                        "id": context.salt().hex(),
                        "workspace": context.settings.workspace.name,
                        "zone": context.zone,
                        "packs": list(context.settings.workspace.packs),
                        "settings": take_first(context, connection),
                    },
                )
            ],
        )
