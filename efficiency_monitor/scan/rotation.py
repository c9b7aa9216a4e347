"""The rotation 轮查: each real night a share of all open cases is judged anew and compared.

A scan looks at what is due or has changed, and believes what it wrote before. Whoever takes a clock
away and its traces with it, or a card, is not seen by that; here no case is believed for longer
than some nights. A share of the older imports is read whole in the same nights (docs/contract.md
5).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from ..cards.late_evidence import Weighed
from ..cards.model.decide import RuleChanged
from ..intake.store import cases
from ..ledger.model.entries import EntryType
from ..ledger.store import ledger
from ..time.instants import rfc3339
from ..workspace.context import Context

#: What a case's clocks and outcome are: what time alone does not move.
Stood = tuple[str | None, frozenset[tuple[Any, ...]]]


@dataclass(slots=True)
class Rotation:
    """The share of one night."""

    slot: int
    #: Which share it is, from 0, of how many.
    part: int
    parts: int
    #: How often the clock was repaired before: a slot that is run again is another one.
    turn: int = 0
    #: Cases that nothing else had waked and that were judged anew.
    cases: int = 0
    imports: int = 0
    #: Numbers of cases of which something else stood than follows from what is known.
    differ: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """For reports and the ledger."""
        return {
            "part": self.part + 1,
            "of": self.parts,
            "cases": self.cases,
            "imports": self.imports,
            "differ": self.differ,
        }


def begin(context: Context, connection: Connection, slot: int) -> Rotation:
    """The share of a night: the one after the newest share that the ledger knows of."""
    parts = context.settings.jobs.scan.rotation_nights
    newest = ledger.newest(connection, 1, EntryType.ROTATION_DONE)
    part = int(json.loads(newest[0])["part"]) % parts if newest else 0
    turn = len(ledger.recorded_under(connection, f"{EntryType.CLOCK_REPAIRED}/"))
    found = Rotation(slot, part, parts, turn)
    # Of a night that was broken off and is gone on with.
    found.differ = [
        json.loads(body)["case"]
        for body in ledger.recorded_under(connection, _fact(found, "")).values()
    ]
    return found


def share(context: Context, connection: Connection, rotation: Rotation) -> list[int]:
    """Ids of the cases of the share: open ones, and those with a card before closed.

    What `case_file` says is open is not believed either: a case without an event that ends it is.
    """
    types = context.catalogue.vocabulary.types
    ends = [name for name, kind in types.items() if kind.finishes]
    return cases.open_part(connection, rotation.part, rotation.parts, ends)


def differences(
    context: Context,
    connection: Connection,
    rotation: Rotation,
    before: Mapping[int, Stood],
    judged: Sequence[tuple[Weighed, cases.Judged]],
) -> None:
    """Note and enter of which cases something else stood, in the transaction that makes it good.

    `before` are the cases that nothing else had waked, as they stood. Of one whose input is not
    held nothing is compared: that is said by its cause.
    """
    entries = []
    for one, kept in judged:
        stood = before.get(kept.case_id)
        if stood is None:
            continue
        rotation.cases += 1
        what = [] if one.case.record.unheld else _differing(one, kept, stood)
        if what:
            case_no = one.case.record.case_no
            rotation.differ.append(case_no)
            content = {"case": case_no, "what": what, "slot": rfc3339(rotation.slot, "UTC")}
            fact = _fact(rotation, case_no)
            entries.append(context.entry(EntryType.ROTATION_FOUND, fact, content))
    ledger.append(connection, entries)


def _fact(rotation: Rotation, case_no: str) -> str:
    return f"{EntryType.ROTATION_FOUND}/{_slot(rotation)}/{case_no}"


def _slot(rotation: Rotation) -> str:
    return rfc3339(rotation.slot, "UTC") + (f"/{rotation.turn}" if rotation.turn else "")


def _differing(one: Weighed, kept: cases.Judged, stood: Stood) -> list[str]:
    """What differs of a case: `outcome`, `clocks`, `cards`."""
    outcome, clocks = stood
    found = []
    if outcome != kept.outcome:
        found.append("outcome")
    if clocks != frozenset(cases.clock_key(clock) for clock in kept.clocks):
        found.append("clocks")
    if any(not isinstance(decision, RuleChanged) for decision in one.decisions):
        found.append("cards")
    return found


def end(context: Context, connection: Connection, rotation: Rotation) -> None:
    """Enter the share of a night, in the transaction that closes its slot."""
    slot = rfc3339(rotation.slot, "UTC")
    content = {**rotation.as_json(), "differ": len(rotation.differ), "slot": slot}
    fact = f"{EntryType.ROTATION_DONE}/{_slot(rotation)}"
    ledger.append(connection, [context.entry(EntryType.ROTATION_DONE, fact, content)])
