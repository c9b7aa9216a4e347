"""Messages by e-mail, handed to one mail server (SMTP).

The server's address is checked and pinned like every other receiver's, and one deadline holds for
everything from the name look-up to the last answer. TLS is demanded, never only tried: a server
that does not offer it gets neither password nor message, unless the settings say so. An answer 4xx
or a broken connection is tried again, also when it broke after the message was handed over and it
may have arrived: the repeat has the same Message-ID. An answer 5xx is a refusal.
"""

import io
import re
import smtplib
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING, Final, Literal

import httpcore
from pydantic import SecretStr

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.outbound.connection import (
    Deadline,
    Resolver,
    system_resolver,
    tls_reason,
)
from efficiency_monitor.outbound.endpoint import Endpoint, Network
from efficiency_monitor.outbound.timed_socket import TimedReader, open_socket, send_all

from ..plain import plain_line
from .channel import Limit, Message, Refused, Result, Retry, Sent, receiver
from .posting import reach, tls_context

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

Tls = Literal["starttls", "tls", "none"]
PORTS: Final[dict[Tls, int]] = {"starttls": 587, "tls": 465, "none": 25}
MOST_ANSWER_BYTES: Final = 64 * 1024
GOODBYE_SECONDS: Final = 2
_LONGEST_NAME: Final = 60
_LONGEST_SUBJECT: Final = 200
#: What mail systems take without extensions, and nothing that could end a command.
_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """How to reach the mail server, and who the messages come from."""

    host: str
    #: None: 587 for STARTTLS, 465 for TLS, 25 without.
    port: int | None = None
    tls: Tls = "starttls"
    #: Without TLS everybody on the way reads message and password: it has to be said twice.
    allow_plaintext: bool = False
    user: str | None = None
    password: SecretStr | None = None
    sender: str
    sender_name: str = ""
    #: Networks that are not public and yet meant, as a government intranet's mail server.
    allowed_networks: tuple[Network, ...] = ()
    #: File with the certificates to trust instead of the system's.
    ca_file: str | None = None
    #: For everything together, from the name look-up to the server's last answer.
    total_seconds: float = 30


class Mail:
    """Hands each message to the mail server once per call, within the time limit."""

    name = "mail"
    wakes = True
    limits: tuple[Limit, ...] = ()
    longest_bytes = None
    group = False

    def __init__(
        self,
        settings: MailSettings,
        *,
        clock: Callable[[], int],
        monotonic: Callable[[], float],
        resolver: Resolver = system_resolver,
    ) -> None:
        """`clock` gives the unix seconds of the Date, `monotonic` seconds for the deadline.

        ConfigurationError when the settings cannot work.
        """
        _check(settings)
        self._settings = settings
        self._port = PORTS[settings.tls] if settings.port is None else settings.port
        self._tls = tls_context(settings.ca_file, self.name)
        self._clock = clock
        self._monotonic = monotonic
        self._resolver = resolver

    def counted_as(self, message: Message) -> str:
        """The mail server: it takes the messages of everybody."""
        return receiver(self.name, self._settings.host, str(self._port))

    def send(self, message: Message) -> Result:
        """Hand the message over. Raises nothing for what is to be expected of a server."""
        settings, host = self._settings, self._settings.host
        if not is_address(message.address):
            return Refused("the address is no e-mail address")
        data = letter(message.cleaned(), settings, self._clock()).as_bytes()
        deadline = Deadline(self._monotonic, settings.total_seconds)
        try:
            addresses = reach(
                Endpoint("smtp", host, self._port, b""),
                self._resolver,
                deadline,
                settings.allowed_networks,
            )
            if not isinstance(addresses, tuple):
                return addresses
            connection = open_socket(addresses, self._port, deadline)
            with _Dialogue(host, connection, deadline) as dialogue:
                return self._hand_over(dialogue, message.address, data)
        except httpcore.TimeoutException:
            return Retry(f"{host} did not answer in time")
        except _Answered as answer:
            return answer.meaning(host)
        except ssl.SSLError as fault:
            reason = tls_reason(fault)
            return Refused(f"{host}: {reason}") if reason else Retry(f"{host} broke off")
        except (OSError, smtplib.SMTPException):
            return Retry(f"{host} cannot be reached or broke off")

    def _hand_over(self, dialogue: "_Dialogue", address: str, data: bytes) -> Result:
        settings, host = self._settings, self._settings.host
        if settings.tls == "tls":
            dialogue.secure(self._tls)
        dialogue.greet()
        if settings.tls == "starttls":
            if not dialogue.has_extn("starttls"):
                return Refused(f"{host} does not offer STARTTLS: set tls to what it has")
            dialogue.ask("STARTTLS", "STARTTLS")
            dialogue.secure(self._tls)
            dialogue.hello()
        if settings.user is not None and settings.password is not None:
            if not dialogue.has_extn("auth"):
                return Refused(f"{host} offers no log-in: leave user and password out")
            dialogue.log_in(settings.user, settings.password)
        dialogue.ask("MAIL", f"MAIL FROM:<{settings.sender}>")
        dialogue.ask("RCPT", f"RCPT TO:<{address}>")
        dialogue.hand_over(data)
        return Sent(f"{host} took it")


class _Answered(Exception):
    """The server answered a step otherwise than with a success; its words are not kept."""

    def __init__(self, step: str, code: int) -> None:
        super().__init__(step, code)
        self.step = step
        self.code = code

    def meaning(self, host: str) -> Result:
        """5xx is final, all else passes."""
        said = f"{host} answered {self.code} to {self.step}"
        return Refused(said) if 500 <= self.code < 600 else Retry(said)


