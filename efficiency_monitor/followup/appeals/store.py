"""Appeals and what happened to them."""

from collections.abc import Sequence

from sqlalchemy import (
    ColumnElement,
    Connection,
    String,
    case,
    cast,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.engine import Row

from ...intake.store.cases import chunks
from ...people.model.actor import Actor
from ...records.matter_tables import AppealEntry, AppealRow, NoticeRow
from ...records.tables import CardRow
from .model import WAITING

APPEAL = AppealRow.__table__  # type: ignore[attr-defined]
ENTRY = AppealEntry.__table__  # type: ignore[attr-defined]
CARD = CardRow.__table__  # type: ignore[attr-defined]
NOTICE = NoticeRow.__table__  # type: ignore[attr-defined]
_WAITING = [str(state) for state in WAITING]


def find(connection: Connection, appeal_no: str) -> Row | None:  # type: ignore[type-arg]
    """One appeal, or None."""
    return connection.execute(select(APPEAL).where(APPEAL.c.appeal_no == appeal_no)).first()


def of_card(connection: Connection, card_no: str) -> list[Row]:  # type: ignore[type-arg]
    """Every appeal against a card, oldest first."""
    return list(
        connection.execute(
            select(APPEAL)
            .where(APPEAL.c.card_no == card_no)
            .order_by(APPEAL.c.filed_at, APPEAL.c.appeal_no)
        )
    )


def waiting_for(connection: Connection, card_nos: Sequence[str]) -> list[Row]:  # type: ignore[type-arg]
    """The appeals against these cards that wait to be decided."""
    found: list[Row] = []  # type: ignore[type-arg]
    for part in chunks(list(card_nos)):
        found += connection.execute(
            select(APPEAL)
            .where(APPEAL.c.card_no.in_(part), APPEAL.c.state.in_(_WAITING))
            .order_by(APPEAL.c.appeal_no)
        )
    return found


def overdue(connection: Connection, now: int) -> list[Row]:  # type: ignore[type-arg]
    """Appeals that should have been decided before `now` and of which this was not told yet."""
    return list(
        connection.execute(
            select(APPEAL)
            .where(
                APPEAL.c.state.in_(_WAITING),
                APPEAL.c.decide_by < now,
                APPEAL.c.overdue_told_at.is_(None),
            )
            .order_by(APPEAL.c.decide_by, APPEAL.c.appeal_no)
        )
    )


def untold(connection: Connection) -> list[Row]:  # type: ignore[type-arg]
    """Appeals that wait although nobody was asked, in this round, to decide them."""
    asked = case(
        (APPEAL.c.round == 0, "appeal_filed"),
        else_="appeal_referred:" + cast(APPEAL.c.round, String),
    )
    told = select(NOTICE.c.notice_id).where(
        NOTICE.c.subject == "appeal:" + APPEAL.c.appeal_no,
        NOTICE.c.kind == asked,
        NOTICE.c.person_id != APPEAL.c.filed_by,
        NOTICE.c.state != "void",
    )
    return list(
        connection.execute(
            select(APPEAL)
            .where(APPEAL.c.state.in_(_WAITING), ~told.exists())
            .order_by(APPEAL.c.appeal_no)
        )
    )


def listed(
    connection: Connection,
    *,
    states: Sequence[str] | None,
    card_no: str | None,
    department: str | None,
    overdue_at: int | None,
) -> list[Row]:  # type: ignore[type-arg]
    """Appeals with their cards, those to be decided first before the others.

    `states` None: every state; `overdue_at`: only those that should have been decided before.
    """
    conditions: list[ColumnElement[bool]] = []
    if states is not None:
        conditions.append(APPEAL.c.state.in_(list(states)))
    if card_no is not None:
        conditions.append(APPEAL.c.card_no == card_no)
    if department is not None:
        conditions.append(CARD.c.department == department)
    if overdue_at is not None:
        conditions += [APPEAL.c.state.in_(_WAITING), APPEAL.c.decide_by < overdue_at]
    return list(
        connection.execute(
            select(APPEAL, CARD.c.level, CARD.c.case_no, CARD.c.department, CARD.c.calendar)
            .join(CARD, CARD.c.card_no == APPEAL.c.card_no)
            .where(*conditions)
            .order_by(APPEAL.c.decide_by, APPEAL.c.appeal_no)
        )
    )


def add(connection: Connection, **values: object) -> None:
    """Write an appeal that was filed."""
    connection.execute(insert(APPEAL).values(**values))


def change(connection: Connection, appeal_no: str, **values: object) -> None:
    """Set values on an appeal."""
    connection.execute(update(APPEAL).where(APPEAL.c.appeal_no == appeal_no).values(**values))


def happened(
    connection: Connection,
    appeal_no: str,
    kind: str,
    at: int,
    actor: Actor,
    *,
    text: str | None = None,
    evidence: str = "[]",
) -> None:
    """Record what happened to an appeal; `evidence` is JSON of attachments
    (`followup.evidence.model`)."""
    connection.execute(
        insert(ENTRY).values(
            appeal_no=appeal_no,
            kind=kind,
            at=at,
            person=actor.claimed,
            os_user=actor.os_user,
            host=actor.host,
            tty=actor.tty,
            text=text,
            evidence=evidence,
        )
    )


def overdue_untold_after(connection: Connection, after: int) -> None:
    """Forget of those that wait that it was told after an instant that they are overdue."""
    connection.execute(
        update(APPEAL)
        .where(APPEAL.c.state.in_(_WAITING), APPEAL.c.overdue_told_at > after)
        .values(overdue_told_at=None)
    )


def times_overdue(connection: Connection, appeal_no: str) -> int:
    """How often it was told in the present round that an appeal is overdue: more than once only
    where a clock that had run ahead was repaired."""
    kinds = [each.kind for each in entries(connection, appeal_no)]
    since = max((place for place, kind in enumerate(kinds) if kind == "referred"), default=0)
    return kinds[since:].count("overdue")


def entries(connection: Connection, appeal_no: str) -> list[Row]:  # type: ignore[type-arg]
    """What happened to an appeal, oldest first."""
    return list(
        connection.execute(select(ENTRY).where(ENTRY.c.appeal_no == appeal_no).order_by(ENTRY.c.id))
    )


def first_delivered(connection: Connection, card_no: str) -> int | None:
    """When anything about a card was delivered first; None: nothing yet."""
    found = connection.execute(
        select(func.min(NOTICE.c.sent_at)).where(
            NOTICE.c.card_no == card_no, NOTICE.c.sent_at.is_not(None)
        )
    ).scalar_one()
    return None if found is None else int(found)


def counts(connection: Connection) -> dict[str, int]:
    """Number of appeals by state."""
    rows = connection.execute(select(APPEAL.c.state, func.count()).group_by(APPEAL.c.state))
    return {row[0]: row[1] for row in rows}
