"""What a row of a source says, as values: of its case, of events, of an item.

An event has an *identity* (which fact of the source it is) and a *key* (identity of the content).
Nothing here knows where rows come from.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from ...terms import Precision

#: Columns of cases.csv besides `case_no`; further ones are attributes (docs/contract.md 2).
CASE_FIELDS: Final = (
    "item_code", "item_name", "item_kind", "region", "department", "handler", "reviewer",
    "approver", "applicant", "channel", "promised_limit", "statutory_limit", "promised_due",
    "statutory_due", "licence_expires", "calendar", "item_version",
)  # fmt: skip
#: What a row about an item may state, besides attributes.
ITEM_FIELDS: Final = (
    "item_name", "item_kind", "department", "promised_limit", "statutory_limit", "item_version",
)  # fmt: skip

_CANONICAL: Final = json.JSONEncoder(ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def digest(*parts: object) -> str:
    """SHA-256, in hex, over the canonical form of texts, whole numbers, None and dicts of them."""
    return hashlib.sha256(_CANONICAL.encode(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts:
    """Fields of a case as one row of a table states them.

    `fields` are those with a value, `blank` those that the row states to be empty; about every
    other field the row says nothing. `shared` are the fields that other tables of the source
    state too, so that two tables can contradict each other.
    """

    case_no: str
    table: str
    fields: Mapping[str, str]
    blank: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()
    #: Which row of the table says so; empty where rows are not taken back.
    told_by: str = ""

    @property
    def told_key(self) -> str:
        """Under what it is remembered which row of the table was the last to say so."""
        return digest("told", self.case_no, self.table)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFacts:
    """One event as a row states it. Instants are seconds since 1970 UTC, as in
    `engine.timeline`."""

    case_no: str
    type: str
    occurred_at: int
    precision: Precision = Precision.SECOND
    recorded_at: int | None = None
    #: `recorded_at` where the mapping says that it is the time of entry. No part of the content.
    entered_at: int | None = None
    stage: str | None = None
    actor: str | None = None
    department: str | None = None
    kind: str | None = None
    amount: str | None = None
    due_at: int | None = None
    due_precision: Precision = Precision.SECOND
    reason: str | None = None
    source_key: str | None = None
    #: Further columns of the row. They belong to the content.
    attributes: Mapping[str, str] = field(default_factory=dict)
    #: Which fact of the source this is; empty: nothing but its content tells it from others.
    identity: str = ""
    #: SHA-256 of the content in hex, `recorded_at` included: `Event.key`. Given only to spare
    #: finding it again.
    key: str = ""
    #: Zone in which those of its times were read that were written without an offset, and which
    #: they are: `Asia/Shanghai occurred_at due_at`. Empty: there are none.
    wall: str = ""
    #: Whether the calendar of its case was not known when its wall times were read, while calendars
    #: of other zones were in use.
    unplaced: bool = False

    def __post_init__(self) -> None:
        if self.key:
            return
        content = {
            name: value
            for name in _CONTENT
            if (value := getattr(self, name)) is not None and value != {}
        }
        key = digest("event", content)
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "identity", self.identity or key)


_CONTENT: Final = (
    "case_no", "type", "occurred_at", "precision", "recorded_at", "stage", "actor", "department",
    "kind", "amount", "due_at", "due_precision", "reason", "source_key", "attributes",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFacts:
    """An item, or one version of it, as a row states it: everything that is said of it."""

    item_code: str
    #: As the source calls it; empty if it calls it nothing.
    item_version: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """SHA-256 of the content in hex."""
        return digest("item", self.item_code, self.item_version, dict(self.fields))


@dataclass(frozen=True, slots=True)
class RowVersion:
    """The newest version of a row that was taken, and a digest of what it said.

    The version is empty where only the statement about the case is remembered.
    """

    version: str
    content: str

    def comparable(self, other: "RowVersion") -> bool:
        """Whether both are numbers, both times, or neither has a version."""
        return self.version[-1:].isdigit() == other.version[-1:].isdigit()

    def older_than(self, other: "RowVersion") -> bool:
        """Whether the other version comes after this one."""
        # Neither has leading zeros, and all times have the same length.
        return (len(self.version), self.version) < (len(other.version), other.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFacts:
    """What one row says: at most one statement about its case and any number of events, or one
    statement about an item (then `case_no` is empty).

    `absent` are the identities of events that the row could have stated and did not (the blank
    closing date of a row that had one before). `cells` are kept for the quarantine.
    """

    file: str
    sheet: str | None
    number: int
    case_no: str
    case: CaseFacts | None = None
    events: tuple[EventFacts, ...] = ()
    absent: tuple[str, ...] = ()
    item: ItemFacts | None = None
    cells: Mapping[str, str] = field(default_factory=dict)
    #: Which version of the row it is: a whole number without leading zeros, or a time in UTC to
    #: the nanosecond. None if its table has no versions.
    version: str | None = None
    #: Under what it is remembered that the row came. Without a version only its statement about
    #: the case is.
    row_key: str = ""
    #: The source says that the row is gone.
    deleted: bool = False

    def kept_under(self) -> Iterator[str]:
        """Every key under which something is remembered of the row."""
        if self.row_key:
            yield self.row_key
        if self.case is not None and self.case.told_by:
            yield self.case.told_key

    def standing(self) -> RowVersion:
        """What is remembered of the row."""
        about = (
            self.item.key
            if self.item is not None
            else digest(dict(self.case.fields), sorted(self.case.blank))
            if self.case is not None
            else ""
        )
        if self.version is None:
            return RowVersion("", about)
        events = [event.key for event in self.events]
        return RowVersion(self.version, digest(about, events, self.absent, int(self.deleted)))

    def claims(self) -> Iterator[tuple[int, int, str]]:
        """What the row asserts of things that another row could assert otherwise.

        Yields the thing and the assertion as 63-bit digests, and the thing's name. Of a row with
        versions nothing is contrary to another version of it, or to another table.
        """
        if self.version is not None:
            thing = digest("row", self.row_key, self.version)
            yield _short(thing), _short(self.standing().content), "version"
            return
        if self.item is not None:
            thing = digest("item", self.item.item_code, self.item.item_version)
            yield _short(thing), _short(self.item.key), "item"
        for event in self.events:
            if event.identity != event.key:
                yield _short(event.identity), _short(event.key), event.type
        for identity in self.absent:
            yield _short(identity), 0, "event"
        if self.case is not None:
            stated = digest(dict(self.case.fields), sorted(self.case.blank))
            if self.case.told_by:
                told = digest("told", self.case_no, self.case.table, self.case.told_by)
                yield _short(told), _short(stated), "case"
            if self.deleted:
                return  # that a row is gone is nothing contrary to another row
            yield _short(digest("case", self.case_no, self.case.table)), _short(stated), "case"
            for name in self.case.shared:
                value = "" if name in self.case.blank else self.case.fields.get(name)
                if value is not None:
                    yield _short(digest("field", self.case_no, name)), _short(digest(value)), name


def _short(hexadecimal: str) -> int:
    """63 bits of a digest: what databases have for whole numbers."""
    return int(hexadecimal[:16], 16) >> 1
