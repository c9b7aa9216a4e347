"""Every story, as it is told."""

from pathlib import Path

import pytest

from .story import read, stories, tell


@pytest.mark.parametrize("path", stories(), ids=lambda path: path.stem)
def test_story(path: Path, tmp_path: Path) -> None:
    tell(read(path), tmp_path)
