"""The ledger's rows: appended inside the business transaction, never changed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, text, update

from ...faults import EffmonError
from ...records import bulk
from ...records.tables import LedgerHead, LedgerRow
from ..model import entries as core
from ..model.entries import EntryType

ENTRY = LedgerRow.__table__  # type: ignore[attr-defined]
HEAD = LedgerHead.__table__  # type: ignore[attr-defined]
_CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """An entry to be appended; `fact` is the natural key under which it is recorded once."""

    type: core.EntryType
    fact: str
    at: str
    content: Mapping[str, object]


def append(connection: Connection, entries: Sequence[NewEntry]) -> int:
    """Append entries in order, leaving out facts that are recorded already; how many were new.

    Must run inside `Store.writing`: the head row is the lock of all appends. What was stored is
    read back and its leaves computed again before the caller commits.
    """
    fresh = _new_facts(connection, entries)
    if not fresh:
        return 0
    head = read_head(connection)
    bodies = [
        core.canonical(
            {"v": 1, "seq": head.size + place, "type": str(entry.type), "at": entry.at}
            | dict(entry.content)
        )
        for place, entry in enumerate(fresh, start=1)
    ]
    after, leaves = core.append_many(head, bodies)
    rows = [
        {
            "seq": head.size + place,
            "type": str(entry.type),
            "fact": entry.fact,
            "body": body,
            "sha256": leaf.sha256,
            "sm3": leaf.sm3,
        }
        for place, (entry, body, leaf) in enumerate(
            zip(fresh, bodies, leaves, strict=True), start=1
        )
    ]
    bulk.add(connection, ENTRY, rows)
    connection.execute(
        update(HEAD)
        .where(HEAD.c.id == 1)
        .values(
            size=after.size,
            sha256_stack=b"".join(after.sha256_stack),
            sm3_stack=b"".join(after.sm3_stack),
        )
    )
    stored = [row.body for row in _rows(connection, head.size + 1)]
    if core.append_many(head, stored)[0] != after:
        raise EffmonError(
            "the ledger's rows read back differently than they were written",
            "nothing was committed; check the disk and run: effmon ledger verify",
        )
    return len(fresh)


def _new_facts(connection: Connection, entries: Sequence[NewEntry]) -> list[NewEntry]:
    known: set[str] = set()
    facts = [entry.fact for entry in entries]
    statement = select(ENTRY.c.fact).where(ENTRY.c.fact.in_(bindparam("facts", expanding=True)))
    for at in range(0, len(facts), _CHUNK):
        found = connection.execute(statement, {"facts": facts[at : at + _CHUNK]})
        known.update(row[0] for row in found)
    fresh = []
    for entry in entries:
        if entry.fact not in known:
            known.add(entry.fact)
            fresh.append(entry)
    return fresh


def repairs_of(connection: Connection, after: str) -> int:
    """How often the clock was repaired after an instant, RFC 3339 in UTC."""
    facts = ENTRY.c.fact.startswith(f"{EntryType.CLOCK_REPAIRED}/{after}/", autoescape=True)
    statement = select(func.count()).select_from(ENTRY).where(facts)
    return int(connection.execute(statement).scalar_one())


def told_ahead(connection: Connection) -> int:
    """Number of the last notice that was written before the clock was last repaired; 0: none."""
    found = newest(connection, 1, EntryType.CLOCK_REPAIRED)
    return int(json.loads(found[0])["notices"]) if found else 0


def read_head(connection: Connection) -> core.Head:
    """Size and right edges; makes the head of an empty ledger where there is none yet."""
    row = connection.execute(select(HEAD).where(HEAD.c.id == 1)).first()
    if row is None:
        connection.execute(insert(HEAD).values(id=1, size=0, sha256_stack=b"", sm3_stack=b""))
        return core.EMPTY
    return _head(row)


class HeadDamaged(EffmonError):
    """What the database keeps of the ledger's size and right edges belongs to no ledger."""

    exit_code = 1


