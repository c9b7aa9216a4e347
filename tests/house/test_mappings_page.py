"""The reference page of the mappings names what there is: every key, every mapping, every table."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from efficiency_monitor.intake.mapping import mapping, table
from efficiency_monitor.intake.mapping.mapping_files import find_mapping, mapping_names

from .tree import ROOT

PAGE = (ROOT / "docs/mappings.md").read_text(encoding="utf-8")
CODE = set(re.findall(r"`([^`\n]+)`", PAGE))
FOLDER = ROOT / "rules/mappings"


def models() -> Iterator[type[BaseModel]]:
    for module in (table, mapping):
        for thing in vars(module).values():
            if isinstance(thing, type) and issubclass(thing, table.Grammar):
                yield thing


KEYS = {
    field.alias or name
    for model in models()
    for name, field in model.model_fields.items()
    if model is not table.Grammar
}


def test_the_models_are_found() -> None:
    assert {"extends", "is", "bare", "like", "slot", "recognised_by", "zh"} <= KEYS


@pytest.mark.parametrize("key", sorted(KEYS))
def test_every_key_of_the_grammar_is_named(key: str) -> None:
    assert key in CODE


@pytest.mark.parametrize("name", mapping_names(FOLDER))
def test_every_mapping_is_named_with_its_tables(name: str) -> None:
    (line,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |")]
    tables = [one.name for one in find_mapping(name, FOLDER).tables]
    if name == "ten-message":
        assert "0 申办 to 9 领取登记" in line
    elif name != "usda-foia":
        assert [one for one in tables if one.split(" ")[0] not in line] == []


def test_the_examples_of_the_page_are_mappings(tmp_path: Path) -> None:
    texts = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert len(texts) == 3
    for number, text in enumerate(texts):
        path = tmp_path / f"{number}.yaml"
        path.write_text(text, encoding="utf-8")
        assert find_mapping(str(path), FOLDER).tables
