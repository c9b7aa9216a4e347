"""Events `transferred` 转办: the owner of a case says which source goes on with it.

Read when an import has ended, so that it does not matter in which order its rows came.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from ..ledger.model.entries import EntryType
from ..ledger.store import ledger
from ..workspace.context import Context
from .store import owners
from .store.cases import CASE, EVENT, IMPORT, chunks, supervised_from, withdrawn_by

TRANSFERRED = "transferred"


def hand_over(context: Context, connection: Connection, import_ids: Sequence[str]) -> None:
    """Hand the cases over of which these imports say so, in the transaction that ends them.

    The `kind` names a source of the settings with the same prefix; what names another says
    nothing. Only who owns the case can say so, and where somebody supervises, or ever did, only
    what was pulled: a file by hand answers for nothing.
    """
    supervised = supervised_from(connection) is not None

    def prefix(source: str) -> str:
        section = context.settings.sources.get(source)
        return "" if section is None else section.prefix

    for row in _told(connection, import_ids, sorted(context.settings.sources)):
        owned = owners.of_cases(connection, {row.case_id: row.first})[row.case_id]
        if owned.owner != row.source or owned.owner == row.kind:
            continue
        if prefix(row.kind) != prefix(row.source) or (supervised and not row.pulled):
            continue
        place = f"{row.source}>{row.kind}/{row.event_key}/{row.import_id}/{row.case_no}"
        fact = f"{EntryType.SOURCE_HANDED_OVER}/{place}"
        content = {
            "from": row.source,
            "to": row.kind,
            "case": row.case_no,
            "upto": 0,
            "cases": 1,
            "event": row.event_key,
            "import": row.import_id,
        }
        ledger.append(connection, [context.entry(EntryType.SOURCE_HANDED_OVER, fact, content)])
        who = context.actor
        owners.hand_over(
            connection,
            [
                {
                    "from_source": row.source,
                    "to_source": row.kind,
                    "case_id": row.case_id,
                    "upto_case": 0,
                    "at": context.now(),
                    "event_key": row.event_key,
                    "entry": fact,
                    "person": who.claimed,
                    "os_user": who.os_user,
                    "host": who.host,
                    "tty": who.tty,
                    "text": None,
                }
            ],
        )


def _told(connection: Connection, import_ids: Sequence[str], sources: Sequence[str]) -> list[Any]:
    found: list[Any] = []
    for part in chunks(list(import_ids)):
        rows = connection.execute(
            select(
                EVENT.c.case_id,
                EVENT.c.event_key,
                EVENT.c.kind,
                EVENT.c.source,
                EVENT.c.import_id,
                IMPORT.c.pulled,
                CASE.c.case_no,
                CASE.c.source.label("first"),
            )
            .join(CASE, CASE.c.id == EVENT.c.case_id)
            .join(IMPORT, IMPORT.c.id == EVENT.c.import_id)
            .where(
                EVENT.c.import_id.in_(part),
                EVENT.c.type == TRANSFERRED,
                EVENT.c.kind.in_(sources),
                ~withdrawn_by(None),
            )
            .order_by(EVENT.c.occurred_at, EVENT.c.id)
        )
        found += rows
    return found
