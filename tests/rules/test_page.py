"""`docs/rules.md` keeps up with the model: its example loads, every field is explained."""

import re
from typing import get_args

import pytest
import yaml
from pydantic import BaseModel

from efficiency_monitor.rules.conditions import PARAMETERS, Condition
from efficiency_monitor.rules.rules import (
    Cap,
    CardAt,
    Clock,
    Deemed,
    Example,
    ExampleEvent,
    Expectation,
    Extend,
    InForce,
    LegalBasis,
    LimitSource,
    Match,
    Pause,
    Rule,
    Text,
)

from .catalogue import FOLDER

PAGE = (FOLDER.parent / "docs" / "rules.md").read_text(encoding="utf-8")
MODELS = (
    Cap, CardAt, Clock, Deemed, Example, ExampleEvent, Expectation, Extend, InForce, LegalBasis,
    LimitSource, Match, Pause, Rule, Text, Condition,
)  # fmt: skip


def full_example() -> Rule:
    """The page's example as a rule."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return Rule.model_validate(yaml.safe_load(max(blocks, key=len)))


def test_the_full_example_is_a_rule() -> None:
    rule = full_example()
    assert {card.level for card in rule.cards} == {"warning", "yellow", "red"}
    assert rule.counted.deemed
    assert rule.counted.pause
    assert rule.counted.extend


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_field_is_explained(model: type[BaseModel]) -> None:
    names = [field.alias or name for name, field in model.model_fields.items()]
    assert [name for name in names if not re.search(rf"`[^`\n]*\b{name}\b[^`\n]*`", PAGE)] == []


def test_every_choice_is_explained() -> None:
    choices = {
        word
        for model in MODELS
        for field in model.model_fields.values()
        for part in (field.annotation, *get_args(field.annotation))
        for word in get_args(part)
        if isinstance(word, str)
    }
    assert "next_working_day" in choices
    assert [word for word in sorted(choices) if word not in PAGE] == []


def test_every_measure_has_its_row() -> None:
    assert [measure for measure in PARAMETERS if f"\n| `{measure}` |" not in PAGE] == []
