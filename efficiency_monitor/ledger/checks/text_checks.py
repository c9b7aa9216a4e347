"""Whether what people wrote and handed in with an act, and who they were, is as the ledger says.

The ledger has a commitment to each text: this is where it is opened. The k-th entry of a kind
about a matter belongs to the k-th such row of it.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Table, select

from ...followup.evidence.model import attachments_of, for_ledger
from ...i18n.messages import t
from ...records.every_table import metadata
from ..model.entries import EntryType, canonical_json, commitment

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Acts:
    """A table of acts: by what it names its matter, and the kind of row of each kind of entry."""

    table: str
    #: Column that names the matter, and the field of the entry that does.
    key: str
    field: str
    kinds: Mapping[EntryType, str]


_ACTS: Final = (
    _Acts(
        "card_entry",
        "card_no",
        "card",
        {
            EntryType.CARD_ISSUED: "issued",
            EntryType.CARD_ACKNOWLEDGED: "acknowledged",
            EntryType.CARD_REPLIED: "replied",
            EntryType.CARD_CONFIRMED: "confirmed",
            EntryType.CARD_CLOSED: "closed",
            EntryType.CARD_LIFTED: "lifted",
        },
    ),
    _Acts(
        "order_entry",
        "order_no",
        "order",
        {
            EntryType.ORDER_OPENED: "opened",
            EntryType.ORDER_REPLIED: "replied",
            EntryType.ORDER_RETURNED: "returned",
            EntryType.ORDER_CLOSED: "closed",
        },
    ),
    _Acts(
        "appeal_entry",
        "appeal_no",
        "appeal",
        {
            EntryType.APPEAL_FILED: "filed",
            EntryType.APPEAL_REFERRED: "referred",
            EntryType.APPEAL_RETURNED: "returned",
            EntryType.APPEAL_UPHELD: "upheld",
            EntryType.APPEAL_SETTLED: "settled",
        },
    ),
    _Acts(
        "account_entry",
        "card_no",
        "card",
        {
            EntryType.ACCOUNTABILITY_VERIFIED: "verified",
            EntryType.ACCOUNTABILITY_MEASURE: "measure",
            EntryType.ACCOUNTABILITY_EXEMPTION_ASKED: "exemption_asked",
            EntryType.ACCOUNTABILITY_EXEMPTED: "exempted",
        },
    ),
    _Acts("disclosure", "seq", "seq", {EntryType.DATA_UNMASKED: ""}),
    _Acts("erasure", "seq", "seq", {EntryType.DATA_ERASED: ""}),
    _Acts("silence", "silence_no", "silence", {EntryType.SILENCE_ADDED: ""}),
)
_BY_KIND: Final[Mapping[EntryType, _Acts]] = {kind: acts for acts in _ACTS for kind in acts.kinds}
#: The text of a row, and of its entry, where it is not `text`.
_REASON: Final = ("disclosure", "erasure", "silence")
_Key = tuple[str, str, str]


@dataclass(slots=True)
class Texts:
    """What the ledger has said so far of acts."""

    #: Salt of a commitment, None where there is none.
    salt_of: Callable[[str], bytes | None]
    #: Of each act its commitment, if it has a text, and a digest of who and of what was handed in.
    said: dict[_Key, list[tuple[str | None, bytes]]] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        """An entry that may be about an act."""
        acts = _BY_KIND.get(entry["type"])
        if acts is None:
            return
        word = "reason" if acts.table in _REASON else "text"
        text = entry.get(word) if acts.kinds[entry["type"]] != "settled" else None
        made = text.get("commitment") if isinstance(text, dict) else None
        key = (acts.table, str(entry[acts.field]), acts.kinds[entry["type"]])
        actor = entry["actor"]
        who = [actor.get(name) for name in ("os_user", "host", "tty")]
        what = entry.get("evidence")
        self.said.setdefault(key, []).append((made, _digest([who, what])))

    def rows(self, connection: Connection, *, masked: bool = False) -> Iterator[str]:
        """What is wrong with the rows; `masked`: texts are not shown to who reads, and not
        compared."""
        for acts in _ACTS:
            yield from self._rows(connection, acts, masked)
        for (table, key, kind), left in self.said.items():
            if left:
                yield _fault(table, key, kind, t("the database has lost it"))

    def _rows(self, connection: Connection, acts: _Acts, masked: bool) -> Iterator[str]:
        table = metadata.tables[acts.table]
        words = set(acts.kinds.values())
        word = "reason" if acts.table in _REASON else "text"
        for row in connection.execute(_all(table)).mappings():
            kind = str(row["kind"]) if "kind" in row else ""
            if kind not in words:
                continue  # of these there is no entry; spans of rows hold them
            key = (acts.table, str(row[acts.key]), kind)
            waiting = self.said.get(key)
            if not waiting:
                yield _fault(*key, t("the ledger does not know it"))
                continue
            made, other = waiting.pop(0)
            if made is not None and not masked and not self._opens(made, row[word]):
                yield _fault(*key, t("its text is not what the ledger says"))
            if "os_user" in row and not _fits(dict(row), other):
                who = t("who did it or what was handed in is another")
                yield _fault(*key, who)

    def _opens(self, made: str, text: object) -> bool:
        salt = self.salt_of(made)
        return salt is not None and isinstance(text, str) and commitment(salt, text) == made


def _all(table: Table) -> Any:
    return select(table).order_by(*table.primary_key)


def _fits(row: Mapping[str, Any], said: bytes) -> bool:
    who = [row[name] for name in ("os_user", "host", "tty")]
    try:
        what = for_ledger(attachments_of(row["evidence"])) if "evidence" in row else []
    except (TypeError, ValueError):
        return False
    # An entry says nothing of what was handed in where nothing can be, or another entry says it.
    return said in (_digest([who, what]), _digest([who, None]))


def _digest(value: object) -> bytes:
    try:
        return hashlib.sha256(canonical_json(value)).digest()
    except (TypeError, ValueError):
        return b""


def _fault(table: str, key: str, kind: str, what: str) -> str:
    named = f"{table} {key} {kind}".rstrip()
    return t("{named}: {what}", named=named, what=what)
