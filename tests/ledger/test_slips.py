"""Evidence slips: one entry with its proofs, verified without the ledger."""

import base64
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from efficiency_monitor.verifier import verify

from . import hand_made
from .conftest import Run
from .hand_made import FIRST, ORIGIN, OTHER, SECOND, Book

Slip = dict[str, Any]
RunSlip = Callable[..., Run]


@pytest.fixture
def run_slip(run: Callable[..., Run], tmp_path: Path) -> RunSlip:
    """Verify a slip: `run_slip(bytes, KEY, …)`."""

    def run_it(content: bytes, *keys: str) -> Run:
        path = tmp_path / "slip.json"
        path.write_bytes(content)
        return run(Path("slip"), str(path), *(part for key in keys for part in ("--key", key)))

    return run_it


@pytest.mark.parametrize("size", [9, 30, 35])
def test_every_entry_has_a_slip_under_every_checkpoint_that_covers_it(
    size: int, book: Book, run_slip: RunSlip
) -> None:
    key = FIRST if size < 32 else SECOND
    for seq in range(1, size + 1):
        found = run_slip(book.slip(seq, size), key.vkey)
        assert (found.code, found.err) == (0, ""), found.out
        assert f"条目 entry: seq {seq} " in found.out
        assert f"in the ledger: {ORIGIN}, SHA-256, seq 1..{size}" in found.out
        assert f"in the ledger: {ORIGIN}-sm3, SM3, seq 1..{size}" in found.out
        assert found.out.count("签名成立 signature holds") == 2


def test_without_the_key_nobody_knows_who_signed(book: Book, run_slip: RunSlip) -> None:
    found = run_slip(book.slip(3, 30))
    assert found.code == 3
    assert "nobody knows who signed it" in found.out
    found = run_slip(book.slip(3, 30), OTHER.vkey)
    assert found.code == 3
    assert "none of the keys that you know" in found.out
    assert run_slip(book.slip(3, 30), OTHER.vkey, FIRST.vkey).code == 0


def test_a_line_end_of_another_system_is_no_change(book: Book, run_slip: RunSlip) -> None:
    line = book.slip(3, 30).rstrip(b"\n")
    for end in (b"", b"\n", b"\r\n"):
        assert run_slip(line + end, FIRST.vkey).code == 0


def moved(slip: Slip, book: Book) -> None:
    """An entry of another number in its place, with nothing else changed."""
    slip["entry"] = book.entries[3]


def other_note(slip: Slip, book: Book) -> None:
    """Under a checkpoint that it does not lead to."""
    slip["proofs"][0]["note"] = book.notes["sha256", 9]


def swapped(slip: Slip, book: Book) -> None:
    """The trees in each other's place."""
    slip["proofs"].reverse()


def renamed(slip: Slip, book: Book) -> None:
    """One tree said to be the other."""
    slip["proofs"][1]["tree"] = "sha256"


def other_origin(slip: Slip, book: Book) -> None:
    """The SM3 tree of another ledger."""
    text = f"other-sm3\n30\n{hand_made.coded(book.root('sm3', 30))}\n"
    slip["proofs"][1]["note"] = hand_made.note(text, FIRST)


