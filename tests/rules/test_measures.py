"""Measures: each names its regulation and proposes; a broken file says where."""

from pathlib import Path

import pytest

from efficiency_monitor.catalogue.catalogue_files import read_measures
from efficiency_monitor.faults import CatalogueError
from efficiency_monitor.rules.measures import proposals
from efficiency_monitor.terms import Level

RULES = Path(__file__).resolve().parents[2] / "rules"

GOOD = """measures:
  - id: talk
    title: {zh: 建议谈话, en: "Proposal: a talk"}
    levels: [yellow]
    regulation: {ref: 法, article: 第一条, decided_by: 机关}
    says: 可以谈话 / may be talked to
    read: full
"""


def read(folder: Path, text: str) -> str:
    """The fault of a file."""
    (folder / "measures.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError) as fault:
        read_measures(folder)
    return fault.value.message


def test_the_catalogue_proposes_for_yellow_and_red_and_never_for_a_warning() -> None:
    measures = read_measures(RULES)
    assert [one.id for one in proposals(measures, Level.YELLOW)] == [
        "circular", "admonition", "efficiency_warning", "talk",
    ]  # fmt: skip
    assert {one.id for one in proposals(measures, Level.RED)} >= {"disciplinary_proceedings"}
    assert proposals(measures, Level.WARNING) == ()
    assert all(one.regulation.article.startswith("第") for one in measures)


def test_a_catalogues_own_file_and_without_one_the_installed_one(tmp_path: Path) -> None:
    assert read_measures(tmp_path) == read_measures(RULES)
    (tmp_path / "measures.yaml").write_text(GOOD, encoding="utf-8")
    (measure,) = read_measures(tmp_path)
    assert (measure.id, measure.levels) == ("talk", ("yellow",))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("建议谈话", "谈话", "measures.yaml:3:"),
        ("Proposal: a talk", "A talk", "Proposal"),
        ("read: full", "read: partly", "say what could not be read"),
        ("read: full", "read: full\n    unread: all", "say what could not be read"),
        ("[yellow]", "[warning]", "measures.yaml:4:"),
        ("[yellow]", "[]", "measures.yaml:4:"),
        ("id: talk", "id: Talk It", "measures.yaml:2:"),
        ("    says: 可以谈话 / may be talked to\n", "", "says"),
        (GOOD, GOOD + GOOD.split("\n", 1)[1], "measures.yaml:8:"),
    ],
    ids=range(9),
)
def test_what_is_wrong_is_said_with_its_place(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert said in read(tmp_path, GOOD.replace(old, new))
