"""Which values bind an episode, and what corrections do to it: plain loops over plain values.

Written from the words of docs/time.md: bound is what was known when the start was received, else
the first value received after it; a correction that only shortens, to due instants after it was
received, counts at once; every other waits, but where nobody supervised when it came.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Fields = dict[str, str]
#: When a version was received, and what it says.
Version = tuple[int, Fields]
#: Episodes of a case with some fields, by the key of their start.
Says = Callable[[Fields], Mapping[str, Any]]


def known_at(versions: Sequence[Version], told: int) -> int:
    """The version that stood at an instant; the first one where none did."""
    found = 0
    for number, (received, _) in enumerate(versions):
        if received <= told:
            found = number
    return found


def whole(versions: Sequence[Version], number: int) -> Fields:
    """The values of a version; of what it does not say the first that came after it."""
    values: Fields = {}
    for _, fields in versions[number:]:
        for name in fields:
            if name not in values:
                values[name] = fields[name]
    return values


def levels_of(
    key: str,
    told: int,
    versions: Sequence[Version],
    supervised_from: int | None,
    says: Says,
    as_of: int,
) -> dict[str, tuple[int | None, bool]] | None:
    """Instant and whether it is reached of each level of an episode; None where there is none."""
    place = known_at(versions, told)
    values = whole(versions, place)
    episode = says(values).get(key)
    counts = None if episode is None else dict(episode["levels"])
    for number in range(place + 1, len(versions)):
        received = versions[number][0]
        before, after = whole(versions, number - 1), whole(versions, number)
        for name in sorted(set(before) | set(after)):
            if before.get(name) == after.get(name):
                continue
            tried = dict(values)
            tried.pop(name, None)
            if name in after:
                tried[name] = after[name]
            other = says(tried).get(key)
            if other == episode:
                values = tried
                continue
            nobody = supervised_from is None or received < supervised_from
            if not nobody and not shortens(episode, other, received):
                continue
            values, episode = tried, other
            counts = None if other is None else moved(counts or {}, other, received, as_of)
    return counts


def shortens(old: Any, new: Any, received: int) -> bool:
    """Whether the limit ends earlier, and after the correction came."""
    if old is None or new is None:
        return False
    was, now = old["due"], new["due"]
    return was is not None and now is not None and received < now < was


def moved(
    counts: Mapping[str, tuple[int | None, bool]], new: Any, received: int, as_of: int
) -> dict[str, tuple[int | None, bool]]:
    """The levels under a correction, none of them late by an instant before it was received.

    What the new value would not reach at its own, earlier instant (the warning of a clock that has
    stopped) is not reached later.
    """
    end = as_of if new["stop_at"] is None else min(as_of, new["stop_at"])
    found: dict[str, tuple[int | None, bool]] = {}
    for level, (instant, reached) in new["levels"].items():
        former = counts.get(level, (None, False))
        if (
            instant is None
            or instant >= received
            or (former[0] is not None and former[0] <= instant)
        ):
            found[level] = instant, reached
        elif new["due"] is not None and new["due"] > received:
            at = received if former[0] is None else min(received, former[0])
            found[level] = at, reached and end > at
        else:
            found[level] = former
    return found
