"""Rules of two packs that watch the same: of one delay or one act both would give a card.

Told from what the rules say, not from cases: two clocks that the same event sets running and the
same event stops and that are held against the same kind of limit, two conditions that measure the
same of the same events, two tallies of the same rows. Rules that can never be for one case are no
such pair.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from .conditions import Condition
from .rule_parts import Match
from .rules import Clock, Rule
from .tallies import Tally

_FIELDS = ("item_kind", "item_code", "region", "department", "channel")


@dataclass(frozen=True, slots=True)
class Overlap:
    """A rule of one pack and a rule of another one that watch the same."""

    pack: str
    rule: str
    other_pack: str
    other_rule: str


def overlaps(rules: Sequence[tuple[str, Rule]]) -> Iterator[Overlap]:
    """Every pair of two packs, in the order of the rules; each rule comes with its pack.

    Retired rules and two versions of one rule are no pair.
    """
    standing = [(pack, rule) for pack, rule in rules if rule.status != "retired"]
    for (pack, rule), (other_pack, other) in combinations(standing, 2):
        if pack != other_pack and rule.id != other.id and same_watch(rule, other):
            yield Overlap(pack, rule.id, other_pack, other.id)


def same_watch(first: Rule, second: Rule) -> bool:
    """Whether both could give a card for one and the same thing."""
    if first.form != second.form or _apart(first.applies_to, second.applies_to):
        return False
    if first.condition is not None and second.condition is not None:
        return _same_measure(first.condition, second.condition)
    if first.tally is not None and second.tally is not None:
        return _same_rows(first.tally, second.tally)
    return _same_clock(first.counted, second.counted) and bool(_bounds(first) & _bounds(second))


def _same_clock(first: Clock, second: Clock) -> bool:
    by_stage = [clock.episodes == "per_stage" for clock in (first, second)]
    return (
        by_stage[0] == by_stage[1]
        and _meet(first.start, second.start)
        and _meet(first.stop, second.stop)
        and not _other_words(first.kinds, second.kinds)
    )


def _bounds(rule: Rule) -> set[str]:
    """Against what a clock is held: the case's promise, its statutory limit, a limit of its own."""
    sources = [source for limit in rule.limits.values() for source in limit]
    return {source.case.split("_")[0] if source.case else "own" for source in sources}


def _same_measure(first: Condition, second: Condition) -> bool:
    if (first.measure, first.field) != (second.measure, second.field):
        return False
    if not _meet(first.of, second.of) or _other_words(first.kinds, second.kinds):
        return False
    if None not in (first.lawful, second.lawful) and first.lawful != second.lawful:
        return False
    # What one counts only before an event, and the other only after it, they never both count.
    return not (_meet(first.after, second.before) or _meet(first.before, second.after))


def _same_rows(first: Tally, second: Tally) -> bool:
    plain = [tally.model_dump(exclude={"at_least"}) for tally in (first, second)]
    return plain[0] == plain[1]


def _apart(first: Match, second: Match) -> bool:
    """Whether no case can be meant by both.

    Rules that are each for cases with a mark of their own watch different things.
    """
    for name in _FIELDS:
        if _other_words(getattr(first, name), getattr(second, name)):
            return True
    marks, others = first.attributes or {}, second.attributes or {}
    shared = marks.keys() & others.keys()
    if marks and others and not shared:
        return True
    if any(_other_words(marks[name], others[name]) for name in shared):
        return True
    return _shut_out(first, second) or _shut_out(second, first)


def _shut_out(rule: Match, other: Match) -> bool:
    """Whether what the one is not for is all that the other is for."""
    if rule.not_ is None:
        return False
    for name in _FIELDS:
        shut = getattr(rule.not_, name)
        meant = getattr(other, name)
        if shut is not None and meant is not None and {*meant} <= {*shut}:
            return True
    marks = other.attributes or {}
    return any(
        name in marks and {*marks[name]} <= {*words}
        for name, words in (rule.not_.attributes or {}).items()
    )


def _meet(first: tuple[str, ...] | None, second: tuple[str, ...] | None) -> bool:
    return bool({*(first or ())} & {*(second or ())})


def _other_words(first: tuple[str, ...] | None, second: tuple[str, ...] | None) -> bool:
    """Whether both are narrowed, and to different words."""
    return first is not None and second is not None and not _meet(first, second)
