"""Who was told of a card, and how far its ladder is: the columns, in words."""

from typing import Final

from efficiency_monitor.act_words import say_role
from efficiency_monitor.language import say_local, t
from efficiency_monitor.reports.columns import Column, coded

from .columns import NOTICE_STATES

_KINDS: Final = {
    "issued": ("发牌", "issued"),
    "to_confirm": ("待确认", "to be confirmed"),
    "unanswered": ("逾期未反馈", "no reply in time"),
    "revived": ("恢复", "stands again"),
    "lifted": ("撤销", "lifted"),
    "closed": ("销号", "closed"),
}
_LADDER_STATES: Final = {
    "running": ("进行中", "running"),
    "exhausted": ("各层均已告知", "every step was told"),
    "ended": ("已结束", "ended"),
}


def _kind(kind: str) -> str:
    """`step:3:2` is the third step, told for the second time."""
    word, _, rest = kind.partition(":")
    if word != "step":
        return coded(_KINDS)(word)
    step, _, turn = rest.partition(":")
    if turn in ("", "1"):
        return t(f"第{step}层", f"step {step}")
    return t(f"第{step}层，第{turn}次", f"step {step}, turn {turn}")


TOLD: Final = (
    Column("sent_at", "送达时间", "Delivered", say=say_local),
    Column("kind", "通知", "Notice", say=_kind),
    Column("person_id", "收件人", "Told", least=6),
    Column("role", "角色", "Role", say=say_role, priority=2),
    Column("channel", "渠道", "Channel", priority=3),
    Column("state", "状态", "State", say=coded(NOTICE_STATES)),
)
LADDER: Final = (
    Column("ladder", "督办层级", "Ladder"),
    Column("state", "状态", "State", say=coded(_LADDER_STATES)),
    Column("step", "已告知到第几层", "Told up to step", right=True),
    Column("steps", "共几层", "Steps", right=True),
    Column("turn", "第几次", "Turn", right=True, priority=2),
    Column("next_at", "下次检查", "Looked at next", say=say_local),
)
