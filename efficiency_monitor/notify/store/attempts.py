"""Attempts to send a message: written before it leaves, so that no stop forgets one."""

from sqlalchemy import Connection, Row, insert, select, update

from ...records.matter_tables import AttemptRow

ATTEMPT = AttemptRow.__table__  # type: ignore[attr-defined]


def begin(
    connection: Connection,
    *,
    message_id: str,
    channel: str,
    counted_as: str,
    notices: int,
    now: int,
) -> int:
    """Note that a message is about to be sent; the attempt's number."""
    key = connection.execute(
        insert(ATTEMPT).values(
            message_id=message_id,
            channel=channel,
            counted_as=counted_as,
            at=now,
            result="begun",
            notices=notices,
        )
    ).inserted_primary_key
    assert key is not None
    return int(key[0])


def end(connection: Connection, number: int, *, result: str, detail: str, now: int) -> None:
    """Note how an attempt ended, and when."""
    connection.execute(
        update(ATTEMPT).where(ATTEMPT.c.id == number).values(result=result, detail=detail, at=now)
    )


def begun(connection: Connection) -> list[Row]:  # type: ignore[type-arg]
    """Attempts of which nobody noted how they ended, oldest first: `id`, `message_id`."""
    return list(
        connection.execute(
            select(ATTEMPT.c.id, ATTEMPT.c.message_id)
            .where(ATTEMPT.c.result == "begun")
            .order_by(ATTEMPT.c.id)
        )
    )


def give_up(connection: Connection, number: int) -> None:
    """Note that nobody will learn how an attempt ended; its instant stays that of its begin."""
    connection.execute(
        update(ATTEMPT)
        .where(ATTEMPT.c.id == number)
        .values(result="unknown", detail="stopped before the answer was noted")
    )


def since(connection: Connection, counted_as: str, first: int, last: int) -> list[int]:
    """Instants of the attempts that count for a receiver, from `first` to `last`, in order."""
    return [
        row.at
        for row in connection.execute(
            select(ATTEMPT.c.at)
            .where(ATTEMPT.c.counted_as == counted_as, ATTEMPT.c.at.between(first, last))
            .order_by(ATTEMPT.c.at, ATTEMPT.c.id)
        )
    ]


def failures(connection: Connection, counted_as: str, most: int) -> int:
    """How many of the newest attempts at a receiver failed one after another, up to `most`."""
    newest = connection.execute(
        select(ATTEMPT.c.result)
        .where(ATTEMPT.c.counted_as == counted_as)
        .order_by(ATTEMPT.c.id.desc())
        .limit(most)
    )
    number = 0
    for row in newest:
        if row.result == "sent":
            break
        number += 1
    return number
