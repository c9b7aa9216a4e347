"""Conditions on timelines: what rules of conduct find on cases, as offences.

docs/rules.md says what each measure means, `conduct_kernel` measures it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ..rules.rule_parts import InForce
from ..rules.rules import CardAt
from ..rules.vocabulary import Vocabulary
from ..terms import Level, Reason
from .business_time import Table
from .clockwork import NEVER, ordinal_at
from .columns import (
    BAD_LIMIT,
    DATE_ONLY,
    LACKING_DATA,
    MOST_LEVELS,
    NO_LIMIT,
    NOT_COVERED,
    PROVISIONAL,
    Conditions,
    Facts,
    Offences,
    Rules,
    Scratch,
    scratch_size,
)
from .conduct_facts import FAR_DAY, FactsBuilder, cards_of, condition_of, encode_conditions
from .conduct_kernel import judge_conduct
from .encoding import BoundRule, FrameBuilder, blank_findings, blank_work, encode_rules
from .findings import LevelFound, Offence, Trouble
from .questions import MILLION
from .timeline import CaseRecord, Event

_REASONS = {
    NO_LIMIT: Reason.NO_LIMIT,
    BAD_LIMIT: Reason.BAD_LIMIT,
    NOT_COVERED: Reason.CALENDAR_NOT_COVERED,
    PROVISIONAL: Reason.CALENDAR_PROVISIONAL,
    DATE_ONLY: Reason.DATE_ONLY,
    LACKING_DATA: Reason.LACKING_DATA,
}
#: What the data lack where a measure cannot be told; else the condition's field.
_LACKED = {
    "lag": "recorded_at",
    "recorded_after_due": "recorded_at",
    "skipped_stage": "stage_list",
    "reordered_stage": "stage_list",
    "unlisted_stage": "stage_list",
    "fee_deviation": "fee, fee_list",
    "same_person": "actor",
}


@dataclass(frozen=True, slots=True)
class CaseConduct:
    """What conditions say of a case: offences, what could not be told, when anything changes.

    `meant`: some condition applies to the case. `bound`: one of them is or was in force.
    """

    meant: bool = False
    bound: bool = False
    offences: tuple[Offence, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    next_at: int | None = None


def lent_clock(bound: BoundRule) -> BoundRule:
    """The clock from which a condition borrows a due instant, as a rule that is always in force."""
    limit = condition_of(bound).limit
    rule = bound.rule.model_copy(
        update={
            "condition": None,
            "cards": (CardAt(level="red", at=str(limit)),),
            "in_force": InForce.model_validate({"from": date.min}),
        }
    )
    return BoundRule(rule, bound.pack, bound.digest)


def conduct_of(
    records: Sequence[CaseRecord],
    rules: Sequence[BoundRule],
    vocabulary: Vocabulary,
    table: Table,
    builder: FrameBuilder,
    faults: Sequence[int],
    as_of: int,
) -> list[CaseConduct]:
    """What the conditions among `rules` say of the cases of a frame as of an instant.

    `builder` holds the frame of `records`, `faults` which of them have a broken order.
    """
    bound = [entry for entry in rules if entry.rule.form == "condition"]
    if not bound:
        return [CaseConduct()] * len(records)
    asked = ask(bound, records, vocabulary, builder)
    out, count = found_by(asked, table, builder, faults, as_of)
    size, applies = len(records), asked.applies
    rows: dict[int, list[int]] = {}
    for n in range(count):
        rows.setdefault(out.case[n], []).append(n)
    reader = _Reader(bound, table, builder, out, as_of)
    return [
        reader.case(c, rows.get(c, []), [r for r in range(len(bound)) if applies[r * size + c]])
        for c in range(size)
    ]


@dataclass(frozen=True, slots=True)
class Asked:
    """Conditions and the facts that they read, as columns; the clocks that lend due instants.

    `applies[condition * cases + case]`: which conditions are meant for which case.
    """

    conditions: Conditions
    applies: list[int]
    facts: Facts
    clocks: Rules


def ask(
    bound: Sequence[BoundRule],
    records: Sequence[CaseRecord],
    vocabulary: Vocabulary,
    builder: FrameBuilder,
) -> Asked:
    """Encode rules of conduct, and what they read of the cases of a frame."""
    facts = FactsBuilder([condition_of(entry) for entry in bound])
    for record, events in zip(records, builder.events, strict=True):
        facts.add(record, events)
    lent = [lent_clock(entry) for entry in bound if condition_of(entry).limit]
    return Asked(
        conditions=encode_conditions(bound, facts, vocabulary, builder.signatures),
        applies=[
            int(entry.rule.applies_to.matches(record.fields))
            for entry in bound
            for record in records
        ],
        facts=facts.facts(),
        clocks=encode_rules(lent, vocabulary, builder.signatures),
    )


def found_by(
    asked: Asked, table: Table, builder: FrameBuilder, faults: Sequence[int], as_of: int
) -> tuple[Offences, int]:
    """What the interpreted kernel finds: rows, and how many."""
    frame, longest = builder.frame(), builder.longest()
    clocks, facts = asked.clocks, asked.facts
    lent = (clocks, blank_findings(longest + 1), blank_work(longest, clocks.types))
    out = blank_offences(most_offences(frame.first, asked.applies, frame.cases))
    fields = len(facts.text) // max(1, facts.events) + 1
    signatures = asked.conditions.signatures
    room = scratch_size(longest, fields, max(facts.stages, default=0), signatures)
    desk = Scratch(*([0] * room for _ in Scratch._fields))
    count = judge_conduct(
        table,
        asked.conditions,
        asked.applies,
        frame,
        facts,
        0,
        frame.cases,
        as_of,
        out,
        desk,
        faults,
        lent,
    )
    return out, int(count)


def most_offences(first: Sequence[int], applies: Sequence[int], cases: int) -> int:
    """Most rows that `judge_conduct` can write: one for each event and condition, and one more."""
    most = 1
    for place, meant in enumerate(applies):
        if meant:
            c = place % cases
            most += first[c + 1] - first[c]
    return most


def blank_offences(size: int) -> Offences:
    """Rows as lists of zeros."""
    blocks = [MOST_LEVELS if name.startswith("level_") else 1 for name in Offences._fields]
    return Offences(*([0] * (size * block) for block in blocks))


class _Reader:
    """Reads the kernel's columns back into offences."""

    def __init__(
        self,
        rules: Sequence[BoundRule],
        table: Table,
        builder: FrameBuilder,
        out: Offences,
        as_of: int,
    ) -> None:
        self.rules = rules
        self.table = table
        self.builder = builder
        self.first = builder.frame().first
        self.out = out
        self.as_of = as_of

    def case(self, c: int, rows: Iterable[int], meant: Sequence[int]) -> CaseConduct:
        """What its rows say of case `c`; `meant` are the conditions that apply to it."""
        offences = tuple(self._offence(c, n) for n in rows)
        troubles = []
        instants = []
        for offence in offences:
            rule = offence.bound.rule
            for reason in offence.reasons:
                detail = self._detail(offence.bound) if reason is Reason.LACKING_DATA else ""
                troubles.append(Trouble(rule.id, reason, detail))
            instants += [
                level.instant - 1
                for level in offence.levels
                if level.instant is not None and level.instant > self.as_of
            ]
        return CaseConduct(
            meant=bool(meant),
            bound=bool(offences) or any(self._bound(r, c) for r in meant),
            offences=offences,
            troubles=tuple(dict.fromkeys(troubles)),
            next_at=min(instants, default=None),
        )

    def _bound(self, r: int, c: int) -> bool:
        """Whether a version is in force now, or was when something that it is about happened."""
        force = self.rules[r].rule.in_force
        of = condition_of(self.rules[r]).of
        last = force.to.toordinal() if force.to else FAR_DAY

        def inside(instant: int) -> bool:
            return bool(force.from_.toordinal() <= ordinal_at(self.table, instant) <= last)

        return inside(self.as_of) or any(
            event.type in of and inside(event.occurred_at) for event in self.builder.events[c]
        )

    def _offence(self, c: int, n: int) -> Offence:
        out = self.out
        bound = self.rules[out.rule[n]]
        event = self._event(c, out.event[n])
        return Offence(
            bound=bound,
            key=event.key,
            event=event,
            value=_decimal(out.value[n]),
            unit=condition_of(bound).unit_word,
            levels=tuple(
                self._level(c, n, k, card, bound) for k, card in enumerate(cards_of(bound))
            ),
            reasons=tuple(reason for bit, reason in _REASONS.items() if out.reasons[n] & bit),
        )

    def _event(self, c: int, i: int) -> Event:
        found: Event = self.builder.events[c][i - self.first[c]]
        return found

    def _level(self, c: int, n: int, k: int, card: CardAt, bound: BoundRule) -> LevelFound:
        slot = n * MOST_LEVELS + k
        out = self.out
        instant = int(out.level_instant[slot])
        held = instant < NEVER
        return LevelFound(
            level=Level.parse(card.level),
            at=card.at,
            limit=condition_of(bound).measure,
            instant=instant if held else None,
            beyond=False,
            reached=bool(out.level_reached[slot]),
            value=_decimal(out.level_value[slot]) if held else None,
            event=self._event(c, out.level_event[slot]) if held else None,
        )

    def _detail(self, bound: BoundRule) -> str:
        condition = condition_of(bound)
        return _LACKED.get(condition.measure, condition.field or "")


def _decimal(value: int) -> Decimal:
    return (Decimal(int(value)) / MILLION).normalize() + 0
