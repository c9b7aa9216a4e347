"""Nothing from data steers a terminal, splits a log line or becomes a formula; masks hide."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efficiency_monitor.documents.text_safety import (
    is_formula,
    mask_id,
    mask_name,
    mask_phone,
    safe,
    safe_cell,
)

from .hostile import NASTY, texts, unprintable


@given(texts)
def test_what_is_safe_is_one_printable_line(text: str) -> None:
    shown = safe(text)
    assert unprintable(shown) == set()
    assert len(shown.splitlines()) <= 1
    assert unicodedata.is_normalized("NFC", shown)
    assert safe(shown) == shown
    shown.encode()


@given(st.characters())
def test_no_character_vanishes_without_a_sign(char: str) -> None:
    assert safe(f"a{char}b") not in ("ab", "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("一行\n二行", "一行⏎二行"),
        ("一行\r\n二行", "一行⏎二行"),
        ("\x1b[31m", "␛[31m"),
        ("a\tb\x00\x7f", "a␉b␀␡"),
        ("\x9b31m", "\ufffd31m"),
        ("办件\u202e号编", "办件\ufffd号编"),
        ("零\u200b宽", "零\ufffd宽"),
        ("\ud83d", "\ufffd"),
        ("\u3164\u115f\u034f", "\ufffd\ufffd\ufffd"),
        ("e\u0301", "é"),
        ("全角　空格\xa0", "全角　空格\xa0"),
        ("[red]{0}%s", "[red]{0}%s"),
    ],
)
def test_marks(text: str, shown: str) -> None:
    assert safe(text) == shown


def test_rare_names_stay_whole() -> None:
    """A name may be newer than this Python's Unicode, or ask for a variant of its character."""
    for name in ("䶮", "\U00020bb7野", "\U000323b0", "\U0003347f", "葛\U000e0100城"):
        assert safe(name) == name
    assert safe("a\U000e0100") == "a\ufffd"


FORMULAS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "＝1+1", "＋1", "－1", "＠x", "\t=1", "\tx", "\rx", "\nx",
    " =1", "\u3000=1", "\xa0=1", "\ufeff=1", "\u200b=1", "\x00=1", "  \n =1", "\x0b=1",
    "=cmd|'/C calc'!A0", "-2+3+cmd|'/C calc'!A0", '=HYPERLINK("http://x","y")', "+86 13812341234",
]  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_are_disarmed(text: str) -> None:
    assert is_formula(text)
    assert safe_cell(text) == "'" + safe(text)


@pytest.mark.parametrize("text", ["x;=1+1", "x; @SUM(A1)", "x;\u3000＝1", "a;b;-2+3|' calc'!A0"])
def test_no_cell_begins_after_a_semicolon_either(text: str) -> None:
    """A spreadsheet whose separator is another one opens the same line as other cells."""
    cells = [part.lstrip() for part in safe_cell(text).split(";")]
    assert not any(is_formula(cell) for cell in cells)
    assert safe_cell(text).replace("'", "") == text.replace("'", "")


@pytest.mark.parametrize("text", ["", "a=1", "1-2", "XK-2026", "'=1", "【=1】", "3 ＋ 4", "  a "])
def test_other_texts_are_left_alone(text: str) -> None:
    assert not is_formula(text)
    assert safe_cell(text) == text


@given(texts)
def test_no_cell_begins_like_a_formula(text: str) -> None:
    assert not re.match(r"[\s\u200b-\u200f\ufeff]*[=+\-@＝＋－＠]", safe_cell(text))
    assert not safe_cell(text).startswith(("\t", "\r", "\n"))


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张三", "张*"),
        ("张三丰", "张**"),
        ("欧阳娜娜", "欧阳**"),
        ("欧阳修", "欧阳*"),
        ("东方", "东*"),
        ("买买提·艾力", "买**·艾*"),
        ("John Smith", "J*** S****"),
        ("张", "*"),
        ("", ""),
        (" 李四 ", "李*"),
        ("\x1b[31m王五", "␛******"),
    ],
)
def test_names(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("13812341234", "138****1234"),
        ("+86 138-1234-1234", "138****1234"),
        ("１３８１２３４１２３４", "138****1234"),
        ("0731-58551234", "********1234"),
        ("12345", "*****"),
        ("无", "*"),
        ("", ""),
    ],
)
def test_phones(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("11010519491231002X", "110***********002X"),
        ("110105 19491231 002x", "110***********002x"),
        ("110105491231002", "110********1002"),
        ("E12345678", "E******78"),
        ("1234567", "*******"),
        ("", ""),
    ],
)
def test_identity_numbers(number: str, masked: str) -> None:
    assert mask_id(number) == masked


@given(st.text(max_size=40) | st.from_regex(r"\A[0-9 +-]{0,25}\Z"))
def test_masks_never_show_more_than_seven_digits(text: str) -> None:
    for mask in (mask_phone, mask_id):
        assert len(re.findall(r"\d", mask(text))) <= 7


@pytest.mark.parametrize("text", NASTY)
def test_masked_texts_are_printable(text: str) -> None:
    for mask in (mask_name, mask_phone, mask_id):
        assert unprintable(mask(text)) == set()
