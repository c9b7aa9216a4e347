"""Settings that decide: an edited line buries no night, and every change stands in the ledger."""

import json
from typing import Any

import pytest
from pydantic import BaseModel

from efficiency_monitor.core import deciding
from efficiency_monitor.core.faults import ConfigurationError
from efficiency_monitor.services.operation.rule_doctor import check_rules
from efficiency_monitor.settings import Settings, deciding_text, parse, with_deciding
from tests.stories.world import World
from tests.versions.bureau import Bureau
from tests.versions.conftest import bureau

__all__ = ["bureau"]


def put(world: World, line: str | None) -> None:
    """Write a line into the workspace's section, or take it out again."""
    path = world.folder / "effmon.toml"
    kept = [x for x in path.read_text("utf-8").splitlines() if not x.startswith("watch_from")]
    if line is not None:
        kept.insert(kept.index("[workspace]") + 1, line)
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    world.close()


def changes(world: World) -> list[Any]:
    return [e["settings"] for e in world.entries() if e["type"] == "settings.changed"]


def test_a_watch_from_of_the_future_buries_no_night(bureau: Bureau) -> None:
    world = bureau.world
    bureau.late_case()
    bureau.at("2026-03-06 09:00")
    put(world, 'watch_from = "2030-01-01"')
    with pytest.raises(ConfigurationError, match="watch_from"):
        world.scan()
    put(world, None)
    world.scan()
    assert world.cards() != []
    assert not any("historical" in card for card in world.cards())
    assert changes(world) == []


def test_a_watch_from_after_the_last_scan_is_refused_and_one_before_it_entered(
    bureau: Bureau,
) -> None:
    world = bureau.world
    bureau.late_case()
    bureau.at("2026-03-06 09:00")
    world.scan()
    last = world.now
    world.now = last + 86_400
    put(world, 'watch_from = "2026-03-06 12:00"')
    with pytest.raises(ConfigurationError):
        world.scan()
    put(world, 'watch_from = "2026-01-01"')
    report = world.scan()
    assert not any("historical" in card for card in world.cards())
    assert any(card.startswith("A CASE red open") for card in world.cards())
    assert changes(world) == [
        [{"setting": "workspace.watch_from", "old": None, "new": "2026-01-01"}]
    ]
    assert any("watch_from" in line for line in report.changed)
    said = [detail for name, _, detail in check_rules(world.context) if name == "settings changed"]
    assert len(said) == 1
    assert "2026-01-01" in said[0]
    assert ("approval", "look") in [found[:2] for found in check_rules(world.context)]
    assert world.sound()


def test_under_approval_the_old_ones_go_on_until_a_second_person_approves(bureau: Bureau) -> None:
    world = bureau.world
    bureau.late_case()
    bureau.adopt()
    bureau.demand()
    world.scan()
    before = changes(world)
    put(world, 'watch_from = "2026-01-01"')
    report = world.scan()
    assert [waits.path for waits in report.waiting] == ["effmon.toml"]
    assert world.context.settings.workspace.watch_from is None
    assert changes(world) == before
    file = world.folder / "effmon.toml"
    file.write_text(file.read_text("utf-8").replace("second_person", "none"), encoding="utf-8")
    world.close()
    assert world.context.settings.rules.approval == "second_person"
    file.write_text(
        file.read_text("utf-8").replace('approval = "none"', 'approval = "second_person"'),
        encoding="utf-8",
    )
    world.close()
    bureau.approve(bureau.propose().change_no)
    world.close()
    assert world.scan().waiting == []
    assert world.context.settings.workspace.watch_from == "2026-01-01"
    assert len(changes(world)) == len(before) + 1
    assert world.sound()


def fields(model: type[BaseModel], before: str = "") -> list[str]:
    """Paths of a model's fields; a section that is listed whole is not gone into."""
    found = []
    for name, field in model.model_fields.items():
        path = f"{before}{name}"
        inner = field.annotation
        if path in deciding.NOT_DECIDING or name == "sources":
            continue
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found += fields(inner, f"{path}.")
        else:
            found.append(path)
    return found


def test_each_setting_decides_or_is_listed_with_its_reason() -> None:
    assert set(fields(Settings)) == deciding.DECIDING
    assert all(deciding.NOT_DECIDING.values())
    assert all(deciding.SOURCE_NOT_DECIDING.values())


SOURCE = """
[sources.hall]
mapping = "{mapping}"
[sources.hall.http]
base_url = "https://user:secret@{host}/api"
tables = {{ cases = "/cases?token=secret" }}
attempts = {attempts}
"""


def test_of_a_source_the_address_and_mapping_decide_and_no_secret_is_shown() -> None:
    old = parse(SOURCE.format(mapping="canonical", host="a.cn", attempts=2), "x")
    same = parse(SOURCE.format(mapping="canonical", host="a.cn", attempts=3), "x")
    new = parse(SOURCE.format(mapping="own", host="b.cn", attempts=3), "x")
    assert deciding_text(old) == deciding_text(same) != deciding_text(new)
    mixed = with_deciding(new, deciding_text(old))
    section = mixed.sources["hall"]
    assert section.http is not None
    assert (section.mapping, section.http.attempts) == ("canonical", 3)
    assert "a.cn" in section.http.base_url
    assert deciding_text(mixed) == deciding_text(old)
    rows = deciding.differences(json.loads(deciding_text(old)), json.loads(deciding_text(new)))
    assert ("sources.hall.http.base_url", "https://a.cn/api", "https://b.cn/api") in rows
    assert "secret" not in str(rows)
