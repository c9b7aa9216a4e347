"""A proposed change in words: what of each rule, and which days of each calendar, would differ."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...i18n.messages import t
from ...rules.rules import Rule
from ...rules.vocabulary import Vocabulary
from ...time.calendar_change import days_between
from ...workspace.context import Context
from ..approved_catalogue import state, texts_of
from ..calendar_documents import built
from ..kept_texts import CALENDAR, RULE, calendar_of, rule_of
from ..rule_files import Part
from ..rule_versions import Change, texts_by_digest
from .rule_comparison import rows


def described(context: Context, change: Change) -> list[dict[str, Any]]:
    """A row for everything that differs: of a further version, from the one that it follows."""
    with context.store.reading() as connection:
        texts = change.texts or texts_by_digest(connection, change.parts)
        approved, contents = texts_of(connection, state(connection))
    standing = [
        rule_of(contents[text.sha256]) for key, text in approved.items() if key.kind == RULE
    ]
    words = context.catalogue.vocabulary
    found: list[dict[str, Any]] = []
    for rule_id in dict.fromkeys(p.key.name for p in change.parts if p.key.kind == RULE):
        found += _versions(words, rule_id, change.parts, texts, standing)
    for part in change.parts:
        if part.key.kind == CALENDAR:
            found += _days(context, part, texts)
    return found


def _versions(
    words: Vocabulary,
    rule_id: str,
    parts: Sequence[Part],
    texts: Mapping[str, str],
    standing: Sequence[Rule],
) -> Iterator[dict[str, Any]]:
    """The texts of one rule: each against what it changes, replaces or follows."""
    own = [part for part in parts if part.key.kind == RULE and part.key.name == rule_id]
    gone = [rule_of(texts[p.before]) for p in own if p.before and p.after is None]
    for part in own:
        if part.after is None:
            continue
        after = rule_of(texts[part.after])
        if part.before is not None:
            before: Rule | None = rule_of(texts[part.before])
        else:
            earlier = [*gone, *(rule for rule in standing if rule.id == rule_id)]
            lower = [rule for rule in earlier if rule.version < after.version]
            before = max(lower, key=lambda rule: rule.version, default=None)
            gone = [rule for rule in gone if rule is not before]
        yield from rows(words, rule_id, before, after)
    for before in gone:
        yield from rows(words, rule_id, before, None)


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
        "weekday": t("working day"),
        "weekend": t("weekend"),
        "day_off": t("day off"),
        "make_up": t("make-up working day"),
    }
    said = words[str(day.kind)]
    return said + t(" (provisional)") if day.provisional else said
