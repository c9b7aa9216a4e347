"""One rule on one timeline as of an instant, judged step by step in the words of the contract."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from .calendars import OracleCalendar, OutsideCalendar
from .clock import due
from .counting import Clock, Pause, capped_end, clock, counted
from .limits import (
    Limit,
    asks_dates,
    find_limit,
    finer_than_days,
    is_moved,
    point,
    units_used,
)
from .timeline import (
    Episode,
    Event,
    Placed,
    Rule,
    Suspension,
    Vocabulary,
    ended_first,
    episodes,
    in_order,
    is_extension,
    is_start,
    listed,
    out_of_order,
    stopped_without_start,
    vocabulary,
)
from .words import Threshold, parse_amount, parse_threshold


def evaluate(
    rule: Rule,
    case: dict[str, str],
    events: Sequence[Event],
    calendar: OracleCalendar,
    as_of: int,
    *,
    words: Vocabulary | None = None,
) -> dict[str, Any]:
    """What a rule says of a case: outcome, reasons, episodes."""
    words = words or vocabulary()
    if not matches(rule.get("applies_to") or {}, case):
        return {"outcome": "excluded", "reasons": set(), "episodes": []}
    known = [event for event in events if event["occurred_at"] <= as_of]
    placed = in_order(known, calendar, words)
    if out_of_order(placed, words):
        return {"outcome": "not_judgeable", "reasons": {"faulty_data"}, "episodes": []}
    reasons: set[str] = set()
    place, took_effect, pending = deemed_start(rule["clock"], placed, calendar, as_of, reasons)
    found = episodes(placed, rule["clock"], words, place)
    bound = [one for one in found if in_force(rule, calendar.local_date(one.start.at))]
    stray = None if found else stopped_without_start(placed, rule["clock"], words)
    if not found:
        # Which version is meant when nothing has started: that of the stop without a start, of the
        # start that may yet be deemed, of now.
        tells = stray or pending
        told = calendar.local_date(tells.at if tells else as_of)
    if not bound if found else not in_force(rule, told):
        return {"outcome": "excluded", "reasons": set(), "episodes": []}
    if stray:
        return {"outcome": "not_judgeable", "reasons": {"faulty_data"}, "episodes": []}
    judged = []
    told = [one for one in bound if not too_near(rule, case, one, calendar)]
    if bound and not told:
        return {"outcome": "excluded", "reasons": set(), "episodes": []}
    for one in told:
        if ended_first(placed, rule["clock"], words, one):
            reasons.add("faulty_data")
            continue
        run = Run(rule, case, placed, one, calendar, as_of, took_effect if one.deemed else None)
        judged.append(run.judge())
        reasons |= run.reasons
    outcome = "not_judgeable" if reasons else "judged"
    return {"outcome": outcome, "reasons": reasons, "episodes": judged}


def matches(match: Rule, case: dict[str, str]) -> bool:
    """Every named field has one of the listed values, and what is `not` meant does not match."""
    for name, wanted in match.items():
        if name == "not":
            if wanted is not None and matches(wanted, case):
                return False
        elif name == "attributes":
            if not all(case.get(one) in listed(values) for one, values in (wanted or {}).items()):
                return False
        elif wanted is not None and case.get(name) not in listed(wanted):
            return False
    return True


def in_force(rule: Rule, day: date) -> bool:
    """Whether the version binds what starts on the date; both ends included."""
    span = rule.get("in_force") or {}
    begin, end = (
        date.fromisoformat(value) if isinstance(value, str) else value
        for value in (span.get("from"), span.get("to"))
    )
    return (begin is None or begin <= day) and (end is None or day <= end)


def too_near(rule: Rule, case: dict[str, str], one: Episode, cal: OracleCalendar) -> bool:
    """Whether an episode begins too late to be this rule's: so many days before a stated end."""
    text = rule["clock"].get("ahead")
    if text is None:
        return False
    limit = find_limit(next(iter(rule["limits"].values())), case, one.start.event, cal)
    if isinstance(limit, str) or limit.stated is None:
        return False
    end = limit.stated if isinstance(limit.stated, date) else cal.local_date(limit.stated)
    days = int(parse_amount(text)[0])
    return cal.local_date(one.start.at) + timedelta(days=days) > end


def dates(first: date, last: date) -> Iterator[date]:
    """All dates from the one to the other."""
    while first <= last:
        yield first
        first += timedelta(days=1)


