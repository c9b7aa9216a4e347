"""Tables of who held a case: the parts with their sum, organs' own clocks; a record for people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from efficiency_monitor.documents.columns import LEVEL_STYLES, Column, coded, say_value
from efficiency_monitor.documents.masking import masked
from efficiency_monitor.i18n.act_words import say_account_status, say_ground
from efficiency_monitor.i18n.language import (
    bilingual,
    say_amount,
    say_duration,
    say_level,
    say_local,
    say_state,
    say_unit,
    t,
)

from .render import Format, emit, emit_object, emit_text, message

#: Where the stage of a part stands in the line of the sum.
_SUM: Final = "=sum="


def _stage(stage: str) -> str:
    return t("合计", "total") if stage == _SUM else stage


def worked(seconds: Any) -> str:
    """Working time in hours, minutes, seconds; 0 as 0."""
    return say_duration(days=0, seconds=int(seconds)) if seconds else "0"


def exact(amount: Mapping[str, str]) -> str:
    """An amount with all its places, so that a column can be added up."""
    value = amount["value"]
    unit = say_unit(amount["unit"], one=value == "1")
    return t(f"{value}{unit}", f"{value} {unit}")


HELD: Final = (
    Column("stage", "环节", "Stage", say=_stage, least=6),
    Column("department", "部门", "Department", least=8),
    Column("holder", "持有人", "Holder", least=6),
    Column("amount", "占用", "Held", say=exact, right=True),
    Column("over", "其中超期", "Of it over", say=exact, right=True, priority=2),
    Column("held_seconds", "工时", "Working time", say=worked, right=True, priority=3),
    Column("charged_seconds", "计责工时", "Charged", say=worked, right=True, priority=2),
)
ORGANS: Final = (
    Column("stage", "环节", "Stage", least=6),
    Column("department", "部门", "Department", least=8),
    Column("holder", "持有人", "Holder", least=6),
    Column("since", "自", "Since", say=say_local, priority=3),
    Column("until", "至", "Until", say=say_local, priority=3),
    Column("amount", "占用", "Held", say=exact, right=True),
    Column("over", "超过自身时限", "Over its own limit", say=exact, right=True, priority=2),
)


def of_kind(parts: Sequence[Mapping[str, Any]], part: str) -> list[Mapping[str, Any]]:
    """The parts of one kind: `held` of the clock's time, `organ` of an organ's own."""
    return [one for one in parts if one["part"] == part]


def with_sum(parts: Sequence[Mapping[str, Any]], total: Mapping[str, Any]) -> list[Any]:
    """The parts and, where there are several, a line with their sum."""
    return [*parts, {"stage": _SUM, **total}] if len(parts) > 1 else list(parts)


def split(clock: Mapping[str, Any]) -> Iterator[tuple[str, list[Any], tuple[Column, ...]]]:
    """Tables of who held the case while a clock of `cases explain` ran.

    The amounts of the first add up to what the clock has counted.
    """
    holders = clock.get("holders") or []
    held, organs = of_kind(holders, "held"), of_kind(holders, "organ")
    if held:
        total = {
            "amount": clock.get("elapsed"),
            **{
                name: sum(part[name] for part in held)
                for name in ("held_seconds", "charged_seconds")
            },
        }
        title = t("谁占用多久（合计即已计时间）", "Who held the case (the sum is what was counted)")
        yield title, with_sum(held, total), HELD
    if organs:
        yield t("各部门自身计时", "The organs' own clocks"), organs, ORGANS


_RECORD: Final = (
    Column("card_no", "牌号", "Card"),
    Column("level", "级别", "Level", say=say_level, styles=LEVEL_STYLES),
    Column("card_state", "牌状态", "Card state", say=say_state),
    Column("status", "追责状态", "Status", say=say_account_status),
    Column("case_no", "办件编号", "Case"),
    Column("rule", "规则", "Rule"),
    Column("department", "部门", "Department"),
    Column("handler", "承办人", "Handler"),
    Column("reviewer", "审核人", "Reviewer"),
    Column("approver", "批准人", "Approver"),
    Column("limit", "时限", "Limit", say=say_amount),
    Column("limit_due_at", "时限届满", "Limit ends", say=say_local),
    Column("as_of", "计至", "Counted until", say=say_local),
    Column("total.amount", "已用", "Elapsed", say=exact),
    Column("total.over", "超期", "Over", say=exact),
    Column("whose", "主要超期方", "Whose overrun", say=lambda whose: _whose(whose)),
)
_DECISIONS: Final = (
    Column("at", "时间", "At", say=say_local),
    Column(
        "kind",
        "经过",
        "What",
        say=coded(
            {
                "verified": ("核实", "verified"),
                "measure": ("记录措施", "measure recorded"),
                "exemption_asked": ("申请免责", "exemption asked"),
                "exemption_signed": ("已签署免责", "signed to exempt"),
                "exemption_refused": ("不予免责", "exemption refused"),
                "exempted": ("免责", "exempted"),
            }
        ),
    ),
    Column("person_id", "人员", "Person", least=6),
    Column("ground", "理由/措施", "Ground or measure", say=say_ground, priority=2),
    Column("text", "内容", "Text", least=12),
    Column("attachments", "附件", "Attachments", say=lambda each: _names(each), priority=2),
    Column("signed", "密钥签名", "Signed with a key", priority=3),
)
_PROPOSALS: Final = (
    Column("measure", "措施", "Measure"),
    Column("title", "建议", "Proposal", say=say_value, least=12),
    Column("regulation", "依据", "Regulation", least=12),
    Column("decided_by", "决定机关", "Decided by", priority=3, least=8),
    Column("says", "内容", "It says", say=lambda said: bilingual(said), priority=3, least=16),
    Column("unread", "未读到", "Not read", say=lambda said: bilingual(said), least=12, priority=2),
)  # fmt: skip


def _whose(whose: Mapping[str, Any]) -> str:
    named = " ".join(str(whose[name]) for name in ("department", "holder", "stage") if whose[name])
    charged = worked(whose["charged_seconds"])
    return t(f"{named or '未知'}，计责 {charged}", f"{named or 'unknown'}, charged {charged}")


def _names(attachments: Sequence[Mapping[str, Any]]) -> str:
    return t("、", ", ").join(str(each["name"]) for each in attachments)


def show_record(
    document: Mapping[str, Any], fmt: Format | None = None, *, unmasked: bool = False
) -> None:
    """Print a record; JSON and CSV as it is, for people in words and tables."""
    document = document if unmasked else masked(document)
    if fmt not in (None, Format.TABLE):
        emit_object(document, fmt, unmasked=True)
        return
    shown = [one for one in _RECORD if one.words(document)]
    emit_object(document, fmt, columns=shown, unmasked=True)
    parts = with_sum(document["parts"], document["total"])
    _section(t("占用", "Who held the case"), parts, HELD, fmt)
    _section(t("各部门自身计时", "The organs' own clocks"), document["organs"], ORGANS, fmt)
    _section(t("处理经过", "What was decided"), document["decisions"], _DECISIONS, fmt)
    _section(
        t("可记录的措施（仅为建议）", "Measures that may be recorded (proposals only)"),
        document["proposals"],
        _PROPOSALS,
        fmt,
    )
    if document["status"] == "to_verify":
        message(
            t(
                f"核实后才有建议：effmon accountability verify {document['card_no']}",
                "proposals come after verification: "
                f"effmon accountability verify {document['card_no']}",
            )
        )


def _section(
    title: str, rows: Sequence[Any], columns: Sequence[Column], fmt: Format | None
) -> None:
    used = [column for column in columns if any(column.words(row) for row in rows)]
    if used:
        emit_text(["\n"])
        emit(rows, used, fmt, title=title, unmasked=True)
