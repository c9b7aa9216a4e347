"""Stories as YAML: at a time rows come in, commands are given, and this is how it must stand.

A story is told once, and then again with the process killed at every COMMIT of every command, just
before it and just after: whoever gives the same command again then finds everything as if nothing
had happened.
"""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.stories.world import LEVELS, World, card_text, instant, wall

from .stage import Killed, copied, facts, killed_at, run

TOLD = Path(__file__).parent / "told"
STEP = {"at", "cases", "events", "people", "do", "want", "exit"}
WANT = {
    "cards", "notices", "outbox", "held", "orders", "appeals", "accounts", "ladders", "alarms",
    "listed", "refused", "said", "ledger", "addresses",
}  # fmt: skip


def stories() -> list[Path]:
    """The files, one story each."""
    return sorted(TOLD.glob("*.yaml"))


def read(path: Path) -> dict[str, Any]:
    """A story: its sentence of intent and its steps."""
    told = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(told) <= {"story", "begin", "people", "settings", "steps"}, path
    assert told["story"].strip().endswith("."), f"{path}: a story opens with a sentence"
    for step in told["steps"]:
        assert set(step) <= STEP, f"{path}: {set(step) - STEP}"
        assert set(step.get("want", {})) <= WANT, f"{path}: {set(step['want']) - WANT}"
    return dict(told)


def tell(told: Mapping[str, Any], folder: Path, *, kill: bool) -> int:
    """Tell a story; with `kill` also what every death of the process leaves. How many deaths."""
    world = World.made(folder / "told", told.get("begin", "2026-03-01 12:00"))
    if "settings" in told:
        path = world.folder / "effmon.toml"
        path.write_text(path.read_text("utf-8") + told["settings"], encoding="utf-8")
    if "people" in told:
        world.people(told["people"])
    deaths = 0
    try:
        for number, step in enumerate(told["steps"], start=1):
            place = f"step {number}, {step['at']}"
            known = _notices(world)
            _receive(world, step)
            said = ""
            for line in step.get("do", []):
                if kill:
                    deaths += _die_everywhere(world, line, folder / "dies", place)
                said += _give(world, line, step, place)
            _check(world, step.get("want", {}), known, said, place)
            assert world.sound(), place
    finally:
        world.close()
    return deaths


def _receive(world: World, step: Mapping[str, Any]) -> None:
    world.now = instant(step["at"])
    if "people" in step:
        world.people(step["people"])
    for kind in ("cases", "events"):
        rows = [_row(kind, row) for row in step.get(kind, [])]
        if rows:
            assert world.receive(kind, rows).total.quarantined == 0


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


def _give(world: World, line: str, step: Mapping[str, Any], place: str) -> str:
    ran = run(world, line)
    allowed = {2} if "refused" in step.get("want", {}) else {step.get("exit", 0)}
    assert ran.code in allowed | ({0} if len(step["do"]) > 1 else set()), (place, line, ran)
    return ran.out + ran.err


def _die_everywhere(world: World, line: str, folder: Path, place: str) -> int:
    """Die at the COMMITs of a command, repeat it, and compare with a life in one piece."""
    # What a delivery began is looked at by the next one: both lives have had two.
    lives = 2 if "deliver" in line or "jobs run" in line else 1
    whole = copied(world, folder / "whole")
    with killed_at(0, before=True) as commits:
        run(whole, line)
    for _ in range(lives - 1):
        run(whole, line)
    expected = facts(whole)
    whole.close()
    shutil.rmtree(whole.folder)
    moments = list(_moments(commits[0], delivers=lives > 1))
    for commit, before in moments:
        again = copied(world, folder / f"{before}-{commit}")
        with killed_at(commit, before=before), pytest.raises(Killed):
            run(again, line)
        again.close()
        for _ in range(lives):
            run(again, line)
        _same(facts(again), expected, f"{place}: {line}: {commit} {before}")
        assert again.sound(), place
        again.close()
        shutil.rmtree(again.folder)
    return len(moments)


def _moments(commits: int, *, delivers: bool) -> Iterator[tuple[int, bool]]:
    """When a process with so many COMMITs dies: at which, and whether just before it.

    Just after one and just before the next is the same, unless a message leaves in between. A
    delivery does the same for each message: of many, the first, the last and every fifth die.
    """
    for commit in range(1, commits + 1):
        if not delivers or commit <= 4 or commit % 5 == 0 or commit == commits:
            yield commit, False
            if delivers:
                yield commit, True


def _same(found: Mapping[str, list[str]], expected: Mapping[str, list[str]], place: str) -> None:
    for name, rows in expected.items():
        more = [row for row in found[name] if row not in rows]
        less = [row for row in rows if row not in found[name]]
        assert (more, less) == ([], []), f"{place}: {name}"


