"""The ledger as a whole: verified against its rows, exported for an auditor."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from ..faults import ConfigurationError, EffmonError
from ..i18n.messages import one_of, t
from ..i18n.os_words import say_os
from ..verifier import verify as verifier
from ..workspace.context import Context
from . import keys as ledger_keys
from . import signer_state
from .checkpoint_checks import check_roots, every_fault, lost_memory
from .checks import approval_checks, held_checks
from .export import ExportSummary, SignedParts, appearing, fill
from .marks import marks
from .model.entries import DIGESTS, EntryType
from .model.keys import periods
from .signer import origin_of, signs_here
from .store import checkpoints as store_checkpoints
from .store import ledger
from .store.checkpoints import StoredCheckpoint
from .tree import derive
from .workspace_keys import signed_size, state_folder


def verify(context: Context, *, everything: bool = False) -> dict[str, Any]:
    """Rebuild both trees from the stored bodies and compare them with the kept heads.

    Says the number of the first row whose own leaves do not fit its body, if there is one, and
    what is wrong with keys and approvals (`approval_checks`), with rows that entries hold
    (`held_checks`) and with the roots of signed checkpoints: all of it makes up `sound`. With
    `everything` also the notes, their signatures, that each continues the one before, the ledger's
    keys, what the signer remembers, and the columns beside the entries. `not_checked` says what
    was left out because the database does not show it to this role.
    """
    with context.store.reading() as connection:
        return examine(context, connection, everything=everything, masked=context.store.masked)


def examine(
    context: Context, connection: Connection, *, everything: bool, masked: bool
) -> dict[str, Any]:
    """As `verify`, of what one transaction sees."""
    found = derive(connection)
    stored = store_checkpoints.every(connection)
    state, faults, behind = _memory(context, stored, everything=everything, masked=masked)
    approvals = approval_checks.check(connection, masked=masked)
    held = held_checks.check(connection, masked=masked)
    keys, wrong = periods(found.keys)
    if everything:
        faults += [t("entry {seq}: key: {why}", seq=seq, why=why) for seq, why in wrong]
        faults += every_fault(found, stored, state, origin_of(context.settings), keys)
        faults += _beside(connection)
    else:
        faults += check_roots(found, stored)
        faults += _lost_entries(context, found.size)
    trees = found.fits_head and found.first_bad is None
    roots = found.roots()
    return {
        "sound": trees and not approvals and not faults and not held,
        "trees": trees,
        "size": found.size,
        "kept_size": None if found.kept is None else found.kept.size,
        "first_bad": found.first_bad,
        "sha256_root": roots.sha256.hex(),
        "sm3_root": roots.sm3.hex(),
        "approvals": approvals,
        "rows": held,
        "not_checked": [
            *approval_checks.not_checked(masked=masked),
            *held_checks.not_checked(masked=masked),
        ],
        "checkpoints": faults,
        "signed": max((row.size for row in stored if isinstance(row.size, int)), default=0),
        "marks": [*marks(found, keys), *behind],
    }


def _memory(
    context: Context, stored: Sequence[StoredCheckpoint], *, everything: bool, masked: bool
) -> tuple[dict[str, str], list[str], list[str]]:
    """What the signer remembers, what is wrong with it, and what has to be known of it.

    It is missed only where it would be used: in a folder from which checkpoints are signed.
    """
    ours = not masked and signs_here(context.folder, context.settings)
    if not (ours or everything):
        return {}, [], []
    try:
        state = signer_state.read(context.folder / context.settings.ledger.state)
    except EffmonError as fault:
        return {}, [fault.message], []
    lost = list(lost_memory(stored, state)) if ours else []
    return state, [said for said, all_ in lost if all_], [said for said, all_ in lost if not all_]


def _lost_entries(context: Context, size: int) -> Iterator[str]:
    """That entries are gone of which the signer's memory has a signed note."""
    signed = signed_size(state_folder(context.folder, context.settings))
    if signed > size:
        yield t(
            "the ledger has {size} entries, a checkpoint of {signed} was signed: later ones are "
            "lost, see docs/ledger.md",
            size=size,
            signed=signed,
        )


def _beside(connection: Connection) -> Iterator[str]:
    """What is wrong with the columns that stand beside the entries."""
    mistyped, misnamed = ledger.first_mistyped(connection), held_checks.misnamed(connection)
    if mistyped is not None:
        yield t("entry {mistyped}: its row says another type than the entry", mistyped=mistyped)
    if misnamed is not None:
        yield t(
            "entry {misnamed}: its row files it under another fact than the entry's",
            misnamed=misnamed,
        )


def verify_export(
    folder: Path, keys: Sequence[str] = (), checkpoints: Sequence[Path] = ()
) -> tuple[dict[str, object], int]:
    """What the verifier says of an exported folder, and its code.

    0 as exported, 1 changed, 2 unreadable, 3 signed by an unknown key. `keys` are vkeys and
    `checkpoints` files or folders that came another way than the export. ConfigurationError where
    a key is none.
    """
    found: dict[str, object] = {"sound": False, "folder": str(folder)}
    given = vkeys(keys)
    try:
        brought = verifier.Brought(None, given, verifier.received(checkpoints))
        done = verifier.examine(folder, brought, lambda _: None)
    except verifier.Changed as why:
        return {**found, "fault": one_of(why.zh, why.en)}, why.code
    except OSError as fault:
        return {**found, "fault": f"{fault.filename}: {say_os(fault)}"}, verifier.Unreadable.code
    return {
        **found,
        "sound": True,
        "size": done.found.size,
        "sha256_root": done.found.roots.sha256,
        "sm3_root": done.found.roots.sm3,
        "checkpoints": sum(done.signed.values()),
        "signed_by": [key.vkey for key in done.signed],
        "vouched_to": done.vouched,
    }, 0


def vkeys(texts: Sequence[str]) -> tuple[verifier.Key, ...]:
    """Keys as the verifier knows them; ConfigurationError where one is none."""
    try:
        return tuple(verifier.key_of(text.strip()) for text in texts)
    except verifier.Changed as why:
        raise ConfigurationError(
            t("--key: {en}", en=why.en, zh=why.zh),
            t("type it as it stands on paper"),
        ) from None


def export(context: Context, out: Path, *, words: Mapping[str, str]) -> ExportSummary:
    """Write the folder that an auditor verifies offline.

    The export is on record before it can be had: whatever stops in between, no copy of the ledger
    is about that the ledger does not know of. An auditor's role, which only reads, could copy the
    rows all the same: its export is not on record.
    """
    with appearing(out) as folder:
        with context.store.reading() as connection:
            head = ledger.read_head_only(connection)
            stored = store_checkpoints.every(connection)
            summary = fill(
                folder,
                out,
                (body for _, body, _, _ in ledger.stored(connection)),
                head,
                approvals=approval_checks.exported(connection),
                signed=SignedParts(
                    {
                        (row.size, row.tree): str(row.note)
                        for row in stored
                        # Files are named by them; whoever tampered with them is found by what is
                        # missing.
                        if row.tree in DIGESTS and type(row.size) is int
                    },
                    tuple(ledger_keys.known(connection)),
                ),
                readme_context=words,
            )
        if not context.store.masked:
            _record(context, summary)
    return summary


def _record(context: Context, summary: ExportSummary) -> None:
    entry = context.entry(
        EntryType.EXPORT_MADE,
        f"export.made/{summary.size}/{context.now()}",
        {
            "size": summary.size,
            "sha256_root": summary.sha256_root,
            "sm3_root": summary.sm3_root,
        },
    )
    with context.store.writing() as connection:
        ledger.append(connection, [entry])
