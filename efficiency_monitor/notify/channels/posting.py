"""One POST to a receiver that may be slow, hostile or wrongly set: what every HTTP channel uses.

The address is checked and pinned, one deadline holds for everything from the name look-up to the
last byte of the answer, redirects are not followed, no proxy of the environment is used, and of the
answer at most 64 KB are read. Neither the URL nor a word of the receiver stands in a reason.
"""

import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import httpcore
import httpx

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.outbound.connection import (
    Deadline,
    PinnedTransport,
    Resolver,
    TlsFault,
    resolve_within,
    system_resolver,
)
from efficiency_monitor.outbound.endpoint import (
    Barred,
    Endpoint,
    Network,
    check_addresses,
    read_url,
)

from .channel import Refused, Result, Retry

MOST_ANSWER_BYTES: Final = 64 * 1024
#: A receiver may ask for patience, but not for more than a notice lives (72 h).
MOST_RETRY_AFTER: Final = 72 * 3600
#: The receiver wants it again: request timeout, too early, too many (RFC 9110, 8470, 6585).
_TRY_AGAIN: Final = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class PostSettings:
    """Where may be posted to, and how long it may take."""

    allow_http: bool = False
    #: Networks that are not public and yet meant, as on a government intranet.
    allowed_networks: tuple[Network, ...] = ()
    #: File with the certificates to trust instead of the system's.
    ca_file: str | None = None
    connect_seconds: float = 5
    read_seconds: float = 10
    #: For everything together, from the name look-up to the last byte of the answer.
    total_seconds: float = 15


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver answered."""

    host: str
    status: int
    headers: Mapping[str, str] = field(repr=False)
    #: None when it was longer than 64 KB.
    body: bytes | None = field(repr=False)

    @property
    def after(self) -> int | None:
        """`Retry-After` in seconds; its date form is left to the usual back-off."""
        text = self.headers.get("retry-after", "").strip()
        if not (text.isascii() and text.isdigit()):
            return None
        return min(int(text[:9]), MOST_RETRY_AFTER)

    def data(self) -> dict[str, object] | None:
        """The JSON object that the body is, None where it is none."""
        if self.body is None:
            return None
        try:
            text = self.body.decode("utf-8-sig")
        except UnicodeDecodeError:  # the other encoding of Chinese receivers
            text = self.body.decode("gb18030", "replace")
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            return None
        return data if isinstance(data, dict) else None


def http_fault(answer: Answer) -> Retry | Refused | None:
    """What the status and headers alone say against an answer; None when the body decides."""
    host, status = answer.host, answer.status
    if status in _TRY_AGAIN or status >= 500:
        return Retry(f"{host} answered {status}", answer.after)
    if 300 <= status < 400:
        return Refused(f"{host} answered {status}: redirects are not followed, give the final URL")
    if not 200 <= status < 300:
        return Refused(f"{host} answered {status}")
    if answer.body is None:
        return Refused(f"{host} answered {status} with more than 64 KB: that is no webhook")
    if answer.headers.get("content-encoding", "identity") != "identity":
        # Its code could not be read, and taking a refusal for a success would lose the notice.
        return Refused(f"{host} compresses its answer although it was asked not to")
    return None


def code_shown(code: object) -> str:
    """A receiver's code for a reason; its own words could hold anything, so only a number is."""
    if isinstance(code, int) and not isinstance(code, bool) and abs(code) < 10**9:
        return str(code)
    return "that is not 0"


class Poster:
    """Posts each message once per call, to an address that was checked, within the time limit."""

    def __init__(
        self,
        settings: PostSettings,
        *,
        name: str,
        monotonic: Callable[[], float],
        resolver: Resolver = system_resolver,
    ) -> None:
        """`monotonic` gives seconds for the deadline; `name` is the channel's.

        ConfigurationError when the certificates cannot be read.
        """
        self._tls = tls_context(settings.ca_file, name)
        self._settings = settings
        self._monotonic = monotonic
        self._resolver = resolver

    def post(
        self,
        url: str,
        *,
        body: bytes,
        headers: Mapping[str, str],
        judge: Callable[[Answer], Result],
    ) -> Result:
        """The judgement on the answer, or why there was none. The URL is shown nowhere."""
        settings = self._settings
        deadline = Deadline(self._monotonic, settings.total_seconds)
        endpoint = read_url(url, allow_http=settings.allow_http)
        if isinstance(endpoint, Barred):
            return Refused(endpoint.reason)
        try:
            addresses = reach(endpoint, self._resolver, deadline, settings.allowed_networks)
            if not isinstance(addresses, tuple):
                return addresses
            return self._post(endpoint, addresses, deadline, body, headers, judge)
        except httpcore.TimeoutException:
            return Retry(f"{endpoint.host} did not answer in time")
        except TlsFault as fault:
            return Refused(f"{endpoint.host}: {fault}")
        except httpcore.NetworkError:
            return Retry(f"{endpoint.host} cannot be reached or broke off")
        except (httpcore.ProtocolError, httpx.HTTPError):
            return Retry(f"{endpoint.host} broke off or does not speak HTTP")

    def _post(
        self,
        endpoint: Endpoint,
        addresses: tuple[str, ...],
        deadline: Deadline,
        body: bytes,
        headers: Mapping[str, str],
        judge: Callable[[Answer], Result],
    ) -> Result:
        settings = self._settings
        sent = {"Accept-Encoding": "identity", "User-Agent": "effmon", **headers}
        transport = PinnedTransport(endpoint, addresses=addresses, deadline=deadline, tls=self._tls)
        with (
            httpx.Client(
                transport=transport,
                trust_env=False,
                follow_redirects=False,
                timeout=httpx.Timeout(settings.read_seconds, connect=settings.connect_seconds),
            ) as client,
            client.stream("POST", endpoint.origin, content=body, headers=sent) as answer,
        ):
            # A robot says in the body why it answers 400; of other answers the status is enough.
            told = answer.is_success or answer.status_code == httpx.codes.BAD_REQUEST
            return judge(
                Answer(
                    endpoint.host,
                    answer.status_code,
                    answer.headers,
                    _read(answer) if told else b"",
                )
            )


def tls_context(ca_file: str | None, name: str) -> ssl.SSLContext:
    """What to trust; ConfigurationError names the channel when the file cannot be read."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as fault:
        raise ConfigurationError(
            f"channel {name}: cannot read certificates from {ca_file}: {fault}",
            "ca_file names a file of certificates in PEM form",
        ) from None


def reach(
    endpoint: Endpoint, resolver: Resolver, deadline: Deadline, allowed: tuple[Network, ...]
) -> tuple[str, ...] | Retry | Refused:
    """The checked addresses of the host, or why nothing is sent there.

    httpcore.TimeoutException when the look-up takes too long.
    """
    found = resolve_within(resolver, endpoint, deadline)
    if isinstance(found, OSError):
        return Retry(f"{endpoint.host} cannot be resolved: {found.strerror or 'no answer'}")
    if isinstance(found, UnicodeError):
        return Refused("the address names no valid host")
    addresses = check_addresses(endpoint, found, allowed)
    return Refused(addresses.reason) if isinstance(addresses, Barred) else addresses


def _read(answer: httpx.Response) -> bytes | None:
    kept = bytearray()
    for part in answer.iter_raw():
        kept += part
        if len(kept) > MOST_ANSWER_BYTES:
            return None
    return bytes(kept)
