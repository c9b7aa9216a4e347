"""The verifier and signed checkpoints: what it accepts, finds, and whom it believes."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from efficiency_monitor.verifier import verify

from . import hand_made
from .conftest import Run
from .hand_made import FIRST, ORIGIN, OTHER, SECOND, Book, Signer

Verifier = Callable[..., Run]
Files = dict[str, bytes]


@pytest.mark.parametrize("keys", [(), (FIRST,), (SECOND,), (FIRST, SECOND), (OTHER, SECOND)])
def test_an_honest_export_is_sound_whichever_key_is_on_paper(
    folder: Path, run: Verifier, keys: tuple[Signer, ...]
) -> None:
    found = run(folder, *(part for key in keys for part in ("--key", key.vkey)))
    assert (found.code, found.err) == (0, "")
    assert "检查点 checkpoints: SHA-256 3, SM3 3" in found.out
    assert f"{ORIGIN}+{FIRST.key_id.hex()}: 4 个签名成立 signatures hold" in found.out
    assert f"{ORIGIN}+{SECOND.key_id.hex()}: 2 个签名成立 signatures hold" in found.out
    assert ("came with the export and prove nothing about who signed" in found.out) is (not keys)
    assert ("without an outside root, checkpoint or key" in found.out) is (not keys)
    assert ("from seq 36 on only head.json vouches" in found.out) is bool(keys)
    assert found.out.count("您的密钥 your key") == len({FIRST, SECOND} & set(keys))
    assert found.out.count("vouched for by yours") == (
        len({FIRST, SECOND} - set(keys)) if keys else 0
    )


def test_an_export_of_a_ledger_that_has_a_key_and_no_checkpoint(
    tmp_path: Path, run: Verifier
) -> None:
    folder = Book.begun().write(tmp_path)
    assert run(folder).code == 0
    found = run(folder, "--key", FIRST.vkey)
    assert found.code == 3
    assert "nothing here is signed by your key" in found.out


def test_who_has_a_key_is_not_content_with_an_export_without_signatures(
    exported: Path, run: Verifier
) -> None:
    assert run(exported).code == 0
    assert run(exported, "--key", FIRST.vkey).code == 3


def test_all_signed_by_another_key(tmp_path: Path, run: Verifier) -> None:
    forged = Book.begun("other", entries=8)
    forged.checkpoint()
    found = run(forged.write(tmp_path), "--key", FIRST.vkey)
    assert found.code == 3
    assert "签署者不明 SIGNED BY AN UNKNOWN KEY" in found.out
    assert "none of the keys that you know" in found.out
    assert run(tmp_path).code == 0, "without the key on paper nobody can see it, and it says so"


def test_a_witness_signs_beside_the_ledger(tmp_path: Path, run: Verifier) -> None:
    """Signatures of unknown keys are passed over, as C2SP says; a known witness is enough."""
    witness = Signer("witness", "witness.example")
    book = Book.begun()
    book.checkpoint(witness)
    folder = book.write(tmp_path)
    assert run(folder).code == 0
    assert run(folder, "--key", witness.vkey).code == 0
    assert run(folder, "--key", FIRST.vkey).code == 0


def test_known_answers_of_other_implementations() -> None:
    """The C2SP example note and Go's x/mod/sumdb/note test: they prove themselves."""
    peter = verify.key_of("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    said = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
        "\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvq"
        "fqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    match = verify.SIGNED_TEXT.fullmatch(said)
    assert match
    assert verify.signed_by(match["text"], verify.signatures_of(match), peter)
    with pytest.raises(verify.Changed):
        verify.signed_by(match["text"] + "x", verify.signatures_of(match), peter)


def lines(files: Files) -> list[dict[str, Any]]:
    return [json.loads(line) for line in files["entries.jsonl"].splitlines()]


def rehashed(files: Files, entries: list[dict[str, Any]]) -> Files:
    """Entries, and a head that fits them."""
    book = Book(entries=entries)
    return {**files, **{name: book.files()[name] for name in ("entries.jsonl", "head.json")}}


def edited(files: Files, seq: int, **change: Any) -> Files:
    """One entry changed, and the head computed again."""
    entries = lines(files)
    entries[seq - 1].update(change)
    return rehashed(files, entries)


def without(files: Files, *names: str) -> Files:
    return {name: content for name, content in files.items() if name not in names}


def replaced(files: Files, name: str, old: str, new: str) -> Files:
    assert old.encode() in files[name]
    return {**files, name: files[name].replace(old.encode(), new.encode(), 1)}


NOTE9, NOTE30, NOTE35 = (f"checkpoints/{size:012}-sha256.note" for size in (9, 30, 35))
SM9 = "checkpoints/000000000009-sm3.note"


def cut(files: Files, size: int, *, notes: bool) -> Files:
    """Rolled back to fewer entries, with what fits them."""
    left = {
        name: content
        for name, content in files.items()
        if not (notes and name.startswith("checkpoints/") and int(name[12:24]) > size)
    }
    return rehashed(left, lines(files)[:size])


#: What is done to an export, the code, and what is said of it.
TAMPERED: dict[str, tuple[Callable[[Book, Files], Files], int, str]] = {
    "an entry, before the first checkpoint": (
        lambda _, files: edited(files, 2, level="red"), 1, "content within seq 1..9 was changed"
    ),
    "an entry, between checkpoints": (
        lambda _, files: edited(files, 12, level="none"), 1, "content within seq 10..30"
    ),
    "an entry, before the last checkpoint": (
        lambda _, files: edited(files, 34, level="none"), 1, "content within seq 31..35"
    ),
    "the end cut off": (
        lambda _, files: cut(files, 33, notes=False), 1, "from seq 34 on they were cut off"
    ),
    "a checkpoint lost": (
        lambda _, files: without(files, NOTE30), 1, "seq 31: its SHA-256 checkpoint is missing"
    ),
    "one tree lost": (
        lambda _, files: without(files, SM9), 1, "seq 10: its SM3 checkpoint is missing"
    ),
    "a checkpoint that was never made": (
        lambda book, files: {
            **files, "checkpoints/000000000020-sha256.note": book.note_of("sha256", 20).encode()
        }, 1, "the ledger does not know of the checkpoint 000000000020-sha256.note",
    ),
    "a checkpoint under another size": (
        lambda _, files: {**without(files, NOTE30), NOTE30.replace("30", "31"): files[NOTE30]},
        1, "000000000031-sha256.note was changed or damaged",
    ),
    "a name with a zero more": (
        lambda _, files: {**without(files, NOTE9), NOTE9.replace("/", "/0"): files[NOTE9]},
        1, "0000000000009-sha256.note was changed or damaged",
    ),
    "notes swapped between trees": (
        lambda _, files: {**files, NOTE9: files[SM9], SM9: files[NOTE9]},
        1, "checkpoint is missing or another",
    ),
    "a root in another tree's note": (
        lambda book, files: {
            **files, SM9: hand_made.note(
                f"{ORIGIN}\n9\n{hand_made.coded(book.root('sm3', 9))}\n", FIRST).encode()
        }, 1, "it is of another tree",
    ),
    "a note of another ledger": (
        lambda book, files: {
            **files, NOTE9: hand_made.note(
                f"x\n9\n{hand_made.coded(book.root('sha256', 9))}\n", FIRST).encode()
        }, 1, "it is of another tree",
    ),
    "a signature by another key": (
        lambda book, files: {**files, NOTE9: book.note_of("sha256", 9, by=OTHER).encode()},
        3, "none of the keys that you know",
    ),
    "a signature by the key before": (
        lambda book, files: {**files, NOTE35: book.note_of("sha256", 35, by=FIRST).encode()},
        1, "was not in use at 35 entries",
    ),
    "a signature by the key after": (
        lambda book, files: {**files, NOTE9: book.note_of("sha256", 9, by=SECOND).encode()},
        1, "was not in use at 9 entries",
    ),
    "a signature of something else": (
        lambda _, files: {
            **files,
            NOTE9: b"\n\n".join([files[NOTE9].split(b"\n\n")[0], files[NOTE30].split(b"\n\n")[1]]),
        }, 1, "has not signed this",
    ),
    "a note without a signature": (
        lambda _, files: {**files, NOTE9: files[NOTE9].split(b"\n\n")[0] + b"\n\n"},
        1, "it is not of the exported form",
    ),
    "a signature twice": (
        lambda _, files: {**files, NOTE9: files[NOTE9] + files[NOTE9].split(b"\n\n")[1]},
        1, "a key has signed it twice",
    ),
    "a root spelled otherwise": (
        lambda book, files: replaced(
            files, NOTE9, (root := hand_made.coded(book.root("sha256", 9))),
            root[:-2] + chr(ord(root[-2]) + 1) + "="),
        1, "it is not base64 as it is written here",
    ),
    "another line in a note": (
        lambda _, files: replaced(files, NOTE9, "\n\n", "\nx\n\n"), 1, "not of the exported form",
    ),
    "no consistency.json": (
        lambda _, files: without(files, "consistency.json"), 2, "there is no file consistency.json"
    ),
    "no trust.json": (
        lambda _, files: without(files, "trust.json"), 2, "there is no file trust.json"
    ),
    "a proof of something else": (
        lambda _, files: replaced(
            files, "consistency.json", '"proof":["', '"proof":["' + "0" * 64 + '","'),
        1, "its SHA-256 proof from 9 to 30 does not hold",
    ),
    "proofs that skip a checkpoint": (
        lambda _, files: {
            **files, "consistency.json": rfc8785.dumps(
                json.loads(files["consistency.json"])[1:]) + b"\n"
        }, 1, "it is not one proof from each to the next",
    ),
    "a number that is true": (
        lambda book, files: {
            **files, "consistency.json": rfc8785.dumps(
                [{**part, "first": True} for part in book.consistency()]) + b"\n"
        }, 1, "it is not one proof from each to the next",
    ),
    "a key twice in consistency.json": (
        lambda _, files: replaced(
            files, "consistency.json", '{"first":9,', '{"first":9,"first":9,'),
        1, "a key occurs twice",
    ),
    "a blank in trust.json": (
        lambda _, files: replaced(files, "trust.json", '"keys":', '"keys": '), 1, "trust.json"
    ),
    "another key in trust.json": (
        lambda _, files: replaced(files, "trust.json", FIRST.vkey, OTHER.vkey), 1, "trust.json was"
    ),
    "another term in trust.json": (
        lambda _, files: replaced(files, "trust.json", '"until_size":31', '"until_size":35'),
        1, "trust.json was",
    ),
    "another origin in trust.json": (
        lambda _, files: replaced(files, "trust.json", f'"origin":"{ORIGIN}"', '"origin":"x"'),
        1, "trust.json was",
    ),
    "no change of keys in trust.json": (
        lambda _, files: {
            **files, "trust.json": rfc8785.dumps({"origin": ORIGIN, "keys": [
                {"vkey": FIRST.vkey, "from_size": 0, "until_size": None}]}) + b"\n"
        }, 1, "trust.json was",
    ),
    "nothing in trust.json, and no key in the ledger": (
        lambda _, files: rehashed(
            {"trust.json": b"\n", "consistency.json": b"[]\n"},
            [entry for entry in lines(files)[:5] if entry["type"] == "card.issued"]),
        1, "trust.json was",
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", TAMPERED)
def test_what_is_changed_is_found_and_named(
    how: str, book: Book, tmp_path: Path, run: Verifier
) -> None:
    change, code, said = TAMPERED[how]
    hand_made.write(tmp_path, change(book, book.files()))
    for keys in ((), ("--key", FIRST.vkey)):
        found = run(tmp_path, *keys)
        assert (found.code, found.err) == (code, ""), found.out
        assert said in found.out
        assert not found.out.splitlines()[-2].isascii(), "the Chinese line stands before"


def test_a_note_in_a_file_of_another_kind_is_left_alone(folder: Path, run: Verifier) -> None:
    (folder / "checkpoints" / ".DS_Store").write_bytes(b"\x00")
    assert run(folder).code == 0


@pytest.mark.parametrize(
    "key", ["", "x", FIRST.vkey[:-1], FIRST.vkey.replace("+", "-"), FIRST.vkey.upper(),
            FIRST.vkey.replace("A", "B", 1)]
)  # fmt: skip
def test_a_key_that_was_mistyped_is_wrong_usage(key: str, folder: Path, run: Verifier) -> None:
    with pytest.raises(SystemExit) as caught:
        run(folder, "--key", key)
    assert caught.value.code == 2


def test_sm3_of_its_own_checks_notes_and_proofs_too(
    folder: Path, run: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: str, *_: object) -> None:
        raise ValueError(f"unsupported hash type {name}")

    monkeypatch.setattr(hashlib, "new", refuse)
    found = run(folder, "--key", FIRST.vkey)
    assert found.code == 0, found.out
    assert "(verify.py)" in found.out
    note = folder / "checkpoints" / "000000000030-sm3.note"
    shutil.copy(folder / "checkpoints" / "000000000009-sm3.note", note)
    assert run(folder).code == 1
