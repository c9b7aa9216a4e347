"""Tallies in a scan: after the cases, every window that can say something else than it did.

A window is judged outside the lock; where anything follows it is judged again inside the
transaction that writes it, so that two processes give one card. What was touched is forgotten at
the end: whoever is killed before that leaves it to the next scan.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from ...cards.model.decide import Card, Decided, Lift
from ...cards.model.subject_cards import decide_tallied
from ...cards.store import cards
from ...catalogue import rule_equivalence as alike
from ...engine.encoding import BoundRule
from ...engine.tally import Tallied, judge
from ...engine.tally_trial import DueBy, binds
from ...intake import feeds
from ...intake.model.statements import digest
from ...rules.tallies import Tally
from ...terms import CardState, Level, Reason
from ...time.instants import parse_instant
from ...time.windows import Window, window_at, windows
from ...workspace.context import Context, Writing, compact_json, meta, set_meta
from ..scan_report import ScanReport
from ..store import runs
from ..store.tally_states import STATE
from . import store
from .tally_cards import SubjectWriter
from .tally_quarantine import waiting
from .tally_subjects import Subjects, have_key
from .tally_world import compared_windows, world_of

Slot = runs.Claim | runs.Helper | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looked:
    """What is said of a subject, what cards call it, and what follows for its cards."""

    found: Tallied
    subject: str
    decisions: list[Decided[Tallied]]
    #: Cards that stand under another version of the calendar than the one that they were given by.
    stand: list[str]


@dataclass(frozen=True, slots=True)
class _Touched:
    """What was touched, and since when and until when (None: now)."""

    what: str
    since: int
    until: int | None


@dataclass(frozen=True, slots=True)
class Scanning:
    """What one scan judges tallies by."""

    context: Context
    as_of: int
    report: ScanReport
    writing: Writing
    slot: Slot
    watch_from: int | None


def run(scanning: Scanning) -> None:
    """Judge the tallies of a scan and write what follows: a transaction each rule and window."""
    context = scanning.context
    with context.store.reading() as connection:
        rows = store.touches(connection)
        facts = meta(connection)
        known = store.known_from(connection) if context.catalogue.tallies else None
        judged_by = [
            _judged_by(context, connection, each, known) for each in context.catalogue.tallies
        ]
    touched = [_Touched(row.what, row.since, row.until) for row in rows]
    if not context.catalogue.tallies and not rows:
        return
    # A rule that is not there now is judged as a new one if it comes back: it misses touches.
    states = {
        name: "{}" for name, value in facts.items() if name.startswith(STATE) and value != "{}"
    }
    left = False
    for bound, by in zip(context.catalogue.tallies, judged_by, strict=True):
        name = f"{STATE}{bound.rule.id}:{bound.rule.version}"
        state = _judged(facts.get(name, "{}"), by)
        states.pop(name, None)
        # Where it was judged as of a later instant, to judge it as of an earlier one undoes cards.
        done = state is None or scanning.as_of >= state
        if done:
            for window in windows_to_judge(context, bound, scanning.as_of, state, touched, known):
                done = _judge(scanning, bound, window) and done
        if done:
            states[name] = compact_json({"as_of": scanning.as_of, **by})
        left = left or not done
    with scanning.writing() as connection:
        for name, value in states.items():
            set_meta(connection, name, value)
        if not left:
            store.forget(connection, [row.id for row in rows])


def _judged_by(
    context: Context, connection: Connection, bound: BoundRule, known: int | None
) -> dict[str, str]:
    """What a tally is judged by beside what touches tell of: its text and, where it counts time,
    the calendar's version; where it counts incomplete cases, those with rows in quarantine; where
    it looks back, since when anything is known.
    """
    tally = bound.rule.tally
    assert tally is not None
    by = {"digest": bound.digest}
    if tally.counts_time:
        by["calendar"] = calendar_version(context)
    if tally.compared is not None and tally.compared.with_ != "whole":
        by["known_from"] = str(known)
    if tally.with_ is not None and tally.with_.incomplete:
        by["waiting"] = digest(*sorted(waiting(context, connection)))
    return by


def _judged(noted: str, by: dict[str, str]) -> int | None:
    """As of when a rule was judged last by just that; None where it was not."""
    known = json.loads(noted)
    as_of = known.pop("as_of", None)
    return int(as_of) if known == by else None


def windows_to_judge(
    context: Context,
    bound: BoundRule,
    as_of: int,
    judged: int | None,
    touched: Iterable[_Touched],
    known: int | None,
) -> list[Window]:
    """The windows of a rule that can say something else than when it was `judged` last, in order.

    A rule, or a text of it, that was never judged: all since it is in force and anything is known.
    """
    tally = bound.rule.tally
    assert tally is not None
    zone = context.zone
    force = force_of(bound, zone)
    begun = max(force, as_of if known is None else known)
    found = set(windows(tally.window, begun if judged is None else judged, as_of, zone))
    # Of before it is in force nothing is judged, but what is compared with it is.
    first = min(
        each.start for each in compared_windows(tally, window_at(tally.window, force, zone))
    )
    for each in touched:
        until = _reach(tally, each)
        if until is not ... and as_of >= max(each.since, first):
            last = as_of if until is None else min(until, as_of)
            reached = set(windows(tally.window, max(each.since, first), last, zone))
            found |= reached | set(_followers(tally, reached))
    growing = any(tally.running(tally.check(card.at)) for card in bound.rule.cards)
    return sorted(
        window
        for window in found
        if binds(bound.rule.in_force, window)
        and window.start <= as_of
        and (growing or window.end <= as_of)
    )


def force_of(bound: BoundRule, zone: str) -> int:
    """First second of the day from which a rule is in force."""
    return parse_instant(bound.rule.in_force.from_.isoformat(), zone)[0]


def _reach(tally: Tally, each: _Touched) -> Any:
    """Until when what was touched bears on a tally; None: until now, `...`: not at all."""
    counted = tally.with_
    carded = counted is not None and (counted.levels is not None or counted.rules is not None)
    if each.what == "card":
        if tally.measure == "in_a_row" or tally.unanswered_for is not None:
            # A case with a card ends no row in the window in which it is finished.
            return None
        if tally.of == "cards":
            return each.since if each.until is None else each.until
        return None if carded else ...
    if each.what == "event":
        if tally.of == "events":
            return each.until
        return None if counted is not None and counted.events is not None else ...
    return each.until if tally.of in ("cases", "items") or tally.measure == "in_a_row" else ...


def _followers(tally: Tally, reached: Iterable[Window]) -> Iterator[Window]:
    """The windows that are compared with these."""
    if tally.compared is None or tally.compared.with_ == "whole":
        return
    for window in reached:
        following = window.after
        if tally.compared.with_ == "year_before":
            while following.year_before != window:
                following = following.after
        yield following


def _judge(scanning: Scanning, bound: BoundRule, window: Window) -> bool:
    """Judge a window and write what follows; False where that is left to a later scan."""
    context = scanning.context
    with context.store.reading() as connection:
        found = _look(scanning, connection, bound, window)[1]
    count(scanning.report, bound, window, [each.found for each in found])
    if _half(found):
        return False
    if not any(each.decisions or each.stand for each in found):
        return True
    before = scanning.report.counts()
    with scanning.writing() as connection:
        if cards.newest_of_window(connection, bound.rule.id, window.key) > scanning.as_of:
            # A scan beside this one was as of a later instant: what it gave is not undone.
            return False
        have_key(context, connection)
        subjects, found = _look(scanning, connection, bound, window)
        if _half(found):
            return False
        writer = SubjectWriter(context, connection, scanning.as_of, scanning.report, subjects)
        for each in found:
            writer.write_tallied(each.subject, each.found, each.decisions)
            writer.stood.setdefault(calendar_version(context), []).extend(each.stand)
        writer.finish()
        if scanning.slot is not None:
            after = scanning.report.counts()
            runs.count(
                connection, scanning.slot, {name: after[name] - before[name] for name in after}
            )
    return True


def _half(found: Iterable[_Looked]) -> bool:
    """Whether an import that has not ended leaves it open what is to be said."""
    return any(Reason.HALF_IMPORT in each.found.reasons for each in found)


def _look(
    scanning: Scanning, connection: Connection, bound: BoundRule, window: Window
) -> tuple[Subjects, list[_Looked]]:
    """What a rule says of a window's subjects now, and what follows for their cards."""
    tally = bound.rule.tally
    assert tally is not None
    context = scanning.context
    standing = standing_of(context, connection, bound, window)
    subjects = Subjects(connection, tally.by)
    also = [subjects.read(text, row) for text, (row, _) in standing.items()]
    found = judge(
        bound,
        subjects.named(world_of(context, connection, tally, window)),
        window,
        scanning.as_of,
        due=due_of(context),
        also=also,
        importing=feeds.importing(context, connection, None),
    )
    version = calendar_version(context)
    looked = []
    for each in found:
        subject = subjects.text(each.subject)
        known = standing.get(subject, ({}, []))[1]
        decisions = decide_tallied(
            subject,
            each,
            known,
            calendar_version=version,
            watch_from=scanning.watch_from,
        )
        lifted = {entry.card_no for entry in decisions if isinstance(entry, Lift)}
        amended = [
            card.card_no
            for card in known
            if tally.counts_time
            and card.state is not CardState.LIFTED
            and card.calendar_version != version
        ]
        stand = [card_no for card_no in amended if card_no not in lifted]
        looked.append(_Looked(found=each, subject=subject, decisions=decisions, stand=stand))
    return subjects, looked


