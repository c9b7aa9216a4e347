"""What is erased is gone and stays gone; what was judged, signed and exported holds as before."""

import json
import re
from pathlib import Path

import pytest

from efficiency_monitor.intake.ingest import import_files
from efficiency_monitor.ledger import book as ledger_book
from efficiency_monitor.ledger.export import ExportSummary
from tests.matters.stage import run
from tests.stories.world import World, instant, write_csv

from .conftest import APPLICANT, CASE, OTHER, PHONE

pytestmark = pytest.mark.both_engines
ERASE = "--as wang cases erase-applicant A --reason 依申请删除"


def fields(world: World, case_no: str) -> dict[str, str | None]:
    """The case's own fields as `cases show` has them."""
    found: dict[str, str | None] = run(world, f"cases show {case_no} -o json").well().json["fields"]
    return found


def everything(world: World) -> str:
    """All that the database has, as text, blobs as text too."""
    return world.dump()


def exported(world: World, name: str) -> tuple[ExportSummary, Path]:
    folder = world.folder / name
    summary = ledger_book.export(world.context, folder, words={})
    assert ledger_book.verify_export(folder)[1] == 0
    return summary, folder


def test_an_applicant_is_gone_and_every_proof_holds(world: World) -> None:
    asked = "cases explain A --as-of '2026-03-19 12:00' -o json"
    before = run(world, asked).well().out
    bodies = [row["body"] for row in world.rows("SELECT body FROM ledger_entry ORDER BY seq")]
    facts = world.tuples("SELECT id, digest, fields FROM case_fact ORDER BY id")
    _, old = exported(world, "before")
    assert APPLICANT in everything(world)

    done = run(world, f"{ERASE} -o json").well()
    assert done.json == {
        "subjects": ["A"], "before": [], "values": 2, "quarantined": 0, "remains": {},
    }  # fmt: skip

    assert run(world, asked).well().out == before
    after = world.rows("SELECT body FROM ledger_entry ORDER BY seq")
    assert [row["body"] for row in after][: len(bodies)] == bodies
    assert world.tuples("SELECT id, digest, fields FROM case_fact ORDER BY id") == facts
    assert world.sound()
    exported(world, "after")
    assert ledger_book.verify_export(old)[1] == 0, "what was exported before is as sound as it was"
    assert (fields(world, "A")["applicant"], fields(world, "A")["联系电话"]) == (None, None)
    assert fields(world, "B")["applicant"] == "欧阳**", "another case of the same person is another"
    (entry,) = [e for e in world.entries() if e["type"] == "data.erased"]
    assert (entry["cases"], entry["person"], entry["what"]) == (["A"], "wang", "applicant")
    assert "依申请" not in json.dumps(entry, ensure_ascii=False)
    (kept,) = world.rows("SELECT reason FROM erasure")
    assert kept["reason"] == "依申请删除"


def test_nothing_of_both_cases_is_left_in_the_database(world: World) -> None:
    run(world, "--as wang cases erase-applicant A B --reason x").well()
    left = everything(world)
    assert APPLICANT not in left
    assert APPLICANT.encode().hex() not in left.lower()
    assert OTHER in left


def again(world: World, *rows: dict[str, str]) -> tuple[int, int]:
    """Import cases; how many rows were imported and how many said nothing new."""
    report = world.receive("cases", rows)
    return report.total.imported, report.total.unchanged


def test_what_is_erased_does_not_come_back(world: World) -> None:
    run(world, ERASE).well()
    facts = world.tuples("SELECT * FROM case_fact ORDER BY id")
    first = world.folder / "001-cases.csv"
    report = import_files(world.context, [first], "canonical")
    assert (report.total.imported, report.total.unchanged) == (0, 3)
    assert world.tuples("SELECT * FROM case_fact ORDER BY id") == facts
    # A changed row is taken, its applicant is not, whether the same or another.
    for turn, name in enumerate((APPLICANT, "司徒爨")):
        row = {
            **CASE,
            "case_no": "A",
            "applicant": name,
            "promised_limit": f"{turn + 4} working_days",
        }
        assert again(world, row) == (1, 0)
        assert again(world, row) == (0, 1)
        assert fields(world, "A")["promised_limit"] == f"{turn + 4} working_days"
        assert fields(world, "A")["applicant"] is None
    assert "司徒爨" not in everything(world)
    # A case that was never erased takes a new name, and an erased one none that it never had.
    assert again(world, {"case_no": "B", "applicant": "司徒爨"}) == (1, 0)
    assert fields(world, "B")["applicant"] == "司徒*"
    assert again(world, {"case_no": "A", "法定代表人": "司徒爨"}) == (0, 1)


