"""Checkpoints: the ledger derived from its rows, held against all that was signed, signed again.

Order makes it safe to kill: the signer's own memory first, then row and entry in one transaction.
Repeated, the same size and root are signed again, which is the same checkpoint.
"""

import json
import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ..faults import EffmonError
from ..i18n.messages import t
from ..i18n.os_words import say_os
from ..time.instants import parse_instant
from ..workspace.context import Context
from ..workspace.required_texts import require_text, text_commitment
from . import keys as ledger_keys
from . import row_commitments as binding
from . import signer_state
from .checkpoint_checks import check_note, check_root, check_roots
from .model.checkpoints import SUFFIXES, Checkpoint, body, of_note, origin_of
from .model.entries import DIGESTS, EntryType
from .model.keys import KeyPeriod, periods
from .model.signed_notes import parse, sign
from .model.tree_proofs import verify_consistency
from .signer import Signer, open_signer
from .signer import origin_of as ledger_origin
from .store import checkpoints as store
from .store import ledger
from .store.checkpoints import StoredCheckpoint
from .tree import Derived, LedgerChanged, derive

#: Seconds for which another process that signs is waited for; after a scan, only briefly.
PATIENCE: Final = 30.0
BRIEFLY: Final = 5.0
#: Seconds after which the bell has what is pending signed.
PENDING: Final = 15 * 60


@dataclass(slots=True, kw_only=True)
class Made:
    """A checkpoint: the one that was made, or the newest where nothing was pending."""

    new: bool
    size: int
    origin: str
    #: By tree, in base64.
    roots: dict[str, str] = field(default_factory=dict)
    #: By tree, the whole signed notes.
    notes: dict[str, str] = field(default_factory=dict)
    #: Eight hex digits.
    key: str = ""
    #: Whether the signature could be verified here.
    verified: bool = True

    def as_json(self) -> dict[str, object]:
        """For the command line."""
        return {
            "new": self.new,
            "size": self.size,
            "origin": self.origin,
            **{f"{tree}_root": root for tree, root in self.roots.items()},
            "key": self.key,
            "verified": self.verified,
            "notes": self.notes,
        }


@dataclass(slots=True, kw_only=True)
class Tried:
    """A checkpoint that was to be made by itself: made, or why not. It stops nothing else."""

    made: Made | None = None
    fault: EffmonError | None = None

    def as_json(self) -> dict[str, object]:
        """For the command line."""
        if self.fault is not None:
            return {"fault": self.fault.message, "hint": self.fault.hint}
        if self.made is None:
            return {}
        return {"new": self.made.new, "size": self.made.size, "key": self.made.key}


@dataclass(slots=True)
class _Found:
    """What stands when a checkpoint is to be made."""

    derived: Derived
    stored: list[StoredCheckpoint]
    state: dict[str, str]
    keys: list[KeyPeriod]
    origin: str


def make(
    context: Context,
    *,
    patience: float = PATIENCE,
    pause: Callable[[float], None] = time.sleep,
    after_loss: str | None = None,
) -> Made:
    """Sign both trees at the ledger's size, unless nothing but checkpoints was added since.

    LedgerChanged, and nothing signed, where the rows are not what the database keeps of them, what
    it was signed at, or what the signer remembers (a rollback, a fork). `after_loss` is the reason
    of who restored a backup or lost the signer's memory: then the memory is set aside, and the
    entry says so for ever. SignerFailed where there is no signature that holds.
    """
    signer = open_signer(context.folder, context.settings)
    folder = _folder(context)
    reason = None
    if after_loss is not None:
        reason = require_text(after_loss, t("why it was lost"))
    with signer_state.alone(folder, patience, pause):
        ledger_keys.begin(context, signer)
        found = _look(context, folder)
        found.derived.check()
        ledger_keys.check_current(found.keys, signer)
        _refuse(check_roots(found.derived, found.stored))
        if reason is None:
            _check_memory(found)
        if not _pending(found) and reason is None:
            return _newest(found)
        notes = _sign(found, signer)
        if reason is not None:
            signer_state.set_aside(folder, reason)
        signer_state.write(folder, notes)
        return _keep(context, found, signer, notes, reason, folder)


def _look(context: Context, folder: Path) -> _Found:
    with context.store.reading() as connection:
        derived = derive(connection)
        return _Found(
            derived=derived,
            stored=store.every(connection),
            state=signer_state.read(folder),
            keys=periods(derived.keys)[0],
            origin=ledger_origin(context.settings),
        )


def _refuse(faults: Any) -> None:
    for fault in faults:
        raise LedgerChanged(
            fault,
            t(
                "nothing was signed. Keep the database as it is and tell the supervisors; after a "
                "backup was restored see docs/ledger.md"
            ),
        )


def _check_memory(found: _Found) -> None:
    """Nothing may be signed that does not continue what this signer has signed before."""
    stored = {row.tree for row in found.stored}
    for tree in SUFFIXES:
        where = t("the signer's memory, {tree}", ctx="checkpoints", tree=tree)
        text = found.state.get(tree)
        if text is None:
            if tree in stored:
                _refuse([t("{where}: it is gone", where=where)])
            continue
        checkpoint, fault = check_note(text, tree, found.origin, found.keys, where)
        if fault is None and checkpoint is not None:
            fault = check_root(found.derived, tree, checkpoint.size, checkpoint.root, where)
        _refuse([fault] if fault is not None else [])


