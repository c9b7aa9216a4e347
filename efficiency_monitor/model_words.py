"""Pydantic's errors in words for the person who writes the file."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from .core.faults import brief

_PREFIX = re.compile(r"^(?:Value|Assertion) error, ")
_FIELD = re.compile(r"Value error, ([a-z_]+): ")
#: Letters of a name that is compared with the known ones.
_LONGEST = 100
_SENTENCES = {
    "tuple_type": "should be a list",
    "list_type": "should be a list",
    "dict_type": "should be a mapping of fields to values",
    "model_type": "should be a mapping of fields to values",
    "model_attributes_type": "should be a mapping of fields to values",
    "int_type": "should be a whole number",
    "int_parsing": "should be a whole number",
    "int_from_float": "should be a whole number",
    "bool_type": "should be true or false",
    "bool_parsing": "should be true or false",
}


def sentence(model: type[BaseModel], error: ErrorDetails) -> str:
    """What one error of a validation says: where, what is wrong, what would be right."""
    loc = error["loc"]
    kind = error["type"]
    if kind in ("missing", "extra_forbidden") and loc:
        owner, name = _path(loc[:-1]), str(loc[-1])
        if kind == "missing":
            return f"{owner}missing field {name!r}"
        return f"{owner}unknown field {brief(name)}{nearest(name, _names_at(model, loc[:-1]))}"
    return f"{_path(loc)}{_what(error)}"


def subject(error: ErrorDetails) -> tuple[int | str, ...]:
    """Path of what an error is about: a whole model's validator may begin with a field's name."""
    named = _FIELD.match(error["msg"]) if error["type"] == "value_error" else None
    return (*error["loc"], named[1]) if named else error["loc"]


def nearest(name: str, known: list[str]) -> str:
    """`; did you mean …?` if a known name is close, else the known names; nothing if none is."""
    # Comparing takes time for each letter of either: no known name is that long.
    close = get_close_matches(name, known, 1) if len(name) <= _LONGEST else []
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; one of {', '.join(known)}" if known else ""


def _what(error: ErrorDetails) -> str:
    kind, value = error["type"], error["input"]
    context: Mapping[str, Any] = error.get("ctx", {})
    if kind == "string_type":
        quotes = ": write it in quotes" if isinstance(value, int) else ""
        return f"should be a text{quotes}"
    if kind in ("too_short", "string_too_short"):
        return f"should have at least {context.get('min_length')} entry or character"
    if kind == "string_pattern_mismatch":
        return f"{brief(value)} does not have the form {context.get('pattern')}"
    if kind in _SENTENCES:
        return _SENTENCES[kind]
    text = _PREFIX.sub("", error["msg"])
    return _cut(text.removeprefix("Input "), 500)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _path(loc: tuple[int | str, ...]) -> str:
    return ".".join(_cut(str(step), _LONGEST) for step in loc) + ": " if loc else ""


def _names_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """Field names, as a file writes them, of the model at the end of a path."""
    here: list[type[BaseModel]] = [model]
    for step in loc:
        below = [
            inner
            for owner in here
            for name, field in owner.model_fields.items()
            if step in (field.alias, name)
            for inner in _models_in(field.annotation)
        ]
        here = below or here
    return [field.alias or name for owner in here for name, field in owner.model_fields.items()]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)
