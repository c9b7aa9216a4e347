"""Who is told: people with their roles, the file that lists them, and the choice among them.

A person has one row per role and channel. An empty department, region or item code in a row means
any; the row that names the most decides. An absence or a deputy in one row counts for all rows of
the person, so several absences take several rows.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import count
from typing import Final
from unicodedata import normalize

from ...faults import Problem
from .hours import read_hours


class Language(StrEnum):
    """Language of the texts that a person gets."""

    ZH = "zh"
    EN = "en"


class Role(StrEnum):
    """What a person is to a case."""

    HANDLER = "handler"
    REVIEWER = "reviewer"
    APPROVER = "approver"
    HEAD = "head"
    LEADER = "leader"
    SUPERVISOR = "supervisor"


_ROLES_ZH: Final = {
    "承办人": Role.HANDLER,
    "审核人": Role.REVIEWER,
    "批准人": Role.APPROVER,
    "部门负责人": Role.HEAD,
    "分管领导": Role.LEADER,
    "监察机关": Role.SUPERVISOR,
}
_ROLES: Final = {**_ROLES_ZH, **{role.value: role for role in Role}}
_LANGUAGES: Final = {"zh": Language.ZH, "en": Language.EN, "中文": Language.ZH, "英文": Language.EN}

#: Columns of a people file by each of their names.
_COLUMNS: Final = {
    "人员编号": "person_id",
    "姓名": "name",
    "部门": "department",
    "角色": "role",
    "区划": "region",
    "事项编码": "item_code",
    "通知渠道": "channel",
    "通知地址": "address",
    "代理人": "deputy",
    "缺勤自": "absent_from",
    "缺勤至": "absent_to",
    "语言": "language",
    "接收时间": "hours",
}
COLUMNS: Final = tuple(_COLUMNS.values())
#: Each column by its Chinese name.
COLUMN_NAMES: Final = tuple(_COLUMNS)
#: As `people list` heads them.
_SHORT: Final = {"编号": "person_id", "事项": "item_code", "渠道": "channel", "地址": "address"}
_REQUIRED: Final = ("person_id", "name", "role", "channel")
_TEXTS: Final = (
    "person_id", "name", "department", "region", "item_code", "channel", "address", "deputy",
)  # fmt: skip
#: Said of the person and not of one role: the same in all rows of a person that name it.
_PERSONAL: Final = ("name", "deputy", "language", "hours")
#: C0, C1, line separators, bidi controls, surrogates. Rare ideographs of names are none of them.
_CONTROL: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
#: What nobody sees, in an id: it would be another person who looks the same. Names may hold the
#: selectors among them, which choose a form of an ideograph.
_UNSEEN: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_IDS: Final = ("person_id", "deputy")
_LONGEST_ID: Final = 200
_DATE: Final = re.compile(
    r"([0-9]{4})(?:-([0-9]{1,2})-|/([0-9]{1,2})/|\.([0-9]{1,2})\.|年([0-9]{1,2})月)"
    r"([0-9]{1,2})日?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One row: a person in one role, reached over one channel."""

    person_id: str
    name: str
    #: Empty department, region or item code: any.
    department: str = ""
    role: Role
    region: str = ""
    item_code: str = ""
    channel: str
    address: str = ""
    #: The id of the person who stands in, or empty.
    deputy: str = ""
    #: First and last day of an absence, both included; without a last day it goes on.
    absent_from: date | None = None
    absent_to: date | None = None
    language: Language = Language.ZH
    #: When the person may be disturbed (`hours.read_hours`); empty: in the calendar's hours.
    hours: str = ""

    def __repr__(self) -> str:
        # An address can be a credential (a webhook's URL), a name is nobody's business in a log.
        return f"Person({self.person_id}, {self.role})"

    def absent(self, on: date) -> bool:
        """Whether the person is away on that day."""
        if self.absent_from is None or on < self.absent_from:
            return False
        return self.absent_to is None or on <= self.absent_to


def parse_people(
    rows: Iterable[Mapping[str, str]],
    *,
    where: str,
    language: Language = Language.ZH,
    numbers: Iterable[int] | None = None,
) -> tuple[tuple[Person, ...], tuple[Problem, ...]]:
    """The people of a file's rows, and what is wrong with it.

    `rows` are the data rows by column name, Chinese or English; `where` names the file in
    problems; `numbers` are the rows' own, else the first is counted as row 2; `language` is that
    of rows which name none. A row with a problem of its own is left out; problems between rows
    (an unknown deputy, two names for one person) leave the rows in.
    """
    found: dict[int, Person] = {}
    headings: dict[str, None] = {}
    problems: list[Problem] = []
    for number, row in zip(count(2) if numbers is None else numbers, rows, strict=False):
        place = f"{where}: row {number}"
        headings |= dict.fromkeys(row)
        values, unreadable = _values(row, place)
        person, faults = _person(values, place, language)
        if person is not None and not unreadable:
            found[number] = person
        problems += unreadable + faults
    problems = _unknown_columns(headings, where) + problems + _between_rows(found, where)
    return tuple(dict.fromkeys(found.values())), tuple(problems)


