"""What the product writes is, byte for byte, what stands in this folder (`README.md`)."""

import json
from functools import cache
from pathlib import Path

import pytest

from efficiency_monitor.ledger.model.entries import EntryType
from efficiency_monitor.notify.wording import KINDS

from .differences import differences
from .stories import STORIES
from .written import Files, demonstration, kept, notices, of_story

_TO_MAKE = "\nIf it is meant: python -m tests.golden, and say in the commit what changed and why."


@cache
def golden() -> Files:
    """The folder as it stands, read once."""
    return kept()


def of(story: str) -> Files:
    """What of the golden files one story wrote."""
    found: Files = {}
    for name, content in golden().items():
        if name.startswith("entries/"):
            own = [line for line in content.splitlines(keepends=True) if _told_in(line) == story]
            if own:
                found[name] = b"".join(own)
        elif name == f"outbox/{story}.jsonl" or (
            story == "failures" and (name.startswith("export/") or name == "slip.json")
        ):
            found[name] = content
    return found


def _told_in(line: bytes) -> str:
    """The story of an entry's line."""
    return str(json.loads(line)["story"]).split()[0]


def same(before: Files, made: Files) -> None:
    """Every byte, or what differs is said."""
    found = differences(before, made)
    assert found == [], "\n".join(["the golden bytes differ:", *found]) + _TO_MAKE


@pytest.mark.both_engines
@pytest.mark.parametrize("story", STORIES)
def test_a_story_writes_the_same_bytes(story: str, tmp_path: Path) -> None:
    same(of(story), of_story(story, tmp_path))


@pytest.mark.parametrize("kind", EntryType)
def test_every_type_of_entry_is_held(kind: EntryType) -> None:
    assert golden().get(f"entries/{kind}.jsonl"), f"no golden entry of {kind}"


def test_both_keys_of_a_card_that_stands_again_are_held() -> None:
    lines = golden()["entries/card.revived.jsonl"].splitlines()
    last = [json.loads(line)["key"].rpartition("/")[2] for line in lines]
    assert any(word.isdecimal() for word in last), "by a scan: its instant"
    assert any(word.startswith("R-") for word in last), "by a lift: the card that was lifted"


def test_every_kind_of_notice_is_held_in_both_languages() -> None:
    wanted = {f"notices/{kind}.{tongue}.txt" for kind in KINDS for tongue in ("zh", "en")}
    assert {name for name in golden() if name.startswith("notices/")} == wanted


def test_notices_say_the_same() -> None:
    made = notices()
    same({name: text for name, text in golden().items() if name.startswith("notices/")}, made)


def test_every_golden_file_is_compared() -> None:
    """A file that no test looks at would hold nothing."""
    compared = {name for story in STORIES for name in of(story)}
    compared |= {name for name in golden() if name.startswith(("notices/", "demonstration/"))}
    assert golden().keys() == compared


@pytest.mark.parametrize("tongue", ["zh", pytest.param("en", marks=pytest.mark.full)])
def test_the_demonstration_prints_the_same(tongue: str, tmp_path: Path) -> None:
    name = f"demonstration/{tongue}.txt"
    same({name: golden()[name]}, demonstration(tongue, tmp_path))
