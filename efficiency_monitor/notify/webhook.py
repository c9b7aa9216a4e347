"""Messages posted as signed JSON to a receiver of the office: one generic webhook.

The receiver checks `X-Effmon-Signature: t=<unix seconds>,v1=<hex>`, where the second part is the
HMAC-SHA256 of `<t>.<body>` under the shared secret, and keeps `X-Effmon-Message-Id` so as to see a
repeat as one. Its answer counts as received with a 2xx status and, if the body is a JSON object
with `code` or `errcode`, only when that is 0 (chat services answer 200 to what they refuse).
"""

import hashlib
import hmac
import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import httpcore
import httpx
from pydantic import SecretStr

from efficiency_monitor.core.faults import ConfigurationError
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

from .channel import Limit, Message, Refused, Result, Retry, Sent, as_json, receiver

MOST_ANSWER_BYTES: Final = 64 * 1024
#: A receiver may ask for patience, but not for more than a notice lives (72 h).
MOST_RETRY_AFTER: Final = 72 * 3600
#: The receiver wants it again: request timeout, too early, too many (RFC 9110, 8470, 6585).
_TRY_AGAIN: Final = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """How to reach a receiver. URL and secret are credentials: no repr shows them."""

    secret: SecretStr
    #: One receiver for everybody, which gets the recipient's address in the body. Without it each
    #: recipient's address is itself the URL.
    url: SecretStr | None = None
    allow_http: bool = False
    #: Networks that are not public and yet meant, as on a government intranet.
    allowed_networks: tuple[Network, ...] = ()
    #: File with the certificates to trust instead of the system's.
    ca_file: str | None = None
    connect_seconds: float = 5
    read_seconds: float = 10
    #: For everything together, from the name look-up to the last byte of the answer.
    total_seconds: float = 15


class Webhook:
    """Posts each message once per call, to an address that was checked, within the time limit."""

    wakes = True
    limits: tuple[Limit, ...] = ()
    longest_bytes = None
    group = False

    def __init__(
        self,
        settings: WebhookSettings,
        *,
        clock: Callable[[], int],
        monotonic: Callable[[], float],
        resolver: Resolver = system_resolver,
        name: str = "webhook",
    ) -> None:
        """`clock` gives the unix seconds that are signed, `monotonic` seconds for the deadline.

        ConfigurationError when the secret is empty or the certificates cannot be read.
        """
        if not settings.secret.get_secret_value():
            raise ConfigurationError(
                f"channel {name}: the secret is empty", "set the secret that the receiver checks"
            )
        try:
            self._tls = ssl.create_default_context(cafile=settings.ca_file)
        except OSError as fault:
            raise ConfigurationError(
                f"channel {name}: cannot read certificates from {settings.ca_file}: {fault}",
                "ca_file names a file of certificates in PEM form",
            ) from None
        self.name = name
        self._settings = settings
        self._clock = clock
        self._monotonic = monotonic
        self._resolver = resolver

    def counted_as(self, message: Message) -> str:
        """The receiver of everybody, or the one that the recipient's address is."""
        url = self._settings.url
        return receiver(self.name, url.get_secret_value() if url else message.address)

    def send(self, message: Message) -> Result:
        """Post the message. Wrong settings are refused; what may pass is tried again."""
        settings = self._settings
        deadline = Deadline(self._monotonic, settings.total_seconds)
        url = settings.url.get_secret_value() if settings.url else message.address
        endpoint = read_url(url, allow_http=settings.allow_http)
        if isinstance(endpoint, Barred):
            return Refused(endpoint.reason)
        try:
            found = resolve_within(self._resolver, endpoint, deadline)
            if isinstance(found, OSError):
                return Retry(f"{endpoint.host} cannot be resolved: {found.strerror or 'no answer'}")
            if isinstance(found, UnicodeError):
                return Refused("the address names no valid host")
            addresses = check_addresses(endpoint, found, settings.allowed_networks)
            if isinstance(addresses, Barred):
                return Refused(addresses.reason)
            return self._post(endpoint, addresses, deadline, message)
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
        message: Message,
    ) -> Result:
        settings = self._settings
        data = as_json(message.cleaned())
        if settings.url:
            data["address"] = message.address
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        body = text.encode("utf-8", "replace")
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Accept-Encoding": "identity",
            "User-Agent": "effmon",
            "X-Effmon-Message-Id": message.message_id,
            "X-Effmon-Signature": signature(settings.secret, at=self._clock(), body=body),
        }
        transport = PinnedTransport(endpoint, addresses=addresses, deadline=deadline, tls=self._tls)
        with (
            httpx.Client(
                transport=transport,
                trust_env=False,
                follow_redirects=False,
                timeout=httpx.Timeout(settings.read_seconds, connect=settings.connect_seconds),
            ) as client,
            client.stream("POST", endpoint.origin, content=body, headers=headers) as answer,
        ):
            return judge(
                endpoint.host,
                status=answer.status_code,
                headers=answer.headers,
                body=_read(answer) if answer.is_success else b"",
            )


def signature(secret: SecretStr, *, at: int, body: bytes) -> str:
    """`t=<at>,v1=<hex HMAC-SHA256 of "<at>.<body>">`; `at` in unix seconds."""
    key = secret.get_secret_value().encode("utf-8")
    signed = hmac.new(key, b"%d." % at + body, hashlib.sha256)
    return f"t={at},v1={signed.hexdigest()}"


def judge(host: str, *, status: int, headers: Mapping[str, str], body: bytes | None) -> Result:
    """What an answer means. `body` is None when it was longer than 64 KB."""
    after = _seconds(headers.get("retry-after", ""))
    if status in _TRY_AGAIN or status >= 500:
        return Retry(f"{host} answered {status}", after)
    if 300 <= status < 400:
        return Refused(f"{host} answered {status}: redirects are not followed, give the final URL")
    if not 200 <= status < 300:
        return Refused(f"{host} answered {status}")
    if body is None:
        return Refused(f"{host} answered {status} with more than 64 KB: that is no webhook")
    if headers.get("content-encoding", "identity") != "identity":
        # Its code could not be read, and taking a refusal for a success would lose the notice.
        return Refused(f"{host} compresses its answer although it was asked not to")
    code = _code(body)
    if code is not None:
        return Retry(f"{host} answered {status} with code {code}", after)
    return Sent(f"{host} answered {status}")


def _read(answer: httpx.Response) -> bytes | None:
    kept = bytearray()
    for part in answer.iter_raw():
        kept += part
        if len(kept) > MOST_ANSWER_BYTES:
            return None
    return bytes(kept)


def _code(body: bytes) -> str | None:
    """The code of a refusal inside a 2xx answer; None when there is none or it is 0."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:  # the other encoding of Chinese receivers
        text = body.decode("gb18030", "replace")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    for name in ("errcode", "code"):
        code = data.get(name)
        if code in (None, "0", 0):
            continue
        # The receiver's own words could hold anything: only a number is passed on.
        return str(code) if isinstance(code, int) and abs(code) < 10**9 else "that is not 0"
    return None


def _seconds(retry_after: str) -> int | None:
    """`Retry-After` in seconds; its date form is left to the usual back-off."""
    text = retry_after.strip()
    if not (text.isascii() and text.isdigit()):
        return None
    return min(int(text[:9]), MOST_RETRY_AFTER)
