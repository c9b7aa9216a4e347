"""`effmon demo`: the main job shown from import to a verified ledger, on a clock of its own.

The clock stands at the evening for which the synthetic cases were made, so that the demonstration
shows the same on every day; every step prints the command that a user would type.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from efficiency_monitor.core.faults import ConfigurationError
from efficiency_monitor.core.instants import parse_instant
from efficiency_monitor.language import language, say_level, t
from efficiency_monitor.reports.columns import LEVEL_STYLES, Column

from . import columns
from .render import emit, emit_text, message
from .scan import say

if TYPE_CHECKING:
    from efficiency_monitor.services.context import Context

MARK = ".effmon-demo"
EVENING = "2026-11-20 18:00"
USDA_EVENING = "2013-12-31 18:00"
_TABLES = ("申请", "受理", "办理", "特别程序", "办结")


class Clock:
    """The demonstration's clock: it stands still until it is set."""

    def __init__(self, text: str, zone: str) -> None:
        self.zone = zone
        self.instant = parse_instant(text, zone)[0]

    def __call__(self) -> int:
        return self.instant

    def set(self, text: str) -> None:
        """Set the clock on."""
        self.instant = parse_instant(text, self.zone)[0]


def data_folder() -> Path:
    """The demonstration's data: installed beside the package, or in the checkout."""
    try:
        return Path(str(files("efficiency_monitor.demo")))
    except ModuleNotFoundError:
        return Path(__file__).resolve().parent.parent / "demo"


def show(folder: Path) -> None:
    """Make the workspaces anew under `folder` and show each step on stdout."""
    _make_room(folder)
    _bureau(folder / "bureau")
    _usda(folder / "usda")
    _head(t("演示结束", "end of the demonstration"))
    _line(
        t(
            f"工作区留在 {folder}/bureau 和 {folder}/usda，可以接着试："
            f"effmon -C {folder}/bureau cards list",
            f"the workspaces are kept in {folder}/bureau and {folder}/usda; go on with: "
            f"effmon -C {folder}/bureau cards list",
        )
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
            f"{folder}: {fault.strerror}", "name another folder: effmon demo FOLDER"
        ) from None


def _head(text: str, command: str = "") -> None:
    lines = ["\n", f"━━ {text}\n"]
    if command:
        lines.append(f"   $ effmon {command}\n")
    emit_text(lines)
    sys.stdout.flush()


def _line(text: str) -> None:
    emit_text([text + "\n"])
    sys.stdout.flush()


def _open(
    folder: Path,
    clock: Clock,
    *,
    name: str,
    calendar: str,
    pack: str,
    watch_from: str | None = None,
) -> "Context":
    from efficiency_monitor import app
    from efficiency_monitor.services import setup

    setup.write_settings(
        folder,
        name=name,
        zone=clock.zone,
        language=language(),
        calendar=calendar,
        packs=(pack,),
        watch_from=watch_from,
    )
    context = app.open_context(
        folder, person=t("演示人员", "demonstrator"), create=True, clock=clock
    )
    setup.record_creation(context)
    return context


def _bureau(folder: Path) -> None:
    clock = Clock(EVENING, "Asia/Shanghai")
    _head(
        t(
            "一、建立工作区（虚构的市局，合成数据）",
            "1. a workspace (fictitious bureau, SYNTHETIC data)",
        ),
        f"init {folder} --pack hunan",
    )
    _line(t(f"演示时钟停在 {EVENING}", f"the demonstration's clock stands at {EVENING}"))
    context = _open(
        folder,
        clock,
        name=t("示例市（合成）", "example city (synthetic)"),
        calendar="cn",
        pack="hunan",
    )
    _import(context)
    _scan(context, t("三、夜间巡检", "3. the nightly scan"))
    _situations(context)
    _cards(context)
    _explain(context)
    _notice(context)
    _late_evidence(context, clock)
    _answers(context)
    _accountability(context)
    _ledger(context, folder)


