"""Cards of tallies for people: to whom they are given, and what they were made of."""

from collections.abc import Mapping
from typing import Any, Final

from efficiency_monitor.documents.columns import LEVEL_STYLES, Column
from efficiency_monitor.i18n.language import (
    say_amount,
    say_level,
    say_local,
    say_state,
)
from efficiency_monitor.i18n.measure_words import COUNTED, WINDOWS
from efficiency_monitor.i18n.messages import t
from efficiency_monitor.i18n.tally_words import say_given_to

from .render import Format, emit, emit_text

SUBJECT: Final = Column("subject", "Subject", say=say_given_to)
_SUM: Final = (
    Column("window", "Window", say=lambda kind: t(WINDOWS[kind])),
    Column("from", "From", say=say_local),
    Column("to", "To", say=say_local),
    Column("value", "Value"),
    Column("part", "Part"),
    Column("former", "Compared with"),
)
_MEMBERS: Final = (
    Column("member", "Number"),
    Column("case_no", "Case"),
    Column("level", "Level", say=say_level, styles=LEVEL_STYLES),
    Column("state", "State", say=say_state),
    Column("at", "At", say=say_local),
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
    emit([row], used, fmt, title=t("What was tallied"))
    if document["members"]:
        columns = _MEMBERS if document["of"] == "cards" else _PLAIN
        emit_text(["\n"])
        emit(document["members"], columns, fmt, title=t("What it was made of"))


def _of(part: int | None, whole: int | None, unit: str) -> str:
    """`3 of 120 cases`; empty for None."""
    if part is None:
        return ""
    if whole is None:
        return say_amount({"value": str(part), "unit": unit})
    counted = say_amount({"value": str(whole), "unit": unit})
    return t("{part} of {counted}", part=part, counted=counted)
