"""Levels that are not given while another card of the same case stands or would stand.

A municipal measure gives a card for a late step "while the case itself is not late" (P12 of
docs/catalogue.md): `unless: {rule: CN-PROMISE, level: yellow}`. What decides is the instant at
which the level falls due. If the other card had fallen due by then, the level is not given; if it
falls due later, what was given stays. So the same cards come of one scan and of many. Where the
other card falls by evidence or was lifted by persons, the level is given after all.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

from ..rules.rules import Unless
from ..terms import Level
from .findings import CaseFindings, Episode, Ground, LevelFound, Offence

#: A rule's id and one of its levels.
Named = tuple[str, Level]
_Given = Callable[[Ground, LevelFound], LevelFound]


def unless_of(ground: Ground) -> Mapping[Level, Unless]:
    """Of a ground's levels those that give way, and to what."""
    return {
        Level.parse(card.level): card.unless
        for card in ground.bound.rule.cards
        if card.unless is not None
    }


def giving_way(found: CaseFindings, beside: Iterable[Ground] = ()) -> CaseFindings:
    """The findings with the levels marked that give way to what was found of the same case.

    `beside` are what other rules found on the case that are not judged here.
    """
    if not any(unless_of(ground) for ground in found.grounds):
        return found
    since: dict[Named, int] = {}
    for ground in (*found.grounds, *beside):
        for level in ground.levels:
            if level.reached and level.instant is not None:
                name = ground.bound.rule.id, level.level
                since[name] = min(level.instant, since.get(name, level.instant))

    def given(ground: Ground, level: LevelFound) -> LevelFound:
        unless = unless_of(ground).get(level.level)
        if unless is None or not level.reached or level.instant is None:
            return level
        other = unless.rule, Level.parse(unless.level)
        if other not in since or since[other] > level.instant:
            return level
        return replace(level, reached=False, gave_way=other)

    return _changed(found, given)


def given_after_all(found: CaseFindings, lifted: Collection[Named]) -> CaseFindings:
    """The findings without giving way to cards that persons have lifted for good."""

    def given(_: Ground, level: LevelFound) -> LevelFound:
        if level.gave_way is None or level.gave_way not in lifted:
            return level
        return replace(level, reached=True, gave_way=None)

    return _changed(found, given) if lifted else found


def _changed(found: CaseFindings, given: _Given) -> CaseFindings:
    def each(ground: Ground) -> tuple[LevelFound, ...]:
        return tuple(given(ground, level) for level in ground.levels)

    episodes: tuple[Episode, ...] = tuple(replace(one, levels=each(one)) for one in found.episodes)
    offences: tuple[Offence, ...] = tuple(replace(one, levels=each(one)) for one in found.offences)
    return replace(found, episodes=episodes, offences=offences)
