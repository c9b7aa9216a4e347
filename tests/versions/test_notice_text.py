"""Official notices are read as they are written, held against the calendar; nothing is guessed."""

import random
from datetime import date, timedelta
from pathlib import Path

import pytest

from efficiency_monitor.catalogue import catalogue_files
from efficiency_monitor.time.calendar import Calendar, build
from efficiency_monitor.time.calendar_change import amend
from efficiency_monitor.time.calendar_file import CalendarFile, NoticeEntry
from efficiency_monitor.time.notice_text import read_notice

ROOT = Path(__file__).parents[2]
NOTICES = ROOT / "tests" / "data" / "notices"
YEARS = (2017, 2019, 2020, 2021, 2022, 2023, 2024, 2025, 2026)
LATER = {2019: "2019-may-day", 2020: "2020-spring-festival"}
ENTRY = NoticeEntry(number="试", published=date(2019, 1, 1), source="test")


@pytest.fixture(scope="module")
def cn() -> tuple[CalendarFile, Calendar]:
    """The calendar as it is shipped: others compiled it from the same notices."""
    file = catalogue_files.read_calendar_file(ROOT / "rules" / "calendars" / "cn.yaml")
    return file, build(file)


def text_of(name: object) -> str:
    return (NOTICES / f"{name}.txt").read_text("utf-8")


def without(file: CalendarFile, year: int) -> CalendarFile:
    """The file as it was before the notices for a year: weeks without any holiday in it."""
    keys = {key for key in file.notices if key.startswith(f"gb-{year}")}
    return file.model_copy(
        update={
            "days_off": tuple(day for day in file.days_off if day.notice not in keys),
            "working_days": tuple(day for day in file.working_days if day.notice not in keys),
        }
    )


def amended(file: CalendarFile, name: object) -> CalendarFile:
    notice = read_notice(text_of(name))
    assert notice.faults == ()
    found = amend(file, f"n-{name}", ENTRY, notice.arrangements, year=notice.year)
    assert (found.open, found.faults) == ([], [])
    return found.file


@pytest.mark.parametrize("year", YEARS)
def test_each_years_notice_makes_the_year(cn: tuple[CalendarFile, Calendar], year: int) -> None:
    file, known = cn
    made = amended(without(file, year), year)
    if year in LATER:
        made = amended(made, LATER[year])
    calendar = build(made)
    day, last = date(year - 1, 12, 20), date(year + 1, 1, 10)
    differ = []
    while day <= last:
        if calendar.day(day).kind.working != known.day(day).kind.working:
            differ.append(day)
        day += timedelta(days=1)
    assert differ == []


def test_the_amendment_is_needed(cn: tuple[CalendarFile, Calendar]) -> None:
    """Without it 31 January 2020 is a working day, and the test above would say so."""
    calendar = build(amended(without(cn[0], 2020), 2020))
    assert calendar.day(date(2020, 1, 31)).kind.working
    assert calendar.day(date(2020, 2, 1)).kind.working


def test_an_extension_of_no_known_days_off_is_refused(cn: tuple[CalendarFile, Calendar]) -> None:
    notice = read_notice(text_of("2020-spring-festival"))
    found = amend(without(cn[0], 2020), "n", ENTRY, notice.arrangements)
    assert len(found.faults) == 1


#: What is wrong in it, and where: line and column of `一、…` on line 2.
BAD = {
    "一、元旦：1月1日（周五）至3日（周六）放假调休，共3天。": ("星期四", 2, 10),
    "一、元旦：1月1日（周四）至3日（周六）放假调休，共4天。": ("4 天", 2, 6),
    "一、元旦：1月1日（周四）至3日（周六）放假。1月4日（周六）上班。": ("星期日", 2, 28),
    "一、元旦：2月30日放假1天。": ("没有这一天", 2, 6),
    "一、元旦：1月2日至1日放假。": ("早于", 2, 6),
    "一、元旦：1月1日左右放假。": ("读不懂", 2, 6),
    "一、元旦：放假三天。": ("读不懂", 2, 6),
    "一、元旦：1月1日放假，如有变化另行通知。": ("读不懂", 2, 13),
    "一、元旦：1月1日（周四、暂定）放假。": ("读不懂", 2, 10),
    "一、元旦：1月1日（周四）放假1天，不调休。1月4日（周日）上班。": ("不调休", 2, 6),
    "一、劳动节：5月6日（周三）放假，与周末连休。": ("不与周末相连", 2, 7),
    "一、元旦：1月1日放假。\n二、春节：1月1日放假。": ("两次", 1, 1),
    "一、元旦：1月1日放假。1月3日另行安排。": ("读不懂", 2, 13),
    "一、1月1日放假。": ("哪个节日", 2, 3),
    "一、国庆节：10月1日至7日放假，共7天。1月10日（周六）上班。": ("太远", 2, 7),
    "一、元旦：1月1日至12月31日放假。": ("超过 60 天", 2, 6),
}


@pytest.mark.parametrize("text", BAD)
def test_what_cannot_be_right_is_a_fault_with_its_place(text: str) -> None:
    said, line, column = BAD[text]
    notice = read_notice(f"关于2026年部分节假日安排的通知\n{text}\n")
    assert [said in fault.zh for fault in notice.faults][:1] == [True], notice.faults
    assert (notice.faults[0].line, notice.faults[0].column) == (line, column)


def test_dates_without_a_year_are_not_read_without_one() -> None:
    text = "一、元旦：1月1日放假。"
    assert read_notice(text).faults
    notice = read_notice(text, 2026)
    assert notice.faults == ()
    assert notice.arrangements[0].off == (date(2026, 1, 1),)


