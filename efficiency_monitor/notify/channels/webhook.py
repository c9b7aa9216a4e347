"""Messages posted as signed JSON to a receiver of the office: one generic webhook.

The receiver checks `X-Effmon-Signature: t=<unix seconds>,v1=<hex>`, where the second part is the
HMAC-SHA256 of `<t>.<body>` under the shared secret, and keeps `X-Effmon-Message-Id` so as to see a
repeat as one. Its answer counts as received with a 2xx status and, if the body is a JSON object
with `code` or `errcode`, only when that is 0 (chat services answer 200 to what they refuse).
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import SecretStr

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.outbound.connection import Resolver, system_resolver

from .channel import Limit, Message, Result, Retry, Sent, as_json, receiver
from .posting import Answer, Poster, PostSettings, code_shown, http_fault


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings(PostSettings):
    """How to reach a receiver. URL and secret are credentials: no repr shows them."""

    secret: SecretStr
    #: One receiver for everybody, which gets the recipient's address in the body. Without it each
    #: recipient's address is itself the URL.
    url: SecretStr | None = None


class Webhook:
    """Posts each message as JSON that the receiver can check."""

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
        self.name = name
        self._settings = settings
        self._clock = clock
        self._poster = Poster(settings, name=name, monotonic=monotonic, resolver=resolver)

    def counted_as(self, message: Message) -> str:
        """The receiver of everybody, or the one that the recipient's address is."""
        return receiver(self.name, self._url(message))

    def send(self, message: Message) -> Result:
        """Post the message. Wrong settings are refused; what may pass is tried again."""
        data = as_json(message.cleaned())
        if self._settings.url:
            data["address"] = message.address
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        body = text.encode("utf-8", "replace")
        return self._poster.post(
            self._url(message),
            body=body,
            headers={
                "Content-Type": "application/json; charset=utf-8",
                "X-Effmon-Message-Id": message.message_id,
                "X-Effmon-Signature": signature(self._settings.secret, at=self._clock(), body=body),
            },
            judge=judge,
        )

    def _url(self, message: Message) -> str:
        url = self._settings.url
        return url.get_secret_value() if url else message.address


def signature(secret: SecretStr, *, at: int, body: bytes) -> str:
    """`t=<at>,v1=<hex HMAC-SHA256 of "<at>.<body>">`; `at` in unix seconds."""
    key = secret.get_secret_value().encode("utf-8")
    signed = hmac.new(key, b"%d." % at + body, hashlib.sha256)
    return f"t={at},v1={signed.hexdigest()}"


def judge(answer: Answer) -> Result:
    """What an answer means: 2xx is a success unless the body holds a code that is not 0."""
    fault = http_fault(answer)
    if fault is not None:
        return fault
    data = answer.data() or {}
    for name in ("errcode", "code"):
        code = data.get(name)
        if code not in (None, "0", 0):
            return Retry(
                f"{answer.host} answered {answer.status} with code {code_shown(code)}", answer.after
            )
    return Sent(f"{answer.host} answered {answer.status}")
