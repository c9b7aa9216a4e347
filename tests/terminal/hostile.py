"""Texts that nobody would wish to print, and how one sees that they were."""

import unicodedata

from hypothesis import strategies as st

NASTY = (
    "\x1b[2J\x1b[31m红",
    "\x9b31m",
    "[/red][bold]已撤销[/]",
    "[link=file:///etc/passwd]点这里[/link]",
    "办件\u202e号编\u202c",
    "\u2066隔离\u2069",
    "零\u200b宽\ufeff",
    "一行\n二行\r\n三行\u2028四行\x85五行",
    "制\t表",
    "\x07\x08\x7f",
    "\ud83d",
    "\ue000\U000f0000",
    "\ufdd0\U0001ffff",
    "e\u0301\u0302\u0303",
    "葛\U000e0100\U000e0101",
    "👨\u200d👩\u200d👧 ❤\ufe0f",
    "각\u1100\u1161ｶﾞ",
    '=HYPERLINK("http://x")',
    ":smile: {0} %s $HOME",
)
#: Any text, and the nasty ones among other text.
texts = st.one_of(
    st.text(max_size=40),
    st.sampled_from(NASTY),
    st.builds("".join, st.lists(st.sampled_from(NASTY) | st.text(max_size=5), max_size=4)),
)
#: The same without halves of surrogate pairs, which no file in UTF-8 can hold.
storable = texts.filter(lambda text: not any("\ud800" <= char <= "\udfff" for char in text))


def unprintable(text: str) -> set[str]:
    """Controls, formats, surrogates, separators, private: what steers a terminal, hides or lies."""
    return {
        char for char in text if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    }
