"""What is shown or exported, with names, telephones, mail addresses and identity numbers hidden.

Masked by default, in one place: by the key under which a value stands, so that no command has to
think of it. Person ids, case numbers, departments and codes are shown as they are.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from ..intake.model.statements import CASE_FIELDS
from ..people.model.id_numbers import masked as mask_ids
from ..people.model.personal import is_personal
from .text_safety import mask_name, mask_phone

#: Keys under which the name of an official or an applicant stands.
NAMES: Final = frozenset(("handler", "reviewer", "approver", "holder", "actor", "applicant"))
#: Keys under which people, or systems that nobody vouches for, write what they like.
_TEXTS: Final = frozenset(
    ("file", "text", "reason", "detail", "message", "basis", "last_error", "name", "value", "why")
)
#: Keys of a record of one `field` under which its values stand.
_VALUES: Final = frozenset(("before", "after", "bound", "later"))
_CANONICAL: Final = frozenset(CASE_FIELDS)
#: Columns of source files that hold an official's name, besides those of `is_personal`.
_OFFICIALS: Final = re.compile(
    "承办人|经办人|办理人|审核人|审批人|批准人|受理人|处理人|操作人|负责人|人员"
    r"|handler|reviewer|approver|actor|_user|user_?name"
)
_MOBILE: Final = re.compile(
    r"(?<![0-9])(?:\+?86[ -]?)?(1[3-9][0-9])[ -]?([0-9]{4})[ -]?([0-9]{4})(?![0-9])"
)
_MAIL: Final = re.compile(r"(?<![\w.+-])([\w])[\w.+-]*(@[\w-]+(?:\.[\w-]+)+)")
#: What tells a telephone number from a name.
_PHONE: Final = re.compile(r"[+\d][\d ()\-]{5,}")


def masked(value: Any, key: str = "") -> Any:
    """A document, a list or a value with what is personal in it hidden; other types as they are.

    `key` is where the value stands. Names become `张*`, telephones `138****1234`, mail addresses
    `z***@example.cn`, identity numbers `110***********123X`; keys and types stay.
    """
    if isinstance(value, str):
        return _text(value, key)
    if isinstance(value, Mapping):
        about = value.get("field")
        if isinstance(about, str):
            # What a field was and became: hidden as the field's own value is.
            return {
                name: masked_fields({about: part})[about] if name in _VALUES else part
                for name, part in value.items()
            }
        return {name: masked(part, str(name)) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [masked(part, key) for part in value]
    return value


def _text(value: str, key: str) -> str:
    if key in NAMES:
        return mask_name(value)
    if key in _TEXTS:
        return mask_text(value)
    return mask_personal(value) if is_personal(key) else value


def masked_fields(fields: Mapping[str, str | None]) -> dict[str, str | None]:
    """A case's own fields; the further ones may hold anything. None, which was erased, stays."""
    return {
        name: text
        if text is None
        else _text(text, name)
        if name in _CANONICAL or is_personal(name)
        else mask_text(text)
        for name, text in fields.items()
    }


def mask_text(text: str) -> str:
    """A free text with telephone numbers, mail addresses and identity numbers hidden.

    Names in a sentence cannot be found; who writes one is told not to (docs/personal-data.md).
    """
    text = mask_ids(text)
    if "@" in text:
        text = _MAIL.sub(r"\1***\2", text)
    return _MOBILE.sub(r"\1****\3", text)


def mask_personal(value: str) -> str:
    """The value of a field about a person: a telephone, a mail address, a number or a name."""
    hidden = mask_text(value)
    if hidden != value:
        return hidden
    return mask_phone(value) if _PHONE.fullmatch(value) else mask_name(value)


def names_persons(name: str) -> bool:
    """Whether a field or a column of this name holds the name of an official or an applicant."""
    return name in NAMES or is_personal(name) or _OFFICIALS.search(name.casefold()) is not None


def masked_row(cells: Mapping[str, str], named: frozenset[str] = frozenset()) -> dict[str, str]:
    """A source row by its own columns: those that are `named`, or are called so, hold names."""
    return {
        column: mask_personal(text)
        if column in named or is_personal(column) or _OFFICIALS.search(column.casefold())
        else mask_text(text)
        for column, text in cells.items()
    }
