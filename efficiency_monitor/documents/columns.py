"""A column of anything that is listed, and the two forms of a value: for machines and for people.

One definition of a column serves the terminal, pipes, CSV, JSON and workbooks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any

from efficiency_monitor.i18n.language import say_amount
from efficiency_monitor.i18n.messages import one_of, t
from efficiency_monitor.terms import Level
from efficiency_monitor.time.amount import Amount, decimal_text

#: A record as services hand it on: a mapping or a dataclass.
Row = Any


def say_value(value: Any) -> str:
    """A value in words, where a column has no words of its own: amounts, levels, lists, 是/否."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return t("yes") if value else t("no", ctx="columns")
    if isinstance(value, str) and not isinstance(value, Enum):
        return value
    if isinstance(value, Amount):
        return say_amount(value)
    if isinstance(value, Mapping):
        if set(value) == {"value", "unit"}:
            return say_amount(value)
        if set(value) == {"zh", "en"}:
            return one_of(str(value["zh"]), str(value["en"]))
        return t("; ").join(f"{key}{t(': ')}{say_value(one)}" for key, one in value.items())
    if isinstance(value, (list, tuple)):
        return t(", ").join(say_value(one) for one in value)
    return machine_text(value)


def coded(words: Mapping[str, str]) -> Callable[[Any], str]:
    """`say` for a column of codes: their words by code; another code stays as it is."""
    return lambda code: t(words[code]) if code in words else say_value(code)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a list.

    `key` is the field of the record and the name in JSON and CSV; a dot reaches into a record
    within (`cards.issued.red`). `say` gives the words for a value that is not None; it gets the
    value as JSON holds it (a level as its word, a time as text), whatever the record is made of.
    """

    key: str
    heading: str
    say: Callable[[Any], str] = say_value
    #: 1 always stays, 2 goes first below 60 columns, 3 below 80, 4 below 100.
    priority: int = 1
    #: Narrowest useful width in cells; None: the column is never folded (numbers of cases, times).
    least: int | None = None
    right: bool = False
    #: Terminal style by value (its machine form); the words alone must tell as much.
    styles: Mapping[str, str] | None = None
    #: Tells apart headings that are one word in English (`i18n.messages.mark`).
    ctx: str | None = None

    @property
    def title(self) -> str:
        """The heading in the current language."""
        return t(self.heading, ctx=self.ctx)

    def value(self, row: Row) -> Any:
        """The value in a record, None where it has none."""
        found: Any = row
        for name in self.key.split("."):
            if isinstance(found, Mapping):
                found = found.get(name)
            else:
                found = getattr(found, name, None)
        return found

    def words(self, row: Row) -> str:
        """The value for people, not yet safe to print; empty where there is none."""
        value = self.value(row)
        return "" if value is None else self.say(plain(value))

    def style(self, row: Row) -> str:
        """The terminal style of the value, empty for none."""
        return (self.styles or {}).get(machine_text(self.value(row)), "")


#: Styles of levels, for every column that shows one.
LEVEL_STYLES: Mapping[str, str] = {"warning": "cyan", "yellow": "yellow", "red": "bold red"}


def as_record(row: Row, columns: tuple[Column, ...] = ()) -> dict[str, Any]:
    """The record as JSON values: the columns' fields first, in their order and always there."""
    given = plain(row)
    if not isinstance(given, dict):
        raise TypeError(f"a record is a mapping or a dataclass, not {type(row).__name__}")
    record = {column.key: plain(column.value(row)) for column in columns if "." not in column.key}
    record.update(given)
    return record


def plain(value: Any) -> Any:
    """A value as JSON holds it (docs/contract.md 15): enums as their word, times as ISO."""
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, Level):
        return value.word
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, (str, int)):
        return value
    if isinstance(value, Amount):
        return value.as_json()
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, (set, frozenset)):
        return sorted(plain(one) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return str(value)


def machine_text(value: Any) -> str:
    """A value as one stable string for CSV: codes, ISO times, `17 working_days`; empty for None."""
    found = plain(value)
    if found is None:
        return ""
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, dict):
        if set(found) == {"value", "unit"}:
            return f"{found['value']} {found['unit']}"
        if set(found) == {"sign", "value", "unit"}:  # what a measured value is compared with
            return f"{found['sign']} {found['value']} {found['unit']}".strip()
        return "; ".join(f"{key}={machine_text(one)}" for key, one in found.items())
    if isinstance(found, list):
        return "; ".join(machine_text(one) for one in found)
    return str(found)
