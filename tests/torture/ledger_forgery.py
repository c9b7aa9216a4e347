"""What an owner of the database may do to a signed ledger: from one bit to a perfect forgery."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.ledger import hand_made

from .ledger_state import TREES, Row, Signed, State, Trial, entry, head_of, row_of

Forgery = Callable[[random.Random, Trial], State]
#: Signs the checkpoint of a size, and says whether the change of keys may stand.
Signers = Callable[[int], hand_made.Signer]


def _bodies(trial: Trial, change: Callable[[list[Row]], object]) -> State:
    """Rows changed and nothing else made for it."""
    rows = list(trial.honest.rows)
    change(rows)
    return replace(trial.honest, rows=tuple(rows))


def _shifted(rows: list[Row]) -> list[Row]:
    """The rows numbered through, as their place in a file does, whatever their bodies say."""
    return [
        row._replace(seq=place, fact=f"{place}/{row.fact}") for place, row in enumerate(rows, 1)
    ]


def bit(dice: random.Random, trial: Trial) -> State:
    """One bit of one entry."""
    at = dice.randrange(len(trial.honest.rows))

    def change(rows: list[Row]) -> None:
        body = bytearray(rows[at].body)
        body[dice.randrange(len(body))] ^= 1 << dice.randrange(8)
        rows[at] = rows[at]._replace(body=bytes(body))

    return _bodies(trial, change)


def byte(dice: random.Random, trial: Trial) -> State:
    """One byte of one entry, often a digit for another."""
    at = dice.randrange(len(trial.honest.rows))

    def change(rows: list[Row]) -> None:
        body = bytearray(rows[at].body)
        body[dice.randrange(len(body))] = dice.choice(b"0123456789\n\r \x00\xff{}")
        rows[at] = rows[at]._replace(body=bytes(body))

    return _bodies(trial, change)


def delete(dice: random.Random, trial: Trial) -> State:
    """An entry gone."""
    return _bodies(trial, lambda rows: rows.pop(dice.randrange(len(rows))))


def duplicate(dice: random.Random, trial: Trial) -> State:
    """An entry twice, the rows after it moved on."""

    def change(rows: list[Row]) -> None:
        rows.insert(dice.randrange(len(rows) + 1), dice.choice(rows))
        rows[:] = _shifted(rows)

    return _bodies(trial, change)


def swap(dice: random.Random, trial: Trial) -> State:
    """Two entries exchanged, with their leaves."""

    def change(rows: list[Row]) -> None:
        one, other = dice.sample(range(len(rows)), 2)
        rows[one], rows[other] = rows[other], rows[one]
        rows[:] = _shifted(rows)

    return _bodies(trial, change)


def truncate(dice: random.Random, trial: Trial) -> State:
    """The end cut off."""
    return _bodies(trial, lambda rows: rows.__delitem__(slice(dice.randrange(len(rows)), None)))


def tail(dice: random.Random, trial: Trial) -> State:
    """Something in the last entries, which no checkpoint covers yet, by the head alone."""
    last = trial.honest.signed[-1].size

    def change(rows: list[Row]) -> None:
        at = dice.randrange(last, len(rows))
        if dice.random() < 0.5:
            del rows[at:]
        else:
            rows[at] = row_of(_altered(dice, entry(rows[at])), rows[at].fact)

    return _bodies(trial, change)


def _altered(dice: random.Random, content: dict[str, Any]) -> dict[str, Any]:
    """Another well-formed entry of the same number and type."""
    return {
        **content,
        **dice.choice(
            [
                {"level": f"level {dice.randrange(99)}"},
                {"at": f"2026-03-01T{dice.randrange(24):02}:{dice.randrange(60):02}:00+08:00"},
                {"counted": dice.randrange(1000, 2000)},
                {"extra": dice.randrange(10**9)},
            ]
        ),
    }


def insert(dice: random.Random, trial: Trial) -> State:
    """A made-up entry between two others, the rows after it moved on."""

    def change(rows: list[Row]) -> None:
        at = dice.randrange(len(rows) + 1)
        made = _altered(dice, {**entry(dice.choice(rows)), "seq": at + 1})
        rows.insert(at, row_of(made, "made up"))
        rows[:] = _shifted(rows)

    return _bodies(trial, change)


def replaced(dice: random.Random, trial: Trial) -> State:
    """An entry replaced by another, and its leaves made for it."""

    def change(rows: list[Row]) -> None:
        at = dice.randrange(len(rows))
        rows[at] = row_of(_altered(dice, entry(rows[at])), rows[at].fact)

    return _bodies(trial, change)


def head(dice: random.Random, trial: Trial) -> State:
    """The kept size or a hash of the right edge."""
    size, *stacks = trial.honest.head
    if dice.random() < 0.3:
        size = dice.randrange(2 * size)
    else:
        which = dice.randrange(2)
        content = bytearray(stacks[which])
        content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
        stacks[which] = bytes(content)
    return replace(trial.honest, head=(size, stacks[0], stacks[1]))


def _edited(dice: random.Random, trial: Trial, up_to: int) -> list[dict[str, Any]]:
    """The entries with one changed, dropped or put in, at or before `up_to`, numbered through."""
    contents = [entry(row) for row in trial.honest.rows]
    plain = [
        at for at, content in enumerate(contents[:up_to])
        if content["type"] not in ("checkpoint.made", "ledger.key_rotated", "workspace.created")
    ]  # fmt: skip
    at, how = dice.choice(plain), dice.randrange(4)
    if how == 0:
        contents[at] = _altered(dice, contents[at])
    elif how == 1:
        del contents[at]
    elif how == 2:
        contents.insert(at, _altered(dice, contents[at]))
    else:
        other = dice.choice(plain)
        contents[at], contents[other] = contents[other], contents[at]
    return [{**content, "seq": seq} for seq, content in enumerate(contents, 1)]


def rehashed(dice: random.Random, trial: Trial) -> State:
    """An entry that was signed changed, and every hash that the database keeps made for it."""
    contents = _edited(dice, trial, trial.honest.signed[-1].size)
    rows = [row_of(content, f"{content['seq']}") for content in contents]
    return replace(trial.honest, rows=tuple(rows), head=head_of(rows))


def forged(
    trial: Trial, contents: list[dict[str, Any]], signer_of: Signers, *, old_signs: bool = True
) -> State:
    """Entries of another past, and all that is signed made for them from the first note on."""
    book = hand_made.Book(origin=trial.keys[0].name)
    signed: list[Signed] = []
    for content in contents:
        if content["type"] == "ledger.key_rotated":
            old, new = book.signer, signer_of(content["seq"])
            lines = ["effmon/ledger-key/v1", book.origin, old.vkey if old else "-", new.vkey,
                     str(len(book.entries)), hand_made.coded(book.root("sha256"))]  # fmt: skip
            signers = [old, new] if old and old_signs else [new]
            text = "".join(f"{line}\n" for line in lines)
            content = {
                **content, "old": old.vkey if old else None, "new": new.vkey,
                "size": len(book.entries), "note": hand_made.note(text, *signers),
            }  # fmt: skip
            if book.keys:
                book.keys[-1][2] = content["seq"] - 1
            book.keys.append([new.vkey, content["seq"] if book.keys else 0, None])
            book.signer = new
        elif content["type"] == "checkpoint.made":
            size, key = content["seq"] - 1, book.signer
            assert key is not None
            for tree in TREES:
                book.notes[tree, size] = text = book.note_of(tree, size)
                signed.append(
                    Signed(tree, size, book.root(tree), book.origin + hand_made.SUFFIX[tree],
                           text, key.name, key.key_id.hex(), 1_773_622_800)
                )  # fmt: skip
            roots = {f"{tree}_root": book.root(tree).hex() for tree in TREES}
            content = {**content, **roots, "size": size, "key": key.key_id.hex()}
        book.entries.append(content)
    rows = [row_of(content, f"{content['seq']}") for content in book.entries]
    files = book.files()
    return State(
        tuple(rows), head_of(rows), tuple(signed), files["consistency.json"], files["trust.json"]
    )


def _own(keys: list[hand_made.Signer], contents: list[dict[str, Any]]) -> Signers:
    """Keys in their order, each from its change on."""
    starts = [one["seq"] for one in contents if one["type"] == "ledger.key_rotated"]

    def signer_of(size: int) -> hand_made.Signer:
        return keys[max(0, sum(int(start <= size) for start in starts) - 1)]

    return signer_of


def signed_by_another_key(dice: random.Random, trial: Trial) -> State:
    """Everything made again and signed by keys of the forger's."""
    contents = _edited(dice, trial, trial.honest.signed[-1].size)
    keys = [hand_made.Signer(f"{dice.random()}", key.name) for key in trial.keys]
    return forged(trial, contents, _own(keys, contents))


