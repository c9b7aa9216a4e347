"""Messages into a group chat of Feishu 飞书, by its custom bot.

A bot that checks signatures wants `timestamp` (seconds, at most an hour off) and `sign` in the
body: the base64 of the HMAC-SHA256 of nothing under the key `<timestamp>\\n<secret>`. The vendor
allows 100 messages a minute and 5 a second for each bot, and 20 KB of body; it advises against the
full and the half hour, when many call. A refusal carries the old `StatusCode` 0 beside a `code`
that is not 0, so both have to be 0.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import quote

from pydantic import SecretStr

from .channel import Limit
from .robot import Robot, RobotKey

BASE = "https://open.feishu.cn"


class Feishu(Robot):
    """Posts into the group that a bot's token belongs to."""

    kind = "feishu"
    limits = (Limit(100, 60), Limit(5, 1))
    longest_bytes = 15_000
    most_body_bytes = 20_000
    codes = ("code", "StatusCode")
    too_often: ClassVar[Mapping[int, int]] = {9499: 60, 11232: 60}
    wrong: ClassVar[Mapping[int, str]] = {
        19001: "the bot's token is wrong",
        19002: "it does not take the message",
        19007: "the bot is switched off",
        19021: "the signature is wrong, or this machine's clock is an hour off",
        19022: "this machine's address is not on the bot's list",
        19024: "the bot asks for a key word that the message does not hold",
    }

    def url(self, robot: RobotKey, at: int) -> str:
        """The token as the last part of the path."""
        token = quote(robot.key.get_secret_value(), safe="")
        return f"{self._settings.base.rstrip('/')}/open-apis/bot/v2/hook/{token}"

    def body(self, text: str, robot: RobotKey, at: int) -> dict[str, object]:
        """Plain text, signed where the bot has a secret."""
        data: dict[str, object] = {"msg_type": "text", "content": {"text": text}}
        if robot.secret is None:
            return data
        return {"timestamp": str(at), "sign": signature(robot.secret, at), **data}


def signature(secret: SecretStr, at: int) -> str:
    """Base64 of the HMAC-SHA256 of nothing under `<at>\\n<secret>`; `at` in unix seconds."""
    key = f"{at}\n{secret.get_secret_value()}".encode()
    return base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode("ascii")
