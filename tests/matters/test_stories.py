"""The stories of `told`, and the same stories with a process that dies everywhere."""

from pathlib import Path

import pytest

from . import story


@pytest.mark.parametrize("path", story.stories(), ids=lambda path: path.stem)
def test_story(path: Path, tmp_path: Path) -> None:
    assert story.tell(story.read(path), tmp_path, kill=False) == 0


@pytest.mark.full
@pytest.mark.parametrize("path", story.stories(), ids=lambda path: path.stem)
def test_story_with_a_process_that_dies(path: Path, tmp_path: Path) -> None:
    assert story.tell(story.read(path), tmp_path, kill=True) > 5
