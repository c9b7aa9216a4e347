"""Rows that waited in quarantine: what they say of things of which other imports have spoken since.

A row without a version does not say how old it is. When it is tried again, what was received after
it is newer than it; taken over that, it would open cases again that are closed by now.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection, func, select, tuple_

from ..model.statements import CaseFacts, RowFacts
from .cases import CASE, EVENT, FACT, WITHDRAWN, chunks
from .items import ITEM

_PAIRS = 400


def drop_superseded_statements(
    connection: Connection,
    rows: Sequence[RowFacts],
    since: Sequence[int],
    import_id: str,
    source: str,
) -> list[RowFacts]:
    """The rows without what others than this import have said otherwise since they were refused.

    `since` are the instants of that, one for each row. Of a row with a version it is the version
    that decides. If one of a row's events has been stated or withdrawn since, so has the whole row.
    """
    plain = [row for row in rows if row.version is None]
    numbers: dict[str, int] = {}
    for part in chunks(sorted({row.case_no for row in plain if row.case_no})):
        found = connection.execute(
            select(CASE.c.case_no, CASE.c.id).where(CASE.c.case_no.in_(part))
        )
        numbers |= {row.case_no: row.id for row in found}
    spoken = _spoken_of(connection, plain, numbers, import_id, source)
    changes = _changes(connection, list(numbers.values()), import_id)
    newest_items = _newest_items(connection, plain, import_id)
    left: list[RowFacts] = []
    for row, waited in zip(rows, since, strict=True):
        if row.version is not None:
            left.append(row)
        elif row.item is not None:
            place = row.item.item_code, row.item.item_version
            overtaken = newest_items.get(place, waited) > waited
            left.append(replace(row, item=None) if overtaken else row)
        else:
            case_id = numbers.get(row.case_no)
            if any(spoken.get((case_id, name), waited) > waited for name in _identities(row)):
                left.append(replace(row, events=(), absent=(), case=None))
            elif row.case is not None and case_id is not None:
                changed = {
                    name for at, names in changes.get(case_id, ()) if at > waited for name in names
                }
                left.append(replace(row, case=_without(row.case, changed)))
            else:
                left.append(row)
    return left


def _without(case: CaseFacts, changed: set[str]) -> CaseFacts:
    kept = {name: text for name, text in case.fields.items() if name not in changed}
    return replace(case, fields=kept, blank=case.blank - changed)


def _identities(row: RowFacts) -> list[str]:
    told = [event.identity for event in row.events if event.identity != event.key]
    return [*told, *row.absent]


def _spoken_of(
    connection: Connection,
    rows: Sequence[RowFacts],
    numbers: Mapping[str, int],
    import_id: str,
    source: str,
) -> dict[tuple[int | None, str], int]:
    """When each of the rows' events was last stated or withdrawn, by another import."""
    wanted = {
        (numbers[row.case_no], name): None
        for row in rows
        if row.case_no in numbers
        for name in _identities(row)
    }
    place = EVENT.c.case_id, EVENT.c.identity
    newest: dict[tuple[int | None, str], int] = {}
    for pairs in chunks(list(wanted), _PAIRS):
        stated = select(*place, func.max(EVENT.c.received_at)).where(EVENT.c.import_id != import_id)
        withdrawn = (
            select(*place, func.max(WITHDRAWN.c.received_at))
            .join(WITHDRAWN, WITHDRAWN.c.event_id == EVENT.c.id)
            .where(WITHDRAWN.c.import_id != import_id)
        )
        for asked in (stated, withdrawn):
            mine = asked.where(tuple_(*place).in_(pairs), EVENT.c.source == source)
            found = connection.execute(mine.group_by(*place))
            for case_id, identity, at in found:
                newest[case_id, identity] = max(at, newest.get((case_id, identity), at))
    return newest


def _changes(
    connection: Connection, case_ids: Sequence[int], import_id: str
) -> dict[int, list[tuple[int, set[str]]]]:
    """When other imports changed which fields of the cases."""
    changes: dict[int, list[tuple[int, set[str]]]] = {}
    for part in chunks(case_ids):
        before: dict[int, Mapping[str, str]] = {}
        found = connection.execute(select(FACT).where(FACT.c.case_id.in_(part)).order_by(FACT.c.id))
        for fact in found:
            fields = json.loads(fact.fields)
            old = before.get(fact.case_id, {})
            names = {n for n in old.keys() | fields.keys() if old.get(n) != fields.get(n)}
            if fact.import_id != import_id:
                changes.setdefault(fact.case_id, []).append((fact.received_at, names))
            before[fact.case_id] = fields
    return changes


def _newest_items(
    connection: Connection, rows: Sequence[RowFacts], import_id: str
) -> dict[tuple[str, str], int]:
    """When other imports last spoke of the rows' items, by code and version."""
    newest: dict[tuple[str, str], int] = {}
    for part in chunks(sorted({row.item.item_code for row in rows if row.item is not None})):
        place = ITEM.c.item_code, ITEM.c.item_version
        found = connection.execute(
            select(*place, func.max(ITEM.c.received_at))
            .where(ITEM.c.item_code.in_(part), ITEM.c.import_id != import_id)
            .group_by(*place)
        )
        newest |= {(code, version): at for code, version, at in found}
    return newest
