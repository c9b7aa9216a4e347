"""The ledger as a whole: verified against its rows, exported for an auditor."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..core import ledger as core
from ..core.ledger import EntryType
from ..language import t
from ..os_words import say_os
from ..reports.ledger_export import ExportSummary, write_export
from ..store import ledger
from ..verifier import verify as verifier
from . import approval_checks
from .context import Context


def verify(context: Context) -> dict[str, Any]:
    """Rebuild both trees from the stored bodies and compare them with the kept heads.

    Says the number of the first row whose own leaves do not fit its body, if there is one, and
    what is wrong with keys and approvals (`approval_checks`): all of it makes up `sound`.
    """
    with context.store.reading() as connection:
        head = ledger.read_head_only(connection)
        bad = ledger.first_bad_row(connection)
        rebuilt = core.rebuild(ledger.bodies(connection))
        faults = approval_checks.check(connection)
    trees = rebuilt == head and bad is None
    roots = core.root(rebuilt)
    return {
        "sound": trees and not faults,
        "trees": trees,
        "size": rebuilt.size,
        "kept_size": head.size,
        "first_bad": bad,
        "sha256_root": roots.sha256.hex(),
        "sm3_root": roots.sm3.hex(),
        "approvals": faults,
    }


def verify_export(folder: Path) -> tuple[dict[str, object], int]:
    """What the verifier says of an exported folder, and its code: 0, 1 changed, 2 unreadable."""
    found: dict[str, object] = {"sound": False, "folder": str(folder)}
    try:
        size, roots = verifier.read_head(folder)
        sizes = verifier.signed_sizes(folder)
        read = verifier.read_entries(folder, verifier.best_sm3()[0], -1, sizes)
        verifier.compare_head(size, roots, read)
        verifier.check_approvals(folder, read)
    except verifier.Changed as why:
        return {**found, "fault": t(why.zh, why.en)}, why.code
    except OSError as fault:
        return {**found, "fault": f"{fault.filename}: {say_os(fault)}"}, verifier.Unreadable.code
    return {
        **found,
        "sound": True,
        "size": read.size,
        "sha256_root": read.roots.sha256,
        "sm3_root": read.roots.sm3,
    }, 0


def export(context: Context, out: Path, *, words: Mapping[str, str]) -> ExportSummary:
    """Write the folder that an auditor verifies offline; the export itself is recorded after it."""
    with context.store.reading() as connection:
        head = ledger.read_head_only(connection)
        summary = write_export(
            out,
            ledger.bodies(connection),
            head,
            approvals=approval_checks.exported(connection),
            readme_context=words,
        )
    with context.store.writing() as connection:
        ledger.append(
            connection,
            [
                context.entry(
                    EntryType.EXPORT_MADE,
                    f"export.made/{summary.size}/{context.now()}",
                    {
                        "size": summary.size,
                        "sha256_root": summary.sha256_root,
                        "sm3_root": summary.sm3_root,
                    },
                )
            ],
        )
    return summary
