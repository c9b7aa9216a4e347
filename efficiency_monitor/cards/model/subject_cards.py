"""Deciding on cards of tallies: as on a case's, but known by a subject and a window."""

from collections.abc import Sequence
from dataclasses import replace

from ...engine.tally import Tallied
from .decide import Card, Decided, decide_ground


def decide_tallied(
    subject: str,
    found: Tallied,
    known: Sequence[Card],
    *,
    calendar_version: str,
    watch_from: int | None,
) -> list[Decided[Tallied]]:
    """What follows from a tally for a subject's cards of this rule and window, in order.

    `subject` is as cards have it. A calendar that was amended lifts only where it counts anything.
    """
    tally = found.bound.rule.tally
    assert tally is not None
    if not tally.counts_time:
        known = [replace(card, calendar_version=calendar_version) for card in known]
    return list(decide_ground(subject, found, known, calendar_version, watch_from))
