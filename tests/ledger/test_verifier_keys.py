"""The verifier and changes of the ledger's key: followed where signed for, found where forged."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from . import hand_made
from .conftest import Run
from .hand_made import FIRST, ORIGIN, OTHER, SECOND, Book, Signer, grown

Verifier = Callable[..., Run]
Files = dict[str, bytes]


def test_a_key_that_the_old_one_did_not_sign_for_must_be_given_too(
    tmp_path: Path, run: Verifier
) -> None:
    book = Book.begun()
    book.checkpoint()
    book.change_key(SECOND, old_signs=False)
    book.checkpoint()
    folder = book.write(tmp_path)
    assert run(folder, "--key", FIRST.vkey).code == 3
    assert run(folder, "--key", SECOND.vkey).code == 3
    found = run(folder, "--key", FIRST.vkey, "--key", SECOND.vkey)
    assert found.code == 0
    assert "自 seq 8 起换用" in found.out
    assert "not signed for by the one before" in found.out
    assert "not signed for by the one before" in run(folder).out


def test_a_third_key_is_vouched_for_by_the_first_and_the_first_by_the_third(
    tmp_path: Path, run: Verifier
) -> None:
    book = grown()
    book.change_key(Signer("third"))
    book.checkpoint()
    folder = book.write(tmp_path)
    for word in ("first", "second", "third"):
        assert run(folder, "--key", Signer(word).vkey).code == 0


def rekeyed(book: Book, seq: int, change: Callable[[dict[str, Any]], object]) -> Files:
    """The entry about a key changed and everything else, signatures too, made for it."""
    other = grown()
    change(other.entries[seq - 1])
    for entry in other.entries:
        if entry["type"] == "checkpoint.made":
            for tree in hand_made.HASHES:
                entry[f"{tree}_root"] = other.root(tree, entry["size"]).hex()
                other.notes[tree, entry["size"]] = other.note_of(
                    tree, entry["size"], by=FIRST if entry["size"] < 32 else SECOND
                )
    return other.files()


def statement(book: Book, *signers: Signer, seq: int = 32, **change: Any) -> str:
    """The statement about a key with something else in it."""
    lines = book.entries[seq - 1]["note"].split("\n\n")[0].split("\n")
    names = ("domain", "origin", "old", "new", "size", "root")
    said = {**dict(zip(names, lines, strict=True)), **change}
    return hand_made.note("".join(f"{said[name]}\n" for name in names), *signers)


FORGED: dict[str, tuple[int, Callable[[Book], dict[str, Any]], str]] = {
    "the new key has not signed": (
        32, lambda book: {"note": statement(book, FIRST)}, "the new key has not signed"
    ),
    "a signature of the new key that is none": (
        32, lambda book: {"note": statement(book).rstrip("\n") + "\n\n" + SECOND.line("x")},
        "has not signed this",
    ),
    "another new key than was signed": (
        32, lambda book: {"new": OTHER.vkey}, "it is not what was signed"
    ),
    "another old key than was signed": (
        32, lambda book: {"old": OTHER.vkey}, "it is not what was signed"
    ),
    "nobody before": (
        32, lambda book: {"old": None, "note": statement(book, SECOND, old="-")},
        "it does not follow the key before",
    ),
    "another before": (
        32, lambda book: {
            "old": OTHER.vkey, "note": statement(book, SECOND, OTHER, old=OTHER.vkey)},
        "it does not follow the key before",
    ),
    "another ledger": (
        32, lambda book: {"note": statement(book, SECOND, FIRST, origin="x")},
        "it is not what was signed",
    ),
    "another size": (32, lambda book: {"size": 30}, "it is not what was signed"),
    "another root": (
        32, lambda book: {"note": statement(
            book, SECOND, FIRST, root=hand_made.coded(bytes(32)))}, "it is not what was signed",
    ),
    "a ledger of later": (
        32, lambda book: {"size": 32, "note": statement(
            book, SECOND, FIRST, size="32", root=hand_made.coded(book.root("sha256", 32)))},
        "it is not what was signed",
    ),
    "another domain": (
        32, lambda book: {"note": statement(book, SECOND, FIRST, domain="x")},
        "it is not what was signed",
    ),
    "no note": (32, lambda book: {"note": None}, "it is not of the exported form"),
    "no statement": (32, lambda book: {"note": "x"}, "it is not of the exported form"),
    "a size that is none": (32, lambda book: {"size": "x"}, "it is not what was signed"),
    "a list for a size": (32, lambda book: {"size": []}, "it is not of the exported form"),
    "a key that is none": (32, lambda book: {"new": "x"}, "no key: NAME+8 HEX DIGITS+BASE64"),
    "a key with other digits": (
        32, lambda book: {"new": SECOND.vkey.replace(SECOND.key_id.hex(), "00000000")},
        "the key does not fit its digits",
    ),
    "the first key with one before": (
        6, lambda book: {"old": OTHER.vkey, "note": statement(
            book, FIRST, seq=6, old=OTHER.vkey)}, "it does not follow the key before",
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_change_of_keys_is_found_although_everything_else_was_made_for_it(
    how: str, book: Book, tmp_path: Path, run: Verifier
) -> None:
    seq, change, said = FORGED[how]
    hand_made.write(tmp_path, rekeyed(book, seq, lambda entry: entry.update(change(book))))
    found = run(tmp_path)
    assert (found.code, found.err) == (1, ""), found.out
    assert f"seq {seq}:" in found.out
    assert said in found.out


def test_the_maker_of_forgeries_makes_sound_exports(
    book: Book, tmp_path: Path, run: Verifier
) -> None:
    hand_made.write(tmp_path, rekeyed(book, 32, lambda _: None))
    assert run(tmp_path).code == 0


def test_another_kind_of_key_is_not_taken_for_signed(tmp_path: Path, run: Verifier) -> None:
    """SM2 or hardware (kind 0xff): the standard library cannot check it, and says so."""
    data = b"\xffsm2" + bytes(33)
    key_id = hashlib.sha256(ORIGIN.encode() + b"\n" + data).digest()[:4]
    vkey = f"{ORIGIN}+{key_id.hex()}+{hand_made.coded(data)}"
    book = Book.begun()
    entry = book.entries[5]
    signature = f"\u2014 {ORIGIN} {hand_made.coded(key_id + bytes(64))}\n"
    text = entry["note"].split("\n\n")[0].replace(FIRST.vkey, vkey) + "\n"
    entry.update(new=vkey, note=f"{text}\n{signature}")
    book.keys[0][0] = vkey
    book.checkpoint()
    book.notes = {key: f"{text.split(chr(10) * 2)[0]}\n\n{signature}"
                  for key, text in book.notes.items()}  # fmt: skip
    found = run(book.write(tmp_path), "--key", vkey)
    assert found.code == 3
    assert "of a kind that takes another program to check" in found.out
