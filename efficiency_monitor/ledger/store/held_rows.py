"""Which rows entries of the ledger hold by a digest, and these rows in order.

Three sorts. *Input* names the import that brought it, whose entry holds it. *Appended* rows are
numbered in the order in which they were committed (there is one writer at a time) and keep what
they say: spans of them are held by whatever entry comes next. *Standing* rows change, each change
with an entry: the newest entry about one holds it as it stood then. `docs/audit.md` lists what no
digest holds, and why.
"""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Table, func, select, text

from ...records.every_table import metadata
from ..model.entries import EntryType

_AT_ONCE: Final = 2000


@dataclass(frozen=True, slots=True)
class Appended:
    """A table of which rows are held in spans."""

    table: Table
    #: Column by which rows are numbered.
    number: str
    #: Columns that never change.
    columns: tuple[str, ...]

    @property
    def name(self) -> str:
        """The table's name."""
        return self.table.name


@dataclass(frozen=True, slots=True)
class Standing:
    """A table of which each row is held as it stood at the newest entry about it."""

    table: Table
    #: Its key, and the field of an entry that names it.
    key: str
    field: str
    columns: tuple[str, ...]
    kinds: tuple[EntryType, ...]

    @property
    def name(self) -> str:
        """The table's name."""
        return self.table.name


def _appended(name: str, number: str = "id", *, but: tuple[str, ...] = ()) -> Appended:
    table = metadata.tables[name]
    columns = tuple(column.name for column in table.columns if column.name not in but)
    return Appended(table, number, columns)


def _standing(
    name: str,
    key: str,
    field: str,
    kinds: tuple[EntryType, ...],
    *,
    but: tuple[str, ...] = (),
) -> Standing:
    table = metadata.tables[name]
    columns = tuple(column.name for column in table.columns if column.name not in but)
    return Standing(table, key, field, columns, kinds)


#: What a scan finds anew of a case, and what the newest version of its fields says.
_OF_A_CASE = (
    "calendar", "changed", "clock_mark", "clocks", "contested", "item_code", "judged_as_of",
    "judged_stale", "open", "outcome", "owner", "revision", "troubles", "vanished_at", "waits",
)  # fmt: skip
#: What may be written on a notice until it is sent: `notice_checks` holds of it what is final.
_OF_A_NOTICE = (
    "about", "address", "attempts", "channel", "created_at", "first_attempt_at", "held", "held_at",
    "language", "last_error", "message_id", "next_attempt_at", "role", "sent_at", "state",
)  # fmt: skip
#: What cases are judged by: each row names the import that brought it.
INPUT: Final[Mapping[str, Appended]] = {
    each.name: each
    for each in (
        _appended("case_fact"),
        _appended("case_file", but=_OF_A_CASE),
        _appended("event"),
        _appended("event_withdrawal", "number"),
        _appended("item_fact"),
        _appended("waiting_event"),
    )
}
APPENDED: Final[Mapping[str, Appended]] = {
    each.name: each
    for each in (
        _appended("account_entry"),
        _appended("appeal_entry"),
        _appended("approval"),
        _appended("card_entry"),
        _appended("change_end", "seq"),
        _appended("change_proposal"),
        _appended("checkpoint"),
        _appended("command_record"),
        _appended("disclosure", "seq"),
        _appended("erased_case", "seq"),
        _appended("erased_person", "seq"),
        _appended("erasure", "seq"),
        _appended("evidence_decision"),
        _appended("evidence_seen"),
        _appended("kept_text"),
        # Body and leaves are held by the trees.
        _appended("ledger_entry", "seq", but=("body", "sha256", "sm3")),
        _appended("notice", "number", but=_OF_A_NOTICE),
        _appended("order_entry"),
        _appended("person_key_entry"),
        _appended("set_aside"),
        _appended("settings_in_force"),
        _appended("source_handover"),
        _appended("text_use"),
    )
}
#: What stands on a card from its issue on; `card_checks` holds its state.
_OF_A_CARD = ("lifted_at", "lifted_reason", "salt", "state", "state_before", "stood_under")
STANDING: Final[Mapping[str, Standing]] = {
    each.name: each
    for each in (
        _standing(
            "supervision_order",
            "order_no",
            "order",
            (
                EntryType.ORDER_OPENED,
                EntryType.ORDER_REPLIED,
                EntryType.ORDER_RETURNED,
                EntryType.ORDER_CLOSED,
            ),
            but=("delivered_at", "overdue_told_at", "reply_due_at"),
        ),
        _standing(
            "appeal",
            "appeal_no",
            "appeal",
            (
                EntryType.APPEAL_FILED,
                EntryType.APPEAL_REFERRED,
                EntryType.APPEAL_RETURNED,
                EntryType.APPEAL_UPHELD,
                EntryType.APPEAL_SETTLED,
            ),
            but=("overdue_told_at",),
        ),
        _standing("alarm", "alarm_no", "alarm", (EntryType.ALARM_RAISED, EntryType.ALARM_ENDED)),
        _standing(
            "silence", "silence_no", "silence", (EntryType.SILENCE_ADDED, EntryType.SILENCE_ENDED)
        ),
        _standing("person_key", "key_id", "key", (EntryType.KEY_ENROLLED, EntryType.KEY_REVOKED)),
        _standing("import_run", "id", "import", (EntryType.IMPORT_BEGUN, EntryType.IMPORT_DONE)),
        _standing("feed_run", "id", "run", (EntryType.FEED_PULLED, EntryType.FEED_FAILED)),
        _standing("card", "card_no", "card", (EntryType.CARD_ISSUED,), but=_OF_A_CARD),
    )
}


