"""The rule files of every pack and their examples, as the tests of this folder read them."""

from pathlib import Path
from typing import NamedTuple

from efficiency_monitor.catalogue.catalogue_files import LoadedRule, pack_names, read_rules
from efficiency_monitor.rules.rules import CardAt, Example

FOLDER = Path(__file__).resolve().parents[2] / "rules"
LOADED: tuple[LoadedRule, ...] = tuple(read_rules(FOLDER, pack_names(FOLDER)))


class Case(NamedTuple):
    """One example of one rule."""

    loaded: LoadedRule
    example: Example

    def __str__(self) -> str:
        return f"{self.loaded.rule.id}-{self.example.kind}-{self.example.name}".replace(" ", "_")


class LevelOfRule(NamedTuple):
    """One level of one rule."""

    loaded: LoadedRule
    card: CardAt

    def __str__(self) -> str:
        return f"{self.loaded.rule.id}-{self.card.level}"

    def examples(self, kind: str) -> list[Example]:
        """The rule's examples of this level and kind."""
        return [
            example
            for example in self.loaded.rule.examples
            if example.level == self.card.level and example.kind == kind
        ]


CASES = [Case(loaded, example) for loaded in LOADED for example in loaded.rule.examples]
LEVELS = [LevelOfRule(loaded, card) for loaded in LOADED for card in loaded.rule.cards]
