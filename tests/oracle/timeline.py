"""A timeline as the oracle reads it: order, faulty data, episodes, suspensions (time.md 12, 18)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from .calendars import OracleCalendar
from .words import Amount, parse_amount

VOCABULARY = Path(__file__).resolve().parents[2] / "rules" / "vocabulary.yaml"
Event = dict[str, Any]
Rule = dict[str, Any]


class Placed(NamedTuple):
    """An event and the instant at which it is read; a date-only one has no instant of its own."""

    at: int
    event: Event

    @property
    def date_only(self) -> bool:
        """Whether only the date is known."""
        return bool(self.event.get("precision", "second") == "day")

    @property
    def kind(self) -> str | None:
        """Kind of a suspension or extension."""
        return self.event.get("kind") or None


class Vocabulary(NamedTuple):
    """Of each event type its rank, what may not come after it, and whether it ends the case."""

    rank: dict[str, int]
    follows: dict[str, list[str]]
    ends_case: frozenset[str]


@dataclass(frozen=True)
class Suspension:
    """A time in which the clock stands still, as the events say it."""

    opened: Placed
    closed: Placed | None
    cap: Amount | None
    #: The cap cannot be read: nobody knows how long the suspension lasts.
    bad_cap: bool = False


@dataclass(frozen=True)
class Episode:
    """One run of a clock. The numbers are places in the ordered timeline."""

    stage: str | None
    first: int
    last: int
    start: Placed
    stop: Placed | None
    deemed: bool
    suspensions: tuple[Suspension, ...]
    #: Pause and resume events that changed nothing.
    ignored: int


@lru_cache(maxsize=8)
def vocabulary(path: Path = VOCABULARY) -> Vocabulary:
    """The project's event types: data, not code."""
    types = yaml.safe_load(path.read_text(encoding="utf-8"))["events"]
    return Vocabulary(
        {entry["type"]: entry["rank"] for entry in types},
        {entry["type"]: entry.get("follows", []) for entry in types},
        frozenset(entry["type"] for entry in types if entry.get("ends_case")),
    )


def listed(value: Any) -> list[str]:
    """One word or a list of words."""
    return [value] if isinstance(value, str) else list(value)


def in_order(events: Sequence[Event], cal: OracleCalendar, words: Vocabulary) -> list[Placed]:
    """The timeline. A date-only event is read as early on its date as the ranks allow."""
    exact = [event for event in events if event.get("precision", "second") == "second"]
    placed = []
    for event in events:
        at = event["occurred_at"]
        if event.get("precision", "second") == "day":
            for other in exact:
                same_date = cal.local_date(other["occurred_at"]) == cal.local_date(at)
                if same_date and words.rank[other["type"]] < words.rank[event["type"]]:
                    at = max(at, other["occurred_at"])
        placed.append(Placed(at, event))
    return sorted(placed, key=lambda item: _tie(item, words))


def _tie(item: Placed, words: Vocabulary) -> tuple[Any, ...]:
    event = item.event
    recorded, source = event.get("recorded_at"), event.get("source_key")
    return (
        item.at,
        words.rank[event["type"]],
        (recorded is None, recorded or 0),
        (source is None, source or ""),
        event["key"],
    )


def out_of_order(placed: Sequence[Placed], words: Vocabulary) -> bool:
    """Whether something came first that the vocabulary says cannot."""
    first: dict[str, int] = {}
    for item in placed:
        first.setdefault(item.event["type"], item.at)
    return any(
        earlier in first and first[earlier] > at
        for name, at in first.items()
        for earlier in words.follows[name]
    )


def _is(item: Placed, clock: Rule, role: str) -> bool:
    kinds = clock.get("kinds")
    if item.event["type"] not in listed(clock[role]):
        return False
    return kinds is None or item.kind in listed(kinds)


def is_start(item: Placed, clock: Rule) -> bool:
    """Whether the event starts the clock."""
    return _is(item, clock, "start")


def is_stop(item: Placed, clock: Rule, words: Vocabulary, stage: str | None) -> bool:
    """Whether the event stops the clock; per stage, only that of the stage."""
    if item.event["type"] in words.ends_case:
        return True
    return _is(item, clock, "stop") and _in_stage(item, clock, stage)


def is_extension(item: Placed, clock: Rule) -> bool:
    """Whether the event extends limits."""
    extend = clock.get("extend")
    return extend is not None and item.event["type"] in listed(extend["by"])


def _in_stage(item: Placed, clock: Rule, stage: str | None) -> bool:
    return (
        clock.get("episodes", "once") != "per_stage" or (item.event.get("stage") or None) == stage
    )


