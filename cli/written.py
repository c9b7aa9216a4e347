"""What people hand in with a command: a text, files."""

from pathlib import Path
from typing import Annotated

import typer
from efficiency_monitor.i18n.language import t
from efficiency_monitor.i18n.os_words import say_os

Text = Annotated[
    str | None,
    typer.Option("--text", help=t("文字，或 @文件", "text, or @FILE"), show_default=False),
]
Attach = Annotated[
    list[Path] | None,
    typer.Option(
        "--attach",
        metavar="FILE",
        help=t("附件，可多次", "a file, may be repeated"),
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
            t(f"{text[1:]} 不是 UTF-8", f"{text[1:]} is not UTF-8"),
            t("请存为 UTF-8", "save it as UTF-8"),
        ) from None
    except OSError as fault:
        raise ConfigurationError(
            t(
                f"{text[1:]} 无法读取：{say_os(fault)}",
                f"{text[1:]} cannot be read: {say_os(fault)}",
            ),
            t("以 @ 开头的是文件名", "what begins with @ is the name of a file"),
        ) from None
