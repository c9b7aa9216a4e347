"""Messages into a group chat of WeCom 企业微信, by its group robot.

The key stands in the URL and nothing is signed: who knows the key may post. The vendor allows 2048
bytes of text and 20 messages a minute for each robot (developer.work.weixin.qq.com, page 91770).
"""

from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import quote

from .channel import Limit
from .robot import SUBJECT_BYTES, Robot, RobotKey

BASE = "https://qyapi.weixin.qq.com"


class WeCom(Robot):
    """Posts into the group that a key belongs to."""

    kind = "wecom"
    limits = (Limit(20, 60),)
    longest_bytes = 2048 - SUBJECT_BYTES - 1
    most_body_bytes = 20_000
    codes = ("errcode",)
    too_often: ClassVar[Mapping[int, int]] = {45009: 60, 45033: 60}
    wrong: ClassVar[Mapping[int, str]] = {
        93000: "the robot's key is wrong, or the robot was removed from its group",
        93017: "the robot was removed from its group",
        40058: "it does not take the message",
        44004: "it does not take the message",
        45002: "the message is too long for it",
    }

    def url(self, robot: RobotKey, at: int) -> str:
        """The key as a parameter."""
        key = quote(robot.key.get_secret_value(), safe="")
        return f"{self._settings.base.rstrip('/')}/cgi-bin/webhook/send?key={key}"

    def body(self, text: str, robot: RobotKey, at: int) -> dict[str, object]:
        """Plain text; no list of people to mention."""
        return {"msgtype": "text", "text": {"content": text}}
