"""What the synthetic cases show, judged as of `AS_OF` with the hunan pack."""

from datetime import date, time, timedelta

from .bureau import (
    BLANK,
    FOOD,
    HALF,
    PROOF,
    ROAD,
    SCHOOL,
    SIGN,
    TODAY,
    Bureau,
    Situation,
    Special,
    after,
    at,
    working,
)
from .layout import broken_application, broken_closing

#: The instant for which the situations are made (Asia/Shanghai).
AS_OF = "2026-11-20 18:00"

NONE = "none"
RUNNING_YELLOW = "HN-CASE warning yellow"
RUNNING_RED = "HN-CASE warning yellow red"
NO_LIMIT = "not judgeable: no_limit"


def fill(bureau: Bureau) -> None:
    """All cases and what they show."""
    closed_cases(bureau)
    running_cases(bureau)
    special_procedures(bureau)
    late_evidence(bureau)
    troubled_cases(bureau)
    refused_rows(bureau)


def closed_cases(bureau: Bureau) -> None:
    """Closed in time and late."""
    run, draw = bureau.closed, bureau.random
    days = [day for n in range(70) if working(day := date(2026, 9, 1) + timedelta(days=n))]
    drawn = []
    for number in range(20):
        item = (SIGN, ROAD, FOOD, SCHOOL)[number % 4]
        used = draw.randrange(1, item.promised or 1)
        starts = [day for day in days if after(day, used) < TODAY]
        drawn.append(run(item, draw.choice(starts), used))
    bureau.show("按时办结", "closed in time", NONE, *drawn)
    bureau.show(
        "承诺最后一日下班后办结，仍为按时",
        "closed after office hours on the last day of the promise: still in time",
        NONE,
        run(SIGN, date(2026, 9, 16), 5, time(18, 5)),
    )
    late = [(SIGN, date(2026, 9, 22), 7), (FOOD, date(2026, 10, 13), 9)]
    bureau.show(
        "已办结，超承诺，黄牌",
        "closed late, past the promise: yellow",
        "HN-CASE yellow",
        *(run(*one) for one in [*late, (ROAD, date(2026, 9, 15), 11)]),
    )
    later = [(SIGN, date(2026, 9, 18), 16), (ROAD, date(2026, 9, 11), 22)]
    bureau.show(
        "已办结，超法定，黄牌和红牌",
        "closed late, past the statutory limit: yellow and red",
        "HN-CASE yellow red",
        *(run(*one) for one in later),
    )
    bureau.show(
        "即办件，当日办结",
        "instant item, finished the same day",
        NONE,
        *(run(PROOF, day, 0) for day in days[3:30:9]),
    )
    bureau.show(
        "即办件，次日办结，黄牌",
        "instant item, finished the next day: yellow",
        "HN-INSTANT yellow",
        run(PROOF, date(2026, 10, 30), 1),
    )


def running_cases(bureau: Bureau) -> None:
    """Open cases in time, near the end, past the promise, past the statutory limit."""
    run = bureau.running
    early = [(SIGN, 1), (ROAD, 3), (FOOD, 2), (SCHOOL, 5)]
    dated = [(ROAD, 6), (SCHOOL, 8)]
    bureau.show(
        "在办，时限内",
        "running, in time",
        NONE,
        *(run(*one) for one in early),
        *(run(*one, dated=True) for one in dated),
    )
    near = [(SIGN, 3), (ROAD, 9), (SCHOOL, 11)]
    bureau.show(
        "在办，预警",
        "running, warning",
        "HN-CASE warning",
        *(run(*one) for one in near),
        run(FOOD, 6, dated=True),
    )
    past = [(SIGN, 6), (ROAD, 12), (SCHOOL, 14)]
    bureau.show(
        "在办，超承诺，黄牌",
        "running, past the promise: yellow",
        RUNNING_YELLOW,
        *(run(*one) for one in past),
        run(FOOD, 9, dated=True),
    )
    bureau.show(
        "在办，超法定，红牌（第三件前一日刚到期）",
        "running, past the statutory limit: red (the third was due the day before)",
        RUNNING_RED,
        *(run(*one) for one in [(SIGN, 17), (FOOD, 23), (ROAD, 20)]),
    )


