"""A ladder, and where a card's ladder stands, for people: roles, times and answers in words."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from efficiency_monitor.documents.columns import LEVEL_STYLES, Column, coded
from efficiency_monitor.i18n.act_words import say_role
from efficiency_monitor.i18n.language import (
    bilingual,
    say_amount,
    say_level,
    say_local,
    say_state,
    t,
)
from efficiency_monitor.rules.ladders import Step
from efficiency_monitor.time.amount import Amount

from .documents import filled, section
from .recipients_view import LADDER_STATES
from .render import Format, emit_object

_STOPS: Final = {
    "acknowledged": ("签收", "acknowledged"),
    "replied": ("反馈", "replied"),
    "finished": ("计时已停", "finished"),
}


def say_roles(roles: Sequence[str]) -> str:
    """The roles that a step tells."""
    return t("、", ", ").join(say_role(role) for role in roles)


def say_chains(chains: Mapping[str, Sequence[Sequence[str]]]) -> str:
    """Who is told in turn, by level."""
    return t("；", "; ").join(
        f"{say_level(level)}{t('：', ': ')}" + " → ".join(say_roles(step) for step in steps)
        for level, steps in chains.items()
    )


def _after(text: str) -> str:
    return say_amount(Amount.parse(text))


def _stops(codes: Sequence[str]) -> str:
    return t("、", ", ").join(coded(_STOPS)(code) for code in codes)


def _repeat(repeat: Mapping[str, Any]) -> str:
    every, times = _after(repeat["every"]), repeat["times"]
    return t(f"每{every}再告知，至多{times}次", f"every {every}, at most {times} times")


_LEVEL: Final = Column("level", "级别", "Level", say=say_level, styles=LEVEL_STYLES)
_STEPS: Final = (
    Column("step", "层", "Step", right=True),
    Column("tell", "告知", "Tells", say=say_roles, least=10),
    Column("after", "上一层送达后", "After the step before", say=_after),
    Column("stops", "因此不再告知", "Kept back by", say=_stops, priority=2),
    Column("repeat", "重复", "Repeat", say=_repeat, priority=2, least=10),
)
_CHAINS: Final = (
    _LEVEL,
    Column("reply_within", "反馈时限", "Reply within", say=_after),
    Column("acknowledged_for", "签收可暂缓", "Acknowledging holds it", say=_after),
    Column("unanswered", "逾期未反馈告知", "No reply in time: tells", say=say_roles, least=10),
)
_LADDER: Final = (
    Column("id", "督办层级", "Ladder"),
    Column("version", "版本", "Version"),
    Column("title", "名称", "Title"),
    Column("why", "缘由", "Why", say=bilingual),
    Column("not_followed_up", "未跟进报警", "Alarm: not followed up"),
    Column("order_open", "督办单未办结报警", "Alarm: order left open"),
    Column("file", "文件", "File"),
    Column("sha256", "SHA-256", "SHA-256"),
    Column("examples", "示例", "Examples"),
)
_SOURCES: Final = (
    Column("ref", "依据", "Source", say=bilingual, least=12),
    Column("says", "内容", "It says", say=bilingual, least=20),
)
LADDERS: Final = (
    Column("id", "督办层级", "Ladder"),
    Column("version", "版本", "Version", right=True, priority=3),
    Column("title", "名称", "Title", least=12, priority=2),
    Column("chains", "依次告知", "Who is told, in turn", say=say_chains, least=20),
)
_POSITION: Final = (
    Column("card_no", "牌号", "Card"),
    Column("card_state", "牌状态", "Card state", say=say_state),
    Column("ladder", "督办层级", "Ladder"),
    Column("version", "版本", "Version"),
    Column("state", "状态", "State", say=coded(LADDER_STATES)),
    Column("began_at", "开始", "Began", say=say_local),
    Column("step", "已告知到第几层", "Told up to step"),
    Column("turn", "第几次", "Turn"),
    Column("told_at", "告知时间", "Told", say=say_local),
    Column("delivered_at", "送达时间", "Delivered", say=say_local),
    Column("acknowledged_at", "签收时间", "Acknowledged", say=say_local),
    Column("replied_at", "反馈时间", "Replied", say=say_local),
    Column("reply_due_at", "反馈期限", "Reply by", say=say_local),
    Column("unanswered_told_at", "逾期未反馈告知于", "Told that no reply came", say=say_local),
    Column("next_at", "下次检查", "Looked at next", say=say_local),
)


def _numbered(steps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The steps with their numbers; the first is told with the card, so nothing keeps it back."""
    return [
        {"step": number, "stops": Step.model_fields["stops"].default, **step}
        if number > 1 or step.get("repeat")
        else {"step": number, "tell": step["tell"]}
        for number, step in enumerate(steps, start=1)
    ]


def show_ladder(document: Mapping[str, Any], fmt: Format | None) -> None:
    """Print one ladder; JSON and CSV as it is."""
    if fmt not in (None, Format.TABLE):
        emit_object(document, fmt)
        return
    alarms = {
        name: t(
            f"{_after(alarm['within'])}，告知{say_roles(alarm['tell'])}",
            f"after {_after(alarm['within'])}, tells {say_roles(alarm['tell'])}",
        )
        for name, alarm in (document.get("alarms") or {}).items()
        if alarm
    }
    head = {**document, **alarms}
    emit_object(head, fmt, columns=filled(_LADDER, head))
    section(t("依据", "Sources"), document.get("source") or [], _SOURCES, fmt)
    chains = [{"level": level, **chain} for level, chain in document["chains"].items()]
    steps = [
        {"level": chain["level"], **step} for chain in chains for step in _numbered(chain["steps"])
    ]
    section(t("各层", "Its steps"), steps, (_LEVEL, *_STEPS), fmt)
    section(t("答复", "Answers"), chains, _CHAINS, fmt)


def show_position(document: Mapping[str, Any], fmt: Format | None) -> None:
    """Print where the ladder of a card stands; JSON and CSV as it is."""
    if fmt not in (None, Format.TABLE):
        emit_object(document, fmt)
        return
    emit_object(document, fmt, columns=filled(_POSITION, document))
    steps = document.get("steps") or ()
    section(t("各层", "Its steps"), _numbered(steps), _STEPS, fmt)
