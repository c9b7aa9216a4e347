"""A town whose rules are tallies beside one clock: cards of cases come, and are counted."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from efficiency_monitor.intake import ingest
from efficiency_monitor.scan import scan
from tests.stories.world import LEVELS, PEOPLE, World, instant, write_csv

ALL = (
    *PEOPLE,
    {"person_id": "chen", "name": "陈分管", "department": "", "role": "leader"},
    {"person_id": "sun", "name": "孙监察", "department": "", "role": "supervisor"},
)
#: A source that has nothing but its items.
ITEMS = """
id: items
title: {zh: 事项表, en: Item table}
times: [standard]
tables:
  - name: items
    recognised_by: [code, department]
    item_code: code
    fields: {department: department}
"""
#: The pack's clock: yellow when a promise of three working days has passed, red after four.
CLOCK = "CASE"


def rule_text(number: str, tally: Mapping[str, Any], cards: Sequence[str], **more: Any) -> str:
    """Text of a rule with a tally; `cards` are `yellow >= 3 cards`."""
    document = {
        "id": number,
        "version": 1,
        "name": number.lower(),
        "title": {"zh": number, "en": number},
        "status": "stable",
        "in_force": {"from": "2026-01-01"},
        "legal_basis": [{"ref": "试", "reading": "ours", "says": "试 / trial"}],
        "why": "试 / trial",
        "tally": dict(tally),
        "cards": [
            {"level": text.partition(" ")[0], "at": text.partition(" ")[2]} for text in cards
        ],
        **more,
    }
    return json.dumps(document, ensure_ascii=False)


class Town:
    """A workspace whose pack holds these tallies."""

    def __init__(
        self,
        folder: Path,
        rules: Mapping[str, str],
        at: str = "2026-03-01 12:00",
        watch_from: str | None = None,
    ) -> None:
        self.world = World.made(folder, at, watch_from=watch_from)
        for number, text in rules.items():
            self.put(number, text)
        self.world.people(ALL)

    def put(self, number: str, text: str) -> None:
        """Write a rule file into the pack, or another text of it."""
        path = self.world.folder / "catalogue" / "packs" / "story" / f"{number}.yaml"
        path.write_text(text, encoding="utf-8")
        self.world.close()

    def at(self, text: str) -> None:
        """Set the clock."""
        self.world.now = instant(text)

    def scan(self, at: str | None = None) -> Any:
        """Scan, at a time."""
        if at is not None:
            self.at(at)
        return self.world.scan()

    def cases(self, *numbers: str, **more: str) -> None:
        """Cases of the department with a promise of three working days, four by law."""
        self.world.receive(
            "cases",
            [
                {
                    "case_no": number,
                    "item_kind": "promised",
                    "item_code": "I-1",
                    "department": "住建局",
                    "handler": "张经办",
                    "promised_limit": "3 working_days",
                    "statutory_limit": "40 working_days",
                    **more,
                }
                for number in numbers
            ],
        )

    def happens(self, event: str, at: str, *numbers: str, **more: str) -> None:
        """An event of these cases."""
        self.world.receive(
            "events",
            [{"case_no": number, "event": event, "occurred_at": at, **more} for number in numbers],
        )

    def item(self, code: str, **more: str) -> None:
        """An item of the item table, from a source whose mapping has one."""
        mapping = self.world.folder / "items.yaml"
        if not mapping.exists():
            mapping.write_text(ITEMS, encoding="utf-8")
        path = self.world.folder / f"{code}-item.csv"
        write_csv(path, [{"code": code, **more}])
        ingest.import_files(self.world.context, [path], str(mapping))

    def late(self, at: str, *numbers: str, **more: str) -> None:
        """Cases that are accepted then and never decided."""
        self.cases(*numbers, **more)
        self.happens("accepted", at, *numbers)

    def tallies(self) -> list[str]:
        """Every card of a tally as `SUBJECT RULE WINDOW level[#n] state value [reason]`, sorted."""
        rows = self.world.rows("SELECT * FROM card WHERE case_id IS NULL")
        return sorted(
            " ".join(
                part
                for part in (
                    row["subject"],
                    row["rule_id"],
                    row["episode"],
                    LEVELS[row["level"]] + (f"#{row['issue_no']}" if row["issue_no"] else ""),
                    row["state"],
                    row["elapsed"] or "-",
                    row["lifted_reason"],
                )
                if part
            )
            for row in rows
        )

    def members(self, card_no: str) -> list[str]:
        """What a tally's card was made of."""
        (row,) = self.world.rows("SELECT content FROM card_sum WHERE card_no = ?", card_no)
        return [key for key, _ in json.loads(row["content"])["members"]]

    def number(self, **wanted: object) -> str:
        """Number of the only tally's card with these values."""
        found = [
            row["card_no"]
            for row in self.world.rows("SELECT * FROM card WHERE case_id IS NULL")
            if all(row[name] == value for name, value in wanted.items())
        ]
        assert len(found) == 1, found
        return str(found[0])


def one(folder: Path, tally: dict[str, Any], *cards: str, **more: Any) -> Town:
    """A town with one tally."""
    return Town(folder / "ws", {"XX-ONE": rule_text("XX-ONE", tally, cards, **more)})


def left_over(it: Town) -> tuple[list[tuple[object, ...]], int]:
    """What judging every case and window anew would give and lift: nothing after a scan."""
    found = scan.preview(
        it.world.context, as_of=it.world.now, known_by=None, run_id="P", against=True
    )
    return [
        (row["subject"], row["level"], row["fell_due_at"]) for row in found.would_issue
    ], found.lifted
