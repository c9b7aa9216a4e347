"""Event types and grounds of suspension as data, with their names in Chinese and English."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field

from ..located_error import Loc, LocatedError

_CODE = r"^[a-z][a-z0-9_]*$"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EventTypeEntry(_Model):
    """One event type as the file has it."""

    type: str = Field(pattern=_CODE)
    rank: int = Field(ge=0, le=10_000)
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)
    follows: tuple[str, ...] = ()
    ends_case: bool = False
    finishes: bool = False


class SuspensionKindEntry(_Model):
    """One ground of suspension as the file has it."""

    kind: str = Field(pattern=_CODE)
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)
    lawful: bool


class VocabularyFile(_Model):
    """`vocabulary.yaml`."""

    events: tuple[EventTypeEntry, ...] = Field(min_length=1)
    suspension_kinds: tuple[SuspensionKindEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType:
    """A type of event.

    `rank` orders events of one instant (time.md 18). Where a type in `follows` is present, it must
    not come later than this one. `ends_case` stops every clock of the case (contract.md 3). After
    one that `finishes` a case without a running clock is no longer open.
    """

    type: str
    rank: int
    zh: str
    en: str
    follows: tuple[str, ...] = ()
    ends_case: bool = False
    finishes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspensionKind:
    """A ground of `suspended`; `lawful` if it is on the list of 行政许可法 Art. 45."""

    kind: str
    zh: str
    en: str
    lawful: bool


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every event type and every kind of suspension, by code."""

    types: Mapping[str, EventType]
    kinds: Mapping[str, SuspensionKind]
    _type_names: Mapping[str, str] = field(repr=False)
    _kind_names: Mapping[str, str] = field(repr=False)

    def find_type(self, text: str) -> str | None:
        """The code of an event type given its code, Chinese or English name; None if unknown."""
        return self._type_names.get(_folded(text))

    def find_kind(self, text: str) -> str | None:
        """The code of a kind of suspension given its code or a name; None if unknown."""
        return self._kind_names.get(_folded(text))


def build_vocabulary(file: VocabularyFile) -> Vocabulary:
    """The vocabulary of a file; LocatedError (a ValueError) names every contradiction in it."""
    faults: list[tuple[Loc, str]] = []
    type_names = _names(
        ((("events", n), entry.type, entry.zh, entry.en) for n, entry in enumerate(file.events)),
        faults,
    )
    kind_names = _names(
        (
            (("suspension_kinds", n), entry.kind, entry.zh, entry.en)
            for n, entry in enumerate(file.suspension_kinds)
        ),
        faults,
    )
    ranks = {entry.type: entry.rank for entry in file.events}
    for number, entry in enumerate(file.events):
        for place, earlier in enumerate(entry.follows):
            loc: Loc = ("events", number, "follows", place)
            if earlier not in ranks:
                faults.append((loc, f"no event type is called {earlier!r}"))
            elif ranks[earlier] >= entry.rank:
                faults.append(
                    (
                        loc,
                        f"{entry.type} follows {earlier}: its rank must be above {ranks[earlier]}",
                    )
                )
    if faults:
        raise LocatedError(faults)
    return Vocabulary(
        types=MappingProxyType(
            {entry.type: EventType(**entry.model_dump()) for entry in file.events}
        ),
        kinds=MappingProxyType(
            {entry.kind: SuspensionKind(**entry.model_dump()) for entry in file.suspension_kinds}
        ),
        _type_names=MappingProxyType(type_names),
        _kind_names=MappingProxyType(kind_names),
    )


def _names(
    entries: Iterable[tuple[Loc, str, str, str]], faults: list[tuple[Loc, str]]
) -> dict[str, str]:
    """Every code and name, folded, with its code; a name with two meanings is a fault."""
    made: dict[str, str] = {}
    for loc, code, *names in entries:
        if made.get(_folded(code)) == code:
            faults.append((loc, f"{code} is listed twice"))
            continue
        for name in (code, *names):
            owner = made.setdefault(_folded(name), code)
            if owner != code:
                faults.append((loc, f"{name!r} already means {owner}"))
    return made


def _folded(text: str) -> str:
    return " ".join(text.replace("_", " ").casefold().split())
