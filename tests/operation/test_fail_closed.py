"""Nothing is judged and nothing leaves where the ledger cannot be written."""

import os
import resource
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from efficiency_monitor.ledger.model.entries import EntryType
from efficiency_monitor.ledger.store import ledger
from efficiency_monitor.ledger.store.tail import ensure_whole
from efficiency_monitor.records import schema
from efficiency_monitor.records.engine import Store
from tests.cli.command import ROOT, Ran, checked, command_line, effmon, environment
from tests.cli.places import change, content, copied, write_events

#: Somebody without rights of their own, where the tests are run by root.
NOBODY = 65534

LAST = "WHERE seq = (SELECT MAX(seq) FROM ledger_entry)"
OPEN = "DROP TRIGGER ledger_entry_no_update", "DROP TRIGGER ledger_entry_no_delete"
DAMAGES = {
    "the last entry is gone": f"DELETE FROM ledger_entry {LAST}",
    "the last entry says something else": (
        f"UPDATE ledger_entry SET body = replace(body, 'seq', 'sek') {LAST}"
    ),
    "its leaf is another": f"UPDATE ledger_entry SET sm3 = sha256 {LAST}",
    "every entry is gone": "DELETE FROM ledger_entry",
    "the head is gone": "DELETE FROM ledger_head",
    "the head is shorter": "UPDATE ledger_head SET size = size - 1",
    "the head is of other entries": (
        "UPDATE ledger_head SET sha256_stack = CAST("
        " substr(sha256_stack, 1, length(sha256_stack) - 32) || zeroblob(32) AS BLOB)"
    ),
    "the head is none": "UPDATE ledger_head SET sm3_stack = x'00'",
}
ACTS: dict[str, Callable[[Path], tuple[object, ...]]] = {
    "scan": lambda _: ("scan",),
    "night": lambda _: ("jobs", "run"),
    "deliver": lambda _: ("notices", "deliver"),
    "acknowledge": lambda folder: ("--as", "li", "cards", "acknowledge", card(folder)),
    "import": lambda folder: ("import", write_events(folder / "more.csv")),
}


def card(folder: Path) -> str:
    """Number of a card."""
    found = effmon("-C", folder, "cards", "list", "-o", "json").json
    return next(str(each["card_no"]) for each in found if each["state"] == "open")


def left_out(folder: Path) -> list[str]:
    """What was sent through the file channel."""
    outbox = folder / "outbox"
    return sorted(path.name for path in outbox.glob("*.json")) if outbox.is_dir() else []


@pytest.mark.parametrize(
    ("damage", "act"),
    [*((damage, "scan") for damage in DAMAGES), *(("the head is gone", act) for act in ACTS)],
)
def test_no_act_on_a_damaged_ledger(
    office: Path, own: Callable[[Path], Path], damage: str, act: str
) -> None:
    folder = own(office)
    change(folder, "UPDATE case_file SET changed = 1")
    command = ACTS[act](folder)
    for statement in (*OPEN, DAMAGES[damage]):
        change(folder, statement)
    before = content(folder), left_out(folder)
    ran = effmon("-C", folder, *command).well(70)
    assert "the ledger is damaged" in ran.err
    assert "ledger verify" in ran.err
    assert (content(folder), left_out(folder)) == before


def test_a_whole_ledger_of_every_size_is_taken(tmp_path: Path) -> None:
    """The edge has another shape at each size: a check that is too strict would show."""
    store = Store(f"sqlite:///{tmp_path / 'a.db'}")
    schema.upgrade(store)
    store.guarded_by(ensure_whole)
    for number in range(140):
        entry = ledger.NewEntry(
            type=EntryType.SCAN_DONE, fact=str(number), at="2026-03-02T10:00:00+08:00", content={}
        )
        with store.writing() as connection:
            assert ledger.append(connection, [entry]) == 1
    store.close()


@pytest.fixture
def reachable(office: Path) -> Iterator[Path]:
    """A copy of a workspace where a user without rights can get at it."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        yield copied(office, place / "ws")


def as_nobody(folder: Path, *arguments: object, file_size: int | None = None) -> Ran:
    """Run `effmon` as somebody who is not root."""

    def limited() -> None:
        if file_size is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))

    root = os.geteuid() == 0
    done = subprocess.run(
        command_line("-C", folder, *arguments),
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        check=False,
        user=NOBODY if root else None,
        group=NOBODY if root else None,
        extra_groups=[] if root else None,
        preexec_fn=limited,
    )
    return checked(done.returncode, done.stdout.decode(), done.stderr.decode())


def give(folder: Path, *, but: Path) -> None:
    """Hand a workspace to that user, one file of it read-only."""
    for path in (folder, *folder.rglob("*")):
        if os.geteuid() == 0:
            os.chown(path, NOBODY, NOBODY)
    but.chmod(0o444)


@pytest.mark.parametrize("command", [("scan",), ("notices", "deliver")])
def test_a_database_that_may_not_be_written(reachable: Path, command: tuple[str, ...]) -> None:
    change(reachable, "UPDATE case_file SET changed = 1")
    give(reachable, but=reachable / "effmon.db")
    before = content(reachable), left_out(reachable)
    ran = as_nobody(reachable, *command).well(2)
    assert "cannot be opened" in ran.err
    assert "permissions" in ran.err
    assert (content(reachable), left_out(reachable)) == before


@pytest.mark.parametrize("command", [("scan",), ("notices", "deliver")])
def test_a_disk_without_room(reachable: Path, command: tuple[str, ...]) -> None:
    """No file can grow, the journal neither: as with a full disk."""
    change(reachable, "UPDATE case_file SET changed = 1")
    before = content(reachable), left_out(reachable)
    give(reachable, but=reachable / "effmon.toml")
    ran = as_nobody(reachable, *command, file_size=512).well(70)
    assert "could not be written" in ran.err
    assert (content(reachable), left_out(reachable)) == before
