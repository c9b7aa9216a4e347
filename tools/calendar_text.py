"""How a generated calendar file is written: its week, its days by year, its notices."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from itertools import groupby
from typing import Any, NamedTuple


class Entry(NamedTuple):
    """One line under days_off or working_days, and what a comment above it says."""

    day: date
    name: str | None
    notice: str
    remark: str = ""
    hours: tuple[tuple[str, str], ...] = ()

    def text(self) -> str:
        """The line as the file has it."""
        name = f"name: {self.name}, " if self.name else ""
        hours = f"hours: {_hours(self.hours)}, " if self.hours else ""
        remark = f"  # {self.remark}\n" if self.remark else ""
        return f"{remark}  - {{date: {self.day}, {name}{hours}notice: {self.notice}}}\n"


def on_or_after(day: date, weekday: int) -> date:
    """The first such weekday (Monday 0) from a date on."""
    return day + timedelta(days=(weekday - day.weekday()) % 7)


def monday(year: int, month: int, number: int) -> date:
    """The first, second, … Monday of a month."""
    return on_or_after(date(year, month, 7 * number - 6), 0)


def week_text(hours: tuple[tuple[str, str], ...]) -> str:
    """The same hours from Monday to Friday."""
    return "".join(f"  {day}: {_hours(hours)}\n" for day in ("mon", "tue", "wed", "thu", "fri"))


def _hours(hours: tuple[tuple[str, str], ...]) -> str:
    return "[" + ", ".join(f'["{opening}", "{closing}"]' for opening, closing in hours) + "]"


def by_year(entries: Iterable[Entry]) -> Iterator[str]:
    """The entries in order, a comment with its number before each year."""
    for year, group in groupby(sorted(entries), lambda entry: entry.day.year):
        yield f"  # {year}\n"
        yield from (entry.text() for entry in group)


def notice_text(key: str, notice: Mapping[str, Any]) -> str:
    """One notice on one line; `published`, `status` and `covers` where they are given."""
    number = json.dumps(notice["number"], ensure_ascii=False)
    source = json.dumps(notice["source"], ensure_ascii=False)
    published = f"published: {notice['published']}, " if notice.get("published") else ""
    status = notice.get("status", "official")
    covers = ", covers: {{from: {0}, to: {0}}}".format(notice["day"]) if "day" in notice else ""
    return f"  {key}: {{number: {number}, {published}source: {source}, status: {status}{covers}}}\n"