#: What a judgement rests on: rows of these tables that were there by then.
_RECEIVED: Final = {
    "events": "event",
    "facts": "case_fact",
    "items": "item_fact",
    "withdrawals": "event_withdrawal",
}


def received(connection: Connection) -> dict[str, int]:
    """How far anything was received: the newest numbers of events, fields, items, withdrawals."""
    return {word: highest(connection, INPUT[name]) for word, name in _RECEIVED.items()}


def highest(connection: Connection, held: Appended) -> int:
    """Number of the newest row; 0: there is none."""
    found = connection.execute(select(func.max(held.table.c[held.number]))).scalar()
    return found if type(found) is int else 0


def appended(
    connection: Connection,
    held: Appended,
    to: int | None,
    after: int | None = None,
    *,
    import_id: str | None = None,
) -> Generator[tuple[Any, dict[str, object]], None, None]:
    """Number and held columns of the rows up to a number (above another one), in order; `to` None:
    of all there are. Of input that of one import, if it is named.

    As they stand, without the columns' types: whoever tampers need not keep to them.
    """
    quote = connection.dialect.identifier_preparer.quote
    number = quote(held.number)
    order = ", ".join(dict.fromkeys([number, *(quote(c.name) for c in held.table.primary_key)]))
    asked = {
        f"{number} <= :to": ("to", to),
        f"{number} > :after": ("after", after),
        "import_id = :import_id": ("import_id", import_id),
    }
    given = {name: value for name, value in asked.values() if value is not None}
    some = [condition for condition, (name, _) in asked.items() if name in given]
    where = f"WHERE {' AND '.join(some) or '1 = 1'} ORDER BY {order}"
    place = held.columns.index(held.number)
    for row in _rows(connection, held.name, held.columns, where, given):
        yield row[place], dict(zip(held.columns, row, strict=True))


def counted(
    connection: Connection, held: Appended, after: int | None = None, import_id: str | None = None
) -> int:
    """How many rows there are (above a number, of one import)."""
    statement = select(func.count()).select_from(held.table)
    if after is not None:
        statement = statement.where(held.table.c[held.number] > after)
    if import_id is not None:
        statement = statement.where(held.table.c.import_id == import_id)
    return int(connection.execute(statement).scalar_one())


def counted_by_import(connection: Connection, held: Appended) -> dict[object, int]:
    """How many rows each import has, by what the rows say."""
    of = held.table.c.import_id
    rows = connection.execute(select(of, func.count()).group_by(of))
    return {row[0]: int(row[1]) for row in rows}


def standing(connection: Connection, held: Standing) -> Iterator[dict[str, object]]:
    """The held columns of every row as they stand; with the salt of a card."""
    columns = (*held.columns, *(("salt",) if held.name == "card" else ()))
    where = f"ORDER BY {connection.dialect.identifier_preparer.quote(held.key)}"
    for row in _rows(connection, held.name, columns, where, {}):
        yield dict(zip(columns, row, strict=True))


def standing_row(connection: Connection, held: Standing, key: str) -> dict[str, object] | None:
    """The held columns of one row, or None."""
    where = f"WHERE {connection.dialect.identifier_preparer.quote(held.key)} = :key"
    rows = list(_rows(connection, held.name, held.columns, where, {"key": key}))
    return dict(zip(held.columns, rows[0], strict=True)) if rows else None


def _rows(
    connection: Connection,
    table: str,
    columns: tuple[str, ...],
    where: str,
    given: Mapping[str, object],
) -> Iterator[Any]:
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(quote(name) for name in columns)
    statement = text(f"SELECT {names} FROM {quote(table)} {where}")  # noqa: S608 - names of our own
    options = {"stream_results": True, "max_row_buffer": _AT_ONCE}
    with connection.execute(statement, given, execution_options=options) as found:
        yield from found