def test_erasing_twice_is_erasing_once(world: World) -> None:
    run(world, ERASE).well()
    size = len(world.entries())
    done = run(world, f"{ERASE} -o json").well().json
    assert (done["subjects"], done["before"], len(world.entries())) == ([], ["A"], size)


def test_a_rehearsal_writes_nothing(world: World) -> None:
    before = everything(world)
    assert run(world, f"{ERASE} --dry-run -o json").well().json["subjects"] == ["A"]
    assert everything(world) == before


REFUSED = (
    ("cases erase-applicant A --reason x", "nobody is named who acts"),
    ("--as li cases erase-applicant A --reason x", "no role that may erase"),
    ("--as zhou cases erase-applicant A --reason x", "no role that may erase"),
    ("--as wang cases erase-applicant A", "reason is missing"),
    ("--as wang cases erase-applicant A --reason 身份证11010519491231002X", "110\\*+002X"),
    ("--as wang cases erase-applicant NONE --reason x", "there is no case"),
    ("--as wang people erase wang --reason x", "nobody erases themselves"),
    ("--as li people erase zhang --reason x", "no role that may erase"),
    ("--as wang people erase nobody --reason x", "there is no person nobody"),
    ("--as wang people erase zhang", "reason is missing"),
)


def test_who_may_not_erases_nothing(world: World) -> None:
    before = everything(world)
    for line, said in REFUSED:
        ran = run(world, line)
        assert ran.code == 2
        assert re.search(said, ran.err), ran.err
    assert everything(world) == before


def test_rows_in_quarantine_go_too(world: World) -> None:
    world.receive(
        "cases",
        [
            {**CASE, "case_no": "A", "promised_limit": "soon"},
            {**CASE, "case_no": "C", "applicant": OTHER, "promised_limit": "soon"},
        ],
    )
    assert len(world.rows("SELECT id FROM quarantine")) == 2
    done = run(world, "--as wang cases erase-applicant A B --reason x -o json").well().json
    assert done["quarantined"] == 1
    assert APPLICANT not in everything(world)


def test_where_a_name_stays_is_said(world: World) -> None:
    event = {"case_no": "A", "event": "contacted", "occurred_at": "2026-03-04 10:00"}
    world.receive("events", [{**event, "reason": f"{APPLICANT}来电询问"}])
    card = world.card("A CASE red")
    run(world, f"--as li cards reply {card} --text '已答复{APPLICANT}'").well()
    done = run(world, f"{ERASE} -o json").well()
    assert done.json["remains"] == {"event": 1, "card_entry": 1}
    assert "events 1, what was written about cards 1" in done.err
    assert APPLICANT not in done.out + done.err


RATES = '\n[sources.rates]\nadds_to = {sources = ["by-hand"], events = ["rated"]}\n'


def test_a_name_in_what_waits_and_in_names_of_files_is_said(world: World) -> None:
    """Of an applicant and of an official alike; the entries that hold these rows hold on."""
    settings = world.folder / "effmon.toml"
    settings.write_text(settings.read_text("utf-8") + RATES, "utf-8")
    world.close()
    rated = {"case_no": "NEW", "event": "rated", "occurred_at": "2026-03-04 10:00"}
    refused = {**rated, "case_no": "C", "event": "nonsense"}
    for name, source in ((APPLICANT, "rates"), ("李主任", "rates")):
        waits, bad = world.folder / f"{name}-events.csv", world.folder / f"{name}.csv"
        write_csv(waits, [{**rated, "source_key": name, "reason": f"{name}评价"}])
        write_csv(bad, [refused])
        import_files(world.context, [waits], "canonical", source=source)
        import_files(world.context, [bad], "canonical")
    assert len(world.rows("SELECT id FROM waiting_event")) == 2
    places = {"waiting_event": 1, "import_run": 2, "quarantine": 1}
    for line in (ERASE, "--as wang people erase li --reason 离职"):
        done = run(world, f"{line} -o json").well()
        assert done.json["remains"] == places
        assert "events that wait for a case 1" in done.err
        assert "imports by the names of their files 2" in done.err
        assert APPLICANT not in done.out + done.err


