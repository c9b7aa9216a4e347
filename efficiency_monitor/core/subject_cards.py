"""Deciding on cards of tallies: as on a case's, but known by a subject and a window."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from .cards import Card, Decision, decide_ground
from .findings import Ground
from .tally import Tallied


def decide_tallied(
    subject: str,
    found: Tallied,
    known: Sequence[Card],
    *,
    calendar_version: str,
    watch_from: int | None,
) -> list[Decision]:
    """What follows from a tally for a subject's cards of this rule and window, in order.

    `subject` is as cards have it. A calendar that was amended lifts only where it counts anything.
    """
    tally = found.bound.rule.tally
    assert tally is not None
    if tally.open_for is None and tally.unanswered_for is None:
        known = [replace(card, calendar_version=calendar_version) for card in known]
    # It has what deciding asks of a ground: rule, key, levels, reasons; nothing stops it.
    ground = cast(Ground, found)
    return list(decide_ground(subject, ground, known, calendar_version, watch_from))