def signed_by_the_own_key(dice: random.Random, trial: Trial) -> State:
    """Everything made again by who has the ledger's own keys: another past than was given out."""
    contents = _edited(dice, trial, trial.held_size)
    return forged(trial, contents, _own(trial.keys, contents))


def rolled_back(dice: random.Random, trial: Trial) -> State:
    """Back to a checkpoint before the one that is held, with all that was signed then."""
    sizes = sorted({row.size for row in trial.honest.signed if row.size < trial.held_size})
    size = dice.choice(sizes)
    contents = [entry(row) for row in trial.honest.rows[: size + dice.randint(1, 1)]]
    return forged(trial, contents, _own(trial.keys, contents))


def rotation_forged(dice: random.Random, trial: Trial) -> State:
    """A change of keys to the forger's, who signs everything after it."""
    contents = [entry(row) for row in trial.honest.rows]
    starts = [one["seq"] for one in contents if one["type"] == "ledger.key_rotated"]
    turn = dice.choice(starts)
    wrong = [hand_made.Signer(f"{dice.random()}", trial.keys[0].name) for _ in starts]

    def signer_of(size: int) -> hand_made.Signer:
        place = max(0, sum(int(start <= size) for start in starts) - 1)
        return wrong[place] if size >= turn or turn == starts[0] else trial.keys[place]

    whole = forged(trial, contents, signer_of)
    at = turn - 1
    if dice.random() < 0.5 and turn != starts[0]:
        # The old key cannot have signed: its line is missing, or is of something else.
        return forged(trial, contents, signer_of, old_signs=False)
    if dice.random() < 0.5:
        row = whole.rows[at]
        rows = [*whole.rows]
        rows[at] = row_of({**entry(row), "note": entry(trial.honest.rows[at])["note"]}, row.fact)
        return replace(whole, rows=tuple(rows), head=head_of(rows))
    return replace(trial.honest, rows=whole.rows, head=whole.head)


