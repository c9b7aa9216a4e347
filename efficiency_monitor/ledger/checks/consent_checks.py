"""Whether signatures stand behind exemptions, changes of who supervises and erasures of them.

An exemption takes what lifting its card takes; a people file that changes who supervises, and an
erasure of somebody who does, the signatures of those whom their entries name. Who held which role
at that time stands in no entry: that one who did not have to be guarded was guarded, or that more
had to sign than are named, is not seen here.
"""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ...i18n.messages import t
from ...people.model.authority import Act
from ...terms import ExemptionGround
from ..model.entries import EntryType
from .lift_checks import ENOUGH

KINDS = (
    EntryType.ACCOUNTABILITY_EXEMPTED,
    EntryType.PEOPLE_IMPORTED,
    EntryType.DATA_ERASED,
)
_DECISIONS = {
    Act.EXEMPT: "approve",
    Act.CHANGE_SUPERVISION: "change",
    Act.ERASE: "erase",
}
Entry = Mapping[str, Any]


class _Said(NamedTuple):
    """A sound approval."""

    round: int
    person: str
    voices: frozenset[str]
    signed: bool


@dataclass(slots=True)
class Consents:
    """What the ledger has said so far of who agreed to what is not a lift and not a rule."""

    #: By act, subject and ground.
    agreed: dict[tuple[str, str, str | None], list[_Said]] = field(default_factory=dict)
    #: Cards of records that the lift of their card is said to have exempted, and on what ground.
    by_lift: list[tuple[str, str]] = field(default_factory=list)

    def approval(self, entry: Entry) -> None:
        """A sound approval."""
        if _DECISIONS.get(entry["act"]) == entry["decision"]:
            voices = frozenset({entry["person"], entry["on_behalf_of"] or entry["person"]})
            said = _Said(entry["round"], entry["person"], voices, bool(entry["signature"]))
            what = (entry["act"], entry["subject"], entry["ground"])
            self.agreed.setdefault(what, []).append(said)

    def take(self, entry: Entry, red: Set[str], *, keys_in_use: bool) -> Iterator[str]:
        """An exemption, people or an erasure; what is wrong with it.

        `red` are the red cards so far; `keys_in_use` says whether a key was enrolled before.
        """
        if entry["type"] == EntryType.ACCOUNTABILITY_EXEMPTED:
            yield from self._exempted(entry, red, keys_in_use=keys_in_use)
        elif entry["type"] == EntryType.PEOPLE_IMPORTED:
            change = entry.get("supervision")
            if change is not None and change["done"]:
                said = self._of(
                    Act.CHANGE_SUPERVISION,
                    f"people:{change['change']}",
                    change["rows"]["commitment"],
                )
                if _lacks(said, change["signed_by"]):
                    yield t(
                        "people {number}: those who are said to have signed it have not",
                        number=change["change"],
                    )
        elif "signed_by" in entry:
            person = entry["person_erased"]
            if _lacks(self._of(Act.ERASE, f"person:{person}", None), entry["signed_by"]):
                yield t(
                    "the erasure of {person}: those who are said to have signed it have not",
                    person=person,
                )

    def _exempted(self, entry: Entry, red: Set[str], *, keys_in_use: bool) -> Iterator[str]:
        card, ground = entry["card"], entry["ground"]
        if ground in (ExemptionGround.APPEAL_UPHELD, ExemptionGround.CARD_FELL):
            self.by_lift.append((card, ground))
            return
        said = self._of(Act.EXEMPT, f"account:{card}", ground)
        is_red = card in red
        if is_red or keys_in_use:
            said = [one for one in said if one.signed]
        enough = ENOUGH if is_red else 1
        if all(_apart(said, turn) < enough for turn in {0, *(one.round for one in said)}):
            yield (
                t("the red card {card} was exempted without two persons' signatures", card=card)
                if is_red
                else t("the card {card} was exempted, and nobody agreed to it", card=card)
            )

    def rest(self, lifted: Set[str]) -> Iterator[str]:
        """What only the whole ledger tells: what exempted has lifted the card as well."""
        for card, ground in self.by_lift:
            if card not in lifted:
                yield (
                    t("the card {card} was exempted by an appeal that did not lift it", card=card)
                    if ground == ExemptionGround.APPEAL_UPHELD
                    else t("the card {card} was exempted since it fell, and stands", card=card)
                )

    def _of(self, act: Act, subject: str, ground: str | None) -> list[_Said]:
        return self.agreed.get((act, subject, ground), [])


def _lacks(said: list[_Said], signed_by: list[str]) -> bool:
    """Whether somebody who is named has not signed, or nobody is named."""
    return not signed_by or not set(signed_by) <= {one.person for one in said if one.signed}


def _apart(said: list[_Said], turn: int) -> int:
    """How many different voices agreed in a round."""
    found: list[frozenset[str]] = []
    for one in said:
        if one.round == turn and not any(one.voices & before for before in found):
            found.append(one.voices)
    return len(found)
