"""Drawn histories: cases with the dirt that sources have, and a rule with a changed threshold."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from tests.stories.world import PEOPLE, World, town

FIRST = datetime(2026, 1, 5)
DEPARTMENTS = ("住建局", "发改局", "")
#: Of rules of the story's pack: a card, and where else it may fall due.
THRESHOLDS = {
    "CASE": {
        "promised - 1 working_days": ("promised - 3 working_days", "60% promised", "promised"),
        "promised": ("promised + 1 working_days", "promised - 2 working_days", "50% statutory"),
        "statutory": ("statutory + 5 working_days", "statutory - 1 working_days", "promised"),
    },
    "TWICE": {'"> 1"': ('">= 1"',), '"> 2"': ('">= 1"', '"> 1"')},
    "TYPED": {'"> 1 working_days"': ('"> 2 working_days"', '"> 0 working_days"')},
}


@dataclass
class History:
    """Rows as a source sends them, and the change of one threshold."""

    cases: list[dict[str, str]] = field(default_factory=list)
    events: list[dict[str, str]] = field(default_factory=list)
    change: tuple[str, str] = ("", "")
    #: Rows of cases told otherwise later: days before the end, and what they say.
    corrections: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    supervised: bool = False
    rule: str = "CASE"


def drawn(seed: int, cases: int, rule: str = "CASE") -> History:
    """A history by a seed: the same one each time."""
    dice = Random(seed)
    card = dice.choice(list(THRESHOLDS[rule]))
    other = dice.choice(THRESHOLDS[rule][card])
    found = History(change=(f"at: {card}}}", f"at: {other}}}"), rule=rule)
    for number in range(cases):
        _case(dice, found, f"B{number:04}")
    return found


def corrected(seed: int, cases: int, *, supervised: bool) -> History:
    """The same, and most cases are told otherwise later, once or twice."""
    found = drawn(seed, cases)
    found.supervised = supervised
    dice = Random(seed + 1000)
    limits = ("2 working_days", "4 working_days", "30 working_days", "")
    other = {
        "promised_limit": limits,
        "statutory_limit": limits,
        "item_kind": ("promised", "instant"),
        "watch": ("", "inquiries"),
        "calendar": ("", "village"),
    }
    for row in found.cases:
        told_otherwise = row
        for days in (25, 10):
            if dice.random() < 0.6:
                names = dice.sample(sorted(other), dice.randint(1, 2))
                changed = {name: dice.choice(other[name]) for name in names}
                told_otherwise = {**told_otherwise, **changed}
                found.corrections.append((days, told_otherwise))
    return found


def _case(dice: Random, found: History, number: str) -> None:
    kind = dice.choice(("promised", "promised", "promised", "joint", "instant"))
    row = {
        "case_no": number,
        "item_kind": kind,
        "item_code": dice.choice(("X1", "X2", "")),
        "department": dice.choice(DEPARTMENTS),
        "promised_limit": dice.choice(("3 working_days", "5 working_days", "1 working_days", "")),
        "watch": dice.choice(("", "", "inquiries", "manual")),
        "conduct": dice.choice(("", "yes")),
    }
    if dice.random() < 0.2:
        row["statutory_limit"] = dice.choice(("4 working_days", "10 calendar_days"))
    if dice.random() < 0.1:
        row["promised_due"] = dice.choice(("2026-02-10", "2026-02-11 15:00"))
    if dice.random() < 0.1:
        row["calendar"] = "village"
    found.cases.append(row)
    at = FIRST + timedelta(days=dice.randrange(60), minutes=dice.randrange(1440))
    for number_of, name in enumerate(_plot(dice)):
        department = dice.choice(("", "", "", "园林局"))
        _event(dice, found, number, name, at, number_of, department)
        at += timedelta(days=dice.choice((0, 0, 1, 1, 3, 8)), minutes=dice.randrange(900))


def _plot(dice: Random) -> list[str]:
    plot = ["submitted", "accepted"] if dice.random() < 0.9 else ["submitted"]
    if dice.random() < 0.3:
        plot[1:1] = ["correction_requested", "correction_received"] * dice.randint(1, 4)
    for _ in range(dice.randrange(3)):
        plot += dice.choice((["suspended", "resumed"], ["suspended"], ["resumed"], ["contacted"]))
    if dice.random() < 0.3:
        plot += ["inquiry_received", "inquiry_answered", "inquiry_received"]
    if dice.random() < 0.7:
        plot.append(dice.choice(("decided", "decided", "refused", "withdrawn")))
    if dice.random() < 0.1:
        dice.shuffle(plot)
    return plot


def _event(
    dice: Random, found: History, case: str, name: str, at: datetime, number: int, department: str
) -> None:
    dated = dice.random() < 0.12
    row = {
        "case_no": case,
        "event": name,
        "occurred_at": f"{at:%Y-%m-%d}" if dated else f"{at:%Y-%m-%d %H:%M}",
        "source_key": f"{case}-{number}",
        "department": department,
    }
    if name in ("suspended", "resumed"):
        row["kind"] = dice.choice(("hearing", "testing"))
    if dice.random() < 0.7:
        typed = at + timedelta(days=dice.choice((0, 0, 1, 3, 9)), minutes=dice.randrange(600))
        row["recorded_at"] = f"{typed:%Y-%m-%d %H:%M}"
    found.events.append(row)


def told(history: History, folder: Path, at: str, *, changed: bool = False) -> World:
    """A workspace that was sent the history; its rule has the other threshold if it is changed."""
    world = World.made(folder, at)
    world.calendar("village", town(name="village", days_off=["2026-02-16", "2026-02-17"]))
    if changed:
        file = folder / "catalogue" / "packs" / "story" / f"{history.rule}.yaml"
        old, new = history.change
        text = file.read_text("utf-8")
        assert text.count(old) == 1
        file.write_text(text.replace(old, new), encoding="utf-8")
        world.close()
    end = world.now
    if history.corrections:
        world.now = end - 40 * 86_400
    if history.supervised:
        world.people(PEOPLE)
    assert world.receive("cases", history.cases).total.quarantined == 0
    assert world.receive("events", history.events).total.quarantined == 0
    for days in sorted({days for days, _ in history.corrections}, reverse=True):
        world.now = end - days * 86_400
        rows = [row for own, row in history.corrections if own == days]
        assert world.receive("cases", rows).total.quarantined == 0
    world.now = end
    return world
