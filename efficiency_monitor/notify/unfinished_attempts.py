"""Messages that left although nobody could note how it ended: on record before any other leaves.

A process that dies on the way, or a disk that is full just then, leaves an attempt without an end.
Its notices will leave again. The entry that says so takes as much room as the mark that is missing:
where the one cannot be written the other could not be either, and nothing leaves until it can.
"""

from ..ledger.model.entries import EntryType
from ..ledger.store import ledger
from ..workspace.context import Context, Writing
from .store import attempts, outbox
from .voiding import told_of


def recover_unfinished_attempts(context: Context, writing: Writing) -> int:
    """Put on record what may have arrived; how many notices. Raises what the database refuses.

    Called by the one process that delivers: nobody else has a message on its way.
    """
    with context.store.reading() as connection:
        if not attempts.begun(connection):
            return 0
    number = 0
    with writing() as connection:
        for attempt in attempts.begun(connection):
            rows = outbox.in_message(connection, attempt.message_id)
            ledger.append(
                connection,
                [
                    context.entry(
                        EntryType.NOTICE_UNCERTAIN,
                        f"{EntryType.NOTICE_UNCERTAIN}/{row.notice_id}/{attempt.id}",
                        {**told_of(row), "message": attempt.message_id},
                    )
                    for row in rows
                ],
            )
            attempts.give_up(connection, attempt.id)
            number += len(rows)
    return number
