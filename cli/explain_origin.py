"""Where what is known of a case comes from, for people: who said it, when it was received, what no
longer stands."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from efficiency_monitor.documents.columns import Column
from efficiency_monitor.i18n.language import say_limit, say_local, t

from .explain_days import Document, Naming

#: The first digits of a digest tell files apart; JSON has all of them.
_DIGITS: Final = 12


def origins(document: Document, name: Naming) -> Iterator[tuple[str, Sequence[Any], Sequence[Any]]]:
    """Sections with their titles and columns; those without rows are left out."""
    events = document.get("events") or []
    told = [event for event in events if event.get("import")]
    if told:
        yield t("事件的来历", "Who said so"), _said(told), _columns(name)
    gone = document.get("withdrawn_events") or []
    if gone:
        yield t("已撤回的事件", "Withdrawn events"), _said(gone), (*_columns(name), *_GONE)
    changes = [
        {**version, **change}
        for version in (document.get("versions") or [])[1:]
        for change in version["changed"]
    ]
    if changes:
        yield t("登记内容的变更", "What was changed of the case"), changes, _CHANGED
    imports = _imports([*events, *gone, *(document.get("versions") or [])])
    if imports:
        yield t("导入", "Imports"), imports, _IMPORTS


def _said(events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**event, "late": _late(event)} for event in events]


def _late(event: Mapping[str, Any]) -> str | None:
    """The limits that had passed when the event was received."""
    passed = dict.fromkeys(str(each).split(" ", 1)[1] for each in event.get("after_limits") or ())
    return t("、", ", ").join(say_limit(each) for each in passed) or None


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
        Column("type", "事件", "Event", say=name, least=8),
        Column("occurred_at", "时间", "Time", say=say_local),
        Column("received_at", "收到", "Received", say=say_local),
        Column("source", "数据源", "Source", least=6),
        Column("late", "收到时已过", "After", least=6),
    )


_GONE: Final = (
    Column("withdrawn_at", "撤回", "Withdrawn", say=say_local),
    Column("withdrawn_by", "撤回人", "By", least=4, priority=3),
)
_CHANGED: Final = (
    Column("received_at", "收到", "Received", say=say_local),
    Column("field", "字段", "Field", least=8),
    Column("before", "原为", "Before", least=8),
    Column("after", "改为", "After", least=8),
    Column("source", "数据源", "Source", least=6),
)
_IMPORTS: Final = (
    Column("import", "导入号", "Import"),
    Column("by", "导入人", "By", least=4),
    Column("file", "文件", "File", least=8),
    Column("file_sha256", "SHA-256", "SHA-256"),
)
