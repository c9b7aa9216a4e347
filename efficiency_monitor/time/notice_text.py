"""An official notice of days off (国务院办公厅 …节假日安排的通知), read from its text.

The grammar is that of the notices since 2019 and of their amendments. What is not understood is a
fault with its place; nothing is guessed. Weekdays are held against the dates, numbers of days
against the ranges.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from .official_notice import HOLIDAYS, Arrangement, Notice, NoticeFault

_DAY = timedelta(days=1)
#: Days of one range: no holiday is half as long.
_MOST_DAYS: Final = 60
#: From a make-up day to the days off that it makes up for; from 2004 to 2026 none was further than
#: six days from one.
_FURTHEST: Final = timedelta(days=21)
#: Faults that are named; a text of nothing else may have any number.
_MOST_FAULTS: Final = 100
_WEEKDAYS: Final = "一二三四五六日天"
#: Sign for sign, so that every place stays what it is.
_PLAIN: Final = str.maketrans(
    "０１２３４５６７８９():,;：，；　－—–~～﹣",
    "0123456789（）：，；：，； --" + "-" * 4,
)
_ITEM: Final = re.compile(r"(?:^|\n)[ \t]*[一二三四五六七八九十]{1,3}、")
_HEADING: Final = re.compile(r"[ \t]*([^：。\n]{1,24})：")
_TITLE: Final = re.compile(r"([12][0-9]{3})年(?:部分)?节假日安排")
_OTHER_TITLE: Final = re.compile(r"([12][0-9]{3})年[^。\n]{1,20}?(?:假期|放假)(?:安排)?的?通知")
_DATE: Final = re.compile(
    r"(?:(?P<year>[12][0-9]{3})年)?(?:(?P<month>[0-9]{1,2})月)?(?P<day>[0-9]{1,2})日"
)
#: Another notice that is named, not this one.
_CITED: Final = re.compile(r"《[^《》]*》")
_HOLIDAY: Final = re.compile("|".join(HOLIDAYS))
_ANY_DATE: Final = re.compile(r"[0-9]{1,2}月[0-9]{1,2}日")
_NOTE: Final = re.compile(r"（([^（）]{1,30})）")
_WEEKDAY: Final = re.compile(r"(?:星期|周)([一二三四五六日天])")
_LUNAR: Final = re.compile(
    "(?:农历)?(?:除夕|(?:腊月|正月|[一二三四五六七八九十]{1,2}月)[初一二三四五六七八九十廿]{1,3})"
)
_TO: Final = re.compile(r"[ ]?(?:至|到|-{1,2})[ ]?")
_AND: Final = re.compile(r"[ ]?(?:、|和|，(?=[0-9]))[ ]?")
_OFF: Final = re.compile(r"(?:放假|补休)(?:调休|公休)?(?:共?([0-9]{1,2})天)?")
_WORK: Final = re.compile(r"(?:均|都|照常|正常)*上班")
_AGAIN: Final = re.compile(r"起(?:恢复)?正常上班")
_EXTEND: Final = re.compile(r"延长(?:([12][0-9]{3})年)?([一-龥]{2,8}?)假期至")
_COUNT: Final = re.compile(r"，?共([0-9]{1,2})天")
_WEEKEND: Final = re.compile(r"，?与周末连休")
_NO_SWAP: Final = re.compile(r"，?不调休")
#: Sentences that say nothing of a day, though they may name one.
_ADVICE: Final = re.compile(r"[ \t\n]*(?:鼓励|引导|倡导|提倡)")
_OPENING: Final = re.compile(r"通知如下[：。]?$")
#: Words of a sentence that says what a day is.
_SAYS: Final = re.compile(r"放假|上班|日[^。；]{0,30}补休")
_DATE_ALONE: Final = re.compile(r"[ \t]*[12][0-9]{3}年[0-9]{1,2}月[0-9]{1,2}日[ \t]*")


def read_notice(text: str, year: int | None = None) -> Notice:
    """Read the text of a notice. `year` is the one of dates without any, where no title says it.

    Faults are values: a notice with any is not to be used.
    """
    reader = _Reader(text.translate(_PLAIN).replace("\r", " "), year)
    return reader.read()


@dataclass(slots=True)
class _Sentence:
    text: str
    start: int


@dataclass
class _Reader:
    text: str
    given_year: int | None
    faults: list[NoticeFault] = field(default_factory=list)
    made: list[Arrangement] = field(default_factory=list)
    year: int | None = None

    def read(self) -> Notice:
        own = _CITED.sub(lambda cited: " " * len(cited[0]), self.text)
        title, other = _TITLE.search(own), _OTHER_TITLE.search(own)
        if title and other and other.start() < title.start():
            title = None  # An amendment that names what it amends sets no whole year.
        found = title or other
        self.year = int(found[1]) if found else self.given_year
        if title and self.given_year not in (None, self.year):
            self._fault(
                title.start(),
                f"标题是 {self.year} 年，指定的是 {self.given_year} 年",
                f"the title says {self.year}, {self.given_year} was named",
            )
        heads = list(_ITEM.finditer(self.text))
        self._outside(0, heads[0].start() if heads else len(self.text), alone=not heads)
        for number, head in enumerate(heads):
            end = heads[number + 1].start() if number + 1 < len(heads) else len(self.text)
            self._item(head.end(), end)
        self._check_days()
        if not self.made and not self.faults:
            self._fault(0, "没有读到任何放假安排", "no arrangement of days off was found")
        whole = int(title[1]) if title else self.given_year
        named = " ".join(arranged.name for arranged in self.made)
        missing = [name for name in HOLIDAYS if name not in named]
        if title and missing and not self.faults:
            self._fault(
                title.start(),
                f"全年安排里没有：{'、'.join(missing)}",
                f"the year's arrangement does not name {', '.join(missing)}",
            )
        return Notice(
            whole,
            tuple(self.made),
            tuple(sorted(self.faults, key=lambda fault: (fault.line, fault.column))),
        )

    def _outside(self, start: int, end: int, *, alone: bool) -> None:
        """What stands before the items; in a notice without items everything does."""
        for sentence in self._sentences(start, end):
            if _OPENING.search(sentence.text) or _TITLE.search(sentence.text):
                continue
            if _OTHER_TITLE.search(sentence.text):
                continue
            if alone and _SAYS.search(sentence.text) and _ANY_DATE.search(sentence.text):
                heading = _HEADING.match(sentence.text)
                if heading:
                    self._body(heading[1], sentence.start + heading.end(), end)
                else:
                    self._not_read(sentence)
                return
            self._prose(sentence)

    def _item(self, start: int, end: int) -> None:
        heading = _HEADING.match(self.text, start, end)
        name, begin = ("", start) if heading is None else (heading[1].strip(), heading.end())
        read = len(self.made), len(self.faults)
        self._body(name, begin, end)
        if _HOLIDAY.search(name) and read == (len(self.made), len(self.faults)):
            self._fault(
                start, f"{name}：没有读到放假的日期", f"{name}: no date of its days off was found"
            )

    def _body(self, name: str, start: int, end: int) -> None:
        off: list[date] = []
        work: list[date] = []
        no_swap = False
        for sentence in self._sentences(start, end):
            if _ADVICE.match(sentence.text) and not (
                _SAYS.search(sentence.text) and _ANY_DATE.search(sentence.text)
            ):
                continue
            if not (_SAYS.search(sentence.text) or _EXTEND.search(sentence.text)):
                self._prose(sentence)
                continue
            parser = _Parser(self, sentence)
            if not parser.read():
                self._not_read(sentence, parser.furthest)
                continue
            off += parser.off
            work += parser.work
            no_swap = no_swap or parser.no_swap
            if parser.extends is not None:
                self.made.append(parser.extends)
        if no_swap and work:
            self._fault(start, "不调休却有上班日", "no swap, and yet a make-up working day")
        for day in work:
            if off and min(abs(day - other) for other in off) > _FURTHEST:
                self._fault(
                    start, f"{day} 上班，离假期太远", f"{day} is worked, far from the days off"
                )
        if off or work:
            self.made.append(
                Arrangement(name=self._holiday(name, start, off), off=tuple(off), work=tuple(work))
            )

    def _holiday(self, name: str, start: int, off: list[date]) -> str:
        """The item's heading, else the holiday of the title: 关于调整2019年劳动节假期安排的通知."""
        if name:
            return name
        found = re.search(r"[12][0-9]{3}年([一-龥、]{2,12}?)(?:假期|放假)", self.text)
        if found is None and off:
            self._fault(start, "没有写明是哪个节日", "it does not say which holiday it is about")
        return found[1] if found else ""

    def _sentences(self, start: int, end: int) -> Iterator[_Sentence]:
        for found in re.finditer(r"[^。；\n]+", self.text[start:end]):
            if found[0].strip():
                yield _Sentence(found[0], start + found.start())

    def _prose(self, sentence: _Sentence) -> None:
        """Text that says nothing of any day; one with a date in it is not passed over."""
        if _DATE_ALONE.fullmatch(sentence.text) or not _ANY_DATE.search(sentence.text):
            if not re.search(r"放假(?!期间)|上班", sentence.text):
                return
            if not _ANY_DATE.search(sentence.text) and _OPENING.search(sentence.text):
                return
        self._not_read(sentence)

    def _not_read(self, sentence: _Sentence, at: int | None = None) -> None:
        place = sentence.start if at is None else at
        said = self.text[place : sentence.start + len(sentence.text)].strip()[:40]
        self._fault(place, f"读不懂：{said}", f"cannot be read: {said}")

    def _fault(self, at: int, zh: str, en: str) -> None:
        if len(self.faults) >= _MOST_FAULTS:
            return
        before = self.text[:at]
        line = before.count("\n") + 1
        self.faults.append(NoticeFault(line, at - (before.rfind("\n") + 1) + 1, zh, en))

    def _check_days(self) -> None:
        """No day twice, none both off and worked."""
        seen: dict[date, str] = {}
        for each in self.made:
            for day in (*each.off, *each.work):
                if day in seen:
                    self._fault(
                        0,
                        f"{day} 出现两次：{seen[day]}、{each.name}",
                        f"{day} is named twice: {seen[day]}, {each.name}",
                    )
                seen[day] = each.name