def _head(row: Any) -> core.Head:
    try:
        return core.Head(row.size, _nodes(row.sha256_stack), _nodes(row.sm3_stack))
    except (ValueError, TypeError):
        raise HeadDamaged(
            "the ledger's head was changed: it belongs to no ledger",
            "nothing was written; keep the database as it is and run: effmon ledger verify",
        ) from None


def _nodes(joined: bytes) -> tuple[bytes, ...]:
    size = core.HASH_SIZE
    return tuple(joined[at : at + size] for at in range(0, len(joined), size))


def _rows(connection: Connection, since: int) -> Iterator[LedgerRow]:
    yield from connection.execute(  # type: ignore[misc]
        select(ENTRY.c.seq, ENTRY.c.type, ENTRY.c.body)
        .where(ENTRY.c.seq >= since)
        .order_by(ENTRY.c.seq)
    )


#: Without the columns' types: somebody who tampers need not keep to them.
_AS_IT_STANDS = text("SELECT seq, body, sha256, sm3 FROM ledger_entry ORDER BY seq")
_FACTS = text("SELECT seq, fact, body FROM ledger_entry ORDER BY seq")
_TYPES = text("SELECT seq, type, body FROM ledger_entry ORDER BY seq")


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


def bodies(connection: Connection) -> Iterator[bytes]:
    """Bytes of every entry as they stand, in order: also of one that was tampered with."""
    for row in connection.execute(_AS_IT_STANDS):
        yield _bytes(row.body)


def stored(connection: Connection) -> Iterator[tuple[int, bytes, bytes, bytes]]:
    """Number, bytes and both kept leaf hashes of every entry as they stand, in order."""
    # Closed also where the reader stops before the end: on PostgreSQL it is a cursor of the server.
    with connection.execute(_AS_IT_STANDS.execution_options(stream_results=True)) as rows:
        for row in rows:
            yield int(row.seq), _bytes(row.body), _bytes(row.sha256), _bytes(row.sm3)


def first_mistyped(connection: Connection) -> int | None:
    """Number of the first row whose column says another type than its body; None: there is none.

    Rows are looked up by that column, and no tree vouches for it.
    """
    with connection.execute(_TYPES.execution_options(stream_results=True)) as rows:
        for row in rows:
            body, mark = _bytes(row.body), b'"type":"%s"' % _bytes(row.type)
            if mark in body and body.count(b'"type":"') == 1:
                continue
            try:
                said = json.loads(body)["type"]
            except (ValueError, KeyError, TypeError):
                continue  # what cannot be read is found by its leaves
            if said != row.type:
                return int(row.seq)
    return None


def named(connection: Connection) -> Iterator[tuple[int, Any, bytes]]:
    """Number, natural key and bytes of every entry as they stand, in order."""
    with connection.execute(_FACTS.execution_options(stream_results=True)) as rows:
        for row in rows:
            yield int(row.seq), row.fact, _bytes(row.body)


def of_type(connection: Connection, kind: core.EntryType) -> list[bytes]:
    """Bodies of all entries of a type, oldest first."""
    statement = select(ENTRY.c.body).where(ENTRY.c.type == str(kind)).order_by(ENTRY.c.seq)
    return [_bytes(row.body) for row in connection.execute(statement)]


def first_after(connection: Connection, size: int, *, without: core.EntryType) -> bytes | None:
    """Bytes of the first entry after the `size`-th that is not of a type, or None."""
    row = connection.execute(
        select(ENTRY.c.body)
        .where(ENTRY.c.seq > size, ENTRY.c.type != str(without))
        .order_by(ENTRY.c.seq)
        .limit(1)
    ).first()
    return None if row is None else _bytes(row.body)


def entry(
    connection: Connection, *, seq: int | None = None, fact: str | None = None
) -> tuple[int, bytes] | None:
    """Number and bytes of the entry with this number, or that recorded this fact; None: none is."""
    statement = select(ENTRY.c.seq, ENTRY.c.body)
    if seq is not None:
        statement = statement.where(ENTRY.c.seq == seq)
    if fact is not None:
        statement = statement.where(ENTRY.c.fact == fact)
    row = connection.execute(statement.limit(1)).first()
    return None if row is None else (int(row.seq), _bytes(row.body))


