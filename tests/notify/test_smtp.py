"""Mail against a real mail server: aiosmtpd on loopback, right, wrong, slow and hostile."""

import re
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.notify.channels.channel import Message, Refused, Retry, Sent
from efficiency_monitor.notify.channels.smtp import Mail, MailSettings, letter
from tests.notify import mail_habits as habits
from tests.notify import receivers
from tests.notify.conftest import LOOPBACK, NOW, a_mail, a_message
from tests.notify.mail_server import HANG_UP, PASSWORD, PEM, USER, mail_server
from tests.notify.receivers import receiver, speaking_first

TO = a_message()
SECRET_OPTIONS = {"user": USER, "password": SecretStr(PASSWORD)}


def named(port: int, **more: Any) -> Mail:
    """To a server by the name that stands in the certificate."""
    return a_mail(
        port,
        host="hooks.example",
        resolver=lambda host, port: ["127.0.0.1"],
        ca_file=str(PEM),
        **more,
    )


def test_a_letter_arrives_with_its_names_and_its_number() -> None:
    with mail_server() as server:
        assert a_mail(server.port).send(TO) == Sent("127.0.0.1 took it")
    (got,) = server.letters
    assert server.envelopes == [("effmon@city.example", ["wang@housing.example"])]
    assert got["From"].addresses[0].display_name == "行政效能监察"
    assert got["To"].addresses[0].display_name == "王某某"
    assert got["Subject"] == "效能监察通知：红牌 1"
    assert got["Message-ID"] == "<m-0001@city.example>"
    assert got["X-Effmon-Message-Id"] == "m-0001"
    assert got["Auto-Submitted"] == "auto-generated"
    assert got["Date"].datetime.timestamp() == NOW
    assert got.get_content_type() == "text/plain"
    assert _text(got) == "1. 【红牌】办件 A-1\n"
    assert server.raw[0].isascii(), "no server needs an extension for it"


def _text(got: EmailMessage) -> str:
    """The lines as they are shown: in transit each ends with CR LF."""
    return str(got.get_content()).replace("\r\n", "\n")


def test_a_repeat_is_the_same_letter() -> None:
    with mail_server() as server:
        mail = a_mail(server.port)
        mail.send(TO)
        mail.send(TO)
    assert server.raw[0] == server.raw[1]


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("mode", ["starttls", "tls"])
def test_tls_with_a_password(mode: str) -> None:
    with mail_server(mode, log_in=True) as server:
        result = named(server.port, tls=mode, **SECRET_OPTIONS).send(TO)
        assert result == Sent("hooks.example took it")
        wrong = {"user": USER, "password": SecretStr("wrong")}
        assert named(server.port, tls=mode, **wrong).send(TO) == Refused(
            "hooks.example answered 535 to the log-in"
        )
        nobody = named(server.port, tls=mode).send(TO)
        assert nobody == Refused("hooks.example answered 530 to MAIL")
    assert server.secured == [True]
    assert server.logged_in == [USER.encode()]


@pytest.mark.parametrize("mode", ["starttls", "tls"])
@pytest.mark.parametrize(
    ("host", "ca_file", "reason"),
    [("hooks.example", None, "not trusted"), ("other.example", str(PEM), "Hostname mismatch")],
)
def test_a_wrong_certificate_is_refused_before_anything_is_said(
    mode: str, host: str, ca_file: str | None, reason: str
) -> None:
    with mail_server(mode) as server:
        mail = a_mail(
            server.port,
            host=host,
            resolver=lambda host, port: ["127.0.0.1"],
            ca_file=ca_file,
            tls=mode,
            **SECRET_OPTIONS,
        )
        result = mail.send(TO)
    assert isinstance(result, Refused)
    assert reason in result.reason
    assert server.raw == server.logged_in == []


def test_tls_is_demanded_where_the_server_has_none() -> None:
    with mail_server() as server:
        downgraded = named(server.port, tls="starttls", **SECRET_OPTIONS).send(TO)
        wrapped = named(server.port, tls="tls").send(TO)
    assert downgraded == Refused("hooks.example does not offer STARTTLS: set tls to what it has")
    assert isinstance(wrapped, Refused)
    assert "TLS" in wrapped.reason
    assert server.raw == []


def test_a_server_that_offers_no_log_in_gets_no_password() -> None:
    with mail_server() as server:
        result = a_mail(server.port, **SECRET_OPTIONS).send(TO)
    assert result == Refused("127.0.0.1 offers no log-in: leave user and password out")


