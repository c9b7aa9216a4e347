"""A fictitious city bureau: its items, its staff's working days, and the cases it has.

Everything is invented: no person, organ, item or case exists.
"""

import random
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

SEED = 20261120
#: The last date that the situations count whole: the day before they are judged.
YESTERDAY = date(2026, 11, 19)
TODAY = date(2026, 11, 20)

#: Days of autumn 2026 that are not what their weekday says (notice of 2025-11-04).
OFF = {date(2026, 9, 25), *(date(2026, 10, day) for day in (1, 2, 5, 6, 7))}
MAKE_UP = {date(2026, 9, 20), date(2026, 10, 10)}


@dataclass(frozen=True)
class Item:
    """A fictitious item: its limits in working days, and who handles it."""

    code: str
    name: str
    promised: int | None
    statutory: int | None
    department: str
    handler: str
    #: GB/T 39046 A.6: 1 即办件, 2 承诺件.
    kind: str = "2"


FIRST, SECOND, THIRD = "示例市审批一科", "示例市审批二科", "示例市审批三科"
SIGN = Item("SYN4303990101", "示例户外广告设置审批", 5, 15, FIRST, "张示例")
ROAD = Item("SYN4303990102", "示例临时占道审批", 10, 20, FIRST, "李样本")
FOOD = Item("SYN4303990201", "示例食品小作坊登记", 7, 20, SECOND, "王测试")
SCHOOL = Item("SYN4303990301", "示例培训机构设立审批", 12, 30, THIRD, "赵虚拟")
PROOF = Item("SYN4303990202", "示例证明打印", 1, 20, SECOND, "陈假名", kind="1")
BLANK = Item("SYN4303990302", "示例新增事项（未录时限）", None, None, THIRD, "赵虚拟")
HALF = Item("SYN4303990303", "示例新增事项（未录法定时限）", 10, None, THIRD, "赵虚拟")
REVIEWER, APPROVER = "周样例", "吴演示"


@dataclass(frozen=True)
class Special:
    """A special procedure: when it began and ended, and the working days applied for."""

    begun: datetime
    ended: datetime | None
    days: int
    #: GB/T 39046 A.7: 1 延长审批, 2 其他.
    kind: str = "2"


@dataclass
class Case:
    """One case as the source system has it."""

    number: str
    item: Item
    submitted: datetime
    accepted: datetime | None
    decided: datetime | None = None
    #: Promised date in the acceptance record, as it is written there.
    promised: str = ""
    specials: list[Special] = field(default_factory=list)
    #: Special procedures that the source hands over later only.
    late: list[Special] = field(default_factory=list)


@dataclass(frozen=True)
class Situation:
    """What a group of cases shows, in both languages."""

    zh: str
    en: str
    #: What a first scan issues or says, and after an arrow what stands after the late evidence.
    cards: str
    numbers: tuple[str, ...]


def working(day: date) -> bool:
    """Whether it is a working day."""
    return day in MAKE_UP or (day.weekday() < 5 and day not in OFF)


def after(day: date, count: int) -> date:
    """The date `count` working days later, or earlier if negative."""
    step = timedelta(days=1 if count > 0 else -1)
    for _ in range(abs(count)):
        day += step
        while not working(day):
            day += step
    return day


def at(text: str) -> datetime:
    """A wall time of 2026: `10-28 09:30`."""
    return datetime.fromisoformat(f"2026-{text}")


class Bureau:
    """Collects cases by situation and gives them their numbers."""

    def __init__(self) -> None:
        self.random = random.Random(SEED)
        self.cases: list[Case] = []
        self.situations: list[Situation] = []
        #: Rows that cannot be taken: the table, and the row.
        self.broken: list[tuple[str, dict[str, str]]] = []

    def number(self, offset: int = 1) -> str:
        """The number after so many further cases."""
        return f"SYN-2026-{len(self.cases) + offset:04}"

    def show(self, zh: str, en: str, cards: str, *cases: Case) -> None:
        """Cases that show one situation."""
        self.situations.append(Situation(zh, en, cards, tuple(case.number for case in cases)))

    def case(self, item: Item, submitted: datetime, accepted: datetime | None) -> Case:
        """A new case."""
        case = Case(self.number(), item, submitted, accepted)
        self.cases.append(case)
        return case

    def running(self, item: Item, counted: int, *, dated: bool = False) -> Case:
        """An open case of which so many working days had been counted by `YESTERDAY`.

        `dated`: the acceptance record names the date of the promise.
        """
        case = self._accepted(item, after(TODAY, -counted - 1))
        if dated and item.promised and case.accepted:
            case.promised = after(case.accepted.date(), item.promised).isoformat()
        return case

    def closed(self, item: Item, day: date, used: int, hour: time | None = None) -> Case:
        """A case accepted on a day and decided on the working day that makes `used` of them."""
        case = self._accepted(item, day)
        case.decided = datetime.combine(after(day, used), hour or self._hour(14, 17))
        return case

    def _accepted(self, item: Item, day: date) -> Case:
        accepted = datetime.combine(day, self._hour(9, 12))
        waited = timedelta(minutes=self.random.randrange(5, 50))
        return self.case(item, accepted - waited, accepted)

    def _hour(self, first: int, end: int) -> time:
        return time(
            self.random.randrange(first, end),
            self.random.randrange(60),
            self.random.randrange(60),
        )
