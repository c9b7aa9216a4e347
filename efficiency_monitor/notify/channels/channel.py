"""What a channel is: one message in, one of three answers out.

A channel delivers at least once. It knows no database and no schedule: who calls it keeps the
outbox, repeats what was not sent (`backoff`) and shows what was refused.
"""

import hashlib
import re
from dataclasses import dataclass, replace
from typing import Final, Protocol

from efficiency_monitor.terms import Level

from ..plain import plain, plain_line

#: A message's id names a file and stands in a header, so its alphabet is small.
_ID: Final = re.compile(r"[0-9A-Za-z_-]{1,128}")
LONGEST_LINE: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeLine:
    """One notice inside a message. A receiver that has seen `notice_id` before has a repeat."""

    notice_id: str
    #: Empty where it is about no card: an order, a key.
    card_no: str
    level: Level | None
    #: Empty for a card whose subject is no single case.
    case_no: str
    text: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A text that goes with a message as a file, byte for byte: what is signed stays as it is."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one recipient gets at once on one channel."""

    #: The same on every repeat: the receiver's key for telling them apart.
    message_id: str
    recipient: str
    #: Where the channel finds the recipient; a credential where it is a webhook's URL.
    address: str
    subject: str
    text: str
    notices: tuple[NoticeLine, ...]
    #: Only mail carries them as files; their content stands in the text too.
    attachments: tuple[Attachment, ...] = ()

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.message_id):
            raise ValueError("a message id is 1 to 128 letters, digits, '-' and '_' of ASCII")

    def __repr__(self) -> str:
        return f"Message({self.message_id}, {len(self.notices)} notices)"

    def cleaned(self) -> "Message":
        """The same message with every text harmless to show; each channel sends this one."""
        return replace(
            self,
            recipient=_line(self.recipient),
            subject=_line(self.subject),
            text=plain(self.text),
            notices=tuple(
                replace(
                    notice,
                    notice_id=_line(notice.notice_id),
                    card_no=_line(notice.card_no),
                    case_no=_line(notice.case_no),
                    text=plain(notice.text),
                )
                for notice in self.notices
            ),
        )


@dataclass(frozen=True, slots=True)
class Sent:
    """The receiver has the message."""

    detail: str


@dataclass(frozen=True, slots=True)
class Retry:
    """Not delivered, or not known to be: try again, not before `after_seconds` where given."""

    reason: str
    after_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Will not be delivered however often it is tried: somebody must mend a setting."""

    reason: str


Result = Sent | Retry | Refused


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many messages within any so many seconds, to one receiver."""

    messages: int
    seconds: int


class Channel(Protocol):
    """A way to reach people."""

    @property
    def name(self) -> str:
        """What people files and settings call it."""
        ...

    @property
    def wakes(self) -> bool:
        """Whether a message may disturb somebody: sent only in the recipient's hours."""
        ...

    @property
    def limits(self) -> tuple[Limit, ...]:
        """How often one receiver may be called; all of them hold, none means as often as wanted."""
        ...

    @property
    def longest_bytes(self) -> int | None:
        """The longest text of a message in bytes of UTF-8; None where any length will do."""
        ...

    @property
    def group(self) -> bool:
        """Whether several people read it, so that no person's name may stand in the text."""
        ...

    def counted_as(self, message: Message) -> str:
        """Which receiver the limits count this message for: a digest, never a secret."""
        ...

    def send(self, message: Message) -> Result:
        """Deliver the message once more; harmless if it was delivered before.

        Raises nothing for what is to be expected: a receiver that is down, slow or hostile, a full
        disk, a wrong setting. No reason holds a secret or a text of the receiver.
        """
        ...


def receiver(*parts: str) -> str:
    """A digest that tells receivers apart and shows nothing of their addresses."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _line(text: str) -> str:
    return plain_line(text, longest=LONGEST_LINE)


def as_json(message: Message) -> dict[str, object]:
    """The message as other programs read it, without the address."""
    return {
        "message_id": message.message_id,
        "recipient": message.recipient,
        "subject": message.subject,
        "text": message.text,
        "notices": [
            {
                "notice_id": notice.notice_id,
                "card_no": notice.card_no,
                "level": None if notice.level is None else notice.level.word,
                "case_no": notice.case_no,
                "text": notice.text,
            }
            for notice in message.notices
        ],
    }
