"""Write rules/calendars/cn.yaml and us-federal.yaml; with --check only compare.

China: from tools/cn_calendar/ (origin there), and for the year whose notice is not published
yet the statutory days of 全国年节及纪念日放假办法. US federal: from the text of 5 U.S.C. 6103.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from made import ROOT, write_or_check

CHINA_YEARS = range(2004, 2027)
PROVISIONAL_YEAR = 2027
#: Days of 2027 that follow the moon and the sun: first of the first lunar month, Qingming, fifth
#: of the fifth, fifteenth of the eighth. Computed with lunar-python 1.4.8, once: it has no wheel.
LUNAR_NEW_YEAR = date(2027, 2, 6)
QINGMING = date(2027, 4, 5)
DRAGON_BOAT = date(2027, 6, 9)
MID_AUTUMN = date(2027, 9, 15)
FEDERAL_YEARS = range(2011, 2015)

#: Names in the source data that mean one of the statutory holidays.
_NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Labour Day": "劳动节",
    "National Day": "国庆节",
    "“五一”": "劳动节",
    "“十一”": "国庆节",
    "“五一”国际劳动节": "劳动节",
}

#: Set by the notice for 2006 and missing from the source data; tools/cn_calendar/ORIGIN.md.
_MISSING_MAKE_UP = date(2005, 12, 31)

_CHINA_HEAD = """\
# China: days off and make-up working days 2004-2026 as the yearly notices set them.
# Made by tools/make_calendars.py from tools/cn_calendar/: change it there. What the notices are,
# and on which days public calendars differ, stands in tools/cn_calendar/ORIGIN.md.
#
# The hours are an assumption: office hours are set by each place. A place with other hours, or
# with a summer season, has a calendar of its own that extends this one (hunan-xiangtan.yaml).
#
# 2027 is provisional: its notice is not published. It has the 13 statutory days only; the swaps
# and the make-up days that the notice will bring are not guessed. It serves forecasts, and no
# yellow or red card rests on it.
id: cn
title: {zh: 全国法定工作日历, en: China national working calendar}
zone: Asia/Shanghai
covers: {from: 2004-01-01, to: 2027-12-31}
week:
"""

_FEDERAL_HEAD = """\
# US federal working days 2011-2014: holidays by 5 U.S.C. 6103(a), and the days on which they are
# observed: of a Saturday the Friday before, 6103(b)(1); of a Sunday the Monday after, Executive
# Order 11582. Two days on which an executive order closed the offices "as falling within the
# scope of 5 U.S.C. 6103(b)" are days off too. The shutdown of October 2013 is not one of them.
# Made by tools/make_calendars.py: change it there. The hours are an assumption.
id: us-federal
title: {zh: 美国联邦政府工作日历, en: US federal working calendar}
zone: America/New_York
covers: {from: 2011-01-01, to: 2014-12-31}
week:
"""

_FEDERAL_NOTICES: dict[str, dict[str, Any]] = {
    "usc-6103": {
        "number": "5 U.S.C. 6103",
        "published": "1966-09-06",
        "source": "https://uscode.house.gov/view.xhtml?req=granuleid:USC-prelim-title5-section6103",
    },
    "eo-13633": {
        "number": "Executive Order 13633",
        "published": "2012-12-21",
        "source": "77 FR 76339",
    },
    "eo-13682": {
        "number": "Executive Order 13682",
        "published": "2014-12-05",
        "source": "79 FR 73459",
    },
}


class Entry(NamedTuple):
    """One line under days_off or working_days."""

    day: date
    name: str | None
    notice: str

    def text(self) -> str:
        """The line as the file has it."""
        name = f"name: {self.name}, " if self.name else ""
        return f"  - {{date: {self.day}, {name}notice: {self.notice}}}\n"


def china_text() -> str:
    """rules/calendars/cn.yaml."""
    notices = _read("notices")
    years = [_read(str(year)) for year in CHINA_YEARS]
    names = {day: name for year in years for day, name in year["holidays_named"].items()}
    off = {date.fromisoformat(day) for day in names}
    off |= {date.fromisoformat(day) for year in years for day in year["off_weekdays"]}
    make_up = {date.fromisoformat(day) for year in years for day in year["makeup_workdays"]}
    make_up.add(_MISSING_MAKE_UP)
    days_off = [Entry(day, _NAMES.get(names[f"{day}"], names[f"{day}"]), "") for day in off]
    working = [Entry(day, None, "") for day in make_up]
    days_off = [entry._replace(notice=_notice(entry.day, notices)) for entry in days_off]
    working = [entry._replace(notice=_notice(entry.day, notices)) for entry in working]
    days_off += _statutory(PROVISIONAL_YEAR)
    return "".join(
        (
            _CHINA_HEAD,
            _week([("09:00", "12:00"), ("13:30", "17:30")]),
            "days_off:\n",
            *_by_year(days_off),
            "working_days:\n",
            *_by_year(working),
            "notices:\n",
            *(_notice_text(key, notice) for key, notice in notices.items()),
            f"  gb-{PROVISIONAL_YEAR}:\n",
            '    number: "全国年节及纪念日放假办法"\n',
            "    published: 2024-11-10\n",
            '    source: "全国年节及纪念日放假办法 (2024-11-10 修订) 第二条; 农历日期经推算"\n',
            "    status: provisional\n",
            f"    covers: {{from: {PROVISIONAL_YEAR}-01-01, to: {PROVISIONAL_YEAR}-12-31}}\n",
        )
    )


def _read(name: str) -> Any:
    return json.loads((ROOT / "tools" / "cn_calendar" / f"{name}.json").read_text("utf-8"))


def _notice(day: date, notices: dict[str, Any]) -> str:
    """The notice that sets a day: a mid-year one, else its year's; December has New Year's days."""
    for key, notice in notices.items():
        if f"{day}" in notice.get("dates", ()):
            return key
    return f"gb-{day.year + (day.month == 12)}"


def _statutory(year: int) -> Iterator[Entry]:
    """The 13 days off of 全国年节及纪念日放假办法 Art. 2, as revised in 2024."""
    days = [
        (date(year, 1, 1), "元旦"),
        *((LUNAR_NEW_YEAR + timedelta(days=number), "春节") for number in (-1, 0, 1, 2)),
        (QINGMING, "清明节"),
        *((date(year, 5, number), "劳动节") for number in (1, 2)),
        (DRAGON_BOAT, "端午节"),
        (MID_AUTUMN, "中秋节"),
        *((date(year, 10, number), "国庆节") for number in (1, 2, 3)),
    ]
    return (Entry(day, name, f"gb-{year}") for day, name in days)


def federal_text() -> str:
    """rules/calendars/us-federal.yaml."""
    days = [entry for year in FEDERAL_YEARS for entry in _federal(year)]
    days.append(Entry(date(2012, 12, 24), "Closed by executive order", "eo-13633"))
    days.append(Entry(date(2014, 12, 26), "Closed by executive order", "eo-13682"))
    covered = [entry for entry in days if entry.day.year in FEDERAL_YEARS]
    return "".join(
        (
            _FEDERAL_HEAD,
            _week([("08:00", "12:00"), ("12:30", "16:30")]),
            "days_off:\n",
            *_by_year(covered),
            "notices:\n",
            *(_notice_text(key, notice) for key, notice in _FEDERAL_NOTICES.items()),
        )
    )


def _federal(year: int) -> Iterator[Entry]:
    """The legal public holidays of 5 U.S.C. 6103(a) before 2021, on the days they are observed."""
    fixed = [
        (date(year, 1, 1), "New Year's Day"),
        (date(year, 7, 4), "Independence Day"),
        (date(year, 11, 11), "Veterans Day"),
        (date(year, 12, 25), "Christmas Day"),
    ]
    for day, name in fixed:
        shift = {5: -1, 6: 1}.get(day.weekday(), 0)
        observed = f"{name} (observed)" if shift else name
        yield Entry(day + timedelta(days=shift), observed, "usc-6103")
    floating = [
        (_monday(year, 1, 3), "Birthday of Martin Luther King Jr."),
        (_monday(year, 2, 3), "Washington's Birthday"),
        (_monday(year, 6, 1) - timedelta(days=7), "Memorial Day"),
        (_monday(year, 9, 1), "Labor Day"),
        (_monday(year, 10, 2), "Columbus Day"),
        (_on_or_after(date(year, 11, 22), 3), "Thanksgiving Day"),
    ]
    for day, name in floating:
        yield Entry(day, name, "usc-6103")


def _monday(year: int, month: int, number: int) -> date:
    return _on_or_after(date(year, month, 7 * number - 6), 0)


def _on_or_after(day: date, weekday: int) -> date:
    return day + timedelta(days=(weekday - day.weekday()) % 7)


def _week(hours: list[tuple[str, str]]) -> str:
    text = ", ".join(f'["{opening}", "{closing}"]' for opening, closing in hours)
    return "".join(f"  {day}: [{text}]\n" for day in ("mon", "tue", "wed", "thu", "fri"))


def _by_year(entries: Iterable[Entry]) -> Iterator[str]:
    year = 0
    for entry in sorted(entries):
        if entry.day.year != year:
            year = entry.day.year
            yield f"  # {year}\n"
        if entry.day == _MISSING_MAKE_UP:
            yield "  # Saturday; two public calendars have it off, the notice for 2006 says 上班\n"
        yield entry.text()


def _notice_text(key: str, notice: dict[str, Any]) -> str:
    number = json.dumps(notice["number"], ensure_ascii=False)
    source = json.dumps(notice["source"], ensure_ascii=False)
    published = f"published: {notice['published']}, " if notice["published"] else ""
    return f"  {key}: {{number: {number}, {published}source: {source}, status: official}}\n"


if __name__ == "__main__":
    raise SystemExit(
        max(
            write_or_check("rules/calendars/cn.yaml", china_text()),
            write_or_check("rules/calendars/us-federal.yaml", federal_text()),
        )
    )