def first(connection: Connection) -> bytes | None:
    """Bytes of the first entry, or None."""
    row = connection.execute(select(ENTRY.c.body).where(ENTRY.c.seq == 1)).first()
    return None if row is None else _bytes(row.body)


def newest(connection: Connection, most: int, kind: str | None = None) -> list[bytes]:
    """Bodies of the newest entries, oldest first; of one type where `kind` is given."""
    statement = select(ENTRY.c.body).order_by(ENTRY.c.seq.desc()).limit(most)
    if kind is not None:
        statement = statement.where(ENTRY.c.type == kind)
    return [row.body for row in connection.execute(statement)][::-1]


def newest_rare(connection: Connection, kind: core.EntryType) -> bytes | None:
    """Body of the newest entry that ends an import or a scan: these have an index of their own."""
    statement = (
        select(ENTRY.c.body)
        .where(ENTRY.c.type == bindparam("kind", literal_execute=True))
        .order_by(ENTRY.c.seq.desc())
        .limit(1)
    )
    found = connection.execute(statement, {"kind": str(kind)}).first()
    return None if found is None else _bytes(found.body)


def rare_since(connection: Connection, kind: core.EntryType, seq: int) -> list[bytes]:
    """Bodies of such entries after a number, oldest first."""
    statement = (
        select(ENTRY.c.body)
        .where(ENTRY.c.type == bindparam("kind", literal_execute=True), ENTRY.c.seq > seq)
        .order_by(ENTRY.c.seq)
    )
    return [_bytes(row.body) for row in connection.execute(statement, {"kind": str(kind)})]


def times_since(connection: Connection, kind: core.EntryType) -> list[tuple[int, str]]:
    """Number and instant (RFC 3339) of the newest entry of a rare type and of all after it."""
    newest = newest_rare(connection, kind)
    if newest is None:
        return []
    since = json.loads(newest)["seq"]
    return [(row.seq, json.loads(_bytes(row.body))["at"]) for row in _rows(connection, since)]


def recorded(connection: Connection, facts: Sequence[str]) -> dict[str, bytes]:
    """Bodies of those of these facts that are recorded."""
    statement = select(ENTRY.c.fact, ENTRY.c.body).where(
        ENTRY.c.fact.in_(bindparam("facts", expanding=True))
    )
    found: dict[str, bytes] = {}
    for at in range(0, len(facts), _CHUNK):
        rows = connection.execute(statement, {"facts": facts[at : at + _CHUNK]})
        found |= {row.fact: _bytes(row.body) for row in rows}
    return found


def recorded_under(connection: Connection, beginning: str) -> dict[str, bytes]:
    """Bodies of the facts that begin so."""
    facts = ENTRY.c.fact.startswith(beginning, autoescape=True)
    rows = connection.execute(select(ENTRY.c.fact, ENTRY.c.body).where(facts).order_by(ENTRY.c.seq))
    return {row.fact: _bytes(row.body) for row in rows}


def size(connection: Connection) -> int:
    """Number of entries that stand in the table."""
    return int(connection.execute(select(func.count()).select_from(ENTRY)).scalar_one())


def read_head_only(connection: Connection) -> core.Head:
    """Size and right edges, in a transaction that may not write."""
    row = connection.execute(select(HEAD).where(HEAD.c.id == 1)).first()
    if row is None:
        return core.EMPTY
    return _head(row)


def first_bad_row(connection: Connection) -> int | None:
    """Number of the first row whose leaves do not fit its body, or whose number is out of order."""
    for place, row in enumerate(connection.execute(_AS_IT_STANDS), start=1):
        leaf = core.leaf_of(_bytes(row.body))
        if row.seq != place or row.sha256 != leaf.sha256 or row.sm3 != leaf.sm3:
            return int(row.seq)
    return None
