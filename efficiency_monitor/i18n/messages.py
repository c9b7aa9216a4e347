"""What is said to people: the English in the code, its Chinese in a catalogue.

`zh/LC_MESSAGES/effmon.po` has the Chinese of each message, which a lawyer corrects without opening
a Python file; `tools/messages.py` makes of it the `.mo` that is read here. The language is one
setting of the process, chosen once by the composition root (`choose`, then `set_language`).
"""

import gettext
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final, Literal

from efficiency_monitor.faults import ConfigurationError

Language = Literal["zh", "en"]

#: Between a context and a message (GNU gettext manual, "The Format of GNU MO Files").
CONTEXT_ENDS: Final = "\x04"
_CATALOGUE: Final = Path(__file__).with_name("zh") / "LC_MESSAGES" / "effmon.mo"

#: The language in force; English until the composition root has chosen.
_current: Language = "en"


def mark(text: str, *, ctx: str | None = None) -> str:
    """The text as `t` takes it, for a table that is made before the language is chosen.

    `ctx` tells apart two texts that are one word in English: `closed` of a card, of an order.
    """
    return text if ctx is None else f"{ctx}{CONTEXT_ENDS}{text}"


def t(text: str, /, *, ctx: str | None = None, **parts: object) -> str:
    """A message in the current language; each `{name}` in it is filled from `parts`.

    A text that is in no catalogue is said as it stands. Without `parts` braces mean nothing.
    """
    key = mark(text, ctx=ctx)
    said = _chinese().gettext(key) if _current == "zh" and key else key
    if said == key:
        said = key.rpartition(CONTEXT_ENDS)[2]
    return said.format(**parts) if parts else said


def in_all(text: str) -> tuple[str, str]:
    """A message in English and in Chinese, whatever the current language is."""
    return text.rpartition(CONTEXT_ENDS)[2], _chinese().gettext(text)


def one_of(zh: str, en: str) -> str:
    """The half in the current language of what data say in both: titles of rules, words of "
    "codes."""
    return zh if _current == "zh" else en


def bilingual(text: str) -> str:
    """The current language's half of a text written `中文 / English`; a text in one, as it is."""
    zh, slash, en = text.partition(" / ")
    return one_of(zh, en) if slash else text


@cache
def _chinese() -> gettext.NullTranslations:
    """The catalogue, read when the first Chinese sentence is said."""
    with _CATALOGUE.open("rb") as file:
        return gettext.GNUTranslations(file)


def language() -> Language:
    """The current language."""
    return _current


def set_language(code: str) -> None:
    """Choose the language: `zh` or `en`, also as a locale name such as `zh_CN.UTF-8`.

    Raises ConfigurationError for any other code.
    """
    global _current
    found = _parse(code)
    if found is None:
        raise ConfigurationError(
            f"unknown language {code!r} / 不认识的语言 {code!r}", "zh or en / 请写 zh 或 en"
        )
    _current = found


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Another language for the block, for a document that is written in both."""
    before = _current
    set_language(code)
    try:
        yield
    finally:
        set_language(before)


def choose(env: Mapping[str, str], workspace_default: str | None) -> Language:
    """The language to speak: EFFMON_LANG, else the workspace's, else the locale's, else English.

    Of the locale the first that is set decides: LC_ALL, LC_MESSAGES, LANG, LANGUAGE. A code that is
    neither Chinese nor English is passed over.
    """
    for code in (env.get("EFFMON_LANG", ""), workspace_default or ""):
        found = _parse(code)
        if found is not None:
            return found
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE"):
        if env.get(name):
            return _parse(env[name]) or "en"
    return "en"


def _parse(code: str) -> Language | None:
    """The language of `zh`, `zh_CN.UTF-8`, `en-GB`; None for any other."""
    word = code.strip().lower().replace("-", "_").split(".")[0].split("_")[0].split(":")[0]
    if word == "zh":
        return "zh"
    return "en" if word == "en" else None
