"""Events and cases as values: what a source said, as the store keeps it and the kernel reads it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ..terms import Precision


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact of a case. Never changed, only added.

    Instants are whole seconds since 1970-01-01T00:00:00Z. A date without a time has precision
    `day` and, as `occurred_at`, the first second of that date in the zone of the case's calendar.
    """

    #: Identity and content as a hex digest: two events with one key are one event.
    key: str
    type: str
    occurred_at: int
    precision: Precision = Precision.SECOND
    recorded_at: int | None = None
    #: `recorded_at` where its source keeps the time of entry, not that of a synchronisation.
    entered_at: int | None = None
    received_at: int = 0
    stage: str | None = None
    actor: str | None = None
    department: str | None = None
    kind: str | None = None
    #: Limit granted or approved, as text: `10 working_days`.
    amount: str | None = None
    due_at: int | None = None
    due_precision: Precision = Precision.SECOND
    reason: str | None = None
    source_key: str | None = None
    #: Further columns of the row, as text: `fee`, `document`, `approver`, `result`, `materials`, …
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldsVersion:
    """What was known of a case's fields from an instant of receipt on (docs/time.md).

    `fields` and `calendar` as in a `CaseRecord`: with what the item lent by then.
    """

    received_at: int
    calendar: str
    fields: Mapping[str, str]
    #: The rows that say so, each with its table; nothing here reads them.
    rows: tuple[tuple[str, int], ...] = ()
    #: When persons accepted it as a correction, epoch seconds; None: nobody has.
    accepted_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRecord:
    """One case as known at some instant: its fields and its events (withdrawn ones left out).

    `fields` holds the canonical columns of cases.csv that are given (`item_code`, `item_kind`,
    `department`, `promised_limit`, …) and the further columns, all as text. `promised_due`,
    `statutory_due` and `licence_expires` are RFC 3339 instants or bare dates.
    """

    case_no: str
    calendar: str
    fields: Mapping[str, str]
    events: tuple[Event, ...]
    #: The feed is older than its freshness limit: nothing can be said of the open case.
    stale: bool = False
    #: An import that has rows of the case has not ended: others of its rows may be missing.
    torn: bool = False
    #: Events have come with times of a clock on the wall, and not the row that says in which zone.
    rowless: bool = False
    #: Rows of the case that no import holds: table and import, as text; nothing can be said of it.
    unheld: str = ""
    #: Fields that the case itself does not state: they are its item's.
    from_item: frozenset[str] = frozenset()
    #: Where its fields were ever told otherwise: every version, in the order of receipt; the last
    #: is what `fields` and `calendar` say. Empty where there is one version alone.
    versions: tuple[FieldsVersion, ...] = ()
    #: Of events that tell anew what was told before: when that was received first, by key.
    first_told: Mapping[str, int] = field(default_factory=dict)
    #: Since when somebody has supervised in the workspace; None: nobody ever did.
    supervised_from: int | None = None

    @property
    def calendars(self) -> frozenset[str]:
        """The calendar that it has, and those that it had."""
        return frozenset((self.calendar, *(version.calendar for version in self.versions)))


def calendars_of(records: Iterable[CaseRecord]) -> list[str]:
    """Every calendar that one of the cases has or had, sorted."""
    return sorted(frozenset[str]().union(*(record.calendars for record in records)))


#: Begins the kind of an event that takes it over from another one: `@suspended`.
SAME_KEY = "@"


def with_taken_kinds(events: Iterable[Event]) -> list[Event]:
    """The events, those of kind `@TYPE` with the kind of the event TYPE that has their source key.

    So a result that names a special procedure by its number ends that one and no other (time.md
    12). Where the number is missing the kind is, too: it ends all. Where no such event is known, or
    what is known is no TYPE, the kind stays as it is and nothing is ended by it.
    """
    given = list(events)
    kinds = {(event.type, event.source_key): event.kind for event in given}

    def taken(event: Event) -> Event:
        kind = event.kind or ""
        if not kind.startswith(SAME_KEY):
            return event
        other = (kind.removeprefix(SAME_KEY), event.source_key)
        return replace(event, kind=kinds.get(other, kind) if event.source_key else None)

    return [taken(event) for event in given]
