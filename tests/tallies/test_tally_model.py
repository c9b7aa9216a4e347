"""A tally as a rule file has it: what goes with what, and what is refused in one line."""

from typing import Any

import pytest
from pydantic import ValidationError

from efficiency_monitor.rules.rules import Rule

COUNT = {"measure": "count", "of": "cards", "by": "department", "window": "quarter"}
SHARE = {
    "measure": "share",
    "of": "cases",
    "by": "department",
    "window": "month",
    "among": "handled",
    "with": {"levels": ["yellow", "red"]},
}
VOLUME = {
    "measure": "count",
    "of": "cases",
    "by": "department",
    "window": "month",
    "among": "accepted",
}


def rule(tally: dict[str, Any], at: str, **more: Any) -> Rule:
    """A rule with this tally and one card."""
    return Rule.model_validate(
        {
            "id": "XX-TALLY",
            "version": 1,
            "name": "tally",
            "title": {"zh": "统计", "en": "Tally"},
            "status": "stable",
            "in_force": {"from": "2026-01-01"},
            "legal_basis": [{"ref": "试", "reading": "ours", "says": "试 / trial"}],
            "why": "试 / trial",
            "tally": tally,
            "cards": [{"level": "yellow", "at": at}],
            **more,
        }
    )


@pytest.mark.parametrize(
    ("tally", "at"),
    [
        (COUNT, ">= 3"),
        (COUNT, ">= 3 cards"),
        (COUNT | {"unanswered_for": "5 working_days"}, "> 0 cards"),
        (COUNT | {"measure": "in_a_row", "levels": ["warning"]}, ">= 3"),
        (SHARE, "> 1 %"),
        (SHARE | {"at_least": 20, "compared": {"with": "whole"}}, "> 2 points"),
        (SHARE | {"with": {"incomplete": True}}, ">= 1 %"),
        (
            SHARE | {"among": "finished", "with": {"finished_within": "1 calendar_minutes"}},
            "> 5 %",
        ),
        (VOLUME | {"compared": {"with": "year_before", "side": "either"}}, ">= 10 %"),
        (VOLUME | {"by": "item_code"}, "= 0"),
        (COUNT | {"of": "orders", "open_for": "20 working_days", "by": "supervisor"}, "> 2"),
        (COUNT | {"of": "alarms", "alarms": ["order_open"], "by": "supervisor"}, ">= 1"),
        (
            COUNT
            | {"measure": "batch", "of": "events", "within": "1 calendar_minutes", "by": "actor"},
            ">= 10 cases",
        ),
        (
            COUNT
            | {"measure": "same_text", "of": "events", "events": "suspended", "field": "reason"},
            ">= 5",
        ),
    ],
)
def test_what_can_be_written(tally: dict[str, Any], at: str) -> None:
    assert rule(tally, at).form == "tally"


@pytest.mark.parametrize(
    ("tally", "at", "said"),
    [
        (COUNT | {"among": "begun"}, "> 1", "count of cards takes no 'among'"),
        (VOLUME | {"among": None}, "> 1", "needs 'among'"),
        (SHARE | {"with": None}, "> 1 %", "needs 'with'"),
        (COUNT | {"of": "events"}, "> 1", "count is of cards, cases, items, orders, alarms"),
        (COUNT | {"by": "supervisor"}, "> 1", "cards are tallied by department"),
        (COUNT, "> 1 %", "measured in cards"),
        (COUNT, "> 1.5", "whole numbers"),
        (COUNT, "= 0", "nothing is known"),
        (COUNT, ">= 0", "nothing is known"),
        (SHARE, "> 1", "has no unit: write '> 1 %'"),
        (SHARE | {"compared": {"with": "former_window"}}, "> 1 %", "measured in points"),
        (VOLUME | {"compared": {"with": "whole"}}, "> 1 %", "only a share of one subject"),
        (VOLUME | {"at_least": 3}, "> 1", "at_least goes with"),
        (SHARE | {"with": {"finished_within": "1 calendar_minutes"}}, "> 1 %", "among: finished"),
        (
            COUNT | {"measure": "batch", "of": "events", "within": "1 working_minutes"},
            "> 1",
            "write calendar_seconds",
        ),
        (
            SHARE | {"with": {"levels": ["red"], "events": ["refused"]}},
            "> 1 %",
            "exactly one of levels and rules",
        ),
        (COUNT, "90% promised", "is no comparison"),
    ],
)
def test_what_is_refused(tally: dict[str, Any], at: str, said: str) -> None:
    given = {name: value for name, value in tally.items() if value is not None}
    with pytest.raises(ValidationError) as fault:
        rule(given, at)
    assert said in str(fault.value)


def test_a_tally_is_for_no_attributes() -> None:
    with pytest.raises(ValidationError, match="not for attributes"):
        rule(COUNT, "> 1", applies_to={"not": {"attributes": {"hall": "main"}}})


def test_rows_are_for_tallies_and_events_for_clocks() -> None:
    example = {
        "name": "x",
        "level": "yellow",
        "kind": "silent",
        "events": [{"event": "accepted", "at": "2026-01-05"}],
        "expect": [{"as_of": "2026-02-01"}],
    }
    with pytest.raises(ValidationError, match="stand in its cases"):
        rule(COUNT, "> 1", examples=[example])
