"""Messages into a group chat of DingTalk 钉钉, by its custom robot.

A robot that checks signatures wants `timestamp` (milliseconds, at most an hour off) and `sign`, the
base64 of the HMAC-SHA256 of `<timestamp>\\n<secret>` under the secret. The vendor allows 20
messages a minute for each robot, and throttles it for ten minutes beyond that; a body has at most
20 KB. While it throttles it may answer without any code.
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

BASE = "https://oapi.dingtalk.com"
_THROTTLED = 600


class DingTalk(Robot):
    """Posts into the group that a token belongs to."""

    kind = "dingtalk"
    limits = (Limit(20, 60),)
    longest_bytes = 18_000
    most_body_bytes = 20_000
    codes = ("errcode",)
    #: 130101 and 410100: too fast; 660026: throttled.
    too_often: ClassVar[Mapping[int, int]] = {
        130101: _THROTTLED,
        410100: _THROTTLED,
        660026: _THROTTLED,
    }
    wrong: ClassVar[Mapping[int, str]] = {
        310000: "its security settings refuse the message: check signature, key words, addresses",
        300001: "the robot's token is wrong",
        300005: "the robot's token is wrong",
        400013: "the group was dissolved",
        400101: "the robot's token is wrong",
        400102: "the robot is switched off",
        400106: "the robot is not in the group",
        40035: "it does not take the message",
        43004: "it does not take the message",
    }

    def url(self, robot: RobotKey, at: int) -> str:
        """The token, and the signature where the robot has a secret, as parameters."""
        token = quote(robot.key.get_secret_value(), safe="")
        url = f"{self._settings.base.rstrip('/')}/robot/send?access_token={token}"
        if robot.secret is None:
            return url
        stamp = at * 1000
        return f"{url}&timestamp={stamp}&sign={quote(signature(robot.secret, stamp), safe='')}"

    def body(self, text: str, robot: RobotKey, at: int) -> dict[str, object]:
        """Plain text; nobody is mentioned."""
        return {"msgtype": "text", "text": {"content": text}, "at": {"isAtAll": False}}


def signature(secret: SecretStr, stamp: int) -> str:
    """Base64 of the HMAC-SHA256 of `<stamp>\\n<secret>` under the secret; stamp in milliseconds."""
    key = secret.get_secret_value()
    signed = hmac.new(key.encode("utf-8"), f"{stamp}\n{key}".encode(), hashlib.sha256)
    return base64.b64encode(signed.digest()).decode("ascii")
