"""Drawn histories over which tallies are made: a pack of many of their forms, and one change."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from efficiency_monitor.intake import ingest
from efficiency_monitor.people.store import text_salts
from tests.stories.world import PEOPLE, World, instant, wall, write_csv
from tests.tallies.town import ITEMS, rule_text

Tally = Mapping[str, object]
MONTH = {"window": "month", "by": "department"}
LATE = ["yellow", "red"]
#: Number → tally and cards.
TALLIES: dict[str, tuple[Tally, list[str]]] = {
    "TT-COUNT": (
        {"measure": "count", "of": "cards", "levels": LATE, **MONTH},
        ["yellow >= 3 cards", "red >= 6 cards"],
    ),
    "TT-CASE": (
        {"measure": "count", "of": "cards", "levels": LATE, "rules": ["CASE"], "by": "handler",
         "window": "quarter"},
        ["yellow > 1 cards", "red > 4 cards"],
    ),
    "TT-ROW": (
        {"measure": "in_a_row", "of": "cards", "levels": LATE, "by": "region", "window": "month"},
        ["yellow >= 3 cards"],
    ),
    "TT-SHARE": (
        {"measure": "share", "of": "cases", "among": "handled", "with": {"levels": LATE}, **MONTH},
        ["yellow > 20 %", "red > 60 %"],
    ),
    "TT-CONDUCT": (
        {"measure": "share", "of": "cases", "among": "begun", "with": {"rules": ["TWICE", "TYPED"]},
         "by": "item_code", "window": "day", "at_least": 2},
        ["yellow > 10 %"],
    ),
    "TT-VOLUME": (
        {"measure": "count", "of": "cases", "among": "accepted", "by": "department",
         "window": "day", "compared": {"with": "former_window"}},
        ["warning >= 50 %"],
    ),
    "TT-WHOLE": (
        {"measure": "share", "of": "cases", "among": "handled", "with": {"levels": ["yellow"]},
         "compared": {"with": "whole", "side": "more"}, **MONTH},
        ["yellow > 3 points"],
    ),
    "TT-LACK": (
        {"measure": "share", "of": "cases", "among": "handled", "with": {"incomplete": True},
         "by": "all", "window": "day"},
        ["warning > 10 %"],
    ),
    "TT-SWIFT": (
        {"measure": "share", "of": "cases", "among": "finished",
         "with": {"finished_within": "48 calendar_hours"}, "by": "item_code", "window": "month"},
        ["yellow > 5 %"],
    ),
    "TT-PAUSED": (
        {"measure": "count", "of": "cases", "among": "begun", "with": {"events": ["suspended"]},
         "by": "region", "window": "month"},
        ["yellow >= 2 cases"],
    ),
    "TT-NONE": (
        {"measure": "count", "of": "cases", "among": "begun", "by": "item_code", "window": "day"},
        ["warning = 0 cases"],
    ),
    "TT-ITEMS": (
        {"measure": "share", "of": "items", "by": "department", "window": "month"},
        ["yellow < 80 %"],
    ),
    "TT-BATCH": (
        {"measure": "batch", "of": "events", "within": "2 calendar_hours", "by": "actor",
         "window": "day"},
        ["yellow >= 3 cases"],
    ),
    "TT-TEXT": (
        {"measure": "same_text", "of": "events", "events": ["suspended"], "field": "reason",
         "by": "department", "window": "quarter"},
        ["yellow >= 3 cases"],
    ),
}  # fmt: skip
#: These count warnings, of which a first scan gives fewer than nights do.
WARNED: dict[str, tuple[Tally, list[str]]] = {
    "TT-ALL": (
        {"measure": "count", "of": "cards", "by": "item_code", "window": "month"},
        ["yellow > 4 cards"],
    ),
    "TT-WARNED": (
        {"measure": "share", "of": "cases", "among": "accepted",
         "with": {"levels": ["warning"], "rules": ["CASE"]}, "by": "all", "window": "day"},
        ["yellow > 20 %"],
    ),
}  # fmt: skip
#: These count what follows a card.
MATTERS: dict[str, tuple[Tally, list[str]]] = {
    "TT-ORDER": (
        {"measure": "count", "of": "orders", "open_for": "3 working_days", **MONTH},
        ["yellow > 1 orders"],
    ),
    "TT-ALARM": (
        {"measure": "count", "of": "alarms", "by": "supervisor", "window": "month"},
        ["yellow > 1 alarms"],
    ),
    "TT-SILENT": (
        {"measure": "count", "of": "cards", "unanswered_for": "3 working_days", **MONTH},
        ["yellow > 1 cards"],
    ),
}


def _replaced(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert text.count(old) == 1, (file.name, old)
    file.write_text(text.replace(old, new), encoding="utf-8")


#: In which file what is replaced by what.
REPLACED = {
    "clock": ("CASE", "at: promised}", "at: promised + 2 working_days}"),
    "judgeable": (
        "CASE",
        "{case: promised_limit}]",
        "{case: promised_limit}, {fixed: 3 working_days}]",
    ),
    "conduct": ("TWICE", '"> 2"', '">= 1"'),
    "threshold": ("TT-COUNT", ">= 3 cards", ">= 4 cards"),
    "window": ("TT-SHARE", '"month"', '"day"'),
    "measure": ("TT-ROW", '"in_a_row"', '"count"'),
    "subjects": ("TT-CASE", '"handler"', '"item_code"'),
}


def _changed(change: str) -> Callable[[Path], None]:
    number, old, new = REPLACED[change]
    return lambda pack: _replaced(pack / f"{number}.yaml", old, new)


def _removed(pack: Path) -> None:
    (pack / "TT-COUNT.yaml").unlink()


def _added(pack: Path) -> None:
    tally = {"measure": "count", "of": "cards", "rules": ["CASE"], "levels": ["red"], **MONTH}
    text = rule_text("TT-MORE", tally, ["red >= 2 cards"])
    (pack / "TT-MORE.yaml").write_text(text, encoding="utf-8")


#: What is changed in a pack.
CHANGES: dict[str, Callable[[Path], None]] = {
    **{change: _changed(change) for change in REPLACED},
    "removed": _removed,
    "added": _added,
}


def new_file(change: str) -> str:
    """Name of the rule of which a change gives another text; empty where there is none."""
    return "TT-MORE" if change == "added" else REPLACED.get(change, ("",))[0]


@dataclass
class History:
    """Rows as a source sends them, by the day on which it does."""

    cases: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    events: dict[str, list[dict[str, str]]] = field(default_factory=dict)


def drawn(seed: int, first: str, days: int, cases: int, *, late: bool) -> History:
    """A history by a seed; `late`: some of it is recorded, and known, days after it happened.

    No data are faulty: of a case that becomes so later, nights leave the cards that a first scan
    does not give. Whose a case is while it moves depends on the night on which a card is given, so
    cases move only where everything is known in time.
    """
    dice, found = Random(seed), History()
    begin = datetime.fromisoformat(first)
    for number in range(cases):
        at = begin + timedelta(days=dice.randrange(days), minutes=dice.randrange(480, 1080))
        _case(dice, found, f"N{number:03}", at, late)
    return found


def _case(dice: Random, found: History, number: str, at: datetime, late: bool) -> None:
    handlers = ("张经办", "李主任") if late else ("张经办", "李主任", "", "")
    row = {
        "case_no": number,
        "item_kind": dice.choice(("promised", "promised", "joint")),
        "item_code": dice.choice(("X1", "X2", "X3", "")),
        "region": dice.choice(("R1", "R2")),
        "department": dice.choice(("住建局", "发改局")),
        "handler": dice.choice(handlers),
        "promised_limit": dice.choice(("1 working_days", "2 working_days", "5 working_days", "")),
        "watch": dice.choice(("", "inquiries", "manual")),
        "conduct": dice.choice(("", "yes")),
    }
    known = ""
    for place, name in enumerate(_plot(dice)):
        happened = at.strftime("%Y-%m-%d %H:%M")
        recorded = at + timedelta(minutes=dice.randrange(1, 60))
        if late and dice.random() < 0.25:
            recorded = at + timedelta(days=dice.choice((1, 4, 6)))
        known = max(known, f"{recorded:%Y-%m-%d}")  # in their order, as a source sends them
        found.events.setdefault(known, []).append(
            {
                "case_no": number,
                "event": name,
                "occurred_at": happened,
                "recorded_at": f"{recorded:%Y-%m-%d %H:%M}" if dice.random() < 0.8 or late else "",
                "source_key": f"{number}-{place}",
                "department": dice.choice(("", "", "园林局")),
                "actor": dice.choice(("张经办", "李主任", "王监察")),
                "kind": "hearing" if name in ("suspended", "resumed") else "",
                "reason": dice.choice(("设备检修", "停电")) if name == "suspended" else "",
            }
        )
        if not place:
            found.cases.setdefault(known, []).append(row)
        at += timedelta(days=dice.choice((0, 0, 1, 2, 5)), minutes=dice.randrange(5, 90))
        at = at.replace(hour=min(at.hour, 20))


def _plot(dice: Random) -> list[str]:
    plot = ["submitted"]
    if dice.random() < 0.3:
        plot += ["correction_requested", "correction_received"] * dice.randint(1, 3)
    if dice.random() < 0.9:
        plot.append("accepted")
        if dice.random() < 0.4:
            plot.append("assigned")
        if dice.random() < 0.4:
            plot += dice.choice((["suspended", "resumed"], ["suspended"]))
        if dice.random() < 0.3:
            plot += ["inquiry_received", "inquiry_answered"]
        if dice.random() < 0.7:
            plot.append(dice.choice(("decided", "decided", "refused")))
    return plot


def made(folder: Path, at: str, tallies: Mapping[str, tuple[Tally, list[str]]]) -> World:
    """A workspace with these tallies beside the story's rules, its people and an item table."""
    world = World.made(folder, at)
    for number, (tally, cards) in tallies.items():
        path = pack_of(world) / f"{number}.yaml"
        path.write_text(rule_text(number, tally, cards), encoding="utf-8")
    world.close()
    world.people(PEOPLE)
    # Who is not in the people file has a pseudonym: the same one in each workspace.
    with world.context.store.writing() as connection:
        text_salts.keep(connection, "pseudonyms of tallies", bytes(32))
    mapping, items = folder / "items.yaml", folder / "items.csv"
    mapping.write_text(ITEMS, encoding="utf-8")
    write_csv(items, [{"code": code, "department": "住建局"} for code in ("X1", "X2", "X9")])
    ingest.import_files(world.context, [items], str(mapping))
    # A row of each of some cases waits in quarantine: their data are not complete.
    bad = {"event": "decided", "occurred_at": "no time"}
    rows = [{**bad, "case_no": f"N{n:03}", "source_key": f"bad-{n}"} for n in range(0, 40, 4)]
    assert world.receive("events", rows).total.quarantined == len(rows)
    return world


def pack_of(world: World) -> Path:
    """The folder of the workspace's rules."""
    return world.folder / "catalogue" / "packs" / "story"


def received(world: World, history: History, first: str, last: str) -> None:
    """Import what the source sends from one day to another."""
    for kind, by_day in (("cases", history.cases), ("events", history.events)):
        rows = [row for day in sorted(by_day) if first <= day <= last for row in by_day[day]]
        if rows:
            assert world.receive(kind, rows).total.quarantined == 0


def nights(world: World, history: History, first: str, end: str) -> None:
    """Day by day what comes on it, and at midnight a scan, up to the midnight `end`."""
    at = instant(f"{first} 00:00")
    while at < instant(end):
        day = wall(at)[:10]
        at += 86_400
        world.now = at
        received(world, history, day, day)
        world.scan()
