"""Measures that regulations name for a card 处理措施: proposed and recorded, never imposed."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..located_error import LocatedError
from ..terms import Level

_ID = r"^[a-z][a-z0-9_]{0,39}$"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Title(_Model):
    """A name in both languages; it says that it is a proposal."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)

    @model_validator(mode="after")
    def _a_proposal(self) -> "Title":
        if "建议" not in self.zh or not self.en.startswith("Proposal"):
            raise ValueError("effmon proposes: write 建议… and Proposal: …")
        return self


class Regulation(_Model):
    """Where a measure stands, and who decides on it."""

    ref: str = Field(min_length=1)
    article: str = Field(min_length=1)
    decided_by: str = Field(min_length=1)


class Measure(_Model):
    """One measure: its id, which stays, the levels it is for, and the regulation behind it."""

    id: str = Field(pattern=_ID)
    title: Title
    levels: tuple[Literal["yellow", "red"], ...] = Field(min_length=1)
    regulation: Regulation
    says: str = Field(min_length=1)
    #: How far the regulation's text could be read.
    read: Literal["full", "partly"]
    #: What could not be read.
    unread: str | None = None

    @model_validator(mode="after")
    def _what_was_not_read(self) -> "Measure":
        if (self.read == "partly") != (self.unread is not None):
            raise ValueError("unread: say what could not be read, and only then")
        return self

    def is_for(self, level: Level) -> bool:
        """Whether the regulation ties it to cards of this level."""
        return level.word in self.levels


class MeasuresFile(_Model):
    """`measures.yaml`."""

    measures: tuple[Measure, ...]


def check_measures(file: MeasuresFile) -> tuple[Measure, ...]:
    """The measures in their order; LocatedError where an id stands twice."""
    ids = [measure.id for measure in file.measures]
    twice = [place for place, each in enumerate(ids) if each in ids[:place]]
    if twice:
        raise LocatedError(
            [(("measures", place, "id"), f"{ids[place]!r} stands twice") for place in twice]
        )
    return file.measures


def proposals(measures: Sequence[Measure], level: Level) -> tuple[Measure, ...]:
    """The measures that may be proposed for a card of this level."""
    return tuple(measure for measure in measures if measure.is_for(level))
