"""Parquet, by the extra `parquet`: some thousand rows at a time, only the columns that are read."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

from efficiency_monitor.core.faults import ConfigurationError
from efficiency_monitor.language import t

from .file_bytes import Meter
from .headers import Header, Layout, misfit, storable, trimmed
from .parsing import parsing, unreadable
from .rows import Quarantined, Refusal, Row, refuse
from .worksheets import MOST_EXACT, text_of

#: Rows that are in memory together.
_SLICE: Final = 10_000
#: From here on a single-precision number skips whole numbers.
_MOST_EXACT_SINGLE: Final = 2**24


class _Bad(NamedTuple):
    """A value that is no usable text."""

    refusal: Refusal
    value: str


_Texts = Callable[[Any], list[str | _Bad]]


def read_parquet(
    path: Path, file: str, layout: Layout | None, meter: Meter
) -> Iterator[Row | Quarantined]:
    """The rows of a Parquet file, numbered from 1. A row that holds nothing is a row too.

    Raises ConfigurationError if polars is not installed, the file is damaged or no table fits it.
    """
    try:
        import polars
    except ImportError:
        raise ConfigurationError(
            t(f"{file}：读取 Parquet 需要 polars", f"{file}: reading Parquet takes polars"),
            "pip install 'efficiency-monitor[parquet]'",
        ) from None
    with parsing(file, "Parquet"):
        frame = polars.scan_parquet(path, glob=False, hive_partitioning=False, low_memory=True)
        leaves = list(_leaves(polars, frame.collect_schema().items(), ""))
        total = frame.select(polars.len()).collect().item()
    names = [name or f"#{place}" for place, (name, _, _) in enumerate(leaves, start=1)]
    header = Header(names, file=file, sheet=None, number=1)
    chosen = _chosen(header.names, file, layout)
    parts = [(n, leaf) for n, leaf in zip(header.names, leaves, strict=True) if n in chosen]
    columns = [name for name, _ in parts]
    with parsing(file, "Parquet"):
        frame = frame.select([part.alias(name) for name, (_, part, _) in parts])
    done = 0
    while done < total:
        with parsing(file, "Parquet"):
            piece = frame.slice(done, _SLICE).collect()
            texts = [read(piece[name]) for name, (_, _, read) in parts]
        if not piece.height:
            raise unreadable(file, "Parquet", f"{done} < {total}")
        for number, values in enumerate(zip(*texts, strict=True), start=done + 1):
            yield _row(file, number, columns, values)
        done += piece.height
        meter.at(meter.size * done // total)


def _chosen(names: Sequence[str], file: str, layout: Layout | None) -> frozenset[str]:
    """The columns to be read."""
    if layout is None:
        return frozenset(names)
    if not layout.is_header(names, None):
        raise misfit(layout, names, file, 1)
    return layout.wanted(names, None)


def _row(
    file: str, number: int, columns: Sequence[str], values: Sequence[str | _Bad]
) -> Row | Quarantined:
    cells = {
        name: value.value if isinstance(value, _Bad) else value
        for name, value in zip(columns, values, strict=True)
    }
    row = Row(file=file, sheet=None, number=number, cells=cells)
    for name, value in zip(columns, values, strict=True):
        if isinstance(value, _Bad):
            return refuse(row, value.refusal, column=name, value=value.value)
    return storable(row)


def _leaves(
    polars: Any, fields: Iterable[tuple[str, Any]], above: str, struct: Any = None
) -> Iterator[tuple[str, Any, _Texts]]:
    """Every column, inner ones of structs with dots: its name, how it is selected and read."""
    for name, kind in fields:
        part = polars.col(name) if struct is None else struct.struct.field(name)
        if isinstance(kind, polars.Struct) and kind.fields:
            inner = [(field.name, field.dtype) for field in kind.fields]
            yield from _leaves(polars, inner, f"{above}{trimmed(name)}.", part)
        else:
            yield f"{above}{trimmed(name)}", part, _reader(polars, kind)


def _reader(polars: Any, kind: Any) -> _Texts:
    """How a column of this type becomes texts; null is an empty one."""
    if kind.is_integer() or kind in (polars.Categorical, polars.Enum):
        return lambda column: column.cast(polars.String).fill_null("").to_list()
    if kind == polars.Datetime:
        # Fractions of a second stand there only if there are some.
        form = "%Y-%m-%d %H:%M:%S%.f" if kind.time_zone is None else "%Y-%m-%dT%H:%M:%S%.f%:z"
        return lambda column: column.dt.strftime(form).fill_null("").to_list()
    if kind in (polars.Float32, polars.Float64):
        most = MOST_EXACT if kind == polars.Float64 else _MOST_EXACT_SINGLE
        return lambda column: [_number(text, most) for text in column.cast(polars.String)]
    return lambda column: [_text(value) for value in column.to_list()]


def _number(text: str | None, most: int) -> str | _Bad:
    """A floating-point number, written out; one that may have lost its last digits is refused."""
    if text is None:
        return ""
    number = Decimal(text)
    if not number.is_finite():
        return _Bad(Refusal.NO_NUMBER, text)
    plain = format(number.to_integral() if number == int(number) else number, "f")
    return plain if abs(number) < most else _Bad(Refusal.ROUNDED_NUMBER, plain)


def _text(value: Any) -> str | _Bad:
    """Any other value. A list is compact JSON."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        return _Bad(Refusal.BINARY, "")
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, list | dict):
        try:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_inner)
        except TypeError:
            return _Bad(Refusal.BINARY, "")
    return text_of(value)


def _inner(value: Any) -> str:
    """A value in a list for which JSON has no form; bytes have no other one either."""
    text = _text(value)
    if isinstance(text, _Bad):
        raise TypeError
    return text
