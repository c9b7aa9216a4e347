"""A proxy before a PostgreSQL server that cuts the connection at one COMMIT.

Before it, so that nothing was written; or after it, when the server has committed and only its
answer is lost: the client cannot tell the two apart.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

NAME = ".s.PGSQL.5432"
#: The server is ready for the next command, outside of any transaction.
_READY = b"Z\x00\x00\x00\x05I"


@dataclass
class Cutting:
    """Where to cut: at which COMMIT from now on, 1 being the next; 0 never."""

    at: int = 0
    before: bool = False
    commits: int = 0
    cuts: int = 0
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def arm(self, at: int, *, before: bool) -> None:
        """Cut at that COMMIT, once."""
        with self._guard:
            self.at, self.before, self.commits, self.cuts = at, before, 0, 0

    def strikes(self, sent: bytes) -> bool:
        """Whether what the client sends is the COMMIT to be cut at."""
        # A transaction that begins says READ COMMITTED.
        if b"COMMIT\x00" not in sent:
            return False
        with self._guard:
            self.commits += 1
            if self.commits != self.at:
                return False
            self.cuts += 1
            return True


@contextmanager
def proxy(server: Path, folder: Path) -> Iterator[Cutting]:
    """Listen in `folder`, as the server does in `server`."""
    cutting = Cutting()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / NAME))
    listener.listen(64)
    threading.Thread(target=_accept, args=(listener, server, cutting), daemon=True).start()
    try:
        yield cutting
    finally:
        # Closing alone does not wake a thread that waits for a connection.
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _accept(listener: socket.socket, server: Path, cutting: Cutting) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        upstream = socket.socket(socket.AF_UNIX)
        upstream.connect(str(server / NAME))
        gagged = threading.Event()
        for work in (
            lambda c=client, u=upstream, g=gagged: _to_server(c, u, cutting, g),
            lambda c=client, u=upstream, g=gagged: _to_client(c, u, g),
        ):
            threading.Thread(target=work, daemon=True).start()


def _to_server(
    client: socket.socket, upstream: socket.socket, cutting: Cutting, gagged: threading.Event
) -> None:
    with suppress(OSError):
        while sent := client.recv(1 << 16):
            if cutting.strikes(sent):
                if cutting.before:
                    break
                # From here on the server's answers go nowhere.
                gagged.set()
            upstream.sendall(sent)
    if not gagged.is_set():
        _end(client, upstream)


def _to_client(client: socket.socket, upstream: socket.socket, gagged: threading.Event) -> None:
    lost = b""
    with suppress(OSError):
        while answer := upstream.recv(1 << 16):
            if gagged.is_set():
                lost += answer
                if _READY in lost:
                    break
                continue
            client.sendall(answer)
    _end(client, upstream)


def _end(*sockets: socket.socket) -> None:
    for each in sockets:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
