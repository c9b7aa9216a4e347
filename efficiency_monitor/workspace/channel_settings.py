"""The channels of a workspace as `effmon.toml` names them. Secrets are named, never written."""

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from .source_settings import network

#: Channels that every workspace has.
ALWAYS: Final = frozenset({"console", "file"})
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_BASE = re.compile(r"https?://[^\s?#@]+")
_HOST = re.compile(r"[A-Za-z0-9.:-]{1,253}")
_ROBOT = re.compile(r"[\w-]{1,40}")


def _variable(name: str) -> str:
    if not _VARIABLE.fullmatch(name):
        # Not shown: somebody may have written the secret itself.
        raise ValueError("should be the name of an environment variable that holds the secret")
    return name


def _base(text: str) -> str:
    if not _BASE.fullmatch(text):
        raise ValueError(
            f"{text!r} is no base address: write such as 'https://gateway.city.example'"
        )
    return text


def _host(text: str) -> str:
    if not _HOST.fullmatch(text):
        raise ValueError(f"{text!r} is no host: write such as 'mail.city.example'")
    return text


def _robot(name: str) -> str:
    if not _ROBOT.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a robot: letters, digits, _ and -")
    return name


Variable = Annotated[str, AfterValidator(_variable)]
Networks = tuple[Annotated[str, AfterValidator(network)], ...]
RobotName = Annotated[str, AfterValidator(_robot)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileChannelSection(_Section):
    """Messages as files in a folder of the workspace."""

    folder: str = "outbox"


class _Reached(_Section):
    """What holds for every receiver on the network."""

    #: Networks that are not public and yet meant, as on a government intranet.
    allow_networks: Networks = ()
    #: File with the certificates to trust instead of the system's, relative to the workspace.
    ca_file: str | None = None
    #: Seconds for a whole delivery, from the name look-up to the last byte of the answer.
    deadline_seconds: int = Field(default=15, ge=1, le=120)


class _Posted(_Reached):
    allow_http: bool = False


class WebhookSection(_Posted):
    """A generic signed webhook."""

    url: str
    secret_env: Variable


class MailSection(_Reached):
    """A mail server that takes messages for everybody."""

    host: Annotated[str, AfterValidator(_host)]
    port: int | None = Field(default=None, ge=1, le=65535)
    tls: Literal["starttls", "tls", "none"] = "starttls"
    allow_plaintext: bool = False
    user: str | None = None
    password_env: Variable | None = None
    sender: str
    sender_name: str = ""
    deadline_seconds: int = Field(default=30, ge=1, le=120)


class RobotSection(_Section):
    """One robot, by the name that stands as the address of those it tells."""

    key_env: Variable


class SignedRobotSection(RobotSection):
    """A robot that may check signatures."""

    secret_env: Variable | None = None


class WeComSection(_Posted):
    """Group robots of WeCom 企业微信."""

    base: Annotated[str, AfterValidator(_base)] = "https://qyapi.weixin.qq.com"
    #: The robot of everybody whose address names no other.
    key_env: Variable | None = None
    robots: dict[RobotName, RobotSection] = {}


class _SignedSection(_Posted):
    key_env: Variable | None = None
    #: What is signed with for `key_env`, and for addresses that are themselves a key.
    secret_env: Variable | None = None
    robots: dict[RobotName, SignedRobotSection] = {}


class DingTalkSection(_SignedSection):
    """Custom robots of DingTalk 钉钉."""

    base: Annotated[str, AfterValidator(_base)] = "https://oapi.dingtalk.com"


class FeishuSection(_SignedSection):
    """Custom bots of Feishu 飞书."""

    base: Annotated[str, AfterValidator(_base)] = "https://open.feishu.cn"


class Channels(_Section):
    """The channels that people may be told by."""

    file: FileChannelSection = FileChannelSection()
    mail: MailSection | None = None
    webhook: WebhookSection | None = None
    wecom: WeComSection | None = None
    dingtalk: DingTalkSection | None = None
    feishu: FeishuSection | None = None

    @property
    def names(self) -> frozenset[str]:
        """What a person's `channel` may say in this workspace."""
        given = {name for name in type(self).model_fields if getattr(self, name) is not None}
        return ALWAYS | given
