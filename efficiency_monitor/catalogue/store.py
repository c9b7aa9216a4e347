"""Kept texts, proposals of changes and their ends: written once, never changed (triggers)."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.engine import Row

from ..records.change_tables import (
    ChangeEndRow,
    ChangeProposalRow,
    KeptTextRow,
    SettingsInForceRow,
    TextUseRow,
)

TEXT = KeptTextRow.__table__  # type: ignore[attr-defined]
USE = TextUseRow.__table__  # type: ignore[attr-defined]
PROPOSAL = ChangeProposalRow.__table__  # type: ignore[attr-defined]
SETTINGS = SettingsInForceRow.__table__  # type: ignore[attr-defined]
#: Values of one statement, below what any engine takes.
_PART = 500
END = ChangeEndRow.__table__  # type: ignore[attr-defined]


def keep(connection: Connection, texts: Iterable[Mapping[str, object]]) -> None:
    """Keep texts that are not kept yet; in a transaction that writes."""
    wanted = {str(text["sha256"]): text for text in texts}
    for sha256 in contents(connection, list(wanted)):
        del wanted[sha256]
    if wanted:
        connection.execute(insert(TEXT), [dict(text) for text in wanted.values()])


def contents(connection: Connection, digests: Sequence[str]) -> dict[str, str]:
    """Those of the texts that are kept, by their digests."""
    found: dict[str, str] = {}
    for start in range(0, len(digests), _PART):
        part = list(digests[start : start + _PART])
        rows = connection.execute(
            select(TEXT.c.sha256, TEXT.c.content).where(TEXT.c.sha256.in_(part))
        )
        found.update({row.sha256: row.content for row in rows})
    return found


def kept(connection: Connection, kind: str, name: str) -> list[Row]:  # type: ignore[type-arg]
    """The kept texts of one rule or calendar, oldest first."""
    return list(
        connection.execute(
            select(TEXT)
            .where(TEXT.c.kind == kind, TEXT.c.name == name)
            .order_by(TEXT.c.kept_at, TEXT.c.version, TEXT.c.sha256)
        )
    )


def every_text(connection: Connection) -> Iterable[Row]:  # type: ignore[type-arg]
    """All kept texts."""
    return connection.execute(select(TEXT).order_by(TEXT.c.sha256))


def use(connection: Connection, uses: Iterable[Mapping[str, object]]) -> None:
    """Note the texts by which is judged, those that were not noted yet."""
    known = {(row.name, row.version, row.sha256) for row in used(connection)}
    new = [dict(row) for row in uses if (row["name"], row["version"], row["sha256"]) not in known]
    if new:
        connection.execute(insert(USE), new)


def used(connection: Connection) -> list[Row]:  # type: ignore[type-arg]
    """Every text by which was judged, oldest first."""
    return list(connection.execute(select(USE).order_by(USE.c.id)))


def any_use(connection: Connection) -> bool:
    """Whether any text was noted as one that judged."""
    return connection.execute(select(USE.c.id).limit(1)).first() is not None


def next_number(connection: Connection) -> str:
    """Number of the next proposal; in a transaction that writes, which is one at a time."""
    number = connection.execute(select(func.count()).select_from(PROPOSAL)).scalar_one()
    return f"C-{number + 1:04}"


def propose(connection: Connection, values: Mapping[str, object]) -> None:
    """Write a proposal."""
    connection.execute(insert(PROPOSAL).values(dict(values)))


def end(connection: Connection, values: Mapping[str, object]) -> None:
    """Write how a proposal ended."""
    connection.execute(insert(END).values(dict(values)))


def find(connection: Connection, change_no: str) -> Row | None:  # type: ignore[type-arg]
    """A proposal, or None."""
    return connection.execute(select(PROPOSAL).where(PROPOSAL.c.change_no == change_no)).first()


def ended(connection: Connection, change_no: str) -> Row | None:  # type: ignore[type-arg]
    """How it ended; None: it waits."""
    return connection.execute(select(END).where(END.c.change_no == change_no)).first()


def proposals(connection: Connection) -> list[Row]:  # type: ignore[type-arg]
    """Every proposal with its end, oldest first; `kind` is None while it waits."""
    return list(
        connection.execute(
            select(
                PROPOSAL,
                END.c.kind,
                END.c.at.label("ended_at"),
                END.c.person.label("ended_by"),
                END.c.mode,
                END.c.seq,
            )
            .join(END, END.c.change_no == PROPOSAL.c.change_no, isouter=True)
            .order_by(PROPOSAL.c.change_no)
        )
    )


def approved(connection: Connection) -> list[Row]:  # type: ignore[type-arg]
    """Number and parts of the proposals that were approved, in the order of the approvals."""
    return list(
        connection.execute(
            select(PROPOSAL.c.change_no, PROPOSAL.c.parts)
            .join(END, END.c.change_no == PROPOSAL.c.change_no)
            .where(END.c.kind == "approved")
            .order_by(END.c.seq)
        )
    )


def every_end(connection: Connection) -> list[Row]:  # type: ignore[type-arg]
    """Every end, in the ledger's order."""
    return list(connection.execute(select(END).order_by(END.c.seq)))


def settings_in_force(connection: Connection) -> Row | None:  # type: ignore[type-arg]
    """The newest row of the settings in force; None before any were taken."""
    return connection.execute(select(SETTINGS).order_by(SETTINGS.c.id.desc()).limit(1)).first()


def settings_history(connection: Connection) -> list[Row]:  # type: ignore[type-arg]
    """Every row of the settings in force, oldest first."""
    return list(connection.execute(select(SETTINGS).order_by(SETTINGS.c.id)))


def put_settings(connection: Connection, values: Mapping[str, object]) -> None:
    """Let other settings come into force."""
    connection.execute(insert(SETTINGS).values(dict(values)))
