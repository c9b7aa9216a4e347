"""The demonstration's second half: real requests of a US agency, held against its own dates."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from efficiency_monitor.i18n.messages import t

from .demo_stage import Clock, data_folder, head, line, open_workspace, scan_now

if TYPE_CHECKING:
    from efficiency_monitor.workspace.context import Context

EVENING = "2013-12-31 18:00"


def show_usda(folder: Path) -> None:
    """Import the requests, scan, and say how often engine and agency agree."""
    from efficiency_monitor.intake.ingest import import_files
    from efficiency_monitor.people.people import import_people

    clock = Clock(EVENING, "America/New_York")
    head(
        t("15. real data: USDA APHIS freedom-of-information requests 2012–2013 (public domain)"),
        "import usda_foia_2012_2013.csv --mapping usda-foia; effmon scan",
    )
    context = open_workspace(
        folder,
        clock,
        name="USDA APHIS",
        calendar="us-federal",
        packs=("us-foia",),
        watch_from="2013-12-01",
    )
    line(t("watch_from = 2013-12-01: what fell due before is historical, nobody is told"))
    import_people(context, data_folder() / "usda_people.csv")
    path = data_folder() / "usda_foia_2012_2013.csv"
    report = import_files(context, [path], "usda-foia")
    total = report.total
    line(
        t(
            "read {read} = {imported} imported + {unchanged} unchanged + {quarantined} quarantined",
            read=total.read,
            imported=total.imported,
            unchanged=total.unchanged,
            quarantined=total.quarantined,
        )
    )
    scan_now(context, t("15. the scan"))
    _agreement(context, path)


def _agreement(context: "Context", path: Path) -> None:
    """Hold the yellow cards against the agency's own dates, row by row."""
    from efficiency_monitor.cards.listing import list_cards
    from efficiency_monitor.cards.store.cards import CardQuery
    from efficiency_monitor.terms import Level

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
    line(
        t(
            "against the agency's own dates: {n_once} closed requests with a target, {same} "
            "judged alike",
            n_once=len(once),
            same=same,
        )
    )
