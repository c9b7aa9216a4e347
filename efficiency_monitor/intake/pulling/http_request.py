"""One answer of an HTTP endpoint: asked again while that may help, within the deadline of the pull.

The path and query of a URL may hold a credential, and the headers do: neither stands in any
message, and httpx, which writes the URL of each request to its log, is only told the origin.
"""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from ipaddress import ip_network
from typing import Final, TypeVar

import httpcore
import httpx
from pydantic import SecretStr

from efficiency_monitor.faults import ConfigurationError, FeedFailed
from efficiency_monitor.i18n.messages import t
from efficiency_monitor.outbound.connection import (
    Deadline,
    PinnedTransport,
    Resolver,
    TlsFault,
    resolve_within,
)
from efficiency_monitor.outbound.endpoint import Barred, Endpoint, check_addresses, read_url
from efficiency_monitor.workspace.source_settings import HttpSection

from .http_body import CutOff

#: Longest wait between two attempts, unless the server asks for more; seconds.
LONGEST_WAIT: Final = 60
#: Request timeout, too early, too many (RFC 9110, 8470, 6585): the server wants it again.
_TRY_AGAIN: Final = frozenset({408, 425, 429})
_T = TypeVar("_T")


class Refused(FeedFailed):
    """The server does not want what it was asked for: asking the same again would not help."""


@dataclass(frozen=True, slots=True)
class _Again:
    """Why an attempt failed that is worth another one; the server may have named the wait."""

    reason: str
    after: int | None = None


@dataclass(frozen=True, kw_only=True)
class HttpDeps:
    """What asking needs of the outside: clocks, sleep, names."""

    now: Callable[[], int]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    resolver: Resolver


