"""What keeps a notice back although its time has come: a silence, the hours of its recipient."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from sqlalchemy import Connection

from ..faults import EffmonError
from ..people.model.hours import WorkingDays, next_open, read_hours
from ..people.model.people import Person, Role
from ..workspace.context import Context
from .channels.channel import Channel
from .store import outbox, silences

#: Kinds and subjects that no silence holds: who was told something wrong must learn of it, and
#: nobody may be kept from an appeal, an alarm, a key or the ledger by one whom it concerns.
NEVER_SILENT_KINDS = frozenset({"lifted"})
NEVER_SILENT_SUBJECTS = frozenset({"appeal", "alarm", "key", "ledger"})
#: Filters of a silence and what they are compared with in a notice.
FILTERS = ("department", "region", "item_code", "rule_id", "case_no", "person_id")


@dataclass(frozen=True, slots=True)
class Held:
    """Why a notice waits (`quiet`, `silence:S-…`, `rate`, `receiver:…`) and until when."""

    why: str
    until: int


class Holding:
    """The silences that stand and everybody's hours, as of one instant."""

    def __init__(
        self,
        context: Context,
        connection: Connection,
        channels: Mapping[str, Channel],
        everybody: Sequence[Person],
        now: int,
    ) -> None:
        self._context = context
        self._channels = channels
        self._now = now
        self._silences = silences.standing(connection, now)
        self._hours: dict[str, str] = {}
        for person in everybody:
            self._hours[person.person_id] = self._hours.get(person.person_id) or person.hours
        self._open: dict[str, int] = {}

    def held(self, row: Any) -> Held | None:
        """Why a row of `outbox.pending` may not be sent now; None where it may."""
        for silence in self._silences:  # the one that ends last comes first
            if silences_notice(silence, row):
                return Held(f"silence:{silence.silence_no}", silence.ends_at)
        channel = self._channels.get(row.channel)
        if channel is not None and channel.wakes:
            at = self._next_open(row.person_id)
            if at > self._now:
                return Held(outbox.QUIET, at)
        return None

    def _next_open(self, person_id: str) -> int:
        text = self._hours.get(person_id, "")
        if text not in self._open:
            self._open[text] = next_open(
                self._calendar, read_hours(text), self._now, self._context.zone
            )
        return self._open[text]

    @cached_property
    def _calendar(self) -> WorkingDays:
        """The workspace's calendar; one that cannot be read keeps no notice back."""
        try:
            calendars = self._context.catalogue.calendars
        except EffmonError:
            return _NoCalendar()
        return calendars.get(self._context.settings.workspace.calendar, _NoCalendar())


class _NoCalendar:
    """Covers nothing: Monday to Friday count, and the doctor speaks of what is missing."""

    def covers(self, day: date) -> bool:
        """No date."""
        return False

    def day(self, day: date) -> Any:
        """Is not asked."""
        raise KeyError(day)


def silences_notice(silence: Any, row: Any) -> bool:
    """Whether a silence holds a notice: every filter that it names fits."""
    if row.kind in NEVER_SILENT_KINDS:
        return False
    if row.subject.partition(":")[0] in NEVER_SILENT_SUBJECTS:
        return False
    if row.role == Role.SUPERVISOR and not silence.over_supervisors:
        return False
    return all(getattr(silence, name) in ("", getattr(row, name) or None) for name in FILTERS)
