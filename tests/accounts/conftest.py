"""A workspace with red cards of a forwarded, a joint and a plain case, and persons who decide."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.authority.desk import PEOPLE
from tests.stories.world import World, instant

_CASE = {
    "item_kind": "promised",
    "department": "住建局",
    "handler": "张经办",
    "promised_limit": "3 working_days",
}


def event(case_no: str, kind: str, at: str, **more: str) -> dict[str, str]:
    """A row of events.csv; `at` is `02 10:00` of March 2026."""
    return {"case_no": case_no, "event": kind, "occurred_at": f"2026-03-{at}", **more}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Six working hours a day; accepted on Monday 2 March, due on 12 March, judged on the 20th."""
    made = World.made(tmp_path / "ws", "2026-03-01 12:00")
    made.people(PEOPLE)
    made.now = instant("2026-03-20 09:00")
    made.receive(
        "cases",
        [
            {**_CASE, "case_no": "UP"},
            {**_CASE, "case_no": "JOINT", "item_kind": "joint"},
            {**_CASE, "case_no": "PLAIN", "reviewer": "王监察"},
        ],
    )
    made.receive(
        "events",
        [
            event("UP", "accepted", "02 10:00"),
            event("UP", "assigned", "03 15:00", actor="李四"),
            event("UP", "forwarded_up", "05 10:00", department="省厅"),
            event("UP", "forwarded_back", "11 16:00"),
            event("JOINT", "accepted", "02 10:00"),
            event("JOINT", "dispatched", "03 09:00", department="规划局"),
            event("JOINT", "stage_started", "03 11:00", department="消防局", stage="会审",
                  amount="2 working_days"),
            event("JOINT", "stage_finished", "06 16:00", department="规划局"),
            event("JOINT", "stage_finished", "10 15:00", department="消防局", stage="会审"),
            event("PLAIN", "accepted", "02 10:00"),
        ],
    )  # fmt: skip
    made.scan()
    yield made
    made.close()
