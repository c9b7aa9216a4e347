"""The worked example of `docs/channels.md`, taken from the page as it stands."""

import re
import sys
from types import ModuleType
from typing import Any

from tests.house.tree import ROOT

PAGE = ROOT / "docs" / "channels.md"


def blocks() -> list[str]:
    """Its Python: the channel, its section, its function, its trial."""
    found = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(found) == 4
    return found


def channel() -> ModuleType:
    """The channel's file, as if it were in its place."""
    name = "efficiency_monitor.notify.channels.sms"
    if name not in sys.modules:
        made = ModuleType(name)
        made.__package__ = "efficiency_monitor.notify.channels"
        sys.modules[name] = made
        exec(compile(blocks()[0], f"{PAGE}: the channel", "exec"), vars(made))
    return sys.modules[name]


def trial(names: dict[str, Any]) -> Any:
    """Its entry, with the names that the trials' module has."""
    known = {**names, **vars(channel())}
    exec(compile(blocks()[3], f"{PAGE}: the trial", "exec"), known)
    return known["sms_trial"]


def wired() -> tuple[Any, Any]:
    """Its section and its function, with the names of the modules where they belong."""
    from efficiency_monitor.notify.channels import configured as channels
    from efficiency_monitor.workspace import channel_settings

    channel()
    section = dict(vars(channel_settings))
    exec(compile(blocks()[1], f"{PAGE}: the section", "exec"), section)
    function = {**vars(channels), "SmsSection": section["SmsSection"]}
    exec(compile(blocks()[2], f"{PAGE}: the function", "exec"), function)
    return section["SmsSection"], function["_sms"]
