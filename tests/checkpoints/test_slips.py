"""Slips and signed exports of a real workspace, as commands make them and an auditor gets them."""

import json
from pathlib import Path

import pytest

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.ledger import book as ledger_book
from efficiency_monitor.ledger import keys as ledger_keys
from efficiency_monitor.ledger import slips
from efficiency_monitor.ledger.model import entries as core_ledger
from efficiency_monitor.ledger.tree import LedgerChanged
from efficiency_monitor.verifier import verify
from tests.cli.command import effmon
from tests.stories.world import World, instant

from . import office

CASE = {"item_kind": "promised", "department": "住建局", "promised_limit": "3 working_days"}
#: Bytes of a slip of a card at 100,000 entries: the entry 1.1 kB, two proofs of 17 hashes 2.1 kB.
MOST_BYTES = 3_300


@pytest.fixture
def carded(world: World) -> World:
    """A workspace with a red card; nothing is signed yet."""
    world.receive("cases", [{"case_no": "A", **CASE}])
    event = {"case_no": "A", "event": "accepted", "occurred_at": "2026-03-02 10:00"}
    world.receive("events", [event])
    world.now = instant("2026-03-16 09:00")
    world.scan()
    return world


def code_of(path: Path, *more: str) -> int:
    return verify.main(["slip", str(path), *more])


def test_the_slip_of_a_card_is_verified_by_the_key_alone(carded: World, tmp_path: Path) -> None:
    card = carded.card("A CASE red")
    office.make(carded)
    slip = slips.make(carded.context, card)
    slips.write(slip, tmp_path / "slip.json")
    assert (slip.entry["type"], slip.entry["card"]) == ("card.issued", card)
    assert slip.content == (tmp_path / "slip.json").read_bytes()
    assert code_of(tmp_path / "slip.json", "--key", office.key().verifier.vkey) == 0
    assert code_of(tmp_path / "slip.json") == 3
    assert code_of(tmp_path / "slip.json", "--key", office.key(office.OTHER).verifier.vkey) == 3


def test_every_entry_that_is_signed_has_a_slip(carded: World, tmp_path: Path) -> None:
    first = office.make(carded).size
    office.add(carded, 5)
    second = office.make(carded).size
    vkey = office.key().verifier.vkey
    for seq in range(1, second + 1):
        slip = slips.make(carded.context, str(seq))
        assert slip.size == (first if seq <= first else second), "the first that covers it"
        path = tmp_path / f"{seq}.json"
        slips.write(slip, path)
        assert code_of(path, "--key", vkey) == 0


@pytest.mark.full
def test_a_slip_is_small_in_a_large_ledger(carded: World, tmp_path: Path) -> None:
    card, found = carded.card("A CASE red"), office.bodies(carded)
    more = [
        core_ledger.canonical(
            {"v": 1, "seq": seq, "type": "export.made", "at": "2026-03-16T09:00:00Z"}
        )
        for seq in range(len(found) + 1, 100_001)
    ]
    office.rewrite(carded, [*found, *more])
    assert office.make(carded).size == 100_000
    # Of an entry of the first half: the longest path that there is at this size.
    seq = next(at for at, body in enumerate(found, 1) if f'"card":"{card}"'.encode() in body)
    slip = slips.make(carded.context, str(seq))
    assert slip.entry["type"] == "card.issued"
    assert [len(proof["path"]) for proof in json.loads(slip.content)["proofs"]] == [17, 17]
    print(f"slip of a card at 100,000 entries: {len(slip.content)} bytes")
    assert len(slip.content) <= MOST_BYTES
    slips.write(slip, tmp_path / "slip.json")
    assert code_of(tmp_path / "slip.json", "--key", office.key().verifier.vkey) == 0


def test_there_is_no_slip_of_what_is_not_signed(carded: World) -> None:
    with pytest.raises(ConfigurationError) as caught:
        slips.make(carded.context, carded.card("A CASE red"))
    assert "no signed checkpoint covers entry" in caught.value.message
    assert "effmon ledger checkpoint" in caught.value.hint


@pytest.mark.parametrize("what", ["R-NONE", "0", "999999", "9" * 30, "", "../x", "'"])
def test_there_is_no_slip_of_what_is_not_there(carded: World, what: str) -> None:
    office.make(carded)
    with pytest.raises(ConfigurationError, match="the ledger has no entry"):
        slips.make(carded.context, what)


def test_a_slip_overwrites_nothing(carded: World, tmp_path: Path) -> None:
    office.make(carded)
    slip = slips.make(carded.context, "1")
    slips.write(slip, tmp_path / "slip.json")
    with pytest.raises(ConfigurationError, match="is not overwritten"):
        slips.write(slip, tmp_path / "slip.json")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        slips.write(slip, tmp_path / "none" / "slip.json")


@pytest.mark.parametrize("how", ["the entry", "another leaf", "the note"])
def test_no_slip_is_written_that_would_not_hold(carded: World, how: str) -> None:
    office.make(carded)
    statement = {
        "the entry": "UPDATE ledger_entry SET body = '{}' WHERE seq = 2",
        "another leaf": "UPDATE ledger_entry SET sm3 = zeroblob(32) WHERE seq = 3",
        "the note": "UPDATE checkpoint SET note = replace(note, 'effmon', 'x') WHERE tree = 'sm3'",
    }[how]
    office.tamper(carded, statement)
    with pytest.raises(LedgerChanged, match="is not in what was signed"):
        slips.make(carded.context, "2")


