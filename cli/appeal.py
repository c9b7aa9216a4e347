"""`effmon appeals file | list | show | decide`."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from efficiency_monitor.documents.columns import LEVEL_STYLES, Column, coded
from efficiency_monitor.i18n.language import say_appeal_state, say_level, say_local, t

from .ledger_note import say_tried
from .render import Format, emit, emit_object, emit_text, heading, message, warn
from .signed_words import say_alone, say_lapsed, say_repeated
from .state import DryRun, Output, context_of
from .written import Attach, Text, read_text

if TYPE_CHECKING:
    from efficiency_monitor.cards.lift_effects import Aftermath
    from efficiency_monitor.followup.appeals.actions import Decided

app = typer.Typer(help=t("申诉", "appeals against cards"))


class AppealWord(StrEnum):
    """State of appeals; `open` means those that wait to be decided."""

    OPEN = "open"
    FILED = "filed"
    REFERRED = "referred"
    UPHELD = "upheld"
    RETURNED = "returned"
    SETTLED = "settled"
    ALL = "all"


class DecisionWord(StrEnum):
    """What is decided: lift the card, let it stand, refer it upwards."""

    LIFT = "lift"
    RETURN = "return"
    REFER = "refer"


_APPEALS = (
    Column("appeal_no", "申诉号", "Appeal", priority=1),
    Column("state", "状态", "State", say=say_appeal_state, priority=2),
    Column("card_no", "牌号", "Card"),
    Column("level", "级别", "Level", say=say_level, styles=LEVEL_STYLES, priority=2),
    Column("case_no", "办件编号", "Case", priority=3),
    Column("department", "部门", "Department", priority=3, least=8),
    Column("filed_by", "申诉人", "Filed by", priority=4),
    Column("filed_at", "申诉时间", "Filed", say=say_local, priority=3),
    Column("late", "逾期申诉", "Filed late", priority=4),
    Column("decide_by", "裁决期限", "Decide by", say=say_local),
    Column("overdue", "超期未决", "Overdue", priority=2),
    Column("decided_at", "裁决时间", "Decided", say=say_local, priority=4),
)
_KINDS = {
    "filed": ("提出", "filed"),
    "signed": ("签署撤销", "signed to lift"),
    "referred": ("上报", "referred upwards"),
    "returned": ("打回", "returned"),
    "upheld": ("撤销", "upheld"),
    "settled": ("牌已撤销", "settled"),
    "overdue": ("超期未决", "overdue"),
}
_DECISIONS = {
    "lift": ("撤销", "lift"),
    "return": ("打回", "return"),
    "refer": ("上报", "refer"),
}


def _names(attachments: list[dict[str, Any]]) -> str:
    return t("、", ", ").join(str(each["name"]) for each in attachments)


_ENTRIES = (
    Column("at", "时间", "At", say=say_local),
    Column("kind", "经过", "What", say=coded(_KINDS)),
    Column("person_id", "人员", "Person", least=6),
    Column("os_user", "系统用户", "System user", priority=3),
    Column("text", "内容", "Text", least=12),
    Column("attachments", "附件", "Attachments", say=_names, priority=2),
)
_APPROVALS = (
    Column("at", "时间", "At", say=say_local),
    Column("round", "轮次", "Round", right=True, priority=2),
    Column("person_id", "人员", "Person", least=6),
    Column("decision", "裁决", "Decision", say=coded(_DECISIONS)),
    Column("signed", "密钥签名", "Signed with a key"),
)


@app.command("file", help=t("提出申诉", "appeal against a card"))
def file(
    ctx: typer.Context,
    card_no: str,
    text: Text = None,
    attach: Attach = None,
    output: Output = None,
) -> None:
    """File an appeal for its department; needs --as PERSON and --text."""
    from efficiency_monitor.followup.appeals.actions import file as file_appeal
    from efficiency_monitor.time.instants import wall_text

    context = context_of(ctx)
    filed = file_appeal(context, card_no, read_text(text), attach or ())
    if output is not None:
        emit_object({"card_no": card_no, **filed.as_json(context.zone)}, output)
    by = wall_text(filed.decide_by, context.zone)
    message(
        t(
            f"{filed.appeal_no}：已提出申诉，裁决期限 {by}",
            f"{filed.appeal_no}: filed, to be decided by {by}",
        )
    )
    if filed.repeated:
        say_repeated()
        return
    if filed.late:
        warn(t("已超过申诉期限，记为逾期申诉", "filed later than it should be, and marked so"))
    if not filed.told:
        warn(
            t(
                "没有可以裁决的人员：请导入监察人员（effmon people import）",
                "nobody is there who may decide it: import a supervisor (effmon people import)",
            )
        )


@app.command("list", help=t("列出申诉", "list appeals"))
def list_appeals(
    ctx: typer.Context,
    state: Annotated[AppealWord, typer.Option(help=t("状态", "state"))] = AppealWord.OPEN,
    card: Annotated[str | None, typer.Option(help=t("牌号", "card"))] = None,
    department: Annotated[str | None, typer.Option(help=t("部门", "department"))] = None,
    overdue: Annotated[
        bool, typer.Option("--overdue", help=t("只看超期未决", "only those that are overdue"))
    ] = False,
    output: Output = None,
) -> None:
    """List appeals, what has to be decided first before the others."""
    from efficiency_monitor.followup.appeals import views as appeal_listing

    found = appeal_listing.list_appeals(
        context_of(ctx), state=str(state), card_no=card, department=department, overdue=overdue
    )
    emit(found, _APPEALS, output, empty=t("没有这样的申诉", "no such appeals"))


@app.command("show", help=t("显示一件申诉", "show one appeal"))
def show(ctx: typer.Context, appeal_no: str, output: Output = None) -> None:
    """Show one appeal: its text, what happened to it, who has approved what."""
    from efficiency_monitor.followup.appeals import views as appeal_listing

    document = appeal_listing.show_appeal(context_of(ctx), appeal_no)
    if output in (Format.JSON, Format.JSONL):
        emit_object(document, output)
        return
    emit_object(document, output, columns=(*_APPEALS, Column("text", "申诉理由", "Reason")))
    if output is Format.CSV:
        return
    for title, rows, columns in (
        (t("经过", "What happened"), document["entries"], _ENTRIES),
        (t("签署", "Approvals"), document["approvals"], _APPROVALS),
    ):
        if rows:
            emit_text(["\n", heading(title, colour=False)])
            emit(rows, columns, output)


@app.command("decide", help=t("裁决申诉", "decide an appeal"))
def decide(
    ctx: typer.Context,
    appeal_no: str,
    decision: Annotated[
        DecisionWord,
        typer.Option(help=t("撤销、打回、上报", "lift the card, let it stand, refer it upwards")),
    ],
    text: Text = None,
    attach: Attach = None,
    dry_run: DryRun = False,
    output: Output = None,
) -> None:
    """Decide an appeal; a red card is lifted by two persons. Needs --as PERSON and --text."""
    from efficiency_monitor.followup.appeals.actions import decide as decide_appeal
    from efficiency_monitor.followup.appeals.model import Decision
    from efficiency_monitor.ledger.checkpoints import try_after

    context = context_of(ctx)
    done = decide_appeal(
        context,
        appeal_no,
        Decision(decision),
        read_text(text),
        attach or (),
        dry_run=dry_run,
    )
    if output is not None:
        emit_object(done.as_json(), output)
    message(_outcome(done))
    say_lapsed(done.lapsed)
    if done.repeated:
        say_repeated()
        return
    if done.step == "upheld" and not dry_run:
        say_alone(context)
        say_tried(try_after(context))
    if dry_run and done.step == "signed":
        say_later()
    say_followed(done.followed, done.told)
    if done.step == "signed" and not done.told:
        warn(
            t(
                "没有其他人可以签署：请上报，或导入监察人员",
                "nobody else is there who may sign: refer it, or import a supervisor",
            )
        )
    if dry_run:
        message(t("仅预览，未写入", "a preview: nothing was written"))


def _outcome(done: "Decided") -> str:
    signed = t("、", ", ").join(done.signed_by)
    number, card = done.appeal_no, done.card_no
    return {
        "upheld": t(f"{number}：申诉成立，{card} 已撤销", f"{number}: upheld, {card} is lifted"),
        "returned": t(f"{number}：打回，{card} 仍有效", f"{number}: returned, {card} stands"),
        "referred": t(f"{number}：已上报", f"{number}: referred upwards"),
        "signed": t(
            f"{number}：{signed} 已签署撤销（{len(done.signed_by)}/{done.needed}），待另一人签署",
            f"{number}: signed by {signed} ({len(done.signed_by)} of {done.needed}); "
            "another person has to sign",
        ),
    }[str(done.step)]


def say_later() -> None:
    """Say that what is listed comes only with another signature."""
    message(t("另一人签署后：", "once another person has signed:"))


def say_followed(followed: "Aftermath", more: list[str]) -> None:
    """Say on stderr what followed, one line for each kind of thing."""
    told = sorted({*more, *followed.told})
    for zh, en, names in (
        ("通知", "told", told),
        ("恢复有效", "stands again", followed.revived),
        ("督办单已结", "orders closed", followed.orders),
        ("申诉已结", "appeals settled", followed.appeals),
    ):
        if names:
            listed = t("、", ", ").join(names)
            message(t(f"{zh}：{listed}", f"{en}: {listed}"))
    if followed.void:
        number = len(followed.void)
        message(t(f"不再发送的通知：{number} 条", f"notices that are not sent any more: {number}"))
