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
from efficiency_monitor.i18n.language import say_level
from efficiency_monitor.i18n.messages import mark, one_of, t
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
    head(t("end of the demonstration"))
    line(
        t(
            "the workspaces are kept in {folder}/bureau and {folder}/usda; go on with: effmon -C "
            "{folder}/bureau cards list",
            folder=folder,
        )
    )


def _refuse_another_database() -> None:
    """Invented cases, people and cards in a database of real ones could never be taken out."""
    if os.environ.get(DATABASE_VARIABLE):
        raise ConfigurationError(
            t(
                "{database_variable} is set: the demonstration would write into that database",
                database_variable=DATABASE_VARIABLE,
            ),
            t("unset {database_variable} first", database_variable=DATABASE_VARIABLE),
        )


def _make_room(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise ConfigurationError(
                t("{folder} is not empty and no former demonstration", folder=folder),
                t("name another folder: effmon demo FOLDER"),
            )
        shutil.rmtree(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARK).touch()
    except OSError as fault:
        raise ConfigurationError(
            f"{folder}: {say_os(fault)}",
            t("name another folder: effmon demo FOLDER"),
        ) from None


def _bureau(folder: Path, program: Program) -> None:
    from efficiency_monitor.ledger.checkpoints import make

    clock = Clock(EVENING, "Asia/Shanghai")
    head(
        t("1. a workspace (fictitious bureau, SYNTHETIC data)"),
        f"init {folder} --pack hunan --pack conduct",
    )
    line(t("the demonstration's clock stands at {evening}", evening=EVENING))
    context = open_workspace(
        folder,
        clock,
        name=t("example city (synthetic)"),
        calendar="cn",
        packs=("hunan", "conduct"),
    )
    typed = Typist(folder, clock, program)
    _import(context)
    scan_now(context, t("3. the nightly scan"))
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
        t("2. import (GB/T 39046 layout) and people"),
        "import synthetic_*.csv --mapping gbt39046; effmon people import people.csv",
    )
    paths = [data / "synthetic" / f"synthetic_{table}.csv" for table in _TABLES]
    report = import_files(context, paths, "gbt39046")
    emit(
        report.as_json()["files"],  # type: ignore[arg-type]
        (
            Column("file", "File"),
            Column("read", "Read", right=True),
            Column("imported", "Imported", right=True),
            Column("unchanged", "Unchanged", right=True),
            Column("quarantined", "Quarantined", right=True),
        ),
    )
    for refused in report.refused:
        line(t("quarantined: ") + f"{refused.where}: {refused.message}")
    people = import_people(context, data / "people.csv")
    line(t("{imported} rows of people", imported=people.imported))


#: Case numbers that show one situation each; what they show stands in demo/synthetic/README.md.
_SHOWN = (
    ("SYN-2026-0031", mark("in time", ctx="situation")),
    ("SYN-2026-0037", mark("close to the promised limit", ctx="situation")),
    ("SYN-2026-0041", mark("past the promised limit", ctx="situation")),
    ("SYN-2026-0045", mark("past the statutory limit", ctx="situation")),
    ("SYN-2026-0022", mark("closed late", ctx="situation")),
    ("SYN-2026-0048", mark("paused (see step 6)", ctx="situation")),
    ("SYN-2026-0054", mark("evidence comes late (see step 8)", ctx="situation")),
    ("SYN-2026-0056", mark("no limit is given", ctx="situation")),
    ("SYN-2026-0059", mark("decided before accepted", ctx="situation")),
)


def _situations(context: "Context") -> None:
    from efficiency_monitor.cards.explain import find, judge
    from efficiency_monitor.cards.listing import list_cards
    from efficiency_monitor.cards.store.cards import CardQuery

    head(t("4. the situations"))

    def rows() -> Iterator[dict[str, Any]]:
        for case_no, situation in _SHOWN:
            found = judge(context, find(context, case_no), context.now())
            standing = list_cards(context, CardQuery(case_no=case_no))
            said = [say_level(card["level"]) for card in standing]
            yield {
                "case_no": case_no,
                "situation": t(situation),
                "outcome": str(found.outcome),
                "cards": t(", ").join(said) or t("none"),
            }

    emit(
        list(rows()),
        (
            Column("case_no", "Case"),
            Column("situation", "Situation", least=16),
            Column("outcome", "Outcome", say=columns.CASES[7].say),
            Column("cards", "Cards that stand", styles=LEVEL_STYLES),
        ),
    )


def _cards(context: "Context") -> None:
    from efficiency_monitor.cards.listing import list_cards
    from efficiency_monitor.cards.store.cards import CardQuery
    from efficiency_monitor.terms import Level

    head(t("5. the red cards"), "cards list --level red")
    emit(list_cards(context, CardQuery(level=Level.RED)), columns.CARDS)


def _explain(context: "Context") -> None:
    from efficiency_monitor.cards.explain import explain

    from .explain_view import show as show_page

    head(
        t("6. one red case explained day by day"),
        "cases explain SYN-2026-0026",
    )
    document = explain(context, "SYN-2026-0026", as_of=context.now())
    words = context.catalogue.vocabulary

    def name(code: str) -> str:
        known = words.types.get(code) or words.kinds.get(code)
        return code if known is None else one_of(known.zh, known.en)

    show_page(document, None, name=name)


def _conduct(context: "Context", typed: Typist) -> None:
    """A card on what was done, and the pack that it is from."""
    from efficiency_monitor.cards.listing import list_cards
    from efficiency_monitor.cards.store.cards import CardQuery

    found = list_cards(context, CardQuery(case_no="SYN-2026-0048", rule="CON-PAUSE-GROUND"))
    line(t("\nanother pack looks at what was done, not how long:"))
    typed(f"cards show {found[0]['card_no']}")


def _notice(context: "Context") -> None:
    from efficiency_monitor import app
    from efficiency_monitor.notify.deliver import deliver

    head(t("7. notices (one digest per recipient)"), "notices deliver")
    report, messages = deliver(context, app.channels(context))
    line(
        t(
            "{messages} digests, {sent} notices delivered (file channel); one of them:",
            messages=report.messages,
            sent=report.sent,
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
        t("8. late evidence comes by hand: the cards stand, contested"),
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
        t("13. a checkpoint; an older one compared"),
        "ledger checkpoint; effmon ledger compare OLD.note",
    )
    emit_text(f"   │ {line}\n" for line in checkpoints.make(context).notes["sha256"].splitlines())
    found = compare.compare_note(context, kept.encode())
    line(
        t(
            "the older checkpoint of {size} entries: {result}; {value} entries were added since",
            size=found.size,
            result=found.result,
            value=found.now - found.size,
            ending="一致" if found.result == "equal" else "不一致",
        )
    )


def _ledger(context: "Context", folder: Path) -> None:
    from efficiency_monitor.ledger import book as ledger_book

    out = folder / "ledger-export"
    head(
        t("14. the ledger exported, verified offline"),
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