def deemed_start(
    clock_rule: Rule,
    placed: Sequence[Placed],
    cal: OracleCalendar,
    as_of: int,
    reasons: set[str],
) -> tuple[int | None, int | None, Placed | None]:
    """The place of the event from which the clock is deemed to run, and since when (time.md 14).

    Also the event from which it may yet be deemed to run.
    """
    deemed = clock_rule.get("deemed")
    froms = listed(deemed["from"]) if deemed else []
    place = next((n for n, item in enumerate(placed) if item.event["type"] in froms), None)
    if deemed is None or place is None:
        return None, None, None
    # A real start by then keeps a deemed one away, whether `unless` names it or not.
    unless = [
        item.at
        for item in placed
        if item.event["type"] in listed(deemed["unless"]) or is_start(item, clock_rule)
    ]
    try:
        effect = due(
            cal,
            placed[place].at,
            parse_amount(deemed["within"]),
            resolution=clock_rule.get("resolution", "day"),
            ends=clock_rule.get("ends", "midnight"),
        )
    except OutsideCalendar:
        # The deeming lies after the calendar's end. Until then it has not taken effect.
        known = cal.covers(cal.local_date(placed[place].at))
        if known and any(cal.local_date(at) <= cal.last for at in unless):
            return None, None, None
        if not known or not cal.covers(cal.local_date(as_of)):
            reasons.add("calendar_not_covered")
        return None, None, placed[place]
    assert effect is not None
    if any(at <= effect for at in unless):
        return None, None, None
    if as_of <= effect:
        return None, None, placed[place]
    return place, effect, None