@pytest.mark.parametrize(
    ("code", "kind"), [(421, Retry), (450, Retry), (550, Refused), (554, Refused)]
)
@pytest.mark.parametrize(
    ("step", "said"), [("MAIL", "MAIL"), ("RCPT", "RCPT"), ("DATA", "the message")]
)
def test_4xx_is_tried_again_and_5xx_refused(step: str, said: str, code: int, kind: type) -> None:
    with mail_server() as server:
        server.answers[step] = f"{code} canary words of the server"
        result = a_mail(server.port).send(TO)
    assert result == kind(f"127.0.0.1 answered {code} to {said}")
    assert server.raw == []


@pytest.mark.parametrize("step", ["EHLO", "MAIL", "RCPT", "DATA"])
def test_a_server_that_hangs_up_is_tried_again(step: str) -> None:
    """After DATA it may have the letter: the repeat has the same Message-ID."""
    with mail_server() as server:
        server.answers[step] = HANG_UP
        mail = a_mail(server.port)
        assert mail.send(TO) == Retry("127.0.0.1 cannot be reached or broke off")
        del server.answers[step]
        assert isinstance(mail.send(TO), Sent)
    ids = [got["Message-ID"] for got in server.letters]
    assert ids == ["<m-0001@city.example>"] * (2 if step == "DATA" else 1)


def _line(text: bytes) -> receivers.Habit:
    return receivers.answering(text)


@pytest.mark.parametrize(
    ("greeting", "kind"),
    [
        (b"421 too busy\r\n", Retry),
        (b"554 go away\r\n", Refused),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Retry),
        (b"\xff\xfe\x00\r\n", Retry),
        (b"", Retry),
        (b"220", Retry),
    ],
)
def test_what_is_no_mail_server_or_does_not_want_to_be_one(greeting: bytes, kind: type) -> None:
    with speaking_first(_line(greeting)) as running:
        assert isinstance(a_mail(running).send(TO), kind)


def test_a_server_that_does_not_say_goodbye_is_not_waited_for() -> None:
    """It is silent until `send` has come back; the deadline is a day."""
    with speaking_first(habits.silent_at_quit) as port:
        assert a_mail(port, total_seconds=24 * 3600).send(TO) == Sent("127.0.0.1 took it")


@pytest.mark.parametrize(
    ("habit", "tls"),
    [
        (receivers.silent, "none"),
        (habits.drip, "none"),
        (habits.drip_lines, "none"),
        (habits.drip_after_data, "none"),
        (habits.silent_at_tls, "starttls"),
        (receivers.silent, "tls"),
    ],
    ids=["silent", "drip", "drip-lines", "drip-after-data", "silent-at-starttls", "silent-at-tls"],
)
def test_one_deadline_holds_for_a_server_that_is_slow(habit: receivers.Habit, tls: str) -> None:
    """The server goes on until it is stopped, which happens after `send` has come back."""
    with speaking_first(habit) as port:
        result = a_mail(port, tls=tls, total_seconds=0.4).send(TO)
    assert result == Retry("127.0.0.1 did not answer in time")


def test_the_deadline_holds_for_the_name_look_up_too() -> None:
    forever = threading.Event()
    try:
        mail = a_mail(
            1, host="mail.example", resolver=lambda h, p: [str(forever.wait(30))], total_seconds=0.2
        )
        assert mail.send(TO) == Retry("mail.example did not answer in time")
    finally:
        forever.set()


def test_a_server_that_never_stops_talking_fills_no_memory() -> None:
    with speaking_first(habits.flood) as port:
        assert a_mail(port).send(TO) == Retry("127.0.0.1 cannot be reached or broke off")


