"""Tallies judged: rows of values + a rule + a window + an instant → what it says of each subject.

Pure, as all of the core: who selects the rows and writes what follows is `scan.tallies`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Final

from ..rules.comparison import Comparison
from ..rules.tallies import Tally
from ..terms import Level, Reason
from ..time.windows import Window
from .encoding import BoundRule
from .findings import LevelFound
from .tally_rows import Member, Subject, TallyInput
from .tally_sums import Adding, Due, Sum, Sums

#: Decimal places in which a percentage is said; it is compared in full: the difference of two
#: shares, each of them rounded, would be beyond a limit at which it is.
_PLACES: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What a value was made of, for whoever disputes it."""

    #: How many; of a share the part and the whole.
    part: int
    whole: int | None = None
    #: The same of what it is compared with.
    former_part: int | None = None
    former_whole: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tallied:
    """What a tally says of one subject in one window; a card can rest on it."""

    bound: BoundRule
    subject: Subject
    window: Window
    #: None where there is nothing to be judged: too few, or not judgeable for `reasons`.
    value: Decimal | None
    unit: str
    levels: tuple[LevelFound, ...]
    #: What makes the value up, oldest first; empty of a deviation, which has `numbers`.
    members: tuple[Member, ...] = ()
    numbers: Numbers
    #: `department`, `region`, `item_code` that all of its rows have in common.
    common: Mapping[str, str | None] = field(default_factory=dict)
    reasons: tuple[Reason, ...] = ()

    @property
    def key(self) -> str:
        """The episode of its cards."""
        return self.window.key

    @property
    def stop(self) -> None:
        """A window comes to its end by itself: nothing stops it."""
        return


def judge(
    bound: BoundRule,
    world: TallyInput,
    window: Window,
    as_of: int,
    *,
    due: Due,
    also: Collection[Subject] = (),
    importing: bool = False,
) -> list[Tallied]:
    """What a rule's tally says of every subject that has anything in a window, in their order.

    `world` holds at least every row that can bear on it, as known as of `as_of` (epoch seconds);
    `also` are subjects of which something is to be said even if there is nothing left of them.
    While an import has not ended (`importing`) nothing is said of what it can make another.
    """
    tally = bound.rule.tally
    assert tally is not None, f"{bound.rule.id} is no tally"

    def add(of: Window, by: str) -> Sums:
        return Adding(tally, bound.rule.applies_to, world, of, as_of, due, by).sums()

    present = add(window, tally.by)
    former: Sums = {}
    known = True
    if tally.compared is not None:
        if tally.compared.with_ == "whole":
            whole = add(window, "all").get(Subject("all"), Sum())
            former = dict.fromkeys([*present, *also], whole)
        else:
            against = window.before
            if tally.compared.with_ == "year_before":
                against = window.year_before
            former = add(against, tally.by)
            known = world.known_from is not None and world.known_from <= against.start
    subjects = sorted({*present, *former, *also})
    found = [
        _judged(
            bound, tally, subject, window, as_of, present.get(subject), former.get(subject), known
        )
        for subject in subjects
    ]
    return [_untold(each) for each in found] if importing and tally.rests_on_all else found


def _untold(found: Tallied) -> Tallied:
    """The same, nothing of it reached: what there is of it is a part."""
    levels = tuple(replace(level, reached=False) for level in found.levels)
    return replace(found, value=None, levels=levels, reasons=(*found.reasons, Reason.HALF_IMPORT))


def _judged(
    bound: BoundRule,
    tally: Tally,
    subject: Subject,
    window: Window,
    as_of: int,
    present: Sum | None,
    former: Sum | None,
    known: bool,
) -> Tallied:
    now, then = present or Sum(), former or Sum()
    reasons: list[Reason] = []
    if now.uncovered:
        reasons.append(Reason.CALENDAR_NOT_COVERED)
    whole = tally.compared is not None and tally.compared.with_ == "whole"
    if now.stale or (then.stale and not whole):
        reasons.append(Reason.STALE_FEED)
    value = _value(tally, now)
    numbers = Numbers(part=len(now.growth), whole=now.whole if tally.measure == "share" else None)
    ended = as_of >= window.end
    if tally.compared is not None:
        numbers = Numbers(
            part=numbers.part,
            whole=numbers.whole,
            former_part=len(then.growth),
            former_whole=then.whole if tally.measure == "share" else None,
        )
        enough = _enough(tally, then)
        nothing = enough and _value(tally, then, former=True) is None
        if ended and (not known or nothing):
            reasons.append(Reason.NO_FORMER_WINDOW)
        value = _deviation(tally, now, then) if known and enough else None
    elif not _enough(tally, now):
        value = None
    levels = [
        _level(tally, window, as_of, card.level, tally.check(card.at), value, now, reasons)
        for card in sorted(bound.rule.cards, key=lambda card: Level.parse(card.level))
    ]
    return Tallied(
        bound=bound,
        subject=subject,
        window=window,
        value=None if value is None else _said(value),
        unit=tally.unit_word,
        levels=tuple(levels),
        members=() if tally.compared is not None else tuple(now.members),
        numbers=numbers,
        common={**then.common, **now.common},
        reasons=tuple(reasons),
    )


def _said(value: Fraction) -> Decimal:
    return Decimal(round(value * 10**_PLACES)).scaleb(-_PLACES)


def _value(tally: Tally, of: Sum, *, former: bool = False) -> Fraction | None:
    """How many, or what share in %; None where there is nothing of which it is one."""
    if tally.measure != "share":
        return Fraction(len(of.growth)) if of.growth or not former else None
    return Fraction(100 * len(of.members), of.whole) if of.whole else None


def _enough(tally: Tally, of: Sum) -> bool:
    """Whether a share's whole, or a former number, is large enough to be judged."""
    if tally.at_least is None:
        return True
    return (of.whole if tally.measure == "share" else len(of.growth)) >= tally.at_least


def _deviation(tally: Tally, now: Sum, then: Sum) -> Fraction | None:
    """How far it is from what it is compared with, to the sides that are meant; 0 to the other."""
    assert tally.compared is not None
    present, former = _value(tally, now), _value(tally, then, former=True)
    if former is None or present is None:
        return None
    if tally.measure == "share" and not _enough(tally, now):
        return None
    more = present - former
    if tally.measure != "share":
        more = 100 * more / former
    sides = {"either": abs(more), "more": more, "less": -more}
    return max(sides[tally.compared.side], Fraction(0))


def _level(
    tally: Tally,
    window: Window,
    as_of: int,
    level: str,
    comparison: Comparison,
    value: Fraction | None,
    now: Sum,
    reasons: list[Reason],
) -> LevelFound:
    """Since when a level is reached: by the N-th of a growing number, or with the window's end."""
    instant: int | None = window.end - 1
    reached = as_of >= window.end and value is not None and comparison.holds(value)
    if tally.running(comparison):
        place = int(comparison.value) - (comparison.sign == ">=")
        instant = now.growth[place] if place < len(now.growth) else None
        reached = instant is not None and instant <= as_of
    return LevelFound(
        level=Level.parse(level),
        at=str(comparison),
        limit=tally.measure,
        instant=instant,
        beyond=False,
        reached=reached and not (reasons and not tally.running(comparison)),
    )