def _import(context: "Context") -> None:
    from efficiency_monitor.services.ingest import import_files
    from efficiency_monitor.services.people import import_people

    data = data_folder()
    _head(
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
        _line(t("隔离：", "quarantined: ") + f"{refused.where}: {refused.message}")
    people = import_people(context, data / "people.csv")
    _line(t(f"人员 {people.imported} 行", f"{people.imported} rows of people"))


def _scan(context: "Context", title: str) -> None:
    from efficiency_monitor import app
    from efficiency_monitor.services.scan import scan

    _head(title, "scan")
    say(scan(context, as_of=context.now(), run_id=app.run_id()), context.zone)


#: Case numbers that show one situation each; what they show stands in demo/synthetic/README.md.
_SHOWN = (
    ("SYN-2026-0031", "时限内", "in time"),
    ("SYN-2026-0037", "临近承诺时限", "close to the promised limit"),
    ("SYN-2026-0041", "超承诺时限", "past the promised limit"),
    ("SYN-2026-0045", "超法定时限", "past the statutory limit"),
    ("SYN-2026-0022", "已办结，超期", "closed late"),
    ("SYN-2026-0048", "特别程序中，暂停", "paused by a special procedure"),
    ("SYN-2026-0054", "证据迟到（见第八步）", "evidence comes late (see step 8)"),
    ("SYN-2026-0056", "没有时限", "no limit is given"),
    ("SYN-2026-0059", "办结早于受理", "decided before accepted"),
)


def _situations(context: "Context") -> None:
    from efficiency_monitor.services.explain import find, judge
    from efficiency_monitor.services.listing import list_cards
    from efficiency_monitor.store.cards import CardQuery

    _head(t("四、各种情形", "4. the situations"))

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
    from efficiency_monitor.core.terms import Level
    from efficiency_monitor.services.listing import list_cards
    from efficiency_monitor.store.cards import CardQuery

    _head(t("五、红牌清单", "5. the red cards"), "cards list --level red")
    emit(list_cards(context, CardQuery(level=Level.RED)), columns.CARDS)


def _explain(context: "Context") -> None:
    from efficiency_monitor.services.explain import explain

    from .explain_view import show as show_page

    _head(
        t("六、一件红牌办件的逐日说明", "6. one red case explained day by day"),
        "cases explain SYN-2026-0045",
    )
    document = explain(context, "SYN-2026-0045", as_of=context.now())
    words = context.catalogue.vocabulary

    def name(code: str) -> str:
        known = words.types.get(code) or words.kinds.get(code)
        return code if known is None else t(known.zh, known.en)

    show_page(document, None, name=name)


def _notice(context: "Context") -> None:
    from efficiency_monitor import app
    from efficiency_monitor.services.deliver import deliver

    _head(t("七、通知（每人一份摘要）", "7. notices (one digest per recipient)"), "notices deliver")
    report, messages = deliver(context, app.channels(context))
    _line(
        t(
            f"{report.messages} 份摘要，{report.sent} 条通知已送达（文件渠道）；其中一份：",
            f"{report.messages} digests, {report.sent} notices delivered (file channel); "
            "one of them:",
        )
    )
    shortest = min(messages, key=lambda addressed: len(addressed.message.text))
    emit_text(
        f"   │ {line}\n"
        for line in [shortest.message.subject, *shortest.message.text.splitlines()[:14]]
    )


def _late_evidence(context: "Context", clock: Clock) -> None:
    from efficiency_monitor.services.ingest import import_files
    from efficiency_monitor.services.listing import list_cards
    from efficiency_monitor.store.cards import CardQuery

    clock.set("2026-11-20 20:00")
    _head(
        t(
            "八、迟到的证据导入后，巡检解除相应的牌",
            "8. late evidence comes in: the scan lifts cards",
        ),
        "import synthetic_late_evidence.csv --mapping gbt39046; effmon scan",
    )
    import_files(context, [data_folder() / "synthetic" / "synthetic_late_evidence.csv"], "gbt39046")
    from efficiency_monitor import app
    from efficiency_monitor.services.scan import scan

    say(scan(context, as_of=context.now(), run_id=app.run_id()), context.zone)
    emit(list_cards(context, CardQuery(state="lifted")), columns.CARDS)


def _answers(context: "Context") -> None:
    from efficiency_monitor.core.terms import Level
    from efficiency_monitor.services.answers import answer
    from efficiency_monitor.services.listing import list_cards
    from efficiency_monitor.store.cards import CardQuery

    card = list_cards(context, CardQuery(level=Level.RED, case_no="SYN-2026-0045"))[0]
    number = str(card["card_no"])
    _head(
        t("九、部门签收并反馈", "9. the department acknowledges and replies"),
        f"--as … cards acknowledge {number}; effmon --as … cards reply {number} --text …",
    )
    answer(context, number, "acknowledged", None)
    text = t("材料已补齐，本周内办结。", "papers complete, to be decided this week.")
    state = answer(context, number, "replied", text)
    _line(f"{number}: {columns.CARDS[2].say(state)}")


def _accountability(context: "Context") -> None:
    from efficiency_monitor.core.terms import Level
    from efficiency_monitor.services.listing import list_accounts, list_cards
    from efficiency_monitor.store.cards import CardQuery

    card = list_cards(context, CardQuery(level=Level.RED, case_no="SYN-2026-0045"))[0]
    _head(
        t("十、追责记录：谁持有多久，谁超期", "10. accountability: who held it, whose overrun"),
        f"accountability list --card {card['card_no']}",
    )
    emit(list_accounts(context, card_no=str(card["card_no"])), columns.ACCOUNTS)


def _ledger(context: "Context", folder: Path) -> None:
    from efficiency_monitor.services import ledger_book

    out = folder / "ledger-export"
    _head(
        t("十一、导出台账，离线验证", "11. the ledger exported, verified offline"),
        f"ledger export --out {out}",
    )
    ledger_book.export(context, out, words={"organisation": context.settings.workspace.name})
    _line(f"   $ python {out}/verify.py {out}")
    sys.stdout.flush()
    _run([sys.executable, "-I", "-S", str(out / "verify.py"), str(out)])


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, check=False)
    emit_text([done.stdout.decode("utf-8", "replace")])
    if done.returncode != 0:
        message(done.stderr.decode("utf-8", "replace"))
        raise ConfigurationError("the exported ledger did not verify", "effmon ledger verify")


