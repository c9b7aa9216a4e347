"""What of a case tallies count by, kept when a scan judges the case; and what that touches."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from ...cards.card_rows import handler_by
from ...cards.store import cards
from ...engine.findings import CaseFindings
from ...engine.timeline import CaseRecord, Event
from ...intake.store import cases, import_runs
from ...rules.vocabulary import Vocabulary
from ...terms import Outcome, Precision
from ...time.windows import window_at
from ...workspace.context import Context
from . import store

_ACCEPTED = "accepted"
_APPLIED = frozenset({"submitted", _ACCEPTED})
_FIELDS = ("department", "item_code", "region", "item_kind", "channel")
#: What a card does not say itself: it counts by what its case says now.
_OF_CARDS = {"item_kind", "channel"}
#: A stretch of time of which something changed: what, since when, until when (None: now).
Stretch = tuple[str, int, int | None]


def span_of(
    vocabulary: Vocabulary, case: cases.StoredCase, found: CaseFindings, as_of: int, now: int
) -> dict[str, Any]:
    """The row that is kept of a case, as of an instant, seen at `now` of the true clock."""
    return {
        "case_id": case.case_id,
        **counted_by(vocabulary, case.record, as_of),
        "incomplete": int(found.outcome is Outcome.NOT_JUDGEABLE),
        "seen_at": now,
    }


def counted_by(vocabulary: Vocabulary, record: CaseRecord, as_of: int) -> dict[str, Any]:
    """What tallies count a case by, as of an instant, but for how it could be judged."""
    known = [event for event in record.events if event.occurred_at <= as_of]
    accepted = _first([event for event in known if event.type == _ACCEPTED])
    finished = _first(_ends(vocabulary, known))
    recorded = [event.recorded_at for event in known if event.recorded_at is not None]
    dated = any(
        event is not None and event.precision is Precision.DAY for event in (accepted, finished)
    )
    return {
        **{name: record.fields.get(name) for name in _FIELDS},
        "handler": handler_by(record, as_of),
        "begun_at": min((event.occurred_at for event in known), default=None),
        "accepted_at": None if accepted is None else accepted.occurred_at,
        "finished_at": None if finished is None else finished.occurred_at,
        "last_at": max((event.occurred_at for event in known), default=None),
        "first_recorded_at": min(recorded, default=None),
        "last_recorded_at": max(recorded, default=None),
        "dated": int(dated),
    }


def _ends(vocabulary: Vocabulary, known: Sequence[Event]) -> list[Event]:
    """The events that end a case.

    One that was returned and is accepted again goes on. What follows no application, as the
    closing of a complaint does, ends none.
    """
    applied = any(event.type in _APPLIED for event in known)
    accepted = max((event.occurred_at for event in known if event.type == _ACCEPTED), default=None)
    ends = []
    for event in known:
        kind = vocabulary.types.get(event.type)
        if kind is None:
            continue
        again = kind.ends_case and accepted is not None and event.occurred_at < accepted
        beside = applied and not kind.ends_case and kind.follows and not _APPLIED & {*kind.follows}
        if kind.finishes and not again and not beside:
            ends.append(event)
    return ends


def _first(events: Sequence[Event]) -> Event | None:
    return min(events, key=lambda event: event.occurred_at, default=None)


def note(
    context: Context,
    connection: Connection,
    judged: Sequence[tuple[cases.StoredCase, CaseFindings]],
    as_of: int,
) -> None:
    """Keep what tallies count these cases by, in the transaction that writes their judgement.

    Nothing is kept where no rule is a tally: a rule that comes later has every case judged again.
    """
    if not context.catalogue.tallies and not context.catalogue.tried_tallies:
        return
    now = context.now()
    words, zone = context.catalogue.vocabulary, context.zone
    known = store.spans_of(connection, [case.case_id for case, _ in judged])
    rows = []
    touched: set[Stretch] = set()
    seen: dict[int, int] = {}
    # What an import brings is of the instant when it began, though a scan saw the case meanwhile.
    looked = min((row.seen_at for row in known.values()), default=now)
    late = import_runs.running_at(connection, looked)
    for case, found in judged:
        row = span_of(words, case, found, as_of, now)
        former = known.get(case.case_id)
        rows.append(row)
        touched |= _touched(row, former, zone, max(now, as_of))
        since = 0 if former is None else former.seen_at
        if former is not None:
            seen[case.case_id] = since
        for event in case.record.events:
            if event.received_at is None or event.received_at >= since or event.received_at in late:
                touched |= _of_event(event.occurred_at, event.recorded_at, zone)
    if seen:
        first = min([*seen.values(), *late])
        for at, recorded in store.withdrawn_since(connection, list(seen), first):
            touched |= _of_event(at, recorded, zone)
    store.write_spans(connection, rows)
    cards.touch(connection, touched)


def _day(instant: int, zone: str) -> int:
    return window_at("day", instant, zone).start


def _of_event(at: int, recorded_at: int | None, zone: str) -> set[Stretch]:
    days = {_day(instant, zone) for instant in (at, recorded_at) if instant is not None}
    return {("event", day, day) for day in days}


def _touched(row: dict[str, Any], former: Any, zone: str, now: int) -> set[Stretch]:
    """Of which time a case, or a card of it, counts otherwise now than it did."""
    if former is None:
        changed = {"begun_at"}
        former_of: dict[str, Any] = {}
    else:
        former_of = dict(former._mapping)
        changed = {name for name in row if name != "seen_at" and row[name] != former_of.get(name)}
    changed -= {"last_at", "first_recorded_at", "last_recorded_at"}
    if not changed:
        return set()
    names = ("finished_at",) if changed == {"finished_at"} else ("begun_at", "accepted_at")
    since = [
        values[name]
        for values in (row, former_of)
        for name in names
        if values.get(name) is not None
    ]
    if not since:
        return set()
    ends = [row["finished_at"], *([former_of["finished_at"]] if former_of else [])]
    # A case that was returned may be accepted after it has ended.
    until = None if None in ends else _day(max(*ends, *since), zone)
    if names == ("finished_at",):
        until = None if former_of["finished_at"] is None or row["finished_at"] is None else until
    first = _day(min(since), zone)
    found: set[Stretch] = {("case", first, until)}
    if not changed <= {"finished_at", "incomplete", "accepted_at"}:
        # Its events are of their own time: one may be recorded long after the case has ended.
        own = {
            _day(values[name], zone)
            for values in (row, former_of)
            for name in ("last_at", "first_recorded_at", "last_recorded_at")
            if values.get(name) is not None
        }
        found.add(("event", min([first, *own]), None if until is None else max([until, *own])))
    if former is not None and changed & _OF_CARDS:
        found.add(("card", first, now))
    return found
