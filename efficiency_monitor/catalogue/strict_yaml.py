"""YAML without surprises: what is written is what is read, and every fault has a place.

A strict subset, read from PyYAML's events: no anchors, aliases, tags, directives, second
documents or duplicate keys, and no unquoted scalar that YAML 1.1 would read as something else
(`12:30` is 750 to it, `no` is false, `010` is eight). Texts stay texts: only `true`, `false`,
`null` and whole numbers are anything else.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ..faults import CatalogueError
from ..i18n.messages import t
from ..i18n.model_words import sentence, subject
from ..located_error import Loc, LocatedError

_Model = TypeVar("_Model", bound=BaseModel)

MOST_BYTES = 1_000_000
MOST_DEPTH = 30
#: Values of a document: a year of a calendar has a few hundred.
MOST_VALUES = 100_000
#: Faults of a document that are named; a file of nothing but faults has a hundred thousand.
MOST_FAULTS = 50
#: Longest whole number: what fits in 64 bits with a digit to spare.
_MOST_DIGITS = 18

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Scalar = str | int | bool | None

_WORDS: Mapping[str, Scalar] = {"true": True, "false": False, "null": None, "": None}
#: Words that YAML 1.1 reads as true, false, nothing, a float or a merge.
_MANGLED_WORDS = frozenset(
    (
        *("y", "n", "yes", "no", "on", "off", "true", "false", "null"),
        *("~", "<<", "=", ".inf", "+.inf", "-.inf", ".nan"),
    )
)
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_MANGLED_NUMBERS = (
    (re.compile(r"[-+]?[0-9][0-9_]*(?::[0-9_]+)+(?:\.[0-9_]*)?"), "is a number to base 60"),
    (re.compile(r"[-+]?0[xX][0-9a-fA-F_]+"), "is a hexadecimal number"),
    (re.compile(r"[-+]?0[bB][01_]+"), "is a binary number"),
    (re.compile(r"[-+]?0[oO]?[0-9_]+"), "is an octal number"),
    (re.compile(r"[-+]?[0-9]+_[0-9_]*(?:\.[0-9_]*)?"), "is a number without its underscores"),
)
#: Control, surrogate, line-separating, direction-changing and byte-order characters.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"
    "\ud800-\udfff\ufeff\ufffe\uffff]"
)
_LINE_BREAK = re.compile("\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it stands: file, line and column, both from 1.

    The value is a scalar, a list of nodes, or a dict of nodes; for a dict, `keys` has the line
    and column of each key.
    """

    value: "Scalar | list[Node] | dict[str, Node]"
    source: str
    line: int
    col: int
    keys: Mapping[str, tuple[int, int]]

    @property
    def at(self) -> str:
        """`file:line:col`."""
        return f"{self.source}:{self.line}:{self.col}"


def _mend() -> str:
    return t("mend the file at the places named")


def _quote() -> str:
    return t("write it in quotes")


def _remove() -> str:
    return t("remove it")


def _write_out() -> str:
    return t("write the value out")


_NO_KEYS: Mapping[str, tuple[int, int]] = {}


# A process opens many contexts on the same files. Nobody writes into a node; a fault is not kept.
@lru_cache(maxsize=256)
def load(text: str, source: str) -> Node:
    """Read one document; CatalogueError with `source:line:col` at the first fault."""
    text = text.removeprefix("\ufeff")
    if len(text) > MOST_BYTES or len(text.encode(errors="replace")) > MOST_BYTES:
        raise CatalogueError(
            t(
                "{source}:1:1: larger than {most_bytes:,} bytes",
                source=source,
                most_bytes=MOST_BYTES,
            ),
            t("split the file into smaller ones"),
        )
    hidden = _FORBIDDEN.search(text)
    if hidden:
        breaks = list(_LINE_BREAK.finditer(text, 0, hidden.start()))
        line_start = breaks[-1].end() if breaks else 0
        raise CatalogueError(
            f"{source}:{len(breaks) + 1}:{hidden.start() - line_start + 1}: "
            + t("invisible or control character ")
            + f"U+{ord(hidden[0]):04X}",
            _remove(),
        )
    reader = _Reader(source)
    try:
        return reader.document(yaml.parse(text, Loader=_LOADER))
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        position = f"{mark.line + 1}:{mark.column + 1}" if mark else "1:1"
        what = getattr(fault, "problem", None) or "not readable as YAML"
        raise CatalogueError(f"{source}:{position}: {what}", t("mend the YAML there")) from None


def plain(node: Node) -> Any:
    """The value of a node with ordinary dicts, lists and scalars."""
    value = node.value
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def place(node: Node, loc: Loc, *, at_key: bool = False) -> str:
    """`file:line:col` of the entry at a path, or of its key.

    Steps that the file does not have (a missing field, a word that pydantic puts in for a
    choice) are passed over: the answer is the nearest place that exists.
    """
    line, col = _position(node, loc, at_key=at_key)
    return f"{node.source}:{line}:{col}"


def _position(node: Node, loc: Loc, *, at_key: bool) -> tuple[int, int]:
    position = node.line, node.col
    for step in loc:
        value = node.value
        if isinstance(value, dict) and isinstance(step, str) and step in value:
            key, node = node.keys[step], value[step]
            position = key if at_key else (node.line, node.col)
        elif isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
            node = value[step]
            position = node.line, node.col
    return position


def parse_model(text: str, source: str, model: type[_Model]) -> _Model:
    """Read one document as a model; one CatalogueError names every fault, one a line."""
    return validate(load(text, source), model)