class _Dialogue(smtplib.SMTP):
    """smtplib's dialogue over a connection that is there, each step within the deadline."""

    def __init__(self, host: str, connection: socket.socket, deadline: Deadline) -> None:
        # A name of its own would be looked up; the address literal needs no look-up.
        super().__init__(local_hostname=_literal(connection))
        self._name = host
        self._deadline = deadline
        self.sock = connection
        self.file = None

    def __exit__(self, *fault: object) -> None:
        """Take leave where that is still possible, and close in any case.

        What was decided stands: a server that is slow to say goodbye is not waited for.
        """
        with suppress(OSError, smtplib.SMTPException, httpcore.TimeoutException):
            if fault[0] is None:
                self._deadline = self._deadline.within(GOODBYE_SECONDS)
                self.file = None
                self.docmd("QUIT")
        self.close()

    def getreply(self) -> tuple[int, bytes]:
        """One answer of the server; smtplib.SMTPServerDisconnected when it broke off."""
        if self.file is None and self.sock is not None:
            self.file = io.BufferedReader(TimedReader(self.sock, self._deadline, MOST_ANSWER_BYTES))
        return super().getreply()

    def send(self, s: "ReadableBuffer | str") -> None:
        """Send the bytes, all of them."""
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected
        data = s.encode("ascii") if isinstance(s, str) else bytes(s)
        send_all(self.sock, data, self._deadline)

    def secure(self, context: ssl.SSLContext) -> None:
        """TLS from here on; what was read before is forgotten, as nobody vouches for it."""
        assert self.sock is not None
        self.sock.settimeout(self._deadline.left())
        try:
            self.sock = context.wrap_socket(self.sock, server_hostname=self._name)
        except TimeoutError:
            raise httpcore.TimeoutException from None
        self.file = None
        self.ehlo_resp = self.helo_resp = None
        self.esmtp_features = {}
        self.does_esmtp = False

    def ask(self, step: str, command: str, *, success: int = 2) -> None:
        """A command that is to be answered with a success; _Answered otherwise."""
        code, _ = self.docmd(command)
        if code // 100 != success:
            raise _Answered(step, code)

    def greet(self) -> None:
        """The server's greeting, and ours."""
        code, _ = self.getreply()
        if code != 220:
            raise _Answered("the connection", code)
        self.hello()

    def hello(self) -> None:
        """EHLO, and HELO for a server that does not know it."""
        code, _ = self.ehlo()
        if code // 100 == 5:
            code, _ = self.helo()
        if code // 100 != 2:
            raise _Answered("EHLO", code)

    def log_in(self, user: str, password: SecretStr) -> None:
        """Log in by the best of the ways that the server offers."""
        try:
            self.login(user, password.get_secret_value())
        except smtplib.SMTPAuthenticationError as fault:
            raise _Answered("the log-in", fault.smtp_code) from None
        except smtplib.SMTPNotSupportedError:
            raise _Answered("the log-in", 504) from None

    def hand_over(self, data: bytes) -> None:
        """The message itself; once the server has answered, it is the server's."""
        self.ask("DATA", "DATA", success=3)
        self.send(re.sub(rb"(?m)^\.", b"..", data) + b".\r\n")
        code, _ = self.getreply()
        if code // 100 != 2:
            raise _Answered("the message", code)


def is_address(text: str) -> bool:
    """Whether it is an e-mail address that every server takes: ASCII, at most 254 characters."""
    return len(text) <= 254 and _ADDRESS.fullmatch(text) is not None


def letter(message: Message, settings: MailSettings, at: int) -> EmailMessage:
    """The message as an e-mail, dated `at` (unix seconds); a repeat has the same Message-ID."""
    made = EmailMessage(policy=SMTP)
    sender_name = plain_line(settings.sender_name, longest=_LONGEST_NAME)
    recipient = plain_line(message.recipient, longest=_LONGEST_NAME)
    made["From"] = Address(display_name=sender_name, addr_spec=settings.sender)
    made["To"] = Address(display_name=recipient, addr_spec=message.address)
    made["Subject"] = plain_line(message.subject, longest=_LONGEST_SUBJECT)
    made["Date"] = datetime.fromtimestamp(at, UTC)
    made["Message-ID"] = f"<{message.message_id}@{settings.sender.partition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    made["X-Effmon-Message-Id"] = message.message_id
    made.set_content(message.text, charset="utf-8", cte="base64")
    for attached in message.attachments:
        # As bytes: a mail program must not turn its line ends into others.
        made.add_attachment(
            attached.text.encode(),
            maintype="application",
            subtype="octet-stream",
            filename=attached.name,
        )
    return made


def _check(settings: MailSettings) -> None:
    """ConfigurationError for what cannot work, before anything is sent."""
    if not is_address(settings.sender):
        raise ConfigurationError(
            "channel mail: `sender` is no e-mail address", "write one, such as effmon@example.cn"
        )
    if settings.tls == "none" and not settings.allow_plaintext:
        raise ConfigurationError(
            'channel mail: tls = "none" sends everything readable to all on the way',
            'use tls = "starttls", or set allow_plaintext = true as well',
        )
    secret = settings.password.get_secret_value() if settings.password else ""
    if settings.user is not None and not secret:
        raise ConfigurationError(
            "channel mail: there is a user and no password", "name the variable in password_env"
        )
    if not f"{settings.user or ''}{secret}".isascii():
        raise ConfigurationError(
            "channel mail: user and password have to be in ASCII", "ask for others"
        )


def _literal(connection: socket.socket) -> str:
    """This machine's address as it stands in EHLO: `[10.1.2.3]`, `[IPv6:fd00::1]`."""
    address = str(connection.getsockname()[0]).partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"
