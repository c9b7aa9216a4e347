"""Drawn histories of a town with a tally of every form: no scan leaves anything to a preview.

A scan judges what was touched, from what the store selects; a preview judges every window, from
what it has judged itself. Whatever came late and was not seen to bear on a window stands between.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from efficiency_monitor.faults import EffmonError
from efficiency_monitor.followup.appeals import actions as appeals
from efficiency_monitor.followup.appeals.model import Decision
from efficiency_monitor.followup.orders import actions as orders
from tests.stories.world import town as calendar

from .test_tally_is_oracle import FORMS
from .town import Town, left_over, rule_text

pytestmark = pytest.mark.full

BEGIN = datetime(2026, 1, 6)
EVENTS = (
    "submitted",
    "accepted",
    "suspended",
    "resumed",
    "decided",
    "refused",
    "returned",
    "delivered",
    "complaint_received",
    "complaint_closed",
)
#: What may be changed of a case, and to what.
CHANGES = {
    "department": ("住建局", "公安局"),
    "region": ("R-1", "R-2"),
    "channel": ("window", "online"),
    "handler": ("张经办", "周某某"),
    "item_kind": ("promised", "joint"),
}


class History:
    """A town to which things happen, most of them late."""

    def __init__(self, folder: Path, dice: Random) -> None:
        rules = {
            f"XX-{n:02}": rule_text(f"XX-{n:02}", tally, cards, in_force={"from": "2026-02-01"})
            for n, (tally, cards) in enumerate(FORMS.values())
        }
        self.it = Town(folder / "ws", rules, at="2026-01-05 12:00")
        self.dice = dice
        self.now = datetime(2026, 2, 5, 9)
        self.numbers: list[str] = []

    def some_time(self) -> str:
        back = timedelta(days=self.dice.choice((0, 1, 3, 10, 40)), hours=self.dice.randint(0, 20))
        return f"{max(self.now - back, BEGIN):%Y-%m-%d %H:%M}"

    def begins(self) -> None:
        number = f"C{len(self.numbers)}"
        self.numbers.append(number)
        drawn = {name: self.dice.choice(values) for name, values in CHANGES.items()}
        watch = self.dice.choice(("", "manual"))
        self.it.cases(number, **drawn, watch=watch, statutory_limit="5 working_days")
        self.it.happens("accepted", self.some_time(), number, source_key=f"{number}-0")

    def goes_on(self) -> None:
        number, at = self.dice.choice(self.numbers), self.some_time()
        self.it.happens(
            self.dice.choice(EVENTS),
            at,
            number,
            recorded_at=self.dice.choice((at, self.some_time())),
            reason=self.dice.choice(("甲", "乙")),
            source_key=f"{number}-{self.dice.randint(0, 5)}",
        )

    def is_another(self) -> None:
        name = self.dice.choice(sorted(CHANGES))
        self.it.cases(self.dice.choice(self.numbers), **{name: self.dice.choice(CHANGES[name])})

    def is_refused(self) -> None:
        self.it.happens("decided", "no time", self.dice.choice(self.numbers))

    def is_answered(self) -> None:
        self.it.world.deliver()
        self.it.world.answer("replied", self._card("open"), "li", "已整改")

    def is_confirmed(self) -> None:
        self.it.world.answer("confirmed", self._card("pending"), "wang")

    def is_lifted(self) -> None:
        filed = appeals.file(self.it.world.acting("zhang"), self._card("open"), "材料迟交")
        appeals.decide(self.it.world.acting("wang"), filed.appeal_no, Decision.LIFT, "属实")

    def is_ordered(self) -> None:
        orders.open_order(self.it.world.acting("wang"), [self._card("open")], text="请整改")

    def is_amended(self) -> None:
        days = {f"2026-{self.dice.randint(2, 6):02}-{self.dice.randint(1, 28):02}" for _ in "abcd"}
        self.it.world.calendar("town", calendar(days_off=sorted(days)))

    def _card(self, state: str) -> str:
        found = self.it.world.tuples("SELECT card_no FROM card WHERE state = ? ORDER BY 1", state)
        return str(self.dice.choice(found)[0]) if found else "none"

    def passes(self) -> None:
        """Some days, some things, a scan."""
        self.now += timedelta(days=self.dice.choice((0, 1, 3, 10, 25, 40)), hours=1)
        self.it.at(f"{self.now:%Y-%m-%d %H:%M}")
        acts: list[Callable[[], None]] = [self.begins, self.begins]
        if self.numbers:
            acts += [self.goes_on] * 3 + [self.is_another, self.is_refused, self.is_amended]
            acts += [self.is_answered, self.is_confirmed, self.is_lifted, self.is_ordered]
        for _ in range(self.dice.randint(1, 6)):
            try:
                self.dice.choice(acts)()
            except EffmonError:
                continue  # who may not do it, or of a card that is none
        self.it.scan()


@pytest.mark.parametrize("seed", range(8))
def test_a_scan_leaves_nothing_to_a_preview(tmp_path: Path, seed: int) -> None:
    history = History(tmp_path, Random(seed))
    for step in range(8):
        history.passes()
        assert left_over(history.it) == ([], 0), f"step {step}, {history.now}"
    assert history.it.tallies(), "no tally ever gave a card: the dice are bad"
    assert history.it.world.sound()