def _notices(world: World) -> dict[str, str]:
    rows = world.rows(
        "SELECT notice_id, person_id, kind, n.subject, level, case_no, issue_no"
        " FROM notice n LEFT JOIN card c ON c.card_no = n.card_no"
    )
    return {
        row["notice_id"]: " ".join(
            str(part)
            for part in (
                row["person_id"],
                row["kind"],
                row["case_no"],
                LEVELS.get(row["level"], ""),
            )
            if part
        )
        for row in rows
    }


def _check(
    world: World, want: Mapping[str, Any], known: Mapping[str, str], said: str, place: str
) -> None:
    """Compare a step with what the story wants of it; what it does not name is not compared."""
    for name, expected in want.items():
        if name in ("refused", "said"):
            for text in [expected] if isinstance(expected, str) else expected:
                assert text in said, f"{place}: {said}"
            continue
        shown = _SHOWN[name](world, known)
        if isinstance(expected, list):
            expected = sorted(str(entry) for entry in expected)
        assert shown == expected, f"{place}: {name}"


def _new_notices(world: World, known: Mapping[str, str]) -> list[str]:
    return sorted(text for key, text in _notices(world).items() if key not in known)


def _counts(world: World, statement: str) -> dict[str, int]:
    return {str(name): int(number) for name, number in world.tuples(statement)}


def _of_card(world: World, statement: str) -> list[str]:
    """Rows `text, rest…` where the first column is a card number, told by case and level."""
    names = {
        row["card_no"]: " ".join(card_text(row).split()[:3])
        for row in world.rows("SELECT * FROM card")
    }
    return sorted(
        " ".join(
            str(part) for part in (names.get(row[0], row[0]), *row[1:]) if part not in (None, "")
        )
        for row in world.tuples(statement)
    )


def _with_time(world: World, statement: str) -> list[str]:
    """As `_of_card`; the last column is an instant."""
    names = {
        row["card_no"]: " ".join(card_text(row).split()[:3])
        for row in world.rows("SELECT * FROM card")
    }
    return sorted(
        " ".join(
            [
                names.get(row[0], str(row[0])),
                *(str(part) for part in row[1:-1] if part not in (None, "")),
                "-" if row[-1] is None else wall(row[-1]),
            ]
        )
        for row in world.tuples(statement)
    )


def _listed(world: World, _known: Mapping[str, str]) -> dict[str, int]:
    """What the lists show that everybody looks at."""
    return {
        "cards": len(run(world, "cards list -o json").well().json),
        "accountability": len(
            {row["card_no"] for row in run(world, "accountability list -o json").well().json}
        ),
        "orders": len(run(world, "orders list -o json").well().json),
        "appeals": len(run(world, "appeals list -o json").well().json),
    }


_SHOWN = {
    "cards": lambda world, _: world.cards(),
    "notices": _new_notices,
    "outbox": lambda world, _: _counts(world, "SELECT state, COUNT(*) FROM notice GROUP BY state"),
    "held": lambda world, _: _counts(
        world,
        "SELECT person_id || ' ' || held, COUNT(*) FROM notice"
        " WHERE state = 'pending' AND held IS NOT NULL GROUP BY 1",
    ),
    # Where what was sent has gone.
    "addresses": lambda world, _: sorted(
        " ".join(row)
        for row in world.tuples(
            "SELECT person_id, channel, address FROM notice WHERE state = 'sent'"
        )
    ),
    "orders": lambda world, _: _with_time(
        world,
        "SELECT card_no, state, 'round ' || round, result, reply_due_at"
        " FROM supervision_order JOIN order_card USING (order_no)",
    ),
    "appeals": lambda world, _: _of_card(world, "SELECT card_no, filed_by, state FROM appeal"),
    "accounts": lambda world, _: sorted(
        set(_of_card(world, "SELECT card_no, status FROM accountability"))
    ),
    "ladders": lambda world, _: _with_time(
        world,
        "SELECT card_no, state, step || ':' || turn, ended_reason, next_at FROM ladder_run",
    ),
    "alarms": lambda world, _: _of_card(
        world,
        "SELECT REPLACE(subject, 'card:', ''), kind, person_id, ended_reason FROM alarm",
    ),
    "listed": _listed,
    "ledger": lambda world, _: _counts(
        world,
        "SELECT type, COUNT(*) FROM ledger_entry WHERE type LIKE 'card.%' OR type LIKE 'order.%'"
        " OR type LIKE 'appeal.%' OR type LIKE 'approval.%' OR type LIKE 'accountability.ex%'"
        " GROUP BY type",
    ),
}
