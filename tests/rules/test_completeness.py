"""What every rule file owes: loads, is named after itself, and shows each level's boundary."""

from collections import Counter
from datetime import date, datetime, timedelta

import pytest

from efficiency_monitor.rules.rules import Example, Rule
from tests.oracle.calendars import load

from .catalogue import CASES, FOLDER, LEVELS, LOADED, Case, LevelOfRule

KINDS = ("silent", "near_miss", "firing")
RULES = [loaded.rule for loaded in LOADED]


def test_the_packs_are_there() -> None:
    packs = Counter(loaded.pack for loaded in LOADED)
    assert packs["national"] >= 10
    assert packs["hunan"] >= 8
    assert packs["conduct"] >= 30
    assert {"yulin", "quanzhou", "hanyin", "meizhou", "pingyao", "jiangsu-transport"} <= set(packs)


@pytest.mark.parametrize("pack", sorted({loaded.pack for loaded in LOADED}))
def test_a_page_says_what_each_rule_of_a_pack_watches(pack: str) -> None:
    page = (FOLDER / "packs" / pack / "README.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {pack}: ")
    ids = [loaded.rule.id for loaded in LOADED if loaded.pack == pack]
    assert [rule for rule in ids if f"| {rule} |" not in page and rule != "US-FOIA"] == []


def test_ids_are_unique() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("loaded", LOADED, ids=lambda loaded: loaded.rule.id)
def test_a_file_is_called_by_id_and_name(loaded) -> None:  # type: ignore[no-untyped-def]
    rule = loaded.rule
    assert loaded.path == f"packs/{loaded.pack}/{rule.id}-{rule.name}.yaml"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_texts_are_in_both_languages(rule: Rule) -> None:
    both = [rule.why, *(basis.says for basis in rule.legal_basis)]
    assert [text for text in both if not _bilingual(text)] == []
    assert _chinese(rule.title.zh)
    assert rule.title.en
    assert not _chinese(rule.title.en)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_example_names_are_unique(rule: Rule) -> None:
    names = Counter(example.name for example in rule.examples)
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("level", LEVELS, ids=str)
def test_each_level_has_silent_near_miss_and_firing(level: LevelOfRule) -> None:
    assert [kind for kind in KINDS if not level.examples(kind)] == []


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_example_shows_what_it_is_said_to_show(case: Case) -> None:
    example = case.example
    assert example.level in {card.level for card in case.loaded.rule.cards}
    fired = any(example.level in expected.cards for expected in example.expect)
    assert fired == (example.kind == "firing")


CLOCKS = [level for level in LEVELS if level.loaded.rule.form == "clock"]
MEASURED = [level for level in LEVELS if level.loaded.rule.form != "clock"]


@pytest.mark.parametrize("level", CLOCKS, ids=str)
def test_near_miss_and_firing_are_one_working_day_apart_at_most(level: LevelOfRule) -> None:
    """The boundary itself is shown: nothing but one time differs, and that by little."""
    distances = [
        distance
        for near in level.examples("near_miss")
        for firing in level.examples("firing")
        if (distance := _distance(near, firing)) is not None
    ]
    assert distances, "no firing example equals a near miss but for its times"
    assert min(distances) <= 1


@pytest.mark.parametrize("level", MEASURED, ids=str)
def test_near_miss_and_firing_differ_in_one_thing(level: LevelOfRule) -> None:
    """Of what is measured: one event more or another one, one field of the case.

    A share has two numbers, of which one goes up and the other down.
    """
    most = 4 if level.loaded.rule.form == "tally" else 2
    differing = [
        len(_things(near) ^ _things(firing))
        for near in level.examples("near_miss")
        for firing in level.examples("firing")
    ]
    assert min(differing) <= most


def _things(example: Example) -> set[str]:
    """The fields of the case and the rows of an example, each as a text with its number."""
    lists = (example.events, example.cards, example.cases, example.items, example.orders)
    rows = Counter(str(row) for rows in (*lists, example.alarms) for row in rows)
    fields = {f"{name}: {value}" for name, value in example.case.items()}
    return fields | {f"{row} {n}" for row, times in rows.items() for n in range(times)}


def _distance(near: Example, firing: Example) -> int | None:
    """Working days between the one time that differs; None if more than one time differs."""
    if _without_times(near) != _without_times(firing):
        return None
    moved = [
        (here.at, there.at)
        for here, there in zip(near.events, firing.events, strict=True)
        if here.at != there.at
    ]
    if not moved:
        decisive = [
            next(e.as_of for e in reversed(near.expect)),
            next(e.as_of for e in firing.expect if firing.level in e.cards),
        ]
        moved = [(decisive[0], decisive[1])]
    if len(moved) > 1:
        return None
    before, after = (_wall(text) for text in moved[0])
    if after <= before:
        return None
    return _working_days(before.date(), after.date())


def _working_days(after: date, until: date) -> int:
    """Working days in China after one date and up to another."""
    calendar = load(FOLDER / "calendars" / "cn.yaml")
    days = (after + timedelta(days=n) for n in range(1, (until - after).days + 1))
    return sum(calendar.status(day).working for day in days)


def _without_times(example: Example) -> tuple[object, ...]:
    events = [event.model_dump(exclude={"at"}) for event in example.events]
    return example.calendar, example.case, events


def _wall(text: str) -> datetime:
    """The wall time; a bare date means its last second."""
    if len(text) == len("2026-01-31"):
        return datetime.combine(date.fromisoformat(text), datetime.max.time()).replace(
            microsecond=0
        )
    return datetime.fromisoformat(text)


def _chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def _bilingual(text: str) -> bool:
    """Chinese first, then ` / ` and English."""
    chinese, _, english = text.partition(" / ")
    return _chinese(chinese) and bool(english) and not _chinese(english)


def test_the_measure_of_distance_knows_make_up_days_and_holidays() -> None:
    assert _working_days(date(2026, 9, 18), date(2026, 9, 20)) == 1
    assert _working_days(date(2026, 9, 30), date(2026, 10, 7)) == 0
    assert _working_days(date(2026, 9, 30), date(2026, 10, 9)) == 2
