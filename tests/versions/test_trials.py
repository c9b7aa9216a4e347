"""A rule on trial: every scan says what it would give, and no card, notice or clock comes of it."""

import json

import pytest

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.ops.doctor.doctor import examine
from efficiency_monitor.scan import trials
from tests.matters.stage import run

from .bureau import Bureau

pytestmark = pytest.mark.both_engines


def on_trial(bureau: Bureau, until: str | None = None) -> None:
    """A twin of the rule CASE, on trial."""
    text = (bureau.rules / "CASE.yaml").read_text("utf-8")
    text = text.replace("id: CASE", "id: TRIED").replace("status: stable", "status: trial")
    text = text.replace("at: statutory}", "at: promised + 1 working_days}")
    if until is not None:
        text += f"trial: {{until: {until}}}\n"
    (bureau.rules / "TRIED.yaml").write_text(text, encoding="utf-8")
    bureau.world.close()


def test_it_reports_and_gives_no_card(bureau: Bureau) -> None:
    on_trial(bureau)
    bureau.late_case()
    bureau.at("2026-03-06 09:00")
    report = bureau.world.scan()
    bureau.world.deliver()
    assert bureau.levels() == ["CASE 2"]
    assert report.trial == {"TRIED": {"warning": 1, "yellow": 1, "red": 0}}
    (done,) = bureau.recorded("scan.done")
    assert done["trial"] == report.trial
    assert not bureau.world.rows("SELECT * FROM clock WHERE rule_id = 'TRIED'")
    assert all("TRIED" not in json.dumps(m) for m in bureau.world.messages())


def test_time_alone_adds_to_it(bureau: Bureau) -> None:
    """Its levels wake a case that no other clock wakes; however many scans, counted once."""
    on_trial(bureau)
    bureau.edit("CASE.yaml", lambda text: text.replace("status: stable", "status: preview"))
    bureau.late_case()
    for at in ("2026-03-06 09:00", "2026-03-06 10:00", "2026-03-07 09:00", "2026-03-09 09:00"):
        bureau.at(at)
        report = bureau.world.scan()
    assert report.trial == {"TRIED": {"warning": 1, "yellow": 1, "red": 1}}
    rows = trials.listed(bureau.world.context, "tried")
    assert [row["level"] for row in rows] == ["warning", "yellow", "red"]
    assert rows[1]["fell_due_at"] == "2026-03-05T23:59:59+08:00"


def test_a_finished_case_does_not_stay_open_for_it(bureau: Bureau) -> None:
    on_trial(bureau)
    bureau.late_case()
    bureau.world.receive(
        "events", [{"case_no": "A", "event": "decided", "occurred_at": "2026-03-03 10:00"}]
    )
    bureau.at("2026-03-04 09:00")
    report = bureau.world.scan()
    assert report.trial == {"TRIED": {"warning": 0, "yellow": 0, "red": 0}}
    assert bureau.world.tuples("SELECT open FROM case_file") == [(0,)]


def test_its_clock_goes_on_in_a_case_that_is_closed(bureau: Bureau) -> None:
    """Whether a case is open is for the rules that give cards to say."""
    on_trial(bureau)
    bureau.edit("TRIED.yaml", lambda text: text.replace("[decided, refused]", "delivered"))
    bureau.late_case()
    bureau.world.receive(
        "events", [{"case_no": "A", "event": "decided", "occurred_at": "2026-03-03 10:00"}]
    )
    bureau.at("2026-03-04 09:00")
    bureau.world.scan()
    assert bureau.world.tuples("SELECT open FROM case_file") == [(0,)]
    bureau.at("2026-03-06 09:00")
    assert bureau.world.scan().trial["TRIED"]["yellow"] == 1


def test_what_fell_due_before_the_watch_is_not_counted(bureau: Bureau) -> None:
    on_trial(bureau)
    file = bureau.world.folder / "effmon.toml"
    text = file.read_text("utf-8").replace("[workspace]", '[workspace]\nwatch_from = "2026-03-06"')
    bureau.late_case()
    bureau.at("2026-03-07 09:00")
    # One of the future would be refused.
    file.write_text(text, encoding="utf-8")
    bureau.world.close()
    assert bureau.world.scan().trial == {"TRIED": {"warning": 0, "yellow": 0, "red": 1}}


def test_a_preview_says_the_same(bureau: Bureau) -> None:
    on_trial(bureau)
    bureau.late_case()
    bureau.at("2026-03-06 09:00")
    done = run(bureau.world, "scan --dry-run -o json")
    assert json.loads(done.out)["trial"] == {"TRIED": {"warning": 1, "yellow": 1, "red": 0}}
    assert not bureau.world.rows("SELECT * FROM trial_finding")


def test_what_it_gave_is_forgotten_when_the_trial_is_over(bureau: Bureau) -> None:
    on_trial(bureau)
    bureau.late_case()
    bureau.at("2026-03-06 09:00")
    bureau.world.scan()
    bureau.edit("TRIED.yaml", lambda text: text.replace("status: trial", "status: stable"))
    bureau.world.now += 60
    report = bureau.world.scan()
    assert report.trial == {}
    assert bureau.levels() == ["CASE 2", "TRIED 2"]
    assert not bureau.world.rows("SELECT * FROM trial_finding")
    with pytest.raises(ConfigurationError, match="not on trial"):
        trials.listed(bureau.world.context, "TRIED")


def test_its_text_may_change_under_one_number(bureau: Bureau) -> None:
    on_trial(bureau)
    bureau.late_case()
    bureau.at("2026-03-06 09:00")
    bureau.world.scan()
    bureau.edit(
        "TRIED.yaml",
        lambda text: text.replace("at: promised}", "at: promised + 1 working_days}").replace(
            "promised + 1 working_days}", "promised + 2 working_days}", 1
        ),
    )
    bureau.world.now += 60
    assert bureau.world.scan().trial["TRIED"]["yellow"] == 0


@pytest.mark.parametrize(
    ("until", "status"), [(None, "look"), ("2026-03-01", "look"), ("2026-12-31", "ok")]
)
def test_the_doctor_asks_for_an_end(bureau: Bureau, until: str | None, status: str) -> None:
    on_trial(bureau, until)
    bureau.at("2026-03-06 09:00")
    found = {row["check"]: row["status"] for row in examine(bureau.world.context, quick=True)}
    assert found["trial TRIED"] == status


def test_only_a_rule_on_trial_has_an_end_of_it(bureau: Bureau) -> None:
    on_trial(bureau, "2026-12-31")
    bureau.edit("TRIED.yaml", lambda text: text.replace("status: trial", "status: stable"))
    done = run(bureau.world, "rules check")
    assert done.code == 3
    assert "TRIED.yaml" in done.err
