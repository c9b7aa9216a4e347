"""Joint cases: of organs at work the last to answer holds the case; each has a clock of its own."""

from dataclasses import replace

import pytest

from efficiency_monitor.followup.accountability.model import Part
from efficiency_monitor.terms import Precision

from .held import HOUR, at, event, organs, shares, told

JOINT = (
    event("accepted", "02 09:00"),
    event("dispatched", "02 10:00", department="规划局"),
    event("stage_started", "02 11:00", stage="会审", department="消防局", amount="1 working_days"),
    event("stage_finished", "02 16:00", department="规划局"),
    event("stage_finished", "04 11:00", stage="会审", department="消防局"),
)


def test_of_organs_that_work_together_the_last_to_answer_held_the_case() -> None:
    assert told(*JOINT, until="04 14:00", item_kind="joint") == [
        "- 住建局 张 1 0",
        "- 规划局 None 1 0",
        "会审 消防局 None 14 0",
        "- 住建局 张 2 0",
    ]


def test_of_organs_that_have_not_answered_the_first_to_have_it_holds_it() -> None:
    assert told(*JOINT[:3], until="02 17:00", item_kind="joint") == [
        "- 住建局 张 1 0",
        "- 规划局 None 6 0",
    ]


def test_each_organ_has_a_clock_of_its_own_against_its_own_limit() -> None:
    # The fire brigade has one day from 2 March, 11:00: the 3rd; two of the 4th's seven hours more.
    assert organs(*JOINT, until="04 14:00") == [
        "- 规划局 0 - working_days",
        "会审 消防局 1.285714 0.285714 working_days",
    ]
    part = shares(*JOINT, until="04 14:00", item_kind="joint")[1][-1]
    assert (part.held_seconds / HOUR, part.overrun_seconds / HOUR) == (14, 2)
    hours = event(
        "stage_started", "02 11:00", stage="会审", department="消防局", amount="4 working_hours"
    )
    assert organs(*JOINT[:2], hours, until="02 17:00")[1] == ("会审 消防局 5 1 working_hours")


@pytest.mark.parametrize("precision", list(Precision))
def test_an_organs_limit_may_be_an_instant_or_a_date(precision: Precision) -> None:
    due = at("03 00:00") if precision is Precision.DAY else at("03 12:00")
    started = replace(JOINT[2], amount=None, due_at=due, due_precision=precision)
    part = shares(*JOINT[:2], started, until="04 17:00", item_kind="joint")[1][-1]
    assert part.part is Part.ORGAN
    assert part.overrun_seconds / HOUR == (7 if precision is Precision.DAY else 11)


def test_a_stage_of_the_lead_organ_is_its_own_and_gives_way_to_organs_at_work() -> None:
    lead = event("stage_started", "02 09:30", stage="牵头", actor="牵头人")
    assert told(*JOINT, lead, until="04 14:00", item_kind="joint") == [
        "- 住建局 张 0.5 0",
        "牵头 住建局 牵头人 0.5 0",
        "- 规划局 None 1 0",
        "会审 消防局 None 14 0",
        "牵头 住建局 牵头人 2 0",
    ]


def test_a_limit_that_cannot_be_read_is_none() -> None:
    started = replace(JOINT[2], amount="soon")
    assert organs(*JOINT[:2], started, until="04 17:00")[1].split()[3] == "-"
