"""What people hand in with a command: a text, files."""

from pathlib import Path
from typing import Annotated

import typer
from efficiency_monitor.i18n.messages import t
from efficiency_monitor.i18n.os_words import say_os

Text = Annotated[
    str | None,
    typer.Option("--text", help=t("text, or @FILE"), show_default=False),
]
Attach = Annotated[
    list[Path] | None,
    typer.Option(
        "--attach",
        metavar="FILE",
        help=t("a file, may be repeated"),
        show_default=False,
    ),
]


def read_text(text: str | None) -> str | None:
    """The text, read from its file where it begins with @; ConfigurationError if it cannot be."""
    from efficiency_monitor.faults import ConfigurationError

    if text is None or not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError(
            t("{text_} is not UTF-8", text_=text[1:]),
            t("save it as UTF-8"),
        ) from None
    except OSError as fault:
        raise ConfigurationError(
            t("{text_} cannot be read: {fault}", text_=text[1:], fault=say_os(fault)),
            t("what begins with @ is the name of a file"),
        ) from None
