"""Messages of a limited length, and messages that a group reads."""

from dataclasses import replace
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from efficiency_monitor.notify.digest import Addressed, PendingNotice, Signed, digest
from efficiency_monitor.people.model.people import Language
from efficiency_monitor.terms import Level

SHANGHAI = ZoneInfo("Asia/Shanghai")
RED = PendingNotice(
    notice_id="N-00000000000000000001",
    recipient="王某某",
    channel="wecom",
    address="robot",
    subject="card:R-2026-000381",
    card_no="R-2026-000381",
    level=Level.RED,
    case_no="430300-2026-17",
    department="市住建局",
    due_at=1_795_103_999,
)


SIGNED = Signed(9_007_199_254_740_991, "3ibZjQIzYiUVTqRvujDlSXaMZzQdS2A+TiBMWLXlmBM=")


def _digest(
    notices: list[PendingNotice], most: int | None, *groups: str, signed: Signed | None = None
) -> tuple[Addressed, ...]:
    return digest(
        notices,
        language=Language.ZH,
        zone=SHANGHAI,
        longest={"wecom": most},
        groups=groups,
        signed=signed,
    )


NOTICES = st.lists(
    st.builds(
        lambda number, **more: replace(
            RED, card_no=f"R-{number}", subject=f"card:R-{number}", **more
        ),
        number=st.integers(0, 10**12),
        notice_id=st.integers(0, 10**19).map(lambda n: f"N-{n:020}"),
        recipient=st.sampled_from(["王某某", "李某某"]),
        department=st.text(max_size=130),
        case_no=st.text(max_size=20),
        level=st.sampled_from(Level),
    ),
    min_size=1,
    max_size=60,
    unique_by=lambda notice: notice.notice_id,
)


@given(NOTICES, st.integers(1200, 6000), st.booleans(), st.sampled_from([None, SIGNED]))
def test_no_text_is_longer_than_the_channel_takes_and_no_notice_is_cut(
    notices: list[PendingNotice], most: int, group: bool, signed: Signed | None
) -> None:
    made = _digest(notices, most, *(["wecom"] if group else []), signed=signed)
    found = [line.notice_id for one in made for line in one.message.notices]
    assert sorted(found) == sorted(notice.notice_id for notice in notices)
    for one in made:
        text = one.message.text
        assert len(text.encode()) <= most
        assert text.startswith("以下事项请处理：\n\n1. 【")
        assert text.endswith(
            "\n" if signed is None else f"\n\n台账 {SIGNED.size} · {SIGNED.root}\n"
        )
        shown = set(text.replace("、", "\n").replace("通知号 ", "\n").splitlines())
        for line in one.message.notices:
            assert line.notice_id in shown
            assert line.card_no in text


def test_parts_are_as_full_as_they_can_be_and_numbered() -> None:
    many = [replace(RED, notice_id=f"N-{n:020}", card_no=f"R-{n:06}") for n in range(9)]
    (whole,) = _digest(many, None)
    two = _digest(many, len(whole.message.text.encode()) - 1)
    assert [len(one.message.notices) for one in two] == [8, 1]
    assert [one.message.subject for one in two] == [
        "效能监察通知：红牌 8 (1/2)",
        "效能监察通知：红牌 1 (2/2)",
    ]
    assert _digest(many, len(whole.message.text.encode())) == (whole,)


def test_a_notice_that_alone_is_too_long_loses_free_text_and_no_number() -> None:
    endless = replace(RED, department="局" * 120, case_no="9" * 120)
    (whole,) = _digest([endless], None)
    (short,) = _digest([endless], 520)
    assert len(short.message.text.encode()) <= 520 < len(whole.message.text.encode())
    for number in (endless.notice_id, endless.card_no, endless.case_no):
        assert number in short.message.text
    assert "局局局…" in short.message.text


def test_a_group_reads_each_matter_once_and_nobodys_name() -> None:
    told = [
        replace(RED, notice_id=f"N-{n}", recipient=name)
        for n, name in enumerate(["王某某", "李某某", "赵某某"])
    ]
    other = replace(RED, notice_id="N-9", kind="closed", recipient="李某某")
    (made,) = _digest([*told, other], 2000, "wecom")
    assert made.message.recipient == "wecom"
    assert made.message.subject == "效能监察通知：红牌 1，已了结 1"
    assert made.message.text.count("【红牌】") == 2
    assert "通知号 N-0、N-1、N-2\n" in made.message.text
    assert [line.notice_id for line in made.message.notices] == ["N-0", "N-1", "N-2", "N-9"]
    assert "某某" not in f"{made.message.recipient}{made.message.subject}{made.message.text}"


def test_a_group_told_of_one_card_by_a_hundred_people_gets_messages_that_fit() -> None:
    told = [replace(RED, notice_id=f"N-{n:020}", recipient=f"p{n}") for n in range(100)]
    made = _digest(told, 1200, "wecom")
    assert all(len(one.message.text.encode()) <= 1200 for one in made)
    assert sum(len(one.message.notices) for one in made) == 100


def test_different_robots_are_different_groups() -> None:
    made = _digest([RED, replace(RED, notice_id="N-2", address="other")], None, "wecom")
    assert [one.message.address for one in made] == ["other", "robot"]


def test_a_group_cannot_be_made_to_call_everybody() -> None:
    loud = replace(RED, department="<@all> @所有人", case_no='<at user_id="all">x</at>')
    (made,) = _digest([loud], None, "wecom")
    assert not set("@<>") & set(made.message.text)
    (private,) = _digest([loud], None)
    assert "<@all> @所有人" in private.message.text
