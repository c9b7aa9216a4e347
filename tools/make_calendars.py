"""Write the calendars of rules/calendars/ that are made; with --check only compare.

China: from tools/cn_calendar/ (origin there), and for the year whose notice is not published
yet the statutory days of 全国年节及纪念日放假办法. The others: tools/foreign_calendars.py.
"""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from calendar_text import Entry, by_year, notice_text, week_text
from foreign_calendars import federal_text, netherlands_text, new_york_text
from made import ROOT, write_or_check

CHINA_YEARS = range(2004, 2027)
PROVISIONAL_YEAR = 2027
#: Days of 2027 that follow the moon and the sun: first of the first lunar month, Qingming, fifth
#: of the fifth, fifteenth of the eighth. Computed with lunar-python 1.4.8, once: it has no wheel.
LUNAR_NEW_YEAR = date(2027, 2, 6)
QINGMING = date(2027, 4, 5)
DRAGON_BOAT = date(2027, 6, 9)
MID_AUTUMN = date(2027, 9, 15)

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
_REMARK = "Saturday; two public calendars have it off, the notice for 2006 says 上班"


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
    working = [Entry(day, None, "", _REMARK if day == _MISSING_MAKE_UP else "") for day in make_up]
    days_off = [entry._replace(notice=_notice(entry.day, notices)) for entry in days_off]
    working = [entry._replace(notice=_notice(entry.day, notices)) for entry in working]
    days_off += _statutory(PROVISIONAL_YEAR)
    return "".join(
        (
            _CHINA_HEAD,
            week_text((("09:00", "12:00"), ("13:30", "17:30"))),
            "days_off:\n",
            *by_year(days_off),
            "working_days:\n",
            *by_year(working),
            "notices:\n",
            *(notice_text(key, notice) for key, notice in notices.items()),
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


if __name__ == "__main__":
    made = {
        "cn": china_text,
        "us-federal": federal_text,
        "us-new-york": new_york_text,
        "nl": netherlands_text,
    }
    raise SystemExit(
        max(write_or_check(f"rules/calendars/{name}.yaml", text()) for name, text in made.items())
    )
