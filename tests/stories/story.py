"""Stories as YAML: at a time rows come in, something is done, and this is how it must stand.

A story is told in three worlds. The first is the product as it is used. The second judges every
case at every scan, so that what the first one leaves out as not due would show. The third receives
the same and is scanned once, at the end. `laws.py` says what must hold in the first after every
step, whatever the story wants.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from efficiency_monitor.faults import EffmonError
from efficiency_monitor.notify.deliver import DeliverReport
from efficiency_monitor.scan import scan
from efficiency_monitor.scan.nights import NightReport
from efficiency_monitor.scan.scan import ScanReport

from . import laws
from .world import LEVELS, PEOPLE, World, instant, town, wall

TOLD = Path(__file__).parent / "told"
STEP = {"at", "cases", "events", "do", "want"}
WANT = {
    "cards", "ledger", "totals", "problems", "untold", "notices", "messages", "slots", "skipped",
    "import", "refused", "held_by", "outbox", "as_of",
}  # fmt: skip


@dataclass(slots=True)
class Seen:
    """What one step has shown."""

    imported: dict[str, int] = field(default_factory=dict)
    scans: list[ScanReport] = field(default_factory=list)
    skipped: int = 0
    delivered: DeliverReport | None = None
    refused: str = ""


def stories() -> list[Path]:
    """The files, one story each."""
    return sorted(TOLD.glob("*.yaml"))


def read(path: Path) -> dict[str, Any]:
    """A story: its sentence of intent and its steps."""
    told = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(told) <= {"story", "begin", "watch_from", "nobody", "steps"}, path
    assert told["story"].strip().endswith("."), f"{path}: a story opens with a sentence"
    for step in told["steps"]:
        assert set(step) <= STEP, f"{path}: {set(step) - STEP}"
        assert set(step.get("want", {})) <= WANT, f"{path}: {set(step['want']) - WANT}"
    return dict(told)


def tell(told: Mapping[str, Any], folder: Path) -> None:
    """Run a story in its three worlds."""
    used, thorough, late = (_begin(told, folder / name) for name in ("used", "thorough", "late"))
    previews: dict[str, str] = {}
    try:
        for number, step in enumerate(told["steps"], start=1):
            place = f"step {number}, {step['at']}"
            before = _Before(used)
            seen = _take(used, step, previews)
            _check(used, step.get("want", {}), seen, before, place)
            laws.hold(used, place)
            if seen.scans:
                laws.replay(used, seen.scans[-1].as_of, place)
            _take(thorough, step, {}, thorough=True)
            assert laws.facts_of_cards(thorough) == laws.facts_of_cards(used), place
            _take(late, step, {}, scans=False)
        last = max(instant(step["at"]) for step in told["steps"])
        laws.scanned_once(late, used, last)
    finally:
        for world in (used, thorough, late):
            world.close()


def _begin(told: Mapping[str, Any], folder: Path) -> World:
    begin = told.get("begin", "2026-03-01 12:00")
    world = World.made(folder, begin, watch_from=told.get("watch_from"))
    if not told.get("nobody"):
        world.people(PEOPLE)
    return world


def _take(
    world: World,
    step: Mapping[str, Any],
    previews: dict[str, str],
    *,
    thorough: bool = False,
    scans: bool = True,
) -> Seen:
    """Set the clock, receive the rows and do what the step says."""
    world.now = instant(step["at"])
    seen = Seen()
    for kind in ("cases", "events"):
        rows = [_row(kind, row) for row in step.get(kind, [])]
        if rows:
            total = world.receive(kind, rows).total
            for name in ("imported", "unchanged", "quarantined"):
                seen.imported[name] = seen.imported.get(name, 0) + getattr(total, name)
    for verb in step.get("do", []):
        name, given = (verb, None) if isinstance(verb, str) else next(iter(verb.items()))
        try:
            _do(world, name, given, seen, previews, thorough=thorough, scans=scans)
        except EffmonError as fault:
            seen.refused = fault.message
    assert bool(seen.refused) == ("refused" in step.get("want", {})) or not scans, seen.refused
    return seen


def _do(
    world: World,
    name: str,
    given: Any,
    seen: Seen,
    previews: dict[str, str],
    *,
    thorough: bool,
    scans: bool,
) -> None:
    match name:
        case "people":
            world.people(PEOPLE if given is None else given)
        case "calendar":
            world.calendar(given.get("name", "town"), town(**given))
        case "calendar_gone":
            world.calendar(given, None)
        case _ if not scans:
            return
        case "scan":
            if thorough:
                world.mark_all_changed()
            seen.scans.append(world.scan())
        case "nights":
            report = _thorough_nights(world) if thorough else world.nights()
            seen.scans += report.scans
            seen.skipped += len(report.skipped)
            seen.delivered = report.delivered
        case "deliver":
            seen.delivered = world.deliver()
        case "acknowledged" | "replied" | "confirmed":
            world.answer(name, world.card(given["card"]), given["by"], given.get("text"))
        case "preview" if not thorough:
            _preview(world, given, previews)
        case "preview":
            pass
        case _:
            raise AssertionError(f"unknown verb {name}")


def _thorough_nights(world: World) -> NightReport:
    """Every open slot by itself, each after all cases were marked."""
    whole = NightReport()
    while True:
        world.mark_all_changed()
        report = world.nights(most=1)
        whole.scans += report.scans
        whole.skipped += report.skipped
        whole.delivered = report.delivered
        if not report.scans:
            return whole


def _preview(world: World, given: Mapping[str, Any], previews: dict[str, str]) -> None:
    """A preview writes nothing, says the same twice, and the same as an earlier one of its name."""
    before = world.dump()
    texts = []
    for _ in range(2):
        report = scan.preview(
            world.context,
            as_of=instant(given["as_of"]),
            known_by=instant(given["known_by"]) if "known_by" in given else None,
            run_id="R-0",
            against=False,
        )
        texts.append(repr(report.as_json(world.context.zone)))
        world.now += 1  # the true clock goes on, and must not show
    world.now -= 2
    assert texts[0] == texts[1]
    assert world.dump() == before
    assert not report.wrote
    found = [f"{card['case_no']} {card['rule']} {card['level']}" for card in report.would_issue]
    assert found == given["cards"]
    if "name" in given:
        assert previews.setdefault(given["name"], texts[0]) == texts[0]


def _row(kind: str, row: Any) -> dict[str, str]:
    """A row of a file; an event may be short: `A accepted 2026-03-02 09:00 kind=hearing`."""
    if isinstance(row, str):
        words = row.split()
        more = dict(word.split("=", 1) for word in words if "=" in word)
        plain = [word for word in words if "=" not in word]
        row = {"case_no": plain[0], "event": plain[1], "occurred_at": " ".join(plain[2:])} | more
    values = {name: str(value) for name, value in row.items()}
    if kind == "cases":
        values = {"item_kind": "promised", "department": "住建局", "handler": "张经办"} | values
    return values


class _Before:
    """What stood before a step."""

    def __init__(self, world: World) -> None:
        self.size = len(world.entries())
        self.notices = set(_notices(world))
        self.messages = {message["message_id"] for message in world.messages()}


def _notices(world: World) -> dict[str, str]:
    rows = world.rows(
        "SELECT notice_id, person_id, level, case_no FROM notice JOIN card USING (card_no)"
    )
    return {
        row["notice_id"]: f"{row['person_id']} {row['case_no']} {LEVELS[row['level']]}"
        for row in rows
    }


def _check(world: World, want: Mapping[str, Any], seen: Seen, before: _Before, place: str) -> None:
    """Compare a step with what the story wants of it; what it does not name is not compared."""
    shown: dict[str, Any] = {}
    if seen.scans:
        last = seen.scans[-1]
        outcomes = ("judged", "not_judgeable", "excluded")
        shown["totals"] = {name: last.totals.get(name, 0) for name in outcomes}
        shown["problems"] = sorted(
            " ".join(part for part in (case_no, rule, reason) if part)
            for case_no, rule, reason, _ in last.problems
        )
        shown["untold"] = len(last.untold)
        shown["slots"] = [report.as_of for report in seen.scans]
    shown["cards"] = world.cards()
    shown["import"] = {name: count for name, count in seen.imported.items() if count}
    shown["skipped"] = seen.skipped
    shown["refused"] = seen.refused
    shown["ledger"] = _counts(
        str(entry["type"])
        for entry in world.entries(before.size)
        if str(entry["type"]).startswith(("card.", "notice.", "slot."))
    )
    notices = _notices(world)
    shown["notices"] = sorted(text for key, text in notices.items() if key not in before.notices)
    shown["messages"] = _counts(
        str(message["recipient"])
        for message in world.messages()
        if message["message_id"] not in before.messages
    )
    shown["outbox"] = _counts(row["state"] for row in world.rows("SELECT state FROM notice"))
    shown["as_of"] = [
        f"{row['case_no']} {row['rule_id']} {LEVELS[row['level']]} {wall(row['as_of'])}"
        for row in world.rows("SELECT * FROM card ORDER BY as_of, case_no, level")
    ]
    shown["held_by"] = [
        f"{row['case_no']} {LEVELS[row['level']]} {row['stage'] or '-'} {row['department']} "
        f"{row['holder']} {row['held_seconds']} {row['overrun_seconds']}"
        for row in world.rows(
            "SELECT * FROM accountability a JOIN card c USING (card_no)"
            " ORDER BY case_no, level, issue_no, place"
        )
    ]
    for name, expected in want.items():
        if name == "slots":
            expected = [instant(text) for text in expected]
        if name in ("cards", "notices", "problems"):
            expected = sorted(expected)
        if name == "refused":
            assert expected in shown[name], f"{place}: {shown[name]}"
        else:
            assert shown[name] == expected, f"{place}: {name}"


def _counts(words: Any) -> dict[str, int]:
    return dict(Counter(words))
