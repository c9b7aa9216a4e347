"""Calendars for validation on public data from elsewhere: US federal, New York, Netherlands.

Each from the text of its statute; nothing is taken from another program's list of holidays. The
tests hold every day against such a list and name where the two differ.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from calendar_text import Entry, by_year, monday, notice_text, on_or_after, week_text

FEDERAL_YEARS = range(2009, 2027)
NEW_YORK_YEARS = range(2009, 2015)
DUTCH_YEARS = range(2010, 2014)

_FEDERAL_HEAD = """\
# US federal working days 2009-2026: holidays by 5 U.S.C. 6103(a), and the days on which they are
# observed: of a Saturday the Friday before, 6103(b)(1); of a Sunday the Monday after, Executive
# Order 11582. Juneteenth is one from 2021, Public Law 117-17. Days on which an executive order
# closed the offices "as falling within the scope of 5 U.S.C. 6103(b)" are days off too; the half
# days of 2009 and 2015 leave a working day of half the hours. Not days off here: shutdowns,
# closings for weather in one region, and Inauguration Day, which 6103(c) gives to the District of
# Columbia and its neighbours alone.
# The holidays of the statute are held against the package `holidays`, day by day. The closings by
# executive order stand in no such list and are held against nothing: those of 2009, 2012 and 2014
# name their orders; of those from 2015 on the day is known, and number and text of the order were
# not looked up. Whoever judges by one of these days looks the order up first.
# Made by tools/make_calendars.py: change it there. The hours are an assumption.
id: us-federal
title: {zh: 美国联邦政府工作日历, en: US federal working calendar}
zone: America/New_York
covers: {from: 2009-01-01, to: 2026-12-31}
week:
"""


def _order(closing: str) -> dict[str, Any]:
    """The notice of a closing whose order was not looked up: no number, no link to it."""
    return {
        "number": f"executive order (number not verified), closing {closing}",
        "source": "not looked up: the day alone is known",
    }


_FEDERAL_NOTICES: dict[str, dict[str, Any]] = {
    "usc-6103": {
        "number": "5 U.S.C. 6103",
        "published": "1966-09-06",
        "source": "https://uscode.house.gov/view.xhtml?req=granuleid:USC-prelim-title5-section6103",
    },
    "eo-11582": {
        "number": "Executive Order 11582",
        "published": "1971-02-11",
        "source": "36 FR 2957",
    },
    "eo-13523": {
        "number": "Executive Order 13523",
        "published": "2009-12-11",
        "source": "74 FR 66563",
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
    "eo-2015": _order("the afternoon of 2015-12-24"),
    "eo-2018": _order("2018-12-05"),
    "eo-2019": _order("2019-12-24"),
    "eo-2020": _order("2020-12-24"),
    "pl-117-17": {
        "number": "Public Law 117-17",
        "published": "2021-06-17",
        "source": "135 Stat. 287",
    },
    "eo-2024": _order("2024-12-24"),
    "eo-2025-01": _order("2025-01-09"),
    "eo-2025-12": _order("2025-12-24 and 2025-12-26"),
}

#: Whole days on which an executive order closed the offices.
_CLOSED = (
    (date(2012, 12, 24), "eo-13633"),
    (date(2014, 12, 26), "eo-13682"),
    (date(2018, 12, 5), "eo-2018"),
    (date(2019, 12, 24), "eo-2019"),
    (date(2020, 12, 24), "eo-2020"),
    (date(2024, 12, 24), "eo-2024"),
    (date(2025, 1, 9), "eo-2025-01"),
    (date(2025, 12, 24), "eo-2025-12"),
    (date(2025, 12, 26), "eo-2025-12"),
)

_NEW_YORK_HEAD = """\
# New York (state) 2009-2014: the public holidays of General Construction Law § 24 as it stood after
# L. 1984, ch. 347. One that falls on a Sunday is kept on the day after, except Flag day; one that
# falls on a Saturday is not moved. Each general election day is one, every year (Election Law
# § 8-100). Saturdays are no working days because § 25-a extends a period that ends on one.
# Days appointed for general thanksgiving, fasting or prayer beyond Thanksgiving are not days off
# here: the yearly proclamations of a day of prayer closed no office.
# Made by tools/make_calendars.py: change it there. The hours are an assumption.
id: us-new-york
title: {zh: 美国纽约州工作日历, en: New York State working calendar}
zone: America/New_York
covers: {from: 2009-01-01, to: 2014-12-31}
week:
"""

_NEW_YORK_NOTICES: dict[str, dict[str, Any]] = {
    "gcl-24": {
        "number": "N.Y. General Construction Law § 24",
        "source": "L. 1984, ch. 347",
    },
    "el-8-100": {
        "number": "N.Y. General Construction Law § 24; N.Y. Election Law § 8-100",
        "source": "L. 1976, ch. 233",
    },
}

_DUTCH_HEAD = """\
# Netherlands 2010-2013: the generally recognised holidays of Algemene termijnenwet art. 3(1), and
# Good Friday by art. 3(2). None is moved. The Queen's birthday was kept on 30 April.
#
# By art. 3(3) a royal decree makes further days equal to holidays: by custom the Friday after
# Ascension Day, and a Monday or Friday between a holiday and a weekend. Those decrees are not at
# hand. The days that they may have named are working days here and provisional: they serve
# forecasts, and no yellow or red card rests on them.
# Made by tools/make_calendars.py: change it there. The hours are an assumption.
id: nl
title: {zh: 荷兰工作日历, en: Netherlands working calendar}
zone: Europe/Amsterdam
covers: {from: 2010-01-01, to: 2013-12-31}
week:
"""

_DUTCH_NOTICES: dict[str, dict[str, Any]] = {
    "atw-3-1": {
        "number": "Algemene termijnenwet, art. 3, lid 1",
        "published": "1964-07-25",
        "source": "Stb. 1964, 314",
    },
    "atw-3-2": {
        "number": "Algemene termijnenwet, art. 3, lid 2",
        "published": "1964-07-25",
        "source": "Stb. 1964, 314",
    },
    "kb-1980": {
        "number": "Koninklijk besluit van 24 april 1980, nr. 11",
        "published": "1980-04-24",
        "source": "https://wetten.overheid.nl/BWBR0031338/1980-05-19",
    },
}


_JUNETEENTH = "Juneteenth National Independence Day"


def federal_text() -> str:
    """rules/calendars/us-federal.yaml."""
    # The year after the last has a day in it where its New Year's Day is a Saturday.
    years = range(FEDERAL_YEARS.start, FEDERAL_YEARS.stop + 1)
    days = [entry for year in years for entry in _federal(year)]
    days += [Entry(day, "Closed by executive order", order) for day, order in _CLOSED]
    halves = tuple(
        Entry(day, "Closed in the afternoon by executive order", order, hours=(("08:00", "12:00"),))
        for day, order in ((date(2009, 12, 24), "eo-13523"), (date(2015, 12, 24), "eo-2015"))
    )
    return _file(
        _FEDERAL_HEAD,
        (("08:00", "12:00"), ("12:30", "16:30")),
        [entry for entry in days if entry.day.year in FEDERAL_YEARS],
        _FEDERAL_NOTICES,
        halves,
    )


def _file(
    head: str,
    hours: tuple[tuple[str, str], ...],
    days_off: list[Entry],
    notices: dict[str, dict[str, Any]],
    working_days: tuple[Entry, ...] = (),
) -> str:
    parts = [head, week_text(hours), "days_off:\n", *by_year(days_off)]
    if working_days:
        parts += ["working_days:\n", *by_year(working_days)]
    parts.append("notices:\n")
    parts += [notice_text(key, notice) for key, notice in notices.items()]
    return "".join(parts)


def _floating(year: int) -> list[tuple[date, str]]:
    """Holidays that New York and the federation have in common and that never fall on a weekend."""
    return [
        (monday(year, 2, 3), "Washington's Birthday"),
        (monday(year, 6, 1) - timedelta(days=7), "Memorial Day"),
        (monday(year, 9, 1), "Labor Day"),
        (monday(year, 10, 2), "Columbus Day"),
        (on_or_after(date(year, 11, 22), 3), "Thanksgiving Day"),
    ]


def _fixed(year: int) -> list[tuple[date, str]]:
    return [
        (date(year, 1, 1), "New Year's Day"),
        (date(year, 7, 4), "Independence Day"),
        (date(year, 11, 11), "Veterans Day"),
        (date(year, 12, 25), "Christmas Day"),
    ]


def _federal(year: int) -> Iterator[Entry]:
    """The legal public holidays of 5 U.S.C. 6103(a), on the days they are observed."""
    juneteenth = [(date(year, 6, 19), _JUNETEENTH)] if year >= 2021 else []
    for day, name in [*_fixed(year), *juneteenth]:
        shift = {5: -1, 6: 1}.get(day.weekday(), 0)
        observed = f"{name} (observed)" if shift else name
        notice = "pl-117-17" if name == _JUNETEENTH else "usc-6103"
        if shift == 1:
            notice = "eo-11582"
        yield Entry(day + timedelta(days=shift), observed, notice)
    floating = [(monday(year, 1, 3), "Birthday of Martin Luther King Jr."), *_floating(year)]
    yield from (Entry(day, name, "usc-6103") for day, name in floating)


def new_york_text() -> str:
    """rules/calendars/us-new-york.yaml."""
    return _file(
        _NEW_YORK_HEAD,
        (("09:00", "17:00"),),
        [entry for year in NEW_YORK_YEARS for entry in _new_york(year)],
        _NEW_YORK_NOTICES,
    )


def _new_york(year: int) -> Iterator[Entry]:
    """The public holidays of General Construction Law § 24 before 2020."""
    fixed = [*_fixed(year), (date(year, 2, 12), "Lincoln's Birthday")]
    for day, name in fixed:
        yield Entry(day, name, "gcl-24")
        if day.weekday() == 6:
            yield Entry(day + timedelta(days=1), f"{name} (the day after)", "gcl-24")
    floating = [
        (monday(year, 1, 3), "Dr. Martin Luther King Jr. Day"),
        (on_or_after(date(year, 6, 8), 6), "Flag Day"),
        *_floating(year),
    ]
    yield from (Entry(day, name, "gcl-24") for day, name in floating)
    # The Tuesday after the first Monday.
    yield Entry(monday(year, 11, 1) + timedelta(days=1), "General election day", "el-8-100")


def netherlands_text() -> str:
    """rules/calendars/nl.yaml."""
    days = [entry for year in DUTCH_YEARS for entry in _dutch(year)]
    bridges = {
        f"atw-3-3-{day}": {
            "number": "Algemene termijnenwet, art. 3, lid 3 (decree not at hand)",
            "source": f"custom: the {why}",
            "status": "provisional",
            "day": day,
        }
        for day, why in sorted(bridge for year in DUTCH_YEARS for bridge in _bridges(year))
    }
    return _file(_DUTCH_HEAD, (("09:00", "17:00"),), days, _DUTCH_NOTICES | bridges)


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the method of Meeus, Jones and Butcher)."""
    golden = year % 19
    century, of_century = divmod(year, 100)
    leaps, rest = divmod(century, 4)
    moon = (19 * golden + century - leaps - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    week = (32 + 2 * rest + 2 * (of_century // 4) - moon - of_century % 4) % 7
    late = (golden + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * late + 114, 31)
    return date(year, month, day + 1)


def _dutch(year: int) -> list[Entry]:
    sunday = easter(year)
    return [
        Entry(date(year, 1, 1), "Nieuwjaarsdag", "atw-3-1"),
        Entry(sunday - timedelta(days=2), "Goede Vrijdag", "atw-3-2"),
        Entry(sunday + timedelta(days=1), "Tweede Paasdag", "atw-3-1"),
        Entry(date(year, 4, 30), "Koninginnedag", "kb-1980"),
        Entry(date(year, 5, 5), "Bevrijdingsdag", "atw-3-1"),
        Entry(sunday + timedelta(days=39), "Hemelvaartsdag", "atw-3-1"),
        Entry(sunday + timedelta(days=50), "Tweede Pinksterdag", "atw-3-1"),
        Entry(date(year, 12, 25), "Eerste Kerstdag", "atw-3-1"),
        Entry(date(year, 12, 26), "Tweede Kerstdag", "atw-3-1"),
    ]


def _bridges(year: int) -> Iterator[tuple[date, str]]:
    """Days that a decree by art. 3(3) has named by custom where they fall so."""
    for holiday, name, first, last in (
        (date(year, 4, 30), "Koninginnedag", True, True),
        (date(year, 5, 5), "Bevrijdingsdag", True, True),
        (date(year, 12, 25), "Eerste Kerstdag", True, False),
        (date(year, 12, 26), "Tweede Kerstdag", False, True),
        (date(year, 1, 1), "Nieuwjaarsdag", False, True),
        (date(year + 1, 1, 1), "Nieuwjaarsdag", True, False),
    ):
        if first and holiday.weekday() == 1:
            yield holiday - timedelta(days=1), f"Monday before {name}"
        if last and holiday.weekday() == 3:
            yield holiday + timedelta(days=1), f"Friday after {name}"
    yield easter(year) + timedelta(days=40), "Friday after Hemelvaartsdag"
