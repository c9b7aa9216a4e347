"""Where a notice goes that waits, after the people file has changed: never to an address of before.

A message to an address that somebody has corrected would count as delivered, and deadlines would
run from it.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from ..people.model.people import Person
from ..terms import NoticeState
from .store import outbox


def where_now(connection: Connection, row: Any, everybody: Sequence[Person]) -> tuple[str, str]:
    """Channel and address at which the person of a notice is told now.

    As the notice says where that is still one of theirs, and for who is not known any more. A
    channel that the person has left is followed by the one they have, unless the same was written
    for that one too.
    """
    rows = [person for person in everybody if person.person_id == row.person_id]
    same = [person for person in rows if person.channel == row.channel]
    if not rows or any(person.address == row.address for person in same):
        return row.channel, row.address
    if same:
        return same[0].channel, same[0].address
    for person in rows:
        if not outbox.written(connection, row, person.channel):
            return person.channel, person.address
    return row.channel, row.address


def readdress(connection: Connection, everybody: Sequence[Person]) -> int:
    """Let pending notices go where their persons are told now; how many changed."""
    changed = 0
    for row in outbox.listed(connection, str(NoticeState.PENDING)):
        channel, address = where_now(connection, row, everybody)
        if (channel, address) != (row.channel, row.address):
            outbox.mark(connection, [row.notice_id], channel=channel, address=address)
            changed += 1
    return changed
