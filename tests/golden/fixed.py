"""What differs from run to run, fixed where the product takes it: in `app`.

The composition root alone reads a clock, throws dice and asks who sits at the keyboard. A place
that moves elsewhere is missed here at once: what is replaced has to be there.
"""

import contextlib
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from efficiency_monitor import app
from efficiency_monitor.i18n.messages import language, set_language
from efficiency_monitor.people.model.actor import Actor
from tests.stories.world import instant

#: The instant at which a story begins whose clock has not been set yet.
BEGIN = instant("2026-03-01 12:00")


class Dice:
    """In the place of `secrets`: what is thrown depends on the instant and on nothing before it.

    So an act that throws once more, or once less, changes what is thrown in its own second alone.
    """

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._thrown: Counter[tuple[str, int]] = Counter()

    def token_bytes(self, size: int) -> bytes:
        """Bytes of a salt or of a private key's seed."""
        return self._thrown_as("bytes", size)

    def token_hex(self, size: int) -> str:
        """Digits of a run's id, or of the number of a command that was refused."""
        return self._thrown_as("hex", size).hex()

    def randbelow(self, most: int) -> int:
        """Where a scanner begins: its cases stand in one batch."""
        return 0

    def _thrown_as(self, what: str, size: int) -> bytes:
        now = self._now()
        self._thrown[what, now] += 1
        text = f"{what} {now} {self._thrown[what, now]}"
        return hashlib.sha256(text.encode()).digest()[:size]


def _somebody(person: str | None) -> Actor:
    """The keyboard of the stories."""
    return Actor(os_user="clerk", sudo_user=None, host="golden", tty=None, claimed=person)


@contextlib.contextmanager
def fixed(tongue: str = "en") -> Iterator[None]:
    """Clock, dice, keyboard, and the language in which is spoken.

    The clock is that of the workspace which was opened last; every story sets its own.
    """
    clocks: list[Callable[[], int]] = [lambda: BEGIN]
    before = language()

    def now() -> int:
        return clocks[0]()

    def seen(real: Callable[..., Any]) -> Callable[..., Any]:
        def opened(*given: Any, clock: Callable[[], int] = now, **more: Any) -> Any:
            if clock is not now:
                clocks[0] = clock
            return real(*given, clock=clock, **more)

        return opened

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "now", now)
        patch.setattr(app, "secrets", Dice(now))
        patch.setattr(app, "actor", _somebody)
        patch.setattr(app, "open_context", seen(app.open_context))
        patch.setattr(app, "open_restored", seen(app.open_restored))
        patch.setenv("EFFMON_LANG", tongue)
        patch.setenv("LC_ALL", "C.UTF-8")
        set_language(tongue)
        try:
            yield
        finally:
            set_language(before)
