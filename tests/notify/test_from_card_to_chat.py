"""From a card in the database to a chat and a mailbox, by way of `effmon.toml`."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from tests.delivery.receiving import CASE
from tests.notify.mail_server import PASSWORD, MailServer, mail_server
from tests.stories.world import World, instant

CROWD = [
    {"person_id": "zhang", "name": "张经办", "role": "handler", "channel": "wecom"},
    {"person_id": "li", "name": "李主任", "role": "head", "channel": "wecom"},
    {
        "person_id": "wang",
        "name": "王监察",
        "department": "",
        "role": "supervisor",
        "channel": "mail",
        "address": "wang@city.example",
    },
]
PEOPLE = [{"department": "住建局", "hours": "any", "address": "", **row} for row in CROWD]


def settings(server: HTTPServer, mail: MailServer) -> str:
    return f"""
[channels.wecom]
base = "{server.url_for("").rstrip("/")}"
key_env = "ROBOT_KEY"
allow_http = true
allow_networks = ["127.0.0.1/32"]

[channels.mail]
host = "127.0.0.1"
port = {mail.port}
tls = "none"
allow_plaintext = true
sender = "effmon@city.example"
user = "effmon"
password_env = "MAIL_PASSWORD"
allow_networks = ["127.0.0.1/32"]
"""


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with mail_server(log_in=True) as server:
        yield server


@pytest.fixture
def world(tmp_path: Path, httpserver: HTTPServer, mail: MailServer) -> Iterator[World]:
    """A red card of which all three are to be told."""
    made = World.made(tmp_path / "ws", "2026-03-01 12:00")
    with (made.folder / "effmon.toml").open("a", encoding="utf-8") as file:
        file.write(settings(httpserver, mail))
    made.close()
    made.people(PEOPLE)
    made.now = instant("2026-03-16 09:00")
    made.receive("cases", [{"case_no": "A", **CASE}])
    made.receive(
        "events", [{"case_no": "A", "event": "accepted", "occurred_at": "2026-03-02 10:00"}]
    )
    made.scan()
    yield made
    made.close()


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_one_message_in_the_chat_for_two_people_while_the_mail_waits_for_its_password(
    world: World,
    httpserver: HTTPServer,
    mail: MailServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    httpserver.expect_request("/cgi-bin/webhook/send").respond_with_json({"errcode": 0})
    monkeypatch.setenv("ROBOT_KEY", "canary-robot-key")
    monkeypatch.delenv("MAIL_PASSWORD", raising=False)

    report = world.deliver()
    missing = "channel mail: its secret is missing, MAIL_PASSWORD is not set"
    assert [reason.startswith(missing) for _, reason in report.faults] == [True]
    ((request, _),) = httpserver.log
    text = json.loads(request.data)["text"]["content"]
    told = world.rows("SELECT * FROM notice WHERE channel='wecom'")
    assert {(row["person_id"], row["state"]) for row in told} == {("zhang", "sent"), ("li", "sent")}
    assert len({row["message_id"] for row in told}) == 1
    for row in told:
        assert row["notice_id"] in text
        assert text.count(f"card {row['card_no']}") + text.count(f"牌号 {row['card_no']}") == 1
    assert not any(name in text for name in ("张经办", "李主任"))

    (waiting,) = world.rows("SELECT * FROM notice WHERE channel='mail'")
    assert (waiting["state"], waiting["attempts"]) == ("pending", 1)
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    world.now = int(waiting["next_attempt_at"])
    world.deliver()
    (letter,) = mail.letters
    assert letter["To"].addresses[0].addr_spec == "wang@city.example"
    assert waiting["notice_id"] in letter.get_content()
    assert len(httpserver.log) == 1, "what was sent is not sent again"
    kept = b"".join(path.read_bytes() for path in world.folder.rglob("*") if path.is_file())
    assert b"canary" not in kept