TAMPERED: dict[str, Callable[[Slip, Book], object]] = {
    "another level": lambda slip, _: slip["entry"].update(level="none"),
    "another number": lambda slip, _: slip["entry"].update(seq=4),
    "another entry": moved,
    "another note": other_note,
    "trees swapped": swapped,
    "a tree renamed": renamed,
    "another origin": other_origin,
    "one tree": lambda slip, _: slip["proofs"].pop(),
    "three trees": lambda slip, _: slip["proofs"].append(slip["proofs"][1]),
    "no tree": lambda slip, _: slip.update(proofs=[]),
    "another index": lambda slip, _: slip["proofs"][0].update(index=3),
    "another size": lambda slip, _: slip["proofs"][0].update(size=31),
    "another version": lambda slip, _: slip.update(v=2),
    "a version that is true": lambda slip, _: slip.update(v=True),
    "more in it": lambda slip, _: slip.update(x=1),
    "more in a proof": lambda slip, _: slip["proofs"][0].update(x=1),
    "a path cut off": lambda slip, _: slip["proofs"][0]["path"].pop(),
    "a longer path": lambda slip, _: slip["proofs"][0]["path"].append(slip["proofs"][0]["path"][0]),
    "a path of something else": lambda slip, _: slip["proofs"][1]["path"].reverse(),
    "a path that is none": lambda slip, _: slip["proofs"][1].update(path="x"),
    "a hash that is none": lambda slip, _: slip["proofs"][1]["path"].__setitem__(0, 7),
    "no entry": lambda slip, _: slip.pop("entry"),
    "an entry that is none": lambda slip, _: slip.update(entry=[]),
    "a list": lambda slip, _: slip.update(proofs={"sha256": 1}),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_what_was_changed_is_found(how: str, book: Book, run_slip: RunSlip) -> None:
    slip = json.loads(book.slip(3, 30))
    TAMPERED[how](slip, book)
    found = run_slip(hand_made.line(slip), FIRST.vkey)
    assert (found.code, found.err) == (1, ""), found.out
    assert "slip.json" in found.out


def test_an_entry_of_later_than_its_checkpoint_is_not_in_it(run_slip: RunSlip) -> None:
    """A path that leads from the last leaf does so too for a number beyond the end."""
    forged = Book.begun(entries=5)
    forged.grow(1)
    forged.entries[-1]["seq"] = 8
    for tree in hand_made.HASHES:
        forged.notes[tree, 7] = forged.note_of(tree, 7)
    slip = json.loads(forged.slip(7, 7))
    for proof in slip["proofs"]:
        proof["index"] = 7
    found = run_slip(hand_made.line(slip), FIRST.vkey)
    assert found.code == 1
    assert "the entry is not in the ledger of its SHA-256 checkpoint" in found.out


def test_an_inner_node_is_no_entry(book: Book, run_slip: RunSlip) -> None:
    """RFC 6962 tells leaves from nodes: two hashes cannot be passed off as an entry."""
    leaves = book.leaves("sha256", 2)
    slip = json.loads(book.slip(1, 9))
    slip["entry"] = {**slip["entry"], "x": base64.b64encode(b"".join(leaves)).decode()}
    slip["proofs"][0]["path"].pop(0)
    assert run_slip(hand_made.line(slip), FIRST.vkey).code == 1


def test_every_byte_counts(book: Book, run_slip: RunSlip) -> None:
    """A thousand bytes changed, put in or taken out: none is accepted, none is a traceback."""
    dice, content = random.Random("slips"), book.slip(3, 30).rstrip(b"\n")
    for _ in range(1000):
        changed = bytearray(content)
        at, how = dice.randrange(len(changed)), dice.randrange(3)
        if how == 0:
            changed[at] ^= 1 << dice.randrange(8)
        elif how == 1:
            del changed[at]
        else:
            changed.insert(at, dice.choice(b'0aA=" {}[],:\\\n\xff'))
        if bytes(changed).rstrip(b"\r\n") == content:
            continue
        found = run_slip(bytes(changed), FIRST.vkey)
        assert found.code in (1, 3), found.out
        assert found.err == ""


@pytest.mark.parametrize("content", [b"", b"\n", b"{}", b"[]", b"7", b"\xff", b"[" * 100_000])
def test_what_is_no_slip_is_answered(content: bytes, run_slip: RunSlip) -> None:
    found = run_slip(content, FIRST.vkey)
    assert (found.code, found.err) == (1, "")


def test_a_slip_that_is_not_there_is_unreadable(run: Callable[..., Run], tmp_path: Path) -> None:
    found = run(Path("slip"), str(tmp_path / "none.json"), "--key", FIRST.vkey)
    assert (found.code, found.err) == (2, "")


def test_a_folder_called_slip_is_reached_by_its_path(book: Book, tmp_path: Path) -> None:
    book.write(tmp_path / "slip")
    assert verify.main([str(tmp_path / "slip")]) == 0


def test_what_an_entry_says_cannot_speak_to_the_terminal(run_slip: RunSlip) -> None:
    book = Book.begun(entries=1)
    book.entries[0]["card"] = "\x1b[2J\u202e结论 RESULT: OK"
    book.entries = book.entries[:1]
    book.keys.clear()
    book.signer = None
    book.change_key(FIRST)
    size = book.checkpoint()
    found = run_slip(book.slip(1, size), FIRST.vkey)
    assert found.code == 0
    assert "\x1b" not in found.out
    assert "\u202e" not in found.out
