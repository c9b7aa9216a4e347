"""Wrong usage in one line, saying what and how to mend it, in the user's language (contract.md 14).

The parser speaks English only and draws a box around it.
"""

import re
from typing import Final

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.i18n.language import t
from typer.exceptions import TyperException

_CHINESE: Final = (
    (r"Missing option '(?P<a>.+?)'.*", "缺少选项 {a}"),
    (r"Missing argument '(?P<a>.+?)'.*", "缺少参数 {a}"),
    (
        r"Invalid value for '?(?P<a>.+?)'?: (?P<b>'.*?') is not one of (?P<c>.*)\.",
        "{a} 不能是 {b}；可用：{c}",
    ),
    (r"Invalid value for '?(?P<a>.+?)'?: Input should be a valid integer.*", "{a} 须为整数"),
    (
        r"Invalid value for '?(?P<a>.+?)'?: Input should be greater than or equal to (?P<b>.*)",
        "{a} 不得小于 {b}",
    ),
    (
        r"Invalid value for '?(?P<a>.+?)'?: Input should be less than or equal to (?P<b>.*)",
        "{a} 不得大于 {b}",
    ),
    (r"Missing command\.", "没有写命令"),
    (r"Invalid value for '?(?P<a>.+?)'?: (?P<b>.*)", "{a} 的值无效：{b}"),
    (r"No such option: (?P<a>\S+)(?P<b>.*)", "没有选项 {a}"),
    (r"No such command (?P<a>'.*?').*", "没有命令 {a}"),
    (r"Option '(?P<a>.+?)' requires an argument\.", "选项 {a} 之后要写值"),
    (r"Option '(?P<a>.+?)' does not take a value\.", "选项 {a} 之后不写值"),
    (r"Got unexpected extra argument\(s\) \((?P<a>.*)\)", "多出的参数：{a}"),
)


def wrong_usage(fault: TyperException) -> ConfigurationError:
    """The fault of the parser as one of ours."""
    said = fault.format_message() if hasattr(fault, "format_message") else str(fault)
    said = " ".join(said.replace("Value error, ", "").split())
    context = getattr(fault, "ctx", None)
    command = "effmon" if context is None else context.command_path
    for pattern, chinese in _CHINESE:
        found = re.fullmatch(pattern, said)
        if found:
            named = {name: _listed(text) for name, text in found.groupdict().items()}
            said = t(chinese.format(**named), said)
            break
    return ConfigurationError(said, t(f"见 {command} -h", f"see {command} -h"))


def _listed(choices: str | None) -> str:
    """`'yellow', 'red'` as a Chinese list; anything else as it is."""
    text = choices or ""
    return "、".join(re.findall(r"'([^']*)'", text)) if "', '" in text else text


def asked_for_help(fault: TyperException) -> bool:
    """Whether a group was named without a command: its help is the answer."""
    return type(fault).__name__ == "NoArgsIsHelpError"
