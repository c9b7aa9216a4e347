"""`effmon calendar import`: a notice becomes a proposed calendar, shown with what it changes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ...faults import CatalogueError, ConfigurationError
from ...i18n.messages import one_of, t
from ...located_error import LocatedError
from ...time.calendar import Calendar, Day, build
from ...time.calendar_change import amend, days_between, file_text
from ...time.calendar_file import CalendarFile, NoticeEntry
from ...workspace.context import Context
from .. import kept_texts
from ..approved_catalogue import state, texts_of
from ..kept_texts import CALENDAR, KeptText
from ..rule_files import Part, wanted
from ..rule_versions import SECOND_PERSON, Change, write_proposal
from ..strict_yaml import load, validate
from .calendar_preview import Preview, preview
from .notice_file import read_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked: which notice, for which calendar; how open questions are answered."""

    path: Path
    number: str
    published: date
    calendar: str
    source: str = ""
    #: The year that the notice sets as a whole, where its title does not say it.
    year: int | None = None
    keep: Collection[date] = ()
    drop: Collection[date] = ()


@dataclass(slots=True)
class Proposed:
    """The calendar as it would be, what that changes, and the proposal if one was written."""

    part: Part
    text: KeptText
    #: Dates that are other days or have other hours.
    days: list[dict[str, Any]]
    #: How many dates are as they were and provisional no more.
    confirmed: int
    preview: Preview
    change: Change | None = None

    def as_json(self, zone: str) -> dict[str, Any]:
        """For the command line."""
        return {
            "calendar": self.part.key.name,
            "notice": self.part.notice,
            "sha256": self.part.after,
            "days": self.days,
            "confirmed": self.confirmed,
            **self.preview.as_json(),
            "change": None if self.change is None else self.change.as_json(zone),
            "wrote": self.change is not None,
        }


def import_notice(
    context: Context, order: Order, *, reason: str | None = None, propose: bool = False
) -> Proposed:
    """Read a notice, amend the calendar, say what changes; with `propose` write the proposal.

    CatalogueError names the places of a notice that cannot be read or cannot be right, and
    questions that it leaves open; ConfigurationError where nothing would change.
    """
    known = _files(context)
    if order.calendar not in known:
        raise ConfigurationError(
            t("there is no calendar {calendar!r}", calendar=order.calendar),
            t("known are {known}", known=", ".join(known), known_2="、".join(known)),
        )
    notice = read_file(order.path, order.year)
    before = known[order.calendar]
    amended = amend(
        before,
        _key(before, order),
        NoticeEntry(
            number=order.number,
            published=order.published,
            source=order.source or order.path.name,
        ),
        notice.arrangements,
        year=notice.year,
        keep=order.keep,
        drop=order.drop,
    )
    _refuse(order, amended.faults, [(each.day, each.holiday) for each in amended.open])
    # What is approved is written to a file, which has to be read again: no sign that none may hold.
    validate(load(file_text(amended.file), order.path.name), CalendarFile)
    calendars = _built(context, known, amended.file)
    days, confirmed = _days(context.catalogue.calendars[order.calendar], calendars[order.calendar])
    text = kept_texts.of_calendar(amended.file, f"calendars/{order.calendar}.yaml")
    earlier = kept_texts.of_calendar(before, text.path)
    if not days and not confirmed:
        raise ConfigurationError(
            t("the calendar {calendar} says so already: no day changes", calendar=order.calendar),
            t("check the notice and the calendar"),
        )
    part = Part(
        key=text.key,
        path=text.path,
        before=earlier.sha256,
        after=text.sha256,
        notice=order.number,
    )
    found = Proposed(part, text, days, confirmed, preview(context, calendars))
    if propose:
        found.change = write_proposal(context, [part], [earlier, text], reason)
    return found


def _files(context: Context) -> dict[str, CalendarFile]:
    """The calendars by which is judged, as they are written."""
    if context.settings.rules.approval == SECOND_PERSON:
        with context.store.reading() as connection:
            approved, contents = texts_of(connection, state(connection))
        return {
            key.name: kept_texts.calendar_of(contents[text.sha256])
            for key, text in sorted(approved.items())
            if key.kind == CALENDAR
        }
    return {
        key.name: kept_texts.calendar_of(text.content)
        for key, text in sorted(wanted(context).texts.items())
        if key.kind == CALENDAR
    }


def _key(file: CalendarFile, order: Order) -> str:
    """The notice's key in the file: the one that its number has already, else a new one."""
    for key, entry in file.notices.items():
        if entry.number == order.number:
            return key
    key, more = f"notice-{order.published}", 1
    while key in file.notices:
        more += 1
        key = f"notice-{order.published}-{more}"
    return key


def _refuse(
    order: Order, faults: Sequence[tuple[str, str]], questions: Sequence[tuple[date, str]]
) -> None:
    if faults:
        raise CatalogueError(
            "\n".join(f"{order.path.name}: {one_of(zh, en)}" for zh, en in faults),
            t("nothing was written; check the notice"),
        )
    if questions:
        lines = [
            t(
                "{name}: {day} is a make-up working day, and what is said anew of {holiday} does "
                "not mention it",
                name=order.path.name,
                day=day,
                holiday=holiday,
            )
            for day, holiday in questions
        ]
        raise CatalogueError(
            "\n".join(lines),
            t("say which: --keep DATE (still worked) or --drop DATE (no longer)"),
        )


def _built(
    context: Context, known: Mapping[str, CalendarFile], file: CalendarFile
) -> dict[str, Calendar]:
    """Every calendar as it would be: those that extend the amended one change with it."""
    files = {**known, file.id: file}
    made: dict[str, Calendar] = {}

    def make(name: str) -> Calendar:
        if name not in made:
            own = files[name]
            parent = None if own.extends is None else make(own.extends)
            try:
                made[name] = build(own, parent)
            except LocatedError as fault:
                raise CatalogueError(
                    t("the amended calendar {name}: {fault}", name=name, fault=fault),
                    t("nothing was written; check the notice"),
                ) from None
        return made[name]

    return {name: make(name) for name in sorted(context.catalogue.calendars)}


def _days(before: Calendar, after: Calendar) -> tuple[list[dict[str, Any]], int]:
    """The dates that are other days, and how many are only provisional no more."""
    rows, confirmed = [], 0
    for day, was, now in days_between(before, after):
        if was and now and (was.kind.working, was.hours) == (now.kind.working, now.hours):
            confirmed += was.provisional and not now.provisional
        else:
            rows.append({"date": day.isoformat(), "before": _kind(was), "after": _kind(now)})
    return rows, confirmed


def _kind(day: Day | None) -> str | None:
    if day is None:
        return None
    return f"{day.kind} provisional" if day.provisional else str(day.kind)