def faulty_persons(
    rows: Sequence[Mapping[str, str]], numbers: Sequence[int], problems: Iterable[Problem]
) -> frozenset[str]:
    """Ids of those who have a row with a problem, as far as the row says who it is about.

    `rows`, `numbers` and `problems` as `parse_people` takes and gives them.
    """
    places = {problem.where.rpartition(": ")[2] for problem in problems}
    named = (
        _values(row, "")[0].get("person_id", "")
        for number, row in zip(numbers, rows, strict=True)
        if f"row {number}" in places
    )
    return frozenset(filter(None, named))


def recipients(
    people: Sequence[Person],
    *,
    department: str,
    region: str,
    item_code: str,
    roles: Sequence[Role],
    on: date,
    handler: str = "",
) -> tuple[Person, ...]:
    """Who is told about a case on that day, in the order of `roles`, nobody twice on one address.

    For each role the rows that name the most of item, department and region (in this order of
    weight) decide. Whoever is absent is replaced by the deputy, or by the deputy's deputy; if
    nobody of those rows can be reached, the next less specific ones are asked. Where a row in the
    role of handler bears the name `handler`, the other handlers are not told: the card is of the
    one who handles the case. No value stands
    for a missing department, region or item: only rows that leave it open match. Nobody at all is
    the caller's to report.
    """
    rows_of: dict[str, list[Person]] = {}
    for person in people:
        rows_of.setdefault(person.person_id, []).append(person)
    chosen: dict[tuple[str, str, str], Person] = {}
    for role in roles:
        ranked: dict[tuple[bool, bool, bool], list[Person]] = {}
        meant = [
            person
            for person in people
            if person.role is role and matches(person, department, region, item_code)
        ]
        if role is Role.HANDLER:
            meant = [person for person in meant if person.name == handler] or meant
        for person in meant:
            rank = (bool(person.item_code), bool(person.department), bool(person.region))
            ranked.setdefault(rank, []).append(person)
        for rank in sorted(ranked, reverse=True):
            present = [there for person in ranked[rank] for there in _present(person, rows_of, on)]
            if present:
                for person in present:
                    chosen.setdefault((person.person_id, person.channel, person.address), person)
                break
    return tuple(chosen.values())


def matches(person: Person, department: str, region: str, item_code: str) -> bool:
    """Whether a row is about this department, region and item: what it leaves open fits any."""
    return (
        person.item_code in ("", item_code)
        and person.department in ("", department)
        and person.region in ("", region)
    )


def _present(
    person: Person, rows_of: Mapping[str, Sequence[Person]], on: date
) -> tuple[Person, ...]:
    """The person, or the first deputy along the chain who is there; none if all are away."""
    person_id = stands_in(person.person_id, rows_of, on)
    if person_id == person.person_id:
        return (person,)
    rows = tuple(rows_of.get(person_id, ()))
    # A deputy may have several rows: those of the same role say best how to reach them for it.
    return tuple(row for row in rows if row.role is person.role) or rows


def stands_in(person_id: str, rows_of: Mapping[str, Sequence[Person]], on: date) -> str:
    """The person if they are there on that day, else the first deputy along the chain who is.

    Empty if all are away. A deputy whom no row is about is returned all the same.
    """
    asked: set[str] = set()
    while any(row.absent(on) for row in rows_of.get(person_id, ())):
        asked.add(person_id)
        deputies = (row.deputy for row in rows_of[person_id] if row.deputy)
        person_id = next(deputies, "")
        if person_id in asked:
            return ""
    return person_id


def _values(row: Mapping[str, str], place: str) -> tuple[dict[str, str], list[Problem]]:
    """The row's cells by English column name, trimmed; further columns are left out."""
    values: dict[str, str] = {}
    problems: list[Problem] = []
    for heading, cell in row.items():
        name = _column(heading)
        if name not in COLUMNS:
            continue
        if name in values:
            text = f"column {name} is given twice, in Chinese and in English"
            problems.append(Problem(place, "column_twice", text))
        values[name] = (cell or "").strip()
        if name in _IDS:
            # As the ledger has every text: else an approval of theirs would not fit its entry.
            values[name] = normalize("NFC", values[name])
        if _CONTROL.search(values[name]) or (name in _IDS and _UNSEEN.search(values[name])):
            text = f"column {name} holds control characters, a line break or what nobody sees"
            problems.append(Problem(place, "unprintable", text))
        if name in _IDS and len(values[name]) > _LONGEST_ID:
            text = f"column {name} has more than {_LONGEST_ID} characters"
            problems.append(Problem(place, "over_long", text))
    return values, problems


