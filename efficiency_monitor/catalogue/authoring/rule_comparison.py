"""`effmon rules diff`: two sets of rules named by people, compared rule by rule, in their words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from ...faults import ConfigurationError
from ...i18n.language import (
    say_amount,
    say_level,
    say_limit,
    say_threshold,
)
from ...i18n.messages import mark, one_of, t
from ...records.engine import Store
from ...rules.rule_diff import OF_EVENTS, Aspect, Change, compare
from ...rules.rules import Rule
from ...rules.vocabulary import Vocabulary
from ...time.amount import Amount
from ...workspace.context import Catalogue
from .. import catalogue_files, kept_texts
from .. import store as changes
from ..approved_catalogue import state, texts_of
from ..kept_texts import RULE
from . import rule_work

#: Rule id → its text, None for the other side of one that was added or removed.
Rules = Mapping[str, Rule]

_ASPECTS: Final[Mapping[Aspect, str]] = {
    Aspect.TITLE: mark("title"),
    Aspect.STATUS: mark("status"),
    Aspect.IN_FORCE: mark("in force"),
    Aspect.LEGAL_BASIS: mark("legal basis"),
    Aspect.APPLIES_TO: mark("applies to"),
    Aspect.START: mark("clock starts at"),
    Aspect.STOP: mark("clock stops at"),
    Aspect.DEEMED: mark("deemed start"),
    Aspect.PAUSE: mark("pauses"),
    Aspect.COUNTING: mark("counting"),
    Aspect.EXTEND: mark("extension"),
    Aspect.LIMIT: mark("limit"),
    Aspect.MEASURED: mark("measured"),
    Aspect.THRESHOLD: mark("card at"),
    Aspect.CONFIRM: mark("confirmation"),
    Aspect.LADDER: mark("ladder"),
    Aspect.REPLY_WITHIN: mark("reply within"),
    Aspect.WHY: mark("why", ctx="aspects"),
    Aspect.EXAMPLES: mark("examples"),
}


@dataclass(frozen=True, slots=True)
class Sides:
    """What of the workspace a name may mean: its catalogue and, where there is one, its store."""

    catalogue: Catalogue
    store: Store | None


def diff(sides: Sides, old: str, new: str) -> list[dict[str, Any]]:
    """What changes from one to the other, a row for each aspect of each rule.

    A side is a file or folder, a pack, a rule's id, `ID@VERSION` (a kept text too), `approved`, or
    `files`. ConfigurationError where it is none of these.
    """
    before, after = find(sides, old), find(sides, new)
    if len(before) == len(after) == 1 and before.keys() != after.keys():
        # Two texts that were named one by one are compared whatever they are called.
        (was,), (now,) = before.values(), after.values()
        return rows(sides.catalogue.vocabulary, now.id, was, now)
    found = []
    for rule_id in sorted({*before, *after}):
        found += rows(sides.catalogue.vocabulary, rule_id, before.get(rule_id), after.get(rule_id))
    return found


def rows(
    words: Vocabulary, rule_id: str, before: Rule | None, after: Rule | None
) -> list[dict[str, Any]]:
    """What differs of one rule, with the words that people read; one row where all of it does."""
    known = after or before
    assert known is not None
    head = {
        "rule": rule_id,
        "title": one_of(known.title.zh, known.title.en),
        "version_before": None if before is None else before.version,
        "version_after": None if after is None else after.version,
    }
    if before is None or after is None:
        kind = "added" if before is None else "removed"
        said = t("rule added") if before is None else t("rule removed")
        cards = ", ".join(f"{say_level(card.level)}: {card.at}" for card in known.cards)
        return [
            {
                **head,
                "change": kind,
                "aspect": "rule",
                "name": "",
                "what": said,
                "before": None if before is None else cards,
                "after": None if after is None else cards,
                "before_words": None if before is None else cards,
                "after_words": None if after is None else cards,
            }
        ]
    return [
        {
            **head,
            "change": "changed",
            "aspect": str(change.aspect),
            "name": change.name,
            "what": _what(change),
            "before": change.before,
            "after": change.after,
            "before_words": _say(words, change, change.before),
            "after_words": _say(words, change, change.after),
        }
        for change in compare(before, after)
    ]


def _what(change: Change) -> str:
    word = t(_ASPECTS[change.aspect])
    if not change.name:
        return word
    if change.aspect is Aspect.THRESHOLD:
        return t("{name} {word}", name=say_level(change.name), word=word)
    if change.aspect is Aspect.LIMIT:
        return t("{name} {word}", name=say_limit(change.name), word=word)
    return t("{word}: {name}", word=word, name=change.name)


def _say(words: Vocabulary, change: Change, text: str | None) -> str | None:
    if text is None:
        return None
    if change.aspect in OF_EVENTS:
        return t(", ").join(_event(words, code) for code in text.split(", "))
    if change.aspect is Aspect.THRESHOLD and text[:1] not in "<>=":
        return say_threshold(text)
    if change.aspect in (Aspect.LIMIT, Aspect.REPLY_WITHIN):
        return "; ".join(_amount(part) for part in text.split("; "))
    return text


def _event(words: Vocabulary, code: str) -> str:
    known = words.types.get(code)
    return code if known is None else one_of(known.zh, known.en)


def _amount(text: str) -> str:
    try:
        return say_amount(Amount.parse(text))
    except ValueError:
        return text


def find(sides: Sides, name: str) -> Rules:
    """The rules that a side of a comparison names, the newest version of each id."""
    path = Path(name)
    if path.exists():
        return _newest(file.bound.rule for file in rule_work.load(sides.catalogue, path))
    if name in catalogue_files.pack_names(sides.catalogue.folder):
        entries = catalogue_files.read_rules(sides.catalogue.folder, (name,))
        return _newest(entry.rule for entry in entries)
    if name == "files":
        return _newest(
            file.bound.rule
            for file in rule_work.load(sides.catalogue, None)
            if file.bound.pack in sides.catalogue.packs
        )
    rule_id, at, version = name.partition("@")
    if sides.store is not None:
        with sides.store.reading() as connection:
            if name == "approved":
                return _approved(connection)
            if at:
                found = _kept(connection, rule_id.upper(), version)
                if found is not None:
                    return {found.id: found}
    texts = {
        file.bound.rule.id: file.bound.rule
        for file in rule_work.load(sides.catalogue, None)
        if file.bound.rule.id == rule_id.upper()
        and (not at or str(file.bound.rule.version) == version)
    }
    if texts:
        return texts
    raise ConfigurationError(
        t("{name!r} names no rules", name=name),
        t("name a file, a folder, a pack, a rule's id, ID@VERSION, approved or files"),
    )


def _newest(rules: Iterable[Rule]) -> dict[str, Rule]:
    found: dict[str, Rule] = {}
    for rule in rules:
        if rule.id not in found or found[rule.id].version < rule.version:
            found[rule.id] = rule
    return found


def _approved(connection: Connection) -> dict[str, Rule]:
    approved, contents = texts_of(connection, state(connection))
    return _newest(
        kept_texts.rule_of(contents[text.sha256])
        for key, text in approved.items()
        if key.kind == RULE
    )


def _kept(connection: Connection, rule_id: str, version: str) -> Rule | None:
    """The newest kept text of a version, or the one whose digest begins so."""
    found = None
    for row in changes.kept(connection, RULE, rule_id):
        if str(row.version) == version or (len(version) >= 6 and row.sha256.startswith(version)):
            found = kept_texts.rule_of(row.content)
    return found
