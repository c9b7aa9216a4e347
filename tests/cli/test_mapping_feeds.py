"""A sample of every layout, as its system exports it: imported, scanned, corrected, sent again.

The samples are synthetic. Everything happened in March 2024, under a calendar without holidays:
accepted on Monday the 4th with five working days, that is until Monday the 11th.
"""

import re
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from random import Random

import pytest

from .command import ROOT, effmon
from .places import SETTINGS, write_catalogue

SAMPLES = ROOT / "tests/data/mappings"
Card = tuple[str, str, str]
Standing = dict[str, list[tuple[str, ...]]]


@dataclass(frozen=True)
class Feed:
    """Files of a sample in the order of a careful exporter, and what must come of them."""

    folder: str
    mapping: str
    pack: str
    files: tuple[str, ...]
    #: read, imported, unchanged, quarantined
    counts: tuple[int, int, int, int]
    #: file, row and code of every row in quarantine
    refused: frozenset[tuple[str, int, str]]
    #: case, rule and level of every open card
    cards: frozenset[Card]
    #: A file in which one case is corrected, and the cards that this lifts.
    correction: str
    corrected: str
    lifted: frozenset[Card]
    #: case, rule and reason of what cannot be judged
    problems: frozenset[tuple[str, str, str]] = frozenset()

    @property
    def paths(self) -> list[Path]:
        return [SAMPLES / self.folder / name for name in self.files]


FEEDS = (
    Feed(
        folder="gbt39046",
        mapping="gbt39046",
        pack="national",
        files=("办件.xlsx",),
        counts=(16, 14, 0, 2),
        refused=frozenset({("办件.xlsx", 7, "unknown_code"), ("办件.xlsx", 5, "contradiction")}),
        cards=frozenset(
            {
                ("B-LATE", "CN-PROMISE", "yellow"),
                ("B-OPEN", "CN-PROMISE", "yellow"),
                ("B-OPEN", "CN-DECIDE", "red"),
            }
        ),
        correction="办结_更正.csv",
        corrected="B-LATE",
        lifted=frozenset({("B-LATE", "CN-PROMISE", "yellow")}),
    ),
    Feed(
        folder="up-pro",
        mapping=str(SAMPLES / "up-pro/city.yaml"),
        pack="national",
        files=(
            "up_task_general_basic.csv",
            "up_pro_accept.csv",
            "up_pro_process.csv",
            "up_pro_special_procedure.csv",
            "up_pro_result.csv",
        ),
        # An older state of a row that comes after a newer one changes nothing.
        counts=(25, 21, 1, 3),
        refused=frozenset(
            {
                ("up_pro_accept.csv", 11, "unknown_code"),
                ("up_pro_process.csv", 4, "contradiction"),
                ("up_pro_special_procedure.csv", 4, "contradiction"),
            }
        ),
        cards=frozenset(
            {
                ("P-LATE", "CN-PROMISE", "yellow"),
                ("P-OPEN", "CN-PROMISE", "yellow"),
                ("P-OPEN", "CN-DECIDE", "red"),
            }
        ),
        # These tables have no length of a pause or of an extension.
        problems=frozenset(
            {("P-PAUSED", "CN-SPECIAL", "no_limit"), ("P-EXTENDED", "CN-DECIDE", "bad_limit")}
        ),
        correction="up_pro_result_next.csv",
        corrected="P-LATE",
        lifted=frozenset({("P-LATE", "CN-PROMISE", "yellow")}),
    ),
    Feed(
        folder="ten-message",
        mapping=str(SAMPLES / "ten-message/city.yaml"),
        pack="national",
        files=tuple(f"{number}.csv" for number in range(10)),
        counts=(40, 36, 1, 3),
        refused=frozenset(
            {
                ("5.csv", 3, "unknown_code"),
                ("5.csv", 4, "contradiction"),
                ("6.csv", 3, "missing"),
            }
        ),
        cards=frozenset(
            {
                ("M-LATE", "CN-PROMISE", "yellow"),
                ("M-OPEN", "CN-PROMISE", "yellow"),
                ("M-OPEN", "CN-DECIDE", "red"),
            }
        ),
        correction="4_next.csv",
        corrected="M-LATE",
        lifted=frozenset({("M-LATE", "CN-PROMISE", "yellow")}),
    ),
    Feed(
        folder="gongcheng-jianshe",
        mapping="gongcheng-jianshe",
        pack="national",
        files=(
            "SPGL_XMSPSXBLXXB.csv",
            "SPGL_XMSPSXBLXXXXB.csv",
            "SPGL_XMSPSXBLTBCXXXB.csv",
        ),
        # That a row is void which nobody has seen before changes nothing.
        counts=(40, 38, 1, 1),
        refused=frozenset({("SPGL_XMSPSXBLXXXXB.csv", 31, "unknown_code")}),
        cards=frozenset(
            {
                ("G-LATE", "CN-PROMISE", "yellow"),
                ("G-OPEN", "CN-PROMISE", "yellow"),
                ("G-OPEN", "CN-DECIDE", "red"),
            }
        ),
        # State 9 says that a special procedure begins, and not how long it may take.
        problems=frozenset(
            {
                ("G-PAUSED", "CN-SPECIAL", "no_limit"),
            }
        ),
        correction="SPGL_XMSPSXBLXXXXB_next.csv",
        corrected="G-LATE",
        lifted=frozenset({("G-LATE", "CN-PROMISE", "yellow")}),
    ),
    Feed(
        folder="hunan-sp",
        mapping="hunan-sp",
        pack="hunan",
        files=(
            "TA_SP_SERVICES_GUIDE.csv",
            "TA_SP_INSTANCE.csv",
            "TA_SP_SUSPEND.csv",
            "TA_SP_RESUME.csv",
        ),
        counts=(15, 13, 0, 2),
        refused=frozenset(
            {
                ("TA_SP_INSTANCE.csv", 9, "unknown_code"),
                ("TA_SP_INSTANCE.csv", 11, "contradiction"),
            }
        ),
        cards=frozenset({("H-LATE", "HN-CASE", "yellow"), ("H-OPEN", "HN-CASE", "red")}),
        problems=frozenset(),
        correction="TA_SP_INSTANCE_next.csv",
        corrected="H-LATE",
        lifted=frozenset({("H-LATE", "HN-CASE", "yellow")}),
    ),
)
Make = Callable[[Feed], Path]


