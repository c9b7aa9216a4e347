"""The rows that a tally is made over in some windows, from the store."""

from sqlalchemy import Connection

from ...engine.tally_rows import CaseRow, TallyInput
from ...rules.tallies import Tally
from ...time.amount import Amount
from ...time.windows import Window
from ...workspace.context import Context
from . import store
from .store import SPAN
from .tally_quarantine import with_quarantine

_DAY = 86_400


def compared_windows(tally: Tally, window: Window) -> list[Window]:
    """A window, and the one that it is compared with."""
    if tally.compared is None or tally.compared.with_ == "whole":
        return [window]
    return [
        window,
        window.before if tally.compared.with_ == "former_window" else window.year_before,
    ]


def world_of(context: Context, connection: Connection, tally: Tally, window: Window) -> TallyInput:
    """Every row that can bear on a tally in a window, as it is known now."""
    spans = [(each.start, each.end) for each in compared_windows(tally, window)]
    makers = {
        "cards": _cards,
        "cases": _cases,
        "items": _items,
        "orders": _orders,
        "alarms": _alarms,
        "events": _events,
    }
    found = makers[tally.of](connection, tally, spans)
    cases = found.cases
    if tally.with_ is not None and tally.with_.incomplete:
        cases = with_quarantine(context, connection, cases)
    return TallyInput(
        cards=found.cards,
        cases=cases,
        items=found.items,
        orders=found.orders,
        alarms=found.alarms,
        known_from=store.known_from(connection) if tally.compared is not None else None,
    )


def _earlier(spans: store.Spans, amount: str) -> store.Spans:
    """The stretches in which began what can have lasted for an amount in these.

    Of working days at least every third one counts, but for the longest holidays.
    """
    unit = Amount.parse(amount).unit
    days = float(Amount.parse(amount).value) * (unit.seconds or _DAY) / _DAY
    if unit.value == "calendar_months":
        days *= 31
    back = int((days * (12 if unit.working and unit.seconds else 3) + 45) * _DAY)
    return [(since - back, until) for since, until in spans]


def _cards(connection: Connection, tally: Tally, spans: store.Spans) -> TallyInput:
    if tally.unanswered_for is not None:
        ids = store.cards_delivered(_earlier(spans, tally.unanswered_for))
        return TallyInput(cards=store.cards_of(connection, ids, answers=True))
    cards = store.cards_of(connection, store.cards_due(spans), answers=False)
    if tally.measure != "in_a_row":
        return TallyInput(cards=cards)
    finished = store.within(SPAN.c.finished_at, spans)
    known = {card.card_no for card in cards}
    more = store.cards_of(connection, store.cases_that(finished), answers=False)
    return TallyInput(
        cards=(*cards, *(card for card in more if card.card_no not in known)),
        cases=store.cases_of(connection, finished),
    )


def _cases(connection: Connection, tally: Tally, spans: store.Spans) -> TallyInput:
    columns = {
        "begun": SPAN.c.begun_at,
        "accepted": SPAN.c.accepted_at,
        "finished": SPAN.c.finished_at,
    }
    if tally.among == "handled":
        meant = store.in_hand(spans)
    else:
        meant = store.within(columns[tally.among or "begun"], spans)
    counted = tally.with_
    types = None if counted is None else counted.events
    cases: tuple[CaseRow, ...] = store.cases_of(
        connection, meant, events=None if types is None else store.events_of_types(types)
    )
    carded = counted is not None and (counted.levels is not None or counted.rules is not None)
    cards = store.cards_of(connection, store.cases_that(meant), answers=False) if carded else ()
    zero = tally.by == "item_code" and tally.measure == "count"
    return TallyInput(cases=cases, cards=cards, items=store.item_table(connection) if zero else ())


def _items(connection: Connection, tally: Tally, spans: store.Spans) -> TallyInput:
    begun = store.within(SPAN.c.begun_at, spans)
    items = store.item_table(connection) if tally.measure == "share" else ()
    return TallyInput(cases=store.cases_of(connection, begun), items=items)


def _orders(connection: Connection, tally: Tally, spans: store.Spans) -> TallyInput:
    earlier = _earlier(spans, tally.open_for or "1 calendar_days")
    return TallyInput(orders=store.orders_opened(connection, earlier))


def _alarms(connection: Connection, tally: Tally, spans: store.Spans) -> TallyInput:
    return TallyInput(alarms=store.alarms_raised(connection, spans))


def _events(connection: Connection, tally: Tally, spans: store.Spans) -> TallyInput:
    types = store.events_of_types(tally.events)
    if tally.measure == "batch":
        meant, inside = store.recorded_in(spans), store.events_recorded(spans)
    else:
        meant, inside = store.happened_in(spans), store.events_happened(spans)
    cases = store.cases_of(connection, meant, events=types & inside)
    return TallyInput(cases=tuple(case for case in cases if case.events))
