"""The life of the key: begun, on paper, replaced by another that both sign for, or lost."""

import os
from pathlib import Path

import pytest

from efficiency_monitor.faults import EffmonError
from efficiency_monitor.ledger import book as ledger_book
from efficiency_monitor.ledger import compare
from efficiency_monitor.ledger import keys as ledger_keys
from efficiency_monitor.ledger.model import keys as core
from efficiency_monitor.ledger.model import signed_notes
from efficiency_monitor.ledger.model.signed_notes import NoteError, SigningKey, Verifier
from tests.stories.world import World

from . import office


def place(world: World) -> Path:
    """Where the ledger's private key stands."""
    return world.folder / "keys" / "ledger.key"


def new(world: World, seed: bytes = office.OTHER) -> Path:
    """A key that is to take over, in its file."""
    file = world.folder / "keys" / "new.key"
    ledger_keys.new_key(world.context, seed, file)
    return file


def test_a_new_key_is_for_its_owner_alone_and_overwrites_nothing(world: World) -> None:
    assert place(world).stat().st_mode & 0o777 == 0o600
    before = place(world).read_bytes()
    with pytest.raises(EffmonError, match="is not overwritten"):
        ledger_keys.new_key(world.context, office.OTHER)
    assert place(world).read_bytes() == before
    place(world).unlink()
    with pytest.raises(EffmonError, match=r"its file .* is gone"):
        ledger_keys.new_key(world.context, office.OTHER)
    assert not place(world).exists()


def test_rotation_is_signed_by_both_and_the_old_keys_checkpoints_stay_valid(world: World) -> None:
    before = office.make(world)
    ledger_keys.rotate(world.context, new(world))
    entry = world.entries()[-1]
    note = signed_notes.parse(str(entry["note"]).encode())
    old, other = office.key().verifier, office.key(office.OTHER).verifier
    assert signed_notes.verified(note, [old, other]) == (old, other)
    change = core.change_of(note)
    assert (change.old, change.new, change.origin) == (old, other, office.ORIGIN)
    assert (entry["old"], entry["new"], entry["lost"]) == (old.vkey, other.vkey, False)
    assert SigningKey.parse(place(world).read_text().strip()).verifier == other
    kept = place(world).with_name(f"ledger.key.old-{old.key_id.hex()}")
    assert SigningKey.parse(kept.read_text().strip()).verifier == old
    after = office.make(world)
    assert after.key == other.key_id.hex()
    assert after.size > before.size
    with world.context.store.reading() as connection:
        first, second = ledger_keys.known(connection)
    assert (first.from_size, first.until_size, first.vouched) == (0, entry["seq"] - 1, True)  # type: ignore[operator]
    assert (second.from_size, second.until_size, second.vouched) == (entry["seq"], None, True)
    for made in (before, after):
        found = compare.compare_note(world.context, made.notes["sha256"].encode())
        assert (found.result, found.marks) == (compare.EQUAL, [])
    assert ledger_book.verify(world.context, everything=True)["sound"]


def test_two_rotations_at_once_leave_no_key_that_nobody_vouched_for(world: World) -> None:
    """Both have read which key is in use; the one that comes second signs nothing by a former."""
    with world.context.store.reading() as connection:
        stands = ledger_keys.known(connection)
    ledger_keys.rotate(world.context, new(world))
    third = SigningKey(office.ORIGIN, b"a third seed, of somewhere else.")
    with pytest.raises(EffmonError, match="is not the one that the ledger names"):
        ledger_keys._rotate(world.context, stands, office.key(), third, None)
    assert ledger_book.verify(world.context)["marks"] == []


def test_what_an_old_key_signs_after_its_time_is_not_believed(world: World) -> None:
    office.make(world)
    ledger_keys.rotate(world.context, new(world))
    made = office.make(world)
    thief = office.key()
    note = signed_notes.parse(made.notes["sha256"].encode())
    late = str(signed_notes.sign(note.text, [(thief.verifier, thief.sign)]))
    assert compare.compare_note(world.context, late.encode()).result == compare.WRONG_KEY
    office.tamper(
        world, f"UPDATE checkpoint SET note = '{late}' WHERE tree = 'sha256' AND size > 8"
    )
    found = ledger_book.verify(world.context, everything=True)
    assert any("not signed by the key of its time" in fault for fault in found["checkpoints"])


def test_killed_before_the_file_was_moved_and_repeated(world: World) -> None:
    office.make(world)
    file = new(world)
    content = file.read_bytes()
    ledger_keys.rotate(world.context, file)
    entries = len(world.entries())
    # As after a kill between the entry and the move.
    place(world).with_name(f"ledger.key.old-{office.key().verifier.key_id.hex()}").replace(
        place(world)
    )
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(EffmonError, match="not the one that the ledger names"):
        office.make(world)
    ledger_keys.rotate(world.context, file)
    assert len(world.entries()) == entries
    assert office.make(world).new
    # And once more, when everything is done.
    ledger_keys.rotate(world.context, file)
    assert len(world.entries()) == entries + 1
    assert place(world).read_bytes() == content


