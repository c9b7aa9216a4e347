"""Where what is known of a case comes from, for people: who said it, when it was received, what no
longer stands."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from efficiency_monitor.documents.columns import Column
from efficiency_monitor.i18n.language import say_limit, say_local
from efficiency_monitor.i18n.messages import t

from .explain_days import Document, Naming

#: The first digits of a digest tell files apart; JSON has all of them.
_DIGITS: Final = 12


def origins(document: Document, name: Naming) -> Iterator[tuple[str, Sequence[Any], Sequence[Any]]]:
    """Sections with their titles and columns; those without rows are left out."""
    events = document.get("events") or []
    told = [event for event in events if event.get("import")]
    if told:
        yield t("Who said so"), _said(told), _columns(name)
    gone = document.get("withdrawn_events") or []
    if gone:
        yield t("Withdrawn events"), _said(gone), (*_columns(name), *_GONE)
    changes = [
        {**version, **change}
        for version in (document.get("versions") or [])[1:]
        for change in version["changed"]
    ]
    if changes:
        yield t("What was changed of the case"), changes, _CHANGED
    imports = _imports([*events, *gone, *(document.get("versions") or [])])
    if imports:
        yield t("Imports"), imports, _IMPORTS


def _said(events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**event, "late": _late(event)} for event in events]


def _late(event: Mapping[str, Any]) -> str | None:
    """The limits that had passed when the event was received."""
    passed = dict.fromkeys(str(each).split(" ", 1)[1] for each in event.get("after_limits") or ())
    return t(", ").join(say_limit(each) for each in passed) or None


def _imports(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each import and file once, in the order in which they were received."""
    found: dict[tuple[Any, Any], dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: str(row.get("received_at") or "")):
        if row.get("import"):
            short = str(row.get("file_sha256") or "")[:_DIGITS] or None
            found.setdefault((row["import"], row.get("file")), {**row, "file_sha256": short})
    return list(found.values())


def _columns(name: Naming) -> tuple[Column, ...]:
    return (
        Column("type", "Event", say=name, least=8),
        Column("occurred_at", "Time", say=say_local),
        Column("received_at", "Received", say=say_local),
        Column("source", "Source", least=6),
        Column("late", "After", least=6, ctx="explain origin"),
    )


_GONE: Final = (
    Column("withdrawn_at", "Withdrawn", say=say_local),
    Column("withdrawn_by", "By", least=4, priority=3),
)
_CHANGED: Final = (
    Column("received_at", "Received", say=say_local),
    Column("field", "Field", least=8),
    Column("before", "Before", least=8, ctx="days"),
    Column("after", "After", least=8, ctx="days"),
    Column("source", "Source", least=6),
)
_IMPORTS: Final = (
    Column("import", "Import"),
    Column("by", "By", least=4, ctx="imports"),
    Column("file", "File", least=8),
    Column("file_sha256", "SHA-256"),
)
