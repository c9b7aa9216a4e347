"""PostgreSQL's auditor: every command that only reads works, shows nobody, and nothing is written.

The commands are those of the tree: a new one is in a list here, or the test says so.
"""

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

from cli.main import app
from efficiency_monitor.app import now
from efficiency_monitor.cards.late_evidence import evidence_number
from efficiency_monitor.records import auditor_views
from efficiency_monitor.records.every_table import metadata
from tests.cli.command import Ran, effmon, stop_warm
from tests.matters.stage import run
from tests.postgres_server import APPLICATION, AUDITOR, name_of, server
from tests.stories.world import World, instant, wall, write_csv

from .auditor_commands import ELSEWHERE, READS, WRITES

pytestmark = [
    pytest.mark.full,
    pytest.mark.parametrize("database_engine", ["postgresql"], indirect=True, scope="module"),
]

NAMES = ("欧阳鬯鬱", "司寇甪", "亓官髙", "尉迟曌", "赫连皛")
APPLICANT, HANDLER, HEAD, SUPERVISOR, LEADER = NAMES
PHONE = "13987651234"
#: What persons wrote, by who wrote it where.
TEXTS = tuple(f"密语{each}" for each in "甲乙丙丁戊己庚辛壬癸子丑")
PEOPLE = tuple(
    {
        "person_id": person,
        "name": name,
        "department": department,
        "role": role,
        "address": f"letterbox-{person}",
    }
    for person, name, department, role in (
        ("zhang", HANDLER, "住建局", "handler"),
        ("li", HEAD, "住建局", "head"),
        ("wang", SUPERVISOR, "", "supervisor"),
        ("chen", LEADER, "住建局", "leader"),
    )
)
SECRETS = (*NAMES, PHONE, *TEXTS, *(row["address"] for row in PEOPLE))
CASE = {
    "item_kind": "promised",
    "department": "住建局",
    "handler": HANDLER,
    "reviewer": HEAD,
    "applicant": APPLICANT,
    "联系电话": PHONE,
    "promised_limit": "3 working_days",
    "note": TEXTS[0],
}

#: Columns that hold JSON: their members are masked one by one.
DOCUMENTS = (
    ("case_fact", "fields"),
    ("event", "attributes"),
    ("person", "value"),
    ("quarantine", "content"),
)


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Every command of the tree."""
    inner = getattr(command, "commands", None)
    if not inner:
        yield " ".join(path)
        return
    for name, each in inner.items():
        yield from leaves(each, (*path, name))


def named(line: str, tree: frozenset[str]) -> str:
    """The command that a line gives."""
    words = line.split()
    return next(name for n in (3, 2, 1) if (name := " ".join(words[:n])) in tree)


def held_back(world: World, case: str) -> str:
    """The number of the evidence of the case that came by hand when its cards were issued."""
    late = world.tuples("SELECT id FROM import_run ORDER BY received_at DESC")[0][0]
    return evidence_number("case", case, late)


@pytest.fixture(scope="module")
def world(database_engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A workspace in which something of each kind has happened, with the auditor's URL in it."""
    made = World.made(
        tmp_path_factory.mktemp("auditor") / "ws", "2026-03-01 12:00", late_evidence=None
    )
    made.people(PEOPLE)
    made.now = instant("2026-03-03 09:00")
    write_csv(made.folder / "plain.csv", [{**CASE, "case_no": "Z", "handler": ""}])
    made.receive("cases", [{**CASE, "case_no": "A"}, {**CASE, "case_no": "B"}])
    accepted = {"event": "accepted", "occurred_at": "2026-03-02 10:00", "actor": HANDLER}
    made.receive("events", [{**accepted, "case_no": n, "reason": TEXTS[1]} for n in "AB"])
    made.receive("events", [{**accepted, "case_no": HANDLER, "occurred_at": TEXTS[2]}])
    made.now = instant("2026-03-20 09:00")
    for line in (
        "ledger key new",
        "scan",
        "notices deliver",
        "--as li cards acknowledge '{A CASE red}'",
        f"--as wang orders open '{{A CASE red}}' --text {TEXTS[3]}",
        f"--as li orders reply '{{order}}' --text {TEXTS[4]}",
        f"--as wang orders return '{{order}}' --text {TEXTS[5]}",
        f"--as li cards reply '{{A CASE red}}' --text {TEXTS[6]}",
        f"--as li appeals file '{{A CASE red}}' --text {TEXTS[7]}",
        f"--as wang silences add --case B --until 2026-03-25 --reason {TEXTS[8]}",
        f"--as wang cards lift '{{B CASE yellow}}' --reason issued_in_error --text {TEXTS[9]}",
        f"--as wang accountability verify '{{A CASE red}}' --text {TEXTS[10]}",
        "ledger checkpoint",
        "--as wang cases show A --unmask --reason 核对",
        "ledger key new --out {folder}/other.key",
        "people key new --out {folder}/person.key > {folder}/person.pub",
    ):
        run(made, line).well(0, 1, 3)
    made.now += 60
    decided = {"event": "decided", "occurred_at": "2026-03-04 10:00"}
    made.receive("events", [{**decided, "case_no": n} for n in "AB"])
    made.scan()
    rejected = held_back(made, "B")
    run(made, f"--as wang evidence reject {rejected} --text {TEXTS[11]}").well(0)
    note = made.rows("SELECT note FROM checkpoint WHERE tree = 'sha256' ORDER BY size DESC")
    (made.folder / "own.note").write_text(note[0]["note"], encoding="utf-8")
    found = str([made.rows(f"SELECT * FROM {table}") for table in metadata.tables])
    assert [each for each in SECRETS if each not in found] == [], "all of it is there"
    settings = made.folder / "effmon.toml"
    text = settings.read_text(encoding="utf-8").replace(APPLICATION, AUDITOR)
    text += '\n[sources.drop.files]\nfolder = "drop"\n'
    (made.folder / "drop").mkdir()
    write_csv(made.folder / "drop" / "more.csv", [{**CASE, "case_no": "Z"}])
    made.close()
    settings.write_text(text, encoding="utf-8")
    yield made
    made.close()
    stop_warm()


