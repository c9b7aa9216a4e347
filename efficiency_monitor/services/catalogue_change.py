"""An amended rule or calendar recomputes what it touches (DESIGN 2, 5.3)."""

from ..core.instants import rfc3339
from ..core.ledger import EntryType
from ..store import cases, ledger
from .context import Context, meta, set_meta


def note_changes(context: Context) -> None:
    """Compare the catalogue with the one of the last scan; mark the cases that it touches.

    Every version that judges is written to the ledger, so that an auditor can tell which text a
    card rests on.
    """
    catalogue = context.catalogue
    wanted = {"rules": catalogue.rules_digest} | {
        f"calendar:{name}": calendar.version for name, calendar in catalogue.calendars.items()
    }
    with context.store.reading() as connection:
        known = meta(connection)
    if all(known.get(name) == value for name, value in wanted.items()):
        return
    with context.store.writing() as connection:
        known = meta(connection)
        changed = {name: value for name, value in wanted.items() if known.get(name) != value}
        amended = [
            name.removeprefix("calendar:")
            for name in changed
            if name.startswith("calendar:") and name in known
        ]
        if "rules" in changed and "rules" in known:
            cases.mark_changed(connection)
        elif amended:
            cases.mark_changed(connection, amended)
        for name, value in changed.items():
            set_meta(connection, name, value)
        if not changed:
            return
        ledger.append(
            connection,
            [
                ledger.NewEntry(
                    type=EntryType.CATALOGUE_CHANGED,
                    fact=f"catalogue/{name}/{value}/{ledger.read_head(connection).size}",
                    at=rfc3339(context.now(), context.zone),
                    content=_content(context, name, value),
                )
                for name, value in sorted(changed.items())
            ],
        )


def _content(context: Context, name: str, value: str) -> dict[str, object]:
    if name != "rules":
        return {"calendar": {"id": name.removeprefix("calendar:"), "sha256": value}}
    return {
        "rules": [
            {
                "id": bound.rule.id,
                "version": bound.rule.version,
                "pack": bound.pack,
                "sha256": bound.digest,
            }
            for bound in context.catalogue.rules
        ],
        "sha256": value,
    }
