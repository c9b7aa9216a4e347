"""What the parts of a rule file have in common: words, amounts, texts, whom it is for."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from ..time.amount import Amount, Threshold
from .comparison import SIGNS, Comparison


class RulePart(BaseModel):
    """A part of a rule file: nothing unknown, nothing changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


def _amount_text(text: str) -> str:
    return str(Amount.parse(text))


def _point_text(text: str) -> str:
    if text.lstrip()[:1] in SIGNS:
        return str(Comparison.parse(text))
    return str(Threshold.parse(text))


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


AmountText = Annotated[str, AfterValidator(_amount_text)]
#: A threshold of a limit, or what a measured value is compared with.
PointText = Annotated[str, AfterValidator(_point_text)]
#: One word or a list of words.
Words = Annotated[
    tuple[str, ...],
    BeforeValidator(_as_list, json_schema_input_type=str | tuple[str, ...]),
    Field(min_length=1),
]
LevelWord = Literal["warning", "yellow", "red"]


class Text(RulePart):
    """A text in both languages."""

    zh: str
    en: str


class InForce(RulePart):
    """Dates, both inclusive, on which the version binds episodes that start (docs/time.md 20)."""

    from_: date = Field(alias="from")
    to: date | None = None


class LegalBasis(RulePart):
    """Article and what it says.

    `reading`: `text` where the article says so in its own words, as they were read; `ours` where it
    is a reading or an inference of ours, or only a summary, a beginning or a program was at hand.
    """

    ref: str
    reading: Literal["text", "ours"]
    says: str


class Match(RulePart):
    """Which cases a rule applies to: every named field must have one of the listed values."""

    item_kind: Words | None = None
    item_code: Words | None = None
    region: Words | None = None
    department: Words | None = None
    channel: Words | None = None
    attributes: dict[str, Words] | None = None
    not_: "Match | None" = Field(default=None, alias="not")

    def matches(self, fields: Mapping[str, str]) -> bool:
        """Whether a case with these fields is meant; a missing field matches nothing."""
        for name in ("item_kind", "item_code", "region", "department", "channel"):
            wanted = getattr(self, name)
            if wanted is not None and fields.get(name) not in wanted:
                return False
        for name, wanted in (self.attributes or {}).items():
            if fields.get(name) not in wanted:
                return False
        return self.not_ is None or not self.not_.matches(fields)
