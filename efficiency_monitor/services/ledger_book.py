"""The ledger as a whole: verified against its rows, exported for an auditor."""

from collections.abc import Mapping
from pathlib import Path

from ..core import ledger as core
from ..core.instants import rfc3339
from ..core.ledger import EntryType
from ..reports.ledger_export import ExportSummary, write_export
from ..store import ledger
from .context import Context


def verify(context: Context) -> dict[str, object]:
    """Rebuild both trees from the stored bodies and compare them with the kept heads.

    Says the number of the first row whose own leaves do not fit its body, if there is one.
    """
    with context.store.reading() as connection:
        head = ledger.read_head_only(connection)
        bad = ledger.first_bad_row(connection)
        rebuilt = core.rebuild(ledger.bodies(connection))
    sound = rebuilt == head and bad is None
    roots = core.root(rebuilt)
    return {
        "sound": sound,
        "size": rebuilt.size,
        "kept_size": head.size,
        "first_bad": bad,
        "sha256_root": roots.sha256.hex(),
        "sm3_root": roots.sm3.hex(),
    }


def export(context: Context, out: Path, *, words: Mapping[str, str]) -> ExportSummary:
    """Write the folder that an auditor verifies offline; the export itself is recorded after it."""
    with context.store.reading() as connection:
        head = ledger.read_head_only(connection)
        summary = write_export(out, ledger.bodies(connection), head, readme_context=words)
    with context.store.writing() as connection:
        ledger.append(
            connection,
            [
                ledger.NewEntry(
                    type=EntryType.EXPORT_MADE,
                    fact=f"export.made/{summary.size}/{context.now()}",
                    at=rfc3339(context.now(), context.zone),
                    content={
                        "size": summary.size,
                        "sha256_root": summary.sha256_root,
                        "sm3_root": summary.sm3_root,
                        "actor": {"os_user": context.os_user, "claimed": context.person},
                    },
                )
            ],
        )
    return summary