def test_the_commands(carded: World, tmp_path: Path) -> None:
    card, vkey = carded.card("A CASE red"), office.key().verifier.vkey
    carded.close()
    place = ("-C", carded.folder)
    early = effmon(*place, "ledger", "slip", card, "--out", tmp_path / "slip.json")
    assert early.code == 2
    assert "effmon ledger checkpoint" in early.err
    exported = effmon(*place, "ledger", "export", "--out", tmp_path / "unsigned")
    assert "are not signed" in exported.err
    effmon(*place, "ledger", "checkpoint").well()
    ran = effmon(*place, "ledger", "slip", card, "--out", tmp_path / "slip.json", "-o", "json")
    assert ran.code == 0
    assert ran.json["bytes"] == (tmp_path / "slip.json").stat().st_size
    assert (ran.json["card"], ran.json["type"]) == (card, "card.issued")
    assert f"{ran.json['bytes']} bytes" in ran.err
    shown = effmon(*place, "ledger", "slip", "--show", tmp_path / "slip.json", "--key", vkey)
    assert shown.code == 0
    for said in (card, "住建局", "red", "CASE", office.ORIGIN, "verified: when"):
        assert said in shown.out + shown.err
    own = effmon(*place, "ledger", "slip", "--show", tmp_path / "slip.json", "-o", "json")
    assert own.json["verified"] is True
    assert "use the one on paper" in own.err
    away = effmon("-C", tmp_path, "ledger", "slip", "--show", tmp_path / "slip.json")
    assert away.code == 3
    assert "nobody knows who signed it" in away.err
    text = (tmp_path / "slip.json").read_text(encoding="utf-8")
    (tmp_path / "slip.json").write_text(text.replace("red", "yellow"), encoding="utf-8")
    changed = effmon(*place, "ledger", "slip", "--show", tmp_path / "slip.json", "--key", vkey)
    assert changed.code == 1
    for wrong in (
        (card,),
        ("--out", tmp_path / "x.json"),
        (card, "--out", tmp_path / "x.json", "--key", vkey),
        (card, "--show", tmp_path / "slip.json"),
        ("--show", tmp_path / "slip.json", "--key", "x"),
    ):
        assert effmon(*place, "ledger", "slip", *wrong).code == 2
    assert not (tmp_path / "x.json").exists()


def test_an_export_is_verified_by_key_and_received_checkpoints(
    carded: World, tmp_path: Path
) -> None:
    made = office.make(carded)
    (tmp_path / "mails").mkdir()
    (tmp_path / "mails" / "first.note").write_text(made.notes["sm3"], encoding="utf-8")
    office.add(carded, 3)
    office.make(carded)
    vkey, other = (office.key(seed).verifier.vkey for seed in (office.SEED, office.OTHER))
    carded.close()
    place, out = ("-C", carded.folder), tmp_path / "out"
    exported = effmon(*place, "ledger", "export", "--out", out)
    assert exported.code == 0
    assert "not signed" not in exported.err
    given = ("--key", vkey, "--checkpoint", tmp_path / "mails")
    ran = effmon("ledger", "verify", out, *given)
    assert ran.code == 0
    assert f"your checkpoint matches: first.note, seq 1..{made.size}" in ran.out
    assert "your key" in ran.out
    ran = effmon("ledger", "verify", out, *given, "-o", "json")
    assert (ran.code, ran.json["sound"], ran.json["signed_by"]) == (0, True, [vkey])
    assert ran.json["checkpoints"] == 5
    assert effmon("ledger", "verify", out, "--key", other).code == 3
    assert effmon("ledger", "verify", out, "--key", other, "-o", "json").code == 3
    assert effmon("ledger", "verify", out, "--key", "x").code == 2
    assert effmon(*place, "ledger", "verify", "--key", vkey).code == 2
    assert effmon("ledger", "verify", out, "--checkpoint", out / "head.json").code == 2


def test_an_export_follows_a_change_of_keys(carded: World, tmp_path: Path) -> None:
    office.make(carded)
    new = tmp_path / "new.key"
    ledger_keys.new_key(carded.context, office.OTHER, new)
    ledger_keys.rotate(carded.context, new)
    office.add(carded)
    office.make(carded)
    ledger_book.export(carded.context, tmp_path / "out", words={})
    trust = json.loads((tmp_path / "out" / "trust.json").read_text(encoding="utf-8"))
    keys = [office.key(seed).verifier.vkey for seed in (office.SEED, office.OTHER)]
    assert [key["vkey"] for key in trust["keys"]] == keys
    assert trust["keys"][1]["from_size"] == trust["keys"][0]["until_size"] + 1
    for vkey in keys:
        said, code = ledger_book.verify_export(tmp_path / "out", [vkey])
        assert (code, said["signed_by"]) == (0, keys)


def test_a_row_that_names_no_tree_names_no_file(carded: World, tmp_path: Path) -> None:
    """Who owns the database could otherwise have an export write where they like."""
    office.make(carded)
    office.tamper(carded, "UPDATE checkpoint SET tree = '../../x' WHERE tree = 'sm3'")
    ledger_book.export(carded.context, tmp_path / "a" / "out", words={})
    assert not list(tmp_path.rglob("*x.note"))
    assert ledger_book.verify_export(tmp_path / "a" / "out")[1] == 1
