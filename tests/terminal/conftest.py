"""Every test here begins in Chinese and leaves the language as it found it."""

from collections.abc import Iterator

import pytest

from efficiency_monitor.i18n.messages import speaking


@pytest.fixture(autouse=True)
def _chinese() -> Iterator[None]:
    with speaking("zh"):
        yield