class _Parser:
    """One sentence: what is off, what is worked."""

    def __init__(self, reader: _Reader, sentence: _Sentence) -> None:
        self._say, self._year, self._text = reader._fault, reader.year, reader.text
        self._at = sentence.start + len(sentence.text) - len(sentence.text.lstrip())
        self._end = sentence.start + len(sentence.text.rstrip())
        self.off: list[date] = []
        self.work: list[date] = []
        self.extends: Arrangement | None = None
        self.no_swap = False
        self.furthest = self._at

    def read(self) -> bool:
        """Whether all of the sentence was understood."""
        while self._at < self._end:
            self.furthest = self._at
            if not (self._extension() or self._days()):
                return False
            while self._at < self._end and self._text[self._at] in "， ":
                self._at += 1
        return bool(self.off or self.work or self.extends)

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._text, self._at, self._end)
        if found:
            self._at = found.end()
        return found

    def _extension(self) -> bool:
        at = self._at
        found = self._match(_EXTEND)
        if not found:
            return False
        day = self._date(None, int(found[1]) if found[1] else None)
        if day is None:
            self._at = at
            return False
        self.extends = Arrangement(name=found[2], extends_to=day)
        return True

    def _days(self) -> bool:
        place = self._at
        days = self._list()
        if not days:
            return False
        off = self._match(_OFF)
        if off:
            self.off += days
            self._after_off(place, days, off[1])
            return True
        if self._match(_WORK):
            self.work += days
            return True
        again = self._match(_AGAIN)
        if again and len(days) == 1 and self.extends and self.extends.extends_to:
            if days[0] <= self.extends.extends_to:
                self._say(
                    place,
                    f"{days[0]} 起上班，早于假期结束",
                    f"work begins on {days[0]}, before the days off end",
                )
            return True
        return False

    def _after_off(self, place: int, days: list[date], count: str | None) -> None:
        while self._at < self._end:
            total = self._match(_COUNT)
            if total:
                count = total[1]
            elif self._match(_NO_SWAP):
                self.no_swap = True
            elif self._match(_WEEKEND):
                if days[0].weekday() != 0 and days[-1].weekday() != 4:
                    self._say(
                        place, f"{days[0]} 不与周末相连", f"{days[0]} is not next to a weekend"
                    )
            else:
                break
        if count is not None and int(count) != len(days):
            self._say(
                place,
                f"写明 {count} 天，日期是 {len(days)} 天",
                f"it says {count} days, the dates are {len(days)}",
            )

    def _list(self) -> list[date]:
        days: list[date] = []
        last: date | None = None
        while True:
            at = self._at
            first = self._date(last, None)
            if first is None:
                self._at = at
                return []
            until = first
            if self._match(_TO):
                end = self._date(first, first.year)
                if end is None:
                    self._at = at
                    return []
                until = end
                if until < first:
                    self._say(
                        at,
                        f"{until} 早于 {first}：请写明年份",
                        f"{until} is before {first}: the year has to be written",
                    )
                    until = first
            if (until - first).days >= _MOST_DAYS:
                self._say(
                    at,
                    f"{first} 至 {until} 超过 {_MOST_DAYS} 天",
                    f"{first} to {until} is more than {_MOST_DAYS} days",
                )
                until = first
            days += [first + _DAY * n for n in range((until - first).days + 1)]
            last = until
            at = self._at
            if not (self._match(_AND) and _DATE.match(self._text, self._at, self._end)):
                self._at = at
                return days

    def _date(self, before: date | None, year: int | None) -> date | None:
        """A date; month and year are those of the date before it in the same list or range."""
        at = self._at
        found = self._match(_DATE)
        if not found:
            return None
        named = found["year"]
        month = int(found["month"]) if found["month"] else before.month if before else None
        if year is None:
            year = before.year if before and not found["month"] else self._year
        used = int(named) if named else year
        if used is None or month is None:
            self._say(at, "没有写明年份或月份", "the year or the month is not written")
            return None
        try:
            day = date(used, month, int(found["day"]))
        except ValueError:
            self._say(at, f"没有这一天：{found[0]}", f"there is no such day: {found[0]}")
            return None
        note = self._match(_NOTE)
        if note:
            self._check_note(note, day)
        return day

    def _check_note(self, note: re.Match[str], day: date) -> None:
        for part in re.split(r"[、，]", note[1]):
            word = part.strip()
            weekday = _WEEKDAY.fullmatch(word)
            if weekday:
                if min(_WEEKDAYS.index(weekday[1]), 6) != day.weekday():
                    self._say(
                        note.start(),
                        f"{day} 是星期{_WEEKDAYS[day.weekday()]}，不是{word}",
                        f"{day} is a {day:%A}, not {word}",
                    )
            elif not _LUNAR.fullmatch(word):
                self._say(note.start(), f"读不懂：（{word}）", f"cannot be read: ({word})")
