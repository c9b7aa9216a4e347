"""Packs that watch the same are told, by `rules check`, by the doctor and on the packs' pages."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from efficiency_monitor.catalogue.authoring.pack_overlap import overlap_lines
from efficiency_monitor.rules.rule_overlap import overlaps, same_watch
from efficiency_monitor.rules.rules import Rule
from tests.cli.command import effmon, stop_warm
from tests.rules.catalogue import FOLDER, LOADED

PAIRS = [
    *{(found.pack, found.other_pack) for found in overlaps([(x.pack, x.rule) for x in LOADED])}
]
BY_ID = {loaded.rule.id: loaded.rule for loaded in LOADED}


@pytest.fixture(scope="module", autouse=True)
def _warm_server() -> Iterator[None]:
    yield
    stop_warm()


@pytest.mark.parametrize("pair", sorted(PAIRS), ids="-".join)
def test_the_page_of_one_pack_names_the_other(pair: tuple[str, str]) -> None:
    pages = [(FOLDER / "packs" / pack / "README.md").read_text(encoding="utf-8") for pack in pair]
    named = [
        bool(re.search(rf"[`\[ ]{other}[`\], ]", page))
        for other, page in zip(reversed(pair), pages, strict=True)
    ]
    assert any(named)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("YUL-PROMISE", "CN-PROMISE"),
        ("HN-CASE", "CN-DECIDE"),
        ("HN-STAGE", "XSB-STEP"),
        ("HN-COMPLAINT", "SHY-COMPLAINT"),
        ("HN-INSTANT", "QZ-INSTANT"),
        ("HN-ONLINE", "CN-ACCEPT"),
        ("CON-RETURNED", "PY-RETURNED"),
        ("CON-FEE", "JT-A027"),
        ("CON-LATE-ENTRY", "PY-LATE-ENTRY"),
        ("CON-CORRECT-TWICE", "MZ-CORRECT"),
    ],
)
def test_these_watch_the_same(first: str, second: str) -> None:
    assert same_watch(BY_ID[first], BY_ID[second])
    assert same_watch(BY_ID[second], BY_ID[first])


@pytest.mark.parametrize(
    ("first", "second", "because"),
    [
        ("YUL-PROMISE", "CN-DECIDE", "the promise and the law are two limits"),
        ("YUL-PROMISE", "CN-INSTANT", "the one is not for instant items, the other for them alone"),
        ("CN-DELIVER", "HN-LICENCE", "nothing stops both"),
        ("CN-STAGE", "YUL-PROMISE", "a stage is not a case"),
        ("KUI-LEAD", "HAI-TASK", "leads and tasks carry different marks"),
        ("KUI-LEAD", "KUI-DUE", "the one is for what has no due date"),
        ("CON-CORRECT-LATE", "MZ-CORRECT", "the one counts after what ends the other"),
        ("CON-RETURNED", "PY-VOIDED", "other events"),
        ("CON-PAUSE-NOTICE", "JT-A018", "the papers of other events"),
        ("CON-LATE-ENTRY", "CON-PAUSE-LATE", "other events"),
        ("PY-ENTRANCE", "JT-A024", "each is for cases with a mark of its own"),
        ("CON-INCOMPLETE", "JT-C006", "shares of other things"),
        ("CON-FEE", "CN-PROMISE", "a measure is no clock"),
    ],
)
def test_these_do_not(first: str, second: str, because: str) -> None:
    assert not same_watch(BY_ID[first], BY_ID[second]), because
    assert not same_watch(BY_ID[second], BY_ID[first]), because


def changed(rule_id: str, **fields: object) -> Rule:
    """A rule with other fields."""
    (loaded,) = [each for each in LOADED if each.rule.id == rule_id]
    text = yaml.safe_load((FOLDER / loaded.path).read_text(encoding="utf-8"))
    return Rule.model_validate(text | fields)


def test_what_no_case_can_be_for_both_is_no_pair() -> None:
    rule = BY_ID["CN-PROMISE"]
    here = changed("YUL-PROMISE", applies_to={"region": "610800"})
    there = changed("QZ-LAMP", applies_to={"region": "350500"})
    assert same_watch(here, rule)
    assert not same_watch(here, there)
    assert not same_watch(changed("YUL-PROMISE", applies_to={"not": {"region": "350500"}}), there)
    clock = {"start": "suspended", "stop": "resumed", "episodes": "each"}
    heard = changed("CN-SPECIAL", clock=clock | {"kinds": "hearing"})
    assert same_watch(heard, BY_ID["HN-SPECIAL"])
    tested = changed("HN-SPECIAL", clock=clock | {"kinds": "testing"})
    assert not same_watch(heard, tested)


def test_one_pack_a_retired_rule_and_two_versions_are_no_pair() -> None:
    mine, theirs = BY_ID["YUL-PROMISE"], BY_ID["CN-PROMISE"]
    assert len([*overlaps([("a", mine), ("b", theirs)])]) == 1
    assert not [*overlaps([("a", mine), ("a", theirs)])]
    assert not [*overlaps([("a", mine), ("b", mine)])]
    assert not [*overlaps([("a", changed("YUL-PROMISE", status="retired")), ("b", theirs)])]


def test_a_line_names_four_pairs_and_counts_the_rest() -> None:
    hunan = [("hunan", each.rule) for each in LOADED if each.pack == "hunan"]
    national = [("national", each.rule) for each in LOADED if each.pack == "national"]
    (line,) = overlap_lines([*hunan, *national])
    assert "HN-CASE/CN-DECIDE" in line
    assert "and 5 more" in line
    assert overlap_lines(national) == []


def test_a_workspace_is_told_and_goes_on(tmp_path: Path) -> None:
    chosen = ("--pack", "national", "--pack", "yulin", "--pack", "conduct")
    effmon("init", tmp_path / "ws", "--name", "x", *chosen).well()
    said = effmon("-C", tmp_path / "ws", "rules", "check").well().err
    assert "national and yulin watch the same (CN-INSTANT/YUL-INSTANT, CN-PROMISE/YUL-PROMISE)" in (
        said
    )
    assert "conduct" not in said
    found = effmon("-C", tmp_path / "ws", "doctor", "-o", "json").json
    (line,) = [each for each in found if each["check"] == "packs"]
    assert line["status"] == "look"
    assert "yulin" in line["detail"]


def test_packs_that_go_together_are_not_warned_of(tmp_path: Path) -> None:
    effmon("init", tmp_path / "ws", "--name", "x", "--pack", "national", "--pack", "conduct").well()
    assert "watch the same" not in effmon("-C", tmp_path / "ws", "rules", "check").well().err
    outside = effmon("rules", "check", folder=tmp_path).well().err
    assert "watch the same" not in outside, "nobody has chosen"
