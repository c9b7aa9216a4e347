"""Ladders on a real workspace: two processes, changed files, an older database, no calendar."""

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from efficiency_monitor import app
from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.followup.ladders import actions as ladders
from efficiency_monitor.followup.ladders.store import due
from efficiency_monitor.scan.housekeeping import RoundReport, run
from tests.stories.world import RULES, World, instant, town

pytestmark = pytest.mark.both_engines

OFFICE = (
    {"person_id": "zhang", "name": "张经办", "department": "住建局", "role": "handler"},
    {"person_id": "li", "name": "李主任", "department": "住建局", "role": "head"},
    {"person_id": "chen", "name": "陈分管", "department": "住建局", "role": "leader"},
    {"person_id": "wang", "name": "王监察", "department": "", "role": "supervisor"},
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Case A has a yellow card of 6 March, 09:00, that nobody was sent yet."""
    made = World.made(tmp_path / "w", "2026-03-01 12:00")
    made.people(OFFICE)
    issue(made, "A", "2026-03-06 09:00", accepted="2026-03-02 10:00")
    yield made
    made.close()


def issue(world: World, case_no: str, at: str, *, accepted: str) -> str:
    """A yellow card for a case; its number."""
    world.now = instant(at)
    case = {"case_no": case_no, "item_kind": "promised", "department": "住建局"}
    limits = {"promised_limit": "3 working_days", "statutory_limit": "90 working_days"}
    world.receive("cases", [{**case, **limits, "handler": "张经办"}])
    world.receive("events", [{"case_no": case_no, "event": "accepted", "occurred_at": accepted}])
    world.scan()
    return world.card(f"{case_no} CASE yellow")


def go(world: World, at: str, *, deaf: bool = False) -> RoundReport:
    """One round at a time; `deaf`: no channel works."""
    world.now = instant(at)
    return run(world.context, {} if deaf else app.channels(world.context))


def kinds(world: World, case_no: str = "A") -> list[str]:
    """Who was to be told what of a case's yellow card, in the order of writing."""
    rows = world.rows(
        "SELECT person_id, n.kind, n.state FROM notice n JOIN card USING (card_no)"
        " WHERE case_no = ? AND level = 2 ORDER BY n.created_at, n.kind, person_id",
        case_no,
    )
    return [f"{row['person_id']} {row['kind']} {row['state']}" for row in rows]


def run_of(world: World, card_no: str) -> dict[str, object]:
    (row,) = world.rows("SELECT * FROM ladder_run WHERE card_no = ?", card_no)
    return row


def execute(world: World, statement: str, *values: object) -> None:
    """Change the database past the product's own code."""
    world.change(statement, *values)


FIRST = ["li issued sent", "zhang issued sent"]
SECOND = [*FIRST, "chen step:2:1 sent"]


def test_many_processes_tell_a_step_once(world: World) -> None:
    go(world, "2026-03-06 09:00")
    world.now = instant("2026-03-11 09:00")

    def advance(_: int) -> int:
        context = app.open_context(world.folder, clock=lambda: world.now)
        try:
            return len(ladders.advance(context).told)
        finally:
            context.store.close()

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(advance, range(8)))
    assert sum(told) == 1
    assert kinds(world) == [*FIRST, "chen step:2:1 pending"]
    escalated = [entry for entry in world.entries() if entry["type"] == "card.escalated"]
    assert len(escalated) == 1
    assert escalated[0]["step"] == 2
    assert escalated[0]["since"] == "2026-03-06T09:00:00+08:00"


def test_a_running_matter_keeps_the_text_that_it_began_with(world: World) -> None:
    go(world, "2026-03-06 09:00")
    own = world.folder / "catalogue" / "ladders"
    own.mkdir()
    text = (RULES / "ladders" / "standard.yaml").read_text(encoding="utf-8")
    changed = text.replace("version: 1", "version: 2", 1).replace(
        "{tell: [leader], after: 2 working_days, stops: [acknowledged]}",
        "{tell: [supervisor], after: 1 working_hours, stops: [acknowledged]}",
        1,
    )
    assert changed.count("supervisor], after: 1 working_hours") == 1
    (own / "standard.yaml").write_text(changed, encoding="utf-8")
    world.close()
    second = issue(world, "B", "2026-03-06 10:00", accepted="2026-03-02 10:00")
    go(world, "2026-03-06 10:00")
    go(world, "2026-03-06 11:00:01")
    assert kinds(world) == FIRST
    assert kinds(world, "B") == [*FIRST, "wang step:2:1 sent"]
    assert go(world, "2026-03-11 00:00:00").ladders.told == [(world.card("A CASE yellow"), 2, 1)]
    assert kinds(world) == SECOND
    runs = [run_of(world, card) for card in (world.card("A CASE yellow"), second)]
    assert [run["ladder_version"] for run in runs] == [1, 2]
    assert len({run["ladder_digest"] for run in runs}) == 2


