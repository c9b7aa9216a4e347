"""A lake holds what the database knows, but for what is personal, and gives the same back-test."""

import json
from pathlib import Path
from typing import Any

import pytest

from efficiency_monitor.core.faults import ConfigurationError
from efficiency_monitor.services import backtest
from efficiency_monitor.services.lake import LakeReport, export_lake
from efficiency_monitor.services.lake_history import Lake
from tests.stories.world import World, instant

from .histories import DEPARTMENTS, drawn, told
from .test_twice import END, asked, made, said

pytestmark = [pytest.mark.both_engines, pytest.mark.full]
NOW = "2026-04-01 00:00"


def exported(world: World, folder: Path) -> LakeReport:
    return export_lake(world.context, folder)


def opened(world: World, folder: Path) -> Lake:
    catalogue = world.context.catalogue
    return Lake(folder, catalogue.vocabulary, catalogue.vocabulary_digest)


def changed_pack(world: World, change: tuple[str, str], folder: Path) -> Path:
    """The rule CASE with another threshold, as a file."""
    file = world.folder / "catalogue" / "packs" / "story" / "CASE.yaml"
    folder.mkdir()
    text = file.read_text("utf-8").replace(*change)
    (folder / "CASE.yaml").write_text(text, encoding="utf-8")
    return folder / "CASE.yaml"


def both(world: World, lake: Lake, what: Path) -> tuple[Any, Any]:
    """Everything a back-test says, over the database and over the lake."""
    found = []
    for history in (backtest.StoredHistory(world.context), lake):
        with backtest.run(made(world, asked(what)), history, same=True) as report:
            found.append((said(report), report.as_json()))
    return found[0], found[1]


@pytest.mark.parametrize("seed", range(2))
def test_a_lake_says_what_the_database_says(tmp_path: Path, seed: int) -> None:
    history = drawn(seed, 60)
    world = told(history, tmp_path / "ws", NOW)
    what = changed_pack(world, history.change, tmp_path / "proposed")
    exported(world, tmp_path / "lake")
    stored, lake = both(world, opened(world, tmp_path / "lake"), what)
    assert stored[0]
    assert lake == stored
    world.close()


def test_a_lake_is_added_to(tmp_path: Path) -> None:
    """Cases that are new or have changed are added; each counts once, as it stands last."""
    history = drawn(3, 40)
    world = told(history, tmp_path / "ws", END)
    what = changed_pack(world, history.change, tmp_path / "proposed")
    lake = tmp_path / "lake"
    first = exported(world, lake)
    assert first.cases == 40
    before = {file: file.read_bytes() for file in lake.rglob("*.parquet")}
    assert exported(world, lake).cases == 0
    world.now = instant(NOW)
    later = [{**row, "case_no": f"N{row['case_no']}"} for row in history.cases[:5]]
    world.receive("cases", later)
    corrected = [
        {**row, "occurred_at": "2026-03-01 10:00"}
        for row in history.events
        if row["event"] == "decided"
    ][:6]
    world.receive("events", corrected)
    second = exported(world, lake)
    assert second.cases == 5 + len({row["case_no"] for row in corrected})
    assert second.withdrawals == len(corrected)
    assert {file: file.read_bytes() for file in before} == before
    found = opened(world, lake)
    assert found.count() == 45
    stored, over = both(world, found, what)
    assert over == stored
    world.close()


def test_a_case_that_a_rule_change_marked_is_not_written_again(tmp_path: Path) -> None:
    world = told(drawn(3, 10), tmp_path / "ws", END)
    exported(world, tmp_path / "lake")
    world.mark_all_changed()
    assert exported(world, tmp_path / "lake").unchanged == 10
    world.close()


def test_nothing_personal_is_in_a_lake(tmp_path: Path) -> None:
    """Neither in a column nor anywhere in the bytes, as they are uncompressed when read."""
    import pyarrow.parquet as pq

    world = World.made(tmp_path / "ws", NOW)
    case = {
        "case_no": "P-1", "item_kind": "promised", "promised_limit": "3 working_days",
        "applicant": "赵申请", "handler": "钱经办", "reviewer": "孙审核", "approver": "李批准",
        "department": DEPARTMENTS[0], "hall": "main", "contact_phone": "13912345678",
        "remark": "call 13912345678",
    }  # fmt: skip
    world.receive("cases", [case])
    event = {
        "case_no": "P-1", "event": "accepted", "occurred_at": "2026-02-02 10:00",
        "actor": "周受理", "reason": "吴某 said so", "fee": "20", "审批人员": "郑批",
    }  # fmt: skip
    world.receive("events", [event])
    exported(world, tmp_path / "lake")
    tables = [pq.read_table(file) for file in sorted((tmp_path / "lake").rglob("*.parquet"))]
    text = "\n".join(str(table.to_pylist()) for table in tables)
    names = {name for table in tables for name in table.column_names}
    for word in ("赵", "钱", "孙审", "李批", "周受", "吴某", "郑批", "13912345678"):
        assert word not in text
    assert names.isdisjoint({"a.handler", "a.applicant", "a.contact_phone", "actor", "reason"})
    assert {"a.hall", "department"} <= names
    world.close()


def test_what_is_no_lake_is_said_to_be_none(tmp_path: Path) -> None:
    world = told(drawn(3, 3), tmp_path / "ws", END)
    lake = tmp_path / "lake"
    with pytest.raises(ConfigurationError, match=r"lake\.json"):
        opened(world, lake)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    with pytest.raises(ConfigurationError, match="no lake"):
        exported(world, tmp_path / "full")
    exported(world, lake)
    manifest = lake / "lake.json"
    text = manifest.read_text("utf-8")
    for broken in ("{", "[]", text.replace('"format": 1', '"format": 9'), "[" * 5000):
        manifest.write_text(broken, encoding="utf-8")
        with pytest.raises(ConfigurationError, match="cannot be used"):
            opened(world, lake)
    manifest.write_text(json.dumps({**json.loads(text), "workspace": "another"}), "utf-8")
    with pytest.raises(ConfigurationError, match="of workspace another"):
        exported(world, lake)
    manifest.write_text(text, "utf-8")
    events = next(iter((lake / "events").iterdir()))
    events.write_bytes(events.read_bytes()[:100])
    question = made(world, asked("story"))
    with pytest.raises(ConfigurationError, match="cannot be read as Parquet"):
        backtest.run(question, opened(world, lake))
    events.unlink()
    with pytest.raises(ConfigurationError, match="is missing"):
        opened(world, lake)
    with pytest.raises(ConfigurationError, match="the lake ends at"):
        Lake.check_period(_ending(lake, text, world), instant(NOW))
    world.close()


def _ending(lake: Path, text: str, world: World) -> Lake:
    """The same lake without parts."""
    (lake / "lake.json").write_text(json.dumps({**json.loads(text), "parts": []}), "utf-8")
    return opened(world, lake)
