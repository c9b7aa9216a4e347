"""What an entry says of a notice that was sent, and whether notices stand as their entries say.

Who was told, of what and of which card is held from the day a notice is written (`row_checks`);
how, when and at which address from when it was sent. What may still change is held by nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, select

from ...i18n.messages import t
from ...records.matter_tables import NoticeRow
from ...records.personal_tables import ErasedPersonRow
from ...terms import NoticeState
from ...workspace.context import Context
from ...workspace.required_texts import text_commitment
from ..model.entries import EntryType, commitment
from ..model.row_digests import row_digest

NOTICE = NoticeRow.__table__  # type: ignore[attr-defined]
ERASED = ErasedPersonRow.__table__  # type: ignore[attr-defined]
#: What is final once a notice was sent.
_SENT: Final = (
    "about", "channel", "created_at", "language", "message_id", "role", "sent_at",
)  # fmt: skip
_NAMED: Final = {"subject": "subject", "card": "card_no", "kind": "kind", "person": "person_id"}
_KINDS: Final = (
    EntryType.NOTICE_SENT,
    EntryType.NOTICE_DEAD,
    EntryType.NOTICE_VOID,
    EntryType.NOTICE_RETRIED,
)
Entry = Mapping[str, Any]


def as_sent(
    context: Context, connection: Connection, rows: Sequence[Any]
) -> dict[str, dict[str, object]]:
    """By notice, what its entry says more than of others; in the transaction that marks it sent.

    One commitment an address: those of one message go to the same one.
    """
    addresses: dict[str, dict[str, str]] = {}
    found: dict[str, dict[str, object]] = {}
    for row in rows:
        if row.address not in addresses:
            addresses[row.address] = text_commitment(context, connection, row.address)
        said = {name: getattr(row, name) for name in _SENT}
        found[row.notice_id] = {
            "row": {"sha256": row_digest(said)},
            "address": addresses[row.address],
        }
    return found


@dataclass(slots=True)
class _Known:
    """What the ledger has said last of a notice."""

    kind: str = ""
    was_void: bool = False
    named: tuple[Any, ...] = ()
    row: str | None = None
    address: str | None = None


@dataclass(slots=True)
class Notices:
    """What the ledger has said so far of notices."""

    #: Salt of a commitment, None where there is none.
    salt_of: Callable[[str], bytes | None]
    known: dict[str, _Known] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        """An entry that may be about a notice."""
        if entry["type"] not in _KINDS:
            return
        known = self.known.setdefault(entry["notice"], _Known())
        known.kind = entry["type"]
        known.was_void |= known.kind == EntryType.NOTICE_VOID
        known.named = tuple(entry.get(name) for name in _NAMED)
        if known.kind == EntryType.NOTICE_SENT:
            known.row = entry.get("row", {}).get("sha256")
            known.address = entry.get("address", {}).get("commitment")

    def rows(self, connection: Connection, *, masked: bool = False) -> Iterator[str]:
        """What is wrong with the rows; `masked`: addresses are not shown, and not compared."""
        erased = set(connection.execute(select(ERASED.c.person_id)).scalars())
        statement = select(NOTICE).order_by(NOTICE.c.notice_id)
        for row in connection.execute(statement.execution_options(stream_results=True)).mappings():
            known = self.known.pop(row["notice_id"], None) or _Known()
            for fault in self._of(
                dict(row), known, masked=masked, erased=row["person_id"] in erased
            ):
                yield _said(row["notice_id"], fault)
        for notice in sorted(self.known):
            yield _said(notice, t("the database has lost it"))

    def _of(
        self, row: Mapping[str, Any], known: _Known, *, masked: bool, erased: bool
    ) -> Iterator[str]:
        if not _may_be(row["state"], known):
            yield t("its state is not what the ledger says")
        if known.kind and known.named != tuple(row[name] for name in _NAMED.values()):
            yield t("it tells another person, or of another matter")
        if known.kind != EntryType.NOTICE_SENT:
            return
        try:
            made = row_digest({name: row[name] for name in _SENT})
        except (TypeError, ValueError):
            made = ""
        if known.row is not None and made != known.row:
            yield t(
                "when, by which channel or in which words it was sent is not what the ledger says"
            )
        if known.address is None or masked or (erased and row["address"] == ""):
            return
        salt = self.salt_of(known.address)
        text = row["address"]
        if salt is None or not isinstance(text, str) or commitment(salt, text) != known.address:
            yield t("it was sent to another address, says the ledger")


def _may_be(state: str, known: _Known) -> bool:
    """Whether a notice may be in a state after these entries.

    One that was void is delivered after all where its matter comes up again; a second time void
    has no entry of its own.
    """
    if known.kind == EntryType.NOTICE_SENT or state == NoticeState.SENT:
        return known.kind == EntryType.NOTICE_SENT and state == NoticeState.SENT
    if state == NoticeState.VOID:
        return known.was_void
    if state == NoticeState.DEAD:
        return known.kind == EntryType.NOTICE_DEAD
    return state == NoticeState.PENDING and known.kind != EntryType.NOTICE_DEAD


def _said(notice: str, fault: str) -> str:
    return t("notice {notice}: {fault}", notice=notice, fault=fault)
