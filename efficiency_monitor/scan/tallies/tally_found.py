"""The rows of tallies where nothing is written: of cases as they were judged, by their windows."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from ...engine.tally_rows import CardRow, CaseRow, EventRow
from ...engine.timeline import CaseRecord
from ...rules.tallies import Tally
from ...time.windows import Window

_FIELDS = ("department", "handler", "item_code", "region", "item_kind", "channel")


def fields_of(span: Mapping[str, Any]) -> dict[str, str]:
    """What a case says of its subjects, of what is kept of it (`tally_spans`)."""
    return {name: span[name] for name in _FIELDS if span[name] is not None}


def case_row(
    case_no: str,
    span: Mapping[str, Any],
    fields: Mapping[str, str],
    events: Iterable[EventRow],
    *,
    incomplete: bool,
    stale: bool,
) -> CaseRow:
    """A case as tallies count it; `stale`: its source was when the case was judged."""
    return CaseRow(
        case_no=case_no,
        begun_at=span["begun_at"],
        accepted_at=span["accepted_at"],
        finished_at=span["finished_at"],
        incomplete=incomplete,
        dated=bool(span["dated"]),
        stale=stale and span["finished_at"] is None,
        fields=fields,
        events=tuple(events),
    )


def events_of(
    record: CaseRecord, as_of: int, types: Collection[str] | None = None
) -> Iterator[EventRow]:
    """The events of a case that had happened by an instant; of all types, or of these."""
    return (
        EventRow(
            type=event.type,
            at=event.occurred_at,
            recorded_at=event.recorded_at,
            actor=event.actor,
            department=event.department,
            stage=event.stage,
            kind=event.kind,
            reason=event.reason,
        )
        for event in record.events
        if event.occurred_at <= as_of and (types is None or event.type in types)
    )


class Slices:
    """Cards and cases by those windows of one tally that they can bear on."""

    def __init__(
        self,
        tally: Tally,
        cases: Iterable[CaseRow],
        cards: Iterable[CardRow],
        wanted: Collection[Window],
        as_of: int,
    ) -> None:
        self._windows = sorted(wanted)
        self._starts = [window.start for window in self._windows]
        self._cards: dict[Window, dict[str, CardRow]] = {}
        self._cases: dict[Window, dict[str, CaseRow]] = {}
        of_case: dict[str, list[CardRow]] = {}
        for card in cards:
            of_case.setdefault(card.case_no, []).append(card)
        for case in cases:
            bearing = set(self._of_case(case, tally, as_of))
            for window in bearing:
                self._cases.setdefault(window, {})[case.case_no] = case
            self._keep(bearing, of_case.get(case.case_no, ()))
        for own in of_case.values():
            self._keep({window for card in own for window in self._at(card.at)}, own)

    def _keep(self, bearing: Iterable[Window], own: Sequence[CardRow]) -> None:
        for window in bearing:
            self._cards.setdefault(window, {}).update({card.card_no: card for card in own})

    def _at(self, instant: int | None) -> list[Window]:
        """The window in which an instant lies, if it is one of those that are wanted."""
        return [] if instant is None else self._between(instant, instant)

    def _between(self, since: int, until: int) -> list[Window]:
        """The windows that have an instant of `[since, until]` in them."""
        lo = max(bisect_right(self._starts, since) - 1, 0)
        found = self._windows[lo : bisect_right(self._starts, until)]
        return found[1:] if found and found[0].end <= since else found

    def _of_case(self, case: CaseRow, tally: Tally, as_of: int) -> Iterator[Window]:
        if tally.among == "handled":
            if case.begun_at is not None:
                until = as_of if case.finished_at is None else case.finished_at
                yield from self._between(case.begun_at, max(until, case.begun_at))
            return
        instants: list[int | None] = [case.begun_at, case.accepted_at, case.finished_at]
        if tally.of == "events":
            instants = [at for event in case.events for at in (event.at, event.recorded_at)]
        for at in instants:
            yield from self._at(at)

    def of(self, wanted: Sequence[Window]) -> tuple[tuple[CaseRow, ...], tuple[CardRow, ...]]:
        """The cases and the cards that can bear on these windows."""
        found_cases = dict(chain.from_iterable(self._cases.get(w, {}).items() for w in wanted))
        found_cards = dict(chain.from_iterable(self._cards.get(w, {}).items() for w in wanted))
        return tuple(found_cases.values()), tuple(found_cards.values())
