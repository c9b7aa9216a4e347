"""What masks hide, what they leave, and which columns hold something about a person."""

import pytest

from efficiency_monitor.documents.masking import mask_personal, mask_text, masked, masked_row
from efficiency_monitor.people.model.personal import is_personal, is_seal, opened, seal

NUMBER = "11010519491231002X"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("电话13812345678，勿回", "电话138****5678，勿回"),
        ("+86 138-1234-5678", "138****5678"),
        ("写信 zhang.san@example.com.cn 。", "写信 z***@example.com.cn 。"),
        (f"证号{NUMBER}", "证号110***********002X"),
        ("办件 20260302138123456781 已办", "办件 20260302138123456781 已办"),
        ("12345678901 不是手机", "12345678901 不是手机"),
        ("第 3 条 2026-03-02 10:00", "第 3 条 2026-03-02 10:00"),
    ],
)
def test_free_texts(text: str, hidden: str) -> None:
    assert mask_text(text) == hidden


@pytest.mark.parametrize(
    ("value", "hidden"),
    [
        ("欧阳震华", "欧阳**"), ("王五", "王*"), ("John Smith", "J*** S****"),
        ("13812345678", "138****5678"), ("0731-5551234", "*******1234"),
        ("a@b.cn", "a***@b.cn"), (NUMBER, "110***********002X"), ("", ""),
    ],
)  # fmt: skip
def test_values_of_persons(value: str, hidden: str) -> None:
    assert mask_personal(value) == hidden


def test_by_key_and_at_every_depth() -> None:
    shown = masked(
        {
            "case_no": "13812345678", "handler": "王五", "department": "住建局", "n": 3,
            "parts": [{"holder": "欧阳震华", "over": {"value": "17", "unit": "working_days"}}],
            "联系人": "李四", "actor": {"claimed": "wang", "os_user": "root"},
            "text": "找13812345678",
        }
    )  # fmt: skip
    assert shown == {
        "case_no": "13812345678", "handler": "王*", "department": "住建局", "n": 3,
        "parts": [{"holder": "欧阳**", "over": {"value": "17", "unit": "working_days"}}],
        "联系人": "李*", "actor": {"claimed": "wang", "os_user": "root"},
        "text": "找138****5678",
    }  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["applicant", "Applicant", "ＡＰＰＬＩＣＡＮＴ", "申请人", "申请者名称", "联系电话", "手机号",
     "contact person", "id-card", "idNumber", "E-mail", "applyer_name", "法定代表人", "身份证号码"],
)  # fmt: skip
def test_columns_of_persons(name: str) -> None:
    assert is_personal(name)


@pytest.mark.parametrize(
    "name",
    ["handler", "department", "申请人类型", "applicant_type", "申请人数", "item_code", "channel",
     "promised_limit", "办理方式", "reviewer", "region", "note", "source_key"],
)  # fmt: skip
def test_columns_of_none(name: str) -> None:
    assert not is_personal(name)


def test_a_row_as_its_mapping_names_it() -> None:
    phone = "13812345678"
    row = {"XM": "王五", "BZ": f"电{phone}", "经办人": "李四", "办件编号": "A1", "手机": phone}
    assert masked_row(row, frozenset({"XM"})) == {
        "XM": "王*", "BZ": "电138****5678", "经办人": "李*", "办件编号": "A1",
        "手机": "138****5678",
    }  # fmt: skip


def test_a_seal_is_the_value_under_its_salt() -> None:
    salt, other = bytes(range(32)), bytes(32)
    made = seal(salt, "王五")
    assert is_seal(made)
    assert made == seal(salt, "王五") != seal(other, "王五")
    assert made != seal(salt, "王六")
    assert opened({"applicant": made, "x": "y"}, {made: "王五"}) == {"applicant": "王五", "x": "y"}
    assert opened({"applicant": made}, {}) == {"applicant": None}