def _noted(trial: Trial, signed: list[Signed]) -> State:
    return replace(trial.honest, signed=tuple(signed))


def two_roots(dice: random.Random, trial: Trial) -> State:
    """A second root of a size that was signed, by the ledger's own key."""
    signed = list(trial.honest.signed)
    at = dice.randrange(len(signed))
    row, root = signed[at], dice.randbytes(32)
    key = next(key for key in trial.keys if key.key_id.hex() == row.key_hash)
    note = hand_made.note(f"{row.origin}\n{row.size}\n{hand_made.coded(root)}\n", key)
    signed[at] = row._replace(root=root, note=note)
    return _noted(trial, signed)


def note_lost(dice: random.Random, trial: Trial) -> State:
    """A checkpoint gone, or all of a size."""
    row = dice.choice(trial.honest.signed)
    both = dice.random() < 0.5
    return _noted(
        trial,
        [
            one for one in trial.honest.signed
            if one != row and not (both and one.size == row.size)
        ],
    )  # fmt: skip


def note_damaged(dice: random.Random, trial: Trial) -> State:
    """A character of a note another, gone, or one more."""
    signed = list(trial.honest.signed)
    at = dice.randrange(len(signed))
    text = signed[at].note
    place, how = dice.randrange(len(text)), dice.randrange(3)
    sign = dice.choice("0123456789ABCabc+/=\n —x")
    text = text[:place] + ("" if how == 1 else sign) + text[place + (how != 2) :]
    signed[at] = signed[at]._replace(note=text)
    return _noted(trial, signed)


def note_made_up(dice: random.Random, trial: Trial) -> State:
    """A checkpoint that was never made, honestly signed, or under the wrong size."""
    signed = list(trial.honest.signed)
    row = dice.choice(signed)
    free = sorted(set(range(1, len(trial.honest.rows))) - {one.size for one in signed})
    size = dice.choice(free)
    if dice.random() < 0.5:
        signed.append(row._replace(size=size))
    else:
        leaves = [getattr(one, row.tree) for one in trial.honest.rows[:size]]
        root = hand_made.root(leaves, hand_made.HASHES[row.tree])
        text = f"{row.origin}\n{size}\n{hand_made.coded(root)}\n"
        note = hand_made.note(text, trial.keys[0])
        signed.append(row._replace(size=size, root=root, note=note))
    return _noted(trial, signed)


def notes_swapped(dice: random.Random, trial: Trial) -> State:
    """The notes of two trees, or of two sizes, in each other's place."""
    signed = list(trial.honest.signed)
    one, other = dice.sample(range(len(signed)), 2)
    if dice.random() < 0.5:
        other = one ^ 1  # the other tree of this size
    first, second = signed[one], signed[other]
    whole = dice.random() < 0.5
    if whole:
        signed[one] = first._replace(note=second.note, root=second.root)
        signed[other] = second._replace(note=first.note, root=first.root)
    else:
        signed[one] = first._replace(note=second.note)
        signed[other] = second._replace(note=first.note)
    return _noted(trial, signed)


def note_signed_by_another(dice: random.Random, trial: Trial) -> State:
    """A checkpoint as it was, signed by another key."""
    signed = list(trial.honest.signed)
    at = dice.randrange(len(signed))
    row = signed[at]
    key = hand_made.Signer(f"{dice.random()}", row.key_name)
    signed[at] = row._replace(
        note=hand_made.note(row.note.split("\n\n")[0] + "\n", key),
        key_hash=key.key_id.hex() if dice.random() < 0.5 else row.key_hash,
    )
    return _noted(trial, signed)


#: Done to rows and to the export alike.
BOTH: list[Forgery] = [
    bit, byte, delete, duplicate, swap, truncate, tail, insert, replaced, head, rehashed,
    signed_by_another_key, signed_by_the_own_key, rolled_back, rotation_forged, two_roots,
    note_lost, note_damaged, note_made_up, notes_swapped, note_signed_by_another,
]  # fmt: skip
