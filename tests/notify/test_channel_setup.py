"""From `effmon.toml` to channels that send: names, secrets by the environment, what is missing."""

import io
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.notify.channels.channel import Channel, Message, Refused, Retry, Sent
from efficiency_monitor.notify.channels.configured import ChannelDeps, open_channels
from efficiency_monitor.workspace import settings
from tests.notify.conftest import NOW, SECRET
from tests.notify.mail_server import PASSWORD, PEM, USER, mail_server

ENVIRON = {"HOOK": SECRET, "MAIL": PASSWORD, "KEY": "key-everybody", "HOUSING": "key-housing"}


def opened(folder: Path, text: str, **environ: str) -> dict[str, Channel]:
    found = settings.parse(text, "effmon.toml")
    world = ChannelDeps(
        folder=folder,
        environ=environ,
        clock=lambda: NOW,
        monotonic=time.monotonic,
        console=io.StringIO(),
    )
    return open_channels(found.channels, world)


def test_a_workspace_without_a_section_has_console_and_file(tmp_path: Path) -> None:
    made = opened(tmp_path, "")
    assert sorted(made) == ["console", "file"]
    assert settings.parse("", "x").channels.names == {"console", "file"}


def toml(server: HTTPServer, mail_port: int) -> str:
    base = server.url_for("").rstrip("/")
    inner = 'allow_http = true\nallow_networks = ["127.0.0.0/8"]\n'
    return f"""
[channels.mail]
host = "127.0.0.1"
port = {mail_port}
tls = "none"
allow_plaintext = true
sender = "effmon@city.example"
allow_networks = ["127.0.0.0/8"]

[channels.webhook]
url = "{base}/hook"
secret_env = "HOOK"
{inner}
[channels.wecom]
base = "{base}"
key_env = "KEY"
{inner}
[channels.wecom.robots.housing]
key_env = "HOUSING"

[channels.dingtalk]
base = "{base}/gateway"
key_env = "KEY"
secret_env = "HOOK"
{inner}
[channels.feishu]
base = "{base}"
{inner}
[channels.feishu.robots.roads]
key_env = "HOUSING"
secret_env = "HOOK"
"""


def test_every_channel_of_the_settings_sends(
    tmp_path: Path, httpserver: HTTPServer, message: Message
) -> None:
    for path in (
        "/hook",
        "/cgi-bin/webhook/send",
        "/gateway/robot/send",
        "/open-apis/bot/v2/hook/key-housing",
    ):
        httpserver.expect_request(path).respond_with_json({"errcode": 0, "code": 0})
    with mail_server() as mail:
        text = toml(httpserver, mail.port)
        made = opened(tmp_path, text, **ENVIRON)
        assert set(made) == settings.parse(text, "x").channels.names
        for name, channel in made.items():
            assert channel.name == name
            there = replace(message, address="roads") if name == "feishu" else message
            assert isinstance(channel.send(there), Sent), name
        assert isinstance(made["wecom"].send(replace(message, address="housing")), Sent)
    keys = [request.args.get("key") for request, _ in httpserver.log]
    assert keys == [None, "key-everybody", None, None, "key-housing"]
    assert httpserver.log[2][0].args["sign"]
    assert json.loads(httpserver.log[3][0].data)["sign"]
    assert (tmp_path / "outbox" / "m-0001.txt").is_file()


def test_what_one_channel_lacks_stops_no_other(
    tmp_path: Path, httpserver: HTTPServer, message: Message
) -> None:
    httpserver.expect_request("/cgi-bin/webhook/send").respond_with_json({"errcode": 0})
    made = opened(tmp_path, toml(httpserver, 25), KEY="key-everybody")
    assert isinstance(made["wecom"].send(message), Sent)
    assert made["wecom"].send(replace(message, address="housing")) == Retry(
        "channel wecom: its secret is missing, HOUSING is not set"
    )
    for name in ("webhook", "dingtalk"):
        assert made[name].send(message) == Retry(
            f"channel {name}: its secret is missing, HOOK is not set: "
            "set the environment variable HOOK"
        )
        assert not made[name].wakes
    assert made["webhook"].counted_as(message) != made["dingtalk"].counted_as(message)
    unnamed = made["feishu"].send(message)
    assert isinstance(unnamed, Refused)


