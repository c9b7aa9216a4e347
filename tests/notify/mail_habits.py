"""Mail servers with one bad habit each, for `receivers.speaking_first`."""

import threading
from socket import socket

from .receivers import PACE


def drip(connection: socket, stop: threading.Event) -> None:
    """Greets one byte at a time, for ever."""
    connection.sendall(b"220-")
    while not stop.wait(PACE):
        connection.sendall(b"a")


def drip_lines(connection: socket, stop: threading.Event) -> None:
    """Greets line after line, for ever."""
    while not stop.wait(PACE):
        connection.sendall(b"220-still here\r\n")


def flood(connection: socket, stop: threading.Event) -> None:
    """Greets as fast as it can, for ever."""
    while not stop.is_set():
        connection.sendall(b"220-" + b"x" * 500 + b"\r\n")


def drip_after_data(connection: socket, stop: threading.Event) -> None:
    """Takes the message and answers one byte at a time, for ever."""
    connection.sendall(b"220 mail\r\n")
    for answer in (b"250 mail\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n"):
        connection.recv(65536)
        connection.sendall(answer)
    connection.recv(65536)
    drip(connection, stop)


def silent_at_quit(connection: socket, stop: threading.Event) -> None:
    """Takes the message and does not say goodbye."""
    connection.sendall(b"220 mail\r\n")
    for answer in (
        b"250 mail\r\n",
        b"250 ok\r\n",
        b"250 ok\r\n",
        b"354 go on\r\n",
        b"250 got it\r\n",
    ):
        connection.recv(65536)
        connection.sendall(answer)
    stop.wait()


def silent_at_tls(connection: socket, stop: threading.Event) -> None:
    """Agrees to TLS and falls silent."""
    connection.sendall(b"220 mail\r\n")
    connection.recv(65536)
    connection.sendall(b"250-mail\r\n250 STARTTLS\r\n")
    connection.recv(65536)
    connection.sendall(b"220 go on\r\n")
    stop.wait()
