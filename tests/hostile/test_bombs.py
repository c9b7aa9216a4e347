"""A small file takes neither the memory nor the day: four seconds of processor, 300 MB, no more.

The kernel ends the process whose input takes longer (`tests.fuzz.guarded`).
"""

from pathlib import Path
from typing import Any

import pytest

from ..fuzz.test_parsers import fed
from .bombs import ENDED, REFUSED, every

MOST_MB = 300


def exploded(parser: str, folder: Path) -> dict[str, Any]:
    """Every bomb of a parser, one after the other in one process; the report."""
    (folder / "bombs").mkdir()
    paths = []
    for number, (_, _, make) in enumerate(each for each in every() if each[0] == parser):
        path = folder / "bombs" / f"{number:02}"
        path.write_bytes(make())
        paths.append(str(path))
    report = fed(parser, folder, "files", *paths)
    assert report["inputs"] == len(paths)
    assert report["peak_mb"] < MOST_MB
    return report


def test_there_are_fifty() -> None:
    assert len(list(every())) >= 50


@pytest.mark.full
@pytest.mark.parametrize("parser", REFUSED)
def test_a_bomb_is_refused(parser: str, tmp_path: Path) -> None:
    assert exploded(parser, tmp_path)["taken"] == 0


@pytest.mark.full
@pytest.mark.parametrize("parser", ENDED)
def test_a_stream_ends(parser: str, tmp_path: Path) -> None:
    exploded(parser, tmp_path)
