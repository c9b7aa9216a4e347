"""What holds after every step of every story."""

from collections import Counter

from .world import World

#: All that a scan may change but the ledger and its own bookkeeping.
WRITTEN = ("card", "card_entry", "notice", "accountability", "clock")
STANDING = "('open', 'acknowledged', 'replied')"
#: Entries that a scan writes each time it runs, and of messages on whose way a process died.
EACH_TIME = ("scan.done", "notice.uncertain")


def hold(world: World, place: str) -> None:
    """The ledger verifies, a card is issued once and stands once."""
    assert world.sound(), place
    issued = Counter(entry["card"] for entry in world.entries() if entry["type"] == "card.issued")
    numbers = [row["card_no"] for row in world.rows("SELECT card_no FROM card")]
    assert issued == Counter(numbers), place
    first = Counter(
        row["card_no"] for row in world.rows("SELECT card_no FROM card_entry WHERE kind = 'issued'")
    )
    assert first == Counter(numbers), place
    twice = world.rows(
        "SELECT subject, rule_id, level FROM card WHERE state NOT IN ('lifted', 'closed')"
        " GROUP BY subject, rule_id, episode, level HAVING COUNT(*) > 1"
    )
    assert twice == [], place
    side_by_side = world.rows(
        f"SELECT subject, rule_id FROM card WHERE state IN {STANDING}"
        " GROUP BY subject, rule_id, episode HAVING COUNT(*) > 1"
    )
    assert side_by_side == [], place
    unaccounted = world.rows(
        "SELECT card_no FROM card WHERE level > 1"
        " AND state NOT IN ('historical', 'lifted')"
        " AND card_no NOT IN (SELECT card_no FROM accountability)"
    )
    assert unaccounted == [], place


def replay(world: World, as_of: int, place: str) -> None:
    """Scanning again changes nothing, not even if every case is judged again.

    Then only the seconds in which a case was held are counted on to the new instant, and entered.
    """
    before = contents(world), facts(world)
    now = world.now
    for again in (False, False, True):
        if again:
            world.mark_all_changed()
        world.now = as_of
        report = world.scan()
        world.now = now
        after = contents(world), facts(world)
        if again:
            before, after = (without_counting(seen) for seen in (before, after))
        assert after == before, place
        assert sum(report.issued.values()) + report.historical + report.lifted == 0, place


Seen = tuple[dict[str, list[str]], list[tuple[str, str]]]


def without_counting(seen: Seen) -> Seen:
    """What was seen, the counting on of who held a case left out."""
    tables, entries = seen
    kept = {name: rows for name, rows in tables.items() if name != "accountability"}
    return kept, [entry for entry in entries if entry[0] != "accountability.recorded"]


def contents(world: World) -> dict[str, list[str]]:
    """Rows of what a scan writes, in no order, the database's own row numbers left out."""
    return {
        table: sorted(
            repr({name: row[name] for name in row if name != "id"})
            for row in world.rows(f"SELECT * FROM {table}")
        )
        for table in WRITTEN
    }


def facts(world: World) -> list[tuple[str, str]]:
    """What the ledger records, the runs themselves left out."""
    rows = world.rows("SELECT type, fact FROM ledger_entry ORDER BY seq")
    return [(row["type"], row["fact"]) for row in rows if row["type"] not in EACH_TIME]


def facts_of_cards(world: World) -> list[dict[str, object]]:
    """Every card with all that it says, the random salt left out."""
    rows = world.rows("SELECT * FROM card ORDER BY card_no")
    return [{name: row[name] for name in row if name != "salt"} for row in rows]


def scanned_once(late: World, used: World, at: int) -> None:
    """A workspace that is scanned once, at the end, has the same yellow and red cards standing.

    Warnings are not compared: a case that is closed when it is first seen gets none.
    """
    late.now = at
    late.scan()
    asked = (
        "SELECT case_no, rule_id, episode, level FROM card WHERE level > 1 AND state <> 'lifted'"
        " AND as_of <= ? ORDER BY 1, 2, 3, 4"
    )
    assert late.tuples(asked, at) == used.tuples(asked, at)
