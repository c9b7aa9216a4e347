"""The page stands as the command makes it, whole or not at all; what is not tested is said."""

from pathlib import Path

import pytest

from efficiency_monitor.catalogue.authoring.rule_work import load, run_examples
from efficiency_monitor.catalogue.catalogue_files import catalogue_folder
from efficiency_monitor.workspace.context import Catalogue
from tests.house.tree import ROOT, run_python
from validation.__main__ import DOCUMENT, main, page
from validation.page import Part, share, table
from validation.workspace import HERE

LOUD = "tests of docs/validation.md need data that are not here"


def test_the_parts_from_the_checkout_stand_on_the_page(boston_part: Part, usda_part: Part) -> None:
    """Without the data folder too: a change of the engine shows in figures that all can make."""
    standing = DOCUMENT.read_text(encoding="utf-8")
    for part in (boston_part, usda_part):
        assert part.text() in standing, "out of date: make validate"


@pytest.mark.data
def test_the_page_is_what_the_command_makes(
    boston_part: Part, usda_part: Part, wabo_part: Part, isle_of_man_part: Part, xes_part: Part
) -> None:
    made = page([boston_part, usda_part, wabo_part, isle_of_man_part, xes_part])
    assert DOCUMENT.read_text(encoding="utf-8") == made, "out of date: make validate"


def test_the_readme_has_the_figures_of_the_page(boston_part: Part, usda_part: Part) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for part in (boston_part, usda_part):
        assert part.summary[0][2].split(" (")[0] in " ".join(readme.split())


def test_missing_data_are_one_line_and_the_page_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = DOCUMENT.read_bytes()
    assert main(["--data", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert f"{tmp_path} lacks wabo_receipt/receipt_300.csv and 14 more" in said.err
    assert "was not regenerated" in said.err
    assert DOCUMENT.read_bytes() == before


@pytest.mark.data
def test_somebodys_database_is_left_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = DOCUMENT.read_bytes()
    monkeypatch.setenv("EFFMON_DATABASE_URL", "sqlite:////nowhere/effmon.db")
    assert main(["--data", str(folder)]) == 2
    assert "EFFMON_DATABASE_URL is set" in capsys.readouterr().err
    assert DOCUMENT.read_bytes() == before


def test_the_rule_of_validation_does_what_its_examples_say() -> None:
    catalogue = Catalogue(catalogue_folder(), ("national",))
    files = load(catalogue, HERE / "packs")
    results = list(run_examples(catalogue, files))
    assert len(results) == 4
    assert [result for result in results if not result.passed] == []


@pytest.mark.parametrize("options", [[], ["-n", "1"]], ids=["plain", "xdist"])
def test_tests_without_their_data_are_left_out_loudly(tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "conftest.py").write_bytes((ROOT / "tests/conftest.py").read_bytes())
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = data: x\n", encoding="utf-8")
    (tmp_path / "test_it.py").write_text(
        "import pytest\n@pytest.mark.data\ndef test_a(): pass\ndef test_b(): pass\n",
        encoding="utf-8",
    )
    arguments = ("-m", "pytest", "-q", "-p", "no:cacheprovider", *options)
    without = run_python(*arguments, cwd=tmp_path, VALIDATION_DATA=str(tmp_path / "none"))
    assert without.returncode == 0, without.stdout
    assert f"1 {LOUD}" in without.stdout
    assert "1 passed" in without.stdout.splitlines()[-1]
    assert "skipped" not in without.stdout
    with_data = run_python(*arguments, cwd=tmp_path, VALIDATION_DATA=str(tmp_path))
    assert "2 passed" in with_data.stdout.splitlines()[-1]
    assert LOUD not in with_data.stdout


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (0, 3, "0.0 %"),
        (1, 100_000, "0.1 %"),
        (99_999, 100_000, "99.9 %"),
        (3, 3, "100.0 %"),
        (1458, 1760, "82.8 %"),
        (0, 0, "–"),
    ],
)
def test_a_share_of_100_means_all(part: int, whole: int, said: str) -> None:
    assert share(part, whole) == said


def test_a_cell_cannot_break_its_table() -> None:
    made = table(("a", "b"), [("x|y", 1234), ("z", 5)])
    assert made == "| a | b |\n| --- | ---: |\n| x\\|y | 1,234 |\n| z | 5 |"
