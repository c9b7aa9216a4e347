"""An amended rule or calendar recomputes what it touches (docs/contract.md 1, 5)."""

from collections.abc import Mapping

from sqlalchemy import Connection

from ..i18n.messages import t
from ..intake.store import cases
from ..ledger.model.entries import EntryType
from ..ledger.store import ledger
from ..scan.store import trials
from ..workspace.context import Context, Writing, meta, set_meta
from . import former_calendars, kept_texts
from . import store as changes
from .version_check import check_versions

_RULES = "rules"
_WORDS = "vocabulary"
#: Ladders judge no case: that they changed is recorded, and touches none.
_LADDERS = "ladders"
_CALENDAR = "calendar:"
#: Rules on trial give no card, but what they would give is found of every case.
_TRIALS = "trials"
#: Whether a second person approves what judges; `none` is said from the first change of it on.
_APPROVAL = "approval"


def note_changes(context: Context, writing: Writing) -> list[str]:
    """Compare the catalogue with the one of the last scan; mark the cases that it touches.

    Every version that judges is written to the ledger, so that an auditor can tell which text a
    card rests on, and its text is kept. A calendar that is new or gone touches the cases that name
    it. The lines are for the scan's summary: calendars that changed. CatalogueError where a text
    was changed under a version that has judged.
    """
    catalogue = context.catalogue
    mode = context.settings.rules.approval
    wanted = {
        _RULES: catalogue.rules_digest,
        _WORDS: catalogue.vocabulary_digest,
        _LADDERS: catalogue.ladders_digest,
        _TRIALS: catalogue.trials_digest,
        _APPROVAL: "" if mode == "none" else mode,
    } | {f"{_CALENDAR}{name}": calendar.version for name, calendar in catalogue.calendars.items()}
    with context.store.reading() as connection:
        if not _changed(_known(connection), wanted) and changes.any_use(connection):
            return []
    with writing() as connection:
        _keep_texts(context, connection)
        known = _known(connection)
        changed = _changed(known, wanted)
        if not changed:
            return []
        if _TRIALS in changed:
            trials.keep_only(connection, [bound.rule.id for bound in catalogue.trials])
        if _RULES in known:
            _mark(connection, changed)
        for name, value in changed.items():
            set_meta(connection, name, value)
        ledger.append(
            connection,
            [
                context.entry(
                    EntryType.CATALOGUE_CHANGED,
                    f"catalogue/{name}/{value}/{ledger.read_head(connection).size}",
                    _content(context, name, value),
                )
                for name, value in sorted(changed.items())
            ],
        )
    return [
        t(
            "calendar {calendar} was changed ({os_user})",
            calendar=name.removeprefix(_CALENDAR),
            os_user=context.actor.os_user,
        )
        for name in sorted(changed)
        if name.startswith(_CALENDAR) and name in known
    ]


def _keep_texts(context: Context, connection: Connection) -> None:
    """Keep the text of every rule and calendar that judges: what its version means from here on."""
    loaded = [entry for entry in context.catalogue.loaded if entry.rule.status != "preview"]
    check_versions(connection, [kept_texts.of_rule(entry) for entry in loaded])
    kept_texts.note_use(connection, context.catalogue.rules, context.now())
    former_calendars.keep(context, connection)


def _known(connection: Connection) -> dict[str, str]:
    return {
        name: value
        for name, value in meta(connection).items()
        if name in (_RULES, _WORDS, _LADDERS, _TRIALS, _APPROVAL) or name.startswith(_CALENDAR)
    }


def _changed(known: Mapping[str, str], wanted: Mapping[str, str]) -> dict[str, str]:
    """What differs; a calendar that is gone has the empty version."""
    return {
        name: wanted.get(name, "")
        for name in known.keys() | wanted.keys()
        if known.get(name, "") != wanted.get(name, "")
    }


def _mark(connection: Connection, changed: Mapping[str, str]) -> None:
    if {_RULES, _WORDS, _TRIALS} & changed.keys():
        cases.mark_changed(connection)
    else:
        named = [name for name in changed if name.startswith(_CALENDAR)]
        cases.mark_changed(connection, [name.removeprefix(_CALENDAR) for name in named])


def _content(context: Context, name: str, value: str) -> dict[str, object]:
    if name == _APPROVAL:
        return {"approval": value or "none"}
    if name == _WORDS:
        return {"vocabulary": {"sha256": value}}
    if name == _LADDERS:
        return {
            "ladders": [
                {"id": key, "version": entry.ladder.version, "sha256": entry.digest}
                for key, entry in context.catalogue.ladders.items()
            ],
            "sha256": value,
        }
    if name not in (_RULES, _TRIALS):
        return {"calendar": {"id": name.removeprefix(_CALENDAR), "sha256": value or None}}
    bounds = context.catalogue.rules if name == _RULES else context.catalogue.trials
    return {
        name: [
            {
                "id": bound.rule.id,
                "version": bound.rule.version,
                "pack": bound.pack,
                "sha256": bound.digest,
            }
            for bound in bounds
        ],
        "sha256": value,
    }
