"""For every test of this folder: what is said is looked for in English."""

from collections.abc import Iterator

import pytest

from efficiency_monitor.i18n.messages import language, set_language


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Whatever the locale of the machine, and whatever a test before has left."""
    before = language()
    set_language("en")
    yield
    set_language(before)
