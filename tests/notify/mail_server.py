"""A mail server on loopback (aiosmtpd) that keeps what it takes, and can be told to misbehave."""

import contextlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

PEM = Path(__file__).parent / "tls" / "hooks.example.pem"
USER, PASSWORD = "effmon", "canary-9f2a-password"
HANG_UP = "hang up"


@dataclass(repr=False)
class MailServer:
    """What arrived, and where; `answers` says what is answered instead at which step."""

    port: int = 0
    answers: dict[str, str] = field(default_factory=dict)
    raw: list[bytes] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    secured: list[bool] = field(default_factory=list)
    logged_in: list[bytes] = field(default_factory=list)

    @property
    def letters(self) -> list[EmailMessage]:
        """The messages as a mail program reads them."""
        read = [message_from_bytes(raw, policy=policy.default) for raw in self.raw]
        return [letter for letter in read if isinstance(letter, EmailMessage)]

    async def _told(self, server: SMTP, step: str, usual: str) -> str:
        answer = self.answers.get(step, usual)
        if answer == HANG_UP:
            server.transport.close()
        return answer

    async def handle_EHLO(  # noqa: N802
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        name: str,
        responses: list[str],
    ) -> list[str]:
        session.host_name = name
        answer = await self._told(server, "EHLO", "")
        return [answer] if answer else responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return await self._told(server, "MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return await self._told(server, "RCPT", "250 OK")

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        answer = await self._told(server, "DATA", "250 OK")
        if answer.startswith(("250", HANG_UP)):
            assert isinstance(envelope.content, bytes)
            self.raw.append(envelope.content)
            self.envelopes.append((str(envelope.mail_from), list(envelope.rcpt_tos)))
            self.secured.append(server.transport.get_extra_info("ssl_object") is not None)
        return answer

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        good = data.login == USER.encode() and data.password == PASSWORD.encode()
        if good:
            self.logged_in.append(data.login)
        return AuthResult(success=good, handled=False)


class _Controller(Controller):
    """Serves on a port that is free, and knows it."""

    def __init__(self, server: MailServer, **options: Any) -> None:
        super().__init__(server, hostname="127.0.0.1", port=0, **options)
        self._kept = server

    def _trigger_server(self) -> None:
        # Port 0 was asked for: the real one is known once the server listens.
        assert self.server is not None
        self.port = self._kept.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextlib.contextmanager
def mail_server(mode: str = "none", *, log_in: bool = False) -> Iterator[MailServer]:
    """A running server: `none`, `starttls` (demanded) or `tls`; `log_in` demands a password."""
    kept = MailServer()
    options: dict[str, Any] = {}
    if mode != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(PEM)
        if mode == "tls":
            options["ssl_context"] = context
        else:
            options |= {"tls_context": context, "require_starttls": True}
    if log_in:
        options |= {
            "authenticator": kept.authenticate,
            "auth_required": True,
            # A connection that is TLS from the start counts as having none here.
            "auth_require_tls": mode == "starttls",
        }
    controller = _Controller(kept, **options)
    controller.start()
    try:
        yield kept
    finally:
        controller.stop()
