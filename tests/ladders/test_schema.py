"""The JSON Schema of a ladder file: it takes what effmon takes, and editors see what is wrong."""

import json
from typing import Any

import pytest
import yaml

from tests.house.tree import ROOT

pytestmark = pytest.mark.full  # jsonschema comes with the full environment


def errors(ladder: Any) -> list[str]:
    """What an editor would underline."""
    import jsonschema

    schema = json.loads((ROOT / "rules/ladder-schema.json").read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    return [each.message for each in jsonschema.Draft202012Validator(schema).iter_errors(ladder)]


def ladder(name: str = "standard") -> Any:
    return yaml.safe_load((ROOT / f"rules/ladders/{name}.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "path", sorted((ROOT / "rules/ladders").glob("*.yaml")), ids=lambda path: path.name
)
def test_the_ladders_of_the_catalogue_are_in_order(path: Any) -> None:
    assert errors(ladder(path.stem)) == []


@pytest.mark.parametrize(
    ("place", "value", "word"),
    [
        (("id",), "Standard", "Standard"),
        (("version",), 0, "0"),
        (("chains", "pink"), {"steps": []}, "pink"),
        (("chains", "red", "steps"), [], "[]"),
        (("chains", "red", "steps", 0, "tell"), ["mayor"], "mayor"),
        (("titel",), "x", "titel"),
        (("source",), [], "[]"),
    ],
    ids=lambda value: "/".join(map(str, value)) if isinstance(value, tuple) else None,
)
def test_what_is_wrong_is_seen(place: tuple[Any, ...], value: Any, word: str) -> None:
    wrong = ladder()
    at = wrong
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = value
    assert any(word in message for message in errors(wrong)), errors(wrong)
