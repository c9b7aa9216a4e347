"""An official notice of days off from a file: its text, or a table of dates."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Final

from ...faults import CatalogueError, ConfigurationError, brief
from ...i18n.messages import one_of, t
from ...i18n.os_words import say_os
from ...intake.formats.rows import Quarantined, Row
from ...intake.formats.tabular import read_rows
from ...time.notice_text import read_notice
from ...time.official_notice import Arrangement, Notice

#: Names that end a table's file; anything else is read as the text of a notice.
TABLES: Final = frozenset({".csv", ".xlsx", ".xls"})
#: A notice has a page or two.
MOST_BYTES: Final = 262_144
_DATE: Final = ("date", "日期")
_KIND: Final = ("kind", "安排", "类型", "放假/上班")
_NAME: Final = ("name", "节日", "名称")
_OFF: Final = frozenset({"off", "休", "放假", "休息"})
_WORK: Final = frozenset({"work", "班", "上班", "调休上班"})
_MOST_FAULTS: Final = 20


def read_file(path: Path, year: int | None) -> Notice:
    """What a notice says; CatalogueError names every place that cannot be read or cannot be right.

    `year` is the one that the notice sets as a whole, where its title does not say it.
    """
    if path.suffix.lower() in TABLES:
        return _table(path, year)
    notice = read_notice(_text(path), year)
    if notice.faults:
        lines = [
            f"{path}:{fault.line}:{fault.column}: {one_of(fault.zh, fault.en)}"
            for fault in notice.faults[:_MOST_FAULTS]
        ]
        raise CatalogueError("\n".join(lines), _hint())
    return notice


def _hint() -> str:
    return t(
        "nothing was written; mend the text, or give a table of date, kind (off, work) and name"
    )


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as fault:
        raise ConfigurationError(
            t("{path} cannot be read: {fault}", path=path, fault=say_os(fault)),
            t("check the path and its permissions"),
        ) from None
    if len(content) > MOST_BYTES:
        raise ConfigurationError(
            t("{path}: larger than {most_bytes} bytes", path=path, most_bytes=MOST_BYTES),
            t("save the notice's text alone"),
        )
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ConfigurationError(
        t("{path} is no text in UTF-8 or GB18030", path=path),
        t("save it as a text file"),
    )


def _table(path: Path, year: int | None) -> Notice:
    faults: list[str] = []
    days: dict[date, tuple[str, bool]] = {}
    for row in read_rows(path, name=path.name):
        if isinstance(row, Quarantined):
            faults.append(f"{row.problem.where}: {row.problem.message}")
            continue
        found = _day(row, faults)
        if found is None:
            continue
        day, name, off = found
        if day in days:
            faults.append(_at(row, t("{day} is named twice", day=day)))
        days[day] = name, off
    if not days and not faults:
        faults.append(f"{path.name}: " + t("no row names a date"))
    if faults:
        raise CatalogueError("\n".join(faults[:_MOST_FAULTS]), _hint())
    return Notice(year, tuple(_arrangements(days)), ())


def _day(row: Row, faults: list[str]) -> tuple[date, str, bool] | None:
    said, kind = _cell(row.cells, _DATE), _cell(row.cells, _KIND).lower()
    if said is None or not said:
        faults.append(_at(row, t("there is no date")))
        return None
    try:
        day = date.fromisoformat(said.replace("/", "-").removesuffix(" 00:00:00"))
    except ValueError:
        fault = t("{said} is no date: write YYYY-MM-DD", said=brief(said))
        faults.append(_at(row, fault))
        return None
    if kind not in _OFF | _WORK:
        fault = t("{kind}: write 'off' or 'work'", kind=brief(kind))
        faults.append(_at(row, fault))
        return None
    return day, _cell(row.cells, _NAME), kind in _OFF


def _cell(cells: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((cells[name].strip() for name in names if cells.get(name, "").strip()), "")


def _at(row: Row, what: str) -> str:
    sheet = f" {row.sheet}" if row.sheet else ""
    return f"{row.file}{sheet}:{row.number}: {what}"


def _arrangements(days: Mapping[date, tuple[str, bool]]) -> Iterator[Arrangement]:
    """By holiday, as a text says them; dates without a name are a holiday each."""
    names = dict.fromkeys(name for name, _ in days.values() if name)
    for name in names:
        own = sorted(day for day, (holiday, _) in days.items() if holiday == name)
        yield Arrangement(
            name=name,
            off=tuple(day for day in own if days[day][1]),
            work=tuple(day for day in own if not days[day][1]),
        )
    for day, (name, off) in sorted(days.items()):
        if not name:
            yield Arrangement(name="", off=(day,) if off else (), work=() if off else (day,))
