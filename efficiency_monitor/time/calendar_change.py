"""A calendar amended by an official notice: which dates it sets, which it takes back.

Pure: a calendar file and a notice in, another calendar file out. Nothing is guessed: where the
notice leaves open whether an earlier make-up day stands, that is a question (`Open`).
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from .calendar import Calendar, Day
from .calendar_file import CalendarFile, DayOff, NoticeEntry, Span, WorkingDay
from .official_notice import Arrangement

#: Days around an arrangement within which an earlier make-up day may belong to it.
_AROUND = timedelta(days=21)
#: Days around a new arrangement within which one of the same holiday is the earlier one.
_SAME = timedelta(days=60)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Open:
    """A make-up day of an earlier notice that may belong to what is arranged anew."""

    day: date
    holiday: str


@dataclass(slots=True)
class Amended:
    """The amended file, or what stands in its way: open questions, faults (Chinese, English)."""

    file: CalendarFile
    open: list[Open] = field(default_factory=list)
    faults: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class _Days:
    """The dates of a file while they change."""

    off: dict[date, DayOff]
    work: dict[date, WorkingDay]

    def of(self, notice: str) -> list[date]:
        """The dates that a notice sets."""
        found = [day for day, entry in self.off.items() if entry.notice == notice]
        return found + [day for day, entry in self.work.items() if entry.notice == notice]

    def drop(self, day: date) -> None:
        self.off.pop(day, None)
        self.work.pop(day, None)


def amend(
    file: CalendarFile,
    number: str,
    notice: NoticeEntry,
    arrangements: Sequence[Arrangement],
    *,
    year: int | None = None,
    keep: Collection[date] = (),
    drop: Collection[date] = (),
) -> Amended:
    """The file as it is after a notice; `number` is the notice's key in the file.

    With `year` the notice sets the days of that whole year, which is then no longer provisional.
    `keep` and `drop` answer the questions whether an earlier make-up day stands.
    """
    days = _Days(
        {entry.date: entry for entry in file.days_off},
        {entry.date: entry for entry in file.working_days},
    )
    found = Amended(file)
    notices = dict(file.notices)
    if year is not None:
        _clear_year(found, days, notices, year)
    for each in arrangements:
        if each.extends_to is not None:
            _extend(found, days, each, number)
        else:
            _arrange(found, days, each, number, {*keep}, {*drop}, whole=year is not None)
    notices[number] = notice
    said: dict[str, Any] = {name: getattr(file, name) for name in file.model_fields_set}
    said["days_off"] = tuple(days.off[day] for day in sorted(days.off))
    said["working_days"] = tuple(days.work[day] for day in sorted(days.work))
    used = {entry.notice for entry in (*said["days_off"], *said["working_days"])}
    said["notices"] = {
        key: entry for key, entry in notices.items() if key in used or key in file.notices
    }
    said["covers"] = _covers(file, year)
    if said["covers"] is None:
        del said["covers"]
    found.file = file.model_copy(update=said)
    return found


def _clear_year(found: Amended, days: _Days, notices: dict[str, NoticeEntry], year: int) -> None:
    """Take back what was provisional for the year, and what an earlier notice for it set."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    for key, entry in list(notices.items()):
        set_by = days.of(key)
        if entry.status == "provisional":
            covers = entry.covers
            if covers is None and {day.year for day in set_by} == {year}:
                covers = Span(**{"from": first, "to": last})
            if covers is None or covers.to < first or covers.from_ > last:
                continue
            if covers.from_ < first and covers.to > last:
                found.faults.append(
                    (
                        f"暂定通知 {key} 覆盖 {year} 年前后，请先拆分",
                        f"split the provisional notice {key} first: it covers more than {year}",
                    )
                )
                continue
            if covers.from_ < first:
                notices[key] = entry.model_copy(
                    update={"covers": Span(**{"from": covers.from_, "to": first - _DAY})}
                )
            elif covers.to > last:
                notices[key] = entry.model_copy(
                    update={"covers": Span(**{"from": last + _DAY, "to": covers.to})}
                )
            else:
                del notices[key]
        elif any(day.year > year for day in set_by):
            # The next year's notice may set the last days of this one: those stand.
            continue
        for day in set_by:
            if day.year == year:
                days.drop(day)


