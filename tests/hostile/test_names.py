"""Fifty names that a file may have: none of them leads out of its folder or into a message."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from efficiency_monitor.documents.tabular import put_in_place
from efficiency_monitor.faults import EffmonError
from efficiency_monitor.followup.evidence import attachments
from efficiency_monitor.ledger.export import write_export
from tests.stories.world import World

from ..feeds.conftest import Office

NAMES = (
    "a\nb.csv", "a\rb.csv", "a\tb.csv", "\x1b[2J.csv", "\x1b]0;x\x07.csv", "\x7f.csv", "\x9b.csv",
    "\u202ecsv.exe.csv", "\u2066x.csv", "\u200b.csv", "\ufeffx.csv", " .csv", "　.csv", "~.csv",
    "-rf.csv", "--out.csv", "-o json.csv", "..csv", "...csv", "..\\..\\x.csv", "C:\\x.csv",
    "C:x.csv", "\\\\host\\share.csv", "CON.csv", "PRN.csv", "AUX.csv", "NUL.csv", "COM1.csv",
    "LPT1.csv", "con.tar.csv", "x.csv.", "x.csv ", "x:stream.csv", "$HOME.csv", "${HOME}.csv",
    "`id`.csv", "$(id).csv", ";id.csv", "&id.csv", "|id.csv", "*.csv", "?.csv", "[a-z].csv",
    "%s.csv", "%2e%2e%2f.csv", "'.csv", '".csv', "<b>.csv", "=1+1.csv", "＝1+1.csv",
    "[red]x.csv", "{0}.csv", "x" * 240 + ".csv",
)  # fmt: skip
ROWS = "case_no,event,occurred_at\n{0},accepted,2026-01-05 10:00\n"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A workspace with a folder that others write into."""
    world = World.made(tmp_path / "ws", "2026-03-02 12:00")
    yield Office(world)
    world.close()


def outside(folder: Path) -> set[str]:
    """Everything beside the workspace."""
    return {str(path) for path in folder.rglob("*") if folder / "ws" not in (path, *path.parents)}


def test_there_are_fifty() -> None:
    assert len(set(NAMES)) >= 50


def test_files_of_these_names_are_pulled_and_nothing_else_is_written(
    office: Office, tmp_path: Path
) -> None:
    office.configure('[sources.hall.files]\nfolder = "in"\npatterns = ["*"]')
    folder = office.world.folder / "in"
    folder.mkdir()
    for number, name in enumerate(NAMES):
        (folder / name).write_text(ROWS.format(f"N-{number}"), encoding="utf-8")
    seen = len([name for name in NAMES if not name.startswith(".")])
    before = outside(tmp_path)
    assert office.pull().document["imported"] == seen
    assert outside(tmp_path) == before
    assert {path.name for path in folder.iterdir()} == set(NAMES)


def test_attachments_are_kept_under_their_digest(office: Office, tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir()
    before = None
    for number in range(0, len(NAMES), 20):
        paths = [given / name for name in NAMES[number : number + 20]]
        for place, path in enumerate(paths):
            path.write_text(f"{number} {place}")
        before = outside(tmp_path) if before is None else before | {str(path) for path in paths}
        kept = attachments.keep(office.world.context, paths)
        assert [each.name for each in kept] == [path.name[-200:] for path in paths]
        for each in kept:
            place_of = attachments.place_of(office.world.context, each)
            assert place_of.parent.parent == office.world.folder / "attachments"
            assert place_of.name == each.sha256
    assert outside(tmp_path) == before


@pytest.mark.parametrize("kind", ["link to a file", "link to nothing", "folder", "pipe"])
def test_what_stands_in_the_place_of_an_export_stays(tmp_path: Path, kind: str) -> None:
    place, target = tmp_path / "a.csv", tmp_path / "target"
    if kind.startswith("link"):
        place.symlink_to(target)
        if kind == "link to a file":
            target.write_text("mine")
    elif kind == "folder":
        place.mkdir()
    else:
        os.mkfifo(place)
    with pytest.raises(EffmonError), put_in_place(place, overwrite=False) as file:
        file.write(b"ours")
    assert not target.exists() or target.read_text() == "mine"
    out = tmp_path / "evidence"
    out.symlink_to(tmp_path / "elsewhere")
    from efficiency_monitor.ledger.model import entries as ledger

    with pytest.raises(EffmonError):
        write_export(out, [], ledger.EMPTY, readme_context={})
    assert not (tmp_path / "elsewhere").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".part")]


def test_a_name_with_a_nul_is_one_line(office: Office) -> None:
    with pytest.raises((EffmonError, ValueError)):
        attachments.look([Path("a\0b")])
