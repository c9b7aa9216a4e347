"""JSON Lines: one object a line, each with names of its own. A bad line costs itself alone."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from efficiency_monitor.i18n.messages import t

from .file_bytes import CutOff, Meter
from .headers import MOST_COLUMNS, column_name, storable, trimmed
from .rows import Quarantined, Refusal, Row, refuse
from .text_lines import text_lines

MOST_DEPTH: Final = 64
_WHOLE: Final = re.compile("-?[0-9]+")


class _Number(str):
    """A number as it is written; no digit of it is lost."""

    __slots__ = ()


class NoText(str):
    """How a value is written that is neither text nor a whole number nor null."""

    __slots__ = ()


class _Refused(Exception):
    def __init__(self, refusal: Refusal, value: str = "") -> None:
        super().__init__(refusal)
        self.refusal = refusal
        self.value = value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Refused(Refusal.KEY_TWICE, _twice(pairs))
    return found


def _twice(pairs: list[tuple[str, Any]]) -> str:
    # One pass: a line may hold a hundred thousand names, and counting each took minutes.
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            break
        seen.add(name)
    return name


def _no_number(word: str) -> Any:
    raise _Refused(Refusal.NO_NUMBER, word)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_Number, parse_int=_Number, parse_constant=_no_number
)


def read_jsonl(
    path: Path, file: str, encodings: Sequence[str], meter: Meter
) -> Iterator[Row | Quarantined]:
    """The objects of a JSON Lines file as rows; blank lines are nothing.

    CutOff where the file ends in the middle of an object.
    """
    for line in text_lines(path, encodings, meter):
        row = Row(file=file, sheet=None, number=line.number, cells={})
        if line.refusal is not None:
            yield refuse(row, line.refusal, value=line.text)
        elif text := trimmed(line.text):
            try:
                cells = flat(_parsed(text))
            except _Refused as refused:
                if refused.refusal is Refusal.BAD_JSON and _without_end(line.text):
                    said = t("its last line has no end")
                    raise CutOff(said, line.number) from None
                yield refuse(row, refused.refusal, value=refused.value)
            else:
                yield storable(Row(file=file, sheet=None, number=line.number, cells=cells))


def _without_end(line: str) -> bool:
    """Whether a line that is no JSON is the last one, and was to be an object."""
    return line.lstrip().startswith("{") and not line.endswith(("\n", "\r"))


def _parsed(text: str) -> dict[str, Any]:
    try:
        found = _DECODER.decode(text)
    except RecursionError:
        raise _Refused(Refusal.TOO_DEEP) from None
    except ValueError:
        raise _Refused(Refusal.BAD_JSON, text) from None
    if not isinstance(found, dict):
        raise _Refused(Refusal.BAD_JSON, text)
    return found


def flat(found: dict[str, Any]) -> dict[str, str]:
    """The texts of an object by name: inner objects with dots (`accept.time`), lists as JSON.

    null is an empty text, numbers are as written. Raises _Refused.
    """
    cells: dict[str, str] = {}
    for name, value in _leaves(found, "", 1):
        if name in cells or not name:
            raise _Refused(Refusal.KEY_TWICE if name else Refusal.BAD_JSON, name)
        cells[name] = value
        if len(cells) > MOST_COLUMNS:
            raise _Refused(Refusal.OVER_LONG)
    return cells


def _leaves(found: dict[str, Any], above: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth > MOST_DEPTH:
        raise _Refused(Refusal.TOO_DEEP)
    for key, value in found.items():
        name = above + column_name(key)
        if isinstance(value, dict):
            yield from _leaves(value, name + ".", depth + 1)
        else:
            yield name, _cell(value, depth)


def _cell(value: Any, depth: int) -> str:
    if isinstance(value, _Number):
        return str(value) if _WHOLE.fullmatch(value) else NoText(value)
    if isinstance(value, str):
        return trimmed(value)
    return "" if value is None else NoText(_written(value, depth))


def _written(value: Any, depth: int) -> str:
    """A value as compact JSON; at the top null is an empty text."""
    return "" if value is None else "".join(_pieces(value, depth))


def _pieces(value: Any, depth: int) -> Iterator[str]:
    if depth > MOST_DEPTH:
        raise _Refused(Refusal.TOO_DEEP)
    if isinstance(value, list):
        for place, each in enumerate(value):
            yield "," if place else "["
            yield from _pieces(each, depth + 1)
        yield "]" if value else "[]"
    elif isinstance(value, dict):
        for place, (key, each) in enumerate(value.items()):
            yield ("," if place else "{") + json.dumps(key, ensure_ascii=False) + ":"
            yield from _pieces(each, depth + 1)
        yield "}" if value else "{}"
    elif isinstance(value, _Number):
        yield value
    else:
        yield json.dumps(value, ensure_ascii=False)
