"""Pydantic's errors in words for the person who writes the file."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from ..faults import brief
from .fault_words import say_fault
from .messages import mark, t

_PREFIX = re.compile(r"^(?:Value|Assertion) error, ")
_FIELD = re.compile(r"Value error, ([a-z_]+): ")
#: Letters of a name that is compared with the known ones.
_LONGEST = 100
_SENTENCES = {
    "tuple_type": mark("should be a list"),
    "list_type": mark("should be a list"),
    "dict_type": mark("should be a mapping of fields to values"),
    "model_type": mark("should be a mapping of fields to values"),
    "model_attributes_type": mark("should be a mapping of fields to values"),
    "int_type": mark("should be a whole number"),
    "int_parsing": mark("should be a whole number"),
    "int_from_float": mark("should be a whole number"),
    "bool_type": mark("should be true or false"),
    "bool_parsing": mark("should be true or false"),
    "date_type": mark("should be a date, as 2026-01-31"),
    "date_parsing": mark("should be a date, as 2026-01-31"),
    "date_from_datetime_parsing": mark("should be a date, as 2026-01-31"),
    "date_from_datetime_inexact": mark("should be a date, as 2026-01-31"),
}


def sentence(model: type[BaseModel], error: ErrorDetails) -> str:
    """What one error of a validation says: where, what is wrong, what would be right."""
    loc = error["loc"]
    kind = error["type"]
    if kind in ("missing", "extra_forbidden") and loc:
        owner, name = _path(loc[:-1]), str(loc[-1])
        if kind == "missing":
            return t("{owner}missing field {name!r}", owner=owner, name=name)
        known = nearest(name, _names_at(model, loc[:-1]))
        field = brief(name)
        return t("{owner}unknown field {field}{known}", owner=owner, field=field, known=known)
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
        return t("; did you mean {close!r}?", close=close[0])
    names = ", ".join(known)
    return t("; one of {names}", names=names) if known else ""


def _what(error: ErrorDetails) -> str:
    kind, value = error["type"], error["input"]
    context: Mapping[str, Any] = error.get("ctx", {})
    if kind == "string_type":
        if isinstance(value, int):
            return t("should be a text: write it in quotes")
        return t("should be a text")
    if kind in ("too_short", "string_too_short"):
        least = context.get("min_length")
        return t("should have at least {least} entry or character", least=least)
    if kind == "string_pattern_mismatch":
        form = context.get("pattern")
        return t("{value} does not have the form {form}", value=brief(value), form=form)
    if kind in ("literal_error", "enum"):
        return _one_of(str(context.get("expected")), value)
    if kind in _SENTENCES:
        return t(_SENTENCES[kind])
    text = say_fault(_PREFIX.sub("", error["msg"]))
    return _cut(text.removeprefix("Input "), 500)


def _one_of(expected: str, value: Any) -> str:
    """A word that is none of a closed set, with the nearest that is."""
    close = ""
    if isinstance(value, str) and len(value) <= _LONGEST:
        known = [word.strip(" '") for word in expected.replace(" or ", ", ").split(",")]
        found = get_close_matches(value, known, 1)
        close = t("; did you mean {found!r}?", found=found[0]) if found else ""
    said = f"{brief(value)} " if isinstance(value, str | int) else ""
    words = expected.replace(" or ", "、").replace(", ", "、")
    return t("should be {expected}{close}", expected=expected, close=close, said=said, words=words)


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
