"""Secrets that stand in the environment, a key's passphrase, an address: they are found nowhere."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ..cli.command import Ran, effmon, stop_warm
from ..cli.places import fill_workspace, make_workspace, write_rows
from ..cli.test_hostile import PEOPLE_COLUMNS, row

SETTINGS = """
[channels.mail]
host = "127.0.0.1"
port = 9
tls = "none"
allow_plaintext = true
sender = "effmon@city.example"
user = "effmon"
password_env = "CANARY_MAIL"
allow_networks = ["127.0.0.0/8"]
deadline_seconds = 5

[channels.wecom]
base = "http://127.0.0.1:9"
key_env = "CANARY_WECOM"
allow_http = true
allow_networks = ["127.0.0.0/8"]

[channels.dingtalk]
base = "http://127.0.0.1:9"
key_env = "CANARY_DING"
secret_env = "CANARY_DING_SECRET"
allow_http = true
allow_networks = ["127.0.0.0/8"]

[channels.feishu]
base = "http://127.0.0.1:9"
key_env = "CANARY_FEISHU"
secret_env = "CANARY_FEISHU_SECRET"
allow_http = true
allow_networks = ["127.0.0.0/8"]

[channels.webhook]
url = "http://127.0.0.1:9/canary-url-7f3a"
secret_env = "CANARY_WEBHOOK"
allow_http = true
allow_networks = ["127.0.0.0/8"]

[sources.hall.http]
base_url = "http://127.0.0.1:9/api"
tables = {accept = "/accept"}
token_env = "CANARY_TOKEN"
allow_http = true
allow_networks = ["127.0.0.0/8"]
attempts = 1

[sources.desk.sql]
url_env = "CANARY_SQL"
tables = {accept = "v_accept"}
"""
SECRETS = {
    "CANARY_MAIL": "canary-mail-7f3a",
    "CANARY_WECOM": "canary-wecom-7f3a",
    "CANARY_DING": "canary-ding-7f3a",
    "CANARY_DING_SECRET": "SECcanary-ding-7f3a",
    "CANARY_FEISHU": "canary-feishu-7f3a",
    "CANARY_FEISHU_SECRET": "canary-feishu-secret-7f3a",
    "CANARY_WEBHOOK": "canary-webhook-7f3a",
    "CANARY_TOKEN": "canary-token-7f3a",
    "CANARY_SQL": "postgresql+psycopg://reader:canary-sql-7f3a@127.0.0.1:9/hall",
    "EFFMON_KEY_PASSPHRASE": "canary-passphrase-7f3a",
}
#: In a person's address, which the people file and the database hold (docs/channels.md).
ADDRESS = "canary-address-7f3a"
CHANNELS = ("mail", "wecom", "dingtalk", "feishu", "webhook")
WORD = "canary-"


class Watch:
    """Runs commands with the secrets and keeps all that they say."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace
        self.said: list[tuple[str, str]] = []

    def run(self, *arguments: object, **more: str) -> Ran:
        ran = effmon("-C", self.workspace, *arguments, variables={**SECRETS, **more})
        self.said.append((" ".join(map(str, arguments)), ran.out + ran.err))
        return ran


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    """A workspace that has tried to send, to pull and to sign with every secret."""
    folder = tmp_path_factory.mktemp("canary")
    workspace = fill_workspace(make_workspace(folder / "ws"))
    path = workspace / "effmon.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + SETTINGS, encoding="utf-8")
    people = [
        row(
            PEOPLE_COLUMNS,
            person_id=f"p-{channel}",
            name="王",
            role=role,
            channel=channel,
            hours="any",
            address=f"{ADDRESS}@city.example",
        )
        for channel in CHANNELS
        for role in ("head", "supervisor")
    ]
    watch = Watch(workspace)
    watch.run("people", "import", write_rows(folder / "p.csv", PEOPLE_COLUMNS, people)).well(0, 3)
    watch.run("scan").well(0, 3)
    for debug in ({}, {"EFFMON_DEBUG": "1"}):
        watch.run("notices", "deliver", **debug)
        for source in ("hall", "desk"):
            assert watch.run("pull", source, **debug).code != 0
        key = folder / f"key{len(debug)}"
        watch.run("people", "key", "new", "--out", key, **debug)
        watch.run("--key", key, "--as", "p-mail", "cards", "lift", "R-1", "--text", "x", **debug)
    for command in ("doctor", "people list", "people check", "notices list", "sources list",
                    "ledger list", "ledger verify", "cards list", "quarantine list"):  # fmt: skip
        for form in ("table", "json"):
            watch.run(*command.split(), "-o", form).well(0, 1, 2, 3)
    watch.run("ledger", "export", "--out", folder / "evidence").well()
    yield watch
    stop_warm()


def test_every_secret_was_used(watched: Watch) -> None:
    """Otherwise nothing is shown: each channel has tried and failed, and each source."""
    (said,) = [text for command, text in watched.said if command == "notices list -o json"]
    tried = {each["channel"] for each in json.loads(said) if "127.0.0.1" in each["last_error"]}
    assert tried == set(CHANNELS)
    pulled = "".join(text for command, text in watched.said if command.startswith("pull"))
    assert "127.0.0.1" in pulled
    assert pulled.count("desk") >= 2


def test_no_command_says_a_secret(watched: Watch) -> None:
    found = [(command, text) for command, text in watched.said if WORD in text]
    assert [
        (command, text[max(0, text.index(WORD) - 80) : text.index(WORD) + 40])
        for command, text in found
    ] == []


def test_no_file_holds_a_secret(watched: Watch) -> None:
    folder = watched.workspace.parent
    holders = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in ("p.csv", "effmon.toml"):
            data = path.read_bytes()
            at = [word for word in (*SECRETS.values(), WORD) if word.encode() in data]
            if at and not (at == [WORD] and only_the_address(data)):
                holders.append((path.name, at))
    assert holders == []


def only_the_address(data: bytes) -> bool:
    """The database keeps people's addresses, as it has to."""
    return data.count(WORD.encode()) == data.count(ADDRESS.encode())


def test_the_database_holds_the_address_with_its_person_alone(watched: Watch) -> None:
    with closing(sqlite3.connect(watched.workspace / "effmon.db")) as database:
        tables = [
            name
            for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type='table'")
        ]
        holders = {
            name
            for name in tables
            for line in database.execute(f'SELECT * FROM "{name}"')
            if WORD in repr(line)
        }
    assert "ledger_entry" not in holders
    assert holders <= {"person", "outbox", "notice", "delivery"}, holders