def _column(heading: str) -> str:
    # A reader that finds more cells than headings may file them under None.
    trimmed = (heading or "").strip().lstrip("\ufeff").strip()
    return _COLUMNS.get(trimmed) or _SHORT.get(trimmed, trimmed.lower())


def _unknown_columns(headings: Iterable[str], where: str) -> list[Problem]:
    """A misspelt heading would otherwise drop a column without a word."""
    return [
        Problem(where, "unknown_column", f"unknown column {heading!r}: one of {', '.join(COLUMNS)}")
        for heading in headings
        if _column(heading) not in COLUMNS
    ]


def _person(
    values: Mapping[str, str], place: str, language: Language
) -> tuple[Person | None, list[Problem]]:
    """The row as a person, or everything that is wrong with it."""
    problems = [
        Problem(place, "missing", f"column {name} is empty")
        for name in _REQUIRED
        if not values.get(name)
    ]
    role = _ROLES.get(values.get("role", "").lower())
    if role is None and values.get("role"):
        text = f"unknown role {values['role']!r}: one of {', '.join(_ROLES)}"
        problems.append(Problem(place, "unknown_role", text))
    spoken = _LANGUAGES.get(values.get("language", "").lower(), language)
    if values.get("language", "").lower() not in {"", *_LANGUAGES}:
        text = f"unknown language {values['language']!r}: zh or en"
        problems.append(Problem(place, "unknown_language", text))
    absence: list[date | None] = []
    for name in ("absent_from", "absent_to"):
        try:
            absence.append(_day(values.get(name, "")))
        except ValueError:
            text = f"column {name}: {values[name]!r} is no date, write 2026-01-31"
            problems.append(Problem(place, "bad_date", text))
    hours = ""
    try:
        hours = str(read_hours(values.get("hours", "")))
    except ValueError as fault:
        problems.append(Problem(place, "bad_hours", f"column hours: {fault}"))
    if values.get("deputy") and values["deputy"] == values.get("person_id"):
        problems.append(Problem(place, "own_deputy", "nobody is their own deputy"))
    if len(absence) == 2:
        problems += _absence_problems(absence[0], absence[1], place)
    if problems or role is None:
        return None, problems
    texts = {name: values.get(name, "") for name in _TEXTS}
    person = Person(
        role=role,
        absent_from=absence[0],
        absent_to=absence[1],
        language=spoken,
        hours=hours,
        **texts,
    )
    return person, []


def _absence_problems(first: date | None, last: date | None, place: str) -> list[Problem]:
    if last is None:
        return []
    if first is None:
        return [Problem(place, "bad_absence", "absent_to without absent_from")]
    if last < first:
        return [Problem(place, "bad_absence", "absent_to is before absent_from")]
    return []


def _day(text: str) -> date | None:
    """`2026-01-31`, `2026/1/31`, `2026.1.31` or `2026年1月31日`; None for an empty cell."""
    if not text:
        return None
    found = _DATE.fullmatch(text)
    if not found:
        raise ValueError(text)
    month = next(group for group in found.groups()[1:5] if group)
    return date(int(found[1]), int(month), int(found[6]))


def _between_rows(found: Mapping[int, Person], where: str) -> list[Problem]:
    """What no row shows alone: repeats, contradictions, deputies that nobody is."""
    problems: list[Problem] = []
    known = {person.person_id for person in found.values()}
    said: dict[tuple[str, str], str] = {}
    seen: set[Person] = set()
    looks: dict[str, str] = {}
    for number, person in found.items():
        place = f"{where}: row {number}"
        # By width and case alone two ids are one to the eye.
        like = looks.setdefault(normalize("NFKC", person.person_id).casefold(), person.person_id)
        if like != person.person_id:
            text = f"person_id {person.person_id!r} looks like {like!r} of an earlier row"
            problems.append(Problem(place, "look_alike", text))
        if person in seen:
            problems.append(Problem(place, "repeated", "the row repeats an earlier one"))
        seen.add(person)
        for name in _PERSONAL:
            value = str(getattr(person, name))
            if value and said.setdefault((person.person_id, name), value) != value:
                text = f"{name} differs from an earlier row of {person.person_id}"
                problems.append(Problem(place, "contradiction", text))
        if person.deputy and person.deputy not in known:
            text = f"deputy {person.deputy!r} is nobody's person_id"
            problems.append(Problem(place, "unknown_deputy", text))
    return problems
