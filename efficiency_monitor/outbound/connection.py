"""An HTTP connection held to checked addresses and to one deadline for everything.

httpx limits each single read, so a peer that drips one byte at a time can hold it for ever
(30 seconds for a limit of one, measured). Here every step, from the name look-up on, gets at most
the time that is left. The host name is resolved once, and the connection goes to the addresses
that were checked, while Host and the TLS server name stay those of the URL.
"""

import queue
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import httpcore
import httpx

from .endpoint import Endpoint

#: Host and port → addresses as text; OSError when there are none.
Resolver = Callable[[str, int], Sequence[str]]


def system_resolver(host: str, port: int) -> tuple[str, ...]:
    """The addresses that the operating system gives for the host; OSError if it knows none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(str(entry[4][0]) for entry in found)


class TlsFault(httpcore.ConnectError):
    """The peer is reached, but its certificate or its TLS is not acceptable; says why."""


class Deadline:
    """So many seconds from now, on the monotonic clock that is handed in."""

    def __init__(self, monotonic: Callable[[], float], seconds: float) -> None:
        self._monotonic = monotonic
        self._end = monotonic() + seconds

    def left(self, most: float | None = None) -> float:
        """Seconds left, at most `most`; httpcore.TimeoutException when there are none."""
        left = self._end - self._monotonic()
        if left <= 0:
            raise httpcore.TimeoutException
        return left if most is None else min(left, most)

    def within(self, seconds: float) -> "Deadline":
        """A deadline so many seconds from now, and no later than this one."""
        sooner = Deadline(self._monotonic, seconds)
        sooner._end = min(sooner._end, self._end)
        return sooner


def resolve_within(
    resolver: Resolver, endpoint: Endpoint, deadline: Deadline
) -> Sequence[str] | OSError | UnicodeError:
    """The resolver's answer, or its error as a value; httpcore.TimeoutException when it is late.

    The system's look-up takes no time limit and cannot be stopped, so it runs in a thread of its
    own that nobody waits for.
    """
    answer: queue.SimpleQueue[Sequence[str] | OSError | UnicodeError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answer.put(resolver(endpoint.host, endpoint.port))
        except (OSError, UnicodeError) as fault:  # UnicodeError: a label too long for a name
            answer.put(fault)

    threading.Thread(target=ask, name="effmon-resolver", daemon=True).start()
    try:
        return answer.get(timeout=deadline.left())
    except queue.Empty:
        raise httpcore.TimeoutException from None


class _TimedStream(httpcore.NetworkStream):
    """A stream each of whose steps ends with the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._deadline.left(timeout)
        try:
            inner = self._stream.start_tls(ssl_context, server_hostname, left)
        except httpcore.ConnectError as fault:
            reason = tls_reason(fault.__cause__)
            if reason is None:
                raise
            raise TlsFault(reason) from None
        return _TimedStream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def tls_reason(fault: BaseException | None) -> str | None:
    """Why TLS itself failed; None where it is no fault of TLS, or the handshake broke off."""
    if isinstance(fault, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted: {fault.verify_message}"
    broken_off = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
    if isinstance(fault, ssl.SSLError) and not isinstance(fault, broken_off):
        return f"no TLS that both sides speak: {fault.reason or 'handshake failed'}"
    return None


class _PinnedBackend(httpcore.NetworkBackend):
    """Connects to the checked addresses, in their order, whatever host is asked for."""

    def __init__(self, addresses: Sequence[str], deadline: Deadline) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        fault: Exception = httpcore.ConnectError(f"no address for {host}")
        for address in self._addresses:
            left = self._deadline.left(timeout)
            try:
                stream = self._plain.connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as refused:
                fault = refused
            else:
                return _TimedStream(stream, self._deadline)
        raise fault


class _Body(httpx.SyncByteStream):
    def __init__(self, stream: Iterable[bytes]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        close = getattr(self._stream, "close", None)
        if close is not None:
            close()


class PinnedTransport(httpx.BaseTransport):
    """Sends every request to one endpoint, whatever path the request names.

    Only the transport knows the endpoint's path and query: httpx writes the URL of each request to
    its log, and these may be a credential. Errors are those of httpcore, and TlsFault.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        addresses: Sequence[str],
        deadline: Deadline,
        tls: ssl.SSLContext,
    ) -> None:
        self._endpoint = endpoint
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls,
            max_connections=1,
            max_keepalive_connections=0,
            network_backend=_PinnedBackend(addresses, deadline),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One request, one answer, no retry."""
        assert isinstance(request.stream, httpx.SyncByteStream)
        answer = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=self._endpoint.scheme.encode("ascii"),
                    host=self._endpoint.host.encode("ascii"),
                    port=self._endpoint.port,
                    target=self._endpoint.target,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        assert isinstance(answer.stream, Iterable)
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Body(answer.stream),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        """Close the connection."""
        self._pool.close()
