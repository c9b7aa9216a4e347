"""A restore is whole or not at all, takes nothing that was changed, and says what was lost."""

import gzip
import json
import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from efficiency_monitor import app
from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.ledger import book as ledger_book
from efficiency_monitor.ops.backup import restore
from efficiency_monitor.ops.backup.archive import Archive, Damaged
from tests.stories.world import World

from . import places

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A workspace with something in most tables, and its backup. Not to be written."""
    world = places.busy(tmp_path_factory.mktemp("made") / "ws")
    places.write(world)
    yield world
    world.close()


@pytest.fixture
def file(made: World) -> Path:
    """The backup."""
    return made.folder.parent / "b.tar"


def left(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_a_dry_run_writes_nothing(made: World, file: Path, tmp_path: Path) -> None:
    report = places.restored(made, file, tmp_path / "new", dry_run=True)
    assert report.sound
    assert left(tmp_path) == []


def test_the_triggers_are_back(made: World, file: Path, tmp_path: Path) -> None:
    places.restored(made, file, tmp_path / "new")
    with (
        closing(sqlite3.connect(tmp_path / "new" / "effmon.db")) as raw,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        raw.execute("UPDATE ledger_entry SET body = 'x'")


def test_it_is_on_record(made: World, file: Path, tmp_path: Path) -> None:
    report = places.restored(made, file, tmp_path / "new")
    again = World(tmp_path / "new", made.now)
    entry = again.entries()[-1]
    assert entry["type"] == "backup.restored"
    assert entry["drill"] is False
    assert (entry["size"], entry["manifest"]) == (report.size, report.manifest)
    assert again.rows("SELECT value FROM meta WHERE name = 'restored_from'") == [
        {"value": report.made_at}
    ]
    again.close()


@pytest.mark.parametrize(
    "there", ["effmon.toml", "effmon.db", "notes.txt", "effmon.toml.restoring"]
)
def test_nothing_is_written_over(made: World, file: Path, tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("mine")
    with pytest.raises(ConfigurationError, match=r"only into an empty|half restored"):
        places.restored(made, file, tmp_path)
    assert left(tmp_path) == [there]
    assert (tmp_path / there).read_text() == "mine"


def test_a_database_elsewhere_is_not_written_over(
    made: World, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other.db").write_text("mine")
    monkeypatch.setenv("EFFMON_DATABASE_URL", f"sqlite:///{tmp_path / 'other.db'}")
    with pytest.raises(ConfigurationError, match="empty database"):
        places.restored(made, file, tmp_path / "new")
    assert left(tmp_path) == ["other.db"]


def test_a_newer_schema_is_refused_and_says_which_release(
    made: World, file: Path, tmp_path: Path
) -> None:
    def newer(manifest: Any) -> None:
        manifest.update(schema="9001", release="7.1.0")

    forged = places.write_members(tmp_path / "f.tar", places.members(file), newer)
    with pytest.raises(ConfigurationError, match=r"effmon 7\.1\.0") as raised:
        places.restored(made, forged, tmp_path / "new")
    assert "7.1.0" in raised.value.hint
    assert left(tmp_path) == ["f.tar"]


def test_a_backup_of_a_trial_release_is_refused(made: World, file: Path, tmp_path: Path) -> None:
    forged = places.write_members(
        tmp_path / "f.tar",
        places.members(file),
        lambda manifest: manifest.update(schema="0011"),
    )
    with pytest.raises(ConfigurationError, match="0011"):
        places.restored(made, forged, tmp_path / "new")
    assert left(tmp_path) == ["f.tar"]


def changed_rows(table: str, change: Callable[[bytes], bytes]) -> Callable[[places.Members], None]:
    """A forger who rewrites the lines of a table."""

    def forge(found: places.Members) -> None:
        name = f"tables/{table}.jsonl.gz"
        found[name] = gzip.compress(change(gzip.decompress(found[name])))

    return forge


def forge_body(lines: bytes) -> bytes:
    """Another body in the third entry of the ledger."""
    rows = lines.split(b"\n")
    row = json.loads(rows[3])
    row[3] = row[3][:40] + ("A" if row[3][40] != "A" else "B") + row[3][41:]
    rows[3] = json.dumps(row).encode()
    return b"\n".join(rows)


FORGERIES: dict[str, Callable[[places.Members], object]] = {
    "a ledger entry": changed_rows("ledger_entry", forge_body),
    "a ledger entry less": changed_rows(
        "ledger_entry", lambda lines: b"\n".join(lines.split(b"\n")[:-2]) + b"\n"
    ),
    "the head": changed_rows(
        "ledger_head", lambda lines: lines.replace(b"[1,", b"[1,1") if b"[1," in lines else lines
    ),
    "a row twice": changed_rows("card", lambda lines: lines + lines.split(b"\n")[1] + b"\n"),
    "a row of nobody": changed_rows(
        "card_entry", lambda lines: lines.replace(b'"Y-', b'"Z-').replace(b'"R-', b'"Z-')
    ),
    "no JSON": changed_rows("card", lambda lines: lines + b"{\n"),
    "a value too few": changed_rows("card", lambda lines: lines + b"[1]\n"),
    "a list as a value": changed_rows("meta", lambda lines: lines + b'["x",["y"]]\n'),
    "another column": changed_rows("meta", lambda lines: lines.replace(b'"value"', b'"vulue"')),
    "no heading": changed_rows("meta", lambda lines: b""),
    "no gzip": lambda found: found.update({"tables/card.jsonl.gz": b"card"}),
    "a table of nobody": lambda found: found.update({"tables/alembic_version.jsonl.gz": b""}),
    "no ledger": lambda found: found.pop("tables/ledger_entry.jsonl.gz"),
    "no settings": lambda found: found.pop("effmon.toml"),
    "a way out": lambda found: found.update({"catalogue/../../x": b""}),
    "an absolute way": lambda found: found.update({"/etc/x": b""}),
}


@pytest.mark.parametrize("what", FORGERIES)
def test_what_was_changed_is_refused_though_the_manifest_agrees(
    made: World, file: Path, tmp_path: Path, what: str
) -> None:
    found = places.members(file)
    FORGERIES[what](found)
    assert found != places.members(file)
    forged = places.write_members(tmp_path / "f.tar", found)
    with pytest.raises(Damaged) as raised:
        places.restored(made, forged, tmp_path / "new")
    assert raised.value.exit_code == 1
    assert left(tmp_path) == ["f.tar"]


@pytest.mark.parametrize("rules", ["../victim", "{tmp}/victim", ".", "keys"])
def test_no_settings_of_a_backup_lead_out_of_the_folder(
    made: World, file: Path, tmp_path: Path, rules: str
) -> None:
    """A catalogue is written inside, and one that fails takes nothing away but what it wrote."""
    found = places.members(file)
    line = f"rules = {json.dumps(rules.format(tmp=tmp_path / 'all'))}".encode()
    found["effmon.toml"] = found["effmon.toml"].replace(b'rules = "catalogue"', line, 1)
    assert line in found["effmon.toml"]
    found["catalogue/x.yaml"] = b"x"
    victim = tmp_path / "all" / "victim"
    victim.mkdir(parents=True)
    (victim / "kept").touch()
    keys = tmp_path / "all" / "new" / "keys"
    keys.mkdir(parents=True)
    (keys / "ledger.key").touch()
    sound = places.write_members(tmp_path / "s.tar", found)
    found["tables/card.jsonl.gz"] = b"card"
    bad = places.write_members(tmp_path / "f.tar", found)
    with pytest.raises(Damaged):
        places.restored(made, bad, tmp_path / "all" / "new")
    assert left(victim) == ["kept"]
    assert left(tmp_path / "all" / "new") == ["keys"]
    assert left(keys)[-1] == "ledger.key"
    assert places.restored(made, sound, tmp_path / "all" / "new").sound
    assert left(victim) == ["kept"]
    assert (tmp_path / "all" / "new" / "catalogue" / "x.yaml").read_bytes() == b"x"


def test_a_signers_memory_elsewhere_takes_notes_and_nothing_else(
    made: World, file: Path, tmp_path: Path
) -> None:
    found = places.members(file)
    line = f"[ledger]\nstate = {json.dumps(str(tmp_path / 'state'))}".encode()
    found["effmon.toml"] = found["effmon.toml"].replace(b"[ledger]", line, 1)
    assert line in found["effmon.toml"]
    for name in ("sha256.note", "lost-000000000007-sm3-aB_-cdef.txt", "job", "cron.d/job.note"):
        found[f"checkpoints/{name}"] = b"x"
    forged = places.write_members(tmp_path / "f.tar", found)
    places.restored(made, forged, tmp_path / "new")
    assert left(tmp_path / "state") == ["lost-000000000007-sm3-aB_-cdef.txt", "sha256.note"]


def test_no_program_of_a_backup_is_taken_unasked(made: World, file: Path, tmp_path: Path) -> None:
    """It would run with the next checkpoint: whoever made the archive chose it."""
    found = places.members(file)
    public = made.context.settings.ledger.origin
    signer = f"""

