"""What the group robots of WeCom, DingTalk and Feishu have in common.

A robot posts into one group chat, so several people read it and nobody is named in it. It answers
200 to what it refuses and says so by a code in the body: only the code 0 is a success, and an
answer without any code comes from something that is no robot. Each takes plain text, from which
nobody can be mentioned: `@`, `<` and `>` become the full-width signs that read the same.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from pydantic import SecretStr

from efficiency_monitor.outbound.connection import Resolver, system_resolver

from .channel import Limit, Message, Refused, Result, Retry, Sent, receiver
from .posting import Answer, Poster, PostSettings, code_shown, http_fault

#: The subject stands above the text, cut to so many bytes.
SUBJECT_BYTES: Final = 160
_KEY: Final = re.compile(r"[0-9A-Za-z_-]{6,200}")
_NO_MENTION: Final = str.maketrans({"@": "＠", "<": "＜", ">": "＞"})


@dataclass(frozen=True, slots=True)
class RobotKey:
    """A robot's credentials: the key in its address, and what it signs with if it checks that."""

    key: SecretStr
    secret: SecretStr | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotSettings(PostSettings):
    """How to reach a channel's robots."""

    #: Scheme, host, port and path before the robot's own: the service, or a gateway to it.
    base: str
    #: The robot of everybody whose address names no other.
    robot: RobotKey | None = None
    #: Robots by the name that stands in a person's address; a text says why one cannot be used.
    named: Mapping[str, RobotKey | str] = field(default_factory=dict)
    #: For recipients whose address is itself a key.
    secret: SecretStr | None = None


class Robot:
    """One kind of robot; a subclass says how it is called and what its codes mean."""

    wakes = True
    group = True
    kind: ClassVar[str]
    limits: ClassVar[tuple[Limit, ...]]
    longest_bytes: ClassVar[int]
    #: Bytes of the whole body that are surely taken.
    most_body_bytes: ClassVar[int]
    #: Fields of the answer that hold its code; all that are there have to be 0.
    codes: ClassVar[tuple[str, ...]]
    #: Code → seconds until it may be tried again: it was called too often.
    too_often: ClassVar[Mapping[int, int]]
    #: Code → what to mend.
    wrong: ClassVar[Mapping[int, str]]

    def __init__(
        self,
        settings: RobotSettings,
        *,
        clock: Callable[[], int],
        monotonic: Callable[[], float],
        resolver: Resolver = system_resolver,
        name: str | None = None,
    ) -> None:
        """`clock` gives the unix seconds that are signed, `monotonic` seconds for the deadline.

        ConfigurationError when the certificates cannot be read.
        """
        self.name = name or self.kind
        self._settings = settings
        self._clock = clock
        self._poster = Poster(settings, name=self.name, monotonic=monotonic, resolver=resolver)

    def url(self, robot: RobotKey, at: int) -> str:
        """Where the robot is posted to, at the unix second `at`."""
        raise NotImplementedError

    def body(self, text: str, robot: RobotKey, at: int) -> dict[str, object]:
        """What is posted."""
        raise NotImplementedError

    def counted_as(self, message: Message) -> str:
        """The robot: its limits hold for all who are told through it."""
        robot = self._robot(message.address)
        own = robot.key.get_secret_value() if isinstance(robot, RobotKey) else message.address
        return receiver(self.name, own)

    def send(self, message: Message) -> Result:
        """Post the message into the robot's group. Wrong keys and signatures are refused."""
        message = message.cleaned()
        robot = self._robot(message.address)
        if not isinstance(robot, RobotKey):
            return robot
        at = self._clock()
        text = message.text.translate(_NO_MENTION)
        if len(text.encode("utf-8", "replace")) > self.longest_bytes:
            return Refused(f"the text is longer than the {self.longest_bytes} bytes that it takes")
        shown = f"{_subject(message)}\n{text}"
        body = json.dumps(self.body(shown, robot, at), ensure_ascii=False, separators=(",", ":"))
        sent = body.encode("utf-8", "replace")
        if len(sent) > self.most_body_bytes:
            return Refused(f"the message is longer than {self.most_body_bytes} bytes")
        return self._poster.post(
            self.url(robot, at),
            body=sent,
            headers={
                "Content-Type": "application/json; charset=utf-8",
                "X-Effmon-Message-Id": message.message_id,
            },
            judge=self.judge,
        )

    def judge(self, answer: Answer) -> Result:
        """What an answer means; a robot's code outweighs the status 400 that it may come with."""
        fault, host = http_fault(answer), answer.host
        if fault is not None and answer.status != 400:
            return fault
        data = answer.data() or {}
        found = [_number(data[name]) for name in self.codes if name in data]
        code = next((number for number in found if number != 0), 0)
        if code in self.too_often:
            after = max(self.too_often[code], answer.after or 0)
            return Retry(f"{host} is called too often (code {code})", after)
        if code in self.wrong:
            return Refused(f"{host} answered code {code}: {self.wrong[code]}")
        if fault is not None:
            return fault
        if not found:
            return Retry(f"{host} answered {answer.status} without a robot's code: is it one?")
        if code:
            return Retry(f"{host} answered code {code_shown(code)}", answer.after)
        return Sent(f"{host} answered code 0")

    def _robot(self, address: str) -> RobotKey | Retry | Refused:
        """Which robot an address means: a name of the settings, everybody's, or a key itself."""
        settings = self._settings
        named = settings.named.get(address)
        if isinstance(named, str):
            return Retry(named)
        if named is not None:
            return named
        if settings.robot is not None:
            return settings.robot
        if not _KEY.fullmatch(address):
            return Refused(
                "the address is neither a robot's name in effmon.toml nor its key "
                "(the last part of the robot's URL)"
            )
        return RobotKey(SecretStr(address), settings.secret)


def _subject(message: Message) -> str:
    return _cut(message.subject.translate(_NO_MENTION), SUBJECT_BYTES)


def _cut(text: str, most: int) -> str:
    """At most so many bytes of UTF-8, ending in … where something is missing."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= most:
        return text
    return raw[: most - 3].decode("utf-8", "ignore") + "…"


def _number(code: object) -> int:
    """A code as a number; what is none is -1, which stands for no success."""
    if isinstance(code, str) and code.isascii() and code.isdigit():
        code = int(code[:9])
    return code if isinstance(code, int) and not isinstance(code, bool) else -1
