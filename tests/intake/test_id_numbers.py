"""ID-card numbers (GB 11643): found by the check digit and masked wherever a row is kept."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efficiency_monitor.people.model.id_numbers import find_id_number, masked

from .conftest import Reading
from .test_csv import quarantined

#: The worked example of GB 11643.
NUMBER = "11010519491231002X"
MASKED = "110***********002X"
REGIONS = st.sampled_from(["110105", "430102", "650102", "820000", "911101"])


@st.composite
def numbers(draw: st.DrawFn) -> str:
    born = draw(st.dates(date(1900, 1, 1), date(2099, 12, 31)))
    digits = f"{draw(REGIONS)}{born:%Y%m%d}{draw(st.integers(0, 999)):03d}"
    # The weights are the powers of two modulo 11.
    total = sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(digits))
    return digits + "10X98765432"[total % 11]


@given(numbers(), st.text(alphabet="张三abc ,;:", max_size=5))
def test_every_number_is_found_and_masked(number: str, around: str) -> None:
    text = f"{around}{number}{around}"
    assert find_id_number(text) == f"{number[:3]}{'*' * 11}{number[-4:]}"
    assert number not in masked(text)
    assert masked(text).startswith(around)


@given(numbers(), st.integers(1, 9))
def test_a_wrong_check_digit_is_no_number(number: str, step: int) -> None:
    order = "0123456789X"
    wrong = order[(order.index(number[-1]) + step) % 11]
    assert find_id_number(number[:-1] + wrong) is None


@pytest.mark.parametrize(
    "text", [NUMBER, NUMBER.lower(), "110105 19491231 002X", "110105-19491231-002X",
             "１１０１０５１９４９１２３１００２Ｘ", f"身份证：{NUMBER}。"],
)  # fmt: skip
def test_ways_to_write_one(text: str) -> None:
    found = find_id_number(text)
    assert found is not None
    assert found.upper() == MASKED
    assert "19491231" not in masked(text)


@pytest.mark.parametrize(
    "text", ["", "1" * 17, f"1{NUMBER}", f"{NUMBER[:-1]}", "43010220260231001X"]
)
def test_what_is_none(text: str) -> None:
    assert find_id_number(text) is None
    assert masked(text) == text


def test_a_row_with_one_goes_to_quarantine_masked(reading: Reading) -> None:
    text = f"case_no,applicant,note\nA1,张三,身份证 {NUMBER}\nA2,李四,无\n"
    bad, good = reading("canonical", text)
    refused = quarantined(bad)
    assert (refused.number, refused.column, refused.refusal) == (2, "note", "id_number")
    assert refused.value == MASKED
    assert NUMBER not in repr(refused)
    assert MASKED in refused.cells["note"]
    assert good.cells["case_no"] == "A2"


def test_a_number_in_any_column_counts_even_in_an_unused_one(reading: Reading) -> None:
    text = f"办件编号,办结时间,备注\nA1,2026-01-06,{NUMBER}\n"
    assert quarantined(reading("gbt39046", text)[0]).column == "备注"


def test_a_column_that_the_mapping_drops_is_not_read_at_all(reading: Reading) -> None:
    text = f"办件编号,申请时间,申请者证件号码\nA1,2026-01-06,{NUMBER}\n"
    (facts,) = reading("gbt39046", text)
    assert NUMBER not in repr(facts)
    assert "申请者证件号码" not in facts.cells


def test_a_case_number_may_look_like_one_but_not_a_grown_up_persons(reading: Reading) -> None:
    """Region, date of the case, running number: the check digit fits one time in eleven."""
    alike = "430302202603020030"
    assert find_id_number(alike) is not None
    taken, refused = reading("canonical", f"case_no\n{alike}\n{NUMBER}\n")
    assert taken.cells["case_no"] == alike
    assert quarantined(refused).column == "case_no"
    assert NUMBER not in repr(refused)