@dataclass
class Run:
    """One episode under one rule."""

    rule: Rule
    case: dict[str, str]
    placed: Sequence[Placed]
    episode: Episode
    cal: OracleCalendar
    as_of: int
    #: When a deemed start took effect.
    effect: int | None
    reasons: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        rules, self.start = self.rule["clock"], self.episode.start.at
        self.clock_rule: Rule = rules
        self.how: Clock = clock(
            self.cal,
            self.start,
            [_pause(one) for one in self.episode.suspensions],
            resolution=rules.get("resolution", "day"),
            first_day=rules.get("first_day", "next"),
            ends=rules.get("ends", "midnight"),
            roll=rules.get("roll"),
        )
        self.horizon = self.episode.stop.at if self.episode.stop else self.as_of
        self.limits = {
            name: find_limit(sources, self.case, self.episode.start.event, self.cal)
            for name, sources in self.rule["limits"].items()
        }
        self.levels = {card["level"]: parse_threshold(card["at"]) for card in self.rule["cards"]}
        #: What extensions have added: to a limit's due instant, to a level. None: nobody knows.
        self.added: dict[str, Fraction | None] = dict.fromkeys(self.limits, Fraction(0))
        self.gained: dict[str, Fraction | None] = dict.fromkeys(self.levels, Fraction(0))
        self.by: dict[str, list[Placed]] = {level: [] for level in self.levels}
        self.limit_by: dict[str, list[Placed]] = {name: [] for name in self.limits}

    def judge(self) -> dict[str, Any]:
        """The episode as a value."""
        idle, refused = self.extend()
        return {
            "start_key": self.episode.start.event["key"],
            "stage": self.episode.stage,
            "start_at": self.start,
            "deemed": self.episode.deemed,
            "state": self.state(),
            "stop_at": self.episode.stop.at if self.episode.stop else None,
            "elapsed": self.elapsed(),
            "due": {name: self.due_of(name) for name in self.limits},
            "levels": {level: self.level(level) for level in self.levels},
            "ignored": self.episode.ignored + idle,
            "refused": refused,
        }

    def state(self) -> str:
        """`stopped`, `paused` or `running` as of now."""
        if self.episode.stop:
            return "stopped"
        standing = any(
            begin <= self.as_of and (end is None or self.as_of < end)
            for begin, end in self.how.stretches
        )
        return "paused" if standing or self.how.unknown <= self.as_of else "running"

    def elapsed(self) -> Fraction | None:
        """What has been counted, in the clock's unit; None where nobody can say (time.md 3)."""
        unit = self.clock_rule.get("count", "working_days")
        if any(one.bad_cap for one in self.episode.suspensions):
            return None
        if finer_than_days(unit, self.clock_rule) and any(one.date_only for one in self.events()):
            return None
        try:
            return counted(self.how, self.start, self.horizon, unit)
        except OutsideCalendar:
            return None

    # Extensions (time.md 13) ----------------------------------------------------------------------

    def extend(self) -> tuple[int, int]:
        """Let the extensions count in their order; how many changed no level, and how many did not
        count or not whole."""
        ignored = refused = 0
        for item in self.placed[self.episode.first + 1 : self.episode.last]:
            if is_extension(item, self.clock_rule):
                names = listed(self.clock_rule["extend"]["limits"])
                told = [self.extend_limit(name, item) for name in names]
                ignored += not any(changed for changed, _ in told)
                refused += not all(whole for _, whole in told)
        return ignored, refused

    def extend_limit(self, name: str, item: Placed) -> tuple[bool, bool]:
        """Add an extension to a limit and to its levels that had not fallen due.

        Whether it changed a level, and whether it counted whole.
        """
        limit = self.limits[name]
        if isinstance(limit, str):
            return False, True
        if self.too_late(name, limit, item):
            return False, False
        asked = _extension(limit, item)
        more = self.allowed(name, limit, asked)
        if more == 0:
            return False, False
        changed = False
        for level, at in self.levels.items():
            if at.limit != name:
                continue
            if self.passed(limit, self.gained[level], at, item, self.effect):
                continue
            changed = True
            self.by[level].append(item)
            self.gained[level] = _sum(self.gained[level], more)
        self.limit_by[name].append(item)
        self.added[name] = _sum(self.added[name], more)
        return changed, more == asked or more is None

    def too_late(self, name: str, limit: Limit, item: Placed) -> bool:
        """Whether the extension came, or was entered, after the limit as it stood without it."""
        whole = Threshold(name, None, None)
        entered = item.event.get("entered_at")
        return self.passed(limit, self.added[name], whole, item) or (
            entered is not None
            and self.passed(limit, self.added[name], whole, item._replace(at=entered))
        )

    def allowed(self, name: str, limit: Limit, asked: Fraction | None) -> Fraction | None:
        """How much of what is asked may be added: so often, so much in all; None: nobody knows."""
        extend, so_far = self.clock_rule["extend"], self.added[name]
        if extend.get("times") and len(self.limit_by[name]) >= extend["times"]:
            return Fraction(0)
        if not extend.get("most"):
            return asked
        most, unit = parse_amount(extend["most"])
        if limit.amount is None or limit.amount[1] != unit:
            return None
        left = None if so_far is None else most - so_far
        if left == 0:
            return left
        return None if left is None or asked is None else min(asked, left)

    def passed(
        self,
        limit: Limit,
        extra: Fraction | None,
        at: Threshold,
        item: Placed,
        floor: int | None = None,
    ) -> bool:
        """Whether a point, as far as extended, had fallen due before the event."""
        if extra is None:
            return False
        try:
            instant = point(self.how, self.start, limit, extra, at)
        except OutsideCalendar:
            return False
        return instant is not None and item.at > max(instant, floor or instant)

    # Due instants and levels -------------------------------------------------------------------

    def due_of(self, name: str) -> int | None:
        """The instant of a limit itself, if it can be told."""
        limit, extra, at = self.limits[name], self.added[name], Threshold(name, None, None)
        if isinstance(limit, str) or extra is None:
            return None
        try:
            instant = point(self.how, self.start, limit, extra, at)
        except OutsideCalendar:
            return None
        if self.cap_unread(limit, instant) or self.too_coarse(
            limit, at, instant, self.limit_by[name]
        ):
            return None
        return instant

    def level(self, level: str) -> dict[str, Any]:
        """The instant of a level and whether it was reached; a reason if that cannot be told."""
        at = self.levels[level]
        limit, extra = self.limits[at.limit], self.gained[level]
        if isinstance(limit, str) or extra is None:
            return self.withheld(limit if isinstance(limit, str) else "bad_limit")
        outside = False
        try:
            instant = point(self.how, self.start, limit, extra, at)
        except OutsideCalendar:
            instant, outside = None, True
        if instant is not None and self.effect is not None:
            instant = max(instant, self.effect)
        if self.cap_unread(limit, instant):
            return self.withheld("bad_limit")
        if self.too_coarse(limit, at, instant, self.by[level]):
            return self.withheld("date_only")
        if outside and not self.all_covered():
            return self.withheld("calendar_not_covered")
        reached = instant is not None and self.over(instant)
        if level == "warning":
            reached = reached and self.episode.stop is None
        elif reached and instant is not None and self.provisional(limit, at, instant):
            return self.withheld("calendar_provisional", instant)
        return {"instant": instant, "reached": reached}

    def withheld(self, reason: str, instant: int | None = None) -> dict[str, Any]:
        """A level that cannot be judged."""
        self.reasons.add(reason)
        return {"instant": instant, "reached": False}

    def over(self, instant: int) -> bool:
        """Whether the clock outlived an instant (docs/time.md 2)."""
        stop = self.episode.stop
        if stop and stop.date_only:
            return self.cal.local_date(stop.at) > self.cal.local_date(instant)
        return self.horizon > instant

    def all_covered(self) -> bool:
        """Whether the calendar knows every date up to now, or to the stop."""
        asked = [self.start, self.horizon]
        for one in self.touching():
            try:
                capped_end(self.how, *_pause(one))
            except OutsideCalendar:
                asked.append(one.opened.at)
        return all(self.cal.covers(self.cal.local_date(at)) for at in asked)

    def cap_unread(self, limit: Limit, instant: int | None) -> bool:
        """Whether the instant rests on a pause whose cap cannot be read."""
        if limit.amount is None and not is_moved(limit, self.start, self.how):
            return False
        return any(
            one.bad_cap and (instant is None or one.opened.at < instant)
            for one in self.episode.suspensions
        )

    def too_coarse(
        self, limit: Limit, at: Threshold, instant: int | None, extensions: list[Placed]
    ) -> bool:
        """Whether something finer than days rests on an event of which only the date is known.

        An event on a date after the instant does not matter: it had fallen due before (time.md 15).
        """
        units = self.units(limit, at)
        if not any(finer_than_days(unit, self.clock_rule) for unit, _ in units):
            return False
        return any(
            item.date_only and (instant is None or item.event["occurred_at"] <= instant)
            for item in [*self.events(), *extensions]
        )

    def units(self, limit: Limit, at: Threshold) -> list[tuple[str, bool]]:
        """Units in which the instant of a point is counted, and whether it may roll in them."""
        units = units_used(limit, at, moved=is_moved(limit, self.start, self.how))
        if self.episode.deemed:
            units.append((parse_amount(self.clock_rule["deemed"]["within"])[1], False))
        return units

    def events(self) -> list[Placed]:
        """Start, stop, and the events that open and close the pauses."""
        events: list[Placed | None] = [self.episode.start, self.episode.stop]
        for one in self.touching():
            events += [one.opened, one.closed]
        return [item for item in events if item is not None]

    def touching(self) -> list[Suspension]:
        """Suspensions that take something away after the start, caps applied."""
        out = []
        for one in self.episode.suspensions:
            try:
                end = capped_end(self.how, *_pause(one))
            except OutsideCalendar:
                end = None
            if end is None or end > self.start:
                out.append(one)
        return out

    def provisional(self, limit: Limit, at: Threshold, instant: int) -> bool:
        """Whether the instant rests on dates of which one is provisional (docs/time.md 4)."""
        asks = any(
            asks_dates(unit, self.clock_rule, rolls=rolls) for unit, rolls in self.units(limit, at)
        )
        asks = asks or (isinstance(limit.stated, date) and self.how.ends == "close")
        if limit.amount is not None or is_moved(limit, self.start, self.how):
            by_day = {"ends": self.how.ends}
            caps = [one.cap[1] for one in self.touching() if one.cap and one.opened.at < instant]
            asks = asks or any(asks_dates(unit, by_day, rolls=False) for unit in caps)
        span = dates(self.cal.local_date(self.start), self.cal.local_date(instant))
        return asks and any(self.cal.provisional(day) for day in span)


def _pause(one: Suspension) -> Pause:
    return one.opened.at, one.closed.at if one.closed else None, one.cap


def _extension(limit: Limit, item: Placed) -> Fraction | None:
    """How much an extension adds, in the limit's unit; None if that cannot be told."""
    try:
        value, unit = parse_amount(item.event.get("amount") or "")
    except ValueError:
        return None
    return value if limit.amount is not None and limit.amount[1] == unit else None


def _sum(so_far: Fraction | None, more: Fraction | None) -> Fraction | None:
    return None if so_far is None or more is None else so_far + more
