"""Wrong usage in one line, saying what and how to mend it, in the user's language (contract.md 14).

The parser speaks English only and draws a box around it.
"""

import re
from typing import Final

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.i18n.messages import language, mark, t
from typer.exceptions import TyperException

_SENTENCES: Final = (
    (r"Missing option '(?P<a>.+?)'.*", mark("option {a} is missing")),
    (r"Missing argument '(?P<a>.+?)'.*", mark("argument {a} is missing")),
    (
        r"Invalid value for '?(?P<a>.+?)'?: (?P<b>'.*?') is not one of (?P<c>.*)\.",
        mark("{a} cannot be {b}; one of: {c}"),
    ),
    (
        r"Invalid value for '?(?P<a>.+?)'?: Input should be a valid integer.*",
        mark("{a} is a whole number"),
    ),
    (
        r"Invalid value for '?(?P<a>.+?)'?: Input should be greater than or equal to (?P<b>.*)",
        mark("{a} is at least {b}"),
    ),
    (
        r"Invalid value for '?(?P<a>.+?)'?: Input should be less than or equal to (?P<b>.*)",
        mark("{a} is at most {b}"),
    ),
    (r"Missing command\.", mark("no command is given")),
    (r"Invalid value for '?(?P<a>.+?)'?: (?P<b>.*)", mark("{a} has a wrong value: {b}")),
    (r"No such option: (?P<a>\S+)(?P<b>.*)", mark("there is no option {a}")),
    (r"No such command (?P<a>'.*?').*", mark("there is no command {a}")),
    (r"Option '(?P<a>.+?)' requires an argument\.", mark("option {a} takes a value")),
    (r"Option '(?P<a>.+?)' does not take a value\.", mark("option {a} takes no value")),
    (r"Got unexpected extra argument\(s\) \((?P<a>.*)\)", mark("surplus arguments: {a}")),
)


def wrong_usage(fault: TyperException) -> ConfigurationError:
    """The fault of the parser as one of ours."""
    said = fault.format_message() if hasattr(fault, "format_message") else str(fault)
    said = " ".join(said.replace("Value error, ", "").split())
    context = getattr(fault, "ctx", None)
    command = "effmon" if context is None else context.command_path
    for pattern, sentence in _SENTENCES if language() != "en" else ():
        found = re.fullmatch(pattern, said)
        if found:
            named = {name: _listed(text) for name, text in found.groupdict().items()}
            said = t(sentence, **named)
            break
    return ConfigurationError(said, t("see {command} -h", command=command))


def _listed(choices: str | None) -> str:
    """`'yellow', 'red'` as a Chinese list; anything else as it is."""
    text = choices or ""
    return "、".join(re.findall(r"'([^']*)'", text)) if "', '" in text else text


def asked_for_help(fault: TyperException) -> bool:
    """Whether a group was named without a command: its help is the answer."""
    return type(fault).__name__ == "NoArgsIsHelpError"
