"""The measures of conduct in plain loops, as the page on rules describes them."""

import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise

from .calendars import ONE_DAY, OutsideCalendar
from .clock import elapsed
from .conduct_line import Found, Timeline, parts, plain, said
from .evaluate import Run, deemed_start
from .timeline import Placed, episodes, listed
from .words import SECONDS, parse_amount

_FEE = re.compile(r"[0-9]+(\.[0-9]{1,2}0*)?")
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")


def count(line: Timeline) -> Iterator[Found]:
    """How many events so far, behind one and before another."""
    after, before = line.being("after"), line.being("before")
    number = 0
    for n in line.of():
        if "after" in line.condition and not any(other < n for other in after):
            continue
        if any(other < n for other in before):
            continue
        number += 1
        yield Found(n, Fraction(number))


def gap(line: Timeline) -> Iterator[Found]:
    """Time since the last event before it, or at its instant."""
    for n in line.of():
        at = line.items[n].at
        earlier = [m for m in line.being("since") if m != n and line.items[m].at <= at]
        if earlier:
            yield between(line, n, line.items[earlier[-1]], line.items[n].at)


def lag(line: Timeline) -> Iterator[Found]:
    """How much later an event was recorded than it happened."""
    for n in line.of():
        recorded = line.items[n].event.get("recorded_at")
        if recorded is None:
            yield Found(n, reason="lacking_data")
        else:
            yield between(line, n, line.items[n], recorded, due=max(recorded, line.items[n].at))


def between(line: Timeline, place: int, since: Placed, until: int, due: int | None = None) -> Found:
    """Time from an event until an instant, as `calendar elapsed` counts it."""
    unit = line.condition["unit"]
    dated = since.date_only or (due is None and line.items[place].date_only)
    if dated and unit.split("_")[1] in SECONDS:
        return Found(place, reason="date_only", due=due)
    try:
        value = elapsed(line.cal, since.at, until, unit)
    except OutsideCalendar:
        return Found(place, reason="calendar_not_covered", due=due)
    guessed = unit.startswith("working") and line.guessed(since.at, until)
    return Found(place, value, due=due, provisional=guessed)


def length(line: Timeline) -> Iterator[Found]:
    """Characters of a text."""
    for n in line.of():
        text = said(line.items[n].event, line.condition["field"])
        yield Found(n, Fraction(len(text.strip())))


def number(line: Timeline) -> Iterator[Found]:
    """The number of the first event for which there is one."""
    name = line.condition["field"]
    about = line.of()
    for n in about:
        text = said(line.items[n].event, name).strip() or (line.case.get(name) or "").strip()
        unit = line.condition.get("unit")
        if text and unit:
            value, own = _amount(text)
            yield Found(n, value) if own == unit else Found(n, reason="lacking_data")
            return
        if text:
            readable = _NUMBER.fullmatch(text)
            yield Found(n, Fraction(text)) if readable else Found(n, reason="lacking_data")
            return
    if about:
        yield Found(about[0], reason="lacking_data")


def _amount(text: str) -> tuple[Fraction, str]:
    try:
        return parse_amount(text)
    except ValueError:
        return Fraction(0), ""


def lacking(line: Timeline) -> Iterator[Found]:
    """How many fields the case does not have."""
    for n in line.of()[:1]:
        names = listed(line.condition["case_fields"])
        yield Found(n, Fraction(sum(not (line.case.get(name) or "").strip() for name in names)))


def absent(line: Timeline) -> Iterator[Found]:
    """1 where nothing of what is needed came before or with it."""
    need = line.being("need")
    for n in line.of():
        yield Found(n, Fraction(not any(line.by_then(m, n) for m in need)))


def stages(line: Timeline) -> list[str]:
    """The stages that the case states, in their order."""
    return list(dict.fromkeys(plain(part) for part in parts(line.case.get("stage_list"))))


def beginnings(line: Timeline, stage: str) -> list[int]:
    """The events of a stage: the first is its beginning."""
    return [n for n in range(len(line.items)) if line.text(n, "stage") == stage]


def skipped_stage(line: Timeline) -> Iterator[Found]:
    """Stages before this one that have not begun."""
    order = stages(line)
    for n in line.of():
        own = line.text(n, "stage")
        if not order:
            yield Found(n, reason="lacking_data")
        elif not own or own in order:
            earlier = order[: order.index(own)] if own else order
            left = [
                stage
                for stage in earlier
                if not any(line.by_then(m, n) for m in beginnings(line, stage)[:1])
            ]
            yield Found(n, Fraction(len(left)))


