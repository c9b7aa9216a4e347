"""A proposed change in words: what of each rule, and which days of each calendar, would differ."""

from collections.abc import Iterator, Mapping
from typing import Any

from ..core.calendar_change import days_between
from ..core.faults import EffmonError
from ..language import t
from .approved_catalogue import built
from .context import Context
from .kept_texts import CALENDAR, RULE, calendar_of, rule_of
from .rule_comparison import rows
from .rule_files import Part
from .rule_versions import Change, texts_by_digest


def described(context: Context, change: Change) -> list[dict[str, Any]]:
    """A row for everything that differs; of a change that was only rehearsed what can be known."""
    with context.store.reading() as connection:
        try:
            texts = texts_by_digest(connection, change.parts)
        except EffmonError:
            return []
    found = []
    for part in change.parts:
        if part.key.kind == RULE:
            before, after = (
                None if sha is None else rule_of(texts[sha]) for sha in (part.before, part.after)
            )
            found += rows(context.catalogue.vocabulary, part.key.name, before, after)
        elif part.key.kind == CALENDAR:
            found += _days(context, part, texts)
    return found


def _days(context: Context, part: Part, texts: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The dates of a calendar that are other days; of one that is new or gone no list."""
    if part.before is None or part.after is None:
        return
    before, after = calendar_of(texts[part.before]), calendar_of(texts[part.after])
    if before.extends is not None or after.extends is not None:
        return
    made = (built({file.id: file})[file.id] for file in (before, after))
    for day, was, now in days_between(*made):
        yield {
            "rule": part.key.name,
            "title": part.key.words(),
            "version_before": None,
            "version_after": None,
            "change": "changed",
            "aspect": "day",
            "name": day.isoformat(),
            "what": day.isoformat(),
            "before": None if was is None else str(was.kind),
            "after": None if now is None else str(now.kind),
            "before_words": _kind(was),
            "after_words": _kind(now),
        }


def _kind(day: Any) -> str | None:
    if day is None:
        return None
    words = {
        "weekday": t("工作日", "working day"),
        "weekend": t("休息日", "weekend"),
        "day_off": t("放假", "day off"),
        "make_up": t("调休上班", "make-up working day"),
    }
    said = words[str(day.kind)]
    return said + t("（暂定）", " (provisional)") if day.provisional else said