def shown(ran: Ran, more: str = "") -> list[str]:
    """Which secrets are in what a command printed."""
    return [each for each in SECRETS if each in ran.out + ran.err + more]


def asked(world: World, line: str) -> Ran:
    """The command in a process of its own, as the auditor."""
    numbers = {
        "{A CASE red}": world.card("A CASE red"),
        "{order}": world.tuples("SELECT order_no FROM supervision_order")[0][0],
        "{appeal}": world.tuples("SELECT appeal_no FROM appeal")[0][0],
        "{evidence}": held_back(world, "A"),
        "{silence}": world.tuples("SELECT silence_no FROM silence")[0][0],
        "{folder}": str(world.folder),
        "{soon}": wall(now() + 5 * 86_400)[:10],
    }
    for name, number in numbers.items():
        line = line.replace(name, number)
    return effmon("-C", world.folder, *shlex.split(line))


def rows_of(world: World) -> str:
    """Every row of every table, past the product's own code."""
    url = world.url.replace(AUDITOR, "postgres")
    with server(durable=False).connection(name_of(url)) as connection:
        tables = sorted(metadata.tables)
        return str([connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables])


def test_every_command_of_the_tree_is_tried() -> None:
    tree = frozenset(leaves(typer.main.get_command(app)))
    tried = {named(line, tree) for line in (*READS, *WRITES, *ELSEWHERE)}
    assert tried == tree


def test_what_only_reads_works_and_shows_nobody(world: World) -> None:
    before = rows_of(world)
    wrong: list[object] = []
    for line in READS:
        # What is written to a file is written once, and has no form.
        for form in ("",) if "--out" in line or line == "metrics" else ("", " -o json"):
            ran = asked(world, line + form)
            refused = "may not" in ran.err + ran.out or "permission denied" in ran.err + ran.out
            if ran.code not in (0, 1, 3) or refused or shown(ran):
                wrong.append((line + form, ran.code, shown(ran), ran.err, ran.out[-300:]))
    assert not wrong, "\n".join(map(str, wrong))
    written = [world.folder / "rows.csv", world.folder / "red.slip"]
    written += [path for path in (world.folder / "evidence").rglob("*") if path.is_file()]
    for path in written:
        assert shown(Ran(0, path.read_bytes().decode("utf-8", "replace"), "")) == [], path
    assert rows_of(world) == before


