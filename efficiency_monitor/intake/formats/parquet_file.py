"""Parquet, by the extra `parquet`: some thousand rows at a time, only the columns that are read."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.i18n.messages import t

from .file_bytes import Meter
from .headers import Header, Layout, misfit, storable, trimmed
from .parsing import parsing, unreadable
from .rows import Quarantined, Refusal, Row, refuse
from .worksheets import MOST_EXACT, text_of

#: Rows that are in memory together.
_SLICE: Final = 4_000
#: Bytes of a column that are read ahead.
_BUFFER: Final = 1 << 18
#: Rows for each byte of the file, asked from a million rows on: what tells rows apart takes more.
_MOST_ROWS: Final = 50
_ROWS_FROM: Final = 1_000_000
#: Unpacked bytes of a group of rows for each byte of the file, asked from `_MOST_TEXT` on.
_MOST_RATIO: Final = 200
#: Bytes of text in one slice. A text that comes often stands in the file once.
_MOST_TEXT: Final = 128_000_000
#: From here on a single-precision number skips whole numbers.
_MOST_EXACT_SINGLE: Final = 2**24
_EPOCH: Final = datetime(1970, 1, 1)
_PER_SECOND: Final = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


class _Bad(NamedTuple):
    """A value that is no usable text."""

    refusal: Refusal
    value: str = ""


_Texts = list[str | _Bad]


class _Column(NamedTuple):
    """A column without inner ones: its name, where it stands, and how its values become texts."""

    name: str
    path: tuple[int, ...]
    texts: Callable[[Any], _Texts]


def read_parquet(
    path: Path, file: str, layout: Layout | None, meter: Meter
) -> Iterator[Row | Quarantined]:
    """The rows of a Parquet file, numbered from 1. A row that holds nothing is a row too.

    Raises ConfigurationError if pyarrow is not installed, the file is damaged or no table fits it.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise ConfigurationError(
            t("{file}: reading Parquet takes pyarrow", file=file),
            t("install the extra parquet (deploy/README.md)"),
        ) from None
    with parsing(file, "Parquet"):
        with pyarrow.parquet.ParquetFile(path) as whole:
            repeated = _texts_once(whole.metadata, path.stat().st_size, file)
        opened = pyarrow.parquet.ParquetFile(
            path,
            buffer_size=_BUFFER,
            page_checksum_verification=True,
            read_dictionary=repeated,
        )
    with opened as source:
        with parsing(file, "Parquet"):
            fields = list(source.schema_arrow)
            total = source.metadata.num_rows
            columns = list(_columns(pyarrow, fields, "", ()))
        chosen = _chosen(columns, file, layout)
        tops = dict.fromkeys(fields[column.path[0]].name for _, column in chosen)
        with parsing(file, "Parquet"):
            # Group by group: texts that are kept once cannot be joined across two groups.
            batches = (
                batch
                for group in range(source.metadata.num_row_groups)
                for batch in source.iter_batches(
                    batch_size=_SLICE, row_groups=[group], columns=list(tops), use_threads=False
                )
            )
        done = 0
        while True:
            with parsing(file, "Parquet"):
                batch = next(batches, None)
                if batch is None:
                    break
                _check_text(pyarrow, batch, file)
                texts = [
                    texts_of(_part(batch.column(fields[top].name), inner))
                    for _, (_, (top, *inner), texts_of) in chosen
                ]
            for number, values in enumerate(zip(*texts, strict=True), start=done + 1):
                yield _row(file, number, [name for name, _ in chosen], values)
            done += batch.num_rows
            meter.at(meter.size * done // max(total, 1))
    if done != total:
        raise unreadable(file, "Parquet", f"{done} ≠ {total}")


def _texts_once(metadata: Any, size: int, file: str) -> list[str]:
    """The columns of texts, to be read so that a text that comes often is in memory once.

    A file of a kilobyte can hold one long text two thousand times, which is two gigabytes.
    ConfigurationError for a file with more rows than it can tell apart.
    """
    if metadata.num_rows > max(_ROWS_FROM, _MOST_ROWS * size):
        raise _bomb(file, t("{num_rows} rows", num_rows=metadata.num_rows))
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        if group.total_byte_size > max(_MOST_TEXT, _MOST_RATIO * size):
            raise _bomb(file, f"{group.total_byte_size // 1_000_000} MB")
    columns = map(metadata.schema.column, range(metadata.num_columns))
    return [
        column.path
        for column in columns
        if column.physical_type == "BYTE_ARRAY" and column.logical_type.type != "DECIMAL"
    ]


def _check_text(pyarrow: Any, batch: Any, file: str) -> None:
    """ConfigurationError where the texts of a slice, each counted as often as it comes, are more
    than is kept in memory."""
    size = sum(_text_bytes(pyarrow, column) for column in batch.columns)
    if size > _MOST_TEXT:
        raise _bomb(file, f"{size // 1_000_000} MB > {_MOST_TEXT // 1_000_000} MB")


def _text_bytes(pyarrow: Any, array: Any) -> int:
    from pyarrow import compute

    kind = array.type
    if pyarrow.types.is_dictionary(kind):
        lengths = compute.binary_length(array.dictionary)
        named = lengths.take(array.indices).cast(pyarrow.int64())
        return int(compute.sum(named).as_py() or 0)
    if pyarrow.types.is_map(kind):
        return _text_bytes(pyarrow, array.keys) + _text_bytes(pyarrow, array.items)
    if pyarrow.types.is_nested(kind) and not pyarrow.types.is_union(kind):
        inner = array.flatten()
        parts = inner if isinstance(inner, list) else [inner]
        return sum(_text_bytes(pyarrow, part) for part in parts)
    return int(array.nbytes)


def _bomb(file: str, what: str) -> ConfigurationError:
    return ConfigurationError(
        t("{file}: too large, or a bomb: {what}", file=file, what=what),
        t("split it, or save it as CSV"),
    )


def _chosen(
    columns: Sequence[_Column], file: str, layout: Layout | None
) -> list[tuple[str, _Column]]:
    """The columns to be read, with their names as a header has them."""
    names = [column.name or f"#{place}" for place, column in enumerate(columns, start=1)]
    header = Header(names, file=file, sheet=None, number=1)
    if layout is None:
        wanted = frozenset(header.names)
    elif layout.is_header(header.names, None):
        wanted = layout.wanted(header.names, None)
    else:
        raise misfit(layout, header.names, file, 1)
    return [pair for pair in zip(header.names, columns, strict=True) if pair[0] in wanted]


def _part(array: Any, path: Sequence[int]) -> Any:
    """An inner column; where the outer one is null so is the inner one."""
    for place in path:
        array = array.flatten()[place]
    return array


def _row(
    file: str, number: int, names: Sequence[str], values: Sequence[str | _Bad]
) -> Row | Quarantined:
    cells = {
        name: value.value if isinstance(value, _Bad) else value
        for name, value in zip(names, values, strict=True)
    }
    row = Row(file=file, sheet=None, number=number, cells=cells)
    for name, value in zip(names, values, strict=True):
        if isinstance(value, _Bad):
            return refuse(row, value.refusal, column=name, value=value.value)
    return storable(row)


def _columns(
    pyarrow: Any, fields: Sequence[Any], above: str, path: tuple[int, ...]
) -> Iterator[_Column]:
    """Every column, inner ones of structs with dots."""
    for place, field in enumerate(fields):
        kind = field.type
        if pyarrow.types.is_struct(kind) and kind.num_fields:
            name = f"{above}{trimmed(field.name)}."
            inner = [kind.field(each) for each in range(kind.num_fields)]
            yield from _columns(pyarrow, inner, name, (*path, place))
        else:
            yield _Column(f"{above}{trimmed(field.name)}", (*path, place), _reader(pyarrow, kind))


def _reader(pyarrow: Any, kind: Any) -> Callable[[Any], _Texts]:
    """How an array of this type becomes texts; null is an empty one."""
    types = pyarrow.types
    if types.is_dictionary(kind):
        plain = _reader(pyarrow, kind.value_type)
        return lambda array: plain(array.dictionary_decode())
    if types.is_timestamp(kind):
        return lambda array: [
            "" if value is None else _time(value, _PER_SECOND[kind.unit], kind.tz is not None)
            for value in array.cast(pyarrow.int64()).to_pylist()
        ]
    if types.is_floating(kind):
        most = MOST_EXACT if types.is_float64(kind) else _MOST_EXACT_SINGLE
        return lambda array: [
            "" if text is None else _number(text, most)
            for text in array.cast(pyarrow.string()).to_pylist()
        ]
    return lambda array: [_text(value) for value in _values(array)]


def _values(array: Any) -> list[Any]:
    """The values of an array; what Python has no value for is a _Bad one."""
    try:
        return list(array.to_pylist())
    except (ValueError, OverflowError):
        return [_value(scalar) for scalar in array]


def _value(scalar: Any) -> Any:
    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        return _Bad(Refusal.UNDECODABLE)
    except (ValueError, OverflowError):
        return _Bad(Refusal.NO_SUCH_TIME, str(scalar.value))


def _time(value: int, per_second: int, zoned: bool) -> str | _Bad:
    """A time, in UTC if it is an instant; a fraction of a second only if there is one."""
    seconds, rest = divmod(value, per_second)
    try:
        text = (_EPOCH + timedelta(seconds=seconds)).isoformat("T" if zoned else " ")
    except OverflowError:
        return _Bad(Refusal.NO_SUCH_TIME, str(value))
    if rest:
        text += f".{rest:0{len(str(per_second)) - 1}}".rstrip("0")
    return text + "Z" if zoned else text


def _number(text: str, most: int) -> str | _Bad:
    """A floating-point number, written out; one that may have lost its last digits is refused."""
    number = Decimal(text)
    if not number.is_finite():
        return _Bad(Refusal.NO_NUMBER, text)
    plain = format(number.to_integral() if number == int(number) else number, "f")
    return plain if abs(number) < most else _Bad(Refusal.ROUNDED_NUMBER, plain)


def _text(value: Any) -> str | _Bad:
    """Any other value. A list is compact JSON."""
    if value is None:
        return ""
    if isinstance(value, _Bad):
        return value
    if isinstance(value, bytes):
        return _Bad(Refusal.BINARY)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, list | dict):
        try:
            return json.dumps(
                value, ensure_ascii=False, separators=(",", ":"), default=_inner, allow_nan=False
            )
        except TypeError:
            return _Bad(Refusal.BINARY)
        except ValueError:
            return _Bad(Refusal.NO_NUMBER, "NaN")
    return text_of(value)


def _inner(value: Any) -> str:
    """A value in a list for which JSON has no form; bytes have no other one either."""
    text = _text(value)
    if isinstance(text, _Bad):
        raise TypeError
    return text
