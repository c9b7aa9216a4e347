"""A socket each of whose steps ends with the deadline, for protocols that are not HTTP.

A limit on each single read does not do: a peer that drips one byte at a time holds it for ever.
"""

import io
import socket
from collections.abc import Sequence
from typing import Any

import httpcore

from .connection import Deadline

#: Seconds for one address: the next may answer.
CONNECT_SECONDS = 5.0


def open_socket(addresses: Sequence[str], port: int, deadline: Deadline) -> socket.socket:
    """A connection to the first of the checked addresses that takes one.

    OSError of the last one when none does; httpcore.TimeoutException when no time is left.
    """
    fault: OSError = OSError("no address")
    for address in addresses:
        try:
            return socket.create_connection((address, port), deadline.left(CONNECT_SECONDS))
        except OSError as refused:
            fault = refused
    deadline.left()
    raise fault


def send_all(connection: socket.socket, data: bytes, deadline: Deadline) -> None:
    """Send everything. httpcore.TimeoutException when the time is over, OSError as the socket."""
    rest = memoryview(data)
    while rest:
        connection.settimeout(deadline.left())
        try:
            rest = rest[connection.send(rest) :]
        except TimeoutError:
            raise httpcore.TimeoutException from None


class TimedReader(io.RawIOBase):
    """Reads a socket, plain or TLS, until the deadline and at most so many bytes in all.

    httpcore.TimeoutException when the time is over, OSError as the socket, and for a peer that
    says more than that.
    """

    def __init__(self, connection: socket.socket, deadline: Deadline, most_bytes: int) -> None:
        super().__init__()
        self._connection = connection
        self._deadline = deadline
        self._left = most_bytes

    def readable(self) -> bool:
        """It only reads."""
        return True

    def readinto(self, buffer: Any) -> int:
        """What has come, at least a byte; 0 at the end."""
        self._connection.settimeout(self._deadline.left())
        try:
            count = self._connection.recv_into(buffer)
        except TimeoutError:
            raise httpcore.TimeoutException from None
        self._left -= count
        if self._left < 0:
            raise OSError("the peer says too much")
        return count
