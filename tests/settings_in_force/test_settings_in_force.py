"""Settings that decide: an edited line buries no night, and every change stands in the ledger."""

import json
from typing import Any

import pytest
from pydantic import BaseModel

from efficiency_monitor.catalogue.model import deciding_settings as deciding
from efficiency_monitor.faults import ConfigurationError, Locked
from efficiency_monitor.ops.doctor.rule_check import check_rules
from efficiency_monitor.records.every_table import metadata
from efficiency_monitor.workspace.settings import Settings, deciding_text, parse, with_deciding
from tests.matters.stage import run
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


KEY = b"key of the workspace"
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
    assert deciding_text(old, KEY) == deciding_text(same, KEY) != deciding_text(new, KEY)
    mixed = with_deciding(new, deciding_text(old, KEY), KEY)
    section = mixed.sources["hall"]
    assert section.http is not None
    assert (section.mapping, section.http.attempts) == ("canonical", 3)
    assert section.http.base_url == deciding.NOT_APPROVED
    assert "secret" not in deciding_text(old, KEY)
    assert with_deciding(same, deciding_text(old, KEY), KEY) == same
    rows = deciding.differences(
        json.loads(deciding_text(old, KEY)), json.loads(deciding_text(new, KEY))
    )
    assert ("sources.hall.http.base_url", "https://a.cn/api", "https://b.cn/api") in rows
    assert "secret" not in str(rows)


def write_source(world: World, token: str, attempts: int = 2) -> None:
    """Write a source whose address holds a token, in the place of a former one."""
    path = world.folder / "effmon.toml"
    text, _, former = path.read_text("utf-8").partition("\n[sources.hall]")
    rules = former.partition("\n[rules]")
    source = SOURCE.format(mapping="canonical", host="a.cn", attempts=attempts)
    path.write_text(text + source.replace("secret", token) + rules[1] + rules[2], encoding="utf-8")
    world.close()


def everything(world: World) -> str:
    """Every value of every table as text."""
    found = []
    for name in metadata.tables:
        for row in world.rows(f"SELECT * FROM {name}"):
            found += [v.decode("latin-1") if isinstance(v, bytes) else str(v) for v in row.values()]
    return "\n".join(found)


def test_a_changed_token_is_noticed_and_kept_nowhere(bureau: Bureau) -> None:
    world = bureau.world
    write_source(world, "hush-one")
    world.scan()
    write_source(world, "hush-two")
    world.now += 60
    world.scan()
    last = changes(world)[-1]
    assert {row["setting"] for row in last} == {
        "sources.hall.http.seals.base_url",
        "sources.hall.http.seals.tables.cases",
    }
    assert "https://a.cn/api" in everything(world)
    assert "hush" not in everything(world)
    assert world.sound()


def test_under_approval_a_changed_token_is_not_used_and_found_by_none(bureau: Bureau) -> None:
    world = bureau.world
    write_source(world, "hush-one")
    world.scan()
    bureau.adopt()
    bureau.demand()
    world.scan()
    assert "hush-one" in str(world.context.settings.sources)
    write_source(world, "hush-two")
    http = world.context.settings.sources["hall"].http
    assert http is not None
    assert http.base_url == deciding.NOT_APPROVED
    bureau.adopt()
    assert "hush-two" in str(world.context.settings.sources)
    assert "hush" not in everything(world)
    assert world.sound()


@pytest.mark.parametrize("approval", ["none", "second_person"])
def test_one_night_of_another_watch_from_hides_no_card(bureau: Bureau, approval: str) -> None:
    """Through the command line, as whoever may edit the file would do it."""
    world = bureau.world
    bureau.late_case()
    bureau.adopt()
    if approval == "second_person":
        bureau.demand()
        world.scan()
    bureau.at("2026-03-07 09:00")
    put(world, 'watch_from = "2030-01-01"')
    done = run(world, "scan")
    if approval == "none":
        assert done.code == 2
        assert "watch_from" in done.err
        assert "Traceback" not in done.err
        assert world.cards() == []
    else:
        assert "effmon.toml" in done.err
        with pytest.raises(ConfigurationError, match="watch_from"):
            bureau.adopt()
    put(world, None)
    world.now += 60
    assert run(world, "scan").code in (0, 1)
    assert any(card.startswith("A CASE red open") for card in world.cards())
    assert not any("historical" in card for card in world.cards())
    assert world.sound()


def test_two_processes_with_different_files_do_not_write_by_both(bureau: Bureau) -> None:
    """The one whose settings are no longer in force stops; given again, it enters its own."""
    world = bureau.world
    world.scan()
    bureau.at("2026-03-06 09:00")
    put(world, 'watch_from = "2026-01-01"')
    one = bureau.acting("wang")
    put(world, 'watch_from = "2026-02-01"')
    other = bureau.acting("sun")
    with one.store.writing():
        pass
    with other.store.writing():
        pass
    with pytest.raises(Locked), one.store.writing():
        pass
    assert [rows[0]["new"] for rows in changes(world)] == ["2026-01-01", "2026-02-01"]
    assert world.sound()


def test_settings_of_a_transaction_that_was_rolled_back_are_entered_by_the_next(
    bureau: Bureau,
) -> None:
    world = bureau.world
    world.scan()
    bureau.at("2026-03-06 09:00")
    put(world, 'watch_from = "2026-01-01"')
    with pytest.raises(KeyError), world.context.store.writing():
        raise KeyError
    assert changes(world) == []
    with world.context.store.writing():
        pass
    assert len(changes(world)) == 1


def test_a_row_that_no_entry_knows_is_found(bureau: Bureau) -> None:
    world = bureau.world
    world.scan()
    world.change(
        "INSERT INTO settings_in_force (at, sha256, os_user) "
        "SELECT at, sha256, os_user FROM settings_in_force"
    )
    assert not world.sound()


def test_cards_that_a_later_watch_from_hid_are_counted_when_it_is_moved_back(
    bureau: Bureau,
) -> None:
    world = bureau.world
    bureau.late_case()
    bureau.at("2026-03-09 09:00")
    put(world, 'watch_from = "2026-03-09"')
    assert world.scan().changed == []
    hidden = [card for card in world.cards() if "historical" in card]
    assert hidden
    put(world, 'watch_from = "2026-01-01"')
    world.now += 60
    line = f"{len(hidden)} historical card"
    assert any(line in said for said in world.scan().changed)
    assert any(line in detail for _, _, detail in check_rules(world.context))
    assert [card for card in world.cards() if "historical" in card] == hidden
