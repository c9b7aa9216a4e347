"""The catalogue's folder: vocabulary, packs of rules, and what contradicts itself in them."""

import shutil
from pathlib import Path

import pytest

from efficiency_monitor.catalogue.catalogue_files import (
    catalogue_folder,
    pack_names,
    read_calendars,
    read_rules,
    read_vocabulary,
)
from efficiency_monitor.faults import CatalogueError, ConfigurationError

from .calendar_texts import OFFICE

RULES = Path(__file__).resolve().parents[2] / "rules"

RULE = """\
id: XX-TEST
version: 1
name: test-rule
title: {zh: 测试, en: test}
status: stable
in_force: {from: 2020-01-01, to: 2020-12-31}
legal_basis: [{ref: none, reading: ours, says: nothing}]
why: for the tests
clock:
  start: accepted
  stop: [decided]
  pause:
    - {from: suspended, to: resumed, kinds: [hearing]}
limits: {promised: {fixed: 5 working_days}}
cards: [{level: red, at: promised}]
"""


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """A catalogue with one pack of one rule."""
    (tmp_path / "packs" / "city").mkdir(parents=True)
    (tmp_path / "packs" / "empty").mkdir()
    (tmp_path / "calendars").mkdir()
    shutil.copy(RULES / "vocabulary.yaml", tmp_path)
    add(tmp_path, RULE)
    return tmp_path


def add(catalogue: Path, text: str, name: str = "one.yaml") -> Path:
    path = catalogue / "packs" / "city" / name
    path.write_text(text, encoding="utf-8")
    return path


def faults(catalogue: Path) -> list[str]:
    """What is said of the pack, with the path cut off."""
    with pytest.raises(CatalogueError) as caught:
        read_rules(catalogue, ["city"])
    prefix = f"{catalogue / 'packs' / 'city'}/"
    lines = caught.value.message.splitlines()
    assert all(line.startswith(prefix) for line in lines)
    return [line.removeprefix(prefix) for line in lines]


def test_a_rule_is_loaded_with_where_it_came_from(catalogue: Path) -> None:
    (loaded,) = read_rules(catalogue, ["city", "city"])
    assert (loaded.rule.id, loaded.pack, loaded.path) == ("XX-TEST", "city", "packs/city/one.yaml")
    assert pack_names(catalogue) == ("city",)


def test_the_digest_is_of_the_rule_and_not_of_its_examples(catalogue: Path) -> None:
    (before,) = read_rules(catalogue, ["city"])
    example = (
        "examples:\n  - name: late\n    level: red\n    kind: firing\n"
        "    events: [{event: accepted, at: 2020-03-02}]\n    expect: [{as_of: 2020-03-03}]\n"
    )
    add(catalogue, f"# said\n{RULE}{example}")
    (same,) = read_rules(catalogue, ["city"])
    assert same.rule.examples
    assert same.digest == before.digest
    add(catalogue, RULE.replace("5 working_days", "6 working_days"))
    (other,) = read_rules(catalogue, ["city"])
    assert other.digest != before.digest
    assert len(other.digest) == 64


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("start: accepted", "start: acepted", "10:10: no event type 'acepted'; did you mean"),
        (
            "stop: [decided]",
            "stop: [decided, 办结]",
            "11:19: no event type '办结'; write 'decided'",
        ),
        ("to: resumed", "to: [resume]", "13:30: no event type 'resume'; did you mean 'resumed'?"),
        ("[hearing]", "[hearing, 招标]", "13:55: no kind of suspension '招标'; write 'tender'"),
        ("why:", "wy:", "8:1: unknown field 'wy'; did you mean 'why'?"),
        ("at: promised", "at: promise", "15:8: cards: 'promise' names no limit of this rule"),
        ("to: 2020-12-31", "to: 2019-12-31", "6:34: in force until 2019-12-31, from 2020-01-01"),
    ],
)
def test_a_rule_that_cannot_be_says_where(catalogue: Path, old: str, new: str, said: str) -> None:
    assert RULE.count(old) == 1
    add(catalogue, RULE.replace(old, new))
    assert [line for line in faults(catalogue) if line.startswith(f"one.yaml:{said}")]


def test_words_of_examples_are_checked(catalogue: Path) -> None:
    add(
        catalogue,
        RULE + "examples:\n  - {name: a, level: red, kind: firing, expect: [{as_of: 2020-03-03}],\n"
        "     events: [{event: accept, at: 2020-03-02, kind: heering}]}\n",
    )
    assert faults(catalogue) == [
        "one.yaml:18:23: no event type 'accept'; did you mean 'accepted'?",
        "one.yaml:18:53: no kind of suspension 'heering'; did you mean 'hearing'?",
    ]


def test_one_version_stands_once(catalogue: Path) -> None:
    add(catalogue, RULE.replace("2020-", "2021-"), "two.yaml")
    assert faults(catalogue) == [
        "two.yaml:2:10: XX-TEST version 1 stands also in packs/city/one.yaml"
    ]


