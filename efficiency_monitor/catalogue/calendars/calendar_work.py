"""Questions to calendars from the command line, one by one or a line each (docs/contract.md 15)."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from ...engine.evaluation import CompiledCalendar
from ...engine.questions import (
    Counting,
    PauseAsked,
    due,
    elapsed,
    rests_on_provisional,
    threshold,
)
from ...faults import CatalogueError, ConfigurationError, EffmonError, NotCovered, brief
from ...i18n.messages import t
from ...time.amount import Amount, Threshold, Unit, decimal_text
from ...time.calendar import Calendar
from ...time.instants import parse_as_of, rfc3339
from ...workspace.context import Catalogue
from .. import catalogue_files


class Calendars:
    """Calendars by name or file, compiled once each."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._files: dict[str, CompiledCalendar] = {}

    def find(self, name: str) -> CompiledCalendar:
        """A calendar of the catalogue, or one from a file."""
        if name in self.catalogue.calendars:
            return self.catalogue.compiled(name)
        if name not in self._files:
            path = Path(name)
            if not _is_file(path):
                known = ", ".join(sorted(self.catalogue.calendars))
                raise CatalogueError(
                    t("there is no calendar {name}", name=brief(name)),
                    t("known are {known}; or name a file", known=known),
                )
            calendar = catalogue_files.load_calendar_file(path, self.catalogue.calendars)
            self._files[name] = CompiledCalendar.of(calendar)
        return self._files[name]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that no file system takes: one question, not all of them
        return False


def counting(options: Mapping[str, Any]) -> Counting:
    """How a clock counts, from the words of the options; ValueError for an unknown word."""
    words = {
        "resolution": ("day", "time"),
        "first_day": ("next", "same"),
        "ends": ("midnight", "close"),
        "roll": ("none", "next_working_day"),
    }
    chosen = {}
    for name, allowed in words.items():
        value = options.get(name) or allowed[0]
        if value not in allowed:
            raise ValueError(f"{name}: {brief(value)} is not one of {', '.join(allowed)}")
        chosen[name] = value
    return Counting(
        by_time=chosen["resolution"] == "time",
        same=chosen["first_day"] == "same",
        close=chosen["ends"] == "close",
        roll=chosen["roll"] == "next_working_day",
    )


def _pauses(rows: Any, read: Callable[[str], int]) -> list[PauseAsked]:
    if not isinstance(rows, list):
        raise ValueError("pauses is a list of {from, to, cap}")
    return [
        PauseAsked(
            read(str(row["from"])),
            None if row.get("to") is None else read(str(row["to"])),
            Amount.parse(str(row["cap"])) if row.get("cap") else None,
        )
        for row in rows
    ]


def answer(calendars: Calendars, question: Mapping[str, Any]) -> dict[str, Any]:
    """Answer one question of `calendar batch`, due instants in UTC; faults are answers too."""
    try:
        return _answer(calendars, question, local=False)
    except EffmonError as fault:
        return {"error": fault.message}
    except KeyError as fault:
        return {"error": f"the question lacks {brief(fault.args[0])}"}
    except (ValueError, TypeError, AttributeError) as fault:
        return {"error": str(fault)}


def ask(calendars: Calendars, question: Mapping[str, Any]) -> dict[str, Any]:
    """Answer one question, due instants in the calendar's zone; faults are raised.

    A due instant comes with whether it rests on a date whose notice is not published.

    NotCovered and CatalogueError say what is wrong with the calendar, ConfigurationError with the
    question.
    """
    try:
        return _answer(calendars, question, local=True)
    except NotCovered as fault:
        raise NotCovered(
            fault.message,
            t("the calendar has to be extended by an official notice"),
        ) from None
    except ValueError as fault:
        raise ConfigurationError(
            str(fault),
            t("see effmon calendar {op} --help", op=question["op"]),
        ) from None


def _answer(calendars: Calendars, question: Mapping[str, Any], *, local: bool) -> dict[str, Any]:
    compiled = calendars.find(str(question.get("calendar") or "cn"))
    zone = compiled.calendar.zone

    def read(text: str) -> int:
        return parse_as_of(text, zone)

    how = counting(question)
    pauses = _pauses(question.get("pauses") or [], read)
    start = read(str(question["start"]))
    asked = question.get("op")
    if asked == "elapsed":
        end = read(str(question["end"]))
        unit = _unit(str(question["unit"]))
        counted = elapsed(compiled.table, start, end, unit, counting=how, pauses=pauses)
        return {"elapsed": decimal_text(counted)}
    if asked == "due":
        limit = Amount.parse(str(question["limit"]))
        found = due(compiled.table, start, limit, counting=how, pauses=pauses)
        if local:
            return {
                "due": None if found is None else rfc3339(found, zone),
                "provisional": rests_on_provisional(
                    compiled.table, start, limit, found, counting=how, pauses=pauses
                ),
            }
    elif asked == "threshold":
        limits = {name: Amount.parse(str(text)) for name, text in question["limits"].items()}
        at = Threshold.parse(str(question["at"]))
        found = threshold(compiled.table, start, limits, at, counting=how, pauses=pauses)
    else:
        raise ValueError(f"op {brief(asked)} is not one of due, elapsed, threshold")
    return {"due": None if found is None else rfc3339(found, zone if local else "UTC")}


def _unit(text: str) -> Unit:
    if text not in set(Unit):
        raise ValueError(f"unit: {brief(text)} is not one of {', '.join(Unit)}")
    return Unit(text)


def batch(catalogue: Catalogue, lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """One answer a line, in order, without stopping at a faulty line."""
    calendars = Calendars(catalogue)
    for line in lines:
        if not line.strip():
            continue
        try:
            question = json.loads(line)
        except (ValueError, RecursionError) as fault:
            yield {"error": f"the line is no JSON: {fault}"}
            continue
        if not isinstance(question, dict):
            yield {"error": "the line is no JSON object"}
            continue
        yield answer(calendars, question)


def summary(calendar: Calendar) -> dict[str, Any]:
    """A calendar in one line."""
    provisional = sorted(
        notice_id for notice_id, notice in calendar.notices.items() if notice.provisional
    )
    return {
        "id": calendar.id,
        "zone": calendar.zone,
        "from": calendar.first.isoformat(),
        "to": calendar.last.isoformat(),
        "notices": len(calendar.notices),
        "provisional": provisional,
        "version": calendar.version,
    }


def day_rows(calendar: Calendar, first: date, last: date) -> Iterator[dict[str, Any]]:
    """The dates of a span: kind, hours, name and notice."""
    day = first
    while day <= last:
        known = calendar.day(day)
        notice = calendar.notices[known.notice] if known.notice else None
        yield {
            "date": day.isoformat(),
            "kind": str(known.kind),
            "hours": " ".join(f"{_clock(open_)}-{_clock(close)}" for open_, close in known.hours),
            "name": known.name,
            "notice": notice.number if notice else None,
            "source": notice.source if notice else None,
            "provisional": known.provisional,
        }
        day += timedelta(days=1)


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}"
