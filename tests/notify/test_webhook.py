"""The webhook against receivers that are right, wrong, slow and hostile."""

import hashlib
import hmac
import json
import ssl
import threading
from pathlib import Path

import httpcore
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from pytest_httpserver import HTTPServer

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.notify.channels.channel import Message, Refused, Retry, Sent
from efficiency_monitor.notify.channels.posting import Answer
from efficiency_monitor.notify.channels.webhook import judge
from efficiency_monitor.outbound.connection import Deadline
from tests.notify import receivers
from tests.notify.conftest import NOW, SECRET, MakeWebhook
from tests.notify.receivers import receiver

PEM = Path(__file__).parent / "tls" / "hooks.example.pem"


def test_the_receiver_can_check_the_signature_and_read_the_notices(
    httpserver: HTTPServer, make_webhook: MakeWebhook, message: Message
) -> None:
    httpserver.expect_request("/hook", method="POST").respond_with_data(status=204)
    assert make_webhook(httpserver.url_for("/hook")).send(message) == Sent("127.0.0.1 answered 204")
    request, _ = httpserver.log[0]
    expected = hmac.new(SECRET.encode(), f"{NOW}.".encode() + request.data, hashlib.sha256)
    assert request.headers["X-Effmon-Signature"] == f"t={NOW},v1={expected.hexdigest()}"
    assert request.headers["X-Effmon-Message-Id"] == "m-0001"
    assert "红牌".encode() in request.data
    assert json.loads(request.data) == {
        "message_id": "m-0001",
        "recipient": "王某某",
        "address": "wang@housing.example",
        "subject": "效能监察通知：红牌 1",
        "text": "1. 【红牌】办件 A-1\n",
        "notices": [
            {
                "notice_id": "n-0001",
                "card_no": "R-2026-000381",
                "level": "red",
                "case_no": "A-1",
                "text": "【红牌】办件 A-1",
            }
        ],
    }


def test_without_a_common_url_the_address_is_the_url_and_stays_out_of_the_body(
    httpserver: HTTPServer, make_webhook: MakeWebhook, message: Message
) -> None:
    httpserver.expect_request("/own", query_string="key=1").respond_with_data("ok")
    own = Message(
        message_id="m-0002",
        recipient="p2",
        address=httpserver.url_for("/own?key=1"),
        subject=message.subject,
        text=message.text,
        notices=message.notices,
    )
    assert isinstance(make_webhook(None).send(own), Sent)
    assert b"key=1" not in httpserver.log[0][0].data


ANSWERS = [
    (200, "", {}, Sent),
    (202, "accepted", {}, Sent),
    (200, '{"errcode": 0, "errmsg": "ok"}', {}, Sent),
    (200, '{"code": "0"}', {}, Sent),
    (200, '{"code": null}', {}, Sent),
    (200, '{"errcode": false}', {}, Sent),
    (200, "[1]", {}, Sent),
    (200, '{"errcode": 45009, "errmsg": "api freq out of limit"}', {}, Retry),
    (200, '{"code": 11232}', {}, Retry),
    (200, '{"errcode": 0, "code": 7}', {}, Retry),
    (200, '{"code": true}', {}, Retry),
    (200, '{"code": "E-1"}', {}, Retry),
    (301, "", {"Location": "/other"}, Refused),
    (307, "", {"Location": "/other"}, Refused),
    (400, "", {}, Refused),
    (401, "", {}, Refused),
    (404, "", {}, Refused),
    (408, "", {}, Retry),
    (410, "", {}, Refused),
    (425, "", {}, Retry),
    (429, "", {}, Retry),
    (500, "", {}, Retry),
    (503, "", {}, Retry),
    (200, "x", {"Content-Encoding": "gzip"}, Refused),
]


@pytest.mark.parametrize(("status", "body", "headers", "kind"), ANSWERS)
def test_each_answer_has_one_meaning(
    httpserver: HTTPServer,
    make_webhook: MakeWebhook,
    message: Message,
    status: int,
    body: str,
    headers: dict[str, str],
    kind: type,
) -> None:
    httpserver.expect_request("/hook").respond_with_data(body, status=status, headers=headers)
    result = make_webhook(httpserver.url_for("/hook")).send(message)
    assert isinstance(result, kind), result
    assert len(httpserver.log) == 1, "one request, no redirect followed, no retry of its own"


