"""The tallies of a back-test agree card by card with scanning twice, also night by night.

Two real workspaces are sent the same drawn history, the one with the old pack, the other with the
new one. What cards of tallies stand in them at the end, held against each other by plain sets, is
what the back-test says; it runs over the old one and looks at none of its cards.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from efficiency_monitor.scan.backtest import backtest
from efficiency_monitor.scan.backtest.backtest_sides import Asked, Plan, plan
from efficiency_monitor.scan.backtest.backtest_tallies import unseen
from tests.stories.world import LEVELS, World, instant

from .tallied import (
    CHANGES,
    MATTERS,
    TALLIES,
    WARNED,
    History,
    drawn,
    made,
    new_file,
    nights,
    pack_of,
    received,
)

#: The items are known long before the first case. February ends within the dates, March and the
#: quarter run on.
KNOWN, BEGIN, END = "2026-01-15 12:00", "2026-02-09", "2026-03-04 00:00"
FIRST, LAST = "2026-02-12", "2026-03-03"
DAYS = 19
Key = tuple[str, str, str, str]
Card = tuple[int, str | None, str | None]
#: Subjects of tallies by how they ended, and by rule and reason for which they were not judged.
Counts = tuple[dict[str, int], dict[tuple[str, str], int]]


def standing(world: World, *, cases: bool) -> dict[Key, Card]:
    """The cards of tallies that stand in a workspace, and those of cases where they are asked for:
    when each fell due, its department and its item."""
    rows = world.rows("SELECT * FROM card WHERE state <> 'lifted'")
    found = {
        (row["subject"], row["rule_id"], row["episode"], LEVELS[row["level"]]): (
            row["fell_due_at"],
            row["department"],
            row["item_code"],
        )
        for row in rows
        if cases or row["case_id"] is None
    }
    assert len(found) == len(rows) or not cases
    return found if cases else {key: _at_issue(key, card) for key, card in found.items()}


def _at_issue(key: Key, card: Card) -> Card:
    """A card by what is not another thing at the end than on the night on which it is given: what
    the rows of a person's or a region's tally have in common is."""
    at, department, item = card
    return at, department if key[0].startswith("organ:") else None, item


Compared = dict[Key, tuple[Card | None, Card | None, str]]


def compared(old: dict[Key, Card], new: dict[Key, Card], first: str) -> Compared:
    """Keys whose card fell due in the dates on either side: both cards, and the change."""
    since, until = instant(f"{first} 00:00"), instant(END)
    found: Compared = {}
    for key in old.keys() | new.keys():
        before, after = old.get(key), new.get(key)
        if not any(card is not None and since <= card[0] < until for card in (before, after)):
            continue
        if before is None or after is None:
            word = "new" if before is None else "gone"
        elif before[0] == after[0]:
            word = "same"
        else:
            word = "earlier" if after[0] < before[0] else "later"
        found[key] = before, after, word
    return found


def said(report: backtest.BacktestReport, *, cases: bool) -> Compared:
    """The same of a back-test."""
    found: Compared = {}
    for each in report.found:
        card = each.either
        if card.tallied is None and not cases:
            continue
        sides = [
            None if one is None else (one.fell_due_at, one.department, one.item_code)
            for one in (each.before, each.after)
        ]
        key = card.subject, each.rule_id, card.episode, card.level.word
        assert key not in found
        if not cases:
            sides = [None if one is None else _at_issue(key, one) for one in sides]
        found[key] = sides[0], sides[1], str(each.change)
    return found


def asked(world: World, what: object, **more: Any) -> Plan:
    context = world.context
    question = Asked(what=str(what), **{"first": FIRST, "last": LAST, **more})
    return plan(context.catalogue, context.zone, context.now(), question)


def ran(world: World, question: Plan) -> backtest.BacktestReport:
    return backtest.run(question, backtest.StoredHistory(world.context), same=True)


def whole(world: World, history: History) -> Counts:
    """The whole history at once, and one scan as of the end: how subjects of tallies ended."""
    world.now = instant(END)
    received(world, history, BEGIN, LAST)
    report = world.scan()
    reasons: Counter[tuple[str, str]] = Counter()
    for (rule, _, reason), number in report.tally_problems.items():
        reasons[rule, reason] += number
    return dict(report.tallies), dict(reasons)


def agrees(old: World, new: World, file: str, *, cases: bool, first: str = FIRST) -> Compared:
    """What differs between two workspaces is what the back-test over the old one says."""
    wanted = compared(standing(old, cases=cases), standing(new, cases=cases), first)
    before = old.dump()
    with ran(old, asked(old, pack_of(new), first=first)) as report:
        assert said(report, cases=cases) == wanted
    if file:
        question = asked(old, pack_of(new) / f"{file}.yaml", first=first)
        ids = {bound.rule.id for side in (question.before, question.after) for bound in side.every}
        with ran(old, question) as report:
            assert said(report, cases=cases) == {
                key: value for key, value in wanted.items() if key[1] in ids
            }
        hidden = {value[2] for key, value in wanted.items() if key[1] not in ids}
        assert hidden <= {"same"}, "a tally that counts the rule was not asked"
    assert old.dump() == before
    return wanted


def changed(words: Compared) -> bool:
    """Whether any card of a tally differs."""
    return any(word != "same" for (_, rule, _, _), (_, _, word) in words.items() if "TT-" in rule)


def by_nights(
    folder: Path, history: History, change: str, tallies: Mapping[str, Any]
) -> tuple[World, World]:
    """Two workspaces that scanned each night, the second one by a changed pack."""
    old, new = (made(folder / name, KNOWN, tallies) for name in ("old", "new"))
    CHANGES[change](pack_of(new))
    for world in (old, new):
        world.close()
        nights(world, history, BEGIN, END)
    return old, new


@pytest.mark.both_engines
@pytest.mark.parametrize("change", ["clock", "judgeable"])
def test_scanning_twice(tmp_path: Path, change: str) -> None:
    """Late evidence and all: both workspaces scan once, as of the end."""
    history = drawn(1, BEGIN, DAYS, 40, late=True)
    old, new = (made(tmp_path / name, KNOWN, TALLIES) for name in ("old", "new"))
    CHANGES[change](pack_of(new))
    new.close()
    counts = [whole(world, history) for world in (old, new)]
    with ran(old, asked(old, pack_of(new), first="2026-01-20")) as report:
        sides = [report.tallies[side] for side in backtest.SIDES]
        assert [(dict(side.subjects), dict(side.troubles)) for side in sides] == counts
    assert changed(agrees(old, new, new_file(change), cases=True)), "no card of a tally differs"
    for world in (old, new):
        world.close()


def test_dates_that_begin_long_after_the_history(tmp_path: Path) -> None:
    """Only cases are kept that bear on the windows, and on those that they are compared with."""
    history = drawn(2, BEGIN, DAYS, 40, late=True)
    tallies = {
        number: TALLIES[number] for number, each in TALLIES.items() if each[0]["window"] == "day"
    }
    assert len(tallies) == 5
    old, new = (made(tmp_path / name, KNOWN, tallies) for name in ("old", "new"))
    CHANGES["clock"](pack_of(new))
    new.close()
    for world in (old, new):
        whole(world, history)
    for first in ("2026-02-14", "2026-02-18", "2026-02-26"):
        assert agrees(old, new, "CASE", cases=True, first=first)
    for world in (old, new):
        world.close()


def test_the_window_before_the_dates_is_known(tmp_path: Path) -> None:
    """One case on the 2nd, decided the same day, and two on the 3rd: 100 % more."""
    world = made(tmp_path / "ws", KNOWN, {"TT-VOLUME": TALLIES["TT-VOLUME"]})
    world.now = instant(END)
    cases = {"Z": "01", "A": "02", "B": "03", "C": "03"}
    same = {"item_kind": "promised", "department": "住建局", "promised_limit": "5 working_days"}
    world.receive("cases", [{"case_no": number, **same} for number in cases])
    for event, hour in (("accepted", "10"), ("decided", "15")):
        rows = [
            {"case_no": number, "event": event, "occurred_at": f"2026-03-{day} {hour}:00"}
            for number, day in cases.items()
        ]
        world.receive("events", rows)
    with ran(world, asked(world, pack_of(world), first="2026-03-03")) as report:
        (key,) = said(report, cases=False)
        (found,) = report.found
    assert key == ("organ:住建局", "TT-VOLUME", "2026-03-03", "warning")
    assert (found.change, found.either.amount) == ("same", "100 %")
    world.close()


@pytest.mark.parametrize(
    ("file", "brought"),
    [
        ("CASE", "CASE COUNT LACK ROW SHARE WHOLE"),
        ("TWICE", "CONDUCT COUNT LACK ROW SHARE WHOLE"),
        ("TT-COUNT", ""),
        ("TT-LACK", ""),
    ],
)
def test_which_tallies_a_file_brings_along(tmp_path: Path, file: str, brought: str) -> None:
    """Those that count its cards, and those that count what could not be judged."""
    world = made(tmp_path / "ws", END, TALLIES)
    question = asked(world, pack_of(world) / f"{file}.yaml")
    assert question.brought == {f"TT-{number}" for number in brought.split()}
    beside = {bound.rule.id for bound in question.beside}
    assert ("CASE" in beside, "JOINT" in beside) == (file != "CASE", True)
    world.close()


@pytest.mark.full
@pytest.mark.parametrize(("seed", "change"), list(enumerate(CHANGES)))
def test_scanning_night_by_night(tmp_path: Path, seed: int, change: str) -> None:
    """Cases come and move from hand to hand; warnings are given while clocks run, and counted."""
    history = drawn(seed, BEGIN, DAYS, 40, late=False)
    old, new = by_nights(tmp_path, history, change, {**TALLIES, **WARNED})
    assert changed(agrees(old, new, new_file(change), cases=False)), "no card of a tally differs"
    for world in (old, new):
        world.close()


@pytest.mark.full
@pytest.mark.parametrize(("seed", "change"), [(11, "clock"), (12, "window")])
def test_the_same_cards_stand_after_late_evidence(tmp_path: Path, seed: int, change: str) -> None:
    """Night by night cards are lifted and given again as things become known.

    A card that stands is not dated anew, so it is held by what it is, not by when it fell due.
    """
    history = drawn(seed, BEGIN, DAYS, 40, late=True)
    old, new = by_nights(tmp_path, history, change, TALLIES)
    sides = [standing(world, cases=False).keys() for world in (old, new)]
    with ran(old, asked(old, pack_of(new), first=BEGIN)) as report:
        found = said(report, cases=False)
    for side, wanted in enumerate(sides):
        assert {key for key, cards in found.items() if cards[side] is not None} == wanted
    for world in (old, new):
        world.close()


def test_what_an_auditor_is_not_shown_is_not_counted(tmp_path: Path) -> None:
    """The role sees masks in the place of names: all persons would be one."""
    world = made(tmp_path / "ws", END, TALLIES)
    question = asked(world, pack_of(world))
    left = dict(unseen([*question.before.tallies, *question.after.tallies]))
    assert sorted(left) == ["TT-BATCH", "TT-CASE", "TT-LACK", "TT-TEXT"]
    world.close()


@pytest.mark.parametrize("number", MATTERS)
def test_tallies_of_what_follows_a_card_are_left_out(tmp_path: Path, number: str) -> None:
    world = made(tmp_path / "ws", END, {"TT-COUNT": TALLIES["TT-COUNT"], **MATTERS})
    question = asked(world, pack_of(world) / f"{number}.yaml")
    assert [rule for rule, _ in question.left_out] == [number]
    assert (question.tallied, question.beside) == (False, ())
    world.close()