def _pending(found: _Found) -> bool:
    newest = _last(found)
    return len(newest) < len(SUFFIXES) or found.derived.newest_other > newest[0].size


def _last(found: _Found) -> list[StoredCheckpoint]:
    """The newest checkpoints by the key in use, one for each tree, if both are there."""
    key = found.keys[-1].verifier
    rows = [row for row in found.stored if row.key_hash == key.key_id.hex()]
    size = max((row.size for row in rows), default=0)
    return [row for row in rows if row.size == size]


def _newest(found: _Found) -> Made:
    rows = _last(found)
    key = found.keys[-1].verifier
    return Made(
        new=False,
        size=rows[0].size,
        origin=found.origin,
        roots={row.tree: b64encode(row.root).decode() for row in rows},
        notes={row.tree: row.note for row in rows},
        key=key.key_id.hex(),
        verified=key.can_verify,
    )


def _sign(found: _Found, signer: Signer) -> dict[str, str]:
    """Sign both trees, after a proof that each continues what was signed last."""
    notes = {}
    size = found.derived.size
    for tree, hash_of in DIGESTS.items():
        root = found.derived.root(tree, size)
        before = [(row.size, row.root) for row in found.stored if row.tree == tree]
        text = found.state.get(tree)
        if text is not None:
            remembered = of_note(parse(text.encode()))
            if remembered.size <= size:
                before.append((remembered.size, remembered.root))
        first, old = max(before, default=(0, hash_of(b"")))
        if found.derived.root(tree, first) == old:
            proof = found.derived.trees[tree].consistency(first, size)
            verify_consistency(first, old, size, root, proof, hash_of)
        checkpoint = Checkpoint(origin_of(found.origin, tree), size, root)
        notes[tree] = str(sign(body(checkpoint), [(signer.verifier, signer.sign)]))
    return notes


def _keep(
    context: Context,
    found: _Found,
    signer: Signer,
    notes: Mapping[str, str],
    reason: str | None,
    folder: Path,
) -> Made:
    """Rows and entry, in one transaction."""
    size, key = found.derived.size, signer.verifier.key_id.hex()
    roots = {tree: found.derived.root(tree, size) for tree in SUFFIXES}
    content: dict[str, object] = {
        "size": size,
        "origin": found.origin,
        **{f"{tree}_root": root.hex() for tree, root in roots.items()},
        "key": key,
    }
    bound = binding.pending_spans(context)
    with context.store.writing() as connection:
        content |= binding.commit_spans(context, connection, bound)
        if reason is not None:
            text = text_commitment(context, connection, reason)
            content["after_loss"] = {"text": text, "lost": _lost(folder)}
        for tree, root in roots.items():
            store.add(
                connection,
                StoredCheckpoint(
                    tree=tree,
                    size=size,
                    root=root,
                    origin=origin_of(found.origin, tree),
                    note=notes[tree],
                    key_name=signer.verifier.name,
                    key_hash=key,
                    made_at=context.now(),
                ),
            )
        kind = EntryType.CHECKPOINT_MADE
        ledger.append(
            connection, [context.entry(kind, f"{kind}/{found.origin}/{size}/{key}", content)]
        )
    return Made(
        new=True,
        size=size,
        origin=found.origin,
        roots={tree: b64encode(root).decode() for tree, root in roots.items()},
        notes=dict(notes),
        key=key,
        verified=signer.verifier.can_verify,
    )


def _lost(folder: Path) -> list[dict[str, object]]:
    """What the signer had signed and is not in the ledger any more."""
    found = []
    for text in signer_state.lost(folder):
        checkpoint = of_note(parse(text.encode()))
        found.append(
            {
                "origin": checkpoint.origin,
                "size": checkpoint.size,
                "root": checkpoint.root.hex(),
            }
        )
    return found


def try_after(context: Context) -> Tried:
    """A checkpoint after a scan or a lift: a fault is reported and stops nothing."""
    try:
        return Tried(made=make(context, patience=BRIEFLY))
    except EffmonError as fault:
        tried = Tried(fault=fault)
    except OSError as fault:
        tried = Tried(fault=EffmonError(say_os(fault)))
    signer_state.note_failure(_folder(context), context.now())
    return tried


def try_when_due(context: Context) -> Tried:
    """A checkpoint by the bell: when entries have been pending for a quarter of an hour.

    One that failed is tried again after as long.
    """
    now = context.now()
    with context.store.reading() as connection:
        since = pending_since(connection, context.zone)
    failed = signer_state.failed_at(_folder(context))
    newest = max(instant for instant in (since, failed, 0) if instant is not None)
    # A clock that was set back must not silence it.
    if since is None or 0 <= now - newest < PENDING:
        return Tried()
    return try_after(context)


def _folder(context: Context) -> Path:
    return context.folder / context.settings.ledger.state


def pending_since(connection: Any, zone: str) -> int | None:
    """Since when entries wait to be signed: the instant of the first of them; None: none do."""
    newest: Sequence[StoredCheckpoint] = store.newest(connection)
    size = newest[0].size if newest else 0
    waiting = ledger.first_after(connection, size, without=EntryType.CHECKPOINT_MADE)
    if waiting is None:
        return None
    return parse_instant(json.loads(waiting)["at"], zone)[0]
