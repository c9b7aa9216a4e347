"""Who was told of a card, and how far its ladder is: the columns, in words."""

from typing import Final

from efficiency_monitor.documents.columns import Column, coded
from efficiency_monitor.i18n.act_words import say_role
from efficiency_monitor.i18n.language import say_local
from efficiency_monitor.i18n.messages import mark

from .columns import NOTICE_STATES
from .notice_words import say_kind

LADDER_STATES: Final = {
    "running": mark("running"),
    "exhausted": mark("every step was told"),
    "ended": mark("ended"),
}


TOLD: Final = (
    Column("sent_at", "Delivered", say=say_local),
    Column("kind", "Notice", say=say_kind),
    Column("person_id", "Told", least=6, ctx="told"),
    Column("role", "Role", say=say_role, priority=2),
    Column("channel", "Channel", priority=3),
    Column("state", "State", say=coded(NOTICE_STATES)),
)
LADDER: Final = (
    Column("ladder", "Ladder"),
    Column("state", "State", say=coded(LADDER_STATES)),
    Column("step", "Told up to step", right=True),
    Column("steps", "Steps", right=True),
    Column("turn", "Turn", right=True, priority=2),
    Column("next_at", "Looked at next", say=say_local),
)
