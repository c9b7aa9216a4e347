"""Who is sent the checkpoint each day, how it looks on which channel, and what the doctor asks."""

import json
import sqlite3
from contextlib import closing
from email import policy
from email.parser import BytesParser

import pytest

from efficiency_monitor.ledger import compare
from efficiency_monitor.ledger.model import signed_notes
from efficiency_monitor.notify.anchors import check_anchors, send_due
from efficiency_monitor.notify.channels import robot
from efficiency_monitor.notify.channels.dingtalk import DingTalk
from efficiency_monitor.notify.channels.feishu import Feishu
from efficiency_monitor.notify.channels.smtp import MailSettings, letter
from efficiency_monitor.notify.channels.wecom import WeCom
from efficiency_monitor.notify.outgoing import outgoing
from tests.stories.world import World, instant

from . import office

PEOPLE = (
    {"person_id": "wang", "name": "王监察", "department": "监察局", "role": "supervisor"},
    {"person_id": "li", "name": "李主任", "department": "办公厅", "role": "head"},
    {"person_id": "gao", "name": "高主任", "department": "办公厅", "role": "head"},
)
DAY = 86_400


def anchored(world: World, *names: str) -> World:
    """The same workspace with these anchors."""
    path = world.folder / "effmon.toml"
    text = path.read_text(encoding="utf-8")
    listed = ", ".join(f'"{name}"' for name in names)
    path.write_text(text.replace("[ledger]", f"[ledger]\nanchors = [{listed}]"), encoding="utf-8")
    world.close()
    world.people(PEOPLE)
    return world


def by(world: World, channel: str) -> None:
    """Let what waits go by another channel, of which the workspace needs no settings for that."""
    world.close()
    with closing(sqlite3.connect(world.folder / "effmon.db")) as raw, raw:
        raw.execute("UPDATE notice SET channel = ?, address = 'wang@example.cn'", (channel,))


def sent(world: World) -> list[dict[str, object]]:
    """The notices with checkpoints."""
    return world.rows(
        "SELECT person_id, kind, state, about FROM notice WHERE subject = 'ledger'"
        " ORDER BY created_at, person_id"
    )


def test_each_anchor_is_sent_the_newest_checkpoint_once_a_day(world: World) -> None:
    anchored(world, "wang", "li")
    assert send_due(world.context) == 0, "nothing is signed yet"
    made = office.make(world)
    assert send_due(world.context) == 2
    assert send_due(world.context) == 0
    office.add(world)
    office.make(world)
    assert send_due(world.context) == 0, "one a day"
    world.now += DAY
    assert send_due(world.context) == 2
    world.now += DAY
    assert send_due(world.context) == 0, "this one they have"
    rows = sent(world)
    assert [(row["person_id"], row["kind"]) for row in rows] == [
        ("li", "checkpoint:2026-03-02"),
        ("wang", "checkpoint:2026-03-02"),
        ("li", "checkpoint:2026-03-03"),
        ("wang", "checkpoint:2026-03-03"),
    ]
    assert json.loads(str(rows[0]["about"])) == {"size": made.size, "notes": made.notes}


def test_without_anchors_nothing_is_sent(world: World) -> None:
    office.make(world)
    assert send_due(world.context) == 0
    assert sent(world) == []


def test_what_arrives_can_be_compared(world: World) -> None:
    anchored(world, "wang", "li")
    world.now = instant("2026-03-02 10:00")
    made = office.make(world)
    world.nights(most=0)
    assert {row["state"] for row in sent(world)} == {"sent"}
    for message in world.messages():
        text = str(message["text"])
        assert f"checkpoint {made.size}" in text
        lines = [line.strip() for line in text.splitlines()]
        for note in made.notes.values():
            for line in filter(None, note.split("\n")):
                assert line in lines
        assert lines[-1] == f"Ledger {made.size} · {made.roots['sha256']}"
        assert compare.compare_text(world.context, lines[-1]).result == compare.EQUAL
        for person in PEOPLE:
            assert person["name"] not in text


def test_by_mail_both_notes_are_attached_byte_for_byte(world: World) -> None:
    anchored(world, "wang")
    made = office.make(world)
    send_due(world.context)
    by(world, "mail")
    (addressed,) = outgoing(world.context, {}).messages
    settings = MailSettings(host="mail.example.cn", sender="effmon@example.cn")
    data = letter(addressed.message.cleaned(), settings, world.now).as_bytes()
    parsed = BytesParser(policy=policy.default).parsebytes(data)
    files = {part.get_filename(): part.get_content() for part in parsed.iter_attachments()}
    assert files == {
        f"{made.size:012}-{tree}.note": made.notes[tree].encode() for tree in ("sha256", "sm3")
    }
    for content in files.values():
        note = signed_notes.parse(content)
        assert signed_notes.verified(note, [office.key().verifier])
        assert compare.compare_note(world.context, content).result == compare.EQUAL
    assert parsed.get_body(("plain",)) is not None


@pytest.mark.parametrize("kind", [WeCom, DingTalk, Feishu])
def test_it_fits_into_what_robots_take(world: World, kind: type[robot.Robot]) -> None:
    anchored(world, "wang")
    made = office.make(world)
    send_due(world.context)
    by(world, "robot")

    class Group:
        """A channel of which only its limits matter."""

        name, wakes, group, limits = "robot", False, True, ()
        longest_bytes = kind.longest_bytes

    (addressed,) = outgoing(world.context, {"robot": Group()}).messages  # type: ignore[dict-item]
    text = addressed.message.text
    assert len(text.encode()) <= kind.longest_bytes
    assert text.endswith(f"\nLedger {made.size} · {made.roots['sha256']}\n")


def said(world: World) -> list[tuple[str, str]]:
    """What the doctor says of the anchors: status and sentence."""
    return [(status, text) for _, status, text in check_anchors(world.context)]


@pytest.mark.parametrize(
    ("names", "status", "text"),
    [
        ((), "look", "0 persons of 0 departments"),
        (("wang",), "look", "1 persons of 1 departments"),
        (("li", "gao"), "look", "2 persons of 1 departments"),
        (("wang", "li"), "ok", "2 persons of 2 departments"),
        (("wang", "li", "nobody"), "look", "not among the people: nobody"),
    ],
)
def test_the_doctor_wants_two_of_two_departments(
    world: World, names: tuple[str, ...], status: str, text: str
) -> None:
    anchored(world, *names)
    assert any((found, text in why) == (status, True) for found, why in said(world))


def test_the_doctor_calls_bad_three_working_days_without_a_delivery(world: World) -> None:
    # Monday 2 March; the calendar of the story works from Monday to Friday.
    anchored(world, "wang", "li")
    office.make(world)
    send_due(world.context)
    world.deliver()
    assert [status for status, _ in said(world)] == ["ok"]
    office.add(world)
    for day, bad in ((3, False), (4, False), (5, False), (6, True), (9, True)):
        world.now = instant(f"2026-03-{day:02} 18:00")
        assert ("bad" in [status for status, _ in said(world)]) is bad, day
    office.make(world)
    assert "bad" not in [status for status, _ in said(world)], "nothing waits"
    office.add(world)
    send_due(world.context)
    world.deliver()
    assert [status for status, _ in said(world)] == ["ok"]
