"""Cases + rules + calendars + an instant → findings. The only door to the kernel."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from ..rules.vocabulary import Vocabulary
from ..terms import Level, Outcome, Reason
from ..time.amount import Amount, Unit
from ..time.calendar import Calendar
from .bindings import settle, told_otherwise
from .business_time import Table, compile_calendar
from .clockwork import BEYOND, NEVER, ordinal_at
from .columns import (
    AMOUNT,
    BAD_LIMIT,
    DATE_ONLY,
    FAULTY,
    MOST_LEVELS,
    MOST_LIMITS,
    NO_LIMIT,
    NOT_COVERED,
    ONCE,
    OUT_OF_FORCE,
    PROVISIONAL,
    STATED,
    WAITING,
    Findings,
    Frame,
    Rules,
)
from .conduct import CaseConduct, conduct_of
from .encoding import BoundRule, FrameBuilder, blank_findings, blank_work, encode_rules
from .findings import CaseFindings, Episode, LevelFound, LimitFound, Trouble
from .giving_way import giving_way
from .kernel import judge
from .questions import MILLION, UNIT_CODE, amount_of
from .timeline import CaseRecord

STATES = ("running", "paused", "stopped", "waiting")
_UNITS = {code: unit for unit, code in UNIT_CODE.items()}
_REASONS = {
    NO_LIMIT: Reason.NO_LIMIT,
    BAD_LIMIT: Reason.BAD_LIMIT,
    NOT_COVERED: Reason.CALENDAR_NOT_COVERED,
    PROVISIONAL: Reason.CALENDAR_PROVISIONAL,
    DATE_ONLY: Reason.DATE_ONLY,
    FAULTY: Reason.FAULTY_DATA,
}


# A process opens many contexts on the same few calendars. All that a table is made of takes part
# when two calendars are compared, so an amended one is compiled anew; nobody writes into a table.
_table_of = lru_cache(maxsize=32)(compile_calendar)


@dataclass(frozen=True, slots=True)
class CompiledCalendar:
    """A calendar and its table, made once and kept."""

    calendar: Calendar
    table: Table

    @classmethod
    def of(cls, calendar: Calendar) -> "CompiledCalendar":
        """Compile a calendar."""
        return cls(calendar, _table_of(calendar))


def evaluate(
    records: Sequence[CaseRecord],
    rules: Sequence[BoundRule],
    vocabulary: Vocabulary,
    calendars: Mapping[str, CompiledCalendar],
    as_of: int,
) -> list[CaseFindings]:
    """Judge cases as of an instant (epoch seconds); the answers stand in the order of the cases.

    A pure function: the same arguments give the same findings for ever (contract.md 1). What
    decides is bound when an episode starts: of a case whose fields were told otherwise later, each
    episode is judged by the values that bind it (`engine.bindings`).
    """
    rules = [bound for bound in rules if bound.rule.form != "tally"]
    several = told_otherwise(records, rules)
    if not several:
        return _by_newest(records, rules, vocabulary, calendars, as_of)

    def by_newest(views: Sequence[CaseRecord]) -> list[CaseFindings]:
        return _by_newest(views, rules, vocabulary, calendars, as_of)

    plain = [record for place, record in enumerate(records) if place not in several]
    one_by_one = iter(by_newest(plain))
    settled = dict(
        zip(several, settle([records[n] for n in several], rules, by_newest, as_of), strict=True)
    )
    return [settled[n] if n in settled else next(one_by_one) for n in range(len(records))]


def _by_newest(
    records: Sequence[CaseRecord],
    rules: Sequence[BoundRule],
    vocabulary: Vocabulary,
    calendars: Mapping[str, CompiledCalendar],
    as_of: int,
) -> list[CaseFindings]:
    """Judge cases by the fields that they have, whatever these were before."""
    answers: list[CaseFindings | None] = [None] * len(records)
    groups: dict[str, list[int]] = {}
    types = vocabulary.types
    for place, record in enumerate(records):
        if any(event.type not in types for event in record.events):
            answers[place] = _of_no_type(record, rules, vocabulary)
        else:
            groups.setdefault(record.calendar, []).append(place)
    for name, places in groups.items():
        chosen = [records[place] for place in places]
        if name in calendars:
            found = _evaluate_group(chosen, rules, vocabulary, calendars[name], as_of)
        else:
            found = [_no_calendar(record, rules) for record in chosen]
        for place, findings in zip(places, found, strict=True):
            answers[place] = giving_way(findings)
    return [answer for answer in answers if answer is not None]


def _of_no_type(
    record: CaseRecord, rules: Sequence[BoundRule], vocabulary: Vocabulary
) -> CaseFindings:
    """A case with an event of which the vocabulary says nothing: no import takes such a row."""
    if record.unheld:
        return _not_judged(record, rules, Trouble("", Reason.INPUT_NOT_HELD, record.unheld))
    strange = min({event.type for event in record.events} - set(vocabulary.types))
    return _not_judged(record, rules, Trouble("", Reason.FAULTY_DATA, f"no type {strange}"))


def _no_calendar(record: CaseRecord, rules: Sequence[BoundRule]) -> CaseFindings:
    return _not_judged(record, rules, Trouble("", Reason.NO_CALENDAR, record.calendar))


def _not_judged(record: CaseRecord, rules: Sequence[BoundRule], trouble: Trouble) -> CaseFindings:
    meant = any(bound.rule.applies_to.matches(record.fields) for bound in rules)
    return CaseFindings(
        case_no=record.case_no,
        outcome=Outcome.NOT_JUDGEABLE if meant else Outcome.EXCLUDED,
        episodes=(),
        troubles=(trouble,) if meant else (),
        next_at=None,
    )


def _evaluate_group(
    records: Sequence[CaseRecord],
    rules: Sequence[BoundRule],
    vocabulary: Vocabulary,
    compiled: CompiledCalendar,
    as_of: int,
) -> list[CaseFindings]:
    clocks = [bound for bound in rules if bound.rule.form == "clock"]
    builder = FrameBuilder(vocabulary, compiled.table, compiled.calendar.zone)
    for record in records:
        builder.add(record, as_of)
    frame = builder.frame()
    encoded = encode_rules(clocks, vocabulary, builder.signatures)
    applies = [
        int(bound.rule.applies_to.matches(record.fields)) for bound in clocks for record in records
    ]
    out = blank_findings(most_findings(frame, encoded, applies))
    faults = [0] * len(records)
    work = blank_work(builder.longest(), encoded.types)
    count = judge(
        compiled.table, encoded, applies, frame, 0, len(records), as_of, out, work, faults
    )
    conduct = conduct_of(records, rules, vocabulary, compiled.table, builder, faults, as_of)
    reader = _Reader(records, clocks, vocabulary, compiled, builder, out)
    rows: dict[int, list[int]] = {}
    for n in range(count):
        rows.setdefault(out.case[n], []).append(n)
    size = len(records)
    return [
        reader.case(
            c,
            rows.get(c, []),
            faults[c],
            [applies[r * size + c] for r in range(len(clocks))],
            conduct[c],
            as_of,
        )
        for c in range(size)
    ]


def most_findings(frame: Frame, rules: Rules, applies: Sequence[int]) -> int:
    """Most findings that `judge` can write: the size that `out` needs."""
    cases = frame.cases
    most = 0
    for r, episodes in enumerate(rules.episodes):
        for c in range(cases):
            if applies[r * cases + c]:
                most += 1 if episodes == ONCE else frame.first[c + 1] - frame.first[c]
    return most


class _Reader:
    """Reads the kernel's columns back into values."""

    def __init__(
        self,
        records: Sequence[CaseRecord],
        rules: Sequence[BoundRule],
        vocabulary: Vocabulary,
        compiled: CompiledCalendar,
        builder: FrameBuilder,
        out: Findings,
    ) -> None:
        self.records = records
        self.rules = rules
        self.vocabulary = vocabulary
        self.compiled = compiled
        self.builder = builder
        self.first = builder.frame().first
        self.out = out
        self.pairs = [
            (earlier, name) for name, event in vocabulary.types.items() for earlier in event.follows
        ]

    def case(
        self,
        c: int,
        rows: list[int],
        fault: int,
        applies: list[int],
        conduct: CaseConduct,
        as_of: int,
    ) -> CaseFindings:
        """Findings of case `c` from its rows and what conditions say of it."""
        record = self.records[c]
        if record.unheld:
            return self._untold(record, Trouble("", Reason.INPUT_NOT_HELD, record.unheld))
        if record.torn:
            return self._untold(record, Trouble("", Reason.HALF_IMPORT))
        if record.rowless:
            return self._untold(record, Trouble("", Reason.NO_CASE_ROW))
        if not any(applies) and not conduct.meant:
            return self._excluded(record)
        if fault:
            earlier, later = self.pairs[fault - 1]
            trouble = Trouble("", Reason.FAULTY_DATA, f"{later} before {earlier}")
            return self._untold(record, trouble)
        out = self.out
        live = {out.rule[n] for n in rows if not out.reasons[n] & OUT_OF_FORCE}
        silent = set(range(len(applies))) - {out.rule[n] for n in rows}
        ordinal = ordinal_at(self.compiled.table, as_of)
        pending = any(applies[r] and self._in_force(r, ordinal) for r in silent)
        if not live and not pending and not conduct.bound:
            return self._excluded(record)
        episodes = []
        troubles = []
        instants = []
        for n in rows:
            if out.reasons[n] & OUT_OF_FORCE:
                continue
            if out.next_at[n] < NEVER:
                instants.append(out.next_at[n])
            if out.state[n] == WAITING:
                rule = self.rules[out.rule[n]].rule.id
                if out.reasons[n] & FAULTY:
                    troubles.append(Trouble(rule, Reason.FAULTY_DATA, self._fault(c, n)))
                if out.reasons[n] & NOT_COVERED:
                    troubles.append(Trouble(rule, Reason.CALENDAR_NOT_COVERED))
                continue
            episode = self._episode(c, n, record.stale)
            episodes.append(episode)
            troubles.extend(Trouble(episode.bound.rule.id, reason) for reason in episode.reasons)
        troubles.extend(conduct.troubles)
        if conduct.bound and self._stale(c, troubles):
            troubles.append(Trouble("", Reason.STALE_FEED))
        if conduct.next_at is not None:
            instants.append(conduct.next_at)
        return CaseFindings(
            case_no=record.case_no,
            outcome=Outcome.NOT_JUDGEABLE if troubles else Outcome.JUDGED,
            episodes=tuple(episodes),
            offences=conduct.offences,
            troubles=tuple(dict.fromkeys(troubles)),
            notes=tuple(dict.fromkeys(_notes(episodes))),
            next_at=min(instants, default=None),
        )

    def _fault(self, c: int, n: int) -> str:
        """What is wrong with the start of a clock that has none."""
        if self.rules[self.out.rule[n]].rule.counted.episodes != "per_stage":
            return "stopped without a start"
        stage = self.builder.events[c][self.out.start[n] - self.first[c]].stage
        return f"stage {stage or '-'} finished before it started"

    def _stale(self, c: int, troubles: Sequence[Trouble]) -> bool:
        """Whether an open case of a stale feed is one of which no clock says so.

        What has happened has been judged; of what has happened since nothing is known.
        """
        types = self.vocabulary.types
        over = any(types[event.type].finishes for event in self.builder.events[c])
        told = any(trouble.reason is Reason.STALE_FEED for trouble in troubles)
        return self.records[c].stale and not over and not told

    def _untold(self, record: CaseRecord, trouble: Trouble) -> CaseFindings:
        return CaseFindings(
            case_no=record.case_no,
            outcome=Outcome.NOT_JUDGEABLE,
            episodes=(),
            troubles=(trouble,),
            next_at=None,
        )

    def _excluded(self, record: CaseRecord) -> CaseFindings:
        return CaseFindings(
            case_no=record.case_no,
            outcome=Outcome.EXCLUDED,
            episodes=(),
            troubles=(),
            next_at=None,
        )

    def _in_force(self, r: int, ordinal: int) -> bool:
        force = self.rules[r].rule.in_force
        return force.from_.toordinal() <= ordinal and (
            force.to is None or ordinal <= force.to.toordinal()
        )

    def _episode(self, c: int, n: int, stale: bool) -> Episode:
        out = self.out
        bound = self.rules[out.rule[n]]
        events = self.builder.events[c]
        first = self.first[c]
        start = events[out.start[n] - first]
        stop = events[out.stop[n] - first] if out.stop[n] >= 0 else None
        stage = start.stage if bound.rule.counted.episodes == "per_stage" else None
        stale = stale and stop is None
        reasons = [reason for bit, reason in _REASONS.items() if out.reasons[n] & bit]
        if stale:
            reasons.append(Reason.STALE_FEED)
        return Episode(
            bound=bound,
            key=start.key if stage is None else f"{start.key}/{stage}",
            stage=stage,
            start=start,
            stop=stop,
            deemed_at=out.deemed[n] if out.deemed[n] > -NEVER else None,
            state=STATES[out.state[n]],
            elapsed=self._elapsed(n, bound.rule.counted.count),
            limits=tuple(self._limit(n, k, name) for k, name in enumerate(bound.rule.limits)),
            levels=tuple(self._levels(n, bound, stale)),
            next_at=out.next_at[n] if out.next_at[n] < NEVER else None,
            reasons=tuple(reasons),
            ignored=int(out.ignored[n]),
            refused=int(out.refused[n]),
        )

    def _elapsed(self, n: int, unit: Unit) -> Decimal | None:
        out = self.out
        return amount_of(UNIT_CODE[unit], out.elapsed[n], out.part[n], out.part_of[n])

    def _limit(self, n: int, k: int, name: str) -> LimitFound:
        slot = n * MOST_LIMITS + k
        out = self.out
        amount = None
        if out.limit_kind[slot] == AMOUNT:
            value = Decimal(int(out.limit_amount[slot])) / MILLION
            amount = Amount(value.normalize() + 0, _UNITS[int(out.limit_unit[slot])])
        known = out.limit_kind[slot] in (AMOUNT, STATED)
        return LimitFound(
            name=name,
            amount=amount,
            due_at=_instant(out.limit_due[slot]) if known else None,
            beyond=known and out.limit_due[slot] == BEYOND,
        )

    def _levels(self, n: int, bound: BoundRule, stale: bool) -> Any:
        cards = sorted(bound.rule.cards, key=lambda card: Level.parse(card.level))
        for k, card in enumerate(cards):
            instant = self.out.level_instant[n * MOST_LEVELS + k]
            yield LevelFound(
                level=Level.parse(card.level),
                at=card.at,
                limit=_limit_of(card.at),
                instant=_instant(instant),
                beyond=instant == BEYOND,
                reached=bool(self.out.level_reached[n * MOST_LEVELS + k]) and not stale,
            )


def _notes(episodes: Sequence[Episode]) -> Iterator[Trouble]:
    """The extensions that did not count, or not whole, by rule."""
    for episode in episodes:
        if episode.refused:
            rule = episode.bound.rule.id
            yield Trouble(rule, Reason.EXTENSION_REFUSED, str(episode.refused))


def _limit_of(at: str) -> str:
    return at.split("% ")[-1].split(" ")[0]


def _instant(value: int) -> int | None:
    return int(value) if -NEVER < value < NEVER else None
