"""Cards of tallies for people: to whom they are given, and what they were made of."""

from collections.abc import Mapping
from typing import Any, Final

from efficiency_monitor.documents.columns import LEVEL_STYLES, Column
from efficiency_monitor.i18n.language import say_amount, say_level, say_local, say_state, t
from efficiency_monitor.i18n.measure_words import COUNTED, WINDOWS
from efficiency_monitor.i18n.tally_words import say_given_to

from .render import Format, emit, emit_text

SUBJECT: Final = Column("subject", "对象", "Subject", say=say_given_to)
_SUM: Final = (
    Column("window", "期间", "Window", say=lambda kind: t(*WINDOWS[kind])),
    Column("from", "起", "From", say=say_local),
    Column("to", "止", "To", say=say_local),
    Column("value", "数值", "Value"),
    Column("part", "其中", "Part"),
    Column("former", "比较对象", "Compared with"),
)
_MEMBERS: Final = (
    Column("member", "编号", "Number"),
    Column("case_no", "办件编号", "Case"),
    Column("level", "级别", "Level", say=say_level, styles=LEVEL_STYLES),
    Column("state", "状态", "State", say=say_state),
    Column("at", "时间", "At", say=say_local),
)
_PLAIN: Final = (_MEMBERS[0], _MEMBERS[-1])


def show_sum(document: Mapping[str, Any], fmt: Format | None) -> None:
    """What a tally's card was made of: its window and numbers, then every member."""
    of = str(document["of"]) if document["of"] in COUNTED else "cases"
    row = {
        **document,
        "value": None
        if document["value"] is None
        else say_amount({"value": document["value"], "unit": document["unit"]}),
        "part": _of(document["part"], document["whole"], of),
        "former": _of(document["former_part"], document["former_whole"], of),
    }
    used = [column for column in _SUM if column.words(row)]
    emit_text(["\n"])
    emit([row], used, fmt, title=t("统计", "What was tallied"))
    if document["members"]:
        columns = _MEMBERS if document["of"] == "cards" else _PLAIN
        emit_text(["\n"])
        emit(document["members"], columns, fmt, title=t("其中各项", "What it was made of"))


def _of(part: int | None, whole: int | None, unit: str) -> str:
    """`3 of 120 cases`; empty for None."""
    if part is None:
        return ""
    if whole is None:
        return say_amount({"value": str(part), "unit": unit})
    counted = say_amount({"value": str(whole), "unit": unit})
    return t(f"{counted}中的 {part}", f"{part} of {counted}")
