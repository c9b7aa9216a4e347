"""A bureau over years, a night a step: what happens in it, and what has to come of it.

Dice decide over cases, late and corrected evidence, amended calendars, downtime and a wrong clock;
the product runs as it is, on a real database, with a clock that is set. What must be true in the
end is said by `Bureau.owed`, which counts dates one by one and imports nothing of the product.
"""

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import event

from efficiency_monitor.cards import answers
from efficiency_monitor.ledger import book as ledger_book
from efficiency_monitor.people.operating_user import actor
from tests.stories.world import HOURS, WEEK, ZONE, World, instant

FIRST = date(2026, 1, 5)
#: Quiet at the end: everything that began is decided and reported by then.
QUIET = 75
SLOT = timedelta(hours=2, minutes=10)
#: Nights that the product catches up; the default of the workspace.
CATCH_UP_DAYS = 31
STATUTORY = 8
PEOPLE = (
    {"person_id": "zhang", "name": "张经办", "department": "住建局", "role": "handler"},
    {"person_id": "li", "name": "李主任", "department": "住建局", "role": "head"},
    {"person_id": "wang", "name": "王监察", "department": "", "role": "supervisor"},
)


@dataclass
class Case:
    """One case as it really happened."""

    number: str
    accepted: datetime
    promised: int
    decided: datetime


@dataclass
class Bureau:
    """The world outside: what is true, and what is still to be reported of it."""

    dice: Random
    nights: int
    cases: list[Case] = field(default_factory=list)
    #: Rows by the night before which they are sent: cases, events.
    post: dict[int, list[tuple[str, dict[str, str]]]] = field(default_factory=dict)
    days_off: set[date] = field(default_factory=set)

    def day(self, night: int) -> date:
        """The date whose small hours the night is."""
        return FIRST + timedelta(days=night)

    def works(self, day: date) -> bool:
        """Whether it is a working day, by the calendar as it stands now."""
        return day.weekday() < 5 and day not in self.days_off

    def write(self, night: int) -> None:
        """Sometimes a case begins on the day before this night."""
        dice, day = self.dice, self.day(night) - timedelta(days=1)
        if night > self.nights - QUIET or dice.random() > 0.22:
            return
        accepted = datetime.combine(day, datetime.min.time()) + timedelta(
            hours=9, minutes=dice.randrange(480)
        )
        decided = accepted + timedelta(days=dice.randint(0, 16), minutes=dice.randint(1, 300))
        number = f"S{len(self.cases):05}"
        case = Case(number, accepted, dice.randint(1, 7), decided)
        self.cases.append(case)
        known = night + (dice.randint(1, 10) if dice.random() < 0.15 else 0)
        limit = f"{case.promised} working_days"
        row = {"case_no": number, "item_kind": "promised", "department": "住建局"}
        self._send(known, "cases", {**row, "promised_limit": limit})
        self._send(known, "events", self._event(case, "accepted", accepted))
        told = max(known, (decided.date() - FIRST).days + 1)
        late = dice.random()
        told += 0 if late < 0.6 else dice.randint(1, 25)
        if dice.random() < 0.1:
            # First reported with another time; corrected later.
            wrong = decided + timedelta(days=dice.randint(-3, 6))
            if wrong > accepted and (wrong.date() - FIRST).days < told:
                self._send(told, "events", self._event(case, "decided", wrong))
                told += dice.randint(1, 12)
        self._send(told, "events", self._event(case, "decided", decided))

    def _event(self, case: Case, kind: str, at: datetime) -> dict[str, str]:
        key = f"{case.number}-{kind}"
        when = f"{at:%Y-%m-%d %H:%M}"
        return {"case_no": case.number, "event": kind, "occurred_at": when, "source_key": key}

    def _send(self, night: int, table: str, row: dict[str, str]) -> None:
        self.post.setdefault(night, []).append((table, row))

    def delivered(self, upto: int) -> list[tuple[str, dict[str, str]]]:
        """What has come in by this night: of a row that was corrected meanwhile the last form."""
        rows: dict[tuple[str, str], tuple[str, dict[str, str]]] = {}
        for night in sorted(night for night in self.post if night <= upto):
            for table, row in self.post.pop(night):
                rows[table, row.get("source_key", row["case_no"])] = table, row
        return list(rows.values())

    def amended(self, night: int) -> bool:
        """Sometimes a notice makes a day off of a day, past or to come, or takes one back."""
        if self.dice.random() > 1 / 150 or night > self.nights - QUIET:
            return False
        day = self.day(night) + timedelta(days=self.dice.randint(-20, 45))
        self.days_off ^= {day}
        return True

    def owed(self) -> set[tuple[str, int]]:
        """The yellow (2) and red (3) cards that the truth calls for, date by date."""
        found = set()
        for case in self.cases:
            for level, days in ((2, case.promised), (3, STATUTORY)):
                day, left = case.accepted.date(), days
                while left:
                    day += timedelta(days=1)
                    left -= self.works(day)
                if case.decided > datetime.combine(day, datetime.max.time()).replace(microsecond=0):
                    found.add((case.number, level))
        return found

    def calendar(self) -> str:
        """The calendar file as it stands."""
        last = self.day(self.nights).year + 2
        years = range(FIRST.year, last + 1)
        return json.dumps(
            {
                "id": "town",
                "zone": "Asia/Shanghai",
                "covers": {"from": f"{FIRST.year}-01-01", "to": f"{last}-12-31"},
                "week": dict.fromkeys(WEEK, HOURS),
                "days_off": [
                    {"date": day.isoformat(), "name": "假", "notice": f"town-{day.year}"}
                    for day in sorted(self.days_off)
                ],
                "notices": {
                    f"town-{year}": {
                        "number": str(year),
                        "published": f"{year - 1}-11-01",
                        "source": "synthetic",
                        "status": "official",
                        "covers": {"from": f"{year}-01-01", "to": f"{year}-12-31"},
                    }
                    for year in years
                },
            },
            ensure_ascii=False,
        )


