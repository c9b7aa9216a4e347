"""Write the ledger as a folder that an auditor verifies offline with one standard-library file."""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from itertools import islice, pairwise
from pathlib import Path

from efficiency_monitor.faults import ConfigurationError, EffmonError
from efficiency_monitor.i18n.messages import t
from efficiency_monitor.i18n.os_words import say_os
from efficiency_monitor.ledger.model import entries as ledger
from efficiency_monitor.ledger.model.keys import KeyPeriod
from efficiency_monitor.ledger.model.proof_stream import ProofStream

from .export_readme import readme

_BATCH = 4096


class LedgerDamaged(EffmonError):
    """The stored entries are not those of the ledger's head; nothing is exported."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """What was exported: the folder, the number of entries, both roots in hex.

    `verifier_sha256` is the digest of the `verify.py` in the folder, to be given out with the
    roots: who can swap the entries can swap the program that checks them.
    """

    folder: Path
    size: int
    sha256_root: str
    sm3_root: str
    verifier_sha256: str
    #: Entries that the newest checkpoint covers; 0: none was made.
    signed: int


@dataclass(frozen=True, slots=True)
class SignedParts:
    """What was signed of a ledger: `notes` by size and tree, as text, and the keys that may sign.

    Not in the entries, so it is exported beside them.
    """

    notes: Mapping[tuple[int, str], str]
    keys: tuple[KeyPeriod, ...]


#: Of a ledger that has no key yet.
UNSIGNED = SignedParts({}, ())


def write_export(
    out: Path,
    bodies: Iterable[bytes],
    head: ledger.Head,
    *,
    approvals: Iterable[bytes] = (),
    signed: SignedParts = UNSIGNED,
    readme_context: Mapping[str, str],
) -> ExportSummary:
    """Write `entries.jsonl`, `head.json`, `verify.py` and `README.txt` into the new folder `out`.

    What `appearing` and `fill` say holds for it.
    """
    with appearing(out) as folder:
        return fill(
            folder,
            out,
            bodies,
            head,
            approvals=approvals,
            signed=signed,
            readme_context=readme_context,
        )


@contextmanager
def appearing(out: Path) -> Iterator[Path]:
    """A new folder beside `out`, to be filled: it becomes `out` when the block ends well.

    Whatever is to be on record before anybody can have the export is written in the block. After a
    crash `out` is complete or not there. Raises `ConfigurationError` when `out` exists and is no
    empty folder (nothing is ever overwritten) or cannot be written.
    """
    out = out.absolute()
    try:
        _check_free(out)
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            prefix=".effmon-export-", dir=out.parent, ignore_cleanup_errors=True
        ) as beside:
            # A folder inside: the outer one is private, this one has the modes of the umask.
            folder = Path(beside, "export")
            folder.mkdir()
            yield folder
            _sync(folder)
            folder.rename(out)
            _sync(out.parent)
    except OSError as fault:
        raise ConfigurationError(
            t("cannot write the export to {out}: {fault}", out=out, fault=say_os(fault)),
            t("name a new folder with --out, on a disk with room where you may write"),
        ) from fault


def fill(
    folder: Path,
    out: Path,
    bodies: Iterable[bytes],
    head: ledger.Head,
    *,
    approvals: Iterable[bytes] = (),
    signed: SignedParts = UNSIGNED,
    readme_context: Mapping[str, str],
) -> ExportSummary:
    """Write the files of an export into a folder that will be `out`, on the disk when this ends.

    `approvals` are the lines of `approvals.jsonl`, in the order of the entries; without any there
    is no such file. Of a ledger that has a key, `signed`, there are `trust.json`, `checkpoints`
    and `consistency.json` too.

    `bodies` are the canonical bytes of all entries in order, read once and never held together;
    both trees are rebuilt from them on the way and must end at `head`. `readme_context` is shown
    in the readme, one line for each key (`organisation`, `workspace`, `exported_at`,
    `exported_by`, `version` have titles).

    Raises `LedgerDamaged` when the entries do not end at `head`, OSError as writing does.
    """
    verifier = resources.files("efficiency_monitor.verifier").joinpath("verify.py").read_bytes()
    roots = ledger.root(head)
    summary = ExportSummary(
        folder=out.absolute(),
        size=head.size,
        sha256_root=roots.sha256.hex(),
        sm3_root=roots.sm3.hex(),
        verifier_sha256=hashlib.sha256(verifier).hexdigest(),
        signed=max((size for size, _ in signed.notes), default=0),
    )
    streams = _streams(signed)
    _write_entries(folder / "entries.jsonl", bodies, head, streams)
    if signed.keys:
        _write_signed(folder, signed, streams)
    lines = b"".join(line + b"\n" for line in approvals)
    if lines:
        _write(folder / "approvals.jsonl", lines)
    _write(folder / "head.json", _head_json(summary))
    _write(folder / "verify.py", verifier)
    _write(
        folder / "README.txt",
        readme(
            readme_context,
            size=str(summary.size),
            sha256_root=summary.sha256_root,
            sm3_root=summary.sm3_root,
            signed=str(summary.signed),
            verifier_sha256=summary.verifier_sha256,
        ),
    )
    return summary


def _check_free(out: Path) -> None:
    if out.resolve() == Path.cwd():
        # Renaming would leave the user's shell in a deleted folder.
        raise ConfigurationError(f"{out} is the current folder", "name a new folder with --out")
    if out.is_dir() and not any(out.iterdir()):
        return
    if out.exists() or out.is_symlink():
        raise ConfigurationError(
            f"{out} exists and is not an empty folder; an export never overwrites",
            "name a new folder with --out, or move the old one away",
        )


def _steps(signed: SignedParts, tree: str) -> list[tuple[int, int]]:
    """From each checkpoint of a tree to the next."""
    return list(pairwise(sorted(size for size, kind in signed.notes if kind == tree)))


def _streams(signed: SignedParts) -> dict[str, ProofStream]:
    return {
        tree: ProofStream(digest, steps=_steps(signed, tree))
        for tree, digest in ledger.DIGESTS.items()
    }


def _write_entries(
    path: Path, bodies: Iterable[bytes], head: ledger.Head, streams: Mapping[str, ProofStream]
) -> None:
    """Write one line an entry while both trees are rebuilt; `LedgerDamaged` unless they match."""
    rest, sha256, sm3 = iter(bodies), streams["sha256"], streams["sm3"]
    with path.open("wb") as file:
        while batch := list(islice(rest, _BATCH)):
            for body in batch:
                leaf = ledger.leaf_of(body)
                sha256.add(leaf.sha256)
                sm3.add(leaf.sm3)
                file.write(body + b"\n")
        file.flush()
        os.fsync(file.fileno())
    grown = ledger.Head(sha256.size, sha256.stack, sm3.stack)
    if grown != head:
        raise LedgerDamaged(
            f"the stored entries ({grown.size}, root {ledger.root(grown).sha256.hex()}) are not "
            f"those of the ledger's head ({head.size}, root {ledger.root(head).sha256.hex()})",
            "nothing was exported; keep the database as it is and compare it with a backup",
        )


def _write_signed(folder: Path, signed: SignedParts, streams: Mapping[str, ProofStream]) -> None:
    """The signed notes, a proof from each to the next, and the keys that may have signed them."""
    place = folder / "checkpoints"
    place.mkdir()
    for (size, tree), text in signed.notes.items():
        _write(place / f"{size:012}-{tree}.note", text.encode("utf-8", "surrogatepass"))
    _sync(place)
    proofs = [
        {
            "tree": tree,
            "first": first,
            "second": second,
            "proof": [node.hex() for node in stream.consistency(first, second)],
        }
        for tree, stream in streams.items()
        for first, second in _steps(signed, tree)
        # Of checkpoints that are larger than the ledger there is no proof: it was cut off.
        if second <= stream.size
    ]
    _write(folder / "consistency.json", ledger.canonical_json(proofs) + b"\n")
    keys = [
        {
            "vkey": period.verifier.vkey,
            "from_size": period.from_size,
            "until_size": period.until_size,
        }
        for period in signed.keys
    ]
    trust = {"keys": keys, "origin": signed.keys[0].verifier.name}
    _write(folder / "trust.json", ledger.canonical_json(trust) + b"\n")


def _head_json(summary: ExportSummary) -> bytes:
    said = {
        "size": summary.size,
        "sha256_root": summary.sha256_root,
        "sm3_root": summary.sm3_root,
    }
    return ledger.canonical_json(said) + b"\n"


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Make the names in a folder as lasting as the files (POSIX)."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
