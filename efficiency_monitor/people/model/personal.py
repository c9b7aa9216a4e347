"""Personal data of a case: which fields hold it, and the seal that stands for a value.

A case's versions are kept for ever and may not be changed. So they hold no name of an applicant
and no telephone number, but a *seal*: a salted commitment. Value and salt stand elsewhere and can
be deleted; what was judged, signed and exported rests on the seal and stays as it was.
"""

import re
import unicodedata
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Final

from ...intake.model.statements import CASE_FIELDS, CaseFacts, RowFacts
from ...ledger.model.entries import commitment
from .id_numbers import SHORTEST, find_id_number

#: A tilde and 32 bytes in base64. A text from a source never stands where a seal does: every
#: value of such a field is sealed, also one that looks like a seal.
_SEAL: Final = re.compile(r"~[0-9A-Za-z_-]{43}")
#: In the name of a field: it says something of a person who is no official.
_OF_PERSONS: Final = re.compile(
    "申请人|申请者|申办人|联系人|联系电话|联系方式|电话号码|手机|邮箱|身份证|证件号|法定代表人|法人姓名"
    "|代办人|委托人|住址|家庭地址"
    r"|applicant|appl(?:y|yer)_?name|phone|mobile|telephone|e_?mail|id_?card|id_?number|passport"
    r"|contact_?(?:name|person|number)|home_?address"
)
#: … but not if it says of which kind they are: rules may match that.
_OF_KINDS: Final = re.compile("(?:类型|类别|性质|种类|人数|数量|type|kind|category|count)$")
_CANONICAL: Final = frozenset(CASE_FIELDS)
_BETWEEN: Final = re.compile(r"[\s\-.]+")


@lru_cache(maxsize=4096)
def is_personal(name: str) -> bool:
    """Whether a field or a column of this name holds data of an applicant (申请人, 手机号).

    Names of officials (handler, reviewer, approver, actor) are not meant: they are needed to say
    who was accountable, and are kept with the cards. Letters' case and width do not matter.
    """
    plain = _BETWEEN.sub("_", unicodedata.normalize("NFKC", name).casefold())
    return _OF_PERSONS.search(plain) is not None and _OF_KINDS.search(plain) is None


def is_seal(text: str) -> bool:
    """Whether the text is a seal, and not a value."""
    return _SEAL.fullmatch(text) is not None


def seal(salt: bytes, value: str) -> str:
    """The seal of a value under 32 random bytes that belong to one field of one case.

    The same value under the same salt has the same seal: that is how a file that says nothing new
    is known again.
    """
    return "~" + urlsafe_b64encode(bytes.fromhex(commitment(salt, value)))[:-1].decode()


def sealed(row: RowFacts, take: Callable[[str, str], str | None]) -> RowFacts:
    """The row with a seal in the place of each personal value of its case.

    `take` is told a field and its value, and answers with the seal; None: the field is left out.
    A row without such fields is returned as it is.
    """
    if row.case is None:
        return row
    names = [name for name, text in row.case.fields.items() if to_seal(name, text)]
    return row if not names else replace(row, case=_sealed(row.case, names, take))


def to_seal(name: str, text: str) -> bool:
    """Whether a field's value is sealed: what is personal by its name; a number of an identity card
    that a mapping allows, whatever its attribute is called; and what only looks like a seal, so
    that nothing that stands there unsealed does.
    """
    if is_personal(name) or is_seal(text):
        return True
    return name not in _CANONICAL and len(text) >= SHORTEST and find_id_number(text) is not None


def _sealed(case: CaseFacts, names: list[str], take: Callable[[str, str], str | None]) -> CaseFacts:
    fields: dict[str, str] = dict(case.fields)
    for name in names:
        stands = take(name, fields[name])
        if stands is None:
            del fields[name]
        else:
            fields[name] = stands
    return replace(case, fields=fields)


def opened(fields: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str | None]:
    """The fields with the values that are known of their seals; None where one was erased."""
    return {name: values.get(text) if is_seal(text) else text for name, text in fields.items()}