def test_what_is_smuggled_in_before_tls_is_forgotten() -> None:
    """An answer sent along with that to STARTTLS, in the clear, must not pass for one under TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    heard: list[bytes] = []

    def smuggle(connection: Any, stop: threading.Event) -> None:
        connection.sendall(b"220 mail\r\n")
        connection.recv(65536)
        connection.sendall(b"250-mail\r\n250 STARTTLS\r\n")
        connection.recv(65536)
        connection.sendall(b"220 go on\r\n250-mail\r\n250 AUTH PLAIN\r\n")
        with context.wrap_socket(connection, server_side=True) as secured:
            heard.append(secured.recv(65536))
            secured.sendall(b"250 mail\r\n")
            heard.append(secured.recv(65536))

    with speaking_first(smuggle) as port:
        result = named(port, tls="starttls", **SECRET_OPTIONS).send(TO)
    assert isinstance(result, Refused | Retry)
    assert PASSWORD.encode() not in b"".join(heard)


def test_a_mail_server_on_the_inner_network_has_to_be_listed() -> None:
    with mail_server() as server:
        refused = a_mail(server.port, allowed_networks=()).send(TO)
        assert isinstance(refused, Refused)
        assert "allow_networks" in refused.reason
        rebound = a_mail(
            server.port, host="mail.example", resolver=lambda h, p: ["127.0.0.1", "10.0.0.1"]
        ).send(TO)
        assert isinstance(rebound, Refused), "one bad address among the host's refuses all"
    assert server.raw == []


def test_the_next_address_of_the_host_is_tried() -> None:
    with mail_server() as server, receiver(receivers.hang_up) as gone:
        assert gone.port
        mail = a_mail(
            server.port, host="mail.example", resolver=lambda h, p: ["127.0.0.99", "127.0.0.1"]
        )
        assert mail.send(TO) == Sent("mail.example took it")
    assert a_mail(server.port).send(TO) == Retry("127.0.0.1 cannot be reached or broke off")


def _no_name(host: str, port: int) -> list[str]:
    raise OSError(-2, "Name or service not known")


def _long_label(host: str, port: int) -> list[str]:
    raise UnicodeError("label too long")


@pytest.mark.parametrize(("resolver", "kind"), [(_no_name, Retry), (_long_label, Refused)])
def test_a_host_that_is_not_found(resolver: Callable[..., Any], kind: type) -> None:
    assert isinstance(a_mail(25, host="mail.example", resolver=resolver).send(TO), kind)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "王@housing.example",
        "wang",
        "wang@",
        "@housing.example",
        "a@b@c.example",
        "wang@housing.example>\r\nRCPT TO:<x@y.example",
        "wang@housing.example\n",
        "wang@housing.example, li@housing.example",
        "<wang@housing.example>",
        '"wang li"@housing.example',
        "wang@-housing.example",
        "w" * 250 + "@x.example",
    ],
)
def test_what_is_no_address_is_refused_and_not_shown(address: str) -> None:
    result = a_mail(9).send(replace(TO, address=address))
    assert result == Refused("the address is no e-mail address")


NAMES = st.text(max_size=80) | st.text(
    st.sampled_from('王a,;:<>@"\\()[]. =?_\r\n\t\u202e\U0001f600'), max_size=80
)


@given(name=NAMES, subject=NAMES, text=st.text(max_size=200))
@settings(max_examples=300)
def test_no_text_adds_a_header_an_address_or_a_line(name: str, subject: str, text: str) -> None:
    message = Message(
        message_id="m-1",
        recipient=name,
        address="wang@housing.example",
        subject=subject,
        text=text,
        notices=(),
    ).cleaned()
    chosen = MailSettings(host="h", sender="effmon@city.example", sender_name=name)
    raw = letter(message, chosen, NOW).as_bytes()
    head, _, body = raw.partition(b"\r\n\r\n")
    assert raw.isascii()
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    fields = [line.split(b":")[0] for line in re.split(rb"\r\n(?![ \t])", head)]
    assert fields == [
        b"From", b"To", b"Subject", b"Date", b"Message-ID", b"Auto-Submitted",
        b"X-Effmon-Message-Id", b"Content-Type", b"Content-Transfer-Encoding", b"MIME-Version",
    ]  # fmt: skip
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    unfolded = {
        line.split(b":")[0]: re.sub(rb"\r\n", b"", line).split(b":", 1)[1].decode()
        for line in re.split(rb"\r\n(?![ \t])", head)
    }
    # An old mail program's reading: one address, and the right one.
    assert parseaddr(unfolded[b"To"])[1] == "wang@housing.example"
    assert parseaddr(unfolded[b"From"])[1] == "effmon@city.example"


@given(text=st.text(max_size=300))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_arrives_as_it_was_cleaned(text: str, mail_to_keep: tuple[Mail, Any]) -> None:
    mail, server = mail_to_keep
    message = replace(TO, text=text)
    assert isinstance(mail.send(message), Sent)
    assert _text(server.letters[-1]).rstrip("\n") == message.cleaned().text.rstrip("\n")


@pytest.fixture
def mail_to_keep() -> Any:
    with mail_server() as server:
        yield a_mail(server.port), server


def test_wrong_settings_are_named_at_once(tmp_path: Path) -> None:
    for more, said in (
        ({"sender": "effmon"}, "no e-mail address"),
        ({"sender": "e@x.example>\r\nX: y"}, "no e-mail address"),
        ({"tls": "none", "allow_plaintext": False}, "readable"),
        ({"user": USER}, "no password"),
        ({"user": USER, "password": SecretStr("密码")}, "ASCII"),
        ({"ca_file": str(tmp_path / "none.pem")}, "cannot read certificates"),
    ):
        with pytest.raises(ConfigurationError, match=said):
            a_mail(25, **more)


def test_no_secret_shows() -> None:
    chosen = MailSettings(host="h", sender="a@b.example", user=USER, password=SecretStr(PASSWORD))
    assert PASSWORD not in repr(chosen)
    assert PASSWORD not in str(vars(Mail(chosen, clock=lambda: NOW, monotonic=time.monotonic)))
    assert LOOPBACK