def reordered_stage(line: Timeline) -> Iterator[Found]:
    """1 where a later stage began before this event's stage began."""
    order = stages(line)
    for n in line.of():
        own = line.text(n, "stage")
        if own and not order:
            yield Found(n, reason="lacking_data")
        elif own in order:
            began = beginnings(line, own)[0]
            late = False
            for stage in order[order.index(own) + 1 :]:
                for m in beginnings(line, stage)[:1]:
                    if line.items[m].date_only or line.items[began].date_only:
                        late = late or line.day(m) < line.day(began)
                    else:
                        late = late or line.items[m].at < line.items[began].at
            yield Found(n, Fraction(late))


def unlisted_stage(line: Timeline) -> Iterator[Found]:
    """1 where a stage is not on the list."""
    order = stages(line)
    for n in line.of():
        own = line.text(n, "stage")
        if own and not order:
            yield Found(n, reason="lacking_data")
        elif own:
            yield Found(n, Fraction(own not in order))


def contradiction(line: Timeline) -> Iterator[Found]:
    """How often a text differs from the one before it."""
    texts = [(n, line.text(n, line.condition["field"])) for n in line.of()]
    texts = [(n, text) for n, text in texts if text]
    for place, (n, _) in enumerate(texts):
        changes = sum(one[1] != other[1] for one, other in pairwise(texts[: place + 1]))
        yield Found(n, Fraction(changes))


def fee_deviation(line: Timeline) -> Iterator[Found]:
    """Distance of a fee from the nearest amount of the list."""
    listed_fees = parts(line.case.get("fee_list"))
    if [part.casefold() for part in listed_fees] == ["none"]:
        amounts: list[Fraction | None] | None = []
    elif listed_fees:
        amounts = [money(part.split("=")[-1]) for part in listed_fees]
    else:
        amounts = None
    for n in line.of():
        fee = money(said(line.items[n].event, "fee"))
        if fee is None or amounts is None or None in amounts:
            yield Found(n, reason="lacking_data")
            continue
        known = [amount for amount in amounts if amount is not None]
        nearest = min(known, key=lambda amount: (abs(fee - amount), -amount), default=Fraction(0))
        if nearest == 0:
            yield Found(n, Fraction(100 if fee > 0 else 0))
        else:
            yield Found(n, abs(fee - nearest) / nearest * 100)


def money(text: str) -> Fraction | None:
    """Yuan with at most two decimals; None where it is no such number."""
    return Fraction(text.strip()) if _FEE.fullmatch(text.strip()) else None


def paused_share(line: Timeline) -> Iterator[Found]:
    """Share of the time from the first `since` to the first `stop` that lay in pauses."""
    stop = next(iter(line.being("stop")), None)
    if stop is None:
        return
    before = Timeline(line.rule, line.case, line.items[:stop], line.cal, line.words)
    since, pauses = before.being("since"), before.pauses()
    if not since or not pauses:
        return
    begin, end = line.items[since[0]], line.items[stop]
    asked = [begin, end, *(line.items[n] for n in {*before.of(), *before.being("until")})]
    if any(item.date_only for item in asked):
        yield Found(pauses[0][0], reason="date_only", due=end.at)
        return
    seconds: list[tuple[int, int]] = []
    for opened, closed in pauses:
        until = end.at if closed is None else min(end.at, line.items[closed].at)
        seconds.append((max(begin.at, line.items[opened].at), until))
    edges = sorted({edge for pair in seconds for edge in pair})
    paused = sum(
        right - left
        for left, right in pairwise(edges)
        if any(one <= left and right <= other for one, other in seconds)
    )
    whole = end.at - begin.at
    yield Found(pauses[0][0], Fraction(100 * paused, whole) if whole else Fraction(0), due=end.at)


def repeated_text(line: Timeline) -> Iterator[Found]:
    """How many events so far have this text."""
    seen: list[str] = []
    for n in line.of():
        text = line.text(n, line.condition["field"])
        if text:
            seen.append(text)
            yield Found(n, Fraction(seen.count(text)))


