"""Whether rows that change with each act stand as the newest entry about them says.

Orders, appeals, alarms, silences, keys, imports, pulls, and what a card says from its issue on.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection

from ...i18n.messages import t
from ..model.entries import EntryType, commitment
from ..model.row_digests import row_digest
from ..store import held_rows
from ..store.held_rows import Standing

_BY_KIND: Final[Mapping[EntryType, Standing]] = {
    kind: held for held in held_rows.STANDING.values() for kind in held.kinds
}
Entry = Mapping[str, Any]


@dataclass(slots=True)
class StandingRows:
    """What the ledger has said last of each row."""

    #: Salt of a commitment, None where there is none.
    salt_of: Callable[[str], bytes | None]
    #: By table and key: 32 bytes; empty where an earlier release's entry said nothing.
    last: dict[str, dict[str, bytes]] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        """An entry that may be about such a row."""
        held = _BY_KIND.get(entry["type"])
        if held is None or held.field not in entry:
            return
        known = self.last.setdefault(held.name, {})
        made = entry.get("row", {}).get("commitment", "")
        known[entry[held.field]] = bytes.fromhex(made)

    def rows(self, connection: Connection, *, masked: bool = False) -> Iterator[str]:
        """What is wrong with the rows; `masked`: it is only said which are lost or put in."""
        for name, held in held_rows.STANDING.items():
            known = self.last.get(name, {})
            seen = set()
            for row in held_rows.standing(connection, held):
                key = str(row[held.key])
                seen.add(key)
                if key not in known:
                    if self._owes(name, row):
                        yield _said(name, key, t("the ledger does not know it"))
                elif known[key] and not masked and not self._as_said(held, row, known[key].hex()):
                    other = t("it is not what the newest entry about it says")
                    yield _said(name, key, other)
            if name != "card":
                for key in sorted(known.keys() - seen):
                    yield _said(name, key, t("the database has lost it"))

    def _owes(self, table: str, row: Mapping[str, Any]) -> bool:
        """Whether a row without an entry is none of ours."""
        if table == "card":
            return False  # `lift_checks` knows every card
        if table == "feed_run":  # of an import by hand there is that of the import
            return row["state"] == "done" and row["id"] not in self.last.get("import_run", {})
        return True

    def _as_said(self, held: Standing, row: dict[str, Any], made: str) -> bool:
        try:
            salt = bytes.fromhex(row.pop("salt")) if held.name == "card" else self.salt_of(made)
            return salt is not None and commitment(salt, row_digest(row)) == made
        except (TypeError, ValueError):
            return False


def _said(table: str, key: object, fault: str) -> str:
    return t("table {table}, {key!a}: {fault}", table=table, key=key, fault=fault)
