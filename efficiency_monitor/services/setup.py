"""Making a workspace: a folder with `effmon.toml`, the database and an empty ledger."""

from pathlib import Path

from ..core.faults import ConfigurationError
from ..core.instants import rfc3339
from ..core.ledger import EntryType
from ..settings import FILE
from ..store import ledger
from .context import Context, meta, set_meta

TEMPLATE = """\
# effmon workspace 工作区. Every key and its default: docs/workspace.md
[workspace]
name = "{name}"
zone = "{zone}"
language = "{language}"
# Calendar 工作日历 of a case that names none.
calendar = "{calendar}"
# Rule packs 规则包, see: effmon rules list
packs = [{packs}]
# What fell due before this is historical: a card on record, but no notice.
{watch_from}

[jobs.scan]
at = "02:10"
days = "every"

[notices]
# Roles that are told of a card, by its level.
warning = ["handler"]
yellow = ["handler", "head"]
red = ["handler", "head", "supervisor"]

[channels.file]
folder = "outbox"

# [channels.webhook]
# url = "https://notices.example.gov.cn/effmon"
# secret_env = "EFFMON_WEBHOOK_SECRET"
# allow_networks = ["10.0.0.0/8"]
"""


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
    """Write `effmon.toml` unless there is one; whether it was written."""
    path = folder / FILE
    if path.exists():
        return False
    text = TEMPLATE.format(
        name=name.replace("\\", "").replace('"', ""),
        zone=zone,
        language=language,
        calendar=calendar,
        packs=", ".join(f'"{pack}"' for pack in packs),
        watch_from=f'watch_from = "{watch_from}"' if watch_from else '# watch_from = "2026-01-01"',
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as fault:
        raise ConfigurationError(
            f"{path} cannot be written: {fault.strerror}", "choose another folder"
        ) from None
    return True


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
                ledger.NewEntry(
                    type=EntryType.WORKSPACE_CREATED,
                    fact="workspace.created",
                    at=at,
                    content={
                        "workspace": context.settings.workspace.name,
                        "zone": context.zone,
                        "packs": list(context.settings.workspace.packs),
                    },
                )
            ],
        )
