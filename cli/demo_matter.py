"""What follows a red card, in the demonstration: commands as people type them, on its clock."""

import sys
from collections.abc import Callable
from pathlib import Path
from shlex import quote, split
from typing import TYPE_CHECKING

from efficiency_monitor.i18n.messages import t

from .demo_stage import Clock, head, line
from .state import State

if TYPE_CHECKING:
    from efficiency_monitor.workspace.context import Context

#: The command line itself: called with arguments, as a shell would.
Program = Callable[..., object]
#: Cases whose red cards are answered, put under an order and appealed against.
_ANSWERED, _SILENT, _APPEALED = "SYN-2026-0045", "SYN-2026-0046", "SYN-2026-0053"
#: Heads of the three offices, and two supervisors who hold keys.
_HEAD_1, _HEAD_2, _HEAD_3 = "SYN-P06", "SYN-P07", "SYN-P08"
_FIRST, _SECOND = "SYN-P12", "SYN-P13"


def show_matters(context: "Context", clock: Clock, typed: "Typist") -> None:
    """Answer a card, let another climb its ladder, have a third one lifted by an appeal."""
    _answer(context, typed)
    _climb(context, typed, clock)
    _appeal(context, typed, clock)
    head(t("12. accountability: who held it, whose overrun"))
    typed(f"accountability show {red_card(context, _ANSWERED)}")


class Typist:
    """Types commands into the workspace, and shows each as it is typed."""

    def __init__(self, folder: Path, clock: Clock, program: Program) -> None:
        self._folder = folder
        self._clock = clock
        self._program = program

    def __call__(self, command: str, *, into: Path | None = None) -> None:
        """Run a command; `into` is a file that takes its output."""
        line(f"   $ effmon {command}" + ("" if into is None else f" > {into.name}"))
        arguments = ["-C", str(self._folder), *split(command)]
        stdout = sys.stdout
        try:
            if into is not None:
                sys.stdout = into.open("w", encoding="utf-8")
            state = State(clock=self._clock)
            self._program(arguments, "effmon", standalone_mode=False, obj=state)
        finally:
            if into is not None:
                sys.stdout.close()
                sys.stdout = stdout
        sys.stdout.flush()


def red_card(context: "Context", case_no: str) -> str:
    """Number of the red card of a case that stands."""
    from efficiency_monitor.cards.listing import list_cards
    from efficiency_monitor.cards.store.cards import CardQuery
    from efficiency_monitor.terms import Level

    return str(list_cards(context, CardQuery(level=Level.RED, case_no=case_no))[0]["card_no"])


def _answer(context: "Context", typed: Typist) -> None:
    head(t("9. the department acknowledges and replies"))
    number = red_card(context, _ANSWERED)
    text = t("papers complete, to be decided this week")
    typed(f"--as {_HEAD_1} cards acknowledge {number}")
    typed(f"--as {_HEAD_1} cards reply {number} --text {quote(text)}")


def _climb(context: "Context", typed: Typist, clock: Clock) -> None:
    from efficiency_monitor.followup.orders.views import list_orders

    clock.set("2026-11-25 09:00")
    head(t("10. nobody acknowledges: the ladder climbs, an order is opened"))
    number = red_card(context, _SILENT)
    text = t("say why it is late, and decide it")
    typed("notices deliver")
    typed(f"cards show {number}")
    typed(f"--as {_FIRST} orders open {number} --within '3 working_days' --text {quote(text)}")
    typed("notices deliver")
    clock.set("2026-11-27 15:00")
    order = str(list_orders(context)[0]["order_no"])
    text = t("the handler was spoken to, decided today")
    typed(f"--as {_HEAD_2} orders reply {order} --text {quote(text)}")
    text = t("found so, accepted")
    typed(f"--as {_FIRST} orders close {order} --text {quote(text)} --close-cards")


def _appeal(context: "Context", typed: Typist, clock: Clock) -> None:
    from efficiency_monitor.followup.appeals.views import list_appeals

    clock.set("2026-11-30 10:00")
    head(t("11. an appeal: two supervisors sign with their own keys, the red card is lifted"))
    keys = {person: quote(str(context.folder / f"{person}.key")) for person in (_FIRST, _SECOND)}
    for person, key in keys.items():
        public = context.folder / f"{person}.pub"
        typed(f"people key new --out {key}", into=public)
        typed(f"--as {person} people key enrol {person} @{quote(str(public))}")
    number = red_card(context, _APPEALED)
    text = t("the clock should not have run during the experts' review")
    typed(f"--as {_HEAD_3} appeals file {number} --text {quote(text)}")
    appeal = str(list_appeals(context)[0]["appeal_no"])
    text = t("found to be so")
    for person, key in keys.items():
        decided = f"appeals decide {appeal} --decision lift --text {quote(text)}"
        typed(f"--as {person} --key {key} {decided}")
    typed("notices deliver")
    typed(f"cards list --case {_APPEALED} --state all")
    typed(f"accountability list --case {_APPEALED} --all")
