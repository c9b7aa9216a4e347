"""What a tally adds up for each subject of a window: numbers that grow, parts of a whole."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ..rules.rule_parts import Match
from ..rules.tallies import Tally
from ..terms import Level
from ..time.amount import Amount
from ..time.windows import Window
from .tally_bursts import most_alike, most_within
from .tally_rows import KINDS, CardRow, CaseRow, EventRow, Member, Subject, TallyInput

#: Last instant in time of an amount from an instant; None where no calendar covers it.
Due = Callable[[int, Amount], int | None]


@dataclass(slots=True)
class Sum:
    """What was added up of a subject."""

    #: Since when the value is at least 1, 2, …
    growth: list[int] = field(default_factory=list)
    #: What the value is made of: of a share, its part.
    members: list[Member] = field(default_factory=list)
    #: Of what a share is a part.
    whole: int = 0
    #: What all rows of the subject have in common; None where they differ.
    common: dict[str, str | None] = field(default_factory=dict)
    #: Something of it could not be counted, since no calendar covers it.
    uncovered: bool = False
    #: A case of it is open and its feed is stale: nobody can tell what has become of it.
    stale: bool = False

    def saw(self, fields: Mapping[str, str]) -> None:
        """A row of the subject with these fields."""
        for name in ("department", "region", "item_code"):
            value = fields.get(name)
            if self.common.setdefault(name, value) != value:
                self.common[name] = None


Sums = dict[Subject, Sum]


@dataclass(frozen=True)
class Adding:
    """A tally over rows of the world as of an instant: what happened later is not known yet."""

    tally: Tally
    applies_to: Match
    world: TallyInput
    window: Window
    as_of: int
    due: Due
    #: By what subjects are told apart: as the tally says, or `all`.
    by: str

    def sums(self) -> Sums:
        """What is added up for each subject that has anything in the window."""
        adders: dict[tuple[str, str], Callable[[], Sums]] = {
            ("count", "cards"): self._cards,
            ("share", "cards"): self._cards,
            ("in_a_row", "cards"): self._in_a_row,
            ("count", "cases"): self._cases,
            ("share", "cases"): self._cases,
            ("count", "items"): self._items_in_use,
            ("share", "items"): self._item_table,
            ("count", "orders"): self._orders,
            ("share", "orders"): self._orders,
            ("count", "alarms"): self._alarms,
            ("batch", "events"): self._batches,
            ("same_text", "events"): self._same_texts,
        }
        found = adders[self.tally.measure, self.tally.of]()
        if self.tally.measure in ("count", "share"):
            for each in found.values():
                each.members.sort()
                each.growth = [member.at for member in each.members]
        return found

    def _until(self) -> int:
        """The last instant of the window that is known."""
        return min(self.window.end - 1, self.as_of)

    def _inside(self, instant: int | None) -> bool:
        return instant is not None and self.window.start <= instant <= self._until()

    def _sum(self, found: Sums, fields: Mapping[str, str], name: str | None = None) -> Sum | None:
        """The sum of the subject that these fields name; None where they name none."""
        subject = self._subject(fields, name)
        if subject is None:
            return None
        each = found.setdefault(subject, Sum())
        each.saw(fields)
        return each

    def _subject(self, fields: Mapping[str, str], name: str | None = None) -> Subject | None:
        if self.by == "all":
            return Subject("all")
        name = name or fields.get(self.by)
        return Subject(KINDS[self.by], name) if name else None

    # Cards.

    @cached_property
    def _runs(self) -> Sequence[CardRow]:
        """The first card of each run of a clock, of the levels and rules that are meant."""
        return self._first_cards(self.tally.levels, self.tally.rules)

    def _first_cards(
        self, levels: Sequence[str] | None, rules: Sequence[str] | None
    ) -> Sequence[CardRow]:
        first: dict[tuple[str, str, str], CardRow] = {}
        for card in self._meant_cards(levels, rules):
            first.setdefault((card.case_no, card.rule, card.clock), card)
        return list(first.values())

    def _meant_cards(
        self, levels: Sequence[str] | None, rules: Sequence[str] | None
    ) -> Iterator[CardRow]:
        wanted = None if levels is None else {Level.parse(level) for level in levels}
        for card in sorted(self.world.cards, key=lambda card: (card.at, card.card_no)):
            if (
                card.counts
                and card.at <= self._until()
                and (wanted is None or card.level in wanted)
                and (rules is None or card.rule in rules)
                and self.applies_to.matches(card.fields)
            ):
                yield card

    def _cards(self) -> Sums:
        found: Sums = {}
        if self.tally.unanswered_for is None:
            for card in self._runs:
                if self._inside(card.at) and (each := self._sum(found, card.fields)):
                    each.members.append(Member(card.at, card.card_no))
            return found
        amount = Amount.parse(self.tally.unanswered_for)
        # Each card waits for an answer of its own, until a higher one takes its place.
        for card in self._meant_cards(self.tally.levels, self.tally.rules):
            if card.delivered_at is not None:
                self._ended(
                    found,
                    card.fields,
                    card.card_no,
                    card.delivered_at,
                    card.answered_at,
                    amount,
                )
        return found

    def _ended(
        self,
        found: Sums,
        fields: Mapping[str, str],
        key: str,
        since: int,
        until: int | None,
        amount: Amount,
        name: str | None = None,
    ) -> None:
        """Count what ran on for longer than an amount, in the window in which that had passed."""
        due = self.due(since, amount)
        if due is None:
            # Where it would fall nobody can say: in the window in which it began.
            if self._inside(since) and (each := self._sum(found, fields, name)):
                each.uncovered = True
            return
        if self._inside(due + 1) and (each := self._sum(found, fields, name)):
            each.whole += 1
            if until is None or until > due:
                each.members.append(Member(due + 1, key))

    def _in_a_row(self) -> Sums:
        """Steps of each subject in their order: a case's card, or a case finished without one."""
        first: dict[str, CardRow] = {}
        for card in self._runs:
            first.setdefault(card.case_no, card)
        steps: list[tuple[int, str, Mapping[str, str], str | None]] = [
            (card.at, card.case_no, card.fields, card.card_no)
            for card in first.values()
            if self._inside(card.at)
        ]
        steps += [
            (case.finished_at, case.case_no, case.fields, None)
            for case in self._meant_cases()
            if case.finished_at is not None
            and self._inside(case.finished_at)
            and (case.case_no not in first or first[case.case_no].at > case.finished_at)
        ]
        found: Sums = {}
        running: dict[int, list[Member]] = {}
        for at, _, fields, card_no in sorted(steps, key=lambda step: step[:2]):
            each = self._sum(found, fields)
            if each is None:
                continue
            row = running.setdefault(id(each), [])
            if card_no is None:
                row.clear()
                continue
            row.append(Member(at, card_no))
            if len(row) > len(each.growth):
                each.growth.append(at)
                each.members = list(row)
        return found

    # Cases and items.

    def _meant_cases(self) -> Iterator[CaseRow]:
        return (case for case in self.world.cases if self.applies_to.matches(case.fields))

    def _cases(self) -> Sums:
        found: Sums = {}
        counted = self.tally.with_
        for case in self._meant_cases():
            entered = self._entered(case)
            if case.dated and counted is not None and counted.finished_within is not None:
                continue  # how long it took cannot be said
            each = None if entered is None else self._sum(found, case.fields)
            if each is None or entered is None:
                continue
            each.whole += 1
            # An incomplete case is what is asked for.
            each.stale |= case.stale and not (counted is not None and counted.incomplete)
            since = entered if counted is None else self._since(case)
            if since is not None:
                each.members.append(Member(max(since, entered), case.case_no))
        if self.by == "item_code" and self.tally.measure == "count":
            for item in self.world.items:
                known = item.known_from <= self.window.start
                if known and self.applies_to.matches(item.fields):
                    self._sum(found, item.fields)
        return found

    def _entered(self, case: CaseRow) -> int | None:
        """Since when a case belongs to the window; None where it does not."""
        instants = {
            "begun": case.begun_at,
            "accepted": case.accepted_at,
            "finished": case.finished_at,
        }
        if self.tally.among != "handled":
            instant = instants[self.tally.among or "begun"]
            return instant if self._inside(instant) else None
        begun, finished = case.begun_at, case.finished_at
        if begun is None or begun > self._until():
            return None
        if finished is not None and finished < self.window.start:
            return None
        return max(begun, self.window.start)

    @cached_property
    def _carded(self) -> Mapping[str, int]:
        """Since when a case has a card that `with` means."""
        counted = self.tally.with_
        if counted is None or (counted.levels is None and counted.rules is None):
            return {}
        first: dict[str, int] = {}
        for card in self._first_cards(counted.levels, counted.rules):
            first[card.case_no] = min(card.at, first.get(card.case_no, card.at))
        return first

    def _since(self, case: CaseRow) -> int | None:
        """Since when a case has what `with` says; None where it does not."""
        counted = self.tally.with_
        if counted is None:
            return None
        if counted.events is not None:
            instants = [event.at for event in case.events if event.type in counted.events]
            return min((at for at in instants if at <= self._until()), default=None)
        if counted.incomplete:
            return self.window.start if case.incomplete else None
        if counted.finished_within is not None:
            accepted, finished = case.accepted_at, case.finished_at
            if accepted is None or finished is None:
                return None
            swift = finished - accepted <= seconds_of(counted.finished_within)
            return finished if swift else None
        return self._carded.get(case.case_no)

    def _items_in_use(self) -> Sums:
        found: Sums = {}
        seen: dict[tuple[int, str], Member] = {}
        for case in self._meant_cases():
            code = case.fields.get("item_code")
            if code is None or case.begun_at is None or not self._inside(case.begun_at):
                continue
            if each := self._sum(found, case.fields):
                each.stale |= case.stale
                member = Member(case.begun_at, code)
                seen[id(each), code] = min(member, seen.get((id(each), code), member))
        for each in found.values():
            each.members = [member for (own, _), member in seen.items() if own == id(each)]
        return found

    def _item_table(self) -> Sums:
        used: dict[str, int] = {}
        for case in self.world.cases:
            code = case.fields.get("item_code")
            if code is not None and case.begun_at is not None and self._inside(case.begun_at):
                used[code] = min(case.begun_at, used.get(code, case.begun_at))
        found: Sums = {}
        for item in self.world.items:
            if item.known_from >= self.window.end or not self.applies_to.matches(item.fields):
                continue
            if each := self._sum(found, item.fields):
                each.whole += 1
                if item.item_code in used:
                    each.members.append(Member(used[item.item_code], item.item_code))
        return found

    # Orders, alarms, events.

    def _orders(self) -> Sums:
        found: Sums = {}
        assert self.tally.open_for is not None
        amount = Amount.parse(self.tally.open_for)
        for order in self.world.orders:
            if not self.applies_to.matches(order.fields):
                continue
            names = {"order": order.order_no, "supervisor": order.opened_by}
            self._ended(
                found,
                order.fields,
                order.order_no,
                order.opened_at,
                order.closed_at,
                amount,
                names.get(self.by),
            )
        return found

    def _alarms(self) -> Sums:
        found: Sums = {}
        for alarm in self.world.alarms:
            meant = self.tally.alarms is None or alarm.kind in self.tally.alarms
            if meant and self._inside(alarm.at):
                each = self._sum(found, {}, alarm.person)
                if each is not None:
                    each.members.append(Member(alarm.at, alarm.alarm_no))
        return found

    def _events(self) -> Iterator[tuple[CaseRow, EventRow, dict[str, str]]]:
        """The events that are meant, each with its case and what it says of its subject."""
        for case in self._meant_cases():
            for event in case.events:
                if self.tally.events is None or event.type in self.tally.events:
                    own = {"department": event.department, "actor": event.actor}
                    said = {name: value for name, value in own.items() if value}
                    yield case, event, {**case.fields, **said}

    def _batches(self) -> Sums:
        """Most cases with an event recorded within a span, for each subject."""
        found: Sums = {}
        recorded: dict[Subject, list[tuple[int, str]]] = {}
        late_by = seconds_of(self.tally.late_by) if self.tally.late_by else None
        for case, event, fields in self._events():
            at = event.recorded_at
            if at is None or not self._inside(at):
                continue
            if late_by is not None and at - event.at < late_by:
                continue
            subject = self._subject(fields)
            if subject is not None and self._sum(found, fields) is not None:
                recorded.setdefault(subject, []).append((at, case.case_no))
        assert self.tally.within is not None
        within = seconds_of(self.tally.within)
        for subject, rows in recorded.items():
            each = found[subject]
            each.growth, each.members = most_within(sorted(rows), within)
        return found

    def _same_texts(self) -> Sums:
        """Most cases with the same text, for each subject."""
        found: Sums = {}
        texts: dict[Subject, dict[str, dict[str, int]]] = {}
        for case, event, fields in self._events():
            text = "".join((getattr(event, self.tally.field or "") or "").split()).casefold()
            subject = self._subject(fields)
            if not text or not self._inside(event.at) or subject is None:
                continue
            self._sum(found, fields)
            cases = texts.setdefault(subject, {}).setdefault(text, {})
            cases[case.case_no] = min(event.at, cases.get(case.case_no, event.at))
        for subject, by_text in texts.items():
            each = found[subject]
            each.growth, each.members = most_alike(list(by_text.values()))
        return found


def seconds_of(amount: str) -> int:
    """Seconds of an amount in calendar hours, minutes or seconds."""
    found = Amount.parse(amount)
    return int(found.value * found.unit.seconds)
