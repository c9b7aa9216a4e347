"""Each data set is run once a session; the tests only look at what came of it."""

import os
from pathlib import Path

import pytest

from validation import boston, isle_of_man, usda, wabo, xes
from validation.__main__ import data_folder
from validation.page import Part


@pytest.fixture(scope="session")
def folder() -> Path:
    """The data that may not be copied."""
    return data_folder(os.environ)


@pytest.fixture(scope="session")
def usda_part() -> Part:
    """USDA APHIS, from the checkout."""
    return usda.run()


@pytest.fixture(scope="session")
def boston_part() -> Part:
    """Boston 311, from the checkout."""
    return boston.run()


@pytest.fixture(scope="session")
def wabo_part(folder: Path) -> Part:
    """The WABO log."""
    return wabo.run(folder)


@pytest.fixture(scope="session")
def isle_of_man_part(folder: Path) -> Part:
    """The lists of the Isle of Man."""
    return isle_of_man.run(folder)


@pytest.fixture(scope="session")
def xes_part(folder: Path) -> Part:
    """The XES samples."""
    return xes.run(folder)
