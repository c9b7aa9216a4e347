"""Cards over many scans and answers, in every order that is found to break a law."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from efficiency_monitor.cards.model.decide import (
    Card,
    Decision,
    Issue,
    Lift,
    RuleChanged,
    Supersede,
    revived_by,
    superseded_by,
)
from efficiency_monitor.engine.findings import Trouble
from efficiency_monitor.terms import CardState, Level, LiftReason, Reason

from .made_findings import LIFTED, OPEN, SUPERSEDED, bound, card, decided, episode, findings

#: States of a card that persons may lift.
LIFTABLE = (OPEN, CardState.PENDING, CardState.ACKNOWLEDGED, CardState.REPLIED, SUPERSEDED,
            CardState.CLOSED)  # fmt: skip


class Bureau(RuleBasedStateMachine):
    """Findings come and go, people act on cards; the record stays whole."""

    def __init__(self) -> None:
        super().__init__()
        self.cards: dict[str, Card] = {}
        self.reached: tuple[Level, ...] = ()
        self.version = "v1"
        self.confirm = "automatic"
        self.by_hand: set[Level] = set()

    @rule(confirm=st.sampled_from(["automatic", "manual"]))
    def confirm_by(self, confirm: str) -> None:
        """The rule asks for confirmation, or no longer."""
        self.confirm = confirm

    @rule(
        reached=st.sets(st.sampled_from(list(Level))),
        version=st.sampled_from(["v1", "v2", "v3"]),
        judgeable=st.booleans(),
        watch_from=st.sampled_from([None, 2500, 3500]),
    )
    def scan(
        self, reached: set[Level], version: str, judgeable: bool, watch_from: int | None
    ) -> None:
        """A scan finds these levels reached; a second one right after it finds nothing to do."""
        by = bound(confirm=self.confirm)
        reasons = () if judgeable else (Reason.CALENDAR_PROVISIONAL,)
        troubles = [Trouble("CASE", reason) for reason in reasons]
        found = findings(episode(*reached, by=by, reasons=reasons), troubles=troubles)
        self.apply(decided(found, self.known(), calendar_version=version, watch_from=watch_from))
        self.cards = {
            number: entry
            if entry.state in (LIFTED, CardState.CLOSED)
            else replace(entry, calendar_version=version)
            for number, entry in self.cards.items()
        }
        again = decided(found, self.known(), calendar_version=version, watch_from=watch_from)
        assert again == []
        alive = {entry.level for entry in self.cards.values() if entry.state is not LIFTED}
        assert alive >= reached - self.by_hand
        if judgeable:
            closed = {e.level for e in self.cards.values() if e.state is CardState.CLOSED}
            assert alive - closed <= reached

    def known(self) -> list[Card]:
        """Cards in no particular order."""
        return sorted(self.cards.values(), key=lambda entry: entry.card_no)

    def apply(self, decisions: Sequence[Decision]) -> None:
        """Do to the record what was decided."""
        for entry in decisions:
            if isinstance(entry, Issue):
                earlier = [c for c in self.cards.values() if c.level is entry.level.level]
                assert entry.card_no not in self.cards
                assert entry.issue_no == len(earlier)
                assert all(c.state is LIFTED for c in earlier)
                self.cards[entry.card_no] = card(
                    entry.level.level,
                    entry.state,
                    issue_no=entry.issue_no,
                    state_before=entry.state_before,
                )
                continue
            assert not isinstance(entry, RuleChanged)
            before = self.cards[entry.card_no]
            if isinstance(entry, Lift):
                assert before.state not in (LIFTED, CardState.CLOSED)
                after = replace(before, state=LIFTED, lifted_reason=entry.reason)
            elif isinstance(entry, Supersede):
                assert before.state is entry.state_before
                assert self.cards[entry.by].level > before.level
                after = replace(before, state=SUPERSEDED, state_before=before.state)
            else:
                assert before.state is SUPERSEDED
                after = replace(before, state=entry.state, state_before=None)
            self.cards[entry.card_no] = after

    def standing(self, *states: CardState) -> list[Card]:
        """Cards in one of these states."""
        return [entry for entry in self.known() if entry.state in states]

    @precondition(lambda self: self.standing(OPEN))
    @rule(data=st.data(), to=st.sampled_from([CardState.ACKNOWLEDGED, CardState.REPLIED]))
    def answer(self, data: st.DataObject, to: CardState) -> None:
        """Somebody answers a card."""
        chosen = data.draw(st.sampled_from(self.standing(OPEN)))
        self.cards[chosen.card_no] = replace(chosen, state=to)

    @precondition(lambda self: self.standing(CardState.PENDING))
    @rule(data=st.data())
    def confirm_one(self, data: st.DataObject) -> None:
        """Somebody confirms a card."""
        chosen = data.draw(st.sampled_from(self.standing(CardState.PENDING)))
        self.cards[chosen.card_no] = confirmed = replace(chosen, state=OPEN)
        self.apply(superseded_by(confirmed, self.known()))

    def alive(self) -> set[Level]:
        """Levels of cards that are neither lifted nor closed."""
        return {
            entry.level
            for entry in self.cards.values()
            if entry.state not in (LIFTED, CardState.CLOSED)
        }

    @precondition(lambda self: self.standing(CardState.ACKNOWLEDGED, CardState.REPLIED))
    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        """A card is closed."""
        states = (CardState.ACKNOWLEDGED, CardState.REPLIED)
        chosen = data.draw(st.sampled_from(self.standing(*states)))
        self.cards[chosen.card_no] = replace(chosen, state=CardState.CLOSED)

    @precondition(lambda self: self.standing(*LIFTABLE))
    @rule(data=st.data())
    def lift(self, data: st.DataObject) -> None:
        """An appeal against any card is upheld: what stands again is what a scan would revive."""
        chosen = data.draw(st.sampled_from(self.standing(*LIFTABLE)))
        revived = revived_by(chosen.card_no, self.known())
        self.cards[chosen.card_no] = replace(chosen, state=LIFTED, lifted_reason=LiftReason.APPEAL)
        self.by_hand.add(chosen.level)
        self.apply(revived)
        found = findings(episode(*self.alive(), by=bound(confirm=self.confirm)))
        version = chosen.calendar_version
        assert decided(found, self.known(), calendar_version=version) == []

    @invariant()
    def one_stands(self) -> None:
        """Of the confirmed cards one stands, and nothing above it is superseded."""
        standing = self.standing(OPEN, CardState.ACKNOWLEDGED, CardState.REPLIED)
        assert len(standing) <= 1
        for level in Level:
            alive = [c for c in self.cards.values() if c.level is level and c.state is not LIFTED]
            assert len(alive) <= 1
        if standing:
            assert all(c.level < standing[0].level for c in self.standing(SUPERSEDED)
                       if c.state_before is not CardState.PENDING)  # fmt: skip


TestBureau = Bureau.TestCase