def new_workspace(feed: Feed, folder: Path) -> Path:
    """An empty workspace with the pack that the feed's place uses."""
    rules = write_catalogue(folder / "rules")
    shutil.rmtree(rules / "packs/town")
    shutil.copytree(ROOT / "rules/packs" / feed.pack, rules / "packs" / feed.pack)
    settings = SETTINGS.replace('"town"', f'"{feed.pack}"')
    (folder / "effmon.toml").write_text(settings, encoding="utf-8")
    effmon("-C", folder, "init").well()
    return folder


@pytest.fixture
def workspace(tmp_path: Path) -> Make:
    """Makes a new workspace for a feed each time it is called."""
    numbers = count()
    return lambda feed: new_workspace(feed, tmp_path / f"workspace-{next(numbers)}")


def taken(workspace: Path, feed: Feed, *files: Path) -> tuple[int, int, int, int]:
    ran = effmon("-C", workspace, "import", *files, "-m", feed.mapping, "-o", "json").well().json
    read, *parts = (ran[name] for name in ("read", "imported", "unchanged", "quarantined"))
    assert read == sum(parts)
    return (read, *parts)


def cards(workspace: Path) -> set[Card]:
    found = effmon("-C", workspace, "cards", "list", "-o", "json").well().json
    return {(card["case_no"], card["rule"], card["level"]) for card in found}


def scanned(workspace: Path) -> dict[str, int]:
    """Scan; how many cards were issued of each level, and how many lifted."""
    ran = effmon("-C", workspace, "scan", "-o", "json").well().json
    return {**ran["cards"]["issued"], "lifted": ran["cards"]["lifted"]}


def standing(workspace: Path) -> Standing:
    """What stands of every case: its newest fields, and the events that are not withdrawn.

    Without the seals of what is personal: their salts are each workspace's own.
    """
    connection = sqlite3.connect(workspace / "effmon.db")
    try:
        found: Standing = {}
        for case_no, *said in connection.execute(
            "SELECT case_no, fields FROM case_fact f JOIN case_file c ON c.id = f.case_id "
            "WHERE f.id = (SELECT max(id) FROM case_fact WHERE case_id = c.id) AND fields <> '{}'"
        ):
            plain = (re.sub("~[0-9A-Za-z_-]{43}", "~", str(each)) for each in said)
            found.setdefault(case_no, []).append(tuple(plain))
        for case_no, *said in connection.execute(
            "SELECT case_no, type, occurred_at, recorded_at, stage, actor, kind, amount, "
            "e.attributes FROM event e JOIN case_file c ON c.id = e.case_id "
            "WHERE e.id NOT IN (SELECT event_id FROM event_withdrawal)"
        ):
            found.setdefault(case_no, []).append(tuple(map(str, said)))
    finally:
        connection.close()
    return {case_no: sorted(said) for case_no, said in found.items()}


def shuffle(path: Path, to: Path, dice: Random) -> Path:
    """The same file with its rows in another order; a workbook stays as it is."""
    if path.suffix != ".csv":
        return path
    header, *rows = path.read_bytes().splitlines(keepends=True)
    dice.shuffle(rows)
    to.write_bytes(header + b"".join(rows))
    return to


FEED = pytest.mark.parametrize("feed", FEEDS, ids=[feed.folder for feed in FEEDS])


@FEED
def test_a_sample_gives_the_expected_cards(feed: Feed, workspace: Make) -> None:
    place = workspace(feed)
    assert taken(place, feed, *feed.paths) == feed.counts
    waiting = effmon("-C", place, "quarantine", "list", "-o", "json").well().json
    assert {(row["file"], row["row"], row["code"]) for row in waiting} == feed.refused
    ran = effmon("-C", place, "scan", "-o", "json").well().json
    assert cards(place) == feed.cards
    assert {(p["case_no"], p["rule"], p["reason"]) for p in ran["problems"]} == feed.problems


