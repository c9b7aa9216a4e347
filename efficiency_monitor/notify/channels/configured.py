"""The channels of a workspace: settings and the environment's secrets → what sends.

What one channel lacks never stops the others: it stands there as one that is not ready, whose
notices are tried again. Each module is loaded only where its section is there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from ...faults import ConfigurationError
from ...i18n.messages import t
from ...workspace.channel_settings import (
    Channels,
    DingTalkSection,
    FeishuSection,
    MailSection,
    RobotSection,
    WebhookSection,
    WeComSection,
)
from .channel import Channel
from .console import Console
from .file import FileDrop
from .not_ready import NotReady

if TYPE_CHECKING:
    from pydantic import SecretStr

    from .robot import Robot, RobotKey

RobotsSection = WeComSection | DingTalkSection | FeishuSection


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelDeps:
    """What channels need of the world."""

    folder: Path
    environ: Mapping[str, str]
    #: Unix seconds, for signatures and dates.
    clock: Callable[[], int]
    #: Seconds, for deadlines.
    monotonic: Callable[[], float]
    console: TextIO


def open_channels(settings: Channels, world: ChannelDeps) -> dict[str, Channel]:
    """The channels that the workspace has, by name; none of them is opened yet."""
    made: dict[str, Channel] = {
        "console": Console(world.console),
        "file": FileDrop(world.folder / settings.file.folder),
    }
    wanted: list[tuple[str, Any, Callable[[Any, ChannelDeps], Channel]]] = [
        ("mail", settings.mail, _mail),
        ("webhook", settings.webhook, _webhook),
        ("wecom", settings.wecom, _wecom),
        ("dingtalk", settings.dingtalk, _dingtalk),
        ("feishu", settings.feishu, _feishu),
    ]
    for name, section, make in wanted:
        if section is None:
            continue
        try:
            made[name] = make(section, world)
        except ConfigurationError as fault:
            hint = f": {fault.hint}" if fault.hint else ""
            made[name] = NotReady(name, f"{fault.message}{hint}")
    return made


def _mail(section: MailSection, world: ChannelDeps) -> Channel:
    from .smtp import Mail, MailSettings

    return Mail(
        MailSettings(
            host=section.host,
            port=section.port,
            tls=section.tls,
            allow_plaintext=section.allow_plaintext,
            user=section.user,
            password=_secret("mail", section.password_env, world) if section.user else None,
            sender=section.sender,
            sender_name=section.sender_name,
            allowed_networks=_networks(section.allow_networks),
            ca_file=_file(section.ca_file, world),
            total_seconds=section.deadline_seconds,
        ),
        clock=world.clock,
        monotonic=world.monotonic,
    )


def _webhook(section: WebhookSection, world: ChannelDeps) -> Channel:
    from pydantic import SecretStr

    from .webhook import Webhook, WebhookSettings

    secret = _secret("webhook", section.secret_env, world)
    assert secret is not None
    return Webhook(
        WebhookSettings(secret=secret, url=SecretStr(section.url), **_posted(section, world)),
        clock=world.clock,
        monotonic=world.monotonic,
    )


def _wecom(section: WeComSection, world: ChannelDeps) -> Channel:
    from .wecom import WeCom

    return _robots(WeCom, section, world)


def _dingtalk(section: DingTalkSection, world: ChannelDeps) -> Channel:
    from .dingtalk import DingTalk

    return _robots(DingTalk, section, world)


def _feishu(section: FeishuSection, world: ChannelDeps) -> Channel:
    from .feishu import Feishu

    return _robots(Feishu, section, world)


def _robots(kind: "type[Robot]", section: RobotsSection, world: ChannelDeps) -> Channel:
    from .robot import RobotSettings

    def known(robot: RobotSection) -> "RobotKey | str":
        # What one robot lacks must not stop the others of its channel either.
        try:
            return _key(kind.kind, robot.key_env, getattr(robot, "secret_env", None), world)
        except ConfigurationError as fault:
            return fault.message

    secret_env = getattr(section, "secret_env", None)
    common = section.key_env and _key(kind.kind, section.key_env, secret_env, world)
    return kind(
        RobotSettings(
            base=section.base,
            robot=common or None,
            named={name: known(robot) for name, robot in section.robots.items()},
            secret=_secret(kind.kind, secret_env, world),
            **_posted(section, world),
        ),
        clock=world.clock,
        monotonic=world.monotonic,
    )


def _key(channel: str, key_env: str, secret_env: str | None, world: ChannelDeps) -> "RobotKey":
    from .robot import RobotKey

    key = _secret(channel, key_env, world)
    assert key is not None
    return RobotKey(key, _secret(channel, secret_env, world))


def _posted(section: "WebhookSection | RobotsSection", world: ChannelDeps) -> dict[str, Any]:
    return {
        "allow_http": section.allow_http,
        "allowed_networks": _networks(section.allow_networks),
        "ca_file": _file(section.ca_file, world),
        "total_seconds": section.deadline_seconds,
    }


def _networks(texts: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(ip_network(text) for text in texts)


def _file(name: str | None, world: ChannelDeps) -> str | None:
    return None if name is None else str(world.folder / name)


def _secret(channel: str, variable: str | None, world: ChannelDeps) -> "SecretStr | None":
    """The variable's value, None where no variable is named; ConfigurationError if not set."""
    from pydantic import SecretStr

    if variable is None:
        return None
    value = world.environ.get(variable)
    if value:
        return SecretStr(value)
    raise ConfigurationError(
        t(
            "channel {channel}: its secret is missing, {variable} is not set",
            channel=channel,
            variable=variable,
        ),
        t("set the environment variable {variable}", variable=variable),
    )
