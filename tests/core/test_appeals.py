"""What a decision on an appeal leads to, against a table that was written by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efficiency_monitor.followup.appeals.model import (
    Part,
    Signature,
    Step,
    agreed,
    appeal_number,
    barred,
    may_lift,
    state_after,
    step,
)
from efficiency_monitor.terms import AppealState, CardState, Level, LiftReason

APPEAL = "appeal"
#: level, who signed to lift before, what the next person (`li`) decides → what it leads to.
TABLE = [
    (Level.WARNING, [], "lift", Step.UPHELD),
    (Level.YELLOW, [], "lift", Step.UPHELD),
    (Level.RED, [], "lift", Step.SIGNED),
    (Level.RED, ["wang"], "lift", Step.UPHELD),
    (Level.RED, ["li"], "lift", Step.SIGNED),
    (Level.WARNING, [], "return", Step.RETURNED),
    (Level.YELLOW, [], "return", Step.RETURNED),
    (Level.RED, [], "return", Step.RETURNED),
    (Level.RED, ["wang"], "return", Step.RETURNED),
    (Level.WARNING, [], "refer", Step.REFERRED),
    (Level.YELLOW, [], "refer", Step.REFERRED),
    (Level.RED, [], "refer", Step.REFERRED),
    (Level.RED, ["wang"], "refer", Step.REFERRED),
]
#: Which reason may lift a card in which state by hand.
BY_HAND = {
    "pending": {"not_confirmed"},
    "open": {"issued_in_error", "exemption"},
    "acknowledged": {"issued_in_error", "exemption"},
    "replied": {"issued_in_error", "exemption"},
    "closed": {"issued_in_error", "exemption"},
    "superseded": {"issued_in_error", "exemption"},
    "lifted": set(),
    "historical": set(),
}


@pytest.mark.parametrize(
    ("level", "before", "decision", "expected"),
    TABLE,
    ids=[f"{level.word}-{'+'.join(before) or 'nobody'}-{way}" for level, before, way, _ in TABLE],
)
def test_what_a_decision_leads_to(
    level: Level, before: list[str], decision: str, expected: Step
) -> None:
    signed = [Signature(person, "lift", APPEAL) for person in before]
    ground = APPEAL if decision == "lift" else None
    assert step(level, signed, Signature("li", decision, ground)) is expected


@pytest.mark.parametrize("state", [AppealState.FILED, AppealState.REFERRED], ids=str)
def test_a_signature_alone_leaves_the_appeal_where_it_is(state: AppealState) -> None:
    assert state_after(Step.SIGNED, state) is state
    assert state_after(Step.UPHELD, state) is AppealState.UPHELD
    assert state_after(Step.RETURNED, state) is AppealState.RETURNED
    assert state_after(Step.REFERRED, state) is AppealState.REFERRED


@given(
    st.lists(
        st.builds(
            Signature,
            st.sampled_from(["wang", "li", "sun"]),
            st.sampled_from(["lift", "return", "refer"]),
            st.sampled_from(["appeal", "exemption", None]),
        ),
        max_size=6,
    )
)
def test_two_persons_for_the_same_ground(signatures: list[Signature]) -> None:
    for level, needed in ((Level.WARNING, 1), (Level.YELLOW, 1), (Level.RED, 2)):
        for ground in ("appeal", "exemption"):
            persons = []
            for each in signatures:
                same = each.decision == "lift" and each.ground == ground
                if same and each.person_id not in persons:
                    persons.append(each.person_id)
            assert agreed(level, signatures, ground) == (len(persons) >= needed)


@pytest.mark.parametrize("state", list(CardState), ids=str)
@pytest.mark.parametrize("reason", list(LiftReason), ids=str)
def test_which_reason_lifts_a_card_by_hand(state: CardState, reason: LiftReason) -> None:
    assert may_lift(state, reason) == (str(reason) in BY_HAND[str(state)])


def test_whoever_took_part_withdraws() -> None:
    found = barred(
        Part(
            issuer="wang",
            confirmers=["li"],
            named=["zhang", ""],
            appellant="zhang",
            referrers=["sun"],
            signers=["zhao", "li"],
        )
    )
    assert {person: str(bar) for person, bar in found.items()} == {
        "wang": "issued",
        "li": "confirmed",
        "zhang": "named",
        "sun": "referred",
        "zhao": "signed",
    }
    assert barred(Part()) == {}


def test_a_number_is_of_a_card_and_a_count() -> None:
    numbers = {appeal_number(card, n) for card in ("R-AAA", "R-AAB") for n in range(3)}
    assert len(numbers) == 6
    assert all(number.startswith("A-") and len(number) == 14 for number in numbers)
    assert appeal_number("R-AAA", 0) == appeal_number("R-AAA", 0)
