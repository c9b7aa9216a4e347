"""A notice that comes after the fact: what it changes is shown, approved, then done by entries."""

import json
from datetime import date
from pathlib import Path

import pytest

from efficiency_monitor.catalogue.rule_waiting import waiting
from efficiency_monitor.faults import CatalogueError, ConfigurationError
from tests.matters.stage import run

from .bureau import Bureau

pytestmark = pytest.mark.both_engines
DAY = date(2026, 3, 4)

FIRST = "关于2026年纪念日放假安排的通知\n一、纪念日：3月4日（周三）放假1天，不调休。\n"
#: Takes the first one back, and makes the Sunday before a working day for Friday 6 March.
SECOND = "日期,安排,节日\n2026-03-04,上班,纪念日\n2026-03-06,放假,纪念日\n2026-03-01,上班,纪念日\n"


def file_of(bureau: Bureau, name: str, text: str) -> Path:
    path = bureau.world.folder / name
    path.write_text(text, encoding="utf-8")
    return path


def imported(bureau: Bureau, path: Path, number: str, *more: str, person: str = "wang"):  # type: ignore[no-untyped-def]
    words = f"calendar import {path} --notice {number} --published 2026-03-06 {' '.join(more)}"
    key_file(bureau, person)
    key = bureau.world.folder / "key.pem"
    return run(bureau.world, f"--as {person} --key {key} {words} -o json")


def proposed(bureau: Bureau, path: Path, number: str) -> str:
    done = imported(bureau, path, number, "--propose --reason 国办通知")
    assert done.code == 0, done.err
    bureau.world.close()
    return str(json.loads(done.out)["change"]["change_no"])


def test_the_preview_is_what_the_scan_then_does(bureau: Bureau) -> None:
    bureau.demand()
    bureau.adopt()
    yellow = bureau.yellow()
    path = file_of(bureau, "first.txt", FIRST)
    # What a scan would do anyhow is no effect of the notice.
    bureau.late_case("LATE", promised_limit="1 working_days", statutory_limit="2 working_days")
    bureau.world.receive(
        "events", [{"case_no": "LATE", "event": "decided", "occurred_at": "2026-03-06 08:00"}]
    )
    before = bureau.world.tuples("SELECT COUNT(*) FROM ledger_entry")
    shown = json.loads(imported(bureau, path, "一号").out)
    assert bureau.world.tuples("SELECT COUNT(*) FROM ledger_entry") == before
    assert shown["wrote"] is False
    assert shown["days"] == [{"date": "2026-03-04", "before": "weekday", "after": "day_off"}]
    assert [card["card_no"] for card in shown["cards"]["lifted"]] == [yellow]
    assert shown["cards"]["issued"] == []
    moved = {row["name"]: (row["before"], row["after"]) for row in shown["clocks"]}
    assert moved["promised"] == ("2026-03-05T23:59:59+08:00", "2026-03-06T23:59:59+08:00")

    number = proposed(bureau, path, "一号")
    bureau.world.now += 60
    bureau.world.scan()
    assert "CASE 2" in bureau.levels()
    bureau.approve(number)
    bureau.world.now += 60
    bureau.world.scan()
    (card,) = bureau.world.rows("SELECT * FROM card WHERE card_no = ?", yellow)
    assert (card["state"], card["lifted_reason"]) == ("lifted", "calendar_amended")
    assert waiting(bureau.world.context) == []
    assert bureau.world.sound()


def test_an_amendment_of_an_amendment_gives_the_card_again(bureau: Bureau) -> None:
    bureau.demand()
    bureau.adopt()
    yellow = bureau.yellow()
    bureau.approve(proposed(bureau, file_of(bureau, "first.txt", FIRST), "一号"))
    bureau.world.now += 60
    bureau.world.scan()
    second = file_of(bureau, "second.csv", SECOND)
    shown = json.loads(imported(bureau, second, "二号").out)
    assert {day["date"] for day in shown["days"]} == {"2026-03-01", "2026-03-04", "2026-03-06"}
    (again,) = [card for card in shown["cards"]["issued"] if card["level"] == "yellow"]
    bureau.approve(proposed(bureau, second, "二号"))
    bureau.world.now += 60
    bureau.world.scan()
    rows = bureau.world.rows("SELECT * FROM card WHERE level = 2 ORDER BY issue_no")
    assert [(row["card_no"], row["state"], row["issue_no"]) for row in rows] == [
        (yellow, "lifted", 0),
        (again["card_no"], "open", 1),
    ]
    assert bureau.world.sound()


