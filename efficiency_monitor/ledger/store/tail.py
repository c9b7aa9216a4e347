"""Is the ledger's end what its head says: looked at before every writing transaction.

Nothing is judged, sent or decided that could not be recorded. The whole is verified by
`ledger verify`; this is the part of it that costs a few rows, whatever the ledger's size.
"""

from typing import NoReturn

from sqlalchemy import Connection, select, text

from ...faults import EffmonError
from ...i18n.messages import t
from ...records.tables import LedgerHead
from ..model import entries as core

_HEAD = LedgerHead.__table__  # type: ignore[attr-defined]
#: Without the columns' types: somebody who tampers need not keep to them.
_LAST = text("SELECT seq, body, sha256, sm3 FROM ledger_entry ORDER BY seq DESC LIMIT :most")
#: A larger subtree at the right edge is not computed again; its last entry is.
_MOST = 64


class LedgerBroken(EffmonError):
    """The ledger's last rows are not those of its head; nothing may be written after them."""

    exit_code = 70


def ensure_whole(connection: Connection) -> None:
    """LedgerBroken where the head and the last rows contradict each other.

    Compared are the size, the leaves of the last rows, and with them the last node of both right
    edges where it stands for at most 64 entries.
    """
    row = connection.execute(select(_HEAD).where(_HEAD.c.id == 1)).first()
    try:
        head = (
            core.EMPTY if row is None else core.head_of(row.size, row.sha256_stack, row.sm3_stack)
        )
    except (TypeError, ValueError):
        _broken(t("its head cannot be read"))
    span = head.size & -head.size or 1
    most = span if span <= _MOST else 1
    rows = connection.execute(_LAST, {"most": most}).all()[::-1]
    if [each.seq for each in rows] != list(range(max(1, head.size - most + 1), head.size + 1)):
        _broken(t("its head has {size} entries", size=head.size))
    for each in rows:
        leaf = core.leaf_of(_bytes(each.body))
        if each.sha256 != leaf.sha256 or each.sm3 != leaf.sm3:
            _broken(t("entry {seq} was changed", seq=each.seq))
    if head.size and most == span:
        edge, _ = core.append_many(core.EMPTY, (_bytes(each.body) for each in rows))
        if (
            edge.sha256_stack[-1] != head.sha256_stack[-1]
            or edge.sm3_stack[-1] != head.sm3_stack[-1]
        ):
            _broken(t("its head is of other entries", size=head.size))


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


def _broken(why: str) -> NoReturn:
    raise LedgerBroken(
        t("the ledger is damaged ({why}); nothing was written", why=why),
        t("run: effmon ledger verify; then restore a backup: docs/operation.md"),
    )
