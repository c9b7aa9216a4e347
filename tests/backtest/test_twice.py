"""A back-test of one changed threshold agrees card by card with scanning twice.

Two real workspaces are sent the same drawn history and scanned, the one by the old rule, the other
by the new one. Their cards, held against each other by plain sets, are what the back-test says.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from efficiency_monitor import app
from efficiency_monitor.scan import scan
from efficiency_monitor.scan.backtest import backtest
from efficiency_monitor.scan.backtest.backtest_sides import Asked, Plan, plan
from efficiency_monitor.scan.backtest.model import Change
from tests.stories.world import LEVELS, World, instant

from .histories import History, corrected, drawn, told

pytestmark = pytest.mark.both_engines
#: The last second of the period is 23:59:59 on 10 March; a scan as of midnight knows all of it.
END = "2026-03-11 00:00"
FIRST, LAST = "2026-02-01", "2026-03-10"
Key = tuple[str, str, str, str]


def cards(world: World) -> dict[Key, int]:
    """Every card of a workspace, and when it fell due."""
    rows = world.rows(
        "SELECT case_no, rule_id, episode, level, fell_due_at FROM card WHERE case_no IS NOT NULL"
    )
    found = {
        (row["case_no"], row["rule_id"], row["episode"], LEVELS[row["level"]]): row["fell_due_at"]
        for row in rows
    }
    assert len(found) == len(rows)
    return found


def compared(old: dict[Key, int], new: dict[Key, int]) -> dict[Key, tuple[Any, Any, str]]:
    """Keys whose card fell due in the period on either side: both instants, and the change."""
    since, until = instant(f"{FIRST} 00:00"), instant(END)
    found = {}
    for key in old.keys() | new.keys():
        before, after = old.get(key), new.get(key)
        if not any(at is not None and since <= at < until for at in (before, after)):
            continue
        if before is None or after is None:
            word = "new" if before is None else "gone"
        else:
            word = "same" if before == after else "earlier" if after < before else "later"
        found[key] = before, after, word
    return found


def asked(what: object, **more: Any) -> Asked:
    return Asked(what=str(what), first=FIRST, last=LAST, **more)


def made(world: World, question: Asked) -> Plan:
    context = world.context
    return plan(context.catalogue, context.zone, context.now(), question)


def said(report: backtest.BacktestReport) -> dict[Key, tuple[Any, Any, str]]:
    """The same of a back-test."""
    found = {}
    for each in report.found:
        card = each.either
        before, after = (None if c is None else c.fell_due_at for c in (each.before, each.after))
        key = card.case_no, each.rule_id, card.episode, card.level.word
        assert key not in found
        found[key] = before, after, str(each.change)
    return found


@pytest.mark.parametrize(
    ("seed", "rule"), [(0, "CASE"), (1, "CASE"), (2, "CASE"), (3, "TWICE"), (4, "TYPED")]
)
def test_scanning_twice(tmp_path: Path, seed: int, rule: str) -> None:
    compare_with_scans(tmp_path, drawn(seed, 60, rule))


@pytest.mark.parametrize("supervised", [True, False])
def test_scanning_twice_what_was_told_otherwise(tmp_path: Path, *, supervised: bool) -> None:
    """Also the preview is what the scan gives."""
    history = corrected(7, 60, supervised=supervised)
    world = told(history, tmp_path / "alone", END)
    seen = scan.preview(
        world.context, as_of=world.now, known_by=None, run_id=app.run_id(), against=False
    )
    report = world.scan()
    assert sorted(str(card["card_no"]) for card in seen.would_issue) == sorted(
        row["card_no"] for row in world.rows("SELECT card_no FROM card")
    )
    assert (seen.totals, seen.corrections) == (report.totals, report.corrections)
    assert bool(report.corrections) == supervised
    world.close()
    compare_with_scans(tmp_path, history)


def compare_with_scans(tmp_path: Path, history: History) -> None:
    """What a back-test says is what two workspaces show that are scanned by either rule."""
    old = told(history, tmp_path / "old", END)
    new = told(history, tmp_path / "new", END, changed=True)
    outcomes = {side: world.scan().totals for side, world in (("before", old), ("after", new))}
    wanted = compared(cards(old), cards(new))
    assert {word for _, _, word in wanted.values()} - {"same"}, "the change changes nothing"

    untouched = told(history, tmp_path / "untouched", END)
    proposed = tmp_path / "new" / "catalogue" / "packs" / "story"
    before = untouched.dump()
    question = made(untouched, asked(proposed))
    with backtest.run(question, backtest.StoredHistory(untouched.context), same=True) as report:
        assert said(report) == wanted
    assert untouched.dump() == before
    totals = dict(zip(backtest.COUNTED, report.totals.whole, strict=True))
    words = Counter(word for _, _, word in wanted.values())
    assert {change: totals[change] for change in Change} == {c: words[c] for c in Change}
    assert totals["after"] == (
        totals["before"] + totals["new"] - totals["gone"] + totals["moved_in"] - totals["moved_out"]
    )
    assert {side: dict(report.cases[side]) for side in outcomes} == outcomes
    for world in (old, new, untouched):
        world.close()


def test_the_totals_of_every_dimension_add_up(tmp_path: Path) -> None:
    world = told(drawn(1, 60), tmp_path / "one", END)
    file = tmp_path / "one" / "catalogue" / "packs" / "story" / "CASE.yaml"
    proposed = tmp_path / "CASE.yaml"
    text = file.read_text("utf-8").replace("at: promised}", "at: promised + 1 working_days}")
    proposed.write_text(text, encoding="utf-8")
    question = made(world, asked(proposed))
    with backtest.run(question, backtest.StoredHistory(world.context)) as report:
        assert list(report.found)
    for dimension in report.totals.by:
        rows = [counts for _, counts in report.totals.rows(dimension)]
        summed = [sum(row[name] for row in rows) for name in backtest.COUNTED]
        assert summed == report.totals.whole, dimension
    world.close()
