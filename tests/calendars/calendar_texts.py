"""Calendars written as text, for the tests of this folder."""

from pathlib import Path

from efficiency_monitor.catalogue.catalogue_files import load_calendar_file
from efficiency_monitor.time.calendar import Calendar

OFFICE = """\
id: office
zone: Asia/Shanghai
covers: {from: 2024-01-01, to: 2025-12-31}
week:
  mon: [["09:00", "12:00"], ["13:00", "17:00"]]
  tue: [["09:00", "12:00"]]
  sat: [["09:00", "11:30"]]
days_off:
  - {date: 2024-10-01, name: 国庆节, notice: house}
working_days:
  - {date: 2024-10-13, notice: house}
notices:
  house: {number: H1, published: 2023-12-01, source: house, status: official}
"""


def written(folder: Path, text: str, name: str = "office") -> Path:
    """A calendar file in a folder."""
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def calendar(folder: Path, text: str) -> Calendar:
    """The calendar of a text that extends nothing."""
    return load_calendar_file(written(folder, text), {})


def clock(hours: tuple[tuple[int, int], ...]) -> str:
    """Hours as a person writes them: `09:00-12:00 13:00-17:00`."""
    return " ".join(f"{hhmm(start)}-{hhmm(end)}" for start, end in hours)


def hhmm(seconds: int) -> str:
    """Seconds after midnight as HH:MM."""
    return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}"
