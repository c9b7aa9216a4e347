"""What an official notice of days off says, as values."""

from dataclasses import dataclass
from datetime import date
from typing import Final

#: The holidays of everybody, each of which a yearly notice arranges (全国年节及纪念日放假办法).
HOLIDAYS: Final = ("元旦", "春节", "清明", "劳动", "端午", "中秋", "国庆")


@dataclass(frozen=True, slots=True)
class NoticeFault:
    """What could not be read, or cannot be right, and where: line and column from 1."""

    line: int
    column: int
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """What a notice says of one holiday.

    `extends_to`: nothing but a later end of the days off that are known already. Otherwise `off`
    and `work` are the whole arrangement of that holiday.
    """

    name: str
    off: tuple[date, ...] = ()
    work: tuple[date, ...] = ()
    extends_to: date | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice as it was read. `year`: it sets the days of this whole year."""

    year: int | None
    arrangements: tuple[Arrangement, ...]
    faults: tuple[NoticeFault, ...]
