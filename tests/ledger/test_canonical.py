"""Canonical bytes: RFC 8785 by two writers, and what an entry may not hold."""

import enum
import json
import unicodedata
from datetime import UTC, datetime
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from efficiency_monitor.ledger.model import entries as ledger
from efficiency_monitor.verifier import verify

BOUND = 2**53 - 1
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
#: Keys where code point order and UTF-16 order differ: astral against U+E000..U+FFFF.
KEYS = TEXT | st.sampled_from(["\U0001f600", "\ue000", "\uffff", "\U00010000", "é", "e\u0301"])
SCALARS = st.none() | st.booleans() | st.integers(-BOUND, BOUND) | TEXT
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)
ENTRY: dict[str, object] = {
    "v": 1,
    "seq": 1,
    "type": "card.issued",
    "at": "2026-11-24T02:00:07+08:00",
}


def in_nfc(value: Any) -> Any:
    """`value` with every string in NFC, written apart from the code under test."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, list):
        return [in_nfc(part) for part in value]
    if isinstance(value, dict):
        return {in_nfc(key): in_nfc(part) for key, part in value.items()}
    return value


def members(value: Any) -> int:
    """How many members the objects inside `value` have together."""
    if isinstance(value, dict):
        return len(value) + sum(members(part) for part in value.values())
    return sum(members(part) for part in value) if isinstance(value, list) else 0


@given(VALUES)
def test_canonical_json_is_rfc8785_of_the_value_in_nfc(value: Any) -> None:
    normal = in_nfc(value)
    if members(normal) < members(value):
        with pytest.raises(ValueError, match="occurs twice"):
            ledger.canonical_json(value)
    else:
        assert ledger.canonical_json(value) == rfc8785.dumps(normal)


@given(VALUES)
def test_the_verifier_writes_rfc8785_by_itself(value: Any) -> None:
    line = rfc8785.dumps(value)
    assert verify.jcs(value).encode() == line
    assert verify.parse(line) == value


@given(VALUES)
def test_the_verifier_refuses_any_other_spelling(value: Any) -> None:
    line = rfc8785.dumps(value)
    for other in (json.dumps(value, indent=1), json.dumps(value), " " + line.decode()):
        if other.encode() != line:
            with pytest.raises(verify.Changed):
                verify.parse(other.encode())


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b'{"a":1,"a":1}', "occurs twice"),
        (b'{"b":1,"a":1}', "RFC 8785"),
        (b'"\\u0041"', "RFC 8785"),
        (b'"\\/"', "RFC 8785"),
        (b"-0", "RFC 8785"),
        (b"1.0", "no integer"),
        (b"1e3", "no integer"),
        (b"NaN", "no integer"),
        (b"-Infinity", "no integer"),
        (b"9007199254740992", "no integer"),
        (b"-9007199254740992", "no integer"),
        (b"1" * 5000, "no integer"),
        (b'"\\ud800"', "not valid JSON"),
        (b'"\xff"', "not valid JSON"),
        (b"\xef\xbb\xbf1", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"[" * 900 + b"]" * 900 + b" ", "not valid JSON|RFC 8785"),
        (b"", "not valid JSON"),
    ],
)
def test_the_verifier_refuses_what_is_not_canonical(line: bytes, says: str) -> None:
    with pytest.raises(verify.Changed, match=says) as caught:
        verify.parse(line)
    assert not caught.value.zh.isascii()


class Number(enum.IntEnum):
    """An int enum, as levels are."""

    RED = 3


class Word(str, enum.Enum):  # noqa: UP042  the older kind of str enum is the trap
    """A str enum whose str() is not its value."""

    RED = "red"


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (1.5, r"\$\.x: float"),
        (float("nan"), r"\$\.x: float"),
        (2**53, "2\\^53"),
        (-(2**53), "2\\^53"),
        (Number.RED, "Number"),
        (b"bytes", "bytes"),
        ({1, 2}, "set"),
        (datetime(2026, 11, 24, tzinfo=UTC), "datetime"),
        ("\ud800", "surrogate"),
        ({"\ud800": 1}, "surrogate"),
        ({1: 2}, "key 1 is not a string"),
        ({"e\u0301": 1, "é": 2}, "occurs twice"),
        ([[], [{"deep": 0.5}]], r"\$\.x\[1\]\[0\]\.deep"),
    ],
)
def test_what_an_entry_may_not_hold_is_named_with_its_place(value: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        ledger.canonical({**ENTRY, "x": value})


def test_nesting_has_a_bound() -> None:
    deep: list[object] = []
    for _ in range(ledger.MOST_DEPTH - 1):
        deep = [deep]
    assert ledger.canonical_json([deep])
    with pytest.raises(ValueError, match="nested deeper"):
        ledger.canonical_json([[deep]])


def test_strings_are_normalised_and_str_enums_give_their_value() -> None:
    body = ledger.canonical({**ENTRY, "type": ledger.EntryType.CARD_ISSUED, "e\u0301": [Word.RED]})
    assert json.loads(body) == {**ENTRY, "é": ["red"]}


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"v": True},
        {"v": None},
        {"seq": 0},
        {"seq": True},
        {"seq": "1"},
        {"type": "card.deleted"},
        {"type": ["card.issued"]},
        {"at": "2026-11-24T02:00:07"},
        {"at": "2026-11-24 02:00:07+08:00"},
        {"at": "2026-11-24T02:00:07.5+08:00"},
        {"at": "2026-02-30T02:00:07+08:00"},
        {"at": 1},
    ],
)
def test_the_envelope_is_checked(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        ledger.canonical({**ENTRY, **change})


@pytest.mark.parametrize("field", list(ENTRY))
def test_no_field_of_the_envelope_may_be_missing(field: str) -> None:
    with pytest.raises(ValueError, match=field):
        ledger.canonical({key: value for key, value in ENTRY.items() if key != field})


def test_at_may_be_in_utc() -> None:
    assert b"2026-11-24T02:00:07Z" in ledger.canonical({**ENTRY, "at": "2026-11-24T02:00:07Z"})


def test_the_verifier_accepts_every_entry_type() -> None:
    for kind in ledger.EntryType:
        line = ledger.canonical({**ENTRY, "type": kind}) + b"\n"
        assert verify.read_entry(line, 1)["type"] == kind


def test_a_commitment_is_hmac_sha256_of_the_text_in_nfc() -> None:
    # RFC 4231 test case 2; HMAC itself pads its key "Jefe" with zeros.
    salt = b"Jefe" + bytes(28)
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert ledger.commitment(salt, "what do ya want for nothing?") == expected
    assert ledger.commitment(salt, "e\u0301") == ledger.commitment(salt, "é")


@pytest.mark.parametrize("salt", [b"", bytes(16), bytes(33)])
def test_a_commitment_wants_a_whole_salt(salt: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        ledger.commitment(salt, "13800000000")