def special_procedures(bureau: Bureau) -> None:
    """Cases with special procedures, in time and late."""
    run = bureau.running
    paused = [run(ROAD, 14), run(FOOD, 8)]
    paused[0].specials = [Special(at("11-06 09:00"), None, 20)]
    paused[1].specials = [Special(at("11-12 09:00"), None, 15)]
    bureau.show("特别程序中，停表", "paused by an open special procedure", NONE, *paused)
    ended = run(FOOD, 11)
    ended.specials = [Special(at("11-05 09:00"), at("11-12 09:00"), 5)]
    bureau.show(
        "特别程序已结束，扣除后仍在时限内（预警）",
        "a special procedure is over; without its days the case is in time (warning)",
        "HN-CASE warning",
        ended,
    )
    extended = run(ROAD, 13)
    extended.specials = [Special(at("11-10 16:00"), None, 5, kind="1")]
    bureau.show(
        "延长审批五个工作日，时限内（预警）",
        "extended by five working days, in time (warning)",
        "HN-CASE warning",
        extended,
    )
    over = run(SCHOOL, 15)
    over.specials = [Special(at("11-03 10:00"), None, 12)]
    bureau.show(
        "特别程序超过申请天数，黄牌",
        "a special procedure past the days applied for: yellow",
        "HN-SPECIAL warning yellow",
        over,
    )
    long_over = run(SCHOOL, 23)
    long_over.specials = [Special(at("10-26 10:00"), None, 10)]
    bureau.show(
        "特别程序超过申请天数一日以上，红牌；只扣除申请天数，办件本身超承诺，黄牌",
        "a special procedure more than a day past the days applied for: red; only those days are "
        "left out, so the case itself is past its promise: yellow",
        "HN-CASE warning yellow; HN-SPECIAL warning yellow red",
        long_over,
    )


def late_evidence(bureau: Bureau) -> None:
    """Cases whose special procedure becomes known only after they were given cards."""
    lifted = bureau.running(ROAD, 16)
    lifted.late = [Special(at("10-30 09:00"), at("11-12 09:00"), 9)]
    bureau.show(
        "先发预警和黄牌；迟到的证据（特别程序）导入后解除",
        "warning and yellow; both lifted when the late evidence, a special procedure, is imported",
        f"{RUNNING_YELLOW} → {NONE}",
        lifted,
    )
    lowered = bureau.running(SIGN, 18)
    lowered.late = [Special(at("11-02 09:00"), at("11-10 09:00"), 6)]
    bureau.show(
        "先发红牌；迟到的证据导入后红牌解除，黄牌恢复",
        "red; with the late evidence the red card is lifted and the yellow one stands again",
        f"{RUNNING_RED} → {RUNNING_YELLOW}",
        lowered,
    )


def troubled_cases(bureau: Bureau) -> None:
    """Cases that cannot be judged, wholly or in part, or that have not begun."""
    bureau.show(
        "不能判断：没有任何时限",
        "not judgeable: no limit at all",
        NO_LIMIT,
        bureau.running(BLANK, 10),
        bureau.running(BLANK, 3),
    )
    bureau.show(
        "只有承诺时限：超承诺黄牌，红牌不能判断",
        "only a promise is known: yellow past it, red not judgeable",
        f"{RUNNING_YELLOW}; {NO_LIMIT}",
        bureau.running(HALF, 12),
    )
    faulty = bureau.case(FOOD, at("11-09 09:10"), at("11-12 10:00"))
    faulty.decided = at("11-11 16:20")
    bureau.show(
        "数据有误：办结早于受理",
        "faulty data: decided before accepted",
        "not judgeable: faulty_data",
        faulty,
    )
    waiting = bureau.case(SCHOOL, at("11-18 15:30"), None)
    bureau.show("已申请，待受理", "submitted, not yet accepted", NONE, waiting)


def refused_rows(bureau: Bureau) -> None:
    """Rows that go to quarantine."""
    torn = bureau.running(SIGN, 7)
    bureau.broken.append(broken_closing(torn, "2026111625:10:00"))
    bureau.show(
        "办结行被隔离（25 时），办件看似在办，黄牌",
        "its closing row is in quarantine (hour 25), so the case looks open: yellow",
        f"{RUNNING_YELLOW}; quarantined",
        torn,
    )
    wrong = [
        (
            "办件类型代码不在代码表中",
            "a kind of item unknown to the code table",
            "7",
            "20261116T091500",
        ),
        ("11 月 31 日", "31 November", "2", "20261131T093000"),
    ]
    for offset, (zh, en, kind, moment) in enumerate(wrong, start=1):
        number = bureau.number(offset)
        bureau.broken.append(broken_application(number, ROAD, kind=kind, moment=moment))
        bureau.situations.append(
            Situation(f"隔离：{zh}", f"quarantined: {en}", "quarantined", (number,))
        )
