"""Rows of which none corrects another give the same cards in whatever order they are read, also
where calendars of two zones are in use."""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from efficiency_monitor.cards import explain
from efficiency_monitor.intake import ingest
from tests.feeds.conftest import case
from tests.provenance.conftest import event
from tests.stories.world import PEOPLE, Row, World, instant, town, write_csv

NY = town(name="ny26").replace("Asia/Shanghai", "America/New_York")
#: Three working hours as the clocks of its hall show them; thirteen hours earlier they are six.
CASES = (
    case("NY", calendar="ny26", promised_limit="4 working_hours"),
    case("SH", promised_limit="4 working_hours"),
)
EVENTS = (
    event("NY", "accepted", "2026-03-02 15:00:00", "n1"),
    event("NY", "decided", "2026-03-03 10:00:00", "n2"),
    event("SH", "accepted", "2026-03-02 09:00:00", "s1"),
    event("SH", "decided", "2026-03-02 16:30:00", "s2"),
    event("SH", "rated", "2026-03-02T16:40:00+08:00", "s3"),
)
LATER = (
    case("N2", calendar="ny26"),
    case("S2"),
)
LATER_EVENTS = (
    event("N2", "accepted", "2026-03-02", ""),
    event("S2", "accepted", "2026-03-02 09:00", ""),
)


def world_of(folder: Path) -> World:
    made = World.made(folder, "2026-03-20 12:00")
    made.calendar("ny26", NY)
    made.people(PEOPLE)
    return made


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = world_of(tmp_path / "ws")
    yield made
    made.close()


def told(world: World, files: Sequence[Sequence[Row]]) -> None:
    """Files that are imported together."""
    paths = []
    for rows in files:
        world.imports += 1
        paths.append(world.folder / f"{world.imports:03}.csv")
        write_csv(paths[-1], rows)
    report = ingest.import_files(world.context, paths, "canonical")
    assert report.total.quarantined == 0


def facts(world: World) -> list[tuple[object, ...]]:
    """What stands: each case's events, and every card with what it says of time."""
    events = world.tuples(
        "SELECT case_no, type, occurred_at, precision FROM event e"
        " JOIN case_file c ON c.id = e.case_id"
        " WHERE e.id NOT IN (SELECT event_id FROM event_withdrawal)"
    )
    cards = world.tuples(
        "SELECT case_no, rule_id, level, state, limit_due_at, fell_due_at, elapsed FROM card"
    )
    outcomes = world.tuples("SELECT case_no, outcome, calendar FROM case_file")
    return sorted((*events, *cards, *outcomes), key=repr)


@pytest.mark.both_engines
def test_events_before_their_case_are_read_in_its_zone(world: World) -> None:
    told(world, [EVENTS])
    told(world, [CASES])
    world.scan()
    after = facts(world)
    assert not [line for line in world.cards() if line.startswith("NY ")], "an unjust card"
    zones = {
        (row["case_no"], row["type"]): row["occurred_at"]
        for row in world.rows(
            "SELECT case_no, type, occurred_at FROM event e JOIN case_file c ON c.id = e.case_id"
            " WHERE e.id NOT IN (SELECT event_id FROM event_withdrawal)"
        )
    }
    assert zones["NY", "accepted"] == instant("2026-03-03 04:00")
    assert zones["SH", "accepted"] == instant("2026-03-02 09:00")
    told(world, [EVENTS])
    world.scan()
    assert facts(world) == after
    assert world.sound()


def test_where_two_zones_are_in_use_a_case_without_its_row_is_not_judged(world: World) -> None:
    told(world, [LATER, LATER_EVENTS])
    early = world.now
    told(world, [EVENTS])
    report = world.scan()
    waiting = {number for number, _, reason, _ in report.problems if reason == "no_case_row"}
    assert waiting == {"NY", "SH"}
    assert not [line for line in world.cards() if line.split()[0] in ("NY", "SH")]
    world.now += 3600
    told(world, [CASES])
    report = world.scan()
    assert not [each for each in report.problems if each[2] == "no_case_row"]
    rows = world.rows("SELECT DISTINCT received_at FROM event WHERE type = 'decided'")
    assert [row["received_at"] for row in rows] == [early]
    # As it was known before the row came, it could not be judged either.
    before = explain.explain(world.context, "NY", as_of=world.now, known_by=early)
    assert [each["reason"] for each in before["problems"]] == ["no_case_row"]
    now = explain.explain(world.context, "NY", as_of=world.now, known_by=world.now)
    assert (now["problems"], len(now["events"])) == ([], 2)
    assert world.sound()


def test_nothing_waits_where_all_calendars_have_one_zone(world: World) -> None:
    told(world, [EVENTS])
    assert not [each for each in world.scan().problems if each[2] == "no_case_row"]


def test_a_time_that_never_occurs_in_the_cases_zone_is_quarantined(world: World) -> None:
    told(world, [[event("NY", "accepted", "2026-03-08 02:30:00", "n1")]])
    told(world, [CASES[:1]])
    (bad,) = world.rows("SELECT code, message, source FROM quarantine")
    assert (bad["code"], bad["message"]) == ("skipped_time", "2026-03-08 02:30:00")
    assert bad["source"] == "by-hand"
    assert facts(world) == [("NY", None, "ny26")]


ROWS: Sequence[tuple[str, Row]] = (
    *(("cases", row) for row in (*CASES, *LATER)),
    *(("events", row) for row in (*EVENTS, *LATER_EVENTS)),
)


@given(
    st.permutations(range(len(ROWS))),
    st.lists(st.integers(1, len(ROWS) - 1), max_size=4, unique=True),
)
# Each example makes two workspaces: one that fails is shown as it was drawn.
@settings(max_examples=8, phases=[Phase.reuse, Phase.generate])
def test_any_order_of_files_and_imports_gives_the_same_cards(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], cuts: list[int]
) -> None:
    made = []
    for parts in (
        [[list(CASES + LATER), list(EVENTS + LATER_EVENTS)]],
        [
            [[ROWS[place][1]] for place in order[since:until]]
            for since, until in itertools.pairwise([0, *sorted(cuts), len(ROWS)])
        ],
    ):
        world = world_of(tmp_path_factory.mktemp("ws") / "ws")
        for files in parts:
            told(world, files)
        world.scan()
        made.append(facts(world))
        world.close()
    assert made[0] == made[1]
