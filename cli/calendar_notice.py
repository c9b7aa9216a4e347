"""`effmon calendar import`."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from efficiency_monitor.documents.columns import Column
from efficiency_monitor.i18n.language import say_level, say_local, t

from .render import emit, emit_object, message
from .rule_change import Reason
from .state import Output, context_of
from .written import read_text

if TYPE_CHECKING:
    from efficiency_monitor.catalogue.calendars.calendar_import import Proposed

_KINDS = {
    "weekday": ("工作日", "working day"),
    "weekend": ("休息日", "weekend"),
    "day_off": ("放假", "day off"),
    "make_up": ("调休上班", "make-up working day"),
}


def _day(word: Any) -> str:
    kind, _, provisional = str(word).partition(" ")
    said = t(*_KINDS[kind]) if kind in _KINDS else str(word or "")
    return said + t("（暂定）", " (provisional)") if provisional else said


DAYS = (
    Column("date", "日期", "Date"),
    Column("before", "原为", "Before", say=_day),
    Column("after", "改为", "After", say=_day),
)
CLOCKS = (
    Column("case_no", "办件", "Case"),
    Column("rule", "规则", "Rule"),
    Column("name", "时限", "Limit"),
    Column("before", "原到期", "Due before", say=say_local),
    Column("after", "改到期", "Due after", say=say_local),
)
CARDS = (
    Column("what", "变化", "What"),
    Column("case_no", "办件", "Case"),
    Column("rule", "规则", "Rule"),
    Column("level", "级别", "Level", say=say_level),
    Column("card_no", "编号", "Card", priority=2),
)


def import_notice(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help=t("通知的文字或表格", "the notice, text or table"))],
    notice: Annotated[str, typer.Option("--notice", help=t("文号", "its number"))],
    published: Annotated[str, typer.Option(metavar="DATE", help=t("公布日期", "when published"))],
    calendar: Annotated[
        str | None, typer.Option("--calendar", metavar="ID", help=t("日历", "which calendar"))
    ] = None,
    year: Annotated[
        int | None,
        typer.Option(
            help=t("通知安排的整个年份", "the whole year that it sets, if not in its title")
        ),
    ] = None,
    source: Annotated[str, typer.Option(help=t("出处，如网址", "where it stands"))] = "",
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", metavar="DATE", help=t("仍上班的日期", "a make-up day that stays")),
    ] = None,
    drop: Annotated[
        list[str] | None,
        typer.Option("--drop", metavar="DATE", help=t("不再上班的日期", "one that goes")),
    ] = None,
    propose: Annotated[
        bool, typer.Option("--propose", help=t("提出，待批准", "propose it for approval"))
    ] = False,
    reason: Reason = None,
    output: Output = None,
) -> None:
    """Show what an official notice changes: days, clocks, cards; --propose asks for its approval.

    Without --propose nothing is written. With it: --as PERSON and --reason.
    """
    from efficiency_monitor.catalogue.calendars.calendar_import import Order
    from efficiency_monitor.catalogue.calendars.calendar_import import import_notice as service

    context = context_of(ctx)
    found = service(
        context,
        Order(
            path=file,
            number=notice,
            published=_date("--published", published),
            calendar=calendar or context.settings.workspace.calendar,
            source=source,
            year=year,
            keep=[_date("--keep", text) for text in keep or ()],
            drop=[_date("--drop", text) for text in drop or ()],
        ),
        reason=read_text(reason),
        propose=propose,
    )
    if output is None:
        _say(found)
    else:
        emit_object(found.as_json(context.zone), output)
    _say_next(found, one_person=context.settings.rules.approval == "none")


def _say_next(found: "Proposed", *, one_person: bool) -> None:
    """What has to follow."""
    if found.change is None:
        message(
            t("仅预览，未写入；加 --propose 提出", "a preview: nothing was written; see --propose")
        )
        return
    number = found.change.change_no
    if one_person:
        message(
            t(
                f'{number} 已提出。[rules] approval = "none"：一人即可：'
                f"effmon rules approve {number}",
                f'{number} is proposed. [rules] approval = "none": one person is enough: '
                f"effmon rules approve {number}",
            )
        )
    else:
        message(
            t(
                f"{number} 已提出；请另一人核对后：effmon rules approve {number}",
                f"{number} is proposed; another person gives: effmon rules approve {number}",
            )
        )


def _say(found: "Proposed") -> None:
    emit(found.days, DAYS, None, title=t("改变的日期", "days that change"))
    seen = found.preview
    if seen.clocks:
        emit(seen.clocks, CLOCKS, None, title=t("改变的计时", "clocks that change"))
    rows = [{"what": t("撤销", "lifted"), **row} for row in seen.lifted]
    rows += [{"what": t("新发", "issued"), **row} for row in seen.issued]
    if rows:
        emit(rows, CARDS, None, title=t("改变的牌", "cards that change"))
    if found.confirmed:
        number = found.confirmed
        message(t(f"{number} 天不再是暂定", f"{number} days are provisional no more"))
    message(
        t(
            f"{len(found.days)} 天，{seen.cases} 件办件：{len(seen.clocks)} 处到期时刻改变，"
            f"撤销 {len(seen.lifted)} 张牌，新发 {len(seen.issued)} 张",
            f"{len(found.days)} days, {seen.cases} cases: {len(seen.clocks)} instants change, "
            f"{len(seen.lifted)} cards lifted, {len(seen.issued)} new",
        )
    )


def _date(option: str, text: str) -> date:
    from efficiency_monitor.faults import ConfigurationError

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            t(f"{option}：{text!r} 不是日期", f"{option}: {text!r} is no date"),
            t("写成 2026-01-31", "write 2026-01-31"),
        ) from None


def add_to(app: typer.Typer) -> None:
    """Add the command to the group of calendars."""
    app.command("import", help=t("导入放假通知", "import an official notice"))(import_notice)
