"""`effmon people import | list | check` and `effmon people key new | enrol | list | revoke`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from efficiency_monitor.documents.columns import LEVEL_STYLES, Column, coded
from efficiency_monitor.documents.text_safety import mask_name
from efficiency_monitor.i18n.act_words import say_role
from efficiency_monitor.i18n.language import say_level, say_local, t

from .documents import filled
from .render import Format, emit, emit_object, message, warn
from .signed_words import say_lapsed, say_repeated
from .state import DryRun, Output, context_of, leave
from .unmasking import Reason, Unmask, erase_person, list_disclosures
from .written import read_text

if TYPE_CHECKING:
    from efficiency_monitor.people.keys import KeyReport
    from efficiency_monitor.people.supervision import Supervision

app = typer.Typer(help=t("人员与角色", "people and roles"))
key = typer.Typer(help=t("个人密钥", "personal keys"))
app.add_typer(key, name="key")
app.command("erase", help=t("删除某人的个人信息", "erase a person's data"))(erase_person)
app.command("disclosures", help=t("谁查看或删除了个人信息", "who saw or erased personal data"))(
    list_disclosures
)


_STATES: Final = {
    "asked": ("待另一人批准", "waits for another approval"),
    "enrolled": ("在用", "enrolled"),
    "revoked": ("已吊销", "revoked"),
    "revoking": ("待第二人签名吊销", "to be revoked"),
}
_TRUSTED_BY: Final = {
    "approvals": ("两名持有人批准", "two holders"),
    "bootstrap": ("首批密钥，照收", "taken as they come"),
    "recovery": ("数据库所有者指定", "named by the database's owner"),
}
_KINDS: Final = {
    "added": ("新增", "added"),
    "changed": ("变更", "changed"),
    "removed": ("移除", "removed"),
}
_KEY: Final = (
    Column("key_id", "密钥", "Key"),
    Column("person_id", "持有人", "Person"),
    Column("state", "状态", "State", say=coded(_STATES)),
    Column("approved_by", "批准人", "Approved by"),
    Column("missing", "还需批准", "Approvals missing", say=lambda n: str(n or "")),
    Column(
        "bootstrap", "首批密钥", "One of the first", say=lambda so: t("是", "yes") if so else ""
    ),
    Column(
        "recovery", "由数据库所有者指定", "By recovery", say=lambda so: t("是", "yes") if so else ""
    ),
    Column("replaces", "取代", "Replaces"),
)


@app.command("import", help=t("导入人员（替换原有）", "import people, replacing who was known"))
def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help=t("CSV 或 XLSX", "CSV or XLSX"))],
    dry_run: DryRun = False,
    output: Output = None,
) -> None:
    """Import people and their roles from a table."""
    from efficiency_monitor.people.people import import_people

    report = import_people(context_of(ctx), file, dry_run=dry_run)
    if output is not None:
        emit_object(report.as_json(), output)
    for problem in report.problems:
        warn(f"{problem.where}: {problem.message}")
    message(t(f"导入 {report.imported} 行人员", f"{report.imported} rows of people"))
    for zh, en, persons in (
        ("新行有误，仍按原有登记", "their new row is faulty, what was known stays", report.kept),
        ("新的监察人员", "supervisors who were none before", report.change.roles_gained),
        ("不再是监察人员", "supervisors no more", report.change.roles_lost),
        (
            "新的监察人员代理人",
            "supervisors' deputies who were none",
            report.change.deputies_gained,
        ),
        (
            "已不在表中的密钥持有人，请吊销其密钥",
            "holders of keys who are gone, revoke their keys",
            report.change.holders_gone,
        ),
        (
            "改了姓名的密钥持有人，请核对",
            "holders of keys with another name, look at them",
            report.change.holders_renamed,
        ),
    ):
        if persons:
            message(f"{t(zh, en)}{t('：', ': ')}{t('、', ', ').join(persons)}")
    _say_waiting(report.supervision)
    if dry_run:
        message(t("仅预览，未写入", "a preview: nothing was written"))
    leave(3 if report.problems else 0)


def _say_waiting(found: "Supervision") -> None:
    """Which rows of a people file wait, for whose signatures."""
    from efficiency_monitor.people.supervision import words

    say_lapsed(found.lapsed)
    if found.repeated:
        say_repeated()
    if found.refused is not None:
        warn(found.refused)
    if found.waits and not found.done:
        warn(
            words(found, t("、", ", ").join(_whose(one.person_id, one.kind) for one in found.waits))
        )


def _whose(person_id: str, kind: str) -> str:
    return f"{person_id} ({t(*_KINDS[kind])})"


@app.command("list", help=t("列出人员", "list people"))
def list_people(
    ctx: typer.Context,
    unmask: Unmask = False,
    reason: Reason = None,
    output: Output = None,
) -> None:
    """List people and roles; names are masked unless asked for, addresses are left out."""
    from efficiency_monitor.notify.notices import people
    from efficiency_monitor.people import disclosing, supervision
    from efficiency_monitor.people.model.authority import Scope

    context = context_of(ctx)
    disclosing.asked(reason, unmask=unmask)
    with context.store.reading() as connection:
        everybody = people(connection)
        waits = supervision.waiting(connection)
    if unmask:
        disclosing.unmasked(
            context,
            "people.list",
            subjects=[person.person_id for person in everybody],
            scopes={
                Scope(person.department, person.region, person.item_code)
                if person.department
                else None
                for person in everybody
            },
            reason=read_text(reason),
        )
    emit(
        [
            {
                "person_id": person.person_id,
                "name": person.name if unmask else mask_name(person.name),
                "department": person.department,
                "role": str(person.role),
                "region": person.region,
                "item_code": person.item_code,
                "channel": person.channel,
                "deputy": person.deputy,
                "hours": person.hours,
            }
            for person in everybody
        ],
        (
            Column("person_id", "编号", "Person"),
            Column("name", "姓名", "Name"),
            Column("role", "角色", "Role", say=say_role),
            Column("department", "部门", "Department", least=8),
            Column("region", "区划", "Region", priority=3),
            Column("item_code", "事项", "Item", priority=4),
            Column("channel", "渠道", "Channel", priority=2),
            Column("deputy", "代理人", "Deputy", priority=3),
            Column("hours", "接收时间", "Hours", priority=4),
        ),
        output,
        empty=t("没有人员", "nobody was imported"),
        unmasked=True,
    )
    if waits:
        signed = supervision.Signatures(waits[0]["signed_by"], waits[0]["needed"])
        whose = (_whose(one["person_id"], one["kind"]) for one in waits)
        warn(supervision.words(signed, t("、", ", ").join(whose)))


@app.command("check", help=t("检查每个部门是否有人可通知", "is somebody told in every department"))
def check(ctx: typer.Context, output: Output = None) -> None:
    """Check that every level of every department reaches somebody; exit 1 if not."""
    from efficiency_monitor.people.key_list import without_keys
    from efficiency_monitor.people.people import check_people

    context = context_of(ctx)
    found = check_people(context)
    if keyless := without_keys(context):
        ids = t("、", ", ").join(keyless)
        message(t(f"无密钥的监察人员：{ids}", f"supervisors without a key: {ids}"))
    emit(
        found,
        (
            Column("department", "部门", "Department"),
            Column("level", "级别", "Level", say=say_level, styles=LEVEL_STYLES),
            Column("told", "收件人数", "Told", right=True),
        ),
        output,
        empty=t("还没有办件", "no cases yet"),
    )
    leave(1 if any(not row["told"] for row in found) else 0)


@key.command("new", help=t("造一把个人密钥", "write a new personal key"))
def new_key(
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help=t("新文件，权限 0600", "a new file, 0600"))
    ],
) -> None:
    """Write a private key into a new file and print its public half."""
    from efficiency_monitor import app as root
    from efficiency_monitor.people.model.signatures import public_text

    made = root.new_key(out)
    typer.echo(public_text(made.public))
    message(
        t(
            f"私钥已写入 {out}，只归本人；上面一行是公钥，交给登记人：effmon people key enrol",
            f"the private key is in {out}: keep it to yourself; the line above is the public one, "
            "to be handed in: effmon people key enrol",
        )
    )


@key.command("enrol", help=t("登记或批准某人的公钥", "enrol a person's key, or approve it"))
def enrol_key(
    ctx: typer.Context,
    person: Annotated[str, typer.Argument(help=t("密钥持有人", "whose key it is"))],
    public: Annotated[
        str,
        typer.Argument(
            metavar="PUBLICKEY|@FILE", help=t("公钥那一行，或其文件", "its line, or a file of it")
        ),
    ],
    output: Output = None,
) -> None:
    """Enrol a public key; after the first two it takes two key holders, each by this command."""
    from efficiency_monitor.people.key_files import public_from
    from efficiency_monitor.people.keys import enrol

    report = enrol(context_of(ctx), person, public_from(public))
    _emit_report(report, output)
    say_lapsed(report.lapsed)
    if report.repeated:
        say_repeated()
    if report.missing:
        message(
            t(
                f"已记录，还需 {report.missing} 名持有密钥的监察人员以同一命令批准",
                f"recorded; {report.missing} more supervisor with a key has to run the same",
            )
        )
    elif report.bootstrap:
        warn(
            t(
                "首批密钥未经他人批准，请当面核对公钥",
                "one of the first keys: nobody has approved it, compare it in person",
            )
        )


@key.command("revoke", help=t("吊销密钥", "revoke a key"))
def revoke_key(
    ctx: typer.Context,
    which: Annotated[
        str,
        typer.Argument(metavar="KEY|PERSON", help=t("密钥或其持有人", "the key, or its holder")),
    ],
    text: Annotated[
        str | None, typer.Option("--text", help=t("理由", "the reason"), show_default=False)
    ] = None,
    output: Output = None,
) -> None:
    """Revoke a key: its holder signs for it, or a supervisor; for a second one two supervisors."""
    from efficiency_monitor.people.keys import revoke

    report = revoke(context_of(ctx), which, text)
    _emit_report(report, output)
    say_lapsed(report.lapsed)
    if report.repeated:
        say_repeated()
    if report.missing:
        message(
            t(
                "已记录；此前已单独吊销过一把他人的密钥，须再有一名持有密钥的监察人员执行同一命令",
                "recorded; you have revoked another's key alone before: a second supervisor with a "
                "key has to run the same",
            )
        )


@key.command("list", help=t("列出密钥", "list the keys"))
def list_keys(ctx: typer.Context, output: Output = None) -> None:
    """List every key with its holder and state."""
    from efficiency_monitor.people.key_list import list_keys as listed

    emit(
        listed(context_of(ctx)),
        (
            Column("key_id", "密钥", "Key", least=16),
            Column("person_id", "持有人", "Person"),
            Column("state", "状态", "State", say=coded(_STATES)),
            Column("enrolled_at", "登记于", "Enrolled", say=say_local, priority=2),
            Column("revoked_at", "吊销于", "Revoked", say=say_local, priority=3),
            Column("trusted_by", "依据", "Trusted by", say=coded(_TRUSTED_BY), priority=2),
            Column("enrolled_by", "登记人", "Enrolled by", priority=3),
            Column("os_user", "系统用户", "System user", priority=3),
            Column("public_key", "公钥", "Public key", priority=4),
        ),
        output,
        empty=t("没有登记密钥", "no keys were enrolled"),
    )


def _emit_report(report: "KeyReport", output: Output) -> None:
    document = {
        "key_id": report.key_id,
        "person_id": report.person_id,
        "state": report.state,
        "approved_by": list(report.approved_by),
        "missing": report.missing,
        "bootstrap": report.bootstrap,
        "recovery": report.recovery,
        "replaces": report.replaces,
        "repeated": report.repeated,
        "lapsed": list(report.lapsed),
    }
    machine = output not in (None, Format.TABLE)
    emit_object(document, output, columns=() if machine else filled(_KEY, document))
