"""Isle of Man and XES: totals counted once more; that contradictions and bad times are noticed."""

import csv
import gzip
import io
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from validation import isle_of_man, xes
from validation.page import Part
from validation.workspace import HERE, Taken, opened

DETERMINED = "Decision,PA Ref,PROPOSAL,Decision issued,Determining Body,Property Address\n"
DELEGATED = "Proposal,Address,Decision,Date decision issued,Planning Application No\n"


def take(path: Path, text: str, mapping: str) -> Taken:
    """Import one synthetic file."""
    path.write_text(text, encoding="utf-8")
    return take_files([path], mapping)


def take_files(paths: list[Path], mapping: str) -> Taken:
    with opened(
        zone="Europe/Isle_of_Man", calendar="nl", pack="validation", as_of="2019-12-31"
    ) as workspace:
        return workspace.take(paths, mapping)


def test_two_lists_that_contradict_each_other_are_a_conflict(tmp_path: Path) -> None:
    """Synthetic: the import that finds no contradiction in the real lists would find one."""
    first, second = tmp_path / "determined.csv", tmp_path / "delegated.csv"
    first.write_text(
        f"{DETERMINED}Permitted,12/00001/B,shed,01-Feb-12,Somebody,there\n"
        "Refused,12/00002/B,barn,01-Feb-12,Somebody,there\n",
        encoding="utf-8",
    )
    second.write_text(
        f"{DELEGATED}shed,there,PER,01-Feb-12,12/00001/B\nbarn,there,PER,01-Feb-12,12/00002/B\n",
        encoding="utf-8",
    )
    taken = take_files([first, second], "isle-of-man")
    assert taken.refused == {("conflict", ""): 2}
    assert (taken.counts.imported, taken.counts.unchanged) == (1, 1)


def test_every_decision_code_is_known_and_no_other(tmp_path: Path) -> None:
    mapping = yaml.safe_load((HERE / "mappings" / "isle-of-man.yaml").read_text("utf-8"))
    codes = [*mapping["codes"]["decision"], "XYZ"]
    rows = "".join(
        f"shed,there,{code},01-Feb-12,12/{number:05}/B\n" for number, code in enumerate(codes)
    )
    taken = take(tmp_path / "delegated.csv", DELEGATED + rows, "isle-of-man")
    assert taken.refused == {("unknown_code", "Decision"): 1}
    assert taken.counts.imported == len(codes) - 1 == 15


def test_an_event_without_a_time_is_quarantined_and_the_others_are_read(tmp_path: Path) -> None:
    def event(time: str) -> str:
        return (
            '<event><string key="concept:name" value="a"/>'
            f'<date key="time:timestamp" value="{time}"/></event>'
        )

    events = event("?") + event("2012-03-04T05:06:07.890+01:00") + event("04/03/2012 05:06")
    text = f'<log><trace><string key="concept:name" value="1"/>{events}</trace></log>'
    taken = take(tmp_path / "log.xes", text, "xes-log")
    assert taken.refused == {("bad_time", "time:timestamp"): 2}
    assert (taken.counts.read, taken.counts.imported) == (3, 1)


@pytest.mark.data
def test_the_lists_add_up_to_what_the_csv_module_reads(
    isle_of_man_part: Part, folder: Path
) -> None:
    facts: dict[str, set[tuple[str, str]]] = {}
    read = totals = 0
    for name in isle_of_man.NAMES:
        text = (folder / isle_of_man.FOLDER / name).read_bytes().decode("cp1252")
        records = list(csv.reader(io.StringIO(text)))
        while "Decision" not in records[0]:
            records.pop(0)
        rows = [dict(zip(records[0], record, strict=True)) for record in records[1:]]
        read += len(rows)
        totals += sum(not row["Decision"] for row in rows)
        for row in rows:
            number = row.get("PA Ref") or row["Planning Application No"]
            issued = next(row[column] for column in row if "ecision issued" in column)
            proposal = row.get("PROPOSAL") or row.get("Proposal") or ""
            if row["Decision"]:
                facts.setdefault(number, set()).add((issued, proposal.strip()))
    figures = isle_of_man_part.figures
    assert figures["rows"] == read == 6048
    assert figures["quarantined"] == totals == 2
    assert figures["cases"] == len(facts) == 3265
    assert {len(said) for said in facts.values()} == {1}
    assert figures["imported"] + figures["unchanged"] == read - totals


@pytest.mark.data
def test_no_date_of_two_digits_is_guessed(isle_of_man_part: Part) -> None:
    assert isle_of_man_part.figures["events"] == 0
    assert isle_of_man_part.figures["dated_imported"] == 0
    assert isle_of_man_part.figures["dated_bad_time"] == 1416
    assert "`manège`" in isle_of_man_part.text()


@pytest.mark.data
@pytest.mark.parametrize("name", xes.LOGS)
def test_every_event_of_a_log_is_accounted_for(xes_part: Part, folder: Path, name: str) -> None:
    path = folder / xes.FOLDER / name
    data = path.read_bytes()
    root = ElementTree.fromstring(gzip.decompress(data) if name.endswith(".gz") else data)
    told: Counter[tuple[str, ...]] = Counter()
    for trace in root.iterfind("{*}trace"):
        names = [child.get("value", "") for child in trace if child.get("key") == "concept:name"]
        for event in trace.iterfind("{*}event"):
            values = {child.get("key"): child.get("value", "") for child in event}
            what = ("concept:name", "time:timestamp", "org:resource")
            told[(names[0], *(values.get(key, "") for key in what))] += 1
    timeless = sum(count for key, count in told.items() if key[2] == "?")
    twice = sum(count - 1 for key, count in told.items() if key[2] != "?")
    figures = xes_part.figures
    assert figures[f"{name}/read"] == told.total()
    assert figures[f"{name}/quarantined"] == timeless
    assert figures[f"{name}/unchanged"] == twice
    assert figures[f"{name}/imported"] == told.total() - timeless - twice
