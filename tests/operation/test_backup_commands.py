"""`effmon backup` and `restore` at the command line: figures, warnings, exit codes, the drill."""

from pathlib import Path

import pytest

from tests.cli.command import effmon
from tests.cli.places import content, copied


def test_backup_restore_and_the_restored_workspace_works(office: Path, tmp_path: Path) -> None:
    folder = copied(office, tmp_path / "ws")
    made = effmon("-C", folder, "backup", tmp_path / "b.tar", "-o", "json").well().json
    assert made["size"] > 0
    assert made["keys"] == 0
    checked = effmon("-C", tmp_path / "new", "restore", tmp_path / "b.tar", "--dry-run").well()
    assert "nothing was written" in checked.err
    assert not (tmp_path / "new").exists()
    found = effmon("-C", tmp_path / "new", "restore", tmp_path / "b.tar", "-o", "json").well()
    assert found.json["size"] == made["size"]
    assert found.json["manifest"] == made["manifest"]
    assert found.json["sound"] is True
    assert effmon("-C", tmp_path / "new", "ledger", "verify").well()
    shown = [
        effmon("-C", each, "cards", "list", "-o", "json").well().json
        for each in (folder, tmp_path / "new")
    ]
    assert shown[0] == shown[1] != []
    again = effmon("-C", tmp_path / "new", "restore", tmp_path / "b.tar").well(2)
    assert "only into an empty folder" in again.err


def test_pending_notices_are_said_to_leave_again(office: Path, tmp_path: Path) -> None:
    folder = copied(office, tmp_path / "ws")
    effmon("-C", folder, "backup", tmp_path / "b.tar").well()
    said = effmon("-C", tmp_path / "new", "restore", tmp_path / "b.tar", "-o", "json").well()
    assert said.json["pending"] > 0
    assert f"{said.json['pending']} notices wait" in said.err


def test_a_drill_is_on_record_and_leaves_nothing_else(office: Path, tmp_path: Path) -> None:
    folder = copied(office, tmp_path / "ws")
    effmon("-C", folder, "backup", tmp_path / "b.tar").well()
    ran = effmon(
        "-C", folder, "restore", tmp_path / "b.tar", "--drill", tmp_path / "drill", "-o", "json"
    ).well()
    assert ran.json["sound"] is True
    assert list((tmp_path / "drill").iterdir()) == []
    last = effmon("-C", folder, "ledger", "list", "-o", "json").well().json[-1]
    assert last["type"] == "backup.restored"
    assert last["drill"] is True
    assert last["seconds"] == ran.json["seconds"]


def test_a_damaged_backup_ends_with_1_and_a_drill_of_it_leaves_no_record(
    office: Path, tmp_path: Path
) -> None:
    folder = copied(office, tmp_path / "ws")
    effmon("-C", folder, "backup", tmp_path / "b.tar").well()
    whole = (tmp_path / "b.tar").read_bytes()
    (tmp_path / "b.tar").write_bytes(whole[: len(whole) // 2])
    before = content(folder)
    for more in ([], ["--dry-run"], ["--drill", tmp_path / "drill"]):
        place = folder if "--drill" in more else tmp_path / "new"
        ran = effmon("-C", place, "restore", tmp_path / "b.tar", *more).well(1)
        assert "damaged" in ran.err
    assert content(folder) == before
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("command", [("scan",), ("init",), ("doctor",)])
def test_a_half_restored_workspace_says_so(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "effmon.toml.restoring").write_text("")
    ran = effmon("-C", tmp_path, *command).well(2)
    assert "half restored" in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["effmon.toml.restoring"]
