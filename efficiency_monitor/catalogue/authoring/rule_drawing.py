"""An example of a rule taken apart: what is needed to draw its timeline, as plain data."""

from collections.abc import Iterator
from typing import Any

from ...engine.encoding import BoundRule, ordered
from ...engine.episode_timeline import walk
from ...engine.explain import day_lines
from ...engine.findings import Episode, LevelFound, LimitFound, Offence
from ...engine.timeline import Event
from ...rules.rules import CardAt, Example, Expectation
from ...terms import Precision
from ...time.amount import decimal_text
from ...time.instants import local_date, rfc3339
from ...workspace.context import Catalogue
from .rule_work import ExampleResult, Judged, RuleFile, judge_example, run_example

Drawing = dict[str, Any]


def draw(
    catalogue: Catalogue, file: RuleFile, example: Example, expectation: Expectation
) -> Drawing:
    """What happened, what was counted, when each level falls due, what was wanted and what came.

    Instants are RFC 3339 in the calendar's zone, an event without a time is a bare date. A tally
    has neither events nor a clock: of it the drawing has the rows that it is made over.
    """
    result = run_example(catalogue, file, example, expectation)
    document = _head(file, example, result)
    if file.bound.rule.form == "tally":
        document["rows"] = list(example_rows(example))
        return document
    judged = judge_example(catalogue, file, example, expectation)
    zone = judged.compiled.calendar.zone
    events = ordered(judged.record, catalogue.vocabulary, judged.compiled.table, judged.as_of)
    shown = {event.key for event in events}
    later = [event for event in judged.record.events if event.key not in shown]
    document["as_of"] = rfc3339(judged.as_of, zone)
    document["events"] = [
        {**_event(event, zone), "later": event.key not in shown} for event in (*events, *later)
    ]
    document["clocks"] = [
        _clock(catalogue, judged, episode, zone) for episode in judged.found.episodes
    ]
    document["measured"] = [
        {
            "event": offence.key,
            "value": decimal_text(offence.value),
            "unit": offence.unit,
        }
        for offence in _measured(catalogue, file, example, expectation)
    ]
    document["offences"] = [_offence(offence, zone) for offence in judged.found.offences]
    document["problems"] = [
        {"reason": str(trouble.reason), "detail": trouble.detail}
        for trouble in judged.found.troubles
    ]
    return document


def _head(file: RuleFile, example: Example, result: ExampleResult) -> Drawing:
    return {
        "rule": result.rule,
        "version": file.bound.rule.version,
        "path": result.path,
        "example": result.example,
        "level": result.level,
        "kind": result.kind,
        "calendar": example.calendar,
        "case": dict(example.case),
        "as_of": result.as_of,
        "wanted": result.wanted,
        "found": result.found,
        "passed": result.passed,
        "events": [],
        "clocks": [],
        "measured": [],
        "offences": [],
        "problems": [],
        "rows": [],
    }


def _measured(
    catalogue: Catalogue, file: RuleFile, example: Example, expectation: Expectation
) -> list[Offence]:
    """Every event at which the condition measures, whatever its levels are; none for a clock.

    A running number tells its first event alone, so it is asked for each number up to as many as
    there are events.
    """
    rule = file.bound.rule
    if rule.condition is None:
        return []
    unit = "" if rule.condition.unit_word == "events" else f" {rule.condition.unit_word}"
    found: dict[str, Offence] = {}
    for least in range(len(example.events) + 1):
        asked = rule.model_copy(update={"cards": (CardAt(level="red", at=f">= {least}{unit}"),)})
        bound = BoundRule(asked, file.bound.pack, file.bound.digest)
        judged = judge_example(catalogue, RuleFile(bound, file.path), example, expectation)
        here = [one for one in judged.found.offences if not one.untold]
        if not here:
            break
        for one in here:
            found.setdefault(one.key, one)
    return [found[key] for key in sorted(found)]


def example_rows(example: Example) -> Iterator[dict[str, Any]]:
    """The rows of a tally's example as they are written, each with what it is."""
    for kind in ("cards", "cases", "items", "orders", "alarms"):
        for row in getattr(example, kind):
            said = row.model_dump(mode="json", exclude_defaults=True)
            # How many such rows there are stands last, as people write it.
            times = {"times": said.pop("times")} if "times" in said else {}
            yield {"of": kind, **said, **times}


def _event(event: Event, zone: str) -> dict[str, Any]:
    dated = event.precision is Precision.DAY
    said: dict[str, Any] = {
        "type": event.type,
        "at": local_date(event.occurred_at, zone) if dated else rfc3339(event.occurred_at, zone),
        "key": event.key,
    }
    for name in ("stage", "actor", "department", "kind", "amount", "reason"):
        value = getattr(event, name)
        if value is not None:
            said[name] = value
    if event.recorded_at is not None:
        said["recorded_at"] = rfc3339(event.recorded_at, zone)
    said |= event.attributes
    return said


def _clock(catalogue: Catalogue, judged: Judged, episode: Episode, zone: str) -> dict[str, Any]:
    walked = walk(judged.record, episode, catalogue.vocabulary, judged.compiled, judged.as_of)
    until = judged.as_of
    if episode.stop is not None:
        until = min(until, episode.stop.occurred_at)
    return {
        "start": episode.start.key,
        "stop": None if episode.stop is None else episode.stop.key,
        "until": rfc3339(until, zone),
        "stage": episode.stage,
        "state": episode.state,
        "deemed_at": None if episode.deemed_at is None else rfc3339(episode.deemed_at, zone),
        "unit": str(episode.bound.rule.counted.count),
        "days": [
            {
                "date": str(line.day),
                "counted": decimal_text(line.counted),
                "why": str(line.why),
                "name": line.name,
                "kind": None if line.pause is None else line.pause.event.kind,
            }
            for line in day_lines(walked, until)
        ],
        "limits": [_limit(limit, zone) for limit in episode.limits],
        "levels": [_level(level, zone) for level in episode.levels],
    }


def _limit(limit: LimitFound, zone: str) -> dict[str, Any]:
    return {
        "name": limit.name,
        "amount": None if limit.amount is None else str(limit.amount),
        "due_at": None if limit.due_at is None else rfc3339(limit.due_at, zone),
    }


def _level(level: LevelFound, zone: str) -> dict[str, Any]:
    return {
        "level": level.level.word,
        "at": level.at,
        "instant": None if level.instant is None else rfc3339(level.instant, zone),
        "reached": level.reached,
    }


def _offence(offence: Offence, zone: str) -> dict[str, Any]:
    return {
        "event": offence.key,
        "value": decimal_text(offence.value),
        "unit": offence.unit,
        "levels": [_level(level, zone) for level in offence.levels],
    }
