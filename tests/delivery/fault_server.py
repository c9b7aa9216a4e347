"""Receivers that fail in every way that is known, on a clock of their own.

The servers are real and on loopback; time is not: whoever would let others wait sets the clock
forward instead. The client waits for its answer meanwhile, so everything happens in one order, and
a seed gives it again. What a server took in, and whether its answer can have arrived, it writes
down itself: nothing of that comes from the code under test.
"""

import contextlib
import json
import re
import socket
import socketserver
import ssl
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from random import Random
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

PEM = Path(__file__).parents[1] / "notify" / "tls" / "hooks.example.pem"
#: How long one waits for anything that must come, in real seconds.
PATIENCE = 60.0
_NOTICE = re.compile(r"N-[0-9A-F]{20}")
#: What becomes of a request, and how often; `*` is processed, and the answer does not arrive.
FATES: Mapping[str, int] = {
    "ok": 46,
    "500": 9,
    "429": 5,
    "code": 9,
    "timeout": 3,
    "timeout*": 3,
    "drip": 2,
    "drip*": 2,
    "lost*": 6,
    "reset": 3,
    "reset*": 4,
    "half*": 3,
    "redirect": 2,
    "no robot": 3,
}


@dataclass
class Clock:
    """Seconds that pass when somebody says so."""

    seconds: float

    def now(self) -> int:
        """As the product sees it: whole seconds."""
        return int(self.seconds)

    def monotonic(self) -> float:
        """As deadlines are counted."""
        return self.seconds


@dataclass
class Book:
    """What the receivers have seen."""

    #: How often each notice was taken in.
    taken: Counter[str] = field(default_factory=Counter)
    #: How often a notice was taken in by somebody whose answer was lost.
    unanswered: Counter[str] = field(default_factory=Counter)
    #: When each robot was called.
    calls: dict[str, list[float]] = field(default_factory=dict)
    fates: Counter[str] = field(default_factory=Counter)
    requests: int = 0

    def take(self, text: str, *, answered: bool) -> None:
        """Note the notices that a text names."""
        for number in set(_NOTICE.findall(text)):
            self.taken[number] += 1
            if not answered:
                self.unanswered[number] += 1


