"""The trials that every channel passes. A new channel joins by adding itself to `TRIALS`."""

import io
import json
import logging
import re
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from pytest_httpserver import HTTPServer

from efficiency_monitor.notify.channels.channel import Channel, Message, Refused, Retry, Sent
from efficiency_monitor.notify.channels.configured import ChannelDeps
from efficiency_monitor.notify.channels.console import Console
from efficiency_monitor.notify.channels.file import FileDrop
from tests.notify import worked_example
from tests.notify.conftest import LOOPBACK, ROBOTS, SECRET, a_mail, a_message, a_robot, a_webhook
from tests.notify.mail_server import mail_server
from tests.notify.receivers import hang_up, receiver

PATH_CANARY = "canary-3b9d-path"

HOSTILE = (
    "\x1b[2J\x1b]8;;http://evil.example\x07click\x1b]8;;\x07",
    "A-1\r\nX-Injected: 1\r\n\r\n[/red][bold]已撤销[/]",
    "\u202egnp.exe\u2066 \u200b\ufeff",
    "lone \udc80 surrogate \ud800",
    "\x00\x07\x08\x9b31m\x7f",
    '"}],"notices":[{"notice_id":"forged',
    "<@all> <script>alert(1)</script>",
    "㐂𠀋\U0003134a 字" * 500,
)


@dataclass(frozen=True)
class World:
    """What a trial may use: a folder, an HTTP server, and a stack for servers of its own."""

    folder: Path
    server: HTTPServer
    stack: ExitStack


@dataclass(frozen=True)
class Trial:
    """A channel that works, what has arrived through it, and the same channel with no receiver."""

    channel: Channel
    #: Everything that arrived, as text: what a person or a program gets to see.
    arrived: Callable[[], str]
    #: Ids of the messages that arrived, repeats included.
    ids: Callable[[], list[str]]
    broken: Channel


def console_trial(world: World) -> Trial:
    stream, closed = io.StringIO(), io.StringIO()
    closed.close()
    return Trial(
        Console(stream),
        stream.getvalue,
        lambda: [part.split("]")[0] for part in stream.getvalue().split("  [")[1:]],
        Console(closed),
    )


def file_trial(world: World) -> Trial:
    drop = world.folder / "out"
    blocked = world.folder / "blocked"
    blocked.write_text("a file where the folder should be")
    return Trial(
        FileDrop(drop),
        lambda: "".join(
            _strings(json.loads(path.read_text("utf-8")))
            if path.suffix == ".json"
            else path.read_text("utf-8")
            for path in sorted(drop.iterdir())
        ),
        lambda: [path.stem for path in drop.glob("*.txt")],
        FileDrop(blocked),
    )


def webhook_trial(world: World) -> Trial:
    path = f"/{PATH_CANARY}"
    world.server.expect_request(path, method="POST").respond_with_json({"errcode": 0})
    with receiver(hang_up) as gone:
        dead = f"http://127.0.0.1:{gone.port}/{PATH_CANARY}?key={PATH_CANARY}"
    return Trial(
        a_webhook(world.server.url_for(path) + f"?key={PATH_CANARY}"),
        lambda: "".join(_strings(json.loads(request.data)) for request, _ in world.server.log),
        lambda: [request.headers["X-Effmon-Message-Id"] for request, _ in world.server.log],
        a_webhook(dead),
    )


def robot_trial(name: str, world: World) -> Trial:
    """A robot that answers as all three do; the key is in its URL."""
    world.server.expect_request(re.compile(".*"), method="POST").respond_with_json(
        {"errcode": 0, "code": 0}
    )
    with receiver(hang_up) as gone:
        dead = f"http://127.0.0.1:{gone.port}"
    return Trial(
        a_robot(name, world.server.url_for(""), key=PATH_CANARY),
        lambda: "".join(_strings(json.loads(request.data)) for request, _ in world.server.log),
        lambda: [request.headers["X-Effmon-Message-Id"] for request, _ in world.server.log],
        a_robot(name, dead, key=PATH_CANARY),
    )