def _usda(folder: Path) -> None:
    from efficiency_monitor.services.ingest import import_files

    clock = Clock(USDA_EVENING, "America/New_York")
    _head(
        t(
            "十二、真实数据：美国农业部 APHIS 2012–2013 年信息公开申请（公开领域）",
            "12. real data: USDA APHIS freedom-of-information requests 2012–2013 (public domain)",
        ),
        "import usda_foia_2012_2013.csv --mapping usda-foia; effmon scan",
    )
    context = _open(
        folder,
        clock,
        name="USDA APHIS",
        calendar="us-federal",
        pack="us-foia",
        watch_from="2013-12-01",
    )
    _line(
        t(
            "watch_from = 2013-12-01：此前已到期的记为历史牌，不发通知",
            "watch_from = 2013-12-01: what fell due before is historical, nobody is told",
        )
    )
    path = data_folder() / "usda_foia_2012_2013.csv"
    report = import_files(context, [path], "usda-foia")
    total = report.total
    _line(
        t(
            f"读取 {total.read} = 导入 {total.imported} + 未变 {total.unchanged} + "
            f"隔离 {total.quarantined}",
            f"read {total.read} = {total.imported} imported + {total.unchanged} unchanged + "
            f"{total.quarantined} quarantined",
        )
    )
    _scan(context, t("巡检", "the scan"))
    _agreement(context, path)


def _agreement(context: "Context", path: Path) -> None:
    """Hold the yellow cards against the agency's own dates, row by row."""
    import csv

    from efficiency_monitor.core.terms import Level
    from efficiency_monitor.services.listing import list_cards
    from efficiency_monitor.store.cards import CardQuery

    late = {
        str(card["case_no"])
        for card in list_cards(context, CardQuery(state="all", level=Level.YELLOW))
    }
    with path.open(encoding="utf-8", newline="") as file:
        rows = [
            (row["request_id"].strip(), row["target"] < row["closed"])
            for row in csv.DictReader(file)
            if row["received"] and row["target"] and row["closed"]
        ]
    once = [(name, is_late) for name, is_late in rows if sum(n == name for n, _ in rows) == 1]
    same = sum((name in late) == is_late for name, is_late in once)
    _line(
        t(
            f"与机构自己的日期对照：{len(once)} 件已办结且有目标日期，判定一致 {same} 件",
            f"against the agency's own dates: {len(once)} closed requests with a target, "
            f"{same} judged alike",
        )
    )
