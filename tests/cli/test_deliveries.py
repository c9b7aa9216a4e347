"""Silences, dead letters and what is held, as they are typed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from .command import effmon
from .places import content

Own = Callable[[Path], Path]


def until(workspace: Path, days: int) -> str:
    """A time so many days after the last entry of the ledger."""
    last = effmon("-C", workspace, "ledger", "list", "-o", "json").well().json[-1]["at"]
    return f"{datetime.fromisoformat(last) + timedelta(days=days):%Y-%m-%d %H:%M}"


def test_a_silence_from_its_beginning_to_its_end(own: Own, office: Path) -> None:
    workspace = own(office)
    add = ["-C", workspace, "--as", "wang", "silences", "add", "--reason", "系统切换演练"]
    added = effmon(*add, "--until", until(workspace, 3)).well()
    number = added.err.split(":")[0]
    assert number.startswith("S-")
    preview = effmon("-C", workspace, "notices", "deliver", "--dry-run", "-o", "json").well()
    assert preview.json["messages"] == 0
    assert preview.json["held"]["silence"] > 0
    assert f"held: silence {number}" in preview.err
    delivered = effmon("-C", workspace, "notices", "deliver", "-o", "json").well().json
    assert delivered["held"] == preview.json["held"]
    held = effmon("-C", workspace, "notices", "list", "--state", "held", "-o", "json").well().json
    assert {notice["held"] for notice in held} == {f"silence:{number}"}
    (listed,) = effmon("-C", workspace, "silences", "list", "-o", "json").well().json
    assert (listed["silence_no"], listed["holds"]) == (number, len(held))
    assert "系统切换演练" in effmon("-C", workspace, "silences", "list").well().out
    end = ["-C", workspace, "--as", "wang", "silences", "end", number, "--reason", "完成"]
    effmon(*end).well()
    assert effmon("-C", workspace, "silences", "list").well().err.strip() == "no silences"
    assert len(effmon("-C", workspace, "silences", "list", "--all", "-o", "json").well().json) == 1
    again = effmon("-C", workspace, "notices", "deliver", "-o", "json").well().json
    assert again["sent"] == len(held)
    assert "系统切换演练" not in effmon("-C", workspace, "ledger", "list", "-o", "json").well().out


@pytest.mark.parametrize(
    ("person", "more", "said"),
    [
        (None, [], "--as PERSON"),
        ("zhang", [], "no role"),
        ("wang", ["--until", "soon"], "--until"),
        ("wang", ["--until", "2001-01-01"], "30 days"),
        ("wang", ["--until", "2099-01-01"], "30 days"),
        ("wang", ["--rule", "NONE"], "--rule"),
        ("wang", ["--reason", ""], "no reason"),
    ],
)
def test_silences_that_are_not_taken(
    own: Own, office: Path, person: str | None, more: list[str], said: str
) -> None:
    workspace = own(office)
    options = {"--reason": "x", "--until": until(workspace, 1)}
    options |= dict(zip(more[::2], more[1::2], strict=True))
    given = [part for option in options.items() for part in option]
    before = content(workspace)
    who = [] if person is None else ["--as", person]
    ran = effmon("-C", workspace, *who, "silences", "add", *given)
    assert ran.code == 2
    what, how = ran.err.splitlines()
    assert said in what + how
    assert content(workspace) == before


def test_a_dead_letter_is_seen_and_sent_again(own: Own, office: Path) -> None:
    workspace = own(office)
    kill_all(workspace)
    dead = effmon("-C", workspace, "notices", "list", "--state", "dead", "-o", "json").well().json
    scan = effmon("-C", workspace, "scan", "-o", "json").well(0, 3)
    assert {letter["notice_id"] for letter in scan.json["undelivered"]} == {
        notice["notice_id"] for notice in dead
    }
    told = effmon("-C", workspace, "scan", "--strict")
    assert (told.code, "effmon notices retry" in told.err) == (3, True)
    doctor = effmon("-C", workspace, "doctor", "-o", "json").well(0, 1).json
    (letters,) = [check for check in doctor if check["check"] == "dead letters"]
    assert letters["status"] == "look"
    put_back = effmon("-C", workspace, "notices", "retry", "-o", "json").well()
    assert len(put_back.json["retried"]) == len(dead)
    sent = effmon("-C", workspace, "notices", "deliver", "-o", "json").well().json
    assert sent["sent"] == len(dead)
    refused = effmon("-C", workspace, "notices", "retry", dead[0]["notice_id"])
    assert refused.code == 2
    assert "is sent" in refused.err
    unknown = effmon("-C", workspace, "notices", "retry", "N-NONE")
    assert (unknown.code, "there is no notice N-NONE" in unknown.err) == (2, True)


def kill_all(workspace: Path) -> None:
    """As if the receivers had failed for three days."""
    import sqlite3

    connection = sqlite3.connect(workspace / "effmon.db")
    with connection:
        connection.execute(
            "UPDATE notice SET state = 'dead', attempts = 20, first_attempt_at = created_at,"
            " last_error = 'gateway.example did not answer in time'"
        )
    connection.close()