class Asker:
    """Asks one endpoint of a source, with its token, and no other host."""

    def __init__(
        self, source: str, section: HttpSection, token: SecretStr | None, world: HttpDeps
    ) -> None:
        """ConfigurationError where the certificates cannot be read or the URL is refused."""
        self.source = source
        self._section = section
        self._world = world
        self._token = token
        self._whole = Deadline(world.monotonic, section.deadline_seconds)
        self._allowed = tuple(ip_network(text) for text in section.allow_networks)
        self.base = self.endpoint(section.base_url)
        try:
            self._tls = ssl.create_default_context(cafile=section.ca_file)
        except OSError as fault:
            raise ConfigurationError(
                t(
                    "source {source}: cannot read certificates from {ca_file}: {fault}",
                    source=source,
                    ca_file=section.ca_file,
                    fault=fault,
                ),
                t("ca_file names a file of certificates in PEM form"),
            ) from None

    def endpoint(self, url: str) -> Endpoint:
        """A URL as an endpoint; ConfigurationError where the rules do not allow it."""
        found = read_url(url, allow_http=self._section.allow_http)
        if isinstance(found, Barred):
            raise ConfigurationError(
                t("source {source}: {reason}", source=self.source, reason=found.reason),
                t("see base_url, allow_http and allow_networks in docs/sources.md"),
            )
        return found

    def get(self, url: str, table: str, take: Callable[[httpx.Response], _T]) -> _T:
        """GET a URL of the endpoint's host and give what `take` makes of the good answer.

        `take` may be called again from the start: for an answer that was cut off. FeedFailed with
        one line once no attempt is left, or where another one would not help.
        """
        endpoint = self.endpoint(url)
        where = f"{endpoint.host} ({self.source}/{table})"
        if endpoint.origin != self.base.origin:
            raise self._failed(
                where,
                t("leads to another host: the token stays here"),
            )
        tried = 0
        while True:
            tried += 1
            try:
                outcome = self._once(endpoint, where, take)
            except httpcore.TimeoutException:
                outcome = _Again(t("did not answer in time"))
            if not isinstance(outcome, _Again):
                return outcome
            wait = max(min(2 ** (tried - 1), LONGEST_WAIT), outcome.after or 0)
            if tried >= self._section.attempts or not self._may_wait(wait):
                times = t("{reason} (tried {tried}x)", reason=outcome.reason, tried=tried)
                raise self._failed(where, times)
            self._world.sleep(wait)

    def _may_wait(self, seconds: float) -> bool:
        try:
            return self._whole.left() > seconds
        except httpcore.TimeoutException:
            return False

    def _once(
        self, endpoint: Endpoint, where: str, take: Callable[[httpx.Response], _T]
    ) -> _T | _Again:
        left = self._whole.left(self._section.request_seconds)
        deadline = Deadline(self._world.monotonic, left)
        found = resolve_within(self._world.resolver, endpoint, deadline)
        if isinstance(found, OSError):
            return _Again(t("cannot be resolved"))
        if isinstance(found, UnicodeError):
            raise self._failed(where, t("is no valid host name"))
        addresses = check_addresses(endpoint, found, self._allowed)
        if isinstance(addresses, Barred):
            raise ConfigurationError(
                t("source {source}: {reason}", source=self.source, reason=addresses.reason),
                t("see allow_networks in docs/sources.md"),
            )
        transport = PinnedTransport(endpoint, addresses=addresses, deadline=deadline, tls=self._tls)
        try:
            with (
                httpx.Client(
                    transport=transport, trust_env=False, follow_redirects=False, timeout=left
                ) as client,
                client.stream("GET", endpoint.origin, headers=self._headers()) as answer,
            ):
                return self._judge(answer, where, take)
        except TlsFault as fault:
            raise self._failed(where, str(fault)) from None
        except (httpcore.NetworkError, CutOff):
            return _Again(t("cannot be reached or broke off"))
        except (httpcore.ProtocolError, httpx.HTTPError):
            return _Again(t("broke off or does not speak HTTP"))

    def _headers(self) -> dict[str, str]:
        headers = {"User-Agent": "effmon", "Accept-Encoding": "gzip", **self._section.headers}
        if self._token is not None:
            name, value = self._section.token_header, self._token.get_secret_value()
            headers[name] = f"Bearer {value}" if name.lower() == "authorization" else value
        return headers

    def _judge(
        self, answer: httpx.Response, where: str, take: Callable[[httpx.Response], _T]
    ) -> _T | _Again:
        status = answer.status_code
        if status in _TRY_AGAIN or status >= 500:
            after = self._seconds(answer.headers.get("retry-after", ""))
            return _Again(t("answered {status}", status=status), after)
        if 300 <= status < 400:
            raise self._failed(
                where,
                t(
                    "answered {status}: redirects are not followed, give the final URL",
                    status=status,
                ),
            )
        if status in (401, 403):
            name = self._section.token_env
            token = t("check the token in {name}", name=name)
            none = t("it may want a token: token_env")
            said = t("does not let us in ({status})", status=status)
            raise self._failed(where, said, token if name else none)
        if status not in (200, 204):
            raise Refused(
                t("{where}: answered {status}", where=where, status=status),
                t("check the address and the parameters, pull again"),
            )
        if answer.headers.get("content-type", "").lower().startswith("text/html"):
            raise self._failed(
                where,
                t("answered a web page (a login?), no data"),
            )
        return take(answer)

    def _seconds(self, retry_after: str) -> int | None:
        """`Retry-After` in seconds from now, given as a number or as a date."""
        text = retry_after.strip()
        if text.isascii() and text.isdigit():
            return int(text[:9])
        try:
            at = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
        return max(0, int(at.timestamp()) - self._world.now()) if at.tzinfo is not None else None

    def _failed(self, where: str, what: str, hint: str | None = None) -> FeedFailed:
        return FeedFailed(
            f"{where}: {what}",
            hint or t("what has come is kept; the next pull goes on from there"),
        )


def says_its_length(headers: Mapping[str, str]) -> bool:
    """Whether an answer that was cut off would be noticed."""
    return "content-length" in headers or "chunked" in headers.get("transfer-encoding", "").lower()
