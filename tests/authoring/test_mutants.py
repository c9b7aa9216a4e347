"""The examples of the rule files catch mutants of the rules, and the tool that says so can fail."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from efficiency_monitor.catalogue.strict_yaml import load, plain

from ..house.tree import ROOT, run_python

RULE = """\
id: XX-LATE
version: 1
name: late
title: {zh: 超期, en: late}
status: stable
in_force: {from: 2026-01-01}
legal_basis: [{ref: 试验, reading: ours, says: 试验 / trial}]
why: 试验 / trial
applies_to: {item_kind: promised}
clock:
  start: accepted
  stop: [decided, refused]
  pause: [{from: suspended, to: resumed, kinds: [hearing, tender]}]
limits:
  promised: {case: promised_limit}
  statutory: {fixed: 20 working_days}
cards:
  - {level: yellow, at: promised}
  - {level: red, at: statutory + 1 working_days}
examples:
  - name: decided on the last day of the promise
    level: yellow
    kind: near_miss
    case: {item_kind: promised, promised_limit: 5 working_days}
    events:
      - {event: accepted, at: "2026-03-02 10:00"}
      - {event: decided, at: "2026-03-09 23:59:59"}
    expect: [{as_of: "2026-03-31", cards: []}]
  - name: decided after it
    level: yellow
    kind: firing
    case: {item_kind: promised, promised_limit: 5 working_days}
    events:
      - {event: accepted, at: "2026-03-02 10:00"}
      - {event: decided, at: "2026-03-10 00:00:00"}
    expect: [{as_of: "2026-03-31", cards: [yellow]}]
"""
#: Every mutant of the rule, written down by hand.
NAMES = {
    "cards: yellow is called warning",
    "cards: yellow and red swapped",
    "cards: no yellow",
    "cards: yellow at promised - 1 working_days",
    "cards: yellow at promised + 1 working_days",
    "cards: yellow at statutory",
    "cards: red is called warning",
    "cards: no red",
    "cards: red at statutory",
    "cards: red at statutory + 2 working_days",
    "cards: red at statutory + 1 calendar_days",
    "cards: red at promised + 1 working_days",
    "clock: start and stop swapped",
    "clock.stop without decided",
    "clock.stop without refused",
    "clock.pause.0 dropped",
    "clock.pause.0 without kinds",
    "clock.pause.0.kinds without hearing",
    "clock.pause.0.kinds without tender",
    "clock.resolution: time",
    "clock.first_day: same",
    "clock.ends: close",
    "clock.roll: next_working_day",
    "clock.episodes: each",
    "clock.episodes: per_stage",
    "limits.statutory.0.fixed: 19 working_days",
    "limits.statutory.0.fixed: 21 working_days",
    "limits.statutory.0.fixed: 20 calendar_days",
    "applies_to without item_kind",
}
Load = Callable[[str], ModuleType]


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Load:
    """Loads a module of the tools folder."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))

    def loaded(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return loaded


def _mutated(tool: Load, text: str) -> dict[str, Any]:
    found = list(tool("rule_mutants").mutants(plain(load(text, "rule"))))
    made = dict(found)
    assert len(made) == len(found), "two mutants of one name"
    return made


def test_a_rule_is_changed_in_every_way(tool: Load) -> None:
    document = plain(load(RULE, "rule"))
    made = _mutated(tool, RULE)
    assert set(made) == NAMES
    assert document not in made.values()
    assert document == plain(load(RULE, "rule"))
    swapped = made["cards: yellow and red swapped"]
    assert [card["level"] for card in swapped["cards"]] == ["red", "yellow"]
    assert made["clock.pause.0.kinds without hearing"]["clock"]["pause"][0]["kinds"] == ["tender"]


def test_a_condition_is_changed_in_every_way(tool: Load) -> None:
    start, end = RULE.index("applies_to"), RULE.index("examples:")
    condition = (
        "condition: {measure: gap, since: [accepted], of: [decided], unit: working_days,"
        " kinds: [hearing, tender], lawful: true}\n"
        "cards:\n  - {level: yellow, at: '> 1 working_days'}\n"
    )
    assert set(_mutated(tool, RULE[:start] + condition + RULE[end:])) == {
        "cards: yellow is called warning",
        "cards: yellow is called red",
        "cards: yellow at >= 1 working_days",
        "cards: yellow at < 1 working_days",
        "cards: yellow at > 0 working_days",
        "cards: yellow at > 2 working_days",
        "condition.kinds without hearing",
        "condition.kinds without tender",
        "condition without kinds",
        "condition without lawful",
        "condition.lawful: false",
        "condition.unit: calendar_days",
    }


def test_a_tally_is_changed_in_every_way(tool: Load) -> None:
    start, end = RULE.index("applies_to"), RULE.index("examples:")
    tally = (
        "tally: {of: cards, by: department, measure: count, window: month, levels: [yellow, red]}\n"
        "cards:\n  - {level: red, at: '>= 3'}\n"
    )
    made = set(_mutated(tool, RULE[:start] + tally + RULE[end:]))
    assert {
        "tally.window: quarter",
        "tally.window: year",
        "tally.of: cases",
        "tally.by: handler",
        "tally without levels",
        "tally.levels without yellow",
        "cards: red at > 3",
        "cards: red at >= 2",
    } <= made
    assert not any("month" in name for name in made if name.startswith("tally.window"))


def test_weak_examples_are_found_out(tmp_path: Path) -> None:
    (tmp_path / "packs" / "town").mkdir(parents=True)
    (tmp_path / "calendars").mkdir()
    for name in ("vocabulary.yaml", "calendars/cn.yaml"):
        (tmp_path / name).write_bytes((ROOT / "rules" / name).read_bytes())
    (tmp_path / "packs" / "town" / "XX-LATE.yaml").write_text(RULE, encoding="utf-8")
    ran = run_python("tools/mutate_rules.py", f"--in={tmp_path}", PYTHONPATH=str(ROOT))
    assert ran.returncode == 1, ran.stderr
    assert "town: 1 rules, 29 mutants, " in ran.stdout
    missed = {line.split(": ", 2)[2] for line in ran.stdout.splitlines() if "missed" in line}
    assert "clock.pause.0 dropped" in missed
    assert "cards: yellow at promised + 1 working_days" not in missed
    assert missed <= NAMES


@pytest.mark.full
def test_the_examples_of_every_pack_catch_its_mutants() -> None:
    ran = run_python("tools/mutate_rules.py", PYTHONPATH=str(ROOT))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    packs = {path.name for path in (ROOT / "rules" / "packs").iterdir() if path.is_dir()}
    assert {line.split(":")[0] for line in ran.stdout.splitlines()} == packs