def test_cards_of_an_older_database_get_a_ladder_and_no_second_notice(world: World) -> None:
    go(world, "2026-03-06 09:00")
    whole = run_of(world, world.card("A CASE yellow"))
    execute(world, "DELETE FROM ladder_run")
    go(world, "2026-03-09 09:00")
    assert kinds(world) == FIRST
    begun = run_of(world, world.card("A CASE yellow"))
    same = ("chain", "step", "turn", "delivered_at", "first_delivered_at", "reply_due_at")
    assert {name: begun[name] for name in same} == {name: whole[name] for name in same}
    go(world, "2026-03-11 09:00")
    assert kinds(world) == SECOND


def test_an_older_database_knows_who_has_answered(world: World) -> None:
    go(world, "2026-03-06 09:00")
    world.now = instant("2026-03-09 09:00")
    world.answer("replied", world.card("A CASE yellow"), "li", "已办结")
    execute(world, "DELETE FROM ladder_run")
    for at in ("2026-03-10 09:00", "2026-06-10 09:00"):
        go(world, at)
    assert kinds(world) == FIRST


def test_without_a_calendar_the_ladder_goes_on_by_weekdays_and_says_so(world: World) -> None:
    go(world, "2026-03-06 09:00")
    document = json.loads(town())
    document["covers"]["to"] = "2026-03-09"
    for notice in document["notices"].values():
        notice.pop("covers", None)
    del document["notices"]["town-2027"]
    world.calendar("town", json.dumps(document))
    execute(world, "UPDATE ladder_run SET next_at = 0")
    assert go(world, "2026-03-09 10:00").ladders.uncovered == ["town"]
    assert kinds(world) == FIRST
    assert go(world, "2026-03-10 23:59:59").ladders.told == []
    go(world, "2026-03-11 00:00:00")
    assert kinds(world) == SECOND


def test_what_cannot_be_delivered_is_waited_for_and_then_passed(world: World) -> None:
    """The leader's time runs from when the first step was given up, not from when it was told."""
    go(world, "2026-03-06 09:00", deaf=True)
    for day in (6, 7, 8, 9):
        for hour in (10, 14, 18, 22):
            go(world, f"2026-03-{day:02} {hour}:00", deaf=True)
    assert kinds(world) == ["li issued dead", "zhang issued dead"]
    run = run_of(world, world.card("A CASE yellow"))
    assert run["missed"] == "undeliverable"
    assert run["delivered_at"] is None
    assert run["reply_due_at"] is None
    assert ("step_1_undeliverable") in dict(
        ladders.tell_everyone(world.context, world.context.store.writing)
    ).values()
    # Given up on Monday 9 March: 10 and 11 March have to pass.
    go(world, "2026-03-11 23:59:59")
    assert "chen step:2:1 sent" not in kinds(world)
    go(world, "2026-03-12 00:00:00")
    assert "chen step:2:1 sent" in kinds(world)


def test_an_answer_takes_back_the_step_that_nobody_has_received(world: World) -> None:
    """Then the step counts as not told; where the answer is forgotten it is told after all."""
    card = world.card("A CASE yellow")
    go(world, "2026-03-06 09:00")
    go(world, "2026-03-11 09:00", deaf=True)
    assert kinds(world) == [*FIRST, "chen step:2:1 pending"]
    world.answer("acknowledged", card, "zhang")
    assert kinds(world) == [*FIRST, "chen step:2:1 void"]
    assert run_of(world, card)["step"] == 1
    # The acknowledgement of 11 March holds for three working days: 12, 13, 16.
    go(world, "2026-03-16 23:59:59")
    assert "chen step:2:1 void" in kinds(world)
    go(world, "2026-03-17 00:00:00")
    assert "chen step:2:1 sent" in kinds(world)
    assert run_of(world, card)["step"] == 2


def test_a_ladder_that_is_on_its_way_does_not_begin_again(world: World) -> None:
    go(world, "2026-03-06 09:00")
    before = world.dump()
    card = world.card("A CASE yellow")
    with world.context.store.writing() as connection:
        rows = world.rows("SELECT * FROM card WHERE card_no = ?", card)
        assert ladders.begin(world.context, connection, rows) == []
    assert world.dump() == before


def test_a_step_that_somebody_has_received_is_not_taken_back(world: World) -> None:
    go(world, "2026-03-06 09:00")
    go(world, "2026-03-11 09:00")
    world.answer("acknowledged", world.card("A CASE yellow"), "zhang")
    assert kinds(world) == SECOND
    assert run_of(world, world.card("A CASE yellow"))["step"] == 2


