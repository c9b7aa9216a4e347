"""The log: a JSON object a line whatever is in it, many processes, no secrets, never in the way."""

import json
import logging
import multiprocessing
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from efficiency_monitor.workspace import logbook
from tests.cli.command import effmon


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    logbook.close_log()


def opened(folder: Path, said: list[str] | None = None) -> Path:
    """A log in a folder."""
    warn = (said if said is not None else []).append
    logbook.open_log("logs/effmon.log", folder, always={"command": "scan"}, warn=warn)
    return folder / "logs" / "effmon.log"


def lines(path: Path) -> list[dict[str, Any]]:
    """Its lines, each of which must be JSON by itself."""
    return [json.loads(line) for line in path.read_bytes().decode().split("\n")[:-1]]


def test_a_night_is_in_it(office: Path, own: Callable[[Path], Path]) -> None:
    folder = own(office)
    settings_file = folder / "effmon.toml"
    settings_file.write_text(
        settings_file.read_text("utf-8") + '\n[operation]\nlog = "e.log"\n', "utf-8"
    )
    effmon("-C", folder, "jobs", "run").well()
    effmon("-C", folder, "--as", "li", "cards", "acknowledge", "Y-NOTHING234").well(2)
    effmon("-C", folder, "cards", "list").well()
    found = lines(folder / "e.log")
    events = [each["event"] for each in found if each["event"] != "checkpoint.made"]
    assert events == [
        "command.started", "deliver.done", "command.ended", "command.started", "command.ended"
    ]  # fmt: skip
    assert [each["command"] for each in found if each["event"] == "command.ended"] == [
        "jobs run", "cards acknowledge"
    ]  # fmt: skip
    assert found[-1]["exit_code"] == 2
    assert found[-1]["level"] == "error"
    assert found[-1]["actor"].endswith(" as li")
    assert found[-1]["fault"].startswith("ConfigurationError cards.")
    assert "Y-NOTHING234" not in str(found)


def test_an_option_names_another_file(
    office: Path, own: Callable[[Path], Path], tmp_path: Path
) -> None:
    folder = own(office)
    effmon("-C", folder, "--log-file", tmp_path / "o.log", "scan").well()
    assert [each["event"] for each in lines(tmp_path / "o.log")][-2:] == [
        "scan.done",
        "command.ended",
    ]


TEXTS = st.text(st.characters(exclude_categories=()), max_size=40)


@given(TEXTS, TEXTS)
@example("\ud800", "\udcff")
@settings(max_examples=200)
def test_whatever_is_said_is_one_line_of_plain_signs(name: str, fact: str) -> None:
    formatter = logbook._Json({})
    record = logging.LogRecord("effmon", logging.INFO, "", 0, name, (), None)
    record.facts = {"text": fact, "list": [fact], "inner": {"of": fact}}
    line = formatter.format(record)
    assert not any(ord(sign) < 32 or 0x7F <= ord(sign) < 0xA0 for sign in line)
    assert not set(line) & set("\u2028\u2029\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
    assert set(json.loads(line)) >= {"time", "level", "event", "text"}
    line.encode()


SECRETS = (
    "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=CANARY-1",
    "https://open.feishu.cn/open-apis/bot/v2/hook/CANARY-2 answered 500",
    "postgresql+psycopg://effmon:CANARY-3@db.example/effmon",
    "access_token=CANARY-4&sign=CANARY-5",
    "Authorization: Bearer CANARY-6",
    '{"password": "CANARY-7", "x": 1}',
    "EFFMON_KEY_PASSPHRASE=CANARY-8",
    "channels.robot.key: CANARY-9",
    "server.key: CANARY-10 is no file or directory",
)


@pytest.mark.parametrize("text", SECRETS)
def test_secrets_are_masked(tmp_path: Path, text: str) -> None:
    path = opened(tmp_path)
    logbook.event("x", facts={"message": text, "inner": [{"a": text}]})
    logbook.event(text)
    logging.getLogger("some.library").warning("%s", text)
    assert len(lines(path)) == 3
    assert "CANARY" not in path.read_text("utf-8")


@pytest.mark.parametrize("said", ["No such file or directory", "没有权限"])
def test_what_the_system_says_of_a_file_is_no_secret(said: str) -> None:
    for name in ("x.key", "/srv/keys/li.key", "password.key"):
        assert logbook.masked(f"{name}: {said}") == f"{name}: {said}"
    assert "No such" not in logbook.masked("key: No such file or directory")


def test_requests_are_not_logged_with_their_address(tmp_path: Path) -> None:
    path = opened(tmp_path)
    logging.getLogger().setLevel(logging.DEBUG)
    try:
        transport = httpx.MockTransport(lambda _request: httpx.Response(200))
        with httpx.Client(transport=transport) as client:
            client.get("https://robot.example/send?key=CANARY")
    finally:
        logging.getLogger().setLevel(logging.WARNING)
    assert not path.exists()


def _write_many(folder: Path, number: int) -> None:
    opened(folder)
    for count in range(200):
        logbook.event("line", facts={"writer": number, "count": count, "text": "字" * 300})


def test_several_processes_share_it(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_write_many, args=(tmp_path, number)) for number in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    found = lines(tmp_path / "logs" / "effmon.log")
    assert sorted((each["writer"], each["count"]) for each in found) == [
        (number, count) for number in range(3) for count in range(200)
    ]


def test_a_renamed_file_is_opened_anew(tmp_path: Path) -> None:
    path = opened(tmp_path)
    logbook.event("one")
    path.rename(tmp_path / "logs" / "effmon.log.1")
    path.touch()  # as logrotate does with `create`
    logbook.event("two")
    assert [each["event"] for each in lines(tmp_path / "logs" / "effmon.log.1")] == ["one"]
    assert [each["event"] for each in lines(path)] == ["two"]


def test_where_it_cannot_be_written_that_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file, no folder")
    said: list[str] = []
    opened(tmp_path, said)
    for _ in range(3):
        logbook.event("x")
    assert len(said) == 1
    assert "cannot be written" in said[0]


def test_a_full_disk_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "effmon.log").symlink_to("/dev/full")
    said: list[str] = []
    opened(tmp_path, said)
    for _ in range(3):
        logbook.event("x")
    assert len(said) == 1
    assert os.strerror(28) in said[0]


def test_syslog_gets_the_same_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(address)
        monkeypatch.setattr(logbook, "_SOCKET", address)
        logbook.open_log("syslog", tmp_path, always={}, warn=print)
        logbook.event("scan.done", facts={"total": 3})
        said = receiver.recv(4096).decode()
        logbook.close_log()
    head, _, line = said.partition("effmon: ")
    assert head.startswith("<")
    assert json.loads(line)["total"] == 3


def test_without_syslog_the_work_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logbook, "_SOCKET", str(tmp_path / "nothing"))
    said: list[str] = []
    logbook.open_log("syslog", tmp_path, always={}, warn=said.append)
    logbook.event("x")
    logbook.event("y")
    assert len(said) == 1
