"""`--unmask --reason TEXT`, and `effmon people erase`, `effmon cases erase-applicant`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Final

import typer
from efficiency_monitor.documents.columns import Column, coded
from efficiency_monitor.i18n.language import say_local, t

from .render import Format, emit, emit_object, message, warn
from .signed_words import say_lapsed, say_repeated
from .state import DryRun, Output, context_of
from .written import read_text

if TYPE_CHECKING:
    from efficiency_monitor.people.erasing import Erased

Unmask = Annotated[
    bool,
    typer.Option(
        "--unmask",
        help=t(
            "显示未遮盖的个人信息；须有权限（--as）并写明 --reason，留有记录",
            "show personal data unmasked; takes a right (--as) and --reason, and is recorded",
        ),
    ),
]
Reason = Annotated[
    str | None,
    typer.Option(
        "--reason",
        help=t("为何需要未遮盖的信息，或 @文件", "why it is needed unmasked, or @FILE"),
        show_default=False,
    ),
]
_WHY = Annotated[
    str | None,
    typer.Option("--reason", help=t("理由，或 @文件", "the reason, or @FILE"), show_default=False),
]
_ERASED: Final = (
    Column("subjects", "已删除", "Erased"),
    Column("before", "此前已删除", "Erased before"),
    Column("values", "删除的值", "Values gone", right=True),
    Column("quarantined", "删除的隔离行", "Rows gone from quarantine", right=True),
)
_DISCLOSURES: Final = (
    Column("seq", "台账序号", "Entry", right=True),
    Column("at", "时间", "At", say=say_local),
    Column(
        "kind",
        "经过",
        "What",
        say=coded({"unmasked": ("查看未遮盖信息", "unmasked"), "erased": ("删除", "erased")}),
    ),
    Column("what", "范围", "Where", priority=2),
    Column("number", "数量", "Number", right=True, priority=2),
    Column("person_id", "人员", "Person"),
    Column("os_user", "系统用户", "System user", priority=3),
    Column("reason", "理由", "Reason", least=12),
)
_PLACES: Final[Mapping[str, tuple[str, str]]] = {
    "event": ("事件", "events"),
    "case_fact": ("办件字段", "fields of cases"),
    "card": ("牌", "cards"),
    "accountability": ("追责记录", "accountability records"),
    "card_entry": ("牌的经过", "what was written about cards"),
    "order_entry": ("督办单的经过", "what was written in orders"),
    "appeal_entry": ("申诉的经过", "what was written in appeals"),
    "account_entry": ("追责处理", "decisions on records"),
    "approval": ("批准", "approvals"),
    "silence": ("静默", "silences"),
    "waiting_event": ("等待办件的事件", "events that wait for a case"),
    "import_run": ("导入的文件名", "imports by the names of their files"),
    "quarantine": ("待处理行的文件名", "rows in quarantine by the names of their files"),
}


def erase_applicant(
    ctx: typer.Context,
    case_nos: Annotated[list[str], typer.Argument(metavar="CASE…", help=t("办件", "cases"))],
    reason: _WHY = None,
    dry_run: DryRun = False,
    output: Output = None,
) -> None:
    """Erase the applicant's data of cases; needs --as PERSON (a supervisor) and --reason.

    What was judged, issued and exported stays valid; no import brings the data back.
    """
    from efficiency_monitor.people.erasing import erase_applicants

    context = context_of(ctx)
    _say(erase_applicants(context, case_nos, read_text(reason), dry_run=dry_run), output)
    _after(dry_run=dry_run, dialect=context.store.dialect)


def erase_person(
    ctx: typer.Context,
    person: Annotated[str, typer.Argument(metavar="PERSON", help=t("人员编号", "person's id"))],
    reason: _WHY = None,
    dry_run: DryRun = False,
    output: Output = None,
) -> None:
    """Erase a person's name and addresses; needs --as PERSON (another one) and --reason.

    The id stays in what the person did; they are told of nothing and may do nothing any more.
    """
    from efficiency_monitor.people import erasing, supervision

    context = context_of(ctx)
    done = erasing.erase_person(context, person, read_text(reason), dry_run=dry_run)
    _say(done, output)
    if done.signatures is not None:
        say_lapsed(done.signatures.lapsed)
        if done.signatures.repeated:
            say_repeated()
    if done.signatures is not None and done.waits:
        warn(supervision.words(done.signatures, person))
        return
    _after(dry_run=dry_run, dialect=context.store.dialect)


def _say(done: "Erased", output: Output) -> None:
    document = {
        "subjects": done.subjects,
        "before": done.before,
        "values": done.values,
        "quarantined": done.quarantined,
        "remains": done.remains,
    }
    signatures = done.signatures
    if signatures is not None:
        document |= {
            "waits": done.waits,
            "signed_by": signatures.signed_by,
            "needed": signatures.needed,
            "repeated": signatures.repeated,
            "lapsed": signatures.lapsed,
        }
    machine = output not in (None, Format.TABLE)
    emit_object(document, output, columns=() if machine else _ERASED)
    if done.remains:
        places = t("、", ", ").join(
            f"{t(*_PLACES[place])} {number}" for place, number in done.remains.items()
        )
        warn(
            t(
                f"以下记录须长期保存、不可更改，其中仍有该姓名：{places}",
                f"kept for ever and not changed, the name still stands in: {places}",
            )
        )


def _after(*, dry_run: bool, dialect: str) -> None:
    if dry_run:
        message(t("仅为预演，未写入", "a rehearsal: nothing was written"))
        return
    message(
        t(
            "备份、来源文件、导出件和附件中的数据须另行删除：docs/personal-data.md",
            "backups, source files, exports and attachments are not touched: docs/personal-data.md",
        )
    )
    if dialect == "postgresql":
        message(
            t(
                "PostgreSQL 的预写日志中仍有，直至其循环",
                "in PostgreSQL's write-ahead log it stays until that is recycled",
            )
        )


def list_disclosures(ctx: typer.Context, output: Output = None) -> None:
    """List who saw personal data unmasked or erased them, when and why; the newest first."""
    from efficiency_monitor.people.disclosing import disclosures

    emit(
        disclosures(context_of(ctx)),
        _DISCLOSURES,
        output,
        empty=t("没有查看或删除记录", "nothing was unmasked or erased"),
    )
