"""A file of which nobody can say which rows are missing is no input: none of it is taken."""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.intake.formats.rows import Quarantined
from efficiency_monitor.intake.formats.tabular import read_rows
from efficiency_monitor.intake.ingest import import_files
from tests.stories.world import World

HEAD = "case_no,event,occurred_at,reason\n"
#: Later than everything that is kept in one piece of a buffer.
ROWS = [f"C{n},accepted,2026-01-06,{n * 7919 % 10007}\n" for n in range(30_000)]


def csv_bytes() -> bytes:
    return (HEAD + "".join(ROWS)).encode()


def jsonl_bytes() -> bytes:
    names = HEAD.strip().split(",")
    rows = (dict(zip(names, row.strip().split(","), strict=True)) for row in ROWS)
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def xes_bytes() -> bytes:
    events = "".join(f'<event><string key="n" value="{row[:9]}"/></event>' for row in ROWS)
    return f"<?xml version='1.0'?><log><trace>{events}</trace></log>".encode()


def three_quarters(data: bytes) -> bytes:
    return data[: len(data) * 3 // 4]


def bad_sum(data: bytes) -> bytes:
    return data[:-8] + bytes(255 - byte for byte in data[-8:-4]) + data[-4:]


def bad_length(data: bytes) -> bytes:
    return data[:-4] + bytes(255 - byte for byte in data[-4:])


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut": three_quarters,
    "without its length": lambda data: data[:-4],
    "sum": bad_sum,
    "length": bad_length,
    "something behind it": lambda data: data + b"garbage",
    "a second member cut": lambda data: data + gzip.compress(b"x" * 100)[:-9],
    "hit in the middle": lambda data: data[: len(data) // 2] + b"\xff" * 64 + data[-900:],
}
BROKEN: dict[str, Callable[[], bytes]] = {
    **{
        f"{name} {damage}": lambda make=make, hit=hit: hit(gzip.compress(make()))  # type: ignore[misc]
        for name, make in (("csv", csv_bytes), ("jsonl", jsonl_bytes), ("xes", xes_bytes))
        for damage, hit in DAMAGES.items()
    },
    "a packed csv beyond belief": lambda: gzip.compress(
        HEAD.encode() + (b"C1,accepted,2026-01-06," + b"3" * 300 + b"\n") * 30_000
    ),
    "a quoted cell without end": lambda: csv_bytes() + b'C1,accepted,2026-01-06,"because',
    "a quoted cell without end, with a line end": lambda: (
        csv_bytes() + b'C1,accepted,2026-01-06,"because\n'
    ),
    "a quoted cell of two lines without end": lambda: (
        csv_bytes() + b'C1,accepted,2026-01-06,"because\nof, the\n'
    ),
    "json lines in the middle of a line": lambda: jsonl_bytes()[:-20],
    "xes": lambda: three_quarters(xes_bytes()),
    "half a sign in utf-8": lambda: (
        csv_bytes()
        + "C1,accepted,2026-01-06,住房和城乡建设许可\nC2,accepted,2026-01-06,证".encode()[:-1]
    ),
    "half a sign in gb18030": lambda: (
        csv_bytes() + "C1,accepted,2026-01-06,许可\nC2,a,b,证".encode("gb18030")[:-1]
    ),
    "a tail of NULs": lambda: csv_bytes() + b"\0" * 4096,
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_file_that_is_cut_off_is_refused_whole(tmp_path: Path, what: str) -> None:
    path = tmp_path / ("x.jsonl" if "json" in what else "x.csv")
    path.write_bytes(BROKEN[what]())
    with pytest.raises(ConfigurationError) as caught:
        for _ in read_rows(path, name="feed.csv"):
            pass
    assert caught.value.exit_code == 2
    assert caught.value.message.startswith("feed.csv")
    assert "row" in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.hint


WHOLE: dict[str, bytes] = {
    "no line end": csv_bytes()[:-1],
    "members": gzip.compress(csv_bytes()[:500]) + gzip.compress(csv_bytes()[500:]),
    "filled up with NULs": gzip.compress(csv_bytes()) + b"\0" * 512,
    "members with NULs between": (
        gzip.compress(csv_bytes()[:500]) + b"\0" * 9000 + gzip.compress(csv_bytes()[500:])
    ),
    "json lines without a line end": jsonl_bytes()[:-1],
}


@pytest.mark.parametrize("what", WHOLE)
def test_what_is_whole_is_read(tmp_path: Path, what: str) -> None:
    path = tmp_path / ("x.jsonl" if "json" in what else "x.csv")
    path.write_bytes(WHOLE[what])
    rows = list(read_rows(path))
    assert not [row for row in rows if isinstance(row, Quarantined)]
    assert len(rows) == len(ROWS)


def test_a_bad_byte_or_quote_in_the_middle_is_its_row_s_fault(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    bad_rows = b'C1,accepted,2026-01-06,"open\nC2,\xff,2026-01-06,x\nC3,a,b,c\n'
    path.write_bytes(csv_bytes() + bad_rows)
    bad = [row.refusal for row in read_rows(path) if isinstance(row, Quarantined)]
    assert sorted(bad) == ["unclosed_quote", "undecodable"]


@pytest.mark.parametrize("members", [1_001, 400_000])
def test_empty_members_are_bounded(tmp_path: Path, members: int) -> None:
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(HEAD.encode()) + gzip.compress(b"", mtime=0) * members)
    with pytest.raises(ConfigurationError, match="members"):
        list(read_rows(path))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World.made(tmp_path / "ws", "2026-03-09 09:00")
    yield made
    made.close()


TABLES = ("import_run", "event", "case_file", "case_fact", "quarantine", "ledger_entry")


@pytest.mark.parametrize("dry_run", [False, True])
def test_none_of_several_files_is_taken_where_one_is_refused(world: World, dry_run: bool) -> None:
    whole, part = world.folder / "whole.csv", world.folder / "part.csv.gz"
    whole.write_text(HEAD + ROWS[0], encoding="utf-8")
    part.write_bytes(three_quarters(gzip.compress(csv_bytes())))
    before = [world.tuples(f"SELECT count(*) FROM {name}") for name in TABLES]
    with pytest.raises(ConfigurationError, match=r"part\.csv\.gz: from row \d+ on"):
        import_files(world.context, [whole, part], "canonical", dry_run=dry_run)
    assert [world.tuples(f"SELECT count(*) FROM {name}") for name in TABLES] == before
    report = import_files(world.context, [whole], "canonical", dry_run=dry_run)
    assert report.total.imported == 1
