"""What conditions read, as columns: the facts of cases and events, and the conditions themselves.

Only what the rules at hand ask for is encoded. docs/rules.md says how fields are read.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from ..rules.comparison import Comparison
from ..rules.conditions import PARAMETERS, Condition
from ..rules.rules import CardAt
from ..rules.vocabulary import Vocabulary
from ..terms import Level
from ..time.amount import Amount, Unit
from .clockwork import NEVER, seconds_of
from .columns import (
    AFTER,
    BEFORE,
    LAST,
    NEED,
    NOT_GIVEN,
    NOT_READABLE,
    OF,
    SINCE,
    UNTIL,
    Conditions,
    Facts,
)
from .encoding import BoundRule, Signature
from .questions import MILLION, UNIT_CODE, millionths
from .timeline import CaseRecord, Event

MEASURES = tuple(PARAMETERS)
#: Stages that a case's list may name, and the highest fee (in cents) and number that are read.
MOST_STAGES = 1_000
MOST_FEE = 10_000_000_000
MOST_NUMBER = 1_000_000_000
FAR_DAY = date.max.toordinal()
_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")
_PARTS = re.compile("[;；]")
_EVENT_FIELDS = frozenset({"reason", "actor", "department", "stage", "kind", "amount"})


def field_text(event: Event, field: str) -> str | None:
    """The text in a field or attribute of an event."""
    if field in _EVENT_FIELDS:
        value: str | None = getattr(event, field)
        return value
    return event.attributes.get(field)


def folded(text: str | None) -> str:
    """A text by which it is told from another one: case and spaces aside."""
    return "".join((text or "").casefold().split())


def read_number(text: str | None) -> int:
    """A number in millionths; NOT_GIVEN where there is none, NOT_READABLE where it is none."""
    if text is None or not text.strip():
        return NOT_GIVEN
    return _scaled(text, MILLION, MOST_NUMBER * MILLION)


def read_amount(text: str | None, unit: Unit) -> int:
    """An amount in millionths of its unit, as `read_number`; one in another unit cannot be read."""
    if text is None or not text.strip():
        return NOT_GIVEN
    try:
        amount = Amount.parse(text)
    except ValueError:
        return NOT_READABLE
    return millionths(amount) if amount.unit is unit else NOT_READABLE


def read_fee(text: str | None) -> int:
    """A fee in cents, as `read_number`."""
    if text is None or not text.strip():
        return NOT_GIVEN
    return _scaled(text, 100, MOST_FEE)


def _scaled(text: str, scale: int, most: int) -> int:
    if not _NUMBER.fullmatch(text.strip()):
        return NOT_READABLE
    value = Decimal(text.strip()) * scale
    if value != int(value) or value > most:
        return NOT_READABLE
    return int(value)


def read_fee_list(text: str | None) -> list[int] | None:
    """The amounts of a fee list in cents, none of them where nothing may be charged.

    None where there is no list or an amount in it cannot be read.
    """
    parts = [part.strip() for part in _PARTS.split(text or "") if part.strip()]
    if not parts:
        return None
    if len(parts) == 1 and parts[0].casefold() == "none":
        return []
    amounts = [read_fee(part.rpartition("=")[2]) for part in parts]
    return None if min(amounts) < 0 else amounts


def read_stages(text: str | None) -> dict[str, int] | None:
    """The places of a stage list by the folded name; None where there is none or it is too long."""
    names = [folded(part) for part in _PARTS.split(text or "") if part.strip()]
    if not names or len(names) > MOST_STAGES:
        return None
    places: dict[str, int] = {}
    for name in names:
        places.setdefault(name, len(places))
    return places


class FactsBuilder:
    """Collects what conditions read of the cases of a frame, only what these ask for."""

    def __init__(self, conditions: Sequence[Condition]) -> None:
        used = {condition.measure for condition in conditions}

        def fields(*measures: str) -> dict[str, int]:
            found = [one.field for one in conditions if one.measure in measures and one.field]
            return {name: place for place, name in enumerate(dict.fromkeys(found))}

        self.texts = fields("repeated_text", "contradiction", "same_person")
        if "same_person" in used:
            self.texts.setdefault("actor", len(self.texts))
        self.lengths = fields("length")
        asked = [
            (one.field, one.unit) for one in conditions if one.measure == "number" and one.field
        ]
        self.numbers = {name: place for place, name in enumerate(dict.fromkeys(asked))}
        lists = [one.case_fields for one in conditions if one.case_fields]
        self.lists = {names: place for place, names in enumerate(dict.fromkeys(lists))}
        self.recorded = bool(used & {"lag", "recorded_after_due"})
        self.staged = bool(used & {"skipped_stage", "reordered_stage", "unlisted_stage"})
        self.charged = "fee_deviation" in used
        self.persons = "same_person" in used
        self._events = 0
        self._cases = 0
        self._columns: dict[str, list[int]] = {name: [] for name in Facts._fields[2:]}
        self._columns["fee_at"].append(0)
        self._blocks: dict[str, list[list[int]]] = {
            "text": [[] for _ in self.texts],
            "length": [[] for _ in self.lengths],
            "number": [[] for _ in self.numbers],
            "case_number": [[] for _ in self.numbers],
            "case_lacks": [[] for _ in self.lists],
        }

    def add(self, record: CaseRecord, events: Sequence[Event]) -> None:
        """Add a case; `events` are those of the frame, in its order."""
        self._events += len(events)
        self._cases += 1
        columns, blocks, fields = self._columns, self._blocks, record.fields
        if self.recorded:
            columns["recorded"].extend(
                NEVER if event.recorded_at is None else event.recorded_at for event in events
            )
        if self.staged:
            self._add_stages(fields.get("stage_list"), events)
        if self.charged:
            columns["fee"].extend(read_fee(event.attributes.get("fee")) for event in events)
            amounts = read_fee_list(fields.get("fee_list"))
            columns["fee_known"].append(int(amounts is not None))
            columns["fee_of"].extend(amounts or ())
            columns["fee_at"].append(len(columns["fee_of"]))
        if self.texts:
            self._add_texts(fields.get("handler"), events)
        for name, slot in self.lengths.items():
            blocks["length"][slot].extend(
                len((field_text(event, name) or "").strip()) for event in events
            )
        for (name, unit), slot in self.numbers.items():
            blocks["number"][slot].extend(
                _number(field_text(event, name), unit) for event in events
            )
            blocks["case_number"][slot].append(_number(fields.get(name), unit))
        for names, slot in self.lists.items():
            lacking = sum(not (fields.get(name) or "").strip() for name in names)
            blocks["case_lacks"][slot].append(lacking)

    def _add_stages(self, text: str | None, events: Sequence[Event]) -> None:
        places = read_stages(text)
        self._columns["stages"].append(NOT_GIVEN if places is None else len(places))
        for event in events:
            name = folded(event.stage)
            place = (places or {}).get(name, NOT_READABLE) if name else NOT_GIVEN
            self._columns["place"].append(place)

    def _add_texts(self, handler: str | None, events: Sequence[Event]) -> None:
        """Number the texts within the case: the same number means the same text in every field."""
        numbers: dict[str, int] = {}

        def number(text: str | None) -> int:
            name = folded(text)
            return numbers.setdefault(name, len(numbers)) if name else NOT_GIVEN

        for name, slot in self.texts.items():
            self._blocks["text"][slot].extend(number(field_text(event, name)) for event in events)
        self._columns["handler"].append(number(handler))

    def facts(self) -> Facts:
        """The columns collected so far."""
        for name, blocks in self._blocks.items():
            self._columns[name] = [value for block in blocks for value in block]
        return Facts(events=self._events, cases=self._cases, **self._columns)


def encode_conditions(
    bound: Sequence[BoundRule],
    facts: FactsBuilder,
    vocabulary: Vocabulary,
    signatures: Mapping[Signature, int],
) -> Conditions:
    """Rules of conduct as columns for these signatures."""
    order = sorted(signatures, key=lambda signature: signatures[signature])
    kinds: dict[str, int] = {}
    columns: dict[str, list[int]] = {name: [] for name in Conditions._fields[2:]}
    columns["kind"] = [
        -1 if kind is None else kinds.setdefault(kind, len(kinds)) for _, kind in order
    ]
    columns["level_at"].append(0)
    clocks = 0
    for entry in bound:
        rule, condition = entry.rule, condition_of(entry)
        columns["role"].extend(role_of(condition, vocabulary, signature) for signature in order)
        columns["measure"].append(MEASURES.index(condition.measure))
        columns["slot"].append(_slot(condition, facts))
        columns["actor"].append(facts.texts.get("actor", 0))
        columns["after"].append(int(condition.after is not None))
        columns["unit"].append(UNIT_CODE[condition.unit] if condition.unit else 0)
        columns["within"].append(_seconds(condition.within))
        columns["clock"].append(clocks if condition.limit else -1)
        clocks += int(condition.limit is not None)
        columns["from_day"].append(rule.in_force.from_.toordinal())
        columns["to_day"].append(rule.in_force.to.toordinal() if rule.in_force.to else FAR_DAY)
        for card in cards_of(entry):
            comparison = Comparison.parse(card.at)
            columns["level_rank"].append(int(Level.parse(card.level)))
            columns["level_sign"].append(comparison.code)
            columns["level_value"].append(int(comparison.value * MILLION))
        columns["level_at"].append(len(columns["level_rank"]))
    return Conditions(conditions=len(bound), signatures=len(order), **columns)


def _number(text: str | None, unit: Unit | None) -> int:
    return read_number(text) if unit is None else read_amount(text, unit)


def condition_of(bound: BoundRule) -> Condition:
    """The condition of a rule that has one."""
    assert bound.rule.condition is not None, f"{bound.rule.id} has no condition"
    return bound.rule.condition


def cards_of(bound: BoundRule) -> list[CardAt]:
    """The cards of a rule, lowest level first, as the columns have them."""
    return sorted(bound.rule.cards, key=lambda card: Level.parse(card.level))


def _slot(condition: Condition, facts: FactsBuilder) -> int:
    if condition.case_fields is not None:
        return facts.lists[condition.case_fields]
    if condition.field is None:
        return 0
    if condition.measure == "number":
        return facts.numbers[condition.field, condition.unit]
    blocks = {"length": facts.lengths}
    return blocks.get(condition.measure, facts.texts)[condition.field]


def _seconds(within: str | None) -> int:
    if within is None:
        return 0
    amount = Amount.parse(within)
    seconds: int = seconds_of(UNIT_CODE[amount.unit])
    return millionths(amount) * seconds // MILLION


def role_of(condition: Condition, vocabulary: Vocabulary, signature: Signature) -> int:
    """What an event of this signature is to the condition, as bits."""
    name, kind = signature
    role = 0
    meant = condition.kinds is None or kind in condition.kinds
    if condition.lawful is not None:
        ground = vocabulary.kinds.get(kind or "")
        meant = meant and condition.lawful == (ground is not None and ground.lawful)
    if name in condition.of and meant:
        role |= OF
    parts = (
        (condition.since, SINCE),
        (condition.until, UNTIL),
        (condition.need, NEED),
        (condition.after, AFTER),
        (condition.before, BEFORE),
        (condition.stop, LAST),
    )
    for names, bit in parts:
        if names is not None and name in names:
            role |= bit
    return role