def standing_of(
    context: Context, connection: Connection, bound: BoundRule, window: Window
) -> dict[str, tuple[dict[str, object], list[Card]]]:
    """The cards of a window by their subject, with a row of each: `cards.of_window`.

    A card stands or falls by a text of other words that judges alike.
    """
    found = cards.of_window(connection, bound.rule.id, window.key)
    known = alike.with_equivalent_digest(
        context.catalogue, connection, {subject: own for subject, (_, own) in found.items()}
    )
    return {subject: (row, known[subject]) for subject, (row, _) in found.items()}


def due_of(context: Context) -> Any:
    """How the workspace's calendar counts; what it does not cover is not judgeable."""
    name = context.settings.workspace.calendar
    if name not in context.catalogue.calendars:
        return lambda start, amount: None
    return DueBy(context.catalogue.compiled(name)).due


def calendar_version(context: Context) -> str:
    """Version of the workspace's calendar."""
    known = context.catalogue.calendars.get(context.settings.workspace.calendar)
    return "" if known is None else known.version


def count(report: ScanReport, bound: BoundRule, window: Window, found: Sequence[Tallied]) -> None:
    """Every subject of a window ends in exactly one of three, as cases do."""
    for each in found:
        outcome = "judged"
        if each.reasons:
            outcome = "not_judgeable"
        elif each.value is None:
            outcome = "excluded"
        report.tallies[outcome] = report.tallies.get(outcome, 0) + 1
        for reason in each.reasons:
            key = (bound.rule.id, window.key, str(reason))
            report.tally_problems[key] = report.tally_problems.get(key, 0) + 1


def try_out(context: Context, as_of: int, report: ScanReport, watch_from: int | None) -> None:
    """Report what the tallies on trial would give in every window since they are in force."""
    for bound in context.catalogue.tried_tallies:
        with context.store.reading() as connection:
            known = store.known_from(connection)
            for window in windows_to_judge(context, bound, as_of, None, (), known):
                tally = bound.rule.tally
                assert tally is not None
                subjects = Subjects(connection, tally.by)
                world = subjects.named(world_of(context, connection, tally, window))
                half = feeds.importing(context, connection, None)
                found = judge(bound, world, window, as_of, due=due_of(context), importing=half)
                count_trial(report, bound, found, watch_from)


def count_trial(
    report: ScanReport, bound: BoundRule, found: Iterable[Tallied], watch_from: int | None
) -> None:
    """Count the cards that a tally on trial would give, by level; none that were historical."""
    levels = report.trial.setdefault(bound.rule.id, {level.word: 0 for level in Level})
    for each in found:
        for level in each.levels:
            historical = (
                watch_from is not None and level.instant is not None and level.instant < watch_from
            )
            if level.reached and not historical:
                levels[level.level.word] += 1
