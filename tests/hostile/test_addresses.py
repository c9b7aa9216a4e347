"""Sixty ways to write an address of the inside, on every way out: nothing is sent there."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from efficiency_monitor.faults import ConfigurationError, EffmonError
from efficiency_monitor.intake.pulling.http_request import HttpDeps
from efficiency_monitor.notify.channels.channel import Refused, Retry, Sent
from tests.stories.world import World

from ..feeds.conftest import Office, accepted
from ..notify.conftest import ROBOTS, a_mail, a_message, a_robot, a_webhook
from ..notify.test_endpoint import INWARD

#: Besides those of `tests/notify/test_endpoint.py`: other spellings, wrappings, encodings.
FURTHER = [
    "http://127.0.1/", "http://127.255.255.254/", "http://127.0.0.1./", "http://0x7f.0x0.0x0.0x1/",
    "http://0x7F000001/", "http://017700000001/", "http://0177.0.0.1/", "http://0.0/",
    "http://127.0.0.1:80/", "http://①②⑦.⓪.⓪.①/", "http://１２７．０．０．１/", "http://127。0。0。1/",
    "http://LOCALHOST/", "http://localhost./", "http://[0:0:0:0:0:0:0:1]/", "http://[0::1]/",
    "http://[::ffff:0:7f00:1]/", "http://[::ffff:a00:1]/", "http://[::ffff:169.254.169.254]/",
    "http://[::ffff:c0a8:101]/", "http://[64:ff9b::a9fe:a9fe]/", "http://[64:ff9b::c0a8:101]/",
    "http://[2002:a00:1::]/", "http://[2002:c0a8:101::1]/", "http://[fe80::1%25lo]/",
    "http://[fd00:ec2::254]/", "http://[fec0::1]/", "http://[2001:db8::1]/", "http://[100::1]/",
    "http://[3fff::1]/", "http://[ff0e::1]/", "http://2852039166/", "http://0xa9fea9fe/",
    "http://169.254.43518/", "http://10.0.0.1/", "http://10.256/", "http://172.31.255.255/",
    "http://192.168.0.1/", "http://192.0.0.192/", "http://100.127.255.255/", "http://198.19.255.255/",
    "http://203.0.113.9/", "http://240.0.0.1/", "http://239.255.255.250/", "http://0.1.2.3/",
    "http://192.88.99.1/", "http://a@127.0.0.1/", "http://127.0.0.1@127.0.0.1/",
    "http://127.0.0.1\\@example.org/", "http://127.0.0.1#@example.org/", "http://127.0.0.1?@x/",
    "http://127.0.0.1%00.example.org/", "http://%31%32%37.0.0.1/", "http://127.0.0.1%2f@x/",
    "gopher://127.0.0.1/", "file:///etc/passwd", "ftp://127.0.0.1/", "unix:///run/x",
    "http:127.0.0.1", "http:///127.0.0.1/",
]  # fmt: skip
FORMS = [*INWARD, *FURTHER]


def test_there_are_sixty() -> None:
    assert len(set(FORMS)) >= 60


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A workspace with one source."""
    world = World.made(tmp_path / "ws", "2026-03-02 12:00")
    yield Office(world)
    world.close()


@pytest.mark.parametrize("url", FORMS)
def test_no_channel_posts_there(url: str) -> None:
    own = a_message()
    results = [a_webhook(url, allowed_networks=()).send(own)]
    results += [a_robot(name, url, allowed_networks=()).send(own) for name in ROBOTS]
    for result in results:
        # A form that this system's name look-up does not know is nowhere, and tried again.
        assert isinstance(result, Refused) or (
            isinstance(result, Retry) and "resolved" in result.reason
        ), (url, result)


def test_no_source_is_pulled_there(office: Office) -> None:
    for url in FORMS:
        shown = url.replace("\\", "\\\\")
        office.configure(
            f'[sources.hall.http]\nbase_url = "{shown}"\ntables = {{a = "/a"}}\n'
            "allow_http = true\nattempts = 1"
        )
        with pytest.raises(EffmonError) as caught:
            office.pull()
        assert "\n" not in caught.value.message
        assert not isinstance(caught.value, AssertionError)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "::1", "10.0.0.1", "2130706433", "0x7f.1", "169.254.169.254"]
)
def test_no_mail_goes_there(host: str) -> None:
    result = a_mail(25, host=host, allowed_networks=()).send(a_message())
    assert isinstance(result, Refused), result
    assert "not public" in result.reason


def test_a_name_that_changes_after_the_check_leads_nowhere_else(httpserver: HTTPServer) -> None:
    """The first answer is checked and used; what the name says later is neither."""
    httpserver.expect_request("/").respond_with_data("")
    asked: list[str] = []

    def turning(host: str, port: int) -> tuple[str, ...]:
        asked.append(host)
        return ("127.0.0.1",) if len(asked) == 1 else ("127.0.0.2",)

    from ipaddress import ip_network

    url = f"http://name.example:{httpserver.port}/"
    only = (ip_network("127.0.0.1/32"),)
    hook = a_webhook(url, resolver=turning, allowed_networks=only)
    assert isinstance(hook.send(a_message()), Sent)
    assert asked == ["name.example"]
    second = hook.send(a_message())
    assert isinstance(second, Refused)
    assert "127.0.0.2" in second.reason


def test_a_source_whose_name_changes_is_not_followed(
    office: Office, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    httpserver.expect_request("/a").respond_with_json([accepted("A")])
    office.configure(
        f'[sources.hall.http]\nbase_url = "http://name.example:{httpserver.port}"\n'
        'tables = {a = "/a", b = "/a"}\nallow_http = true\n'
        'allow_networks = ["127.0.0.1/32"]\nattempts = 1'
    )
    asked: list[str] = []

    def turning(host: str, port: int) -> tuple[str, ...]:
        asked.append(host)
        return ("127.0.0.1",) if len(asked) == 1 else ("127.0.0.2",)

    outside = office.outside()
    world = HttpDeps(
        now=outside.world.now,
        monotonic=time.monotonic,
        sleep=outside.world.sleep,
        resolver=turning,
    )
    monkeypatch.setattr(office, "outside", lambda: type(outside)(
        environ=outside.environ, world=world, new_id=outside.new_id))  # fmt: skip
    with pytest.raises(ConfigurationError, match=r"127\.0\.0\.2"):
        office.pull()
    assert len(asked) == 2
    assert len(httpserver.log) == 1


@pytest.fixture(scope="session")
def httpserver_listen_address() -> tuple[str, int]:
    # A name such as localhost may also stand for ::1, which is not on the list.
    return ("127.0.0.1", 0)
