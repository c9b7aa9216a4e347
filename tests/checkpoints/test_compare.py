"""What a supervisor kept, held against the ledger: equal, different, shorter, and nothing else."""

import base64

import pytest

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.ledger import compare
from efficiency_monitor.ledger.model import entries as core_ledger
from efficiency_monitor.ledger.model import signed_notes
from tests.cli.command import effmon
from tests.stories.world import World

from . import office


def text_of(world: World, size: int) -> str:
    """The last line of a notice at a size."""
    root = core_ledger.root(core_ledger.rebuild(office.bodies(world)[:size])).sha256
    return f"台账 {size} · {base64.b64encode(root).decode()}"


def test_an_old_note_is_equal_while_the_ledger_grows(world: World) -> None:
    made = office.make(world)
    office.add(world, 7)
    for tree in ("sha256", "sm3"):
        found = compare.compare_note(world.context, made.notes[tree].encode())
        assert (found.result, found.tree, found.size) == (compare.EQUAL, tree, made.size)
        assert found.said == found.here == made.roots[tree]
        assert found.now == made.size + 8
        # By the key on paper alone it is the same.
        key = office.key().verifier
        assert compare.compare_note(world.context, made.notes[tree].encode(), [key]) == found


def test_a_ledger_that_was_rewritten_is_different(world: World) -> None:
    made = office.make(world)
    text = text_of(world, made.size)
    changed = office.changed(world)
    office.rewrite(world, changed)
    for found in (
        compare.compare_note(world.context, made.notes["sha256"].encode()),
        compare.compare_note(world.context, made.notes["sm3"].encode()),
        compare.compare_text(world.context, text),
    ):
        assert found.result == compare.DIFFERENT
        assert found.said != found.here


def test_who_has_the_key_too_is_found_by_the_note_that_went_out(world: World) -> None:
    """All is rewritten, the memory thrown away, everything signed anew: the old note still says."""
    made = office.make(world)
    office.rewrite(world, office.changed(world)[:-1])
    office.tamper(world, "DELETE FROM checkpoint")
    for path in office.state(world).glob("*.note"):
        path.unlink()
    world.close()
    again = office.make(world)
    assert again.new
    assert again.size == made.size
    assert again.roots != made.roots
    found = compare.compare_note(world.context, made.notes["sha256"].encode())
    assert found.result == compare.DIFFERENT


def test_a_ledger_that_was_cut_off_is_shorter(world: World) -> None:
    office.add(world, 3)
    made = office.make(world)
    text = text_of(world, made.size)
    office.rewrite(world, office.bodies(world)[: made.size - 1])
    for found in (
        compare.compare_note(world.context, made.notes["sha256"].encode()),
        compare.compare_text(world.context, text),
    ):
        assert (found.result, found.here, found.now) == (compare.SHORTER, None, made.size - 1)


def test_a_text_may_be_written_in_several_ways(world: World) -> None:
    size = 6
    office.make(world)
    text = text_of(world, size)
    root = text.split(" · ")[1]
    sm3 = core_ledger.root(core_ledger.rebuild(office.bodies(world)[:size])).sm3
    for given in (
        text,
        f"Ledger {size} · {root}",
        f"{size}·{root}",
        f"{size} {root}",
        f"{size}：{root}",
        f"{size} · {root[:43]}",
        f"（台账 {size} · {root}）",
        f"{size} · {base64.b64decode(root).hex()}",
        f"{size} · {base64.b64decode(root).hex().upper()}",
        f"{size} · {base64.b64encode(sm3).decode()}",
        f"Wang 12 supervisors.\n台账 {size} · {root}",
        f"see 12 supervisors. 台账 {size} · {root} 2026",
        f"台账　{chr(0xFF10 + size)}　・　{root}",
        f"{size} • {root[:20]} {root[20:33]} {root[33:]}",
        f"台账 {size} · {''.join(chr(ord(sign) + 0xFEE0) for sign in root)}",
    ):
        assert compare.compare_text(world.context, given).result == compare.EQUAL, given
    other = root[:7] + ("A" if root[7] != "A" else "B") + root[8:]
    assert compare.compare_text(world.context, f"{size} · {other}").result == compare.DIFFERENT
    assert compare.compare_text(world.context, f"{size - 1} · {root}").result == compare.DIFFERENT