def overlapping(line: Timeline) -> Iterator[Found]:
    """How many pauses that began before run when this one begins."""
    pauses = line.pauses()
    for n, _ in pauses:
        own = line.items[n]
        running = 0
        for begin, end in pauses:
            if begin >= n or (end is not None and line.items[end].at <= own.at):
                continue
            # On a bare date the order is not known.
            if own.date_only and end is not None and line.day(end) <= line.day(n):
                continue
            if (own.date_only or line.items[begin].date_only) and line.day(begin) >= line.day(n):
                continue
            running += 1
        yield Found(n, Fraction(running))


def same_person(line: Timeline) -> Iterator[Found]:
    """1 where a person is the event's actor, or the handler."""
    for n in line.of():
        person = line.text(n, line.condition["field"])
        other = line.text(n, "actor") or plain(line.case.get("handler"))
        if person and not other:
            yield Found(n, reason="lacking_data")
        elif person:
            yield Found(n, Fraction(person == other))


def recorded_after_due(line: Timeline) -> Iterator[Found]:
    """How much later than the due instant of a clock an event was recorded."""
    name = line.condition["limit"]
    clock = line.rule["clock"]
    lent = {**line.rule, "cards": [{"level": "red", "at": name}]}
    for n in line.of():
        item = line.items[n]
        recorded = item.event.get("recorded_at")
        if recorded is None:
            yield Found(n, reason="lacking_data")
            continue
        now = max(recorded, item.at)
        known = [other for m, other in enumerate(line.items) if m <= n or other.at <= now]
        strange: set[str] = set()
        place, effect, _ = deemed_start(clock, known, line.cal, now, strange)
        runs = [
            one
            for one in episodes(known, clock, line.words, place)
            if one.first <= n
            and (clock.get("episodes") != "per_stage" or one.stage == item.event.get("stage"))
        ]
        if not runs:
            continue
        run = Run(
            lent, line.case, known, runs[-1], line.cal, now, effect if runs[-1].deemed else None
        )
        instant = run.judge()["levels"]["red"]["instant"]
        strange |= run.reasons - {"calendar_provisional"}
        if strange:
            yield Found(n, reason=" ".join(strange), due=now)
            continue
        late = 0 if instant is None else max(recorded - instant, 0)
        guessed = instant is not None and line.guessed(run.start, instant)
        yield Found(n, Fraction(late), due=now, provisional=guessed)


def across_closing(line: Timeline) -> Iterator[Found]:
    """How many pauses so far went across closing time, counted as each ends."""
    value, unit = parse_amount(line.condition["within"])
    within = value * SECONDS[unit.split("_")[1]]
    crossed = 0
    ended = [(end, begin) for begin, end in line.pauses() if end is not None]
    for end, begin in sorted(ended):
        since, until = line.items[begin], line.items[end]
        if since.date_only or until.date_only:
            yield Found(begin, reason="date_only")
            continue
        first, last = line.day(begin), line.day(end)
        if not (line.cal.covers(first) and line.cal.covers(last)):
            yield Found(begin, reason="calendar_not_covered")
            continue
        spans = line.cal.spans(first)
        if not spans or not since.at <= spans[-1][1] < until.at:
            continue
        if worked(line, since.at, spans[-1][1]) > within:
            continue
        if worked(line, spans[-1][1], until.at) > within:
            continue
        if line.guessed(since.at, until.at):
            yield Found(begin, reason="calendar_provisional")
            continue
        crossed += 1
        yield Found(begin, Fraction(crossed), due=until.at)


def worked(line: Timeline, since: int, until: int) -> int:
    """Working seconds between two instants."""
    total = 0
    day = line.cal.local_date(since)
    while day <= line.cal.local_date(until):
        for opens, shuts in line.cal.spans(day):
            total += max(0, min(shuts, until) - max(opens, since))
        day += ONE_DAY
    return total


MEASURES: dict[str, Callable[[Timeline], Iterator[Found]]] = {
    "count": count,
    "gap": gap,
    "lag": lag,
    "length": length,
    "number": number,
    "lacking": lacking,
    "absent": absent,
    "skipped_stage": skipped_stage,
    "reordered_stage": reordered_stage,
    "unlisted_stage": unlisted_stage,
    "contradiction": contradiction,
    "fee_deviation": fee_deviation,
    "paused_share": paused_share,
    "repeated_text": repeated_text,
    "overlapping": overlapping,
    "same_person": same_person,
    "recorded_after_due": recorded_after_due,
    "across_closing": across_closing,
}
