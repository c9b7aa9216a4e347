"""What the trials share: a message, and a webhook that may reach loopback and nothing else."""

import ipaddress
import time
from typing import Any, Protocol

import pytest
from pydantic import SecretStr

from efficiency_monitor.notify.channels.channel import Message, NoticeLine
from efficiency_monitor.notify.channels.dingtalk import DingTalk
from efficiency_monitor.notify.channels.feishu import Feishu
from efficiency_monitor.notify.channels.robot import Robot, RobotKey, RobotSettings
from efficiency_monitor.notify.channels.smtp import Mail, MailSettings
from efficiency_monitor.notify.channels.webhook import Webhook, WebhookSettings
from efficiency_monitor.notify.channels.wecom import WeCom
from efficiency_monitor.terms import Level

SECRET = "canary-7e1c-secret"
NOW = 1_795_536_000
LOOPBACK = ipaddress.IPv4Network("127.0.0.0/8")


class MakeWebhook(Protocol):
    def __call__(self, url: str | None, *, resolver: Any = ..., **settings: Any) -> Webhook: ...


@pytest.fixture(scope="session")
def httpserver_listen_address() -> tuple[str, int]:
    # A name such as localhost may also stand for ::1, which is not on the list.
    return ("127.0.0.1", 0)


@pytest.fixture
def message() -> Message:
    return a_message()


def a_message(text: str = "1. 【红牌】办件 A-1\n", case_no: str = "A-1") -> Message:
    return Message(
        message_id="m-0001",
        recipient="王某某",
        address="wang@housing.example",
        subject="效能监察通知：红牌 1",
        text=text,
        notices=(
            NoticeLine(
                notice_id="n-0001",
                card_no="R-2026-000381",
                level=Level.RED,
                case_no=case_no,
                text="【红牌】办件 A-1",
            ),
        ),
    )


def a_webhook(url: str | None, *, resolver: Any = None, **settings: Any) -> Webhook:
    chosen = {
        "secret": SecretStr(SECRET),
        "url": SecretStr(url) if url else None,
        "allow_http": True,
        "allowed_networks": (LOOPBACK,),
        **settings,
    }
    more = {"resolver": resolver} if resolver else {}
    return Webhook(WebhookSettings(**chosen), clock=lambda: NOW, monotonic=time.monotonic, **more)


ROBOTS: dict[str, type[Robot]] = {"wecom": WeCom, "dingtalk": DingTalk, "feishu": Feishu}


def a_robot(name: str, base: str, *, key: str = "robot-key-1", **settings: Any) -> Robot:
    chosen = {
        "base": base,
        "robot": RobotKey(SecretStr(key), SecretStr(SECRET)),
        "allow_http": True,
        "allowed_networks": (LOOPBACK,),
        **settings,
    }
    return ROBOTS[name](RobotSettings(**chosen), clock=lambda: NOW, monotonic=time.monotonic)


def a_mail(port: int, *, resolver: Any = None, **settings: Any) -> Mail:
    chosen = {
        "host": "127.0.0.1",
        "port": port,
        "tls": "none",
        "allow_plaintext": True,
        "sender": "effmon@city.example",
        "sender_name": "行政效能监察",
        "allowed_networks": (LOOPBACK,),
        **settings,
    }
    more = {"resolver": resolver} if resolver else {}
    return Mail(MailSettings(**chosen), clock=lambda: NOW, monotonic=time.monotonic, **more)


@pytest.fixture
def make_webhook() -> MakeWebhook:
    return a_webhook
