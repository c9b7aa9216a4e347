"""Whatever is changed in an export is found, and the place is named where it can be."""

import json
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from efficiency_monitor.ledger.model import entries as ledger

from .conftest import SIZE, Run

Files = tuple[bytes, bytes]
Mutation = Callable[[random.Random, Files], Files]

ROUNDS = 250


def _lines(files: Files) -> list[bytes]:
    return files[0].splitlines(keepends=True)


def bit(dice: random.Random, files: Files) -> Files:
    """One bit of the entries."""
    content = bytearray(files[0])
    content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    return bytes(content), files[1]


def byte(dice: random.Random, files: Files) -> Files:
    """One byte of the entries, often a digit for another."""
    content = bytearray(files[0])
    content[dice.randrange(len(content))] = dice.choice(b"0123456789\n\r \x00\xff")
    return bytes(content), files[1]


def delete(dice: random.Random, files: Files) -> Files:
    """A line gone."""
    lines = _lines(files)
    del lines[dice.randrange(len(lines))]
    return b"".join(lines), files[1]


def duplicate(dice: random.Random, files: Files) -> Files:
    """A line twice."""
    lines = _lines(files)
    lines.insert(dice.randrange(len(lines) + 1), dice.choice(lines))
    return b"".join(lines), files[1]


def swap(dice: random.Random, files: Files) -> Files:
    """Two lines exchanged."""
    lines = _lines(files)
    one, other = dice.sample(range(len(lines)), 2)
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines), files[1]


def truncate(dice: random.Random, files: Files) -> Files:
    """The end cut off, at any byte."""
    return files[0][: dice.randrange(len(files[0]))], files[1]


def insert(dice: random.Random, files: Files) -> Files:
    """Some bytes put in anywhere."""
    at = dice.randrange(len(files[0]) + 1)
    extra = dice.choice([dice.randbytes(dice.randint(1, 5)), b"\n", b" ", b"\r", b"{}\n", b"0"])
    return files[0][:at] + extra + files[0][at:], files[1]


def _renumbered(lines: list[bytes]) -> bytes:
    entries = [{**json.loads(line), "seq": seq} for seq, line in enumerate(lines, 1)]
    return b"".join(ledger.canonical(entry) + b"\n" for entry in entries)


def insert_entry(dice: random.Random, files: Files) -> Files:
    """A well-formed entry put in, and all later ones renumbered."""
    lines = _lines(files)
    lines.insert(dice.randrange(len(lines) + 1), dice.choice(lines))
    return _renumbered(lines), files[1]


def delete_entry(dice: random.Random, files: Files) -> Files:
    """An entry taken out, and all later ones renumbered."""
    lines = _lines(files)
    del lines[dice.randrange(len(lines))]
    return _renumbered(lines), files[1]


def replace(dice: random.Random, files: Files) -> Files:
    """An entry replaced by a well-formed other one of the same seq."""
    lines = _lines(files)
    at = dice.randrange(len(lines))
    entry = json.loads(lines[at])
    entry |= dice.choice([{"level": "none"}, {"at": "2026-11-23T02:00:00Z"}, {"late": at}])
    lines[at] = ledger.canonical(entry) + b"\n"
    return b"".join(lines), files[1]


def head_bytes(dice: random.Random, files: Files) -> Files:
    """The head damaged: a byte, an end, a blank."""
    content = bytearray(files[1])
    at = dice.randrange(len(content))
    kind = dice.randrange(3)
    if kind == 0:
        content[at] = dice.randrange(256)
    elif kind == 1:
        del content[at:]
    else:
        content.insert(at, dice.choice(b" \n0a"))
    return files[0], bytes(content)


def head_values(dice: random.Random, files: Files) -> Files:
    """The head well formed, with another size or root."""
    said = json.loads(files[1])
    key = dice.choice(sorted(said))
    said[key] = dice.randrange(40) if key == "size" else dice.randbytes(32).hex()
    return files[0], ledger.canonical_json(said) + b"\n"


def half_rewritten(dice: random.Random, files: Files) -> Files:
    """An entry replaced, and the root of one tree recomputed but not that of the other."""
    entries, _ = replace(dice, files)
    roots = ledger.root(ledger.rebuild(entries.splitlines()))
    said = json.loads(files[1])
    tree = dice.choice(["sha256", "sm3"])
    said[f"{tree}_root"] = getattr(roots, tree).hex()
    return entries, ledger.canonical_json(said) + b"\n"


MUTATIONS: list[Mutation] = [
    bit,
    byte,
    delete,
    duplicate,
    swap,
    truncate,
    insert,
    insert_entry,
    delete_entry,
    replace,
    head_bytes,
    head_values,
    half_rewritten,
]


def mutated(dice: random.Random, mutation: Mutation, files: Files) -> Files:
    """What the mutation gives, drawn again until a byte is really another."""
    while (changed := mutation(dice, files)) == files:
        pass
    return changed


def first_bad_line(before: bytes, after: bytes) -> int:
    """The number of the first line that differs, from 1."""
    one, other = before.split(b"\n"), after.split(b"\n")
    same = [a == b for a, b in zip(one, other, strict=False)]
    return same.index(False) + 1 if False in same else min(len(one), len(other))


@pytest.fixture
def folder(exported: Path, tmp_path: Path) -> Path:
    """A copy of the export to be tampered with."""
    return Path(shutil.copytree(exported, tmp_path / "out"))


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_every_change_is_found(mutation: Mutation, folder: Path, run: Callable[..., Run]) -> None:
    dice = random.Random(mutation.__name__)
    files = (folder / "entries.jsonl").read_bytes(), (folder / "head.json").read_bytes()
    assert run(folder).code == 0
    for _ in range(ROUNDS):
        entries, head = mutated(dice, mutation, files)
        (folder / "entries.jsonl").write_bytes(entries)
        (folder / "head.json").write_bytes(head)
        found = run(folder)
        assert found.code == 1, (entries, head, found)
        assert found.err == ""
        named = re.search(r"line (\d+) \(seq|from seq (\d+) on", found.out)
        if named and entries != files[0]:
            number = int(named[1] or named[2])
            if mutation in (insert_entry, delete_entry):
                assert number in (SIZE, SIZE + 1)
            else:
                assert number == first_bad_line(files[0], entries), found.out


def test_a_change_of_form_is_named_and_a_change_of_content_said_to_be_unnameable(
    folder: Path, run: Callable[..., Run]
) -> None:
    path = folder / "entries.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b'"seq":7,', b'"seq":7 ,'))
    found = run(folder)
    assert "第 7 行(seq 7)" in found.out
    assert "line 7 (seq 7)" in found.out
    path.write_bytes(whole[:-1])
    assert f"line {SIZE} (seq {SIZE}) was changed or damaged: it has no line end" in run(folder).out
    path.write_bytes(whole.replace(b"-0007", b"-0070"))
    found = run(folder)
    assert found.code == 1
    assert "which cannot be said" in found.out
    assert "无法指明是哪一条" in found.out