def test_a_wrong_file_of_certificates_stops_its_channel_alone(
    tmp_path: Path, message: Message
) -> None:
    text = '[channels.mail]\nhost = "h.example"\nsender = "a@b.example"\nca_file = "ca.pem"\n'
    made = opened(tmp_path, text)
    waiting = made["mail"].send(message)
    assert isinstance(waiting, Retry)
    assert "ca.pem" in waiting.reason
    (tmp_path / "ca.pem").write_bytes(PEM.read_bytes())
    assert type(opened(tmp_path, text)["mail"]).__name__ == "Mail"


def test_mail_with_a_password_from_the_environment(tmp_path: Path, message: Message) -> None:
    (tmp_path / "ca.pem").write_bytes(PEM.read_bytes())
    with mail_server("starttls", log_in=True) as server:
        text = (
            f'[channels.mail]\nhost = "127.0.0.1"\nport = {server.port}\nca_file = "ca.pem"\n'
            f'user = "{USER}"\npassword_env = "MAIL"\nsender = "a@b.example"\n'
            'allow_networks = ["127.0.0.1/32"]\n'
        )
        result = opened(tmp_path, text, **ENVIRON)["mail"].send(message)
    # The certificate is hooks.example's: by its address the server is not the one that is meant.
    assert isinstance(result, Refused)
    assert "IP address mismatch" in result.reason


FAULTS = {
    "a secret in place of its name": (
        '[channels.webhook]\nurl = "https://x"\nsecret_env = "canary-7e1c-secret"\n',
        "channels.webhook.secret_env: should be the name of an environment variable",
    ),
    "a base with a key in it": (
        '[channels.wecom]\nbase = "https://h/cgi-bin/webhook/send?key=1"\n',
        "channels.wecom.base",
    ),
    "a secret for a robot that signs nothing": (
        '[channels.wecom]\nsecret_env = "X"\n',
        "unknown field 'secret_env'",
    ),
    "no host": ('[channels.mail]\nsender = "a@b.example"\n', "'host'"),
    "a host that is a URL": (
        '[channels.mail]\nhost = "smtp://h"\nsender = "a@b.example"\n',
        "channels.mail.host",
    ),
    "a kind of TLS": (
        '[channels.mail]\nhost = "h"\nsender = "a@b.example"\ntls = "ssl"\n',
        "channels.mail.tls",
    ),
    "a robot's name": ('[channels.feishu.robots."a b"]\nkey_env = "X"\n', "no name of a robot"),
    "an unknown channel": ("[channels.pager]\nx = 1\n", "unknown field 'pager'"),
}


@pytest.mark.parametrize(("text", "said"), FAULTS.values(), ids=list(FAULTS))
def test_a_section_at_fault_is_one_line_that_shows_no_secret(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings.parse(text, "effmon.toml")
    shown = f"{caught.value.message} {caught.value.hint}"
    assert said in shown
    assert "canary" not in shown
    assert "\n" not in caught.value.message


def test_nothing_of_a_channel_is_loaded_before_it_is_configured() -> None:
    """The commands that send nothing start as fast as before."""
    from tests.house.tree import run_python

    ask = (
        "import sys, io, efficiency_monitor.notify.channels.configured as c;"
        "from efficiency_monitor.workspace.channel_settings import Channels;"
        "from pathlib import Path;"
        "w = c.ChannelDeps(folder=Path('.'), environ={}, clock=int, monotonic=float,"
        " console=io.StringIO());"
        "c.open_channels(Channels(), w);"
        "print(sorted(m for m in ('smtplib', 'httpx', 'ssl') if m in sys.modules))"
    )
    done: Any = run_python("-c", ask)
    assert done.stdout.strip() == "[]"