def test_a_refusal_in_gb18030_is_still_a_refusal() -> None:
    body = '{"errmsg": "关键词不匹配", "errcode": 310000}'.encode("gb18030")
    assert judge(Answer("h", 200, {}, body)) == Retry("h answered 200 with code 310000")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("0", 0),
        ("-5", None),
        ("1.5", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("9" * 30, 259_200),
        ("٣", None),
    ],
)
def test_retry_after_in_seconds_is_honoured(header: str, seconds: int | None) -> None:
    for status in (429, 503):
        result = judge(Answer("h", status, {"retry-after": header}, b""))
        assert result == Retry(f"h answered {status}", seconds)


@given(
    status=st.integers(100, 599),
    body=st.none()
    | st.binary()
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["code", "x"]), inner),
    ).map(lambda data: json.dumps(data).encode()),
    after=st.text(max_size=6),
)
@example(status=200, body=b"[" * 60_000, after="")
@example(status=200, body=b'{"code": ' + b"9" * 6000 + b"}", after="")
def test_no_answer_breaks_the_judgement(status: int, body: bytes | None, after: str) -> None:
    result = judge(Answer("h", status, {"retry-after": after}, body))
    if isinstance(result, Sent):
        assert 200 <= status < 300
        assert body is not None
    if status >= 500:
        assert isinstance(result, Retry)


@pytest.mark.parametrize(
    ("habit", "kind", "reason"),
    [
        (receivers.silent, Retry, "in time"),
        (receivers.drip_head, Retry, "in time"),
        (receivers.drip_body, Retry, "in time"),
        (receivers.hang_up, Retry, "broke off"),
        (receivers.reset, Retry, "broke off"),
        (receivers.half_body, Retry, "broke off"),
        (receivers.no_http, Retry, "does not speak HTTP"),
        (receivers.endless, Refused, "more than 64 KB"),
    ],
)
def test_a_rude_receiver_gets_an_end(
    make_webhook: MakeWebhook, message: Message, habit: receivers.Habit, kind: type, reason: str
) -> None:
    # A server that drips never exceeds read_seconds: only the limit for everything ends it.
    with receiver(habit) as running:
        # Who breaks off is not raced against the clock of a busy machine.
        total = 0.5 if reason == "in time" else 20
        result = make_webhook(running.url, total_seconds=total, read_seconds=20).send(message)
        assert len(running.requests) == 1
    assert isinstance(result, kind), result
    assert reason in (result.reason if not isinstance(result, Sent) else "")


def test_a_receiver_that_accepts_nothing_is_tried_again(
    make_webhook: MakeWebhook, message: Message
) -> None:
    with receiver(receivers.silent) as running:
        url = running.url
    assert isinstance(make_webhook(url).send(message), Retry)


@given(reply=st.binary(max_size=200) | st.binary(max_size=80).map(lambda b: b"HTTP/1.1 200 " + b))
@example(reply=b"HTTP/1.1 200 OK\r\nSet-Cookie: \xff=;;\x01\r\n\r\n")
@example(reply=b"HTTP/1.1 101 Switching\r\n\r\n")
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_reply_whatsoever_raises(
    make_webhook: MakeWebhook, message: Message, reply: bytes
) -> None:
    with receiver(receivers.answering(reply)) as running:
        result = make_webhook(running.url).send(message)
    assert isinstance(result, Sent | Retry | Refused)


def test_a_name_server_that_never_answers_does_not_hold_the_message(
    make_webhook: MakeWebhook, message: Message
) -> None:
    released = threading.Event()

    def resolver(host: str, port: int) -> list[str]:
        released.wait(receivers.PATIENCE)
        return []

    hook = make_webhook("http://hooks.example/", resolver=resolver, total_seconds=0.2)
    try:
        assert hook.send(message) == Retry("hooks.example did not answer in time")
    finally:
        released.set()


def test_an_unknown_name_is_tried_again(make_webhook: MakeWebhook, message: Message) -> None:
    def resolver(host: str, port: int) -> list[str]:
        raise OSError(-2, "Name or service not known")

    result = make_webhook("http://hooks.example/", resolver=resolver).send(message)
    assert result == Retry("hooks.example cannot be resolved: Name or service not known")


def test_loopback_is_refused_unless_the_settings_list_it(
    httpserver: HTTPServer, make_webhook: MakeWebhook, message: Message
) -> None:
    url = httpserver.url_for("/hook")
    result = make_webhook(url, allowed_networks=()).send(message)
    assert isinstance(result, Refused)
    assert "allow_networks" in result.reason
    assert httpserver.log == []


