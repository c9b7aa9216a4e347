"""Whether everything outside of the ledger that its entries hold is as they say (docs/audit.md).

The ledger is what is trusted; its trees are checked apart. Its entries pass by once, then each
table once: memory grows with the number of cards, notices and acts, not with what they say.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection

from ...followup.accountability.checks import Accounts
from ...i18n.messages import t
from ...people.store import text_salts
from ..store import held_rows, ledger
from . import ledger_facts
from .import_checks import Imports
from .input_checks import Inputs
from .notice_checks import Notices
from .person_checks import Persons
from .row_checks import Rows
from .standing_checks import StandingRows
from .state_checks import States
from .text_checks import Texts


def check(connection: Connection, *, masked: bool = False) -> list[str]:
    """What is wrong, one line each; empty if nothing is.

    `masked`: whoever reads is not shown personal columns; what needs them is left out, and
    `not_checked` says so.
    """

    def salt_of(commitment: str) -> bytes | None:
        return text_salts.find(connection, commitment)

    known = (
        Inputs(),
        Imports(salt_of),
        Rows(salt_of),
        StandingRows(salt_of),
        States(),
        Texts(salt_of),
        Accounts(),
        Notices(salt_of),
        Persons(salt_of),
    )
    found = []
    for entry in _entries(connection):
        try:
            for each in known:
                each.take(entry)
        except (ValueError, KeyError, TypeError, AttributeError):
            number = entry.get("seq")
            found.append(t("entry {number} of the ledger cannot be read", number=number))
    for each in known:
        found += each.rows(connection, masked=masked)
    return found


def not_checked(*, masked: bool) -> list[str]:
    """What `check` leaves out for a role that is not shown personal columns."""
    if not masked:
        return []
    tables = sorted(
        {*held_rows.INPUT, *held_rows.APPENDED, *held_rows.STANDING, "notice", "person"}
    )
    return [
        t(
            "not checked, for this role is shown neither personal data nor salts: what rows say "
            "in {tables} (only that they are there), and the events that cards rest on",
            tables=", ".join(tables),
            tables_2="、".join(tables),
        )
    ]


def misnamed(connection: Connection) -> int | None:
    """Number of the first entry that is filed under another key than its own; None: there is
    none."""
    for seq, fact, body in ledger.named(connection):
        with suppress(ValueError, KeyError, TypeError):  # what cannot be read its leaves tell of
            if not ledger_facts.fits(fact, json.loads(body)):
                return seq
    return None


def _entries(connection: Connection) -> Iterator[Mapping[str, Any]]:
    """The entries as they stand, without those that cannot be read: the trees tell of them."""
    for body in ledger.bodies(connection):
        with suppress(ValueError, RecursionError):
            entry = json.loads(body)
            if isinstance(entry, dict) and isinstance(entry.get("type"), str):
                yield entry
