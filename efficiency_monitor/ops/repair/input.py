"""Setting input aside 剔除 that no import holds (docs/contract.md 11).

Rows that somebody put in past effmon make their cases not judgeable, scan after scan. A supervisor
sets them aside: they are kept as they stood, with an entry, and count for nothing.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from ...faults import ConfigurationError
from ...i18n.messages import t
from ...intake.store import cases, set_aside
from ...ledger.checks.strange_rows import Strange, strange_rows
from ...ledger.model.entries import EntryType
from ...ledger.store import ledger
from ...notify.notices import people
from ...people.acting import acting
from ...people.model.authority import Act
from ...people.model.people import Role
from ...records import rights
from ...records.set_aside_table import HOLDS
from ...workspace.context import Context, compact_json
from ...workspace.required_texts import require_text, text_commitment
from ...workspace.transaction import transaction


@dataclass(slots=True)
class SetAside:
    """What was set aside."""

    #: How many rows of each table.
    rows: dict[str, int]
    #: Numbers of the cases that they were about.
    cases: list[str] = field(default_factory=list)
    #: Tables and imports that have other rows than their entries say, and that this cannot mend.
    left: list[tuple[str, str]] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """For the command line."""
        return {
            "rows": self.rows,
            "cases": self.cases,
            "left": [{"table": table, "import": import_id} for table, import_id in self.left],
        }


def repair(context: Context, text: str | None, *, dry_run: bool = False) -> SetAside:
    """Set aside every row of input that no import holds; the next scan judges their cases.

    `dry_run`: what it would be; nothing is written. ConfigurationError where there is none;
    NotAllowed where the person may not: who supervises, where anybody does.
    """
    why = require_text(text, t("reason for the repair"))
    with transaction(context, dry_run=dry_run) as connection:
        if not rights.may_delete(connection, "event"):
            raise ConfigurationError(
                t("this database role may take no row out"),
                t("let the owner of the tables give the command: docs/postgresql.md"),
            )
        if any(row.role is Role.SUPERVISOR for row in people(connection)):
            acting(context, connection, Act.REPAIR_INPUT, None)
        strange = strange_rows(connection)
        _leave(connection, strange)
        if not strange.numbers:
            raise ConfigurationError(
                t("there is no row that no import holds"),
                t(
                    "what an import lacks comes back by importing its files again or from a "
                    "backup: effmon ledger verify"
                )
                if strange.left
                else t("effmon ledger verify says what is"),
            )
        done = SetAside(
            rows={name: len(numbers) for name, numbers in strange.numbers.items()},
            left=strange.left,
        )
        _write(context, connection, strange, done, why)
    return done


def _leave(connection: Connection, strange: Strange) -> None:
    """Leave what rows of imports, cards or decisions name."""
    named = set_aside.still_named(connection, strange.numbers)
    if named:
        _keep(strange, "event", named)
    needed = set_aside.still_needed(connection, strange.numbers)
    if needed:
        _keep(strange, "case_file", needed)


def _keep(strange: Strange, table: str, kept: set[int]) -> None:
    strange.left.append((table, ""))
    rest = [number for number in strange.numbers[table] if number not in kept]
    if rest:
        strange.numbers[table] = rest
    else:
        del strange.numbers[table]


def _write(
    context: Context, connection: Connection, strange: Strange, done: SetAside, why: str
) -> None:
    """Entry and rows, in the transaction that takes them out."""
    numbers = strange.numbers
    rows = {name: list(set_aside.rows_of(connection, name, numbers[name])) for name in numbers}
    codes = [str(row["item_code"]) for row in rows.get("item_fact", ())]
    about = set_aside.cases_of(connection, numbers) | set_aside.with_items(connection, codes)
    done.cases = sorted(about.values())
    fact = f"{EntryType.INPUT_SET_ASIDE}/{len(set_aside.listed(connection)) + 1}"
    content = {
        "rows": numbers,
        "content": text_commitment(context, connection, _plain(rows)),
        "person": context.person,
        "text": text_commitment(context, connection, why),
    }
    ledger.append(connection, [context.entry(EntryType.INPUT_SET_ASIDE, fact, content)])
    who = context.actor
    kept = [
        {
            "table_name": name,
            "number": row[HOLDS[name]],
            "content": _plain(row),
            "at": context.now(),
            "entry": fact,
            "person": who.claimed,
            "os_user": who.os_user,
            "host": who.host,
            "tty": who.tty,
            "text": why,
        }
        for name in set_aside.ORDER
        for row in rows.get(name, ())
    ]
    set_aside.take_out(connection, kept, numbers)
    cases.mark(connection, about)


def _plain(value: Any) -> str:
    """JSON of rows as they stand; what is no JSON as text."""
    return compact_json(json.loads(json.dumps(value, default=str)))
