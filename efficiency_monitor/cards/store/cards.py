"""Cards and what happened to them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from sqlalchemy import ColumnElement, Connection, bindparam, func, insert, select, update
from sqlalchemy.engine import Row

from ...intake.store.cases import chunks
from ...people.model.actor import Actor
from ...records.matter_tables import LadderRun
from ...records.tables import CardEntry, CardRow
from ...records.tally_tables import TallyTouch
from ...terms import MANUAL_RULE, STANDING_STATES, CardState, Level, LiftReason
from ..model.decide import Card

CARD = CardRow.__table__  # type: ignore[attr-defined]
ENTRY = CardEntry.__table__  # type: ignore[attr-defined]
LADDER = LadderRun.__table__  # type: ignore[attr-defined]
TOUCH = TallyTouch.__table__  # type: ignore[attr-defined]
#: After these a card counts in tallies that it did not count in, or the reverse.
_COUNTED_OTHERWISE = ("lifted", "confirmed")
_DAY = 86_400


def of_cases(
    connection: Connection, case_ids: Sequence[int], known_by: int | None = None
) -> dict[int, list[Card]]:
    """All cards of these cases, lifted ones too, as `cards.model.decide.decide` wants them.

    Those that were given by `known_by` (default: ever). One that was lifted or closed after it was
    open then, as far as is asked here: whether evidence would have taken it away.
    """
    cards: dict[int, list[Card]] = {}
    for part in chunks(sorted(case_ids)):
        asked = select(CARD).where(CARD.c.case_id.in_(part)).order_by(CARD.c.card_no)
        if known_by is not None:
            asked = asked.where(CARD.c.issued_at <= known_by)
        for row in connection.execute(asked):
            cards.setdefault(row.case_id, []).append(_card(row))
    return cards if known_by is None else _as_known(connection, cards, known_by)


def _as_known(
    connection: Connection, known: dict[int, list[Card]], known_by: int
) -> dict[int, list[Card]]:
    over = {str(CardState.LIFTED), str(CardState.CLOSED)}
    numbers = [each.card_no for some in known.values() for each in some if each.state in over]
    since: set[str] = set()
    for part in chunks(numbers):
        statement = select(ENTRY.c.card_no).where(
            ENTRY.c.card_no.in_(part), ENTRY.c.kind.in_(sorted(over)), ENTRY.c.at > known_by
        )
        since.update(connection.execute(statement).scalars())
    return {
        case_id: [
            replace(each, state=CardState.OPEN, lifted_reason=None)
            if each.card_no in since
            else each
            for each in some
        ]
        for case_id, some in known.items()
    }


def of_subject(connection: Connection, subject: str) -> list[Card]:
    """All cards of a subject, a case's or another one's, lifted ones too."""
    asked = select(CARD).where(CARD.c.subject == subject).order_by(CARD.c.card_no)
    return [_card(row) for row in connection.execute(asked)]


def of_window(
    connection: Connection, rule_id: str, window: str
) -> dict[str, tuple[dict[str, object], list[Card]]]:
    """The cards of a tally's window by their subject, each with the row of the last one."""
    found: dict[str, tuple[dict[str, object], list[Card]]] = {}
    asked = select(CARD).where(
        CARD.c.case_id.is_(None), CARD.c.rule_id == rule_id, CARD.c.episode == window
    )
    for row in connection.execute(asked.order_by(CARD.c.subject, CARD.c.card_no)):
        known = found.get(row.subject, ({}, []))[1]
        found[row.subject] = (dict(row._mapping), [*known, _card(row)])
    return found


def newest_of_window(connection: Connection, rule_id: str, window: str) -> int:
    """The latest instant as of which a card of a tally's window was given; 0 where none was."""
    newest = select(func.max(CARD.c.as_of)).where(
        CARD.c.case_id.is_(None), CARD.c.rule_id == rule_id, CARD.c.episode == window
    )
    return int(connection.execute(newest).scalar() or 0)


def _card(row: Row) -> Card:  # type: ignore[type-arg]
    return Card(
        card_no=row.card_no,
        rule_id=row.rule_id,
        rule_digest=row.rule_digest,
        episode=row.episode,
        level=Level(row.level),
        issue_no=row.issue_no,
        state=CardState(row.state),
        state_before=CardState(row.state_before) if row.state_before else None,
        calendar_version=row.stood_under,
        lifted_reason=LiftReason(row.lifted_reason) if row.lifted_reason else None,
    )


