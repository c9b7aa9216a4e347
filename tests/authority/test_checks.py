"""Whoever changes keys or approvals past the product is found out, without any outside root."""

import json

import pytest

from efficiency_monitor.ledger import book as ledger_book
from efficiency_monitor.ledger.checks import approval_checks
from efficiency_monitor.ledger.model.entries import EntryType
from efficiency_monitor.ledger.store import ledger
from efficiency_monitor.ops.doctor import doctor
from efficiency_monitor.people.model.authority import Act, Standing
from efficiency_monitor.people.model.people import Role
from efficiency_monitor.people.signing import entry_of, sign

from .desk import Desk, key_of


def faults(desk: Desk) -> list[str]:
    with desk.world.context.store.reading() as connection:
        return approval_checks.check(connection)


def tampered(desk: Desk, *statements: str) -> list[str]:
    for table in ("approval", "person_key_entry", "ledger_entry"):
        for verb in ("update", "delete"):
            desk.sql(f"DROP TRIGGER IF EXISTS {table}_no_{verb}")
    for statement in statements:
        desk.sql(statement)
    found = faults(desk)
    told = ledger_book.verify(desk.world.context)
    assert (told["trees"], told["sound"], told["approvals"]) == (True, not found, found)
    findings = doctor.examine(desk.world.context)
    assert [row["detail"] for row in findings if row["check"] == "approvals"] == found
    return found


OTHER = key_of("x")
PUBLIC = OTHER.public.hex()
SIGNED = "WHERE person_id = 'wang' AND act = 'lift'"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("decision = 'return'", "not what was signed"),
        ("ground = 'false_material'", "not what was signed"),
        ("ground = NULL", "not what was signed"),
        ("text = '不属实'", "not what was signed"),
        ("text = NULL", "not what was signed"),
        ("evidence = '[]'", "not what was signed"),
        ("evidence = replace(evidence, 'ab', 'cd')", "not what was signed"),
        ("at = at - 1", "not what was signed"),
        ("os_user = 'somebody'", "somebody else did it"),
        ("host = 'elsewhere'", "somebody else did it"),
        ("tty = '/dev/pts/9'", "somebody else did it"),
        ("key_id = NULL", "not what was signed"),
        ("signature = NULL", "not what the ledger says"),
        ("signature = zeroblob(64)", "not what the ledger says"),
        ("statement = x'00'", "cannot be read"),
        ("statement = CAST(replace(statement, 'lift', 'LIFT') AS BLOB)", "not what the ledger"),
        ("statement = CAST(statement || ' ' AS BLOB)", "cannot be read"),
        ("person_id = 'he'", "the ledger does not know it"),
        ("subject = 'card:R-OTHER'", "the ledger does not know it"),
        ("act = 'close'", "the database has lost it"),
        ("round = 7", "the database has lost it"),
    ],
)
def test_an_altered_approval(busy: Desk, change: str, said: str) -> None:
    found = tampered(busy, f"UPDATE approval SET {change} {SIGNED}")
    assert any(said in fault for fault in found), found


def test_what_a_name_of_a_file_says_is_no_evidence(busy: Desk) -> None:
    """The ledger holds digests; names stay out of it and can be mended."""
    assert (
        tampered(busy, f"UPDATE approval SET evidence = replace(evidence, '说明', 'x') {SIGNED}")
        == []
    )


def test_a_lost_approval(busy: Desk) -> None:
    (fault,) = tampered(busy, f"DELETE FROM approval {SIGNED}")
    assert "the database has lost it" in fault
    assert "by wang" in fault


def test_an_approval_that_nobody_gave(busy: Desk) -> None:
    (fault,) = tampered(
        busy,
        "INSERT INTO approval (subject, act, round, decision, person_id, at, evidence, statement,"
        " os_user) VALUES ('card:R-1', 'lift', 0, 'lift', 'he', 1, '[]', x'7b7d', 'root')",
    )
    assert "the ledger does not know it" in fault


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE person_key SET person_id = 'he' WHERE person_id = 'chen'", "not what the ledger"),
        ("UPDATE person_key SET public_key = zeroblob(32)", "not what the ledger says"),
        ("UPDATE person_key SET revoked_at = NULL", "revoked or not"),
        ("UPDATE person_key SET revoked_at = 1 WHERE person_id = 'chen'", "revoked or not"),
        ("DELETE FROM person_key WHERE person_id = 'chen'", "has lost it"),
        (
            f"INSERT INTO person_key VALUES ('{OTHER.key_id}', 'he', x'{PUBLIC}', 1, NULL)",
            "not what the ledger says",
        ),
    ],
)
def test_an_altered_key(busy: Desk, statement: str, said: str) -> None:
    found = tampered(busy, statement)
    assert any(said in fault for fault in found), found


