"""A workspace in which an applicant has a late case."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.world import PEOPLE, World, instant

#: Names that occur nowhere else: whatever is searched for them finds them or does not.
APPLICANT, OTHER = "欧阳鬯鬱", "諸葛龘"
PHONE, MAIL = "13812345678", "longda@example.cn"
CASE = {
    "item_kind": "promised", "department": "住建局", "handler": "张经办",
    "promised_limit": "3 working_days", "applicant": APPLICANT, "联系电话": PHONE,
}  # fmt: skip
#: A head of another bureau, who supervises nothing, and a supervisor of that bureau alone.
MORE = (
    *PEOPLE,
    {"person_id": "chen", "name": "陈分管", "department": "住建局", "role": "leader"},
    {"person_id": "zhou", "name": "周监察", "department": "水务局", "role": "supervisor"},
)


def accepted(case_no: str) -> dict[str, str]:
    """The case was accepted on a Monday."""
    return {"case_no": case_no, "event": "accepted", "occurred_at": "2026-03-02 10:00"}


@pytest.fixture
def world(tmp_path: Path, database_engine: str) -> Iterator[World]:
    """Cases A and B of one applicant, C of another; all have red cards."""
    made = World.made(tmp_path / "ws", "2026-03-01 12:00")
    made.people(MORE)
    made.now = instant("2026-03-03 09:00")
    rows = [{**CASE, "case_no": number} for number in "AB"]
    made.receive("cases", [*rows, {**CASE, "case_no": "C", "applicant": OTHER}])
    made.receive("events", [accepted(number) for number in "ABC"])
    made.now = instant("2026-03-20 09:00")
    made.scan()
    yield made
    assert made.sound()
    made.close()