def mail_trial(world: World) -> Trial:
    server = world.stack.enter_context(mail_server())
    with receiver(hang_up) as gone:
        dead = gone.port
    to = {"user": "effmon", "password": SecretStr(SECRET)}
    return Trial(
        a_mail(server.port),
        lambda: "".join(
            f"{got['To']}\n{got['Subject']}\n{got.get_content()}" for got in server.letters
        ).replace("\r\n", "\n"),
        lambda: [str(got["X-Effmon-Message-Id"]) for got in server.letters],
        a_mail(dead, **to),
    )


def _strings(data: object) -> str:
    """Every text inside JSON, unescaped: what the program at the other end holds."""
    if isinstance(data, dict):
        return "".join(_strings(part) for part in data.values())
    if isinstance(data, list):
        return "".join(_strings(part) for part in data)
    return f"{data}\n"


TRIALS = {
    "console": console_trial,
    "file": file_trial,
    "webhook": webhook_trial,
    "mail": mail_trial,
    **{name: partial(robot_trial, name) for name in ROBOTS},
    "sms": worked_example.trial(globals()),
}


@pytest.fixture(params=sorted(TRIALS))
def trial(
    request: pytest.FixtureRequest, tmp_path: Path, httpserver: HTTPServer
) -> Iterator[Trial]:
    with ExitStack() as stack:
        made: Trial = TRIALS[request.param](World(tmp_path, httpserver, stack))
        assert made.channel.name == request.param
        yield made


def test_a_message_arrives_whole(trial: Trial, message: Message) -> None:
    assert isinstance(trial.channel.send(message), Sent)
    arrived = trial.arrived()
    assert trial.ids() == ["m-0001"]
    for part in (message.subject, "办件 A-1"):
        assert part in arrived
    assert (message.recipient in arrived) is not trial.channel.group