@dataclass
class Outcome:
    """What a simulation came to."""

    root: str
    figures: dict[str, int]


def quick_disk(world: World) -> None:
    """Processes are killed elsewhere: here nothing has to outlive this one."""

    @event.listens_for(world.context.store.engine, "connect")
    def _settings(raw: Any, _record: object) -> None:
        raw.execute("PRAGMA synchronous=OFF")
        raw.execute("PRAGMA journal_mode=MEMORY")

    world.context.store.engine.dispose()


def simulate(folder: Path, dice: Random, nights: int) -> Outcome:
    """Live through so many nights, and hold what came of it against what is owed."""
    bureau = Bureau(dice, nights)
    world = World.made(folder, f"{FIRST} 00:00")
    world.calendar("town", bureau.calendar())
    quick_disk(world)
    world.people(PEOPLE)
    figures: Counter[str] = Counter()
    down_until = -1
    for night in range(1, nights + 1):
        bureau.write(night)
        if bureau.amended(night):
            world.calendar("town", bureau.calendar())
            quick_disk(world)
            figures["calendars amended"] += 1
        if night > nights - QUIET // 2:
            down_until = -1
        elif night > down_until and dice.random() < 1 / 60:
            length = dice.randint(1, 30) if dice.random() < 0.9 else dice.randint(32, 60)
            down_until = night + length
            figures["downtimes"] += 1
            figures["longest downtime"] = max(figures["longest downtime"], length)
        if night <= down_until:
            figures["nights down"] += 1
            continue
        true = instant(f"{bureau.day(night)} 02:30")
        jump = 0
        if night <= nights - QUIET // 2 and dice.random() < 1 / 60:
            jump = dice.randint(-86_400, 86_400)
            figures["clock jumps"] += 1
        world.now = true + jump
        _receive(world, bureau, night)
        _night(world, figures)
        if night % 5 == 0:
            _answer(world, true)
    world.now = instant(f"{bureau.day(nights)} 10:00")
    world.deliver()
    _check(world, bureau, figures)
    found = ledger_book.verify(world.context)
    assert found["sound"]
    figures |= {"entries": found["size"], "cases": len(bureau.cases)}
    world.close()
    return Outcome(found["sha256_root"] + found["sm3_root"], dict(figures))


def _receive(world: World, bureau: Bureau, night: int) -> None:
    rows = bureau.delivered(night)
    for table in ("cases", "events"):
        some = [row for name, row in rows if name == table]
        if some:
            report = world.receive(table, some)
            assert report.refused == [], report.refused
    # Files pile up over years; they have been read.
    for path in world.folder.glob("[0-9]*.csv"):
        path.unlink()


def _night(world: World, figures: Counter[str]) -> None:
    report = world.nights()
    figures["slots run"] += len(report.scans)
    figures["slots skipped"] += len(report.skipped)
    figures["caught up at most"] = max(figures["caught up at most"], len(report.scans))
    for done in report.scans:
        figures["cards"] += sum(done.issued.values())
        figures["lifted"] += done.lifted
    assert report.held == []


def _answer(world: World, now: int) -> None:
    """The department answers what it was told, so that ladders end."""
    world.now = now + 8 * 3600
    world.deliver()
    head = replace(world.context, actor=actor("li"))
    for row in world.rows("SELECT card_no FROM card WHERE state = 'open' ORDER BY card_no"):
        answers.answer(head, row["card_no"], "replied", "情况说明")


def _check(world: World, bureau: Bureau, figures: Counter[str]) -> None:
    standing = {
        (row["case_no"], row["level"])
        for row in world.rows(
            "SELECT case_no, level FROM card WHERE level > 1 AND state <> 'lifted'"
        )
    }
    owed = bureau.owed()
    figures["owed"] = len(owed)
    assert standing == owed, (sorted(standing - owed), sorted(owed - standing))
    _every_slot_once(world, bureau)
    lost = world.rows("SELECT * FROM notice WHERE state NOT IN ('sent', 'void')")
    assert lost == [], lost


def _every_slot_once(world: World, bureau: Bureau) -> None:
    """Each slot that fell due was run once or skipped once, on record; so says the ledger."""
    due = {
        int(datetime.combine(bureau.day(night), datetime.min.time(), ZONE).timestamp())
        + int(SLOT.total_seconds())
        for night in range(bureau.nights + 1)
    }
    runs = {row["scheduled_for"]: row["state"] for row in world.rows("SELECT * FROM run")}
    assert set(runs) == due, (sorted(due - set(runs)), sorted(set(runs) - due))
    assert set(runs.values()) <= {"done", "skipped"}
    entries = world.entries()
    done = Counter(
        int(datetime.fromisoformat(str(entry["as_of"])).timestamp())
        for entry in entries
        if entry["type"] == "scan.done"
    )
    skipped = Counter(
        int(datetime.fromisoformat(str(entry["slot"])).timestamp())
        for entry in entries
        if entry["type"] == "slot.skipped"
    )
    assert done == Counter(slot for slot, state in runs.items() if state == "done")
    assert skipped == Counter(slot for slot, state in runs.items() if state == "skipped")
