"""A level that gives way to another card of its case, in both directions, and after a lift."""

from functools import cache
from pathlib import Path

from efficiency_monitor.cards.model.decide import Card, Decision, Issue, Lift, decide
from efficiency_monitor.catalogue.catalogue_files import read_calendars, read_rules, read_vocabulary
from efficiency_monitor.engine.encoding import BoundRule
from efficiency_monitor.engine.evaluation import CompiledCalendar, evaluate
from efficiency_monitor.engine.findings import CaseFindings
from efficiency_monitor.engine.timeline import CaseRecord, Event
from efficiency_monitor.terms import CardState, Level, LiftReason
from efficiency_monitor.time.instants import parse_as_of, parse_instant

RULES = Path(__file__).resolve().parents[2] / "rules"
ZONE = "Asia/Shanghai"


@cache
def rules() -> tuple[BoundRule, ...]:
    """The rule of the stage and that of the promise."""
    loaded = read_rules(RULES, ["national"])
    return tuple(
        BoundRule(one.rule, one.pack, one.digest)
        for one in loaded
        if one.rule.id in ("CN-STAGE", "CN-PROMISE")
    )


@cache
def calendar() -> CompiledCalendar:
    """The national calendar."""
    return CompiledCalendar.of(read_calendars(RULES)["cn"])


def judged(promise: str, stage: str, as_of: str, accepted: str = "03 09:00") -> CaseFindings:
    """A case of August 2026 with one stage that never ends."""

    def event(key: str, at: str, **more: str) -> Event:
        instant = parse_instant(f"2026-08-{at}", ZONE)[0]
        return Event(key=key, occurred_at=instant, **more)  # type: ignore[arg-type]

    record = CaseRecord(
        case_no="A",
        calendar="cn",
        fields={"item_kind": "promised", "promised_limit": promise, "stage_limits": "published"},
        events=(
            event("a", accepted, type="accepted"),
            event("s", "03 10:00", type="stage_started", stage="审核", amount=stage),
        ),
    )
    at = parse_as_of(f"2026-08-{as_of}", ZONE)
    return evaluate([record], rules(), read_vocabulary(RULES), {"cn": calendar()}, at)[0]


def decided(found: CaseFindings, *cards: Card) -> list[Decision]:
    ids = frozenset(bound.rule.id for bound in rules())
    return decide(found, cards, rule_ids=ids, calendar_version="v", watch_from=None)


def issued(decisions: list[Decision]) -> list[tuple[str, str]]:
    """Rule and level of the cards that are to be issued, warnings aside."""
    return sorted(
        (one.ground.bound.rule.id, one.level.level.word)
        for one in decisions
        if isinstance(one, Issue) and one.level.level > Level.WARNING
    )


def card(
    found: CaseFindings, rule: str, state: CardState, reason: LiftReason | None = None
) -> Card:
    """The yellow card that a scan had given."""
    ground = next(one for one in found.grounds if one.bound.rule.id == rule)
    return Card(
        card_no=f"Y-{rule}",
        rule_id=rule,
        rule_digest=ground.bound.digest,
        episode=ground.key,
        level=Level.YELLOW,
        issue_no=0,
        state=state,
        state_before=None,
        calendar_version="v",
        lifted_reason=reason,
    )


def test_a_stage_of_a_late_case_is_given_no_card() -> None:
    found = judged("3 working_days", "5 working_days", "20")
    assert issued(decided(found)) == [("CN-PROMISE", "yellow")]


def test_what_was_given_before_the_case_was_late_stays() -> None:
    before = judged("9 working_days", "3 working_days", "10")
    assert issued(decided(before)) == [("CN-STAGE", "yellow")]
    after = judged("9 working_days", "3 working_days", "20")
    stage = card(after, "CN-STAGE", CardState.OPEN)
    decisions = decided(after, stage)
    assert issued(decisions) == [("CN-PROMISE", "yellow")]
    assert not any(isinstance(one, Lift) for one in decisions)


def test_one_scan_gives_what_many_give() -> None:
    found = judged("9 working_days", "3 working_days", "20")
    assert issued(decided(found)) == [("CN-PROMISE", "yellow"), ("CN-STAGE", "yellow")]


def test_the_card_is_given_when_the_other_one_falls_by_evidence() -> None:
    late = judged("5 working_days", "6 working_days", "12")
    assert issued(decided(late)) == [("CN-PROMISE", "yellow")]
    known = judged("5 working_days", "6 working_days", "12", accepted="06 09:00")
    decisions = decided(known, card(late, "CN-PROMISE", CardState.OPEN))
    assert issued(decisions) == [("CN-STAGE", "yellow")]
    assert [one.card_no for one in decisions if isinstance(one, Lift)] == ["Y-CN-PROMISE"]


def test_the_card_is_given_when_persons_have_lifted_the_other_one() -> None:
    found = judged("3 working_days", "5 working_days", "20")
    lifted = card(found, "CN-PROMISE", CardState.LIFTED, LiftReason.APPEAL)
    assert issued(decided(found, lifted)) == [("CN-STAGE", "yellow")]


def test_a_closed_card_still_stands_in_the_way() -> None:
    found = judged("3 working_days", "5 working_days", "20")
    assert issued(decided(found, card(found, "CN-PROMISE", CardState.CLOSED))) == []
