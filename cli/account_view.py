"""Tables of who held a case: the parts with their sum, organs' own clocks; a record for people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from efficiency_monitor.documents.columns import LEVEL_STYLES, Column, coded, say_value
from efficiency_monitor.documents.masking import masked
from efficiency_monitor.i18n.act_words import say_account_status, say_ground
from efficiency_monitor.i18n.language import (
    say_amount,
    say_duration,
    say_level,
    say_local,
    say_state,
    say_unit,
)
from efficiency_monitor.i18n.messages import bilingual, mark, t

from .render import Format, emit, emit_object, emit_text, message

#: Where the stage of a part stands in the line of the sum.
_SUM: Final = "=sum="


def _stage(stage: str) -> str:
    return t("total") if stage == _SUM else stage


def worked(seconds: Any) -> str:
    """Working time in hours, minutes, seconds; 0 as 0."""
    return say_duration(days=0, seconds=int(seconds)) if seconds else "0"


def exact(amount: Mapping[str, str]) -> str:
    """An amount with all its places, so that a column can be added up."""
    value = amount["value"]
    unit = say_unit(amount["unit"], one=value == "1")
    return t("{value} {unit}", ctx="account view", value=value, unit=unit)


HELD: Final = (
    Column("stage", "Stage", say=_stage, least=6),
    Column("department", "Department", least=8),
    Column("holder", "Holder", least=6),
    Column("amount", "Held", say=exact, right=True),
    Column("over", "Of it over", say=exact, right=True, priority=2),
    Column("held_seconds", "Working time", say=worked, right=True, priority=3),
    Column("charged_seconds", "Charged", say=worked, right=True, priority=2),
)
ORGANS: Final = (
    Column("stage", "Stage", least=6),
    Column("department", "Department", least=8),
    Column("holder", "Holder", least=6),
    Column("since", "Since", say=say_local, priority=3),
    Column("until", "Until", say=say_local, priority=3),
    Column("amount", "Held", say=exact, right=True),
    Column("over", "Over its own limit", say=exact, right=True, priority=2),
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
        title = t("Who held the case (the sum is what was counted)")
        yield title, with_sum(held, total), HELD
    if organs:
        yield t("The organs' own clocks"), organs, ORGANS


_RECORD: Final = (
    Column("card_no", "Card"),
    Column("level", "Level", say=say_level, styles=LEVEL_STYLES),
    Column("card_state", "Card state", say=say_state),
    Column("status", "Status", say=say_account_status),
    Column("case_no", "Case"),
    Column("rule", "Rule"),
    Column("department", "Department"),
    Column("handler", "Handler"),
    Column("reviewer", "Reviewer"),
    Column("approver", "Approver"),
    Column("limit", "Limit", say=say_amount),
    Column("limit_due_at", "Limit ends", say=say_local),
    Column("as_of", "Counted until", say=say_local),
    Column("total.amount", "Elapsed", say=exact),
    Column("total.over", "Over", say=exact),
    Column("whose", "Whose overrun", say=lambda whose: _whose(whose)),
)
_DECISIONS: Final = (
    Column("at", "At", say=say_local),
    Column(
        "kind",
        "What",
        say=coded(
            {
                "verified": mark("verified"),
                "measure": mark("measure recorded"),
                "exemption_asked": mark("exemption asked"),
                "exemption_signed": mark("signed to exempt"),
                "exemption_refused": mark("exemption refused"),
                "exempted": mark("exempted"),
            }
        ),
    ),
    Column("person_id", "Person", least=6),
    Column("ground", "Ground or measure", say=say_ground, priority=2),
    Column("text", "Text", least=12),
    Column("attachments", "Attachments", say=lambda each: _names(each), priority=2),
    Column("signed", "Signed with a key", priority=3),
)
_PROPOSALS: Final = (
    Column("measure", "Measure"),
    Column("title", "Proposal", say=say_value, least=12),
    Column("regulation", "Regulation", least=12),
    Column("decided_by", "Decided by", priority=3, least=8),
    Column("says", "It says", say=lambda said: bilingual(said), priority=3, least=16),
    Column("unread", "Not read", say=lambda said: bilingual(said), least=12, priority=2),
)  # fmt: skip


def _whose(whose: Mapping[str, Any]) -> str:
    named = " ".join(str(whose[name]) for name in ("department", "holder", "stage") if whose[name])
    charged = worked(whose["charged_seconds"])
    return t(
        "{whose}, charged {charged}",
        whose=named or t("unknown"),
        charged=charged,
    )


def _names(attachments: Sequence[Mapping[str, Any]]) -> str:
    return t(", ").join(str(each["name"]) for each in attachments)


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
    _section(t("Who held the case"), parts, HELD, fmt)
    _section(t("The organs' own clocks"), document["organs"], ORGANS, fmt)
    _section(t("What was decided"), document["decisions"], _DECISIONS, fmt)
    _section(
        t("Measures that may be recorded (proposals only)"),
        document["proposals"],
        _PROPOSALS,
        fmt,
    )
    if document["status"] == "to_verify":
        message(
            t(
                "proposals come after verification: effmon accountability verify {card_no}",
                card_no=document["card_no"],
            )
        )


def _section(
    title: str, rows: Sequence[Any], columns: Sequence[Column], fmt: Format | None
) -> None:
    used = [column for column in columns if any(column.words(row) for row in rows)]
    if used:
        emit_text(["\n"])
        emit(rows, used, fmt, title=title, unmasked=True)
