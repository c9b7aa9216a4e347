"""Phrases that what is said of rules is made of, in the current language."""

from collections.abc import Sequence

from ..rules.vocabulary import Vocabulary
from .messages import one_of, t


def listed(words: Sequence[str]) -> str:
    """受理、不予受理; accepted or refused."""
    if len(words) < 2:
        return "".join(words)
    return t("{former} or {last}", former=t(", ").join(words[:-1]), last=words[-1])


def event_words(vocabulary: Vocabulary, codes: Sequence[str]) -> str:
    """The names of event types, or of grounds of suspension, as one phrase."""
    known = vocabulary.types | vocabulary.kinds  # type: ignore[operator]
    return listed(
        [one_of(known[code].zh, known[code].en) if code in known else code for code in codes]
    )
