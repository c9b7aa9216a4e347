"""What people write with a decision: there, and not too long."""

from ..core.faults import ConfigurationError
from ..language import t

#: Most characters of a text that somebody writes.
MOST_TEXT = 4000


def said(text: str | None, what: str) -> str:
    """The text without blanks around it; ConfigurationError if it is empty or too long.

    `what` names it in the user's language: "the reply".
    """
    found = (text or "").strip()
    if not found:
        raise ConfigurationError(
            t(f"没有写明{what}", f"the {what} is missing"),
            t(
                "用 --text 写明，或 --text @文件",
                "give it with --text, or as a file: --text @FILE",
            ),
        )
    if len(found) > MOST_TEXT:
        raise ConfigurationError(
            t(
                f"文字有 {len(found)} 个字符，最多 {MOST_TEXT} 个",
                f"the text has {len(found)} characters, at most {MOST_TEXT}",
            ),
            t("其余内容作为附件提交：--attach", "hand the rest in with --attach"),
        )
    return found