def _extend(found: Amended, days: _Days, each: Arrangement, number: str) -> None:
    assert each.extends_to is not None
    known = [
        day
        for day, entry in days.off.items()
        if _shares(entry.name, each.name) and abs(day - each.extends_to) <= _SAME
    ]
    last = max(known, default=None)
    if last is None or last >= each.extends_to:
        found.faults.append(
            (
                f"{each.name}：没有可延长至 {each.extends_to} 的假期",
                f"{each.name}: there are no days off that could be extended to {each.extends_to}",
            )
        )
        return
    day = last + _DAY
    while day <= each.extends_to:
        days.work.pop(day, None)
        days.off[day] = DayOff(date=day, name=each.name, notice=number)
        day += _DAY


def _arrange(
    found: Amended,
    days: _Days,
    each: Arrangement,
    number: str,
    keep: Collection[date],
    drop: Collection[date],
    *,
    whole: bool,
) -> None:
    said = {*each.off, *each.work}
    if each.off:
        near = min(each.off) - _SAME, max(each.off) + _SAME
        earlier = {
            day
            for day, entry in days.off.items()
            if near[0] <= day <= near[1] and _shares(entry.name, each.name)
        }
        for day in earlier:
            days.off.pop(day)
        span = earlier | said
        lost = [
            day
            for day, entry in days.work.items()
            if min(span) - _AROUND <= day <= max(span) + _AROUND and day not in said
        ]
        for day in sorted(lost):
            name = days.work[day].name
            if (name and _shares(name, each.name)) or day in drop:
                days.work.pop(day)
            elif not name and day not in keep and not whole and earlier:
                found.open.append(Open(day, each.name))
    for day in each.off:
        days.drop(day)
        days.off[day] = DayOff(date=day, name=each.name or None, notice=number)
    for day in each.work:
        days.drop(day)
        days.work[day] = WorkingDay(date=day, name=each.name or None, notice=number)


def _shares(known: str | None, name: str) -> bool:
    """Whether two names of holidays have one in common: 国庆节、中秋节."""
    return bool({*(known or "").split("、")} & {*name.split("、")} - {""})


def _covers(file: CalendarFile, year: int | None) -> Span | None:
    """What the file covers: a year more where the notice sets the year after its end."""
    if file.covers is None or year is None or year != file.covers.to.year + 1:
        return file.covers
    if file.covers.to != date(file.covers.to.year, 12, 31):
        return file.covers
    return Span(**{"from": file.covers.from_, "to": date(year, 12, 31)})


def days_between(
    before: Calendar, after: Calendar
) -> Iterator[tuple[date, Day | None, Day | None]]:
    """The dates that are other days than before: kind, hours or whether they are provisional.

    None where a calendar does not cover the date.
    """
    day = min(before.first, after.first)
    while day <= max(before.last, after.last):
        was = before.day(day) if before.covers(day) else None
        now = after.day(day) if after.covers(day) else None
        if _said(was) != _said(now):
            yield day, was, now
        day += _DAY


def _said(day: Day | None) -> object:
    return None if day is None else (day.kind.working, day.hours, day.provisional)


def file_text(file: CalendarFile, header: Sequence[str] = ()) -> str:
    """A calendar file as YAML: one line for each date, every text in quotes."""
    content = file.model_dump(mode="json", by_alias=True, exclude_unset=True)
    lines = [f"# {line}" for line in header]
    for name, value in content.items():
        if isinstance(value, list):
            lines.append(f"{name}:" if value else f"{name}: []")
            lines += [f"  - {_json(entry)}" for entry in value]
        elif isinstance(value, dict) and name in ("week", "notices"):
            lines.append(f"{name}:" if value else f"{name}: {{}}")
            lines += [f"  {_json(key)}: {_json(entry)}" for key, entry in value.items()]
        else:
            lines.append(f"{name}: {_json(value)}")
    return "\n".join(lines) + "\n"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
