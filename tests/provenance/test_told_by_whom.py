"""The pages of a case say of everything who said it and when, and what no longer stands."""

import hashlib
import json

import pytest

from cli.documents import show_case
from cli.explain_view import page, show
from efficiency_monitor.cards import explain
from efficiency_monitor.i18n.messages import set_language
from efficiency_monitor.intake.model.statements import EventFacts
from tests.feeds.conftest import case
from tests.provenance.conftest import Halls, event
from tests.provenance.test_whose_case import LATE_A, NO
from tests.terminal.samples import printed


@pytest.fixture
def told(halls: Halls) -> Halls:
    """A case of srca: late, corrected after its limit by its source, decided by hand of it."""
    halls.tell("srca", *LATE_A)
    halls.world.now += 20 * 86_400
    halls.tell(
        "srca",
        [case(NO, department="一科", handler="张示例", promised_limit="5 working_days")],
        [event(NO, "accepted", "2026-03-02 09:45:00", "2")],
    )
    halls.by_hand([event(NO, "decided", "2026-03-03 11:00:00", "3")], source="srca", person="wang")
    return halls


def test_every_event_says_where_it_comes_from(told: Halls) -> None:
    document = explain.explain(told.world.context, NO, as_of=told.world.now)
    assert document["owner"] == "srca"
    by_type = {each["type"]: each for each in document["events"]}
    path = told.world.folder / "hand-005.csv"
    decided = by_type["decided"]
    assert (decided["source"], decided["file"], decided["by"]) == ("srca", path.name, "wang")
    assert decided["file_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert decided["received_at"] == "2026-03-22T12:00:00+08:00"
    assert decided["after_limits"] == ["CASE promised", "CASE statutory"]
    (run,) = told.world.rows("SELECT id FROM import_run WHERE person = 'wang'")
    assert decided["import"] == run["id"]
    submitted = by_type["submitted"]
    assert (submitted["file"], submitted["after_limits"]) == ("002.csv", [])
    assert submitted["by"] == told.world.context.os_user


def test_withdrawn_events_and_former_fields_are_listed(told: Halls) -> None:
    document = explain.explain(told.world.context, NO, as_of=told.world.now)
    (gone,) = document["withdrawn_events"]
    assert (gone["type"], gone["occurred_at"]) == ("accepted", "2026-03-02T09:30:00+08:00")
    assert gone["withdrawn_at"] == "2026-03-22T12:00:00+08:00"
    first, second = document["versions"]
    assert {each["field"] for each in first["changed"]} >= {"promised_limit", "handler"}
    assert second["changed"] == [
        {"field": "promised_limit", "before": "3 working_days", "after": "5 working_days"}
    ]
    assert second["source"] == "srca"
    early = explain.explain(
        told.world.context, NO, as_of=told.world.now, known_by=told.world.now - 86_400
    )
    assert (early["withdrawn_events"], len(early["versions"])) == ([], 1)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pages_say_so_in_eighty_columns(told: Halls, language: str) -> None:
    document = explain.explain(told.world.context, NO, as_of=told.world.now)
    document = json.loads(json.dumps(document))
    set_language(language)
    try:
        text = "".join(page(document, width=80, colour=False))
        printed_page = printed(lambda: show(document), width=80, NO_COLOR="1")[0]
        fields = {"department": "一科"}
        shown = printed(
            lambda: show_case(fields, document, None, name=str, zone="Asia/Shanghai"), width=80
        )[0]
    finally:
        set_language("zh")
    for found in (text, printed_page, shown):
        for word in ("srca", "2026-03-22 12:00", "hand-005.csv", "5 "):
            assert word in found, word
    wanted = {
        "zh": ("事件的来历", "已撤回的事件", "登记内容的变更", "承诺时限"),
        "en": ("Who said so", "Withdrawn events", "What was changed of the case", "promised"),
    }
    for word in wanted[language]:
        assert word in text, word
    for line in text.splitlines():
        assert sum(2 if ord(sign) > 0x2E80 else 1 for sign in line) <= 80, line


def test_the_key_of_an_event_is_not_its_sources() -> None:
    """Told by another source, after a hand-over, the same fact is the same event."""
    one = EventFacts(case_no="A", type="accepted", occurred_at=0, wall="Asia/Shanghai occurred_at")
    other = EventFacts(case_no="A", type="accepted", occurred_at=0)
    assert one.key == other.key
