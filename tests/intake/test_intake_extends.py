"""A mapping that extends another: a city's own codes in ten lines, each fault with its place."""

from pathlib import Path

import pytest

from efficiency_monitor.faults import CatalogueError, ConfigurationError
from efficiency_monitor.intake.mapping.mapping_files import find_mapping, read_mapping

from .test_csv import taken
from .test_intake_versions import FEED, answers, step

CITY = """
id: feed-city
title: {zh: 城市, en: city}
extends: feed
calendar: us-federal
encodings: [cp1252]
columns: {who: [经办]}
codes:
  operation: {"Ｄ": insert, "X": deleted}
  extra: {"1": accepted}
units: {Tag: calendar_days}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A catalogue's folder of mappings with one that others may extend."""
    made = tmp_path / "mappings"
    made.mkdir()
    text = FEED.replace(
        "times:", "empty: [无]\ncolumns: {who: [办理人]}\nunits: {天: working_days}\ntimes:"
    )
    (made / "feed.yaml").write_text(text, encoding="utf-8")
    return made


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_city_writes_ten_lines(folder: Path) -> None:
    written(folder / "feed-city.yaml", CITY)
    city, base = find_mapping("feed-city", folder), find_mapping("feed", folder)
    assert (city.id, city.title.en, city.extends) == ("feed-city", "city", "feed")
    assert (city.calendar, city.encodings) == ("us-federal", ("cp1252",))
    assert (city.times, city.empty) == (base.times, ("无",))
    assert city.tables == base.tables
    assert city.columns == {"who": ("办理人", "经办")}
    # A code of its own takes the place of the one that is read the same: here D is an insert.
    assert city.codes["operation"] == {"I": "insert", "U": "update", "Ｄ": "insert", "X": "deleted"}
    assert city.codes["extra"] == {"1": "accepted"}
    assert set(city.units) == {"天", "Tag"}
    row = step("1", op="D")
    assert taken(answers([row], base)[0]).deleted
    assert not taken(answers([row], city)[0]).deleted


def test_a_mapping_outside_the_catalogue_extends_one_in_it_or_beside_it(
    folder: Path, tmp_path: Path
) -> None:
    own = written(tmp_path / "feed.yaml", CITY.replace("id: feed-city", "id: mine"))
    assert find_mapping(str(own), folder).id == "mine"
    second = CITY.replace("extends: feed", "extends: mine").replace("id: feed-city", "id: second")
    written(tmp_path / "mine.yaml", CITY.replace("calendar: us-federal\n", ""))
    made = read_mapping(written(tmp_path / "second.yaml", second), folder)
    assert (made.calendar, made.columns["who"]) == ("us-federal", ("办理人", "经办", "经办"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CITY.replace("extends: feed", "extends: fed"),
         r"city.yaml:4:10: no mapping 'fed'; did you mean 'feed'\?"),
        (CITY.replace("extends: feed", "extends: ../feed"), r"city.yaml:4:10: no mapping"),
        (CITY.replace("extends: feed", "extends: city"),
         "city.yaml:4:10: a circle: city extends city"),
        (CITY.replace("extends: feed", "extends: [feed]"), "city.yaml:4:10: extends: "),
        (CITY + "tables: []\n", "city.yaml:12:1: the tables are those of 'feed'"),
        (CITY + "colour: red\n", "city.yaml:12:1: unknown field 'colour'"),
        (CITY.replace("id: feed-city\n", ""), "missing field 'id'"),
        (CITY.replace("codes:\n", "codes:\n  event_types: {a: accepted}\n"),
         "city.yaml:9:3: codes: event"),
        (CITY.replace("units: {Tag: calendar_days}", "units: {Tag: days}"), "city.yaml:11:14: "),
        (CITY.replace("columns: {who: [经办]}", "columns: {who: 经办}"), "city.yaml:7:16: "),
        (CITY.replace("columns: {who: [经办]}", "columns: {who: [Dept]}"), "both"),
        (CITY.replace("codes:\n", "codes: []\nempty:\n"), "city.yaml:8:8: codes"),
    ],
)  # fmt: skip
def test_a_broken_extension_names_its_line(folder: Path, text: str, said: str) -> None:
    path = written(folder / "city.yaml", text)
    with pytest.raises(CatalogueError, match=said) as caught:
        read_mapping(path, folder)
    assert len(caught.value.message.splitlines()) <= 2


def test_a_circle_of_two_and_a_broken_base_are_named(folder: Path) -> None:
    written(folder / "a.yaml", CITY.replace("extends: feed", "extends: b"))
    written(folder / "b.yaml", CITY.replace("extends: feed", "extends: a"))
    with pytest.raises(CatalogueError, match=r"b\.yaml:4:10: a circle: a extends b extends a"):
        find_mapping("a", folder)
    written(folder / "feed.yaml", FEED.replace("    case_no: nr\n", "", 1))
    written(folder / "city.yaml", CITY)
    with pytest.raises(CatalogueError, match=r"feed.yaml:\d+:\d+: .*either"):
        find_mapping("city", folder)


def test_a_mapping_that_is_not_there_is_said_to_be_none(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no mapping 'nothing'") as caught:
        find_mapping("nothing", folder)
    assert "feed" in caught.value.hint
