"""Whether signed checkpoints are what the rows give: those of the database, those of the signer."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any

from ..i18n.messages import t
from .model.checkpoints import SUFFIXES, Checkpoint, CheckpointError, of_note, origin_of
from .model.entries import DIGESTS
from .model.keys import KeyPeriod, signed_by
from .model.signed_notes import NoteError, parse
from .model.tree_proofs import ProofError, verify_consistency
from .store.checkpoints import StoredCheckpoint
from .tree import Derived


def check_root(found: Derived, tree: str, size: int, root: bytes, where: str) -> str | None:
    """What is wrong with a size and root that were signed; None: the rows give them."""
    if size > found.size:
        return t(
            "{where}: {size} entries were signed, the ledger has {size_2}: it was cut off, or an "
            "old backup was restored",
            where=where,
            size=size,
            size_2=found.size,
        )
    if found.root(tree, size) != root:
        return t(
            "{where}: the root of the first {size} entries is not the one that was signed: they "
            "were changed afterwards",
            where=where,
            size=size,
        )
    return None


def check_roots(found: Derived, stored: Sequence[StoredCheckpoint]) -> Iterator[str]:
    """What is wrong with the roots of the database's checkpoints."""
    for row in stored:
        where = _name(row.tree, row.size)
        if not _readable(row):
            yield t("{where}: it cannot be read", where=where)
            continue
        fault = check_root(found, row.tree, row.size, row.root, where)
        if fault is not None:
            yield fault


def _readable(row: StoredCheckpoint) -> bool:
    """Whether a row holds what its columns are for: who opens the file need not keep to them."""
    return (
        row.tree in SUFFIXES
        and isinstance(row.size, int)
        and row.size >= 0
        and isinstance(row.root, bytes)
        and isinstance(row.note, str)
    )


def check_note(
    text: str, tree: str, origin: str, periods: Sequence[KeyPeriod], where: str
) -> tuple[Checkpoint | None, str | None]:
    """The checkpoint of a note of the ledger `origin`, and what is wrong with it.

    It must be of this tree, signed by the key that was in use at its size.
    """
    try:
        note = parse(text.encode("utf-8", "surrogatepass"))
        checkpoint = of_note(note)
        if checkpoint.origin != origin_of(origin, tree):
            raise NoteError(f"it is of {checkpoint.origin}")
        for period in periods:
            if period.covers(checkpoint.size) and signed_by(note, period.verifier):
                return checkpoint, None
    except (NoteError, CheckpointError) as fault:
        return None, f"{where}: {fault}"
    return checkpoint, t("{where}: it is not signed by the key of its time", where=where)


def every_fault(
    found: Derived,
    stored: Sequence[StoredCheckpoint],
    state: Mapping[str, str],
    origin: str,
    periods: Sequence[KeyPeriod],
) -> Iterator[str]:
    """All that is wrong with checkpoints: roots, notes, signatures, consistency, entries."""
    yield from check_roots(found, stored)
    stored = [row for row in stored if _readable(row)]
    for row in stored:
        where = _name(row.tree, row.size)
        checkpoint, fault = check_note(row.note, row.tree, origin, periods, where)
        if fault is not None:
            yield fault
        elif checkpoint is not None and (checkpoint.size, checkpoint.root) != (row.size, row.root):
            yield t("{where}: it is not what its note says", where=where)
    signed = {tree: [(0, digest(b""))] for tree, digest in DIGESTS.items()}
    for row in stored:
        signed[row.tree].append((row.size, row.root))
    for tree, text in state.items():
        where = t("the signer's memory, {tree}", tree=tree)
        checkpoint, fault = check_note(text, tree, origin, periods, where)
        if checkpoint is not None:
            fault = fault or check_root(found, tree, checkpoint.size, checkpoint.root, where)
            signed[tree].append((checkpoint.size, checkpoint.root))
        if fault is not None:
            yield fault
    for tree, some in signed.items():
        yield from _consistency(found, tree, sorted(set(some)))
    yield from _entries(found, stored)


def lost_memory(
    stored: Sequence[StoredCheckpoint], state: Mapping[str, str]
) -> Iterator[tuple[str, bool]]:
    """Trees of which the signer remembers less than the database holds, in a sentence.

    True: it remembers nothing, and would sign nothing. False: an older checkpoint, as after
    somebody has put an old copy back, or where another has signed with the same key.
    """
    newest = {row.tree: row.size for row in sorted(stored, key=_size) if _readable(row)}
    for tree, size in newest.items():
        text = state.get(tree)
        if text is None:
            yield (
                t(
                    "the signer's memory, {tree}: it is gone, and the database has a checkpoint "
                    "of {size} entries",
                    tree=tree,
                    size=size,
                ),
                True,
            )
            continue
        with suppress(NoteError, CheckpointError):  # what cannot be read is told of elsewhere
            known = of_note(parse(text.encode("utf-8", "surrogatepass"))).size
            if known < size:
                yield (
                    t(
                        "the signer's memory, {tree}: it ends with {known} entries, the database "
                        "has a checkpoint of {size}",
                        tree=tree,
                        known=known,
                        size=size,
                    ),
                    False,
                )


def _size(row: StoredCheckpoint) -> int:
    return row.size if isinstance(row.size, int) else -1


def _consistency(found: Derived, tree: str, signed: Sequence[tuple[int, bytes]]) -> Iterator[str]:
    """Each checkpoint must continue the one before, by a proof over the rows' tree."""
    for (first, old), (second, new) in pairwise(signed):
        if second > found.size:
            return
        try:
            proof = found.trees[tree].consistency(first, second)
            verify_consistency(first, old, second, new, proof, DIGESTS[tree])
        except ProofError as fault:
            yield t(
                "{tree} {first} → {second}: they do not continue each other ({fault})",
                tree=tree,
                first=first,
                second=second,
                fault=fault,
            )


def _entries(found: Derived, stored: Sequence[StoredCheckpoint]) -> Iterator[str]:
    """Each checkpoint has its entry, each entry its checkpoints: a row that was lost is missed."""
    rows = {(row.tree, row.size, row.key_hash): row.root for row in stored}
    said: set[tuple[str, int, str]] = set()
    for body in found.checkpoints:
        for key, root in _said(body):
            said.add(key)
            if rows.get(key) != root:
                tree, size, _ = key
                where = _name(tree, size)
                yield t(
                    "{where}: the ledger has it, the database has lost or changed it", where=where
                )
    for key in rows.keys() - said:
        where = _name(key[0], key[1])
        yield t("{where}: the ledger says nothing of it", where=where)


def _said(body: bytes) -> Iterator[tuple[tuple[str, int, str], bytes | None]]:
    try:
        entry: Any = json.loads(body)
    except ValueError:
        return
    if not isinstance(entry, dict):
        return
    for tree in SUFFIXES:
        root, size = entry.get(f"{tree}_root"), entry.get("size")
        if isinstance(size, int):
            yield (tree, size, str(entry.get("key"))), _hex(root)


def _hex(text: object) -> bytes | None:
    try:
        return bytes.fromhex(str(text))
    except ValueError:
        return None


def _name(tree: str, size: int) -> str:
    return t("checkpoint {tree} {size}", tree=tree, size=size)
