"""The commands of the ledger's key and checkpoints: what they print, refuse and end with."""

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest

from efficiency_monitor.ledger.model.signed_notes import Verifier
from tests.cli.command import MODULE, ROOT, Ran, effmon, environment
from tests.stories.world import World

from . import office


def run(world: World, *words: object, lang: str = "en") -> Ran:
    """`effmon ledger …` in the workspace."""
    world.close()
    return effmon("-C", world.folder, "ledger", *words, variables={"EFFMON_LANG": lang})


def test_a_checkpoint_by_command_gives_the_notes(world: World) -> None:
    ran = run(world, "checkpoint", "-o", "json").well()
    assert ran.json["new"] is True
    assert ran.json["notes"] == office.notes(world)
    assert "signed a checkpoint of" in ran.err
    ran = run(world, "checkpoint", "-o", "json").well()
    assert ran.json["new"] is False
    assert "没有新条目" in run(world, "checkpoint", lang="zh").well().err


def test_of_four_processes_at_once_one_signs_and_the_others_find_nothing(world: World) -> None:
    world.close()
    command = [sys.executable, "-m", MODULE, "-C", str(world.folder), "ledger", "checkpoint"]
    running = [
        subprocess.Popen(
            [*command, "-o", "json"], stdout=subprocess.PIPE, env=environment(), cwd=ROOT
        )
        for _ in range(4)
    ]
    made = [json.loads(each.communicate()[0]) for each in running]
    assert [each.returncode for each in running] == [0] * 4
    assert sorted(each["new"] for each in made) == [False, False, False, True]
    assert len({json.dumps(each["notes"]) for each in made}) == 1
    assert len(office.signed(world)) == 2


def test_a_checkpoint_that_is_refused_is_one_line_with_a_hint(world: World) -> None:
    office.make(world)
    office.rewrite(world, office.changed(world))
    ran = run(world, "checkpoint").well(1)
    assert ran.out == ""
    assert len(ran.err.splitlines()) == 2
    assert "changed afterwards" in ran.err
    ran = run(world, "verify", "--rebuild").well(1)
    assert "rows that entries hold are not sound" in ran.err
    assert "for the ledger itself" in run(world, "verify", world.folder, "--rebuild").well(2).err


def test_the_public_key_goes_to_paper_and_comes_back(world: World, tmp_path: Path) -> None:
    ran = run(world, "key", "show").well()
    vkey, _, named, *rows = ran.out.splitlines()
    assert Verifier.parse(vkey) == office.key().verifier
    assert named.split() == [office.ORIGIN, office.key().verifier.key_id.hex()]
    paper = tmp_path / "paper.txt"
    paper.write_text("\n".join(rows).lower())
    assert run(world, "key", "read", paper).well().out == f"{vkey}\n"
    paper.write_text("\n".join(rows).replace("1  0", "1  1"))
    ran = run(world, "key", "read", paper).well(2)
    assert "row 1 has a wrong digit" in ran.err
    assert run(world, "key", "read", tmp_path / "nothing").well(2).out == ""
    assert run(world, "key", "show", "-o", "json").well().json["vkey"] == vkey


def test_a_new_key_takes_over_by_command(world: World, tmp_path: Path) -> None:
    office.make(world)
    assert "is not overwritten" in run(world, "key", "new").well(2).err
    file = tmp_path / "new.key"
    vkey = run(world, "key", "new", "--out", file).well().out.strip()
    ran = run(world, "key", "rotate", file).well()
    assert ran.out.strip() == vkey
    assert not file.exists()
    assert run(world, "checkpoint", "-o", "json").well().json["key"] == vkey.split("+")[1]
    ran = run(world, "verify", "--rebuild", "-o", "json").well()
    assert ran.json["marks"] == []
    other = tmp_path / "other.key"
    run(world, "key", "new", "--out", other).well()
    (world.folder / "keys" / "ledger.key").unlink()
    assert "no key of the ledger" in run(world, "key", "rotate", other).well(2).err
    run(world, "key", "rotate", other, "--lost", "a disk that broke").well()
    assert "without a signature" in run(world, "verify", "-o", "json").well().json["marks"][0]
    assert "has no signature of the key before" in run(world, "key", "show").well().err


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("nowhere.key",),
        ("--to-program", "true"),
        ("--public", office.key().verifier.vkey),
        ("--to-program", "true", "--public", "x"),
        ("--to-program", "true", "--public", Verifier("other", 255, b"k").vkey),
        ("x.key", "--to-program", "true", "--public", office.key().verifier.vkey),
    ],
)
def test_a_rotation_that_says_too_little_or_too_much(world: World, words: tuple[str, ...]) -> None:
    office.make(world)
    before = len(world.entries())
    ran = run(world, "key", "rotate", *words).well(2)
    assert "hint: " in ran.err
    assert len(world.entries()) == before


def test_a_key_of_another_kind_gets_its_line(world: World) -> None:
    point = bytes(range(65))
    coded = base64.b64encode(point).decode()
    ran = run(world, "key", "show", "--foreign", coded).well()
    assert Verifier.parse(ran.out.strip()) == Verifier(office.ORIGIN, 255, b"effmon-sm2\n" + point)
    ran = run(world, "key", "show", "--foreign", coded, "--word", "module-7").well()
    assert Verifier.parse(ran.out.strip()).key.startswith(b"module-7\n")
    assert run(world, "key", "show", "--foreign", "?").well(2).out == ""