def stopped_without_start(
    placed: Sequence[Placed], clock: Rule, words: Vocabulary
) -> Placed | None:
    """The first stop of a clock that runs once and was never started."""
    if clock.get("episodes", "once") != "once" or any(is_start(item, clock) for item in placed):
        return None
    for item in placed:
        sound = words.ends_case | set(listed(clock.get("unstarted", [])))
        if _is(item, clock, "stop") and item.event["type"] not in sound:
            return item
    return None


def episodes(
    placed: Sequence[Placed], clock: Rule, words: Vocabulary, deemed: int | None
) -> list[Episode]:
    """The runs of a clock in order of their starts; `deemed` is the place of a deemed start."""
    mode = clock.get("episodes", "once")
    starts = [n for n, item in enumerate(placed) if is_start(item, clock) or n == deemed]
    if mode == "once":
        starts = starts[:1] if deemed is None else [deemed]
    stages: list[str | None] = [None]
    if mode == "per_stage":
        stages = list(dict.fromkeys(placed[n].event.get("stage") or None for n in starts))
    out = []
    for stage in stages:
        free_from = 0
        for n in starts:
            if n < free_from or not _in_stage(placed[n], clock, stage):
                continue
            stops = [
                m for m, item in enumerate(placed) if m > n and is_stop(item, clock, words, stage)
            ]
            last = stops[0] if stops else len(placed)
            suspensions, ignored = _suspensions(placed, clock, words, stage, n, last)
            out.append(
                Episode(
                    stage=stage,
                    first=n,
                    last=last,
                    start=placed[n],
                    stop=placed[last] if stops else None,
                    deemed=n == deemed and not is_start(placed[n], clock),
                    suspensions=suspensions,
                    ignored=ignored,
                )
            )
            free_from = last + 1
    return sorted(out, key=lambda episode: episode.first)


def ended_first(placed: Sequence[Placed], clock: Rule, words: Vocabulary, one: Episode) -> bool:
    """Whether the stage of an episode was finished before it had ever been started."""
    if clock.get("episodes", "once") != "per_stage":
        return False
    for item in placed:
        if not _in_stage(item, clock, one.stage):
            continue
        if is_start(item, clock):
            return False
        if _is(item, clock, "stop") and item.event["type"] not in words.ends_case:
            return True
    return False


def _suspensions(
    placed: Sequence[Placed],
    clock: Rule,
    words: Vocabulary,
    stage: str | None,
    first: int,
    last: int,
) -> tuple[tuple[Suspension, ...], int]:
    """Suspensions from the beginning of the timeline to the episode's stop, and idle events."""
    opened: dict[tuple[int, str | None], Placed] = {}
    out: list[Suspension] = []
    ignored = 0

    def close(keys: list[tuple[int, str | None]], at: Placed | None) -> None:
        for key in keys:
            cap, bad = _cap(clock["pause"][key[0]].get("cap"), opened[key])
            out.append(Suspension(opened.pop(key), at, cap, bad))

    for n, item in enumerate(placed[: last + 1]):
        if is_stop(item, clock, words, stage):
            close(list(opened), item)
            continue
        meant = did = False
        for number, pair in enumerate(clock.get("pause") or ()):
            kinds = None if pair.get("kinds") is None else listed(pair["kinds"])
            if item.event["type"] in listed(pair["from"]) and (not kinds or item.kind in kinds):
                meant = True
                if (number, item.kind) not in opened:
                    opened[number, item.kind] = item
                    did = True
            if item.event["type"] in listed(pair["to"]) and (
                not kinds or item.kind is None or item.kind in kinds
            ):
                meant = True
                keys = [key for key in opened if key[0] == number and item.kind in (None, key[1])]
                close(keys, item)
                did = did or bool(keys)
        if meant and not did and n > first:
            ignored += 1
    close(list(opened), None)
    start = placed[first].at
    alive = [one for one in out if one.closed is None or one.closed.at > max(start, one.opened.at)]
    return tuple(alive), ignored


def _cap(cap: Rule | None, opened: Placed) -> tuple[Amount | None, bool]:
    """The longest time a suspension takes away, and whether it cannot be read (docs/time.md 12)."""
    text = None if cap is None else cap.get("fixed") or opened.event.get("amount")
    if not text:
        return None, False
    try:
        value, unit = parse_amount(text)
    except ValueError:
        return None, True
    if unit.endswith("days") and value.denominator != 1:
        return None, True
    return (value, unit), False