@pytest.mark.parametrize("demanded", [True, False], ids=["second person", "none"])
def test_the_file_is_written_once_and_judged_by(bureau: Bureau, demanded: bool) -> None:
    if demanded:
        bureau.demand()
        bureau.adopt()
    number = proposed(bureau, file_of(bureau, "first.txt", FIRST), "一号")
    own = bureau.world.folder / "calendars" / "town.yaml"
    assert not own.exists()
    person = "sun" if demanded else "wang"
    key = f"--key {bureau.world.folder / 'key.pem'}"
    key_file(bureau, person)
    done = run(bureau.world, f"--as {person} {key} rules approve {number}")
    assert done.code == 0, done.err
    assert own.exists()
    bureau.world.close()
    assert str(bureau.world.context.catalogue.calendars["town"].day(DAY).kind) == "day_off"
    own.write_text("spoilt by hand", encoding="utf-8")
    assert run(bureau.world, f"--as {person} {key} rules approve {number}").code == 0
    assert own.read_text("utf-8") == "spoilt by hand"


def key_file(bureau: Bureau, person: str) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    from tests.matters.office import key_of

    path = bureau.world.folder / "key.pem"
    path.touch(mode=0o600)
    private = key_of(person)._private
    path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def test_an_approved_calendar_without_its_file_is_written_by_the_next_scan(bureau: Bureau) -> None:
    """As after a death between the approval and the file."""
    number = proposed(bureau, file_of(bureau, "first.txt", FIRST), "一号")
    bureau.approve(number, "wang")
    own = bureau.world.folder / "calendars" / "town.yaml"
    assert not own.exists()
    bureau.world.scan()
    assert own.exists()


def test_what_changes_nothing_is_not_proposed(bureau: Bureau) -> None:
    bureau.approve(proposed(bureau, file_of(bureau, "first.txt", FIRST), "一号"), "wang")
    bureau.world.scan()
    bureau.world.close()
    done = imported(bureau, bureau.world.folder / "first.txt", "一号")
    assert done.code == 2
    assert "no day changes" in done.err


def test_a_notice_that_cannot_be_read_names_its_place(bureau: Bureau) -> None:
    path = file_of(bureau, "bad.txt", FIRST.replace("周三", "周四"))
    done = imported(bureau, path, "一号")
    assert done.code == 3
    assert "bad.txt:2:11: " in done.err
    table = file_of(bureau, "bad.csv", SECOND.replace("2026-03-06,放假", "2026-03-06,大概放假"))
    done = imported(bureau, table, "一号")
    assert done.code == 3
    assert "bad.csv:3: " in done.err


def test_the_calendar_must_be_there(bureau: Bureau) -> None:
    done = imported(bureau, file_of(bureau, "first.txt", FIRST), "一号", "--calendar nowhere")
    assert done.code == 2


def test_a_proposal_on_a_calendar_that_changed_meanwhile_is_refused(bureau: Bureau) -> None:
    first = proposed(bureau, file_of(bureau, "first.txt", FIRST), "一号")
    second = proposed(bureau, file_of(bureau, "second.csv", SECOND), "二号")
    bureau.approve(first, "wang")
    bureau.world.scan()
    bureau.world.close()
    with pytest.raises(ConfigurationError, match="was changed since"):
        bureau.approve(second, "wang")


def test_an_own_calendar_that_is_broken_stops_and_says_where(bureau: Bureau) -> None:
    own = bureau.world.folder / "calendars"
    own.mkdir()
    (own / "town.yaml").write_text("id: town\nzone: [\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"town\.yaml:\d+:\d+"):
        bureau.world.scan()


def test_a_number_that_no_file_may_hold_is_refused_before_it_is_proposed(bureau: Bureau) -> None:
    path = file_of(bureau, "first.txt", FIRST)
    done = imported(bureau, path, "'X\x1b[31m1'", "--propose --reason 国办通知")
    assert done.code in (2, 3)
    assert "U+001B" in done.err
    assert "Traceback" not in done.err
    assert bureau.world.rows("SELECT * FROM change_proposal") == []
