"""`effmon rules diff`: two sets of rules named by people, compared rule by rule, in their words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from ...faults import ConfigurationError
from ...i18n.language import say_amount, say_level, say_limit, say_threshold, t
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

_ASPECTS: Final[Mapping[Aspect, tuple[str, str]]] = {
    Aspect.TITLE: ("名称", "title"),
    Aspect.STATUS: ("状态", "status"),
    Aspect.IN_FORCE: ("施行日期", "in force"),
    Aspect.LEGAL_BASIS: ("法律依据", "legal basis"),
    Aspect.APPLIES_TO: ("适用办件", "applies to"),
    Aspect.START: ("计时开始", "clock starts at"),
    Aspect.STOP: ("计时停止", "clock stops at"),
    Aspect.DEEMED: ("视为受理", "deemed start"),
    Aspect.PAUSE: ("暂停计时", "pauses"),
    Aspect.COUNTING: ("计算方式", "counting"),
    Aspect.EXTEND: ("延长", "extension"),
    Aspect.LIMIT: ("时限", "limit"),
    Aspect.MEASURED: ("监测内容", "measured"),
    Aspect.THRESHOLD: ("发牌界限", "card at"),
    Aspect.CONFIRM: ("发牌确认", "confirmation"),
    Aspect.LADDER: ("督办层级", "ladder"),
    Aspect.REPLY_WITHIN: ("反馈期限", "reply within"),
    Aspect.WHY: ("说明", "why"),
    Aspect.EXAMPLES: ("示例数", "examples"),
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
        "title": t(known.title.zh, known.title.en),
        "version_before": None if before is None else before.version,
        "version_after": None if after is None else after.version,
    }
    if before is None or after is None:
        kind = "added" if before is None else "removed"
        said = t(
            "新增规则" if before is None else "删除规则",
            "rule added" if before is None else "rule removed",
        )
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
    word = t(*_ASPECTS[change.aspect])
    if not change.name:
        return word
    if change.aspect is Aspect.THRESHOLD:
        return t(f"{say_level(change.name)}{word}", f"{say_level(change.name)} {word}")
    if change.aspect is Aspect.LIMIT:
        return t(f"{say_limit(change.name)}{word}", f"{say_limit(change.name)} {word}")
    return t(f"{word}：{change.name}", f"{word}: {change.name}")


def _say(words: Vocabulary, change: Change, text: str | None) -> str | None:
    if text is None:
        return None
    if change.aspect in OF_EVENTS:
        return t("、", ", ").join(_event(words, code) for code in text.split(", "))
    if change.aspect is Aspect.THRESHOLD and text[:1] not in "<>=":
        return say_threshold(text)
    if change.aspect in (Aspect.LIMIT, Aspect.REPLY_WITHIN):
        return "; ".join(_amount(part) for part in text.split("; "))
    return text


def _event(words: Vocabulary, code: str) -> str:
    known = words.types.get(code)
    return code if known is None else t(known.zh, known.en)


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
        t(f"不知道 {name!r} 指的是什么规则", f"{name!r} names no rules"),
        t(
            "写文件、目录、规则包、规则编号、编号@版本、approved 或 files",
            "name a file, a folder, a pack, a rule's id, ID@VERSION, approved or files",
        ),
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
