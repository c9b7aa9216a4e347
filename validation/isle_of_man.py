"""Isle of Man planning lists: columns that change places, encodings, one list against another."""

from collections.abc import Sequence
from pathlib import Path

from efficiency_monitor.engine.timeline import CaseRecord

from .page import Figures, Part, data_line, require, table
from .workspace import Taken, opened

FOLDER = "isle_of_man"
LISTS = ("planning-applications", "delegated-decisions", "appeals")
YEARS = ("2012", "2019")
NAMES = tuple(f"{year}_{name}.csv" for year in YEARS for name in LISTS)
#: What a text that is no UTF-8 is taken for where the mapping does not say what it is.
UNSAID = "gb18030"
DATED = "2012_delegated-decisions.csv"


def run(folder: Path) -> Part:
    """Each list alone, then all together, then two ways that must not pass for reading."""
    paths = [folder / FOLDER / name for name in NAMES]
    alone = {path.name: _take([path])[0] for path in paths}
    together, records = _take(paths)
    _, misread = _take(paths, encoding=UNSAID)
    dated, _ = _take([folder / FOLDER / DATED], mapping="isle-of-man-dated")
    letters, wrong = _letters(records), _letters(misread)
    conflicts = sum(count for (code, _), count in together.refused.items() if code == "conflict")
    figures = {
        "rows": together.counts.read,
        "imported": together.counts.imported,
        "unchanged": together.counts.unchanged,
        "quarantined": together.counts.quarantined,
        "conflicts": conflicts,
        "cases": len(records),
        "events": sum(len(record.events) for record in records),
        "dated_bad_time": sum(
            count for (code, _), count in dated.refused.items() if code == "bad_time"
        ),
        "dated_imported": dated.counts.imported,
    }
    require(conflicts == 0, "no two lists of the Isle of Man contradict each other")
    require(figures["events"] == 0, "no date of the Isle of Man is read as a time")
    require(letters != wrong, "without its encoding a letter becomes another one")
    return Part(
        "Isle of Man, planning decisions 2012 and 2019",
        figures,
        _blocks(folder, alone, (together, dated), (letters, wrong), figures),
        _summary(figures),
        _chinese(figures),
    )


def _take(
    paths: Sequence[Path], *, mapping: str = "isle-of-man", encoding: str | None = None
) -> tuple[Taken, list[CaseRecord]]:
    """Import into a workspace of its own; the calendar is never asked, for no time is read."""
    with opened(
        zone="Europe/Isle_of_Man", calendar="nl", pack="validation", as_of="2019-12-31"
    ) as workspace:
        return workspace.take(paths, mapping, encoding=encoding), workspace.cases()


def _letters(records: Sequence[CaseRecord]) -> list[tuple[str, str]]:
    """Words with letters beyond ASCII in what was applied for, by case number."""
    return [
        (record.case_no, word.strip(".,"))
        for record in records
        for word in record.fields.get("item_name", "").split()
        if not word.isascii()
    ]


def _blocks(
    folder: Path,
    alone: dict[str, Taken],
    takings: tuple[Taken, Taken],
    letters: tuple[list[tuple[str, str]], list[tuple[str, str]]],
    figures: Figures,
) -> list[str]:
    together, dated = takings
    right, wrong = letters
    return [
        (
            "Planning applications, delegated decisions and appeals of the Isle of Man Government "
            "(Open Government Licence). Read from the data folder, not copied."
        ),
        (
            "**What they are for**: six lists of one office in which columns change their places "
            "and names, four with a title line above the header, two ending in a line of totals, "
            "with single bytes beyond ASCII. Each alone, by the mapping `isle-of-man`:"
        ),
        table(
            ("file", "read", "imported", "unchanged", "quarantined"),
            [
                (
                    data_line(folder / FOLDER / name, name),
                    one.counts.read,
                    one.counts.imported,
                    one.counts.unchanged,
                    one.counts.quarantined,
                )
                for name, one in alone.items()
            ],
        ),
        (
            f"**All together**: {together.sentence}; {figures['cases']:,} cases. The quarantined "
            "rows are the lines of totals, which have no decision. The unchanged ones say what "
            "another list has said."
        ),
        (
            "**The office against itself**: the same decision stands in two or three lists, in "
            "words in one (`Permitted`) and as a code in the other (`PER`). An import refuses two "
            f"rows that say different things of one case: there are {figures['conflicts']} such "
            "rows, so the lists agree in every decision, date and description that they share. "
            "What the codes mean was read off the cases in both lists; a code outside the table "
            "is quarantined."
        ),
        (
            "**Dates** stand as `15-Oct-12`. Two digits name no century and a mapping has no "
            f"format for it, so they are kept as text: {figures['events']} events, no clock, no "
            "verdict. A mapping that asks for them as times gets none: of `" + DATED + "` "
            f"{dated.sentence}, {figures['dated_bad_time']:,} of them as `bad_time`."
        ),
        (
            "**Encoding**: the lists are Windows-1252, which the mapping says (`encodings`). Where "
            "none does, a text that is no UTF-8 is taken for GB18030, and a Western letter with "
            "its neighbour becomes a Chinese one:"
        ),
        table(
            ("case", "read as Windows-1252", "taken for GB18030"),
            [
                (number, f"`{word}`", f"`{other}`")
                for (number, word), (_, other) in zip(right, wrong, strict=True)
            ],
        ),
        (
            "The second word is `manège` typed by a program of the older code page 850: in that "
            "one row the file is not what it says it is, and no reader can know."
        ),
    ]


def _chinese(figures: Figures) -> str:
    return (
        f"马恩岛规划决定：{figures['rows']:,} 行，各表之间矛盾 {figures['conflicts']} 处，"
        f"{figures['quarantined']} 行合计行进入隔离区；两位数年份不猜测，日期只作文字保留"
    )


def _summary(figures: Figures) -> Sequence[Sequence[str]]:
    return (
        (
            "Isle of Man 2012, 2019",
            "two lists of one office say the same of a case",
            f"{figures['conflicts']} contradictions in {figures['rows']:,} rows",
            f"{figures['quarantined']} lines of totals quarantined; dates kept as text",
        ),
    )
