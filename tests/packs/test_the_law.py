"""The law to the letter, from canonical files to cards: extensions, renewals, stages."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import effmon, stop_warm


@pytest.fixture(scope="module", autouse=True)
def _warm_server() -> Iterator[None]:
    yield
    stop_warm()


class Office:
    """A workspace with the national rules, and whatever else is asked for."""

    def __init__(self, folder: Path, *packs: str) -> None:
        self.folder = folder
        chosen = [word for pack in ("national", *packs) for word in ("--pack", pack)]
        effmon("init", folder, "--name", "x", *chosen).well()

    def take(self, name: str, text: str) -> None:
        path = self.folder / f"{name}.csv"
        path.write_text(text, encoding="utf-8")
        effmon("-C", self.folder, "import", path).well(0, 3)

    def cards(self, as_of: str) -> list[tuple[str, str]]:
        """Rule and level of what a first scan as of an instant would give, by rule."""
        ran = effmon("-C", self.folder, "scan", "--as-of", as_of, "-o", "json").well(0, 3).json
        return sorted((card["rule"], card["level"]) for card in ran["would_issue"])

    def problems(self, case: str, as_of: str) -> list[tuple[str, str]]:
        found = self.explain(case, as_of)
        return [(one["rule"], one["reason"]) for one in found["problems"]]

    def explain(self, case: str, as_of: str) -> Any:
        asked = ("cases", "explain", case, "--as-of", as_of, "-o", "json")
        return effmon("-C", self.folder, *asked).well(0, 3).json


def reds(cards: Sequence[tuple[str, str]]) -> list[str]:
    """The rules with a red card."""
    return [rule for rule, level in cards if level == "red"]


CASE = "case_no,item_kind\nA1,承诺件\n"


def events(*rows: str) -> str:
    """Events of A1: what, when, amount, when it was entered."""
    head = "case_no,event,occurred_at,amount,recorded_at,reason,source_key\n"
    return head + "".join(
        f"A1,{row},案情复杂,k{number}\n" for number, row in enumerate(rows, start=1)
    )


@pytest.mark.parametrize(
    "extensions",
    [
        ("extended,2026-08-20 09:00,60 working_days,",),
        (
            "extended,2026-08-20 09:00,10 working_days,",
            "extended,2026-09-08 09:00,10 working_days,",
            "extended,2026-09-09 09:00,10 working_days,",
            "extended,2026-09-10 09:00,30 working_days,",
        ),
    ],
)
def test_the_limit_is_extended_once_and_by_ten_days(
    tmp_path: Path, extensions: tuple[str, ...]
) -> None:
    office = Office(tmp_path / "ws", "conduct")
    office.take("cases", CASE)
    office.take("events", events("accepted,2026-08-03 10:00,,", *extensions))
    assert reds(office.cards("2026-09-14T23:59:59+08:00")) == []
    given = office.cards("2026-09-15T00:00:00+08:00")
    assert reds(given) == ["CN-DECIDE"]
    conduct = {rule for rule, _ in given if rule.startswith("CON-EXTEND")}
    assert conduct == {"CON-EXTEND-TWICE" if len(extensions) > 1 else "CON-EXTEND-LONG"}
    assert ("CN-DECIDE", "extension_refused") in office.problems("A1", "2026-09-15")
    assert office.explain("A1", "2026-09-15")["outcome"] != "excluded"


def test_an_extension_that_was_entered_after_the_limit_holds_no_card_off(tmp_path: Path) -> None:
    office = Office(tmp_path / "ws")
    office.take("cases", CASE)
    office.take("events", events("accepted,2026-11-02 10:00,,2026-11-02 10:00"))
    assert reds(office.cards("2026-12-01T12:00:00+08:00")) == ["CN-DECIDE"]
    office.take(
        "more",
        events("accepted,2026-11-02 10:00,,2026-11-02 10:00")
        + "A1,extended,2026-11-30 10:00,10 working_days,2026-12-01 20:00,案情复杂,k2\n",
    )
    assert reds(office.cards("2026-12-01T21:00:00+08:00")) == ["CN-DECIDE"]
    assert ("CN-DECIDE", "extension_refused") in office.problems("A1", "2026-12-01")


RENEWAL = "case_no,item_kind,renewal,licence_expires\nA1,承诺件,applied,2026-11-20\n"


def test_a_renewal_has_the_limit_of_the_decision_and_the_expiry(tmp_path: Path) -> None:
    """Applied for thirty-nine days before: both are judged, each for itself."""
    office = Office(tmp_path / "ws")
    office.take("cases", RENEWAL)
    office.take("events", events("submitted,2026-10-12 09:00,,", "accepted,2026-10-12 10:00,,"))
    assert reds(office.cards("2026-11-09T23:59:59+08:00")) == []
    assert reds(office.cards("2026-11-10T00:00:00+08:00")) == ["CN-DECIDE"]
    assert reds(office.cards("2026-11-21T00:00:00+08:00")) == ["CN-DECIDE", "CN-RENEW"]


def test_a_late_renewal_is_no_limit_of_the_decision(tmp_path: Path) -> None:
    """Applied for ten days before the end: nothing is deemed, twenty working days are left."""
    office = Office(tmp_path / "ws")
    office.take("cases", RENEWAL)
    office.take("events", events("submitted,2026-11-10 09:00,,", "accepted,2026-11-10 10:00,,"))
    assert office.cards("2026-11-21T00:00:00+08:00") == []
    office.take(
        "done",
        events("submitted,2026-11-10 09:00,,", "accepted,2026-11-10 10:00,,")
        + "A1,decided,2026-11-24 10:00,,,,k3\n",
    )
    assert office.cards("2026-12-01T00:00:00+08:00") == []


STAGED = "case_no,item_kind,promised_limit,stage_limits\nA1,承诺件,{},published\n"
STAGES = """case_no,event,occurred_at,stage,amount
A1,accepted,2026-08-03 09:00,,
A1,stage_started,2026-08-03 10:00,审核,{}
"""


def yellows(cards: Sequence[tuple[str, str]]) -> list[str]:
    """The rules with a yellow card."""
    return [rule for rule, level in cards if level == "yellow"]


def test_a_late_stage_of_a_late_case_has_no_card_of_its_own(tmp_path: Path) -> None:
    """The promise ends first: the stage that is late afterwards gives way to it."""
    office = Office(tmp_path / "ws")
    office.take("cases", STAGED.format("3 working_days"))
    office.take("events", STAGES.format("5 working_days"))
    assert yellows(office.cards("2026-08-20")) == ["CN-PROMISE"]
    document = office.explain("A1", "2026-08-20")
    stage = next(clock for clock in document["clocks"] if clock["rule"] == "CN-STAGE")
    assert [(one["rule"], one["for"]) for one in stage["gave_way"]] == [
        ("CN-PROMISE", "yellow"),
        ("CN-PROMISE", "yellow"),
    ]
    asked = ("cases", "explain", "A1", "--as-of", "2026-08-20")
    assert "CN-PROMISE" in effmon("-C", office.folder, *asked).well(0, 3).out


def test_a_stage_that_is_late_before_the_case_keeps_its_card(tmp_path: Path) -> None:
    """Also in one scan of all nights: what had fallen due does not hang on what comes later."""
    office = Office(tmp_path / "ws")
    office.take("cases", STAGED.format("9 working_days"))
    office.take("events", STAGES.format("3 working_days"))
    assert yellows(office.cards("2026-08-10")) == ["CN-STAGE"]
    assert yellows(office.cards("2026-08-20")) == ["CN-PROMISE", "CN-STAGE"]


def test_a_stage_has_its_card_when_the_card_of_the_case_falls(tmp_path: Path) -> None:
    """The acceptance is corrected to a later day: the promise has not ended yet."""
    office = Office(tmp_path / "ws")
    office.take("cases", STAGED.format("5 working_days"))
    head = "case_no,event,occurred_at,stage,amount,source_key\n"
    stage = "A1,stage_started,2026-08-03 10:00,审核,6 working_days,s\n"
    office.take("first", f"{head}A1,accepted,2026-08-03 09:00,,,a\n{stage}")
    assert yellows(office.cards("2026-08-12")) == ["CN-PROMISE"]
    office.take("second", f"{head}A1,accepted,2026-08-06 09:00,,,a\n{stage}")
    assert yellows(office.cards("2026-08-12")) == ["CN-STAGE"]


def test_a_stage_that_ended_before_it_began_is_faulty_and_nothing_else_is(tmp_path: Path) -> None:
    """As two public logs of building permits have it."""
    office = Office(tmp_path / "ws")
    office.take("cases", STAGED.format("90 working_days"))
    office.take(
        "events",
        "case_no,event,occurred_at,stage,amount\n"
        "A1,accepted,2026-03-02 08:30,,\n"
        "A1,stage_finished,2026-03-02 09:00,踏勘,\n"
        "A1,stage_started,2026-03-02 10:00,踏勘,2 working_days\n"
        "A1,stage_started,2026-03-03 10:00,审核,2 working_days\n",
    )
    given = office.cards("2026-06-30")
    assert yellows(given) == ["CN-STAGE"]
    assert reds(given) == ["CN-DECIDE"]
    document = office.explain("A1", "2026-06-30")
    assert document["outcome"] == "not_judgeable"
    assert [(one["rule"], one["reason"], one["detail"]) for one in document["problems"]] == [
        ("CN-STAGE", "faulty_data", "stage 踏勘 finished before it started")
    ]
    assert {clock["stage"] for clock in document["clocks"] if clock["rule"] == "CN-STAGE"} == {
        "审核"
    }
