"""Small XES logs: everything in them is read or quarantined, and no time is guessed."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from .page import Figures, Part, data_line, require, table
from .workspace import opened

FOLDER = "xes_small"
LOGS = (
    "running-example.xes",
    "01_running-example.xes.gz",
    "11_tickets.xes.gz",
    "partial_order_example.xes",
    "partial_order_example_3.xes",
    "roadtraffic50traces.xes",
    "roadtraffic100traces.xes",
)


def run(folder: Path) -> Part:
    """Each log into a workspace of its own; the plain and the packed copy of one into one."""
    figures: dict[str, int] = {}
    refused: Counter[str] = Counter()
    for name in LOGS:
        with opened(
            zone="Europe/Amsterdam", calendar="nl", pack="validation", as_of="2013-12-31"
        ) as workspace:
            taken = workspace.take([folder / FOLDER / name], "xes-log")
            if name == LOGS[0]:
                packed = workspace.take([folder / FOLDER / LOGS[1]], "xes-log")
                figures["packed_unchanged"] = packed.counts.unchanged
                figures["packed_read"] = packed.counts.read
            records = workspace.cases()
        refused.update({code: count for (code, _), count in taken.refused.items()})
        figures |= {
            f"{name}/read": taken.counts.read,
            f"{name}/imported": taken.counts.imported,
            f"{name}/unchanged": taken.counts.unchanged,
            f"{name}/quarantined": taken.counts.quarantined,
            f"{name}/cases": len(records),
        }
    figures |= {
        total: sum(figures[f"{name}/{total}"] for name in LOGS)
        for total in ("read", "imported", "unchanged", "quarantined")
    }
    require(set(refused) <= {"bad_time"}, "all that is refused of the XES logs is a time `?`")
    require(
        figures["packed_unchanged"] == figures["packed_read"],
        "the packed copy of the running example adds nothing to the plain one",
    )
    return Part(
        "XES samples", figures, _blocks(folder, figures), _summary(figures), _chinese(figures)
    )


def _blocks(folder: Path, figures: Figures) -> list[str]:
    return [
        (
            "Test logs of `pm4py/pm4py-core`: plain and packed, with nested attributes, whole "
            "numbers as names, times with and without offset. Nobody's verdict is in them; what "
            "is looked at is that reading loses nothing. Running example and tickets are "
            "synthetic samples. Read from the data folder, not copied, by the mapping `xes-log`, "
            "each into a workspace of its own:"
        ),
        table(
            ("file", "cases", "events read", "imported", "unchanged", "quarantined"),
            [
                (
                    data_line(folder / FOLDER / name, name),
                    *(
                        figures[f"{name}/{total}"]
                        for total in ("cases", "read", "imported", "unchanged", "quarantined")
                    ),
                )
                for name in LOGS
            ],
        ),
        (
            f"In all {figures['read']:,} read = {figures['imported']:,} imported + "
            f"{figures['unchanged']:,} unchanged + {figures['quarantined']:,} quarantined. The "
            "quarantined ones have `?` where the time should be. The unchanged ones are alike in "
            "case, step, time and person with one before them, so nothing tells them apart. "
            "Tickets has the same second of 1980 throughout: it is taken as it stands, as the "
            "wall time of the calendar's zone, as are the times without offset of the road fines. "
            f"The packed running example after the plain one: {figures['packed_read']} read, "
            f"{figures['packed_unchanged']} unchanged."
        ),
    ]


def _chinese(figures: Figures) -> str:
    return (
        f"XES 日志样本：{figures['read']} 个事件全部读入或隔离，"
        f"其中 {figures['quarantined']} 个没有时间"
    )


def _summary(figures: Figures) -> Sequence[Sequence[str]]:
    return (
        (
            "XES samples",
            "nobody's verdict: every event read or quarantined",
            (
                f"{figures['read']:,} = {figures['imported']:,} + {figures['unchanged']} + "
                f"{figures['quarantined']}"
            ),
            f"{figures['quarantined']} events without a time",
        ),
    )
