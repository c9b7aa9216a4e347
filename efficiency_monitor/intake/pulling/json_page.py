"""A page of rows in a JSON answer: where the rows stand, and each of them as one line of text.

Numbers stay as they are written, and an object that has a name twice keeps both: what is wrong
with a row is said by the reader of JSON Lines, which quarantines it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from efficiency_monitor.faults import FeedFailed
from efficiency_monitor.i18n.messages import t


class _Object(tuple[tuple[str, Any], ...]):
    """A JSON object with its names in order, double ones included."""

    __slots__ = ()


class _Number(str):
    """A number as it is written."""

    __slots__ = ()


_MISSING = object()


@dataclass(frozen=True, slots=True)
class Page:
    """One answer. `host` and `table` name it in faults."""

    answer: Any
    where: str

    @classmethod
    def read(cls, body: bytes, where: str, encoding: str | None) -> "Page":
        """Read an answer; FeedFailed if it is no JSON. Nothing of it is shown: it may be anything.

        JSON is UTF-8; `encoding` is tried where it is not.
        """
        try:
            text = body.decode("utf-8-sig")
        except UnicodeDecodeError:
            try:
                text = body.decode(encoding or "utf-8")
            except (ValueError, LookupError):  # of an encoding that is none, too
                raise _failed(where, t("is no text in UTF-8")) from None
        try:
            answer = json.loads(
                text,
                object_pairs_hook=_Object,
                parse_float=_Number,
                parse_int=_Number,
                parse_constant=_no_number,
            )
        except (ValueError, RecursionError):
            raise _failed(where, t("is no JSON, or cut off")) from None
        return cls(answer, where)

    def text_at(self, path: str) -> str | None:
        """The text or number at a dotted path; None where there is nothing, or an empty text.

        FeedFailed where something else stands there.
        """
        found = _at(self.answer, path)
        if found is _MISSING or found is None or found == "":
            return None
        if isinstance(found, bool):
            return "true" if found else "false"
        if not isinstance(found, str):
            raise _failed(
                self.where,
                t("has neither text nor number at {path}", path=path),
            )
        return str(found)

    def rows(self, path: str, *, empty_is_none: bool) -> list[Any]:
        """The rows at a dotted path (empty: the answer itself).

        FeedFailed if there is no list. A null is an empty list only with `empty_is_none`: an
        answer that says of itself that it went well.
        """
        found = _at(self.answer, path) if path else self.answer
        if found is None and empty_is_none:
            return []
        if not isinstance(found, list):
            place = path or t("its top")
            raise _failed(self.where, t("has no list of rows at {place}", place=place))
        return found


def _failed(where: str, what: str) -> FeedFailed:
    return FeedFailed(
        t("the answer of {where} {what}", where=where, what=what),
        t("check the address, the token and `rows`; a login or error page looks like this too"),
    )


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _at(value: Any, path: str) -> Any:
    for name in path.split("."):
        if not isinstance(value, _Object):
            return _MISSING
        found = [inner for key, inner in value if key == name]
        if not found:
            return _MISSING
        value = found[-1]
    return value


def lines_of(rows: list[Any], where: str) -> bytes:
    """Rows as JSON Lines, in ASCII: no character of a row can be taken for the end of a line."""
    try:
        return "".join(f"{''.join(_pieces(row))}\n" for row in rows).encode("ascii")
    except RecursionError:
        raise _failed(where, t("is nested too deeply")) from None


def _pieces(value: Any) -> Iterator[str]:
    if isinstance(value, _Object):
        yield "{"
        for place, (name, inner) in enumerate(value):
            yield f"{',' if place else ''}{json.dumps(name)}:"
            yield from _pieces(inner)
        yield "}"
    elif isinstance(value, list):
        yield "["
        for place, inner in enumerate(value):
            yield "," if place else ""
            yield from _pieces(inner)
        yield "]"
    else:
        yield str(value) if isinstance(value, _Number) else json.dumps(value)