def touch(connection: Connection, stretches: Iterable[tuple[str, int, int | None]]) -> None:
    """Remember that something of these stretches of time is known otherwise now.

    Each is `case`, `card` or `event`, its first instant and its last one (None: up to now; of a
    card that counts otherwise itself: that instant alone).
    """
    rows = [
        {"what": what, "since": since, "until": until}
        for what, since, until in sorted(set(stretches), key=str)
    ]
    if rows:
        connection.execute(insert(TOUCH), rows)


def _counts_otherwise(connection: Connection, instants: Iterable[int]) -> None:
    """Cards that fell due then count otherwise: tallies look at these days again."""
    days: dict[int, set[int]] = {}
    for instant in instants:
        days.setdefault(instant // _DAY, set()).add(instant)
    # A day of UTC: a window of the workspace's zone may begin in the middle of it.
    touch(connection, [("card", min(each), max(each)) for each in days.values()])


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that happens to a card: an entry and, with it, new values of the card's row."""

    card_no: str
    kind: str
    at: int
    actor: Actor
    text: str | None = None
    #: JSON of the attachments (`followup.evidence.model`).
    evidence: str = "[]"
    values: Mapping[str, object]


def salts_of(connection: Connection, card_nos: Sequence[str]) -> dict[str, bytes]:
    """The salts of cards, under which the ledger has commitments to the persons they name."""
    found: dict[str, bytes] = {}
    for part in chunks(list(card_nos)):
        rows = connection.execute(
            select(CARD.c.card_no, CARD.c.salt).where(
                CARD.c.card_no.in_(part), CARD.c.salt.is_not(None)
            )
        )
        found |= {row.card_no: bytes.fromhex(row.salt) for row in rows}
    return found


def _who(actor: Actor) -> dict[str, object]:
    return {
        "person": actor.claimed,
        "os_user": actor.os_user,
        "host": actor.host,
        "tty": actor.tty,
    }


def issue(
    connection: Connection,
    rows: Sequence[Mapping[str, object]],
    actor: Actor,
    *,
    text: str | None = None,
    evidence: str = "[]",
) -> None:
    """Insert cards under their unique key, each with its first entry.

    `text` says why a person gave them, `evidence` is the JSON of the attachments.
    """
    if not rows:
        return
    connection.execute(insert(CARD), [dict(row) for row in rows])
    _counts_otherwise(
        connection,
        [int(str(row["fell_due_at"])) for row in rows if row["case_id"] is not None],
    )
    connection.execute(
        insert(ENTRY),
        [
            {
                "card_no": row["card_no"],
                "kind": "issued",
                "at": row["issued_at"],
                "text": text,
                "evidence": evidence,
                **_who(actor),
            }
            for row in rows
        ],
    )


def happen(connection: Connection, happenings: Sequence[Happening]) -> None:
    """Record what happened and bring the cards' rows up to it."""
    if not happenings:
        return
    connection.execute(
        insert(ENTRY),
        [
            {
                "card_no": happening.card_no,
                "kind": happening.kind,
                "at": happening.at,
                "text": happening.text,
                "evidence": happening.evidence,
                **_who(happening.actor),
            }
            for happening in happenings
        ],
    )
    otherwise = [each.card_no for each in happenings if each.kind in _COUNTED_OTHERWISE]
    for some in chunks(otherwise):
        instants = connection.execute(
            select(CARD.c.fell_due_at).where(CARD.c.card_no.in_(some), CARD.c.case_id.is_not(None))
        ).scalars()
        _counts_otherwise(connection, list(instants))
    # One statement for all that set the same columns; what happens to one card stays in order.
    for names, part in groupby(happenings, key=lambda happening: tuple(sorted(happening.values))):
        if names:
            connection.execute(
                update(CARD)
                .where(CARD.c.card_no == bindparam("b_card_no"))
                .values({name: bindparam(f"b_{name}") for name in names}),
                [
                    {"b_card_no": happening.card_no}
                    | {f"b_{name}": value for name, value in happening.values.items()}
                    for happening in part
                ],
            )


def stood_under(connection: Connection, card_nos: Sequence[str], calendar_version: str) -> None:
    """Remember that cards were judged under a calendar version and stand."""
    for part in chunks(card_nos):
        connection.execute(
            update(CARD).where(CARD.c.card_no.in_(part)).values(stood_under=calendar_version)
        )


def judged_after(connection: Connection, after: int) -> list[str]:
    """Cards that a scan gave as of an instant later than this one and that were not lifted.

    Lowest level first, so that none stands again for a moment while those above it are lifted.
    """
    statement = select(CARD.c.card_no).where(
        CARD.c.as_of > after, CARD.c.state != str(CardState.LIFTED), CARD.c.rule_id != MANUAL_RULE
    )
    return list(connection.execute(statement.order_by(CARD.c.level, CARD.c.card_no)).scalars())


def cases_of(connection: Connection, card_nos: Sequence[str]) -> set[int]:
    """Ids of the cases to which these cards were given."""
    return {
        case_id
        for part in chunks(list(card_nos))
        for case_id in connection.execute(
            select(CARD.c.case_id).where(CARD.c.card_no.in_(part), CARD.c.case_id.is_not(None))
        ).scalars()
    }


def find(connection: Connection, card_no: str) -> Row | None:  # type: ignore[type-arg]
    """One card, or None."""
    return connection.execute(select(CARD).where(CARD.c.card_no == card_no)).first()


def rows_of(connection: Connection, card_nos: Sequence[str]) -> list[dict[str, object]]:
    """The rows of these cards, by number."""
    found: list[dict[str, object]] = []
    for part in chunks(sorted(card_nos)):
        rows = connection.execute(
            select(CARD).where(CARD.c.card_no.in_(part)).order_by(CARD.c.card_no)
        )
        found += [dict(row._mapping) for row in rows]
    return found


def manual_of(connection: Connection, case_id: int) -> list[Row]:  # type: ignore[type-arg]
    """The cards that a case was given by hand, lifted and closed ones too, oldest first."""
    return list(
        connection.execute(
            select(CARD)
            .where(CARD.c.case_id == case_id, CARD.c.rule_id == MANUAL_RULE)
            .order_by(CARD.c.issued_at, CARD.c.card_no)
        )
    )


def stands_instead(connection: Connection, row: Row) -> Row | None:  # type: ignore[type-arg]
    """The card of the same clock that stands in the place of a superseded one."""
    return connection.execute(
        select(CARD)
        .where(
            CARD.c.subject == row.subject,
            CARD.c.rule_id == row.rule_id,
            CARD.c.episode == row.episode,
            CARD.c.level > row.level,
            CARD.c.state.in_([str(state) for state in (*STANDING_STATES, CardState.CLOSED)]),
        )
        .order_by(CARD.c.level.desc())
        .limit(1)
    ).first()


def reply_deadline(connection: Connection, card_no: str) -> int | None:
    """Instant by which the card is to be answered; None while nobody was delivered its notice."""
    return connection.execute(
        select(LADDER.c.reply_due_at).where(LADDER.c.card_no == card_no)
    ).scalar()


def entries(connection: Connection, card_no: str) -> list[Row]:  # type: ignore[type-arg]
    """What happened to a card, oldest first."""
    return list(
        connection.execute(select(ENTRY).where(ENTRY.c.card_no == card_no).order_by(ENTRY.c.id))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CardQuery:
    """Which cards are asked for; `state` open means every state before closed (contract.md 4)."""

    level: Level | None = None
    state: str | None = "open"
    department: str | None = None
    case_no: str | None = None
    rule: str | None = None


def listed(connection: Connection, query: CardQuery) -> list[Row]:  # type: ignore[type-arg]
    """Cards, worst first, then the longest overdue."""
    conditions: list[ColumnElement[bool]] = []
    if query.level is not None:
        conditions.append(CARD.c.level == int(query.level))
    if query.state == "open":
        conditions.append(CARD.c.state.in_([str(state) for state in STANDING_STATES]))
    elif query.state not in (None, "all"):
        conditions.append(CARD.c.state == query.state)
    for column, value in (
        (CARD.c.department, query.department),
        (CARD.c.case_no, query.case_no),
        (CARD.c.rule_id, query.rule),
    ):
        if value is not None:
            conditions.append(column == value)
    statement = select(CARD).where(*conditions)
    return list(
        connection.execute(
            statement.order_by(CARD.c.level.desc(), CARD.c.fell_due_at, CARD.c.card_no)
        )
    )


def historical_since(connection: Connection, since: int | None) -> int:
    """How many historical cards fell due at an instant or after it; None: all."""
    wanted = select(func.count()).where(CARD.c.state == str(CardState.HISTORICAL))
    if since is not None:
        wanted = wanted.where(CARD.c.fell_due_at >= since)
    return connection.execute(wanted).scalar_one()


def counts(connection: Connection) -> dict[tuple[int, str], int]:
    """Number of cards by level and state."""
    rows = connection.execute(
        select(CARD.c.level, CARD.c.state, func.count()).group_by(CARD.c.level, CARD.c.state)
    )
    return {(row[0], row[1]): row[2] for row in rows}
