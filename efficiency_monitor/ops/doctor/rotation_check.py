"""What the doctor says of the rotation: whether a share of the cases is judged anew each night."""

import json
from collections.abc import Iterator
from typing import Final

from ...i18n.messages import t
from ...ledger.model.entries import EntryType
from ...ledger.store import ledger
from ...time.instants import parse_instant, rfc3339
from ...workspace.context import Context, meta

#: Seconds without a share of which the doctor speaks, where scans were made meanwhile.
_MISSED: Final = 3 * 86_400


def check_rotation(context: Context) -> Iterator[tuple[str, str, str]]:
    """The doctor's findings: name, status, sentence; nothing where nights have their shares."""
    with context.store.reading() as connection:
        scans = ledger.newest(connection, 1, EntryType.SCAN_DONE)
        shares = ledger.newest(connection, 1, EntryType.ROTATION_DONE)
        made = meta(connection).get("created_at")
    if not scans or (not shares and made is None):
        return
    last, _ = parse_instant(str(json.loads(shares[0])["at"] if shares else made), context.zone)
    scanned, _ = parse_instant(json.loads(scans[0])["at"], context.zone)
    if scanned - last > _MISSED:
        yield (
            "rotation",
            "look",
            t(
                "no case was judged anew since {since}: only a night's own slot does that "
                "(effmon serve, or effmon jobs run scan)",
                since=rfc3339(last, context.zone),
            ),
        )
