"""Who was told of a card, and how far its ladder is: the columns, in words."""

from typing import Final

from efficiency_monitor.documents.columns import Column, coded
from efficiency_monitor.i18n.act_words import say_role
from efficiency_monitor.i18n.language import say_local

from .columns import NOTICE_STATES
from .notice_words import say_kind

LADDER_STATES: Final = {
    "running": ("进行中", "running"),
    "exhausted": ("各层均已告知", "every step was told"),
    "ended": ("已结束", "ended"),
}


TOLD: Final = (
    Column("sent_at", "送达时间", "Delivered", say=say_local),
    Column("kind", "通知", "Notice", say=say_kind),
    Column("person_id", "收件人", "Told", least=6),
    Column("role", "角色", "Role", say=say_role, priority=2),
    Column("channel", "渠道", "Channel", priority=3),
    Column("state", "状态", "State", say=coded(NOTICE_STATES)),
)
LADDER: Final = (
    Column("ladder", "督办层级", "Ladder"),
    Column("state", "状态", "State", say=coded(LADDER_STATES)),
    Column("step", "已告知到第几层", "Told up to step", right=True),
    Column("steps", "共几层", "Steps", right=True),
    Column("turn", "第几次", "Turn", right=True, priority=2),
    Column("next_at", "下次检查", "Looked at next", say=say_local),
)
