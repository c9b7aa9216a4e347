"""A transaction that may be a rehearsal: all of it is done, and then undone."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from .context import Context


class _Undone(Exception):
    """Ends a rehearsal."""


@contextmanager
def transaction(context: Context, *, dry_run: bool) -> Iterator[Connection]:
    """As `Store.writing`; with `dry_run` nothing of it is written.

    What a rehearsal shows is what would happen, because it did: refusals too.
    """
    try:
        with context.store.writing() as connection:
            yield connection
            if dry_run:
                raise _Undone
    except _Undone:
        pass
