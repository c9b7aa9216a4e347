"""Receivers that misbehave: real servers on loopback, each with one bad habit."""

import contextlib
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

#: Pace of a server that drips, and how long one waits for anything, in seconds.
PACE = 0.02
PATIENCE = 30.0


@dataclass
class Receiver:
    """A running server: where it is, and the raw requests that it has read."""

    port: int
    stop: threading.Event
    requests: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"


Habit = Callable[[socket.socket, threading.Event], None]


@contextlib.contextmanager
def receiver(habit: Habit, *, whole: bool = True) -> Iterator[Receiver]:
    """A server that reads each request (all of it, or what comes first), then does `habit`."""
    running = Receiver(0, threading.Event())

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.settimeout(PATIENCE)
            with contextlib.suppress(OSError):
                read = _read_request if whole else _read_some
                running.requests.append(read(self.request))
                habit(self.request, running.stop)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        running.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": PACE})
        thread.start()
        try:
            yield running
        finally:
            running.stop.set()
            server.shutdown()
            thread.join()


def _read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return data
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        part = connection.recv(65536)
        if not part:
            break
        body += part
    return head + b"\r\n\r\n" + body


def _read_some(connection: socket.socket) -> bytes:
    return connection.recv(65536)


def silent(connection: socket.socket, stop: threading.Event) -> None:
    """Never answers."""
    stop.wait(PATIENCE)


def drip_head(connection: socket.socket, stop: threading.Event) -> None:
    """Sends the headers one byte at a time, for ever."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not stop.wait(PACE):
        connection.sendall(b"a")


def drip_body(connection: socket.socket, stop: threading.Event) -> None:
    """Sends the body one byte at a time, for ever."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
    while not stop.wait(PACE):
        connection.sendall(b" ")


def hang_up(connection: socket.socket, stop: threading.Event) -> None:
    """Closes without an answer."""
    connection.close()


def reset(connection: socket.socket, stop: threading.Event) -> None:
    """Resets the connection after it has read everything."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def half_body(connection: socket.socket, stop: threading.Event) -> None:
    """Promises more than it sends."""
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"code"')


def no_http(connection: socket.socket, stop: threading.Event) -> None:
    """Speaks something else."""
    connection.sendall(b"220 mail ready\r\n")


def endless(connection: socket.socket, stop: threading.Event) -> None:
    """Answers 200 with a body that has no end."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while not stop.is_set():
        connection.sendall(b"x" * 65536)


def answering(reply: bytes) -> Habit:
    """Answers with these bytes and closes."""

    def habit(connection: socket.socket, stop: threading.Event) -> None:
        connection.sendall(reply)

    return habit


@contextlib.contextmanager
def speaking_first(habit: Habit) -> Iterator[int]:
    """The port of a server that does `habit` at once, before it has read anything."""
    stop = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.settimeout(PATIENCE)
            with contextlib.suppress(OSError):
                habit(self.request, stop)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": PACE})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            stop.set()
            server.shutdown()
            thread.join()
