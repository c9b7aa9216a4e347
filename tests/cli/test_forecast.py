"""What falls due soon: on which scan it rests, what is overdue, what is provisional."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from efficiency_monitor.app import now

from .command import effmon
from .places import change, write_calendar, write_events, write_rows

Own = Callable[[Path], Path]
FORMS = ((), ("-o", "table"), ("-o", "json"), ("-o", "csv"))


@pytest.mark.parametrize("form", FORMS, ids=" ".join)
def test_before_the_first_finished_scan_nothing_is_foretold(
    unscanned: Path, form: tuple[str, ...]
) -> None:
    ran = effmon("-C", unscanned, "forecast", *form)
    assert (ran.code, ran.out) == (3, "")
    fault, hint = ran.err.splitlines()
    assert "no scan has finished" in fault
    assert "effmon scan" in hint
    chinese = effmon("-C", unscanned, "forecast", *form, EFFMON_LANG="zh")
    assert chinese.code == 3
    assert "尚未完成过巡检" in chinese.err


def test_the_scan_that_it_rests_on_is_named_with_its_age(office: Path) -> None:
    asked = ("ledger", "list", "--type", "scan.done", "-o", "json")
    (done,) = effmon("-C", office, *asked).well().json
    ran = effmon("-C", office, "forecast", "--days", "366").well()
    said = re.escape(done["run"])
    assert re.search(rf"rests on scan {said} as of \d{{4}}-\d\d-\d\d .* \(0 h ago\)", ran.err)
    chinese = effmon("-C", office, "forecast", EFFMON_LANG="zh").well()
    assert re.search(rf"依据巡检 {said}，截至 .*（0 小时前）", chinese.err)


def soon(own: Own, empty: Path) -> Path:
    """A case that is due soon, on days whose notice is not published."""
    workspace = own(empty)
    today = datetime.fromtimestamp(now(), UTC).date()
    provisional = {
        "number": "none yet",
        "source": "none",
        "status": "provisional",
        "covers": {"from": str(today + timedelta(1)), "to": str(today + timedelta(60))},
    }
    write_calendar(workspace / "rules" / "calendars" / "decades.yaml", notices={"p": provisional})
    columns = "case_no item_kind promised_limit statutory_limit"
    cases = write_rows(
        workspace / "cases.csv",
        columns,
        [("B-DAYS", "promised", "9 working_days", "10 working_days")],
    )
    events = write_events(
        workspace / "events.csv", [("B-DAYS", "accepted", f"{today} 00:00:01", "", "")]
    )
    effmon("-C", workspace, "import", cases, events).well()
    effmon("-C", workspace, "scan").well()
    return workspace


def test_what_rests_on_a_provisional_date_is_marked(own: Own, empty: Path) -> None:
    workspace = soon(own, empty)
    ran = effmon("-C", workspace, "forecast", "--days", "40", "-o", "json").well()
    (row,) = ran.json
    assert (row["case_no"], row["provisional"], row["overdue"]) == ("B-DAYS", True, False)
    assert "provisional" in effmon("-C", workspace, "forecast", "--days", "40").well().out
    chinese = effmon("-C", workspace, "forecast", "--days", "40", EFFMON_LANG="zh").well()
    assert "暂定" in chinese.out


def test_what_is_overdue_is_marked(own: Own, office: Path) -> None:
    """The scan is older than the instant: nobody has looked since."""
    workspace = own(office)
    effmon("-C", workspace, "forecast", "--days", "1").well()

    change(workspace, "UPDATE clock SET next_at = 1700000000 WHERE next_level IS NOT NULL")
    rows = effmon("-C", workspace, "forecast", "-o", "json").well().json
    assert rows
    assert all(row["overdue"] is True and row["provisional"] is False for row in rows)
    assert "overdue" in effmon("-C", workspace, "forecast").well().out
    assert "已逾期" in effmon("-C", workspace, "forecast", EFFMON_LANG="zh").well().out


@pytest.mark.parametrize(
    ("limit", "more", "provisional"),
    [
        ("2 working_days", (), False),  # Tuesday and Wednesday, both official
        ("3 working_days", (), True),  # Thursday is provisional
        ("90 calendar_hours", (), False),  # asks no date's status
        ("4 calendar_days", (), False),
        ("4 calendar_days", ("--roll", "next_working_day"), True),
        ("4 calendar_days", ("--ends", "close"), True),
        ("2 working_days", ("--pause", "2024-03-06 10:00/2024-03-07 10:00"), True),
    ],
)
def test_a_due_date_that_rests_on_a_provisional_date_is_marked(
    tmp_path: Path, limit: str, more: tuple[str, ...], provisional: bool
) -> None:
    notices = {
        "p": {
            "number": "none yet",
            "source": "none",
            "status": "provisional",
            "covers": {"from": "2024-03-07", "to": "2024-12-31"},
        }
    }
    calendar = write_calendar(tmp_path / "soon.yaml", notices=notices)
    asked = ("calendar", "due", "2024-03-04 10:00", limit, "--calendar", calendar, *more)
    assert effmon(*asked, "-o", "json").well().json["provisional"] is provisional
    english = effmon(*asked).well().out
    assert ("yes" in english) is provisional
    assert "Provisional" in english
    chinese = effmon(*asked, EFFMON_LANG="zh").well().out
    assert "暂定" in chinese
    assert ("是" in chinese) is provisional


def test_a_limit_of_conduct_reads_as_other_limits_in_csv() -> None:
    from efficiency_monitor.documents.columns import machine_text

    limit = {"sign": ">=", "value": "1", "unit": "events"}
    assert machine_text(limit) == ">= 1 events"
    assert machine_text({**limit, "unit": ""}) == ">= 1"
