"""Rules whose words were changed and nothing else: a card stands or falls by either text alike."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from sqlalchemy import Connection

from ..cards.model.decide import Card
from ..faults import CatalogueError
from ..rules.rules import Rule
from ..workspace.context import Catalogue
from . import catalogue_files, kept_texts
from . import store as changes

Key = TypeVar("Key")
#: What a rule says without judging by it.
_WORDS: Final = ("version", "title", "name", "legal_basis", "why", "status", "trial")


def judging(rule: Rule) -> str:
    """Digest of what of a rule judges: all but its words, number, status and end."""
    said = json.loads(catalogue_files.canonical_text(rule))
    for name in _WORDS:
        said.pop(name, None)
    said["in_force"] = {"from": said["in_force"]["from"]}
    return hashlib.sha256(kept_texts.canonical(said).encode()).hexdigest()


def with_equivalent_digest(
    catalogue: Catalogue, connection: Connection, standing: Mapping[Key, Sequence[Card]]
) -> dict[Key, list[Card]]:
    """The same cards, each with the digest of the text in use that judges as its own text does.

    `standing` are cards by their case or subject.
    """
    own = {bound.digest for bound in catalogue.rules}
    resting = [card for known in standing.values() for card in known if card.rule_digest not in own]
    foreign = {card.rule_digest for card in resting}
    now: dict[tuple[str, str], str] = {}
    judged: dict[str, str] = {}
    if foreign:
        kept = changes.contents(connection, sorted(foreign))
        judged = {each: _judging_of(content) for each, content in kept.items()}
        asked = {card.rule_id for card in resting}
        now = {
            (bound.rule.id, judging(bound.rule)): bound.digest
            for bound in catalogue.rules
            if bound.rule.id in asked
        }

    def own_text(card: Card) -> Card:
        alike = judged.get(card.rule_digest, "")
        return replace(card, rule_digest=now.get((card.rule_id, alike), card.rule_digest))

    return {key: [own_text(card) for card in known] for key, known in standing.items()}


def _judging_of(content: str) -> str:
    """As `judging` of a kept text; empty where this release cannot read it any more."""
    try:
        return judging(kept_texts.rule_of(content))
    except CatalogueError:
        return ""


def rule_of_card(catalogue: Catalogue, connection: Connection, digest: str) -> Rule | None:
    """The text that a card rests on, in use or kept; None where it is neither."""
    for bound in catalogue.rules:
        if bound.digest == digest:
            return bound.rule
    kept = changes.contents(connection, [digest])
    return kept_texts.rule_of(kept[digest]) if digest in kept else None
