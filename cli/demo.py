"""`effmon demo`: the main job shown from import to a verified ledger, on a clock of its own.

The clock stands at the evening for which the synthetic cases were made, so that the demonstration
shows the same on every day; every step prints the command that a user would type.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from efficiency_monitor.documents.columns import LEVEL_STYLES, Column
from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.i18n.language import say_level, t
from efficiency_monitor.i18n.os_words import say_os
from efficiency_monitor.workspace.settings import DATABASE_VARIABLE

from . import columns
from .demo_matter import Program, Typist, show_matters
from .demo_stage import Clock, data_folder, head, line, open_workspace, scan_now
from .demo_usda import show_usda
from .render import emit, emit_text, message
from .scan import say

if TYPE_CHECKING:
    from efficiency_monitor.workspace.context import Context

MARK = ".effmon-demo"
#: Lines of a notice that are shown; the last is the ledger's.
_MOST_LINES = 16
EVENING = "2026-11-20 18:00"
_TABLES = ("申请", "受理", "办理", "特别程序", "办结")


def show(folder: Path, program: Program) -> None:
    """Make the workspaces anew under `folder` and show each step on stdout.

    `program` is the command line itself, into which some steps are typed.
    """
    _refuse_another_database()
    _make_room(folder)
    _bureau(folder / "bureau", program)
    show_usda(folder / "usda")
    head(t("演示结束", "end of the demonstration"))
    line(
        t(
            f"工作区留在 {folder}/bureau 和 {folder}/usda，可以接着试："
            f"effmon -C {folder}/bureau cards list",
            f"the workspaces are kept in {folder}/bureau and {folder}/usda; go on with: "
            f"effmon -C {folder}/bureau cards list",
        )
    )


def _refuse_another_database() -> None:
    """Invented cases, people and cards in a database of real ones could never be taken out."""
    if os.environ.get(DATABASE_VARIABLE):
        raise ConfigurationError(
            t(
                f"设置了 {DATABASE_VARIABLE}：演示数据会写进那个数据库",
                f"{DATABASE_VARIABLE} is set: the demonstration would write into that database",
            ),
            t(f"先执行 unset {DATABASE_VARIABLE}", f"unset {DATABASE_VARIABLE} first"),
        )


def _make_room(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise ConfigurationError(
                t(
                    f"{folder} 不是空的，也不是以前的演示",
                    f"{folder} is not empty and no former demonstration",
                ),
                t("换一个文件夹：effmon demo 文件夹", "name another folder: effmon demo FOLDER"),
            )
        shutil.rmtree(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARK).touch()
    except OSError as fault:
        raise ConfigurationError(
            f"{folder}: {say_os(fault)}",
            t("换一个文件夹：effmon demo 文件夹", "name another folder: effmon demo FOLDER"),
        ) from None


def _bureau(folder: Path, program: Program) -> None:
    from efficiency_monitor.ledger.checkpoints import make

    clock = Clock(EVENING, "Asia/Shanghai")
    head(
        t(
            "一、建立工作区（虚构的市局，合成数据）",
            "1. a workspace (fictitious bureau, SYNTHETIC data)",
        ),
        f"init {folder} --pack hunan --pack conduct",
    )
    line(t(f"演示时钟停在 {EVENING}", f"the demonstration's clock stands at {EVENING}"))
    context = open_workspace(
        folder,
        clock,
        name=t("示例市（合成）", "example city (synthetic)"),
        calendar="cn",
        packs=("hunan", "conduct"),
    )
    typed = Typist(folder, clock, program)
    _import(context)
    scan_now(context, t("三、夜间巡检", "3. the nightly scan"))
    kept = make(context)
    _situations(context)
    _cards(context)
    _explain(context)
    _conduct(context, typed)
    _notice(context)
    _late_evidence(context, clock)
    show_matters(context, clock, typed)
    _checkpoint(context, kept.notes["sha256"])
    _ledger(context, folder)


def _import(context: "Context") -> None:
    from efficiency_monitor.intake.ingest import import_files
    from efficiency_monitor.people.people import import_people

    data = data_folder()
    head(
        t("二、导入（GB/T 39046 布局）与人员", "2. import (GB/T 39046 layout) and people"),
        "import synthetic_*.csv --mapping gbt39046; effmon people import people.csv",
    )
    paths = [data / "synthetic" / f"synthetic_{table}.csv" for table in _TABLES]
    report = import_files(context, paths, "gbt39046")
    emit(
        report.as_json()["files"],  # type: ignore[arg-type]
        (
            Column("file", "文件", "File"),
            Column("read", "读取", "Read", right=True),
            Column("imported", "导入", "Imported", right=True),
            Column("unchanged", "未变", "Unchanged", right=True),
            Column("quarantined", "隔离", "Quarantined", right=True),
        ),
    )
    for refused in report.refused:
        line(t("隔离：", "quarantined: ") + f"{refused.where}: {refused.message}")
    people = import_people(context, data / "people.csv")
    line(t(f"人员 {people.imported} 行", f"{people.imported} rows of people"))


#: Case numbers that show one situation each; what they show stands in demo/synthetic/README.md.
_SHOWN = (
    ("SYN-2026-0031", "时限内", "in time"),
    ("SYN-2026-0037", "临近承诺时限", "close to the promised limit"),
    ("SYN-2026-0041", "超承诺时限", "past the promised limit"),
    ("SYN-2026-0045", "超法定时限", "past the statutory limit"),
    ("SYN-2026-0022", "已办结，超期", "closed late"),
    ("SYN-2026-0048", "特别程序中，暂停（见第六步）", "paused (see step 6)"),
    ("SYN-2026-0054", "证据迟到（见第八步）", "evidence comes late (see step 8)"),
    ("SYN-2026-0056", "没有时限", "no limit is given"),
    ("SYN-2026-0059", "办结早于受理", "decided before accepted"),
)


def _situations(context: "Context") -> None:
    from efficiency_monitor.cards.explain import find, judge
    from efficiency_monitor.cards.listing import list_cards
    from efficiency_monitor.cards.store.cards import CardQuery

    head(t("四、各种情形", "4. the situations"))

    def rows() -> Iterator[dict[str, Any]]:
        for case_no, zh, en in _SHOWN:
            found = judge(context, find(context, case_no), context.now())
            standing = list_cards(context, CardQuery(case_no=case_no))
            said = [say_level(card["level"]) for card in standing]
            yield {
                "case_no": case_no,
                "situation": t(zh, en),
                "outcome": str(found.outcome),
                "cards": t("、", ", ").join(said) or t("无", "none"),
            }

    emit(
        list(rows()),
        (
            Column("case_no", "办件编号", "Case"),
            Column("situation", "情形", "Situation", least=16),
            Column("outcome", "判定", "Outcome", say=columns.CASES[7].say),
            Column("cards", "现有的牌", "Cards that stand", styles=LEVEL_STYLES),
        ),
    )


def _cards(context: "Context") -> None:
    from efficiency_monitor.cards.listing import list_cards
    from efficiency_monitor.cards.store.cards import CardQuery
    from efficiency_monitor.terms import Level

    head(t("五、红牌清单", "5. the red cards"), "cards list --level red")
    emit(list_cards(context, CardQuery(level=Level.RED)), columns.CARDS)


def _explain(context: "Context") -> None:
    from efficiency_monitor.cards.explain import explain

    from .explain_view import show as show_page

    head(
        t("六、一件红牌办件的逐日说明", "6. one red case explained day by day"),
        "cases explain SYN-2026-0026",
    )
    document = explain(context, "SYN-2026-0026", as_of=context.now())
    words = context.catalogue.vocabulary

    def name(code: str) -> str:
        known = words.types.get(code) or words.kinds.get(code)
        return code if known is None else t(known.zh, known.en)

    show_page(document, None, name=name)


def _conduct(context: "Context", typed: Typist) -> None:
    """A card on what was done, and the pack that it is from."""
    from efficiency_monitor.cards.listing import list_cards
    from efficiency_monitor.cards.store.cards import CardQuery

    found = list_cards(context, CardQuery(case_no="SYN-2026-0048", rule="CON-PAUSE-GROUND"))
    line(
        t(
            "\n另一规则包看的不是用时，而是怎样办：",
            "\nanother pack looks at what was done, not how long:",
        )
    )
    typed(f"cards show {found[0]['card_no']}")


def _notice(context: "Context") -> None:
    from efficiency_monitor import app
    from efficiency_monitor.notify.deliver import deliver

    head(t("七、通知（每人一份摘要）", "7. notices (one digest per recipient)"), "notices deliver")
    report, messages = deliver(context, app.channels(context))
    line(
        t(
            f"{report.messages} 份摘要，{report.sent} 条通知已送达（文件渠道）；其中一份：",
            f"{report.messages} digests, {report.sent} notices delivered (file channel); "
            "one of them:",
        )
    )
    shortest = min(messages, key=lambda addressed: len(addressed.message.text))
    lines = shortest.message.text.splitlines()
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 2], "…", lines[-1]]
    emit_text(f"   │ {line}\n" for line in [shortest.message.subject, *lines])


def _late_evidence(context: "Context", clock: Clock) -> None:
    from efficiency_monitor.cards.listing import list_cards
    from efficiency_monitor.cards.store.cards import CardQuery
    from efficiency_monitor.intake.ingest import import_files

    clock.set("2026-11-20 20:00")
    head(
        t(
            "八、手工导入迟到的证据：牌仍有效，标为存疑",
            "8. late evidence comes by hand: the cards stand, contested",
        ),
        "import synthetic_late_evidence.csv --mapping gbt39046; effmon scan",
    )
    import_files(context, [data_folder() / "synthetic" / "synthetic_late_evidence.csv"], "gbt39046")
    from efficiency_monitor import app
    from efficiency_monitor.scan.scan import scan

    report = scan(context, as_of=context.now(), run_id=app.run_id())
    say(report, context)
    standing = list_cards(context, CardQuery(state="open"))
    emit([card for card in standing if card["card_no"] in report.contested], columns.CARDS)


def _checkpoint(context: "Context", kept: str) -> None:
    from efficiency_monitor.ledger import checkpoints, compare

    head(
        t(
            "十三、签一个检查点，比对巡检后所存的旧检查点",
            "13. a checkpoint; an older one compared",
        ),
        "ledger checkpoint; effmon ledger compare OLD.note",
    )
    emit_text(f"   │ {line}\n" for line in checkpoints.make(context).notes["sha256"].splitlines())
    found = compare.compare_note(context, kept.encode())
    line(
        t(
            f"旧检查点（{found.size} 条）与台账{'一致' if found.result == 'equal' else '不一致'}："
            f"其后新增 {found.now - found.size} 条",
            f"the older checkpoint of {found.size} entries: {found.result}; "
            f"{found.now - found.size} entries were added since",
        )
    )


def _ledger(context: "Context", folder: Path) -> None:
    from efficiency_monitor.ledger import book as ledger_book

    out = folder / "ledger-export"
    head(
        t("十四、导出台账，离线验证", "14. the ledger exported, verified offline"),
        f"ledger export --out {out}",
    )
    ledger_book.export(context, out, words={"organisation": context.settings.workspace.name})
    line(f"   $ python {out}/verify.py {out}")
    sys.stdout.flush()
    _run([sys.executable, "-I", "-S", str(out / "verify.py"), str(out)])


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, check=False)
    emit_text([done.stdout.decode("utf-8", "replace")])
    if done.returncode != 0:
        message(done.stderr.decode("utf-8", "replace"))
        raise ConfigurationError("the exported ledger did not verify", "effmon ledger verify")
