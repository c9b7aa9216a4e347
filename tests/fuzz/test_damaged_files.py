"""Files of every format after blows: read or refused in one line, every row accounted for."""

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.lengths import length

from . import feeds
from .accounts import bounded_memory, csv_rows, jsonl_rows, read, xes_rows
from .damage import BLOWS, Blows, damaged, damaged_member

pytestmark = [pytest.mark.full, pytest.mark.trial]

#: Inputs of a whole run. With those of `test_hostile_rows` they are 50,000.
BUDGET = {
    "csv utf-8": 4_000,
    "csv gb18030": 4_000,
    "csv cp1252": 4_000,
    "jsonl": 6_000,
    "xes": 6_000,
    "gzip": 4_000,
    "xlsx": 5_000,
    "xls": 5_000,
    "parquet": 4_000,
}


def run(
    budget: int, path: Path, strategy: st.SearchStrategy[bytes], check: Callable[[bytes], None]
) -> None:
    """Write that many inputs to the path, one after the other, and check each."""
    budget = length(budget, 8)
    seen = 0

    @settings(
        max_examples=budget, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(strategy)
    def each(data: bytes) -> None:
        nonlocal seen
        seen += 1
        path.write_bytes(data)
        check(data)

    with bounded_memory():
        each()
    assert seen >= budget


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "cp1252"])
def test_csv(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "x.csv"
    encodings = ("utf-8", "gb18030" if encoding == "utf-8" else encoding)
    header, body = feeds.csv(encoding).split(b"\n", 1)

    def files(draw: tuple[Blows, bool, bytes]) -> bytes:
        blows, whole, end = draw
        if whole:
            return damaged(header + b"\n" + body, blows)
        return header + b"\n" + damaged(body, blows).replace(b"\n", end)

    def check(data: bytes) -> None:
        rows = read(path, encodings)
        if data.startswith(header + b"\n"):
            below = data[len(header) + 1 :]
            counts = {csv_rows(below, each) for each in encodings}
            # None of them where the file is known to be cut off.
            if rows and None not in counts:
                assert len(rows) in counts

    ends = st.sampled_from([b"\n", b"\r\n", b"\r"])
    strategy = st.tuples(BLOWS, st.booleans(), ends).map(files)
    run(BUDGET[f"csv {encoding}"], path, strategy, check)


def test_jsonl(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"

    def check(data: bytes) -> None:
        rows = read(path)
        # A file may be refused as a whole, be it for what a row calls its columns.
        if rows:
            assert len(rows) in jsonl_rows(data)

    run(BUDGET["jsonl"], path, BLOWS.map(lambda blows: damaged(feeds.jsonl(), blows)), check)


def test_xes(tmp_path: Path) -> None:
    path = tmp_path / "x.xes"

    def check(data: bytes) -> None:
        rows = read(path)
        expected = xes_rows(data)
        if rows and expected is not None and b"<!DOCTYPE" not in data:
            assert len(rows) == expected

    run(BUDGET["xes"], path, BLOWS.map(lambda blows: damaged(feeds.xes(), blows)), check)


def test_gzip(tmp_path: Path) -> None:
    """Damaged in the packed bytes: refused whole, also where rows stand before the damage."""
    path = tmp_path / "x.gz"
    whole = {}
    for text in (feeds.csv(), feeds.jsonl(), feeds.xes()):
        path.write_bytes(text)
        whole[text] = read(path)

    def files(draw: tuple[bytes, Blows, bool]) -> bytes:
        text, blows, inside = draw
        if inside:
            return gzip.compress(damaged(text, blows), 1)
        return damaged(feeds.packed(text), blows)

    def check(data: bytes) -> None:
        rows = read(path)
        try:
            gzip.decompress(data)
        except (OSError, EOFError, ValueError, gzip.zlib.error):  # type: ignore[attr-defined]
            assert not data.startswith(b"\x1f\x8b") or not rows

    strategy = st.tuples(st.sampled_from(list(whole)), BLOWS, st.booleans()).map(files)
    run(BUDGET["gzip"], path, strategy, check)


def test_xlsx(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"

    def files(draw: tuple[Blows, int | None]) -> bytes:
        blows, member = draw
        if member is None:
            return damaged(feeds.xlsx(), blows)
        return damaged_member(feeds.xlsx(), member, blows)

    names = zipfile.ZipFile(io.BytesIO(feeds.xlsx())).namelist()
    sheet = st.just(names.index("xl/worksheets/sheet1.xml"))
    strategy = st.tuples(BLOWS, st.none() | sheet | st.integers(0, len(names) - 1)).map(files)
    run(BUDGET["xlsx"], path, strategy, lambda data: bool(read(path)) and None)


def test_xls(tmp_path: Path) -> None:
    path = tmp_path / "x.xls"
    strategy = BLOWS.map(lambda blows: damaged(feeds.xls(), blows))
    run(BUDGET["xls"], path, strategy, lambda data: bool(read(path)) and None)


def test_parquet(tmp_path: Path) -> None:
    import pyarrow.parquet

    path = tmp_path / "x.parquet"

    def check(data: bytes) -> None:
        rows = read(path)
        if rows and data.startswith(b"PAR1"):
            assert len(rows) == pyarrow.parquet.read_metadata(path).num_rows

    strategy = BLOWS.map(lambda blows: damaged(feeds.parquet(), blows))
    run(BUDGET["parquet"], path, strategy, check)
