"""The evidence slip: one entry of the ledger with what proves that it is in a signed checkpoint.

About 2 KB in one line of canonical JSON, to be handed to whom a card concerns. Whoever has the
ledger's key on paper verifies it without the ledger: `verify.py slip FILE --key VKEY`.
"""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from ..documents.tabular import put_in_place
from ..faults import ConfigurationError
from ..i18n.messages import one_of, t
from ..i18n.os_words import say_os
from ..verifier import verify as verifier
from ..workspace.context import Context
from . import keys as ledger_keys
from .book import vkeys
from .checkpoint_checks import check_note
from .model import entries as core
from .model.checkpoints import Checkpoint
from .model.entries import DIGESTS, EntryType
from .model.proof_stream import ProofStream
from .model.tree_proofs import ProofError, verify_inclusion
from .signer import origin_of
from .store import checkpoints as store_checkpoints
from .store import ledger
from .store.checkpoints import StoredCheckpoint
from .tree import LedgerChanged

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """A slip as it was written: its bytes, the entry, the size of its checkpoint."""

    content: bytes
    entry: dict[str, Any]
    size: int


def make(context: Context, what: str) -> Slip:
    """The slip of an entry, by its number, or of a card, by the entry that issued it.

    Under the first checkpoint that covers it: the one that was given out soon after.
    ConfigurationError where there is no such entry or nothing signed covers it yet; LedgerChanged
    where the rows do not lead to what was signed.
    """
    with context.store.reading() as connection:
        seq, body = _entry(connection, what)
        rows = _covering(connection, seq)
        keys = ledger_keys.known(connection)
        size = rows["sha256"].size
        streams = {
            tree: ProofStream(digest, paths=[(seq - 1, size)]) for tree, digest in DIGESTS.items()
        }
        for number, _, sha256, sm3 in ledger.stored(connection):
            if number > size:
                break
            streams["sha256"].add(sha256)
            streams["sm3"].add(sm3)
    leaf, origin = core.leaf_of(body), origin_of(context.settings)
    proofs = []
    for tree, stream in streams.items():
        checkpoint, fault = check_note(rows[tree].note, tree, origin, keys, tree)
        if checkpoint is None or fault is not None:
            raise _unfit(seq, size, fault or tree)
        own = {"sha256": leaf.sha256, "sm3": leaf.sm3}[tree]
        proofs.append(_proof(rows[tree], checkpoint, seq, own, stream))
    entry = json.loads(body)
    slip = {"v": VERSION, "entry": entry, "proofs": proofs}
    return Slip(content=core.canonical_json(slip) + b"\n", entry=entry, size=size)


def write(slip: Slip, out: Path) -> None:
    """Write a slip into a new file; ConfigurationError where it exists or cannot be written."""
    hint = t("choose another name")
    with put_in_place(out, overwrite=False, hint=hint) as file:
        file.write(slip.content)


def _entry(connection: Connection, what: str) -> tuple[int, bytes]:
    if what.isascii() and what.isdigit() and len(what) < 17:
        found = ledger.entry(connection, seq=int(what))
        said = t("the ledger has no entry {what}", what=what)
    else:
        found = ledger.entry(connection, fact=f"{EntryType.CARD_ISSUED}/{what}")
        said = t("the ledger has no entry that issued {what}", what=what)
    if found is None:
        raise ConfigurationError(said, t("look it up: effmon ledger list"))
    return found


def _covering(connection: Connection, seq: int) -> dict[str, StoredCheckpoint]:
    """The checkpoints of both trees at the smallest size that is signed and covers the entry."""
    by_size: dict[int, dict[str, StoredCheckpoint]] = {}
    for row in store_checkpoints.every(connection):
        if row.size >= seq:
            by_size.setdefault(row.size, {})[row.tree] = row
    for _, rows in sorted(by_size.items()):
        if set(DIGESTS) <= set(rows):
            return rows
    raise ConfigurationError(
        t("no signed checkpoint covers entry {seq} yet", seq=seq),
        t("first run: effmon ledger checkpoint"),
    )


def _proof(
    row: StoredCheckpoint, checkpoint: Checkpoint, seq: int, leaf: bytes, stream: ProofStream
) -> dict[str, object]:
    """The proof of one tree, verified before it is given out."""
    try:
        path = stream.inclusion(seq - 1, row.size)
        if checkpoint.size != row.size:
            raise ProofError("another size was signed")
        verify_inclusion(leaf, seq - 1, row.size, path, checkpoint.root, DIGESTS[row.tree])
    except (ProofError, KeyError) as fault:
        raise _unfit(seq, row.size, str(fault)) from None
    return {
        "tree": row.tree,
        "note": row.note,
        "index": seq - 1,
        "size": row.size,
        "path": [b64encode(node).decode() for node in path],
    }


def _unfit(seq: int, size: int, fault: str) -> LedgerChanged:
    return LedgerChanged(
        t(
            "entry {seq} is not in what was signed at {size} entries: {fault}",
            seq=seq,
            size=size,
            fault=fault,
        ),
        t("no slip was written; run: effmon ledger verify --rebuild"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What a slip says and whether it holds: `code` 0, 1 changed, 2 unreadable, 3 unknown key."""

    code: int
    fault: str
    entry: dict[str, Any]
    #: Origin and size of the checkpoint; empty and 0 where the slip could not be verified.
    ledger: str
    size: int
    signed_by: tuple[str, ...]

    def values(self) -> dict[str, object]:
        """For the command line: the entry in the words of whom the card concerns."""
        entry = self.entry
        limit, rule = _part(entry, "limit"), _part(entry, "rule")
        return {
            **{name: entry.get(name) for name in ("seq", "type", "at", "card", "subject")},
            "level": entry.get("level"),
            "department": entry.get("department"),
            "limit": limit.get("amount"),
            "due_at": limit.get("due_at"),
            "fell_due_at": entry.get("fell_due_at"),
            "rule": rule.get("id"),
            "ledger": self.ledger,
            "size": self.size,
            "signed_by": list(self.signed_by),
            "verified": self.code == 0,
            "fault": self.fault,
        }


def _part(entry: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = entry.get(name)
    return part if isinstance(part, dict) else {}


def own_keys(context: Context) -> list[str]:
    """The keys of this workspace's ledger: good for a look, no proof to anybody else."""
    with context.store.reading() as connection:
        return [period.verifier.vkey for period in ledger_keys.known(connection)]


def read(path: Path, keys: Sequence[str]) -> Read:
    """Verify a slip by these keys, with the program that an auditor has, and say what it says.

    ConfigurationError where a key is none.
    """
    given = vkeys(keys)
    said = verifier.SlipFound({}, [], [])
    code, fault = 0, ""
    try:
        verifier.check_slip(path, given, lambda _: None, said)
    except verifier.Changed as why:
        code, fault = why.code, one_of(why.zh, why.en)
    except OSError as problem:
        code, fault = verifier.Unreadable.code, f"{path}: {say_os(problem)}"
    note = said.notes[0] if said.notes else None
    return Read(
        code=code,
        fault=fault,
        entry=said.entry,
        ledger=note.origin if note else "",
        size=note.size if note else 0,
        signed_by=tuple(dict.fromkeys(str(key) for key in said.signers)),
    )