def validate(node: Node, model: type[_Model]) -> _Model:
    """A document as a model; one CatalogueError names every fault with its file:line:col."""
    try:
        return model.model_validate(plain(node))
    except ValidationError as fault:
        errors = _leading(fault.errors(include_url=False))
    found = sorted(
        (
            (_position(node, subject(error), at_key=error["type"] == "extra_forbidden"), number)
            for number, error in enumerate(errors)
        )
    )
    lines = sorted(
        (position, sentence(model, errors[number])) for position, number in found[:MOST_FAULTS]
    )
    said = [f"{node.source}:{line}:{col}: {text}" for (line, col), text in lines]
    if len(found) > MOST_FAULTS:
        more = len(found) - MOST_FAULTS
        said.append(t("{source}: {more} more", source=node.source, more=more))
    raise CatalogueError("\n".join(said), _mend())


def _leading(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """The errors without those that only follow from another: a list is short of what is faulty."""

    def follows(error: ErrorDetails) -> bool:
        loc = error["loc"]
        return error["type"] == "too_short" and any(
            len(other["loc"]) > len(loc) and other["loc"][: len(loc)] == loc for other in errors
        )

    return [error for error in errors if not follows(error)]


def placed(node: Node, fault: LocatedError) -> CatalogueError:
    """A fault in the content of a document, with every place as file:line:col, one a line."""
    lines = [f"{place(node, loc)}: {what}" for loc, what in fault.faults]
    return CatalogueError("\n".join(lines), _mend())


class _Reader:
    """Turns the events of one document into nodes and refuses what is not in the subset."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._values = 0

    def document(self, events: Iterator[Any]) -> Node:
        next(events)
        start = next(events)
        if isinstance(start, yaml.StreamEndEvent):
            raise CatalogueError(
                t("{source}:1:1: the file is empty", source=self._source),
                t("write its content"),
            )
        if start.version or start.tags:
            raise self._fault(
                start,
                t("directives are not allowed"),
                t("remove the line that begins with %"),
            )
        node = self._node(next(events), events, 0)
        next(events)
        after = next(events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise self._fault(
                after,
                t("a second document"),
                t("one file holds one document; remove '---'"),
            )
        return node

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            raise self._fault(
                event,
                t("alias *{anchor} is not allowed", anchor=event.anchor),
                _write_out(),
            )
        if event.anchor is not None:
            raise self._fault(
                event,
                t("anchor &{anchor} is not allowed", anchor=event.anchor),
                _write_out(),
            )
        if event.tag is not None:
            raise self._fault(event, t("tag {tag} is not allowed", tag=event.tag), _remove())
        self._values += 1
        if self._values > MOST_VALUES:
            raise self._fault(
                event,
                t("more than {most_values:,} values", most_values=MOST_VALUES),
                t("split the file"),
            )
        if depth > MOST_DEPTH:
            raise self._fault(
                event,
                t("nested deeper than {most_depth} levels", most_depth=MOST_DEPTH),
                t("flatten it"),
            )
        if isinstance(event, yaml.ScalarEvent):
            return self._made(event, self._scalar(event))
        if isinstance(event, yaml.SequenceStartEvent):
            return self._made(event, self._sequence(events, depth))
        return self._mapping(event, events, depth)

    def _sequence(self, events: Iterator[Any], depth: int) -> list[Node]:
        items = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append(self._node(event, events, depth + 1))
        return items

    def _mapping(self, start: Any, events: Iterator[Any], depth: int) -> Node:
        made: dict[str, Node] = {}
        keys: dict[str, tuple[int, int]] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            if isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent):
                raise self._fault(
                    event,
                    t("a key must be a word"),
                    t("use a plain text as key"),
                )
            self._node(event, events, depth + 1)
            key = event.value
            if not key:
                raise self._fault(event, t("an empty key"), t("name the entry"))
            if not event.style and key in _WORDS:
                raise self._fault(event, t("{key} is no text", key=key), _quote())
            if key in made:
                raise self._fault(
                    event,
                    t(
                        "key {key!r} stands here a second time, first on line {keys}",
                        key=key,
                        keys=keys[key][0],
                    ),
                    t("keep one of the two"),
                )
            keys[key] = (event.start_mark.line + 1, event.start_mark.column + 1)
            made[key] = self._node(next(events), events, depth + 1)
        return self._made(start, made, keys)

    def _made(
        self,
        event: Any,
        value: Scalar | list[Node] | dict[str, Node],
        keys: Mapping[str, tuple[int, int]] = _NO_KEYS,
    ) -> Node:
        mark = event.start_mark
        return Node(value, self._source, mark.line + 1, mark.column + 1, keys)

    def _scalar(self, event: Any) -> Scalar:
        text: str = event.value
        if event.style:
            hidden = _FORBIDDEN.search(text)
            if hidden:
                code = f"U+{ord(hidden[0]):04X}"
                raise self._fault(
                    event,
                    t("invisible or control character {code}", code=code),
                    _remove(),
                )
            return text
        if text in _WORDS:
            return _WORDS[text]
        if text.lower() in _MANGLED_WORDS:
            raise self._fault(
                event,
                t("{text_} has a second meaning in YAML", text_=text),
                _quote(),
            )
        if text[0] not in "0123456789+-":
            return text
        if _WHOLE.fullmatch(text):
            if len(text) > _MOST_DIGITS:
                raise self._fault(
                    event,
                    t("a number of more than {most_digits} digits", most_digits=_MOST_DIGITS),
                    _quote(),
                )
            return int(text)
        for pattern, reading in _MANGLED_NUMBERS:
            if pattern.fullmatch(text):
                raise self._fault(
                    event,
                    t("{text_} {reading} in YAML when not in quotes", text_=text, reading=reading),
                    _quote(),
                )
        return text

    def _fault(self, event: Any, what: str, hint: str) -> CatalogueError:
        mark = event.start_mark
        return CatalogueError(f"{self._source}:{mark.line + 1}:{mark.column + 1}: {what}", hint)
