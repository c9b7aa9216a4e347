"""A corrected row that tells of the same fact goes on under the key that its cards have.

An event's key is a digest of all that its row says, so a remark that is mended, or a column that a
mapping has learnt to read, makes a new event. A card is known by the key of the event that began
its episode, or offended: were the new key another matter, a card that an appeal had lifted would
come back, and one that was closed would have a second beside it (docs/contract.md 4).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...engine.findings import CaseFindings, Episode, Ground, Offence
from ...engine.timeline import Event
from ...intake.model.decide import alike
from ...terms import CardState, Precision
from .decide import REISSUABLE, Card

#: What makes two events one fact: type, instant, stage, kind, source key.
Fact = tuple[str, int, str | None, str | None, str | None]
#: In the place of the source key of what a former owner told and the present one tells again: the
#: two number their rows each in its own way (docs/contract.md 2).
OF_FORMER_OWNER = {Precision.DAY: "\0day", Precision.SECOND: "\0second"}


#: How exactly a former owner told an instant.
_PRECISIONS = {word: precision for precision, word in OF_FORMER_OWNER.items()}


def fact_of(event: Event) -> Fact:
    """What the event tells, its words, amounts and further columns aside."""
    return event.type, event.occurred_at, event.stage, event.kind, event.source_key


def lost_keys(found: CaseFindings, cards: Sequence[Card]) -> list[str]:
    """Keys of events that cards rest on and that nothing found rests on now, sorted."""
    live = {(ground.bound.rule.id, ground.key) for ground in found.grounds}
    lost = (card for card in cards if _holds(card) and (card.rule_id, card.episode) not in live)
    return sorted({card.episode.partition("/")[0] for card in lost})


def continued(
    found: CaseFindings,
    cards: Sequence[Card],
    events: Sequence[Event],
    withdrawn: Mapping[str, Fact],
) -> CaseFindings:
    """The findings, what only was told anew under the key of the event that was withdrawn.

    `events` are the case's, as they were told; `withdrawn` the facts of the withdrawn events among
    `lost_keys`, by key. Each key is taken once; what has cards under its own key stays there.
    """
    if not withdrawn:
        return found
    told = {event.key: fact_of(event) for event in events}
    taken = {(card.rule_id, card.episode) for card in cards if _holds(card)}
    live = {(ground.bound.rule.id, ground.key) for ground in found.grounds}
    former: dict[Fact, list[str]] = {}
    for key, fact in sorted(withdrawn.items()):
        former.setdefault(fact, []).append(key)
    handed = [(fact, keys) for fact, keys in former.items() if fact[4] in _PRECISIONS]

    def key_of(ground: Ground) -> str:
        rule_id = ground.bound.rule.id
        event = ground.start if isinstance(ground, Episode) else ground.event
        if (rule_id, ground.key) in taken or not ground.key.startswith(event.key):
            return ground.key
        rest = ground.key[len(event.key) :]
        fact = told.get(event.key, fact_of(event))
        inherited = [key for other, keys in handed for key in keys if _same(other, fact, event)]
        for key in [*former.get(fact, []), *inherited]:
            own = (rule_id, key + rest)
            if own in taken and own not in live:
                live.add(own)
                return key + rest
        return ground.key

    def going_on(episode: Episode) -> Episode:
        return replace(episode, key=key_of(episode))

    def still(offence: Offence) -> Offence:
        return replace(offence, key=key_of(offence))

    return replace(
        found,
        episodes=tuple(going_on(each) for each in found.episodes),
        offences=tuple(still(each) for each in found.offences),
    )


def _same(inherited: Fact, fact: Fact, event: Event) -> bool:
    """Whether a former owner told what an event tells, as exactly as the coarser says it."""
    if (inherited[0], *inherited[2:4]) != (fact[0], *fact[2:4]):
        return False
    before = (_PRECISIONS[inherited[4] or ""], inherited[1])
    return alike(before, (event.precision, fact[1]))


def _holds(card: Card) -> bool:
    """Whether the card stands, is closed or was lifted for good: not one that may come anew."""
    return card.state is not CardState.LIFTED or card.lifted_reason not in REISSUABLE