def test_a_text_without_any_arrangement_is_no_notice() -> None:
    assert [fault.zh for fault in read_notice("关于2026年部分节假日安排的通知").faults] == [
        "没有读到任何放假安排"
    ]


def test_full_width_digits_and_plain_brackets_are_read() -> None:
    text = (
        "2026年部分节假日安排\n"
        "一、元旦:１月１日(周四)至３日(周六)放假调休,共３天。1月4日(周日)上班。"
    )
    (made,) = read_notice(text).arrangements
    assert made.off[-1] == date(2026, 1, 3)
    assert made.work == (date(2026, 1, 4),)


def test_a_make_up_day_that_is_not_mentioned_is_a_question(
    cn: tuple[CalendarFile, Calendar],
) -> None:
    text = "关于调整2026年劳动节假期安排的通知\n一、劳动节：5月1日至3日放假，共3天。"
    notice = read_notice(text)
    assert notice.faults == ()
    asked = amend(cn[0], "n", ENTRY, notice.arrangements)
    assert [each.day for each in asked.open] == [date(2026, 5, 9)]
    kept = amend(cn[0], "n", ENTRY, notice.arrangements, keep=[date(2026, 5, 9)])
    gone = amend(cn[0], "n", ENTRY, notice.arrangements, drop=[date(2026, 5, 9)])
    assert (kept.open, gone.open) == ([], [])
    assert build(kept.file).day(date(2026, 5, 9)).kind.working
    assert not build(gone.file).day(date(2026, 5, 9)).kind.working
    assert build(gone.file).day(date(2026, 5, 4)).kind.working


def test_a_year_that_was_provisional_becomes_official(cn: tuple[CalendarFile, Calendar]) -> None:
    text = (
        "国务院办公厅关于2027年部分节假日安排的通知\n"
        "一、元旦：1月1日（周五）至3日（周日）放假，共3天。\n"
        "二、春节：2月5日（农历除夕，周五）至11日（周四）放假调休，共7天。"
        "1月31日（周日）、2月14日（周日）上班。\n"
        "三、清明节：4月5日（周一）放假。\n"
        "四、劳动节：5月1日（周六）至3日（周一）放假，共3天。\n"
        "五、端午节：6月9日（周三）放假。\n"
        "六、中秋节：9月15日（周三）放假。\n"
        "七、国庆节：10月2日（周六）至3日（周日）放假，共2天。\n"
    )
    notice = read_notice(text)
    assert notice.faults == ()
    part = read_notice("".join(text.splitlines(keepends=True)[:3]))
    assert ["清明" in fault.zh and "国庆" in fault.zh for fault in part.faults] == [True]
    found = amend(cn[0], "gb-2027-real", ENTRY, notice.arrangements, year=2027)
    calendar = build(found.file)
    assert not calendar.day(date(2027, 2, 4)).provisional
    assert "gb-2027" not in found.file.notices
    assert calendar.day(date(2027, 1, 31)).kind.working
    # What the notice does not say again is taken back: nothing of what was provisional stays.
    assert not cn[1].day(date(2027, 10, 1)).kind.working
    assert calendar.day(date(2027, 10, 1)).kind.working


@pytest.mark.parametrize("year", YEARS)
def test_a_damaged_notice_is_read_right_or_not_at_all(
    cn: tuple[CalendarFile, Calendar], year: int
) -> None:
    """One sign is lost, doubled or another one: no crash, and never a day that is another day.

    A digit that is lost or changed can make another date of one; then weekday or number of days
    says so. Of a holiday that has neither, nobody could tell: those are few, and counted.
    """
    text, dice = text_of(year), random.Random(year)
    whole = {a.name: (a.off, a.work) for a in read_notice(text).arrangements}
    unnoticed = 0
    for _ in range(600):
        at = dice.randrange(len(text))
        sign = dice.choice(
            ["", text[at] * 2, dice.choice("0123456789日月年至、，。（）周一二星期")]
        )
        notice = read_notice(text[:at] + sign + text[at + 1 :])
        if notice.faults:
            continue
        for each in notice.arrangements:
            if whole.get(each.name) not in (None, (each.off, each.work)):
                unnoticed += 1
    assert unnoticed <= 3, unnoticed


def test_a_large_hostile_text_ends() -> None:
    for piece in ("一、节：1月1日放假。\n", "1月1日（", "（" * 40, "、1月1日", "延长春节假期至"):
        notice = read_notice("2026年部分节假日安排\n一、节：" + piece * (200_000 // len(piece)))
        assert notice.faults
        assert len(notice.faults) <= 100


def test_an_amendment_that_names_the_yearly_notice_sets_no_year() -> None:
    text = (
        "国务院办公厅关于调整2026年国庆节假期安排的通知\n"
        "《国务院办公厅关于2026年部分节假日安排的通知》作如下调整：\n"
        "一、国庆节：10月1日（周四）至8日（周四）放假，共8天。\n"
    )
    notice = read_notice(text)
    assert (notice.year, notice.faults) == (None, ())


@pytest.mark.parametrize("said", ["1日至3日休息。", "按周末安排。"])
def test_a_holiday_without_a_date_is_a_fault(said: str) -> None:
    notice = read_notice(f"国务院办公厅关于2027年部分节假日安排的通知\n一、元旦：{said}\n")
    assert notice.faults


def test_advice_that_says_what_a_day_is_is_not_passed_over() -> None:
    notice = read_notice("一、元旦：1月1日放假。提倡错峰，1月9日（星期六）上班。\n", 2027)
    assert notice.faults or date(2027, 1, 9) in notice.arrangements[0].work
