"""Calendars for the tests, each as the product and as the oracle reads it.

Besides those of the worked examples and of the catalogue there are invented ones in zones whose
clocks change: at 02:00 (Amsterdam), by half an hour (Lord Howe), at midnight, which then does not
exist (São Paulo until 2019), around Ramadan (Casablanca); one whose tail is provisional; one with
hours at night, up to 24:00 and from 00:00.
"""

import tempfile
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

import yaml

from efficiency_monitor.catalogue.catalogue_files import load_calendar_file, read_calendars
from efficiency_monitor.engine.evaluation import CompiledCalendar
from tests.oracle.calendars import OracleCalendar, load, load_folder

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "tests" / "data" / "time_examples" / "calendars"
DAY = timedelta(days=1)

_WEEK = """
week:
  mon: [["09:00", "12:00"], ["13:00", "17:00"]]
  tue: [["09:00", "12:00"], ["13:00", "17:00"]]
  wed: [["09:00", "12:00"], ["13:00", "18:30"]]
  thu: [["09:00", "12:00"], ["13:00", "17:00"]]
  fri: [["09:00", "13:30"]]
"""
_NOTICE = 'own: {number: "1", published: 2016-01-01, source: invented, status: official}'
_INVENTED = {
    "amsterdam": f"""
zone: Europe/Amsterdam
covers: {{from: 2023-03-01, to: 2023-11-30}}
{_WEEK}
seasons: [{{from: "07-01", to: "08-31", week: {{mon: [["08:00", "14:00"]], fri: []}}}}]
days_off: [{{date: 2023-04-27, notice: own}}, {{date: 2023-05-18, notice: own}}]
working_days: [{{date: 2023-03-26, notice: own}}, {{date: 2023-10-29, notice: own}}]
notices: {{{_NOTICE}}}
""",
    "sao-paulo": f"""
zone: America/Sao_Paulo
covers: {{from: 2017-09-15, to: 2018-03-15}}
{_WEEK}
days_off: [{{date: 2017-11-02, notice: own}}]
working_days:
  - {{date: 2017-10-15, notice: own, hours: [["00:00", "05:00"], ["09:00", "12:00"]]}}
  - {{date: 2018-02-17, notice: own, hours: [["20:00", "24:00"]]}}
notices: {{{_NOTICE}}}
""",
    "lord-howe": f"""
zone: Australia/Lord_Howe
covers: {{from: 2019-03-01, to: 2019-11-15}}
{_WEEK}
working_days:
  - {{date: 2019-04-07, notice: own, hours: [["01:00", "04:00"]]}}
  - {{date: 2019-10-06, notice: own, hours: [["01:00", "04:00"]]}}
notices: {{{_NOTICE}}}
""",
    "casablanca": f"""
zone: Africa/Casablanca
covers: {{from: 2018-04-01, to: 2018-11-30}}
{_WEEK}
working_days: [{{date: 2018-06-17, notice: own, hours: [["00:00", "04:00"]]}}]
notices: {{{_NOTICE}}}
""",
    "tail": f"""
zone: Asia/Shanghai
covers: {{from: 2025-06-01, to: 2026-03-31}}
{_WEEK}
days_off:
  - {{date: 2025-10-01, notice: own}}
  - {{date: 2026-01-01, notice: draft}}
  - {{date: 2026-02-17, notice: draft}}
working_days: [{{date: 2025-09-28, notice: own}}, {{date: 2026-02-14, notice: draft}}]
notices:
  {_NOTICE}
  draft: {{number: "2", source: invented, status: provisional,
    covers: {{from: 2026-01-01, to: 2026-03-31}}}}
""",
    "nights": """
zone: America/New_York
covers: {from: 2024-02-01, to: 2024-12-15}
week:
  mon: [["20:00", "24:00"]]
  tue: [["00:00", "04:00"], ["20:00", "24:00"]]
  wed: [["00:00", "04:00"], ["20:00", "24:00"]]
  thu: [["00:00", "24:00"]]
  sat: [["22:15", "22:16"]]
  sun: [["01:00", "01:45"], ["02:15", "02:45"], ["03:00", "03:20"]]
""",
}


@dataclass(frozen=True, eq=False, repr=False)
class Place:
    """One calendar, twice."""

    name: str
    oracle: OracleCalendar
    compiled: CompiledCalendar

    def __repr__(self) -> str:
        return self.name


@cache
def places() -> tuple[Place, ...]:
    """All calendars, small ones first."""
    catalogue = ROOT / "rules"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for key, text in _INVENTED.items():
            (folder / f"{key}.yaml").write_text(f"id: {key}\n{text}", encoding="utf-8")
        made = [_place(folder / f"{key}.yaml", key) for key in _INVENTED]
    made += [_place(path, f"example-{path.stem}") for path in sorted(EXAMPLES.glob("*.yaml"))]
    oracles = load_folder(catalogue / "calendars")
    for key, calendar in read_calendars(catalogue).items():
        made.append(Place(key, oracles[key], CompiledCalendar.of(calendar)))
    assert len(made) == 14
    return tuple(made)


def _place(path: Path, name: str) -> Place:
    return Place(name, load(path), CompiledCalendar.of(load_calendar_file(path, {})))


def place_of(text: str, *, beside: Place) -> Place:
    """The calendar of a text that extends another one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parent = EXAMPLES / f"{beside.oracle.id}.yaml"
        (folder / parent.name).write_bytes(parent.read_bytes())
        path = folder / f"{yaml.safe_load(text)['id']}.yaml"
        path.write_text(text, encoding="utf-8")
        return _place(path, path.stem)


@cache
def landmarks(place: Place) -> tuple[int, ...]:
    """Days after the first on which something special happens, twice those near the edges."""
    cal = place.oracle
    last = (cal.last - cal.first).days
    marks = [0, 0, *[last - 3, last - 1, last, last - 10] * 2, last + 2]
    for number in range(last + 1):
        first, following = cal.bounds(cal.first + number * DAY)
        if following - first != 86_400:
            marks += [number, number - 1]
    special = [*cal.days_off, *cal.working_days]
    marks += [(day - cal.first).days for day in special if cal.covers(day)]
    marks += [number for number in range(last) if _begins_provisional(cal, number)] * 2
    return tuple(marks)


def _begins_provisional(cal: OracleCalendar, number: int) -> bool:
    day = cal.first + number * DAY
    return cal.provisional(day) != cal.provisional(day + DAY) if cal.covers(day + DAY) else False