def test_a_beginning_of_a_root_accuses_and_does_not_acquit(world: World) -> None:
    """Eight characters are 48 bits: who owns the database finds two ledgers that begin alike."""
    office.make(world)
    root = text_of(world, 6).split(" · ")[1]
    for length in (8, 20, 42):
        with pytest.raises(ConfigurationError, match=f"first {length} characters") as raised:
            compare.compare_text(world.context, f"6 · {root[:length]}…")
        assert "all 44" in raised.value.hint
        last = "A" if root[length - 1] != "A" else "B"
        found = compare.compare_text(world.context, f"6 · {root[: length - 1]}{last}")
        assert found.result == compare.DIFFERENT
        assert compare.compare_text(world.context, f"999 · {root[:length]}").result == (
            compare.SHORTER
        )


def test_all_of_a_text_that_was_copied_by_hand_counts(world: World) -> None:
    """A blank in a root hides nothing behind it, nor one in the number what stands before."""
    office.make(world)
    root = text_of(world, 6).split(" · ")[1]
    found = compare.compare_text(world.context, f"台账 6 · {root[:8]} {'A' * 35}=")
    assert (found.result, found.said) == (compare.DIFFERENT, f"{root[:8]}{'A' * 35}=")
    for given in ("台账 1,006", "台账 1 006", "1,006", "台账　１，００６"):
        found = compare.compare_text(world.context, f"{given} · {root}")
        assert (found.result, found.size) == (compare.SHORTER, 1006)
    with pytest.raises(ConfigurationError):
        compare.compare_text(world.context, f"6 · {root[:8]} 见报告")


def test_a_note_as_a_mail_program_saves_it_is_the_same(world: World) -> None:
    note = office.make(world).notes["sha256"].encode()
    for saved in (note.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + note):
        assert compare.compare_note(world.context, saved).result == compare.EQUAL


@pytest.mark.parametrize(
    "text", ["", "台账", "6", "6 · short", "6 · A=", "x · y", "6 · " + "A" * 45]
)
def test_a_text_that_says_no_root_is_refused(world: World, text: str) -> None:
    with pytest.raises(ConfigurationError):
        compare.compare_text(world.context, text)


def test_notes_that_are_not_this_ledgers_are_refused_with_the_reason(world: World) -> None:
    made = office.make(world)
    text = signed_notes.parse(made.notes["sha256"].encode()).text
    key, other = office.key(), office.key(office.OTHER)

    def refused(note: str | bytes, why: str) -> None:
        data = note if isinstance(note, bytes) else note.encode()
        with pytest.raises(ConfigurationError, match=why):
            compare.compare_note(world.context, data)

    refused(b"", "no checkpoint")
    refused(made.notes["sha256"].replace("\n", "\t\n"), "control character")
    refused(
        made.notes["sha256"].replace("\n6\n", "\n5\n").replace("\n7\n", "\n5\n"), "does not hold"
    )
    unknown = str(signed_notes.sign(text, [(other.verifier, other.sign)]))
    refused(unknown, r"unknown key: effmon-ledger/story\+")
    elsewhere = text.replace("story", "elsewhere")
    refused(str(signed_notes.sign(elsewhere, [(key.verifier, key.sign)])), "of another ledger")
    assert (
        compare.compare_note(world.context, unknown.encode(), [other.verifier]).result
        == compare.EQUAL
    )
    with pytest.raises(ConfigurationError, match="unknown key"):
        compare.compare_note(world.context, made.notes["sha256"].encode(), [other.verifier])


def test_the_command_says_what_belongs_into_a_report(world: World) -> None:
    made = office.make(world)
    note = world.folder / "kept.note"
    note.write_text(made.notes["sha256"], encoding="utf-8")
    text = text_of(world, made.size)
    world.close()
    ran = effmon("-C", world.folder, "ledger", "compare", note, "-o", "json").well()
    assert ran.json["result"] == "equal"
    assert "equal: entries 1 to" in ran.err
    ran = effmon("-C", world.folder, "ledger", "compare", "--text", text).well()
    assert "counts only if you received it yourself" in ran.err
    office.rewrite(world, office.changed(world))
    ran = effmon("-C", world.folder, "ledger", "compare", note).well(1)
    assert "DIFFERENT" in ran.err
    assert made.roots["sha256"] in ran.err
    assert "put this into a report" in ran.err
    ran = effmon("-C", world.folder, "ledger", "compare", "--text", f"99 · {'A' * 43}=").well(1)
    assert "SHORTER" in ran.err
    for wrong in ((), (note, "--text", text), ("nothing.note",), (note, "--key", "x")):
        ran = effmon("-C", world.folder, "ledger", "compare", *wrong).well(2)
        assert "hint: " in ran.err
