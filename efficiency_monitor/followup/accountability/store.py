"""Accountability records: the holdings of each card, its status, and what was decided on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update
from sqlalchemy.engine import Row

from ...intake.store.cases import chunks
from ...people.model.actor import Actor
from ...records.matter_tables import AccountEntry, NoticeRow
from ...records.tables import AccountabilityRow, CardRow
from ...terms import AccountStatus, CardState, ExemptionGround, Level, NoticeState
from ...time.amount import Unit, decimal_text
from .model import Holding, Part

CARD = CardRow.__table__  # type: ignore[attr-defined]
ACCOUNT = AccountabilityRow.__table__  # type: ignore[attr-defined]
NOTICE = NoticeRow.__table__  # type: ignore[attr-defined]
ENTRY = AccountEntry.__table__  # type: ignore[attr-defined]


def write(
    connection: Connection, accounts: Mapping[str, Sequence[Holding]], as_of: int
) -> frozenset[str]:
    """Replace the holdings of cards by newer ones; the cards whose holdings are others now.

    The status is the card's and stays.
    """
    status: dict[str, str] = {}
    stored: dict[str, list[Holding]] = {}
    for part in chunks(list(accounts)):
        rows = connection.execute(
            select(ACCOUNT).where(ACCOUNT.c.card_no.in_(part)).order_by(ACCOUNT.c.place)
        )
        for row in rows:
            status[row.card_no] = row.status
            stored.setdefault(row.card_no, []).append(holding_of(row))
    changed = [card for card, new in accounts.items() if stored.get(card, []) != list(new)]
    for part in chunks(changed):
        connection.execute(delete(ACCOUNT).where(ACCOUNT.c.card_no.in_(part)))
    rows_of_parts = [
        {
            **_columns(holding),
            "card_no": card_no,
            "place": place,
            "as_of": as_of,
            "status": status.get(card_no, str(AccountStatus.TO_VERIFY)),
        }
        for card_no in changed
        for place, holding in enumerate(accounts[card_no])
    ]
    if rows_of_parts:
        connection.execute(insert(ACCOUNT), rows_of_parts)
    return frozenset(changed)


def _columns(holding: Holding) -> dict[str, object]:
    values = {name: getattr(holding, name) for name in Holding.__slots__}
    for name in ("amount", "over"):
        values[name] = None if values[name] is None else decimal_text(values[name])
    return values | {
        "part": str(holding.part),
        "unit": None if holding.unit is None else str(holding.unit),
    }


def holding_of(row: Row[Any]) -> Holding:
    """A stored part as the value that it was. Rows of older versions have no amounts."""
    values = {name: getattr(row, name) for name in Holding.__slots__}
    for name in ("amount", "over"):
        values[name] = None if values[name] is None else Decimal(values[name])
    values["part"] = Part(row.part)
    values["unit"] = None if row.unit is None else Unit(row.unit)
    return Holding(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountQuery:
    """Which records are asked for. `since` and `until`: the card fell due in [since, until)."""

    everything: bool = False
    part: Part | None = None
    card_no: str | None = None
    case_no: str | None = None
    rule: str | None = None
    department: str | None = None
    holder: str | None = None
    level: Level | None = None
    status: AccountStatus | None = None
    since: int | None = None
    until: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """As SQL. Without `everything`, lifted cards and exempted records are left out."""
        wanted: list[ColumnElement[bool]] = [
            column == value
            for column, value in (
                (ACCOUNT.c.part, None if self.part is None else str(self.part)),
                (ACCOUNT.c.card_no, self.card_no),
                (CARD.c.case_no, self.case_no),
                (CARD.c.rule_id, self.rule),
                (ACCOUNT.c.department, self.department),
                (ACCOUNT.c.holder, self.holder),
                (CARD.c.level, None if self.level is None else int(self.level)),
                (ACCOUNT.c.status, None if self.status is None else str(self.status)),
            )
            if value is not None
        ]
        if not self.everything:
            wanted.append(CARD.c.state != str(CardState.LIFTED))
            if self.status is None:
                wanted.append(ACCOUNT.c.status != str(AccountStatus.EXEMPTED))
        if self.since is not None:
            wanted.append(CARD.c.fell_due_at >= self.since)
        if self.until is not None:
            wanted.append(CARD.c.fell_due_at < self.until)
        return wanted


def listed(connection: Connection, query: AccountQuery) -> list[Row[Any]]:
    """Parts of records with their cards: the worst level first, each card's parts in order."""
    statement = (
        select(
            ACCOUNT,
            CARD.c.case_no,
            CARD.c.rule_id,
            CARD.c.level,
            CARD.c.state.label("card_state"),
            CARD.c.fell_due_at,
            CARD.c.handler,
            CARD.c.reviewer,
            CARD.c.approver,
        )
        .join(CARD, CARD.c.card_no == ACCOUNT.c.card_no)
        .where(*query.conditions())
        .order_by(CARD.c.level.desc(), CARD.c.fell_due_at, ACCOUNT.c.card_no, ACCOUNT.c.place)
    )
    return list(connection.execute(statement))


def parts(connection: Connection, card_no: str) -> list[Row[Any]]:
    """The parts of a card's record in their order."""
    statement = select(ACCOUNT).where(ACCOUNT.c.card_no == card_no).order_by(ACCOUNT.c.place)
    return list(connection.execute(statement))


def told_of(connection: Connection, card_no: str) -> set[str]:
    """Ids of the persons to whom anything about a card was written that still holds."""
    statement = select(NOTICE.c.person_id).where(
        NOTICE.c.card_no == card_no, NOTICE.c.state != str(NoticeState.VOID)
    )
    return set(connection.execute(statement).scalars())


def status_of(connection: Connection, card_no: str) -> AccountStatus | None:
    """The status of a card's record; None where the card has none."""
    statement = select(ACCOUNT.c.status).where(ACCOUNT.c.card_no == card_no).limit(1)
    found = connection.execute(statement).scalar()
    return None if found is None else AccountStatus(found)


def set_status(connection: Connection, card_no: str, status: AccountStatus) -> None:
    """Set the status of a card's record, in all its parts."""
    connection.execute(
        update(ACCOUNT).where(ACCOUNT.c.card_no == card_no).values(status=str(status))
    )


def add_entry(
    connection: Connection,
    *,
    card_no: str,
    kind: str,
    at: int,
    actor: Actor,
    person: str | None,
    ground: ExemptionGround | str | None = None,
    text: str | None = None,
    evidence: str = "[]",
) -> None:
    """Take down what was decided or asked on a record; `evidence` is JSON
    (`followup.evidence.model`)."""
    connection.execute(
        insert(ENTRY).values(
            card_no=card_no,
            kind=kind,
            at=at,
            ground=None if ground is None else str(ground),
            person=person,
            os_user=actor.os_user,
            host=actor.host,
            tty=actor.tty,
            text=text,
            evidence=evidence,
        )
    )


def entries(connection: Connection, card_no: str) -> list[Row[Any]]:
    """What was decided or asked on a card's record, oldest first."""
    statement = select(ENTRY).where(ENTRY.c.card_no == card_no).order_by(ENTRY.c.id)
    return list(connection.execute(statement))