def forged(desk: Desk, **change: object) -> None:
    """A row and an entry that fit each other, made by the owner of the database."""
    (row,) = desk.world.rows(f"SELECT * FROM approval {SIGNED}")
    said = {**json.loads(row["statement"]), "round": 9, **change}
    statement = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    signature = row["signature"]
    with desk.writing("wang") as (context, connection):
        entry = context.entry(EntryType.APPROVAL_GIVEN, "forged", entry_of(statement, signature))
        ledger.append(connection, [entry])
    columns = {
        **{name: said[name] for name in ("subject", "act", "round", "decision", "ground")},
        "person_id": said["person"],
        "key_id": said["key"],
        "statement": f"x'{statement.hex()}'",
        "signature": f"x'{signature.hex()}'",
        **{name: row[name] for name in ("at", "text", "evidence", "os_user", "host", "tty")},
    }

    def literal(value: object) -> str:
        text = str(value)
        if value is None or text.startswith("x'") or isinstance(value, int):
            return "NULL" if value is None else text
        return "'" + text.replace("'", "''") + "'"

    values = ", ".join(literal(value) for value in columns.values())
    desk.sql(f"INSERT INTO approval ({', '.join(columns)}) VALUES ({values})")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "its signature does not hold"),
        ({"person": "chen"}, "was not chen's"),
        ({"key": key_of("chen").key_id}, "was not wang's"),
        ({"key": key_of("wang").key_id}, "was not wang's"),
        ({"key": "00"}, "was not wang's"),
        ({"workspace": "00"}, "of another workspace"),
        ({"domain": "effmon/approval/v2"}, "of another workspace"),
        ({"ledger": {"size": 3, "sha256_root": "00"}}, "is not this one"),
        ({"ledger": {"size": 10**6, "sha256_root": "00"}}, "is not this one"),
    ],
)
def test_a_forged_approval_with_its_entry(busy: Desk, change: dict[str, object], said: str) -> None:
    forged(busy, **change)
    found = tampered(busy)
    assert any(said in fault for fault in found), found


def test_an_unsigned_approval_of_somebody_who_has_a_key(busy: Desk) -> None:
    """Forging is easiest without any signature: who has a key always leaves one."""
    with busy.writing("wang") as (context, connection):
        for person, act in (("wang", "close"), ("sun", "close")):
            approval_row(busy, context, connection, person, act)
    found = tampered(busy)
    assert len(found) == 2
    assert all("its signature is missing" in fault for fault in found)


def approval_row(desk: Desk, context: object, connection: object, person: str, act: str) -> None:
    """As `sign` writes it, for whom it would refuse to."""
    from efficiency_monitor.ledger.model import entries as core
    from efficiency_monitor.people.model.signatures import statement
    from efficiency_monitor.people.signing import _write, workspace_id

    head = ledger.read_head(connection)  # type: ignore[arg-type]
    what = {"act": act, "subject": f"card:{desk.card()}", "round": 0, "decision": act}
    said = statement(
        **what,  # type: ignore[arg-type]
        ground=None,
        workspace=workspace_id(connection),  # type: ignore[arg-type]
        text=None,
        evidence=(),
        person=person,
        on_behalf_of=None,
        at="2026-03-16T09:00:00+08:00",
        size=head.size,
        root=core.root(head).sha256.hex(),
        key=None,
    )
    row = {
        **what, "ground": None, "person_id": person, "at": desk.world.now, "text": None,
        "evidence": "[]", "statement": said, "key_id": None, "signature": None,
    }  # fmt: skip
    _write(context, connection, row)  # type: ignore[arg-type]


@pytest.mark.parametrize("mark", [{}, {"bootstrap": True}])
def test_a_key_that_was_slipped_in_with_its_entry(busy: Desk, mark: dict[str, bool]) -> None:
    public = key_of("slipped").public
    key_id = key_of("slipped").key_id
    content = {
        "key": key_id, "person": "he", "public_key": public.hex(), "bootstrap": False,
        "recovery": False, "approved_by": ["wang", "chen"], "replaces": None, **mark,
    }  # fmt: skip
    with busy.writing("wang") as (context, connection):
        busy.enrol_into(connection, "he", "slipped")
        ledger.append(connection, [context.entry(EntryType.KEY_ENROLLED, "slipped", content)])
    (fault,) = tampered(busy)
    assert fault == f"key {key_id} of he: two holders' signatures do not stand behind it"


def test_a_key_that_its_holder_approved_with_one_other(busy: Desk) -> None:
    new = key_of("chen/2")
    for person in ("chen", "zhao"):
        with busy.writing(person, person) as (context, connection):
            sign(
                context,
                connection,
                Standing(person, Role.SUPERVISOR),
                act=Act.ENROL_KEY,
                subject="key:chen",
                round=1,
                decision="enrol",
                ground=new.public.hex(),
                text=None,
                evidence=(),
                must_sign=True,
            )
    content = {
        "key": new.key_id, "person": "chen", "public_key": new.public.hex(), "bootstrap": False,
        "recovery": False, "approved_by": ["chen", "zhao"], "replaces": None,
    }  # fmt: skip
    with busy.writing("chen") as (context, connection):
        busy.enrol_into(connection, "chen", "chen/2")
        ledger.append(connection, [context.entry(EntryType.KEY_ENROLLED, "own", content)])
    (fault,) = tampered(busy)
    assert "two holders' signatures do not stand behind it" in fault


def test_the_types_column_hides_nothing(busy: Desk) -> None:
    """The trees vouch for the bodies alone."""
    desk = busy
    desk.sql("DROP TRIGGER ledger_entry_no_update")
    desk.sql("UPDATE ledger_entry SET type = 'scan.done' WHERE type = 'approval.given'")
    assert faults(desk) == []
    found = tampered(desk, f"DELETE FROM approval {SIGNED}")
    assert len(found) == 1