def test_what_writes_is_refused_in_one_line(world: World) -> None:
    before = rows_of(world)
    wrong: list[object] = []
    for line in WRITES:
        ran = asked(world, f"--as wang {line}")
        said = [each for each in ran.err.splitlines() if each.startswith("error: ")]
        if ran.code != 2 or len(said) != 1 or AUDITOR not in said[0] or shown(ran):
            wrong.append((line, ran))
    assert not wrong, "\n".join(map(str, wrong))
    assert rows_of(world) == before


def test_it_says_what_it_is_not_shown_and_what_is_not_on_record(world: World) -> None:
    ran = asked(world, "ledger verify -o json").well()
    assert ran.json["sound"] is True
    assert "not checked: whom cards name" in ran.json["not_checked"][0]
    assert "not checked: whom cards name" in ran.err
    assert f"{AUDITOR} only reads; names, addresses and texts are not shown to it" in ran.err
    ran = asked(world, "ledger export --out {folder}/again").well()
    assert "not put on record" in ran.err
    ran = asked(world, "doctor -o json").well(0, 1, 3)
    found = {row["check"]: row["status"] for row in ran.json}
    assert found["database role"] == found[f"auditor {AUDITOR}"] == found["triggers"] == "ok"
    assert any("not checked" in row["detail"] for row in ran.json if row["check"] == "ledger")


def test_what_is_masked_and_what_is_not(world: World) -> None:
    """Held against the owner's rows, column by column."""
    url = world.url.replace(AUDITOR, "postgres")
    with (
        server(durable=False).connection(name_of(url)) as owner,
        server(durable=False).connection(name_of(url), AUDITOR) as auditor,
    ):
        for name, table in metadata.tables.items():
            for column in (each.name for each in table.columns):
                asked_for = f'SELECT "{column}" FROM {name} ORDER BY 1'
                stored = [row[0] for row in owner.execute(asked_for)]
                seen = [row[0] for row in auditor.execute(asked_for)]
                assert len(stored) == len(seen)
                if column not in auditor_views.PERSONAL[name]:
                    assert stored == seen, (name, column)
                elif (name, column) in DOCUMENTS:
                    keys = [sorted(json.loads(each)) for each in stored]
                    assert sorted(keys) == sorted(sorted(json.loads(each)) for each in seen)
                else:
                    assert {each for each in seen if each} <= {"***", "bootstrap"}, (name, column)
        everything = [
            value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
            for name in metadata.tables
            for row in auditor.execute(f"SELECT * FROM {name}")
            for value in row
        ]
        assert [each for each in SECRETS if any(each in value for value in everything)] == []
        fields = json.loads(auditor.execute("SELECT fields FROM case_fact").fetchone()[0])
        assert fields["handler"] == fields["note"] == "***"
        assert (fields["promised_limit"], fields["department"]) == ("3 working_days", "住建局")
        assert re.fullmatch("~[-_0-9A-Za-z]{43}", fields["applicant"])
        person = json.loads(auditor.execute("SELECT value FROM person").fetchone()[0])
        assert (person["person_id"], person["role"]) == ("zhang", "handler")
        assert (person["name"], person["address"]) == ("***", "***")
        for statement in (
            "SELECT handler FROM public.card",
            "SELECT * FROM public.person",
            "SELECT version_num FROM public.alembic_version",
            "INSERT INTO meta VALUES ('a', 'b')",
            "DELETE FROM ledger_entry",
            "CREATE TABLE effmon_auditor.x (a int)",
            "CREATE TABLE public.x (a int)",
            "DROP VIEW card",
        ):
            with pytest.raises(Exception, match=r"permission denied|must be owner"):
                auditor.execute(statement)


def test_a_person_that_was_changed_is_found_by_others_and_not_by_an_auditor(world: World) -> None:
    """So that `not checked` is true: what is masked is neither alarm nor assurance."""
    url = world.url.replace(AUDITOR, "postgres")
    with server(durable=False).connection(name_of(url)) as owner:
        card = world.card("A CASE red")
        owner.execute("UPDATE card SET handler = '另一人' WHERE card_no = %s", (card,))
        assert asked(world, "ledger verify").well().err.count("not checked") == 2
        ran = effmon("-C", world.folder, "ledger", "verify", EFFMON_DATABASE_URL=url).well(1)
        assert f"{card}: it names other persons" in ran.err
        owner.execute("UPDATE card SET limit_due_at = 1 WHERE card_no = %s", (card,))
        assert f"card {card}: its case" in asked(world, "ledger verify").well(1).err
