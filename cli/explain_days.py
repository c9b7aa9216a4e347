"""The day table of `cases explain`: what each date adds to the count, and why it does or does not.

A day's reason comes as a code with, where there is more to say, the holiday's `name`, the `notice`
that sets the date, and the `kind` of a pause.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from efficiency_monitor.documents.columns import Column
from efficiency_monitor.i18n.language import say_limit, say_local, say_weekday
from efficiency_monitor.i18n.messages import mark, t
from efficiency_monitor.time.amount import decimal_text

Document = Mapping[str, Any]
#: Gives the name of an event type or of a ground for a pause in the current language.
Naming = Callable[[str], str]

#: Why a day counts or does not, by the codes of `engine.explain`; other codes are shown as they
#: are.
WHY: Final = {
    "working_day": mark("working day"),
    "calendar_day": mark("calendar day"),
    "make_up": mark("make-up working day"),
    "weekend": mark("weekend", ctx="columns"),
    "day_off": mark("day off"),
    "paused": mark("paused"),
    "start_day": mark("day of the start; counted from the next"),
    "not_running": mark("the clock did not run at the day's last second"),
    "until_stop": mark("counted until it stopped"),
    "not_ended": mark("the day has not ended yet"),
    "not_covered": mark("the calendar does not cover it"),
    "after_closing": mark("started after closing"),
    "under_way": mark("the day has not ended yet"),
}
#: Codes that say nothing of the kind of day, whose name and notice would only mislead there.
_OF_THE_CLOCK: Final = ("paused", "start_day", "not_running", "not_ended")


@dataclass(frozen=True, slots=True)
class Day:
    """One date of the count: what it adds, and the running sum with it."""

    date: date
    counted: Decimal
    reason: str
    total: Decimal
    #: Names of the limits that end on it.
    ends: tuple[str, ...]


def days(clock: Document, name: Naming) -> list[Day]:
    """The days that a clock's explanation lists, in their order."""
    total = Decimal(0)
    found = []
    for entry in clock.get("counted") or []:
        counted = _share(entry.get("counted"))
        total += counted
        when = date.fromisoformat(str(entry["date"])[:10])
        ends = _ends(clock, when) if counted else ()
        found.append(Day(when, counted, _reason(entry, name), total, ends))
    return found


def _share(counted: Any) -> Decimal:
    """What a day adds: 1 for true, nothing for false, else the share it is given as."""
    if isinstance(counted, bool) or counted is None:
        return Decimal(1 if counted else 0)
    try:
        return Decimal(str(counted))
    except InvalidOperation:
        return Decimal(0)


def _ends(clock: Document, day: date) -> tuple[str, ...]:
    dues = clock.get("due_at") or {}
    return tuple(key for key, due in dues.items() if due and say_local(due)[:10] == day.isoformat())


def _reason(entry: Document, name: Naming) -> str:
    """周末; 国庆节（国办发明电〔2025〕7号）; 暂停：听证."""
    code = str(entry.get("reason") or "")
    words = t(WHY[code]) if code in WHY else code
    if entry.get("kind"):
        words += t(": ") + name(str(entry["kind"]))
    if code in _OF_THE_CLOCK:
        return words
    if entry.get("name"):
        own = str(entry["name"])
        # The holiday's own name says it better.
        words = own if code == "day_off" else f"{words}{t(': ')}{own}"
    if entry.get("notice"):
        words += t(" ({notice})", notice=entry["notice"])
    return words


RUN_COLUMNS: Final = (
    Column("dates", "Date"),
    Column("weekdays", "Weekday", priority=2),
    Column("counted", "Counted", right=True, ctx="run columns"),
    Column("reason", "Reason", least=12),
    Column("total", "Total", right=True),
)


def runs(clock: Document, name: Naming) -> list[dict[str, str]]:
    """Rows for RUN_COLUMNS: equal days that follow each other are one row.

    A day on which a limit ends has a row of its own.
    """
    found: list[list[Day]] = []
    for day in days(clock, name):
        if found and _one_run(found[-1][-1], day):
            found[-1].append(day)
        else:
            found.append([day])
    return [_row(run) for run in found]


def _one_run(before: Day, day: Day) -> bool:
    return (
        day.date - before.date == timedelta(days=1)
        and (day.counted, day.reason, day.ends) == (before.counted, before.reason, before.ends)
        and day.counted in (0, 1)
    )


def _row(run: Sequence[Day]) -> dict[str, str]:
    first, last = run[0], run[-1]
    dates, weekdays = str(first.date), say_weekday(first.date)
    if len(run) > 1:
        dates += t(" to ") + str(last.date)
        weekdays += t("–") + say_weekday(last.date)
    reason = first.reason
    if first.ends:
        ends = t(", ").join(say_limit(key) for key in first.ends)
        reason += t("; end of the {ends}", ends=ends)
    added = sum((day.counted for day in run), Decimal(0))
    return {
        "dates": dates,
        "weekdays": weekdays,
        "counted": f"+{decimal_text(added)}" if added else t("no"),
        "reason": reason,
        "total": decimal_text(last.total),
    }


#: One line per day, for `-o csv`.
DAY_COLUMNS: Final = (
    Column("rule", "Rule"),
    Column("episode", "Episode"),
    Column("date", "Date"),
    Column("counted", "Counted", ctx="run columns"),
    Column("reason", "Reason"),
    Column("total", "Total"),
)


def day_records(document: Document, name: Naming) -> Iterator[dict[str, Any]]:
    """The days of all clocks as records for DAY_COLUMNS."""
    for clock in document.get("clocks") or []:
        for day in days(clock, name):
            yield {
                "rule": clock.get("rule"),
                "episode": clock.get("episode"),
                "date": day.date,
                "counted": day.counted,
                "reason": day.reason,
                "total": day.total,
            }
