"""Parquet, by the extra `parquet`: some thousand rows at a time, only the columns that are read."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

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

#: What a column's values are as texts, None for those that are no text.
_Texts = Callable[[Any], list[str | Refusal]]


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
        schema = frame.collect_schema()
        columns = dict(_leaves(polars, schema.items(), ""))
    header = Header(list(columns), file=file, sheet=None, number=1)
    chosen = _chosen(header.names, file, layout)
    # A column's name in the file may be trimmed in the header.
    parts = {
        name: part for name, part in zip(header.names, columns.values(), strict=False)
        if name in chosen
    }  # fmt: skip
    with parsing(file, "Parquet"):
        total = frame.select(polars.len()).collect().item()
        frame = frame.select([part[0].alias(name) for name, part in parts.items()])
    done = 0
    while done < total:
        with parsing(file, "Parquet"):
            piece = frame.slice(done, _SLICE).collect()
            texts = [part[1](piece[name]) for name, part in parts.items()]
        if not piece.height:
            raise unreadable(file, "Parquet", f"{done} < {total}")
        for number, values in enumerate(zip(*texts, strict=True), start=done + 1):
            yield _row(file, number, parts, values)
        done += piece.height
        meter.at(meter.size * done // total)


def _chosen(names: Sequence[str], file: str, layout: Layout | None) -> frozenset[str]:
    if layout is None:
        return frozenset(names)
    if not layout.is_header(names, None):
        raise misfit(layout, names, file, 1)
    return layout.wanted([name for name in names if name], None)


def _row(
    file: str, number: int, names: Sequence[str] | dict[str, Any], values: Sequence[str | Refusal]
) -> Row | Quarantined:
    cells = dict(zip(names, values, strict=True))
    bad = next((name for name, value in cells.items() if isinstance(value, Refusal)), None)
    row = Row(
        file=file,
        sheet=None,
        number=number,
        cells={n: "" if isinstance(value, Refusal) else value for n, value in cells.items()},
    )
    if bad is None:
        return storable(row)
    return refuse(row, Refusal(cells[bad]), column=bad)


def _leaves(
    polars: Any, fields: Any, above: str, expression: Any = None
) -> Iterator[tuple[str, tuple[Any, _Texts]]]:
    """Every column by name, inner ones of structs with dots: how it is selected and read."""
    for name, kind in fields:
        part = polars.col(name) if expression is None else expression.struct.field(name)
        if isinstance(kind, polars.Struct) and kind.fields:
            inner = ((field.name, field.dtype) for field in kind.fields)
            yield from _leaves(polars, inner, f"{above}{trimmed(name)}.", part)
        else:
            yield f"{above}{name}", (part, _reader(polars, kind))


def _reader(polars: Any, kind: Any) -> _Texts:
    """How a column of this type becomes texts; null is an empty one."""
    if kind.is_integer() or kind in (polars.Categorical, polars.Enum):
        return lambda column: column.cast(polars.String).fill_null("").to_list()
    if isinstance(kind, polars.Datetime):
        # Fractions of a second only where there are some.
        form = "%Y-%m-%d %H:%M:%S%.f" if kind.time_zone is None else "%Y-%m-%dT%H:%M:%S%.f%:z"
        return lambda column: column.dt.strftime(form).fill_null("").to_list()
    if kind == polars.Float32 or kind == polars.Float64:
        most = MOST_EXACT if kind == polars.Float64 else _MOST_EXACT_SINGLE
        return lambda column: [
            _number(value, most) for value in column.cast(polars.String).to_list()
        ]
    if kind == polars.Binary:
        return lambda column: [
            "" if value is None else Refusal.BINARY for value in column.to_list()
        ]
    return lambda column: [_text(value) for value in column.to_list()]


def _number(text: str | None, most: int) -> str | Refusal:
    """A floating-point number, written out; one that may have lost its last digits is refused."""
    if text is None:
        return ""
    number = Decimal(text)
    if not number.is_finite():
        return Refusal.NO_NUMBER
    if abs(number) >= most:
        return Refusal.ROUNDED_NUMBER
    return format(number.to_integral() if number == int(number) else number, "f")


def _text(value: Any) -> str | Refusal:
    if value is None:
        return ""
    if isinstance(value, str):
        return trimmed(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if hasattr(value, "to_list"):
        value = value.to_list()
    if isinstance(value, list | dict):
        try:
            return _json(value)
        except TypeError:
            return Refusal.BINARY
    return text_of(value)


def _json(value: Any) -> str:
    return json.dumps(
        value, ensure_ascii=False, separators=(",", ":"), default=_inner, allow_nan=False
    )


def _inner(value: Any) -> str:
    """A value inside a list that JSON has no form for."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    raise TypeError