def test_a_lost_key_is_replaced_with_a_mark_that_stays(world: World) -> None:
    office.make(world)
    place(world).unlink()
    file = new(world)
    with pytest.raises(EffmonError, match="no key of the ledger"):
        ledger_keys.rotate(world.context, file)
    ledger_keys.rotate(world.context, file, lost="硬盘损坏")
    entry = world.entries()[-1]
    assert entry["lost"] is True
    assert "硬盘" not in str(entry)
    made = office.make(world)
    with world.context.store.reading() as connection:
        assert [period.vouched for period in ledger_keys.known(connection)] == [True, False]
    found = compare.compare_note(world.context, made.notes["sm3"].encode())
    assert found.result == compare.EQUAL
    assert "without a signature of the key before" in found.marks[0]
    verified = ledger_book.verify(world.context, everything=True)
    assert verified["sound"]
    assert verified["marks"] == found.marks
    # A sound rotation afterwards does not take the mark away.
    ledger_keys.rotate(world.context, new(world, b"a third seed, after the lost one"))
    assert ledger_book.verify(world.context)["marks"] == found.marks


def test_a_key_that_was_in_use_before_does_not_come_back(world: World) -> None:
    office.make(world)
    old = place(world).read_bytes()
    ledger_keys.rotate(world.context, new(world))
    file = world.folder / "keys" / "again.key"
    file.write_bytes(old)
    file.chmod(0o600)
    with pytest.raises(EffmonError, match="was in use before"):
        ledger_keys.rotate(world.context, file)


def test_an_entry_that_somebody_made_up_begins_no_period(world: World) -> None:
    """Of an entry without both signatures, or with others, nothing is believed."""
    office.make(world)
    ledger_keys.rotate(world.context, new(world))
    key_bodies = [body for body in office.bodies(world) if b"ledger.key_rotated" in body]
    assert [period.vouched for period in core.periods(key_bodies)[0]] == [True, True]
    first, second = key_bodies
    for wrong in (
        second.replace(b'"old":"', b'"old":"x'),
        second.replace(b"effmon/ledger-key/v1", b"effmon/ledger-key/v2"),
        second.replace(b'"note":"', b'"node":"'),
        second.replace(b'"size":', b'"size":1'),
        b"{}",
        b"[]",
        b"\xff",
        b'{"seq":"x"}',
    ):
        periods, faults = core.periods([first, wrong])
        assert (len(periods), len(faults)) == (1, 1), wrong
    # The second key without the first: it follows nobody.
    periods, faults = core.periods([second])
    assert (periods, len(faults)) == ([], 1)


def test_the_paper_form_finds_every_wrong_digit() -> None:
    key = office.key().verifier
    rows = core.paper(key)
    assert core.of_paper(office.ORIGIN, rows) == key
    assert core.of_paper(office.ORIGIN, [*(row.lower() for row in rows), ""]) == key
    for number, row in enumerate(rows):
        for at, sign in enumerate(row):
            for other in "0123456789ABCDEF":
                if sign in (" ", other):
                    continue
                typed = [*rows[:number], row[:at] + other + row[at + 1 :], *rows[number + 1 :]]
                with pytest.raises(NoteError, match=f"row {number + 1} has"):
                    core.of_paper(office.ORIGIN, typed)
        groups = row.split()[1:-1]
        digits = "".join(groups)
        for at in range(len(digits) - 1):
            swapped = digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]
            if swapped == digits:
                continue
            typed = [
                *rows[:number],
                f"{number + 1} {swapped} {row.split()[-1]}",
                *rows[number + 1 :],
            ]
            with pytest.raises(NoteError, match="wrong digit"):
                core.of_paper(office.ORIGIN, typed)
    with pytest.raises(NoteError):
        core.of_paper(office.ORIGIN, rows[:-1])
    with pytest.raises(NoteError):
        core.of_paper(office.ORIGIN, [rows[1], rows[0], *rows[2:]])
    with pytest.raises(NoteError, match="row is missing"):
        core.of_paper(office.ORIGIN, [])


def test_a_statement_is_no_checkpoint_and_a_checkpoint_no_statement(world: World) -> None:
    made = office.make(world)
    with pytest.raises(NoteError, match="no statement"):
        core.change_of(signed_notes.parse(made.notes["sha256"].encode()))
    note = str(world.entries()[1]["note"])
    with pytest.raises(EffmonError, match="no checkpoint"):
        compare.compare_note(world.context, note.encode())


def test_keys_are_shown_with_their_times(world: World) -> None:
    office.make(world)
    ledger_keys.rotate(world.context, new(world))
    shown = ledger_keys.shown(world.context)
    assert Verifier.parse(shown["vkey"]) == office.key(office.OTHER).verifier
    assert [key["until_size"] for key in shown["keys"]] == [8, None]
    assert core.of_paper(shown["name"], shown["paper"]).vkey == shown["vkey"]


def test_a_key_that_is_made_leaves_nothing_half_written(world: World, tmp_path: Path) -> None:
    file = new(world)
    assert sorted(path.name for path in file.parent.iterdir()) == ["ledger.key", "new.key"]
    assert file.stat().st_nlink == 1
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(EffmonError, match="cannot be written"):
        ledger_keys.new_key(world.context, office.OTHER, tmp_path / "file" / "x")


def test_the_key_of_a_ledger_is_begun_once(world: World) -> None:
    assert ledger_keys.ensure(world.context, os.urandom(32)) is None
    assert len([e for e in world.entries() if e["type"] == "ledger.key_rotated"]) == 1