@FEED
def test_the_same_feed_twice_changes_nothing(feed: Feed, workspace: Make) -> None:
    place = workspace(feed)
    taken(place, feed, *feed.paths)
    scanned(place)
    before = standing(place), cards(place)
    read, imported, unchanged, quarantined = feed.counts
    assert taken(place, feed, *feed.paths) == (read, 0, imported + unchanged, quarantined)
    assert scanned(place) == {"warning": 0, "yellow": 0, "red": 0, "lifted": 0}
    assert (standing(place), cards(place)) == before


@FEED
def test_files_in_any_order_one_by_one_leave_the_same(feed: Feed, workspace: Make) -> None:
    first, second = workspace(feed), workspace(feed)
    taken(first, feed, *feed.paths)
    for path in reversed(feed.paths):
        taken(second, feed, path)
    assert standing(first) == standing(second)
    scanned(first)
    scanned(second)
    assert cards(first) == cards(second)


@pytest.mark.parametrize("seed", range(3))
@FEED
def test_rows_in_any_order_leave_the_same(
    feed: Feed, seed: int, workspace: Make, tmp_path: Path
) -> None:
    """An older state after a newer one, a row deleted before it was seen, an end before a start."""
    first, second = workspace(feed), workspace(feed)
    taken(first, feed, *feed.paths)
    dice = Random(seed)
    shuffled = [shuffle(path, tmp_path / f"{seed}-{path.name}", dice) for path in feed.paths]
    dice.shuffle(shuffled)
    for path in shuffled:
        taken(second, feed, path)
    assert standing(first) == standing(second)


@FEED
def test_a_corrected_row_changes_exactly_its_case(feed: Feed, workspace: Make) -> None:
    place = workspace(feed)
    taken(place, feed, *feed.paths)
    scanned(place)
    before = standing(place)
    path = SAMPLES / feed.folder / feed.correction
    read, imported, _, quarantined = taken(place, feed, path)
    assert (imported > 0, quarantined) == (True, 0)
    after = standing(place)
    assert {name for name in after if after[name] != before.get(name)} == {feed.corrected}
    assert scanned(place)["lifted"] == len(feed.lifted)
    assert cards(place) == feed.cards - feed.lifted
    assert taken(place, feed, path) == (read, 0, read, 0)
    effmon("-C", place, "ledger", "verify").well()


def test_messages_as_json_lines_say_what_the_files_say(workspace: Make) -> None:
    feed = next(feed for feed in FEEDS if feed.folder == "ten-message")
    first, second = workspace(feed), workspace(feed)
    taken(first, feed, *feed.paths)
    assert taken(second, feed, SAMPLES / "ten-message/messages.jsonl") == feed.counts
    assert standing(first) == standing(second)


def test_what_a_mapping_does_not_know_waits_until_a_place_says_what_it_means(
    workspace: Make,
) -> None:
    """Closed by a code of the city: quarantined, then taken by the city's own file."""
    city = next(feed for feed in FEEDS if feed.folder == "ten-message")
    nation = replace(city, mapping="ten-message")
    place = workspace(city)
    assert taken(place, nation, *city.paths) == (40, 35, 1, 4)
    closing = SAMPLES / "ten-message/4.csv"
    assert taken(place, city, closing) == (9, 1, 8, 0)
    whole = workspace(city)
    taken(whole, city, *city.paths)
    assert standing(place) == standing(whole)


def test_a_place_that_sends_special_procedures_apart_has_its_own_word_for_state_9(
    workspace: Make,
) -> None:
    nation = next(feed for feed in FEEDS if feed.folder == "gongcheng-jianshe")
    city = replace(nation, mapping=str(SAMPLES / "gongcheng-jianshe/city.yaml"))
    place = workspace(city)
    # Both states without a word are read and say nothing.
    assert taken(place, city, *city.paths) == (40, 37, 3, 0)
    ran = effmon("-C", place, "scan", "-o", "json").well().json
    assert cards(place) == city.cards
    assert "CN-SPECIAL" not in {problem["rule"] for problem in ran["problems"]}


def test_a_current_state_read_again_and_again_tells_the_changes(workspace: Make) -> None:
    """Paused, resumed, decided late, mended: each as the state of one row at three times."""
    feed = next(feed for feed in FEEDS if feed.folder == "gongcheng-jianshe")
    place = workspace(feed)
    folder = SAMPLES / feed.folder
    assert taken(place, feed, folder / "current_1.csv") == (3, 2, 0, 1)
    assert taken(place, feed, folder / "current_2.csv") == (2, 2, 0, 0)
    scanned(place)
    assert ("C-LATE", "CN-PROMISE", "yellow") in cards(place)
    assert taken(place, feed, folder / "current_3.csv") == (2, 2, 0, 0)
    kinds = [said[0] for said in standing(place)["C-PAUSED"] if not said[0].startswith("{")]
    assert kinds == ["accepted", "decided", "resumed", "submitted", "suspended"]
    scanned(place)
    assert "C-LATE" not in {case for case, _, _ in cards(place)}