def test_a_person_is_gone_and_what_they_did_stays(world: World) -> None:
    card = world.card("A CASE red")
    run(world, f"--as li cards acknowledge {card}").well()
    waiting = "SELECT notice_id FROM notice WHERE person_id = 'li' AND state = 'pending'"
    assert world.rows(waiting)
    done = run(world, "--as wang people erase li --reason 离职 -o json").well().json
    assert (done["subjects"], done["values"], done["remains"]) == (["li"], 1, {})
    assert "李主任" not in everything(world)
    assert not world.rows(waiting)
    assert {
        row["address"] for row in world.rows("SELECT address FROM notice WHERE person_id = 'li'")
    } == {""}
    assert [
        row["person"]
        for row in world.rows("SELECT person FROM card_entry WHERE kind = 'acknowledged'")
    ] == ["li"]
    assert run(world, f"--as li cards reply {card} --text x").code == 2
    (entry,) = [e for e in world.entries() if e["type"] == "data.erased"]
    assert (entry["person_erased"], entry["person"]) == ("li", "wang")
    # The people file of before does not bring them back.
    ran = run(world, f"people import {world.folder / 'people.csv'}")
    assert (ran.code, "li was erased" in ran.err) == (3, True)
    assert "李主任" not in everything(world)
    assert len(world.rows("SELECT id FROM person")) == 4


def test_an_officials_name_stays_where_it_says_who_was_accountable(world: World) -> None:
    done = run(world, "--as wang people erase zhang --reason 离职 -o json").well()
    assert {"card", "accountability", "case_fact"} <= set(done.json["remains"])
    assert "张经办" not in done.out + done.err


def test_a_telephone_is_as_personal_as_a_name(world: World) -> None:
    stored = [json.loads(row["fields"]) for row in world.rows("SELECT fields FROM case_fact")]
    assert {re.sub("[0-9A-Za-z_-]{43}", "…", row["联系电话"]) for row in stored} == {"~…"}
    assert PHONE not in str(stored)
    assert fields(world, "A")["联系电话"] == "138****5678"


def test_a_correction_of_a_name_is_one(world: World) -> None:
    assert again(world, {"case_no": "A", "applicant": OTHER}) == (1, 0)
    assert fields(world, "A")["applicant"] == "諸**"
    assert again(world, {"case_no": "A", "applicant": OTHER}) == (0, 1)
    assert again(world, {"case_no": "A", "applicant": APPLICANT}) == (1, 0)
    assert len(world.rows("SELECT id FROM personal_value WHERE field = 'applicant'")) == 4


def test_nothing_else_is_a_seal(world: World) -> None:
    text = "~" + "A" * 43
    assert again(world, {"case_no": "D", "applicant": text, "note": text}) == (1, 0)
    shown = run(world, "--as wang cases show D --unmask --reason x -o json").well().json["fields"]
    assert (shown["note"], shown["applicant"]) == (text, text)


def test_a_dry_run_says_what_an_import_would(world: World) -> None:
    path = world.folder / "more.csv"
    write_csv(path, [{"case_no": number, "applicant": OTHER} for number in "AN"])
    dry = import_files(world.context, [path], "canonical", dry_run=True)
    wet = import_files(world.context, [path], "canonical")
    assert dry.total == wet.total
    again_dry = import_files(world.context, [path], "canonical", dry_run=True)
    assert (again_dry.total.imported, again_dry.total.unchanged) == (0, 2)


def test_the_clock_says_when(world: World) -> None:
    world.now = instant("2026-03-21 10:00")
    run(world, ERASE).well()
    (row,) = run(world, "people disclosures -o json").well().json
    assert row["at"] == "2026-03-21T10:00:00+08:00"
    assert (row["kind"], row["person_id"], row["number"], row["reason"]) == (
        "erased", "wang", 1, "依申请删除",
    )  # fmt: skip
