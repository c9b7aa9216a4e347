"""Texts that judge, as they are kept: rules, calendars and words as canonical JSON with a digest.

What is kept is what was read, not the file: comments, examples and the spelling of a file neither
need an approval nor change a card.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from sqlalchemy import Connection

from ..engine.encoding import BoundRule
from ..faults import CatalogueError, EffmonError
from ..i18n.messages import t
from ..i18n.model_words import sentence
from ..rules.rules import Rule
from ..rules.vocabulary import VocabularyFile
from ..time.calendar_file import CalendarFile
from . import catalogue_files
from . import store as changes

_Model = TypeVar("_Model", bound=BaseModel)
RULE, CALENDAR, VOCABULARY, SETTINGS = "rule", "calendar", "vocabulary", "settings"
KINDS = (SETTINGS, VOCABULARY, CALENDAR, RULE)


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What a text is the text of. A calendar and the vocabulary have no pack and version 0."""

    kind: str
    pack: str
    name: str
    version: int

    def words(self) -> str:
        """In the user's language: `CN-DECIDE 2 (national)`."""
        if self.kind == RULE:
            return t(
                "rule {name} version {version} ({pack})",
                name=self.name,
                version=self.version,
                pack=self.pack,
            )
        if self.kind == CALENDAR:
            return t("calendar {name}", name=self.name)
        if self.kind == SETTINGS:
            return t("the settings that decide")
        return t("the vocabulary")


@dataclass(frozen=True, slots=True)
class KeptText:
    """A text, the digest by which it is known, and the file that it was read from."""

    key: Key
    path: str
    content: str

    @property
    def sha256(self) -> str:
        """SHA-256 of the content in hex; of a rule the digest that cards name."""
        return digest_of(self.content)


def digest_of(content: str) -> str:
    """SHA-256 (hex) of a kept content."""
    return hashlib.sha256(content.encode()).hexdigest()


def of_rule(entry: catalogue_files.LoadedRule) -> KeptText:
    """The text of a rule."""
    key = Key(RULE, entry.pack, entry.rule.id, entry.rule.version)
    return KeptText(key, entry.path, catalogue_files.canonical_text(entry.rule))


def of_calendar(file: CalendarFile, path: str) -> KeptText:
    """The text of a calendar's file: what it leaves out it inherits, so only what it says."""
    content = file.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return KeptText(Key(CALENDAR, "", file.id, 0), path, canonical(content))


def of_vocabulary(file: VocabularyFile, path: str) -> KeptText:
    """The text of the words."""
    content = file.model_dump(mode="json", by_alias=True)
    return KeptText(Key(VOCABULARY, "", VOCABULARY, 0), path, canonical(content))


def canonical(content: object) -> str:
    """Canonical JSON of a text."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def rule_of(content: str) -> Rule:
    """The rule of a kept text."""
    return _read(Rule, _said(json.loads(content)))


def _said(value: Any) -> Any:
    """What was said, without what was left out: the canonical form writes that as empty."""
    if isinstance(value, dict):
        return {key: _said(each) for key, each in value.items() if each not in (None, [], {})}
    return [_said(each) for each in value] if isinstance(value, list) else value


def calendar_of(content: str) -> CalendarFile:
    """The calendar file of a kept text."""
    return _read(CalendarFile, json.loads(content))


def vocabulary_of(content: str) -> VocabularyFile:
    """The words of a kept text."""
    return _read(VocabularyFile, json.loads(content))


def _read(model: type[_Model], said: Any) -> _Model:
    """A kept text as this release reads it; CatalogueError where a later one took a field away."""
    try:
        return model.model_validate(said)
    except ValidationError as fault:
        name = said.get("id", VOCABULARY) if isinstance(said, dict) else VOCABULARY
        what = sentence(model, fault.errors()[0])
        raise CatalogueError(
            t("the kept text {name}: {what}", name=name, what=what),
            t("write the file as this release reads it, propose it and have it approved"),
        ) from None


def same(kept: str, text: KeptText) -> bool:
    """Whether a kept content says what a text says.

    A release that knows more fields writes the same rule at greater length: that is no change.
    """
    if kept == text.content:
        return True
    if text.key.kind == SETTINGS:
        return False
    try:
        if text.key.kind == RULE:
            return catalogue_files.canonical_text(rule_of(kept)) == text.content
        if text.key.kind == CALENDAR:
            return of_calendar(calendar_of(kept), "").content == text.content
        return of_vocabulary(vocabulary_of(kept), "").content == text.content
    except (ValueError, CatalogueError):
        return False


def of_settings(content: str) -> KeptText:
    """The text of the settings that decide."""
    return KeptText(Key(SETTINGS, "", SETTINGS, 0), "effmon.toml", content)


def keep(connection: Connection, texts: Iterable[KeptText], now: int) -> None:
    """Keep texts for ever; in a transaction that writes."""
    changes.keep(
        connection,
        [
            {
                "sha256": text.sha256,
                "kind": text.key.kind,
                "name": text.key.name,
                "version": text.key.version if text.key.kind == RULE else None,
                "content": text.content,
                "kept_at": now,
            }
            for text in texts
        ],
    )


def note_use(connection: Connection, rules: Sequence[BoundRule], now: int) -> None:
    """Keep the texts of rules and note that a scan judges by them."""
    keep(
        connection,
        [
            KeptText(
                Key(RULE, bound.pack, bound.rule.id, bound.rule.version),
                "",
                catalogue_files.canonical_text(bound.rule),
            )
            for bound in rules
        ],
        now,
    )
    changes.use(
        connection,
        [
            {
                "name": bound.rule.id,
                "version": bound.rule.version,
                "pack": bound.pack,
                "sha256": bound.digest,
                "since": now,
            }
            for bound in rules
        ],
    )


def read(connection: Connection, digests: Iterable[str]) -> dict[str, str]:
    """The kept contents of these digests; EffmonError where one is missing or was changed."""
    wanted = sorted(set(digests))
    found = changes.contents(connection, wanted)
    for sha256 in wanted:
        if sha256 not in found or digest_of(found[sha256]) != sha256:
            raise EffmonError(
                t("the approved text {sha256} was lost or changed", sha256=sha256[:12]),
                t("nothing was judged by it; run effmon doctor and restore a backup"),
            )
    return found


#: What may differ between two texts of one version: when it ends, and that it is no longer new.
_MAY_CHANGE = ("status", "trial")


def substance(content: str) -> Mapping[str, Any]:
    """What of a rule's text its number stands for: all of it but its status and its end."""
    said = rule_of(content).model_dump(mode="json", by_alias=True, exclude={"examples"})
    for name in _MAY_CHANGE:
        said.pop(name, None)
    said["in_force"] = {"from": said["in_force"]["from"]}
    return said