class _Hooks(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, clock: Clock, book: Book, random: Random) -> None:
        super().__init__(("127.0.0.1", 0), _Hook)
        self.clock = clock
        self.book = book
        self.random = random
        #: Called with the path when a message was taken in, before it is answered.
        self.taken_in: Callable[[str], None] = lambda path: None
        self.fates: Mapping[str, int] = FATES

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Hook(socketserver.BaseRequestHandler):
    server: _Hooks
    request: socket.socket

    def handle(self) -> None:
        self.request.settimeout(PATIENCE)
        with contextlib.suppress(OSError):
            path, body = self._read()
            self._answer(path, body)

    def _read(self) -> tuple[str, str]:
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._part()
        head, _, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: *([0-9]+)", head)
        while length is not None and len(body) < int(length[1]):
            body += self._part()
        return head.split(b" ")[1].decode(), body.decode("utf-8")

    def _part(self) -> bytes:
        part = self.request.recv(65536)
        if not part:
            raise OSError("the client has gone")
        return part

    def _answer(self, path: str, body: str) -> None:
        server, book = self.server, self.server.book
        server.clock.seconds += server.random.uniform(0, 0.7)
        robot = path.split("&")[0]
        book.calls.setdefault(robot, []).append(server.clock.seconds)
        book.requests += 1
        fates = {"ok": 1, "500": 0} if path.startswith("/sound") else server.fates
        fate = server.random.choices(list(fates), list(fates.values()))[0]
        if path.startswith("/down"):
            fate = "500"
        if fate == "no robot" and path.startswith("/hook"):
            fate = "ok"  # an answer without a code is a good one there
        book.fates[fate] += 1
        if fate == "ok" or fate.endswith("*"):
            book.take(json.dumps(json.loads(body), ensure_ascii=False), answered=fate == "ok")
            server.taken_in(path)
        server.clock.seconds += server.random.uniform(0, 0.7)
        self._do(fate.rstrip("*"), path)

    def _do(self, fate: str, path: str) -> None:
        if fate == "ok":
            self._say(200, '{"errcode": 0, "code": 0}')
        elif fate == "500":
            self._say(500, "")
        elif fate == "429":
            self._say(429, "", f"Retry-After: {self.server.random.randrange(1, 300)}\r\n")
        elif fate == "code":
            code = self.server.random.choice([45009, 130101, 11232, 40013, -1])
            self._say(200, json.dumps({"errcode": code, "code": code}))
        elif fate == "no robot":
            self._say(200, "<html>log in</html>")
        elif fate == "redirect":
            self._say(302, "", "Location: http://127.0.0.1:1/\r\n")
        elif fate == "timeout":
            self.server.clock.seconds += 61
            self._wait_after(b"H")
        elif fate == "drip":
            self.request.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            for _ in range(100):
                self.server.clock.seconds += 1
                self.request.sendall(b"a")
            self._wait_after(b"")
        elif fate == "half":
            self.request.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{"code"')
        elif fate == "reset":
            linger = struct.pack("ii", 1, 0)
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.request.close()

    def _wait_after(self, part: bytes) -> None:
        """Send something and wait until the client has had enough."""
        self.request.sendall(part)
        while self.request.recv(65536):
            pass

    def _say(self, status: int, body: str, headers: str = "") -> None:
        raw = body.encode()
        head = f"HTTP/1.1 {status} X\r\n{headers}Content-Length: {len(raw)}\r\n\r\n"
        self.request.sendall(head.encode() + raw)


@contextlib.contextmanager
def hooks(clock: Clock, book: Book, random: Random) -> Iterator[_Hooks]:
    """A running HTTP server: `/hook` and robots fail, `/down` always does, `/sound` never."""
    with _Hooks(clock, book, random) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def wrong_tls() -> Iterator[int]:
    """A server whose certificate is another host's; its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                context.wrap_socket(self.request, server_side=True).recv(1)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


@dataclass
class MailFaults:
    """A mail server that puts off, refuses, hangs up and loses its answers."""

    clock: Clock
    book: Book
    random: Random
    port: int = 0

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Greylisting: come again."""
        envelope.rcpt_tos.append(address)
        self.book.requests += 1
        self.clock.seconds += self.random.uniform(0, 0.5)
        if self.random.random() < 0.15:
            self.book.fates["mail 451"] += 1
            return "451 come again"
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take it, or not, and say so, or not."""
        assert isinstance(envelope.content, bytes)
        letter = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(letter, EmailMessage)
        text = letter.get_content()
        fates = ["ok"] * 6 + ["lost*", "late*", "452", "hang up"]
        fate = self.random.choice(fates)
        self.book.fates[f"mail {fate}"] += 1
        if fate == "ok" or fate.endswith("*"):
            self.book.take(text, answered=fate == "ok")
        if fate in ("lost*", "hang up"):
            server.transport.close()
        if fate == "late*":
            self.clock.seconds += 61
        return "452 disk full" if fate == "452" else "250 OK"


class _Controller(Controller):
    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextlib.contextmanager
def mail(clock: Clock, book: Book, random: Random) -> Iterator[MailFaults]:
    """A running aiosmtpd with these faults."""
    kept = MailFaults(clock, book, random)
    controller = _Controller(kept, hostname="127.0.0.1", port=0)
    controller.start()
    kept.port = controller.port
    try:
        yield kept
    finally:
        controller.stop()


def most_within(moments: Sequence[float], seconds: float) -> int:
    """The most calls that any window of so many seconds holds: [t, t + seconds)."""
    most = first = 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def outcome(book: Book) -> dict[str, Any]:
    """Figures to be printed."""
    return {
        "requests": book.requests,
        "notices taken": len(book.taken),
        "duplicates": sum(number - 1 for number in book.taken.values()),
        "answers lost": sum(book.unanswered.values()),
        "fates": dict(sorted(book.fates.items())),
    }