[ledger.signer]
kind = "command"
command = ["sh", "-c", "touch {tmp_path}/ran"]
public = "{public}+00000000+AQ=="
""".encode()
    found["effmon.toml"] += signer
    forged = places.write_members(tmp_path / "f.tar", found)
    new = tmp_path / "new"
    for manifest in (None, Archive(forged).manifest.digest):
        with pytest.raises(ConfigurationError, match=f"sh -c 'touch {tmp_path}/ran'") as raised:
            places.restored(made, forged, new, expected=manifest)
        assert "--with-program" in raised.value.hint
        assert not new.exists()
    looked = places.restored(made, forged, new, dry_run=True)
    assert looked.program == ("sh", "-c", f"touch {tmp_path}/ran")
    assert not new.exists()
    context, archive = places.place_of(made, forged, tmp_path / "drill", drill=True)
    assert restore.restore(context, archive, drill=True).program == ()
    assert places.restored(made, forged, new, with_program=True).program == looked.program
    assert not (tmp_path / "ran").exists(), "a restore itself runs nothing"


def test_another_manifest_than_the_one_on_paper_is_refused(
    made: World, file: Path, tmp_path: Path
) -> None:
    digest = Archive(file).manifest.digest
    with pytest.raises(Damaged, match=digest):
        places.restored(made, file, tmp_path / "new", expected="0" * 64)
    assert places.restored(made, file, tmp_path / "new", expected=digest.upper()).sound


def test_whatever_byte_is_changed_it_is_refused_or_nothing_is_different(
    file: Path, tmp_path: Path
) -> None:
    seed = int(os.environ.get("EFFMON_SEED") or random.SystemRandom().randrange(10**6))
    print(f"EFFMON_SEED={seed}")
    dice = random.Random(seed)
    whole = file.read_bytes()
    digest = Archive(file).manifest.digest
    damaged = tmp_path / "d.tar"
    refused = 0
    for _ in range(300):
        content = bytearray(whole)
        if dice.random() < 0.3:
            del content[dice.randrange(len(content)) :]
        else:
            content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
        damaged.write_bytes(content)
        try:
            found = Archive(damaged)
        except Damaged:
            refused += 1
        else:
            # Padding of the tar, or an attribute that nobody reads: the content is the same.
            assert found.manifest.digest == digest
    print(f"refused {refused} of 300")
    assert refused > 150


def test_a_file_that_is_none_is_refused(made: World, tmp_path: Path) -> None:
    (tmp_path / "letter").write_bytes(b"Dear Sir or Madam, " * 100)
    with pytest.raises(Damaged):
        Archive(tmp_path / "letter")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Archive(tmp_path / "nothing")


def test_a_ledger_behind_a_signed_note_is_said_to_be(
    made: World, file: Path, tmp_path: Path
) -> None:
    """The signer's memory is on another disk than the database, and outlives it."""
    state = tmp_path / "new" / "keys" / "checkpoints"
    state.mkdir(parents=True)
    size = len(made.entries())
    note = "example.gov.cn/effmon\n{}\nAAAA\n\n— example.gov.cn/effmon AAAA\n"
    (state / "sha256.note").write_text(note.format(size))
    report = places.restored(made, file, tmp_path / "new", dry_run=True)
    assert report.signed == size
    assert report.behind  # the backup is of before its own entry
    (state / "sha256.note").write_text(note.format(size - 1))
    assert not places.restored(made, file, tmp_path / "new").behind
    assert (state / "sha256.note").read_text() == note.format(size - 1)


def test_killed_anywhere_it_is_no_workspace_or_a_whole_one(
    made: World, file: Path, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, HERE / "killed_restore.py", file, tmp_path, str(made.now)],
        capture_output=True,
        text=True,
        check=False,
        cwd=HERE.parents[1],
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
    )
    assert done.returncode == 0, done.stderr
    steps = int(done.stdout)
    said = [state_of(tmp_path / str(step), made, file) for step in range(1, steps + 1)]
    print(f"killed at {steps - 1} steps: {said}")
    assert steps > 10
    assert set(said[:-3]) == {"no workspace", "half restored"}
    assert said[-1] == "whole"


def state_of(folder: Path, world: World, file: Path) -> str:
    """What the product makes of the place of a restore that was killed."""
    if (folder / "effmon.toml").exists():
        context = app.open_context(folder, clock=lambda: world.now)
        assert ledger_book.verify(context)["sound"]
        context.store.close()
        return "whole"
    with pytest.raises(ConfigurationError) as raised:
        app.open_context(folder)
    if "no workspace" in raised.value.message:
        return "no workspace"
    assert "half restored" in raised.value.message
    with pytest.raises(ConfigurationError, match="half restored"):
        places.restored(world, file, folder)
    return "half restored"