def test_a_reply_takes_back_the_news_that_it_is_missing(world: World) -> None:
    go(world, "2026-03-06 09:00")
    go(world, "2026-03-11 09:00")
    go(world, "2026-03-14 09:00", deaf=True)
    assert "wang unanswered pending" in kinds(world)
    world.answer("replied", world.card("A CASE yellow"), "li", "已办结")
    assert "wang unanswered void" in kinds(world)


def test_a_case_that_is_finished_is_reminded_of_no_more(world: World) -> None:
    settings = world.folder / "effmon.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('default = "standard"', 'default = "two-colour"'), "utf-8")
    world.close()
    for case_no in "BC":
        issue(world, case_no, "2026-03-06 10:00", accepted="2026-03-02 10:00")
    go(world, "2026-03-06 10:00")
    world.now = instant("2026-03-09 11:00")
    decided = {"case_no": "B", "event": "decided", "occurred_at": "2026-03-09 10:00"}
    world.receive("events", [decided])
    world.scan()
    assert "B CASE yellow open" in world.cards()
    go(world, "2026-03-10 00:00:00")
    assert kinds(world, "B") == ["zhang issued sent"]
    assert kinds(world, "C")[1:] == ["li step:2:1 sent", "zhang step:2:1 sent"]


def test_a_card_that_falls_due_before_watching_has_no_ladder(tmp_path: Path) -> None:
    made = World.made(tmp_path / "w", "2026-03-01 12:00", watch_from="2026-03-06 12:00")
    made.people(OFFICE)
    issue(made, "A", "2026-03-06 13:00", accepted="2026-03-02 10:00")
    go(made, "2026-06-06 13:00")
    assert made.rows("SELECT * FROM ladder_run") == []
    assert made.rows("SELECT * FROM notice") == []
    made.close()


def test_a_default_that_is_no_ladder_stops_the_scan_before_it_writes(world: World) -> None:
    settings = world.folder / "effmon.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('default = "standard"', 'default = "standart"'), "utf-8")
    world.close()
    before = world.dump()
    with pytest.raises(ConfigurationError, match="no ladder 'standart'; did you mean 'standard'"):
        world.scan()
    assert world.dump() == before


@pytest.mark.sqlite_only
def test_looking_for_what_is_due_asks_the_index(world: World) -> None:
    """A hundred thousand ladders on their way cost nothing while nothing is due."""
    asked: list[str] = []
    with world.context.store.reading() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        raw.set_trace_callback(asked.append)
        due(connection, world.now)
        raw.set_trace_callback(None)
        (statement,) = asked
        plan = raw.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
    assert any("ix_ladder_run_next_at" in row[3] for row in plan), plan


def test_where_a_ladder_stands_is_shown(world: World) -> None:
    from efficiency_monitor.catalogue.authoring.ladder_work import position

    go(world, "2026-03-06 09:00")
    shown = position(world.context, world.card("A CASE yellow").lower())
    assert (shown["step"], shown["state"]) == (1, "running")
    assert shown["next_at"] == "2026-03-11T00:00:00+08:00"
    assert shown["reply_due_at"] == "2026-03-13T23:59:59+08:00"
    with pytest.raises(ConfigurationError):
        position(world.context, "R-AAAAAAAAAAAA")


def test_a_changed_ladder_is_on_record_and_judges_no_case_again(world: World) -> None:
    """An auditor can tell by which text somebody was told; no case is judged for it."""
    shutil.copytree(RULES / "ladders", world.folder / "catalogue" / "ladders")
    path = world.folder / "catalogue" / "ladders" / "standard.yaml"
    path.write_text(path.read_text("utf-8").replace("version: 1", "version: 2", 1), "utf-8")
    world.close()
    known = len(world.entries())
    assert world.scan().evaluated == 0
    (entry,) = [entry for entry in world.entries(known) if entry["type"] == "catalogue.changed"]
    listed = {ladder["id"]: ladder for ladder in entry["ladders"]}  # type: ignore[attr-defined]
    assert (listed["standard"]["version"], listed["two-colour"]["version"]) == (2, 1)
    loaded = world.context.catalogue.ladders["standard"]
    assert listed["standard"]["sha256"] == loaded.digest


def test_the_ledger_names_nobody(world: World) -> None:
    for at in ("2026-03-06 09:00", "2026-03-11 09:00", "2026-03-14 09:00", "2026-03-30 09:00"):
        go(world, at)
    told = json.dumps(world.entries(), ensure_ascii=False)
    assert "card.escalated" in told
    for person in OFFICE:
        assert person["name"] not in told


def test_a_workspace_may_have_ladders_of_its_own(world: World) -> None:
    shutil.copytree(RULES / "ladders", world.folder / "catalogue" / "ladders")
    (world.folder / "catalogue" / "ladders" / "two-colour.yaml").unlink()
    world.close()
    assert list(world.context.catalogue.ladders) == ["standard"]