def test_a_text_as_long_as_the_channel_takes_arrives_whole(trial: Trial) -> None:
    most = trial.channel.longest_bytes or 100_000
    text = "字" * (most // 3) + "x" * (most % 3)
    assert isinstance(trial.channel.send(a_message(text=text)), Sent)
    assert text in trial.arrived()


def test_the_same_message_twice_is_harmless(trial: Trial, message: Message) -> None:
    assert isinstance(trial.channel.send(message), Sent)
    assert isinstance(trial.channel.send(message), Sent)
    assert set(trial.ids()) == {"m-0001"}


def test_no_receiver_is_a_value_and_the_message_is_tried_again(
    trial: Trial, message: Message
) -> None:
    assert isinstance(trial.broken.send(message), Retry)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_arrives_disarmed(trial: Trial, text: str) -> None:
    text = _fitting(trial, text)
    assert isinstance(trial.channel.send(a_message(text=text, case_no=text)), Sent)
    assert trial.ids() == ["m-0001"]
    _assert_disarmed(trial.arrived())


@given(text=st.text(max_size=60))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_arrives_disarmed(trial: Trial, text: str) -> None:
    assert isinstance(trial.channel.send(a_message(text=text, case_no=text)), Sent)
    _assert_disarmed(trial.arrived())


def _fitting(trial: Trial, text: str) -> str:
    """As much of the text as any channel takes, whatever its characters become."""
    return text[: (trial.channel.longest_bytes or 10**6) // 4]


def _assert_disarmed(arrived: str) -> None:
    """No control, format (bidi, zero-width), surrogate or line separator character is left."""
    unsafe = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert not {char for char in arrived if char != "\n" and unicodedata.category(char) in unsafe}


def test_no_secret_shows_anywhere(
    trial: Trial,
    message: Message,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    results = [trial.channel.send(message), trial.broken.send(message)]
    assert isinstance(results[0], Sent)
    output = capfd.readouterr()
    shown = f"{trial} {vars(trial.channel)} {results} {output.out} {output.err}"
    for record in caplog.records:
        if record.name not in ("werkzeug", "mail.log"):  # the receivers' own logs
            shown += f"{record.getMessage()} {record.args} {record.exc_info}"
    assert SECRET not in shown
    assert PATH_CANARY not in shown
    assert SECRET not in trial.arrived()


def test_the_file_drop_keeps_its_files_from_others(tmp_path: Path, message: Message) -> None:
    drop = tmp_path / "new" / "drop"
    FileDrop(drop).send(message)
    assert {path.name: path.stat().st_mode & 0o777 for path in drop.iterdir()} == {
        "m-0001.txt": 0o600,
        "m-0001.json": 0o600,
    }
    data = json.loads((drop / "m-0001.json").read_text("utf-8"))
    assert data["notices"][0]["level"] == "red"
    assert data["address"] == "wang@housing.example"


def test_the_file_drop_completes_what_a_crash_left_and_rewrites_nothing(
    tmp_path: Path, message: Message
) -> None:
    drop = FileDrop(tmp_path)
    drop.send(message)
    (tmp_path / "m-0001.txt").unlink()  # the crash came before the text
    assert drop.send(message) == Sent("m-0001.txt")
    (tmp_path / "m-0001.txt").write_text("taken over by the courier")
    assert drop.send(message) == Sent("m-0001.txt was already there")
    assert (tmp_path / "m-0001.txt").read_text() == "taken over by the courier"


def test_the_file_drop_follows_no_link(tmp_path: Path, message: Message) -> None:
    (tmp_path / "drop").mkdir()
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    (tmp_path / "drop" / "m-0001.txt").symlink_to(tmp_path / "nowhere")
    (tmp_path / "drop" / "m-0001.json").symlink_to(victim)
    assert isinstance(FileDrop(tmp_path / "drop").send(message), Sent)
    assert victim.read_text() == "untouched"
    assert not (tmp_path / "nowhere").exists()
    assert not (tmp_path / "drop" / "m-0001.json").is_symlink()


def test_an_ascii_terminal_gets_escapes_and_no_error(message: Message) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    assert isinstance(Console(stream).send(message), Sent)
    assert b"\\u7ea2\\u724c" in raw.getvalue()


@pytest.mark.parametrize("message_id", ["", "../../etc/passwd", "a\r\nb", "x" * 129, "牌", "a/b"])
def test_a_message_id_cannot_name_a_path_or_split_a_header(message_id: str) -> None:
    with pytest.raises(ValueError, match="message id"):
        Message(message_id=message_id, recipient="", address="", subject="", text="", notices=())


def test_a_message_shows_neither_address_nor_text(message: Message) -> None:
    assert repr(message) == "Message(m-0001, 1 notices)"
    assert repr(Refused("x")) == "Refused(reason='x')"


def test_what_a_channel_says_of_itself_makes_sense(trial: Trial, message: Message) -> None:
    channel = trial.channel
    assert isinstance(channel.wakes, bool)
    assert isinstance(channel.group, bool)
    assert all(limit.messages > 0 and limit.seconds > 0 for limit in channel.limits)
    assert channel.longest_bytes is None or channel.longest_bytes >= 1024
    counted = channel.counted_as(message)
    assert counted == channel.counted_as(a_message(text="another"))
    assert SECRET not in counted
    assert PATH_CANARY not in counted
    assert len(counted) == 32
    if channel.limits:
        assert channel.counted_as(replace(message, message_id="m-0002", subject="x")) == counted


def test_the_worked_example_is_wired_as_its_page_says(tmp_path: Path) -> None:
    section, wire = worked_example.wired()
    world = ChannelDeps(
        folder=tmp_path,
        environ={"SMS": SECRET},
        clock=int,
        monotonic=time.monotonic,
        console=io.StringIO(),
    )
    made = wire(section(url="https://sms.city.example", token_env="SMS"), world)
    assert made.name == "sms"
    assert "token_env" in worked_example.blocks()[1]
    assert {"time", "LOOPBACK"} <= set(globals()), "the page's trial uses them"
    assert LOOPBACK.is_loopback