def test_one_bad_address_among_several_refuses_all(
    httpserver: HTTPServer, make_webhook: MakeWebhook, message: Message
) -> None:
    url = f"http://hooks.example:{httpserver.port}/hook"
    hook = make_webhook(url, resolver=lambda host, port: ["127.0.0.1", "10.0.0.1"])
    assert isinstance(hook.send(message), Refused)
    assert httpserver.log == []


def test_the_connection_goes_to_the_address_that_was_checked(
    httpserver: HTTPServer, make_webhook: MakeWebhook, message: Message
) -> None:
    """A name that is resolved again could by then stand for another address (rebinding)."""
    httpserver.expect_request("/hook").respond_with_data("ok")
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    url = f"http://hooks.example:{httpserver.port}/hook"
    assert isinstance(make_webhook(url, resolver=rebinding).send(message), Sent)
    assert asked == ["hooks.example"]
    assert httpserver.log[0][0].headers["Host"] == f"hooks.example:{httpserver.port}"


def test_a_dead_address_gives_way_to_the_next(
    httpserver: HTTPServer, make_webhook: MakeWebhook, message: Message
) -> None:
    httpserver.expect_request("/hook").respond_with_data("ok")
    url = f"http://hooks.example:{httpserver.port}/hook"
    hook = make_webhook(url, resolver=lambda host, port: ["127.0.0.9", "127.0.0.1"])
    assert isinstance(hook.send(message), Sent)


def test_a_proxy_of_the_environment_is_not_used(
    httpserver: HTTPServer,
    make_webhook: MakeWebhook,
    message: Message,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    httpserver.expect_request("/hook").respond_with_data("ok")
    assert isinstance(make_webhook(httpserver.url_for("/hook")).send(message), Sent)


@pytest.fixture
def tls_server() -> tuple[HTTPServer, list[str]]:
    names: list[str] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    return HTTPServer("127.0.0.1", ssl_context=context), names


def test_https_keeps_the_name_of_the_url_and_trusts_only_what_it_is_told(
    tls_server: tuple[HTTPServer, list[str]], make_webhook: MakeWebhook, message: Message
) -> None:
    server, names = tls_server
    with server:
        server.expect_request("/hook").respond_with_data("ok")

        def send(host: str, ca_file: str | None) -> object:
            hook = make_webhook(
                f"https://{host}:{server.port}/hook",
                resolver=lambda host, port: ["127.0.0.1"],
                allow_http=False,
                ca_file=ca_file,
            )
            return hook.send(message)

        assert send("hooks.example", str(PEM)) == Sent("hooks.example answered 200")
        assert names == ["hooks.example"]
        unknown = send("hooks.example", None)
        other = send("other.example", str(PEM))
    assert isinstance(unknown, Refused)
    assert "not trusted" in unknown.reason
    assert isinstance(other, Refused)
    assert "Hostname mismatch" in other.reason


def test_https_to_a_server_without_tls_is_a_wrong_setting(
    httpserver: HTTPServer, make_webhook: MakeWebhook, message: Message
) -> None:
    result = make_webhook(f"https://127.0.0.1:{httpserver.port}/").send(message)
    assert isinstance(result, Refused)
    assert "TLS" in result.reason


def test_a_tls_handshake_that_breaks_off_is_tried_again(
    make_webhook: MakeWebhook, message: Message
) -> None:
    with receiver(receivers.hang_up, whole=False) as running:
        result = make_webhook(f"https://127.0.0.1:{running.port}/").send(message)
    assert result == Retry("127.0.0.1 cannot be reached or broke off")


def test_wrong_settings_are_named_at_once(make_webhook: MakeWebhook, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="secret is empty"):
        make_webhook("https://hooks.example/", secret=SecretStr(""))
    with pytest.raises(ConfigurationError, match="cannot read certificates"):
        make_webhook("https://hooks.example/", ca_file=str(tmp_path / "none.pem"))


def test_a_deadline_gives_what_is_left_and_then_nothing() -> None:
    now = [100.0]
    deadline = Deadline(lambda: now[0], 15)
    now[0] = 110.0
    assert deadline.left() == 5
    assert deadline.left(2) == 2
    assert (deadline.within(3).left(), deadline.within(7).left()) == (3, 5)
    now[0] = 115.0
    with pytest.raises(httpcore.TimeoutException):
        deadline.left()