def test_two_versions_are_never_in_force_together(catalogue: Path) -> None:
    second = RULE.replace("version: 1", "version: 2")
    add(
        catalogue,
        second.replace("from: 2020-01-01, to: 2020-12-31", "from: 2020-12-31"),
        "two.yaml",
    )
    (said,) = faults(catalogue)
    assert said.startswith("two.yaml:6:11: XX-TEST version 2 is in force together with version 1")
    assert said.endswith("packs/city/one.yaml")
    add(
        catalogue,
        second.replace("from: 2020-01-01, to: 2020-12-31", "from: 2021-01-01"),
        "two.yaml",
    )
    assert [entry.rule.version for entry in read_rules(catalogue, ["city"])] == [1, 2]


def test_an_unknown_pack_lists_the_known_ones(catalogue: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r"no rule pack 'citty' in .*; did you mean 'city'"
    ):
        read_rules(catalogue, ["citty"])


def test_no_rule_is_passed_over_for_its_name(catalogue: Path) -> None:
    add(catalogue, RULE, "two.yml")
    assert faults(catalogue) == ["two.yml:1:1: the name does not end in .yaml"]


def test_the_catalogue_is_found_without_being_named() -> None:
    folder = catalogue_folder()
    assert (folder / "vocabulary.yaml").is_file()
    assert {"cn", "hunan-xiangtan", "us-federal"} <= set(read_calendars(folder))


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no catalogue folder"):
        catalogue_folder(tmp_path / "none")
    assert catalogue_folder(tmp_path) == tmp_path


def test_a_calendar_is_called_as_its_file(catalogue: Path) -> None:
    path = catalogue / "calendars" / "bureau.yaml"
    path.write_text(OFFICE, encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        read_calendars(catalogue)
    assert caught.value.message == f"{path}:1:5: id 'office' differs from the file's name"


def test_calendars_are_read_whatever_their_order(catalogue: Path) -> None:
    """A parent may come after its child in the order of names."""
    (catalogue / "calendars" / "office.yaml").write_text(OFFICE, encoding="utf-8")
    for name, parent in (("a", "z"), ("z", "office")):
        text = f"id: {name}\nextends: {parent}\n"
        (catalogue / "calendars" / f"{name}.yaml").write_text(text, encoding="utf-8")
    assert list(read_calendars(catalogue)) == ["a", "office", "z"]


def test_a_circle_of_calendars_is_named(catalogue: Path) -> None:
    for name, parent in (("a", "b"), ("b", "c"), ("c", "b")):
        text = f"id: {name}\nextends: {parent}\n"
        (catalogue / "calendars" / f"{name}.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"c\.yaml:2:10: a circle: b extends c extends b"):
        read_calendars(catalogue)


def test_an_unknown_parent_is_named(catalogue: Path) -> None:
    (catalogue / "calendars" / "office.yaml").write_text(OFFICE, encoding="utf-8")
    (catalogue / "calendars" / "b.yaml").write_text("id: b\nextends: ofice\n", encoding="utf-8")
    with pytest.raises(
        CatalogueError, match=r"b\.yaml:2:10: no calendar 'ofice'; did you mean 'off"
    ):
        read_calendars(catalogue)


def test_words_are_found_by_code_and_by_name(catalogue: Path) -> None:
    words = read_vocabulary(catalogue)
    for text in (
        "correction_requested",
        "补正告知",
        "Correction  Requested",
        " correction requested",
    ):
        assert words.find_type(text) == "correction_requested"
    for text in ("expert_review", "专家评审", "expert review"):
        assert words.find_kind(text) == "expert_review"
    assert words.find_type("expert_review") is words.find_kind("decided") is None
    assert words.types["decided"].follows == ("submitted", "accepted")
    assert words.types["voided"].ends_case
    assert not words.types["decided"].ends_case
    assert words.kinds["hearing"].lawful
    assert not words.kinds["site_visit"].lawful


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{type: accepted, rank: 20", "{type: submitted, rank: 20", ": submitted is listed twice"),
        ("zh: 受理,", "zh: 申请,", ": '申请' already means submitted"),
        ("en: tender", "en: hearing", ": 'hearing' already means hearing"),
        ("{type: accepted, rank: 20", "{type: accepted, rank: 10", ": its rank must be above 10"),
        (
            "follows: [forwarded_up]",
            "follows: [forwarded]",
            ": no event type is called 'forwarded'",
        ),
        ("rank: 8,", "rank: eight,", ": events.3.rank: should be a whole number"),
    ],
)
def test_a_vocabulary_that_contradicts_itself(
    catalogue: Path, old: str, new: str, said: str
) -> None:
    path = catalogue / "vocabulary.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        read_vocabulary(catalogue)
    line = text[: text.index(old)].count("\n") + 1
    hits = [each for each in caught.value.message.splitlines() if said in each]
    assert hits
    assert hits[0].startswith(f"{path}:{line}:")
