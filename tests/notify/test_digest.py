"""Pending notices become few messages, and none is lost."""

from dataclasses import replace
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efficiency_monitor.notify.digest import (
    MOST_NOTICES,
    Addressed,
    PendingNotice,
    digest,
    message_id,
)
from efficiency_monitor.people.model.people import Language
from efficiency_monitor.terms import Level

SHANGHAI = ZoneInfo("Asia/Shanghai")
RED = PendingNotice(
    notice_id="n-2",
    recipient="p1",
    channel="webhook",
    address="https://hooks.example/1",
    card_no="R-2026-000381",
    level=Level.RED,
    case_no="430300-2026-17",
    department="市住建局",
    due_at=1_795_103_999,
)
YELLOW = replace(RED, notice_id="n-1", card_no="Y-7", level=Level.YELLOW, case_no="", due_at=None)


def test_a_digest_in_chinese_reads_well() -> None:
    (made,) = digest([YELLOW, RED], language=Language.ZH, zone=SHANGHAI)
    assert made.channel == "webhook"
    assert made.message.subject == "效能监察通知：红牌 1，黄牌 1"
    assert made.message.text == (
        "以下事项请处理：\n"
        "\n"
        "1. 【红牌】办件 430300-2026-17，市住建局，时限 2026-11-19 23:59:59，牌号 R-2026-000381\n"
        "   已发此牌，反馈期限自送达起算。请签收并反馈："
        "effmon cards acknowledge R-2026-000381；effmon cards reply R-2026-000381\n"
        "   通知号 n-2\n"
        "2. 【黄牌】市住建局，牌号 Y-7\n"
        "   已发此牌，反馈期限自送达起算。"
        "请签收并反馈：effmon cards acknowledge Y-7；effmon cards reply Y-7\n"
        "   通知号 n-1\n"
    )


def test_a_digest_in_english_reads_well() -> None:
    english = replace(RED, department="Housing")
    second = replace(english, notice_id="n-3")
    (made,) = digest([english, second], language=Language.EN, zone=ZoneInfo("UTC"))
    assert made.message.subject == "Efficiency supervision: 2 red cards"
    assert made.message.text.startswith(
        "Please attend to the following:\n"
        "\n"
        "1. [red card] case 430300-2026-17, Housing, due 2026-11-19 15:59:59, card R-2026-000381\n"
        "   The time to answer runs from delivery. Acknowledge and answer it: "
        "effmon cards acknowledge R-2026-000381; effmon cards reply R-2026-000381\n"
        "   notice n-2\n"
    )


LETTERS = st.sampled_from(["a", "b", "c"])
NOTICES = st.lists(
    st.builds(
        PendingNotice,
        notice_id=st.uuids().map(str),
        recipient=LETTERS,
        channel=LETTERS,
        address=LETTERS,
        card_no=st.text(max_size=5),
        level=st.none() | st.sampled_from(list(Level)),
        case_no=st.text(max_size=5),
        subject=st.sampled_from(["card:R-1", "order:D-1", "appeal:A-1", "key:K-1", ""]),
        kind=st.sampled_from(["issued", "step:2:1", "order_opened", "appeal_filed", "lifted", "?"]),
        department=st.text(max_size=5),
        due_at=st.none() | st.integers(0, 2**33),
    ),
    max_size=40,
    unique_by=lambda notice: notice.notice_id,
)


def _digest(notices: list[PendingNotice]) -> tuple[Addressed, ...]:
    return digest(notices, language=Language.ZH, zone=SHANGHAI)


@given(NOTICES, st.randoms(use_true_random=False))
def test_every_notice_is_in_exactly_one_message_to_its_recipient(
    notices: list[PendingNotice], random: Random
) -> None:
    made = _digest(notices)
    where = {
        line.notice_id: (one.message.recipient, one.channel, one.message.address)
        for one in made
        for line in one.message.notices
    }
    assert where == {
        notice.notice_id: (notice.recipient, notice.channel, notice.address) for notice in notices
    }
    assert sum(len(one.message.notices) for one in made) == len(notices)
    assert len({one.message.message_id for one in made}) == len(made)
    shuffled = list(notices)
    random.shuffle(shuffled)
    assert _digest(shuffled + shuffled) == made


@given(NOTICES)
def test_the_worst_comes_first(notices: list[PendingNotice]) -> None:
    asking = [replace(notice, kind="issued") for notice in notices]
    for one in _digest(asking):
        levels = [line.level or 0 for line in one.message.notices]
        assert levels == sorted(levels, reverse=True)


def test_what_wants_an_answer_comes_before_what_is_settled() -> None:
    lifted = replace(RED, notice_id="n-9", kind="lifted", about={"reason": "appeal"})
    order = replace(
        RED, notice_id="n-8", kind="order_opened", subject="order:D-1", card_no="", level=None
    )
    (made,) = _digest([lifted, order, YELLOW])
    assert [line.notice_id for line in made.message.notices] == ["n-1", "n-8", "n-9"]
    assert made.message.subject == "效能监察通知：黄牌 1，督办单 1，已了结 1"
    assert made.message.text.startswith("以下事项请处理：")
    (told,) = _digest([lifted])
    assert told.message.text.startswith("以下事项请知悉：\n\n1. 【红牌】")


def test_a_long_list_goes_into_numbered_messages() -> None:
    many = [replace(RED, notice_id=f"n-{number:03}") for number in range(2 * MOST_NOTICES + 1)]
    made = _digest(many)
    assert [len(one.message.notices) for one in made] == [MOST_NOTICES, MOST_NOTICES, 1]
    assert made[2].message.subject.endswith("红牌 1 (3/3)")


def test_the_same_notices_make_the_same_message_id_and_others_another() -> None:
    assert message_id(["b", "a"]) == message_id(["a", "b", "a"])
    assert message_id(["a", "b"]) != message_id(["a,b"])
    assert message_id(["ab"]) != message_id(["a", "b"])
    assert len(message_id(["\udc80"])) == 64


def test_one_id_for_two_notices_is_a_defect_of_the_outbox() -> None:
    with pytest.raises(ValueError, match="n-2"):
        _digest([RED, replace(RED, recipient="p2")])


def test_no_field_can_forge_a_line() -> None:
    forged = replace(
        RED,
        case_no="A-1\n2. 【红牌】已撤销",
        department="局\r\n   通知号 x",
        card_no="R\u20281\x1b[2J",
    )
    (made,) = _digest([forged])
    assert made.message.text.splitlines()[2].startswith(
        "1. 【红牌】办件 A-1⏎2. 【红牌】已撤销，局⏎"
    )
    assert len(made.message.text.splitlines()) == 5
    assert "\x1b" not in made.message.text


def test_an_endless_field_is_cut() -> None:
    (made,) = _digest([replace(RED, case_no="9" * 10_000)])
    assert len(made.message.text) < 1500
