"""When to try again. Pure: the times are arguments, the jitter comes from the notice's id."""

import hashlib
from typing import Final

FIRST_WAIT: Final = 60
LONGEST_WAIT: Final = 4 * 3600
#: How long a notice is tried: as long as other senders of webhooks do, three days.
LIFE: Final = 72 * 3600


def next_attempt(
    key: str, *, attempts: int, first_attempt_at: int, now: int, retry_after: int | None
) -> int | None:
    """The instant of the next attempt, in unix seconds; None when the notice is a dead letter.

    After the n-th attempt the wait is 60 s · 2^(n-1), at most 4 h, and up to a quarter more, the
    share coming from `key` (the notice's or message's id) and n: many notices that failed together
    do not come back together, and a replay gives the same instants. A receiver's `retry_after`
    (seconds) is the least wait. The last attempt is 72 h after the first; once it has failed
    (`now` at or past it) there is none.
    """
    if attempts < 1:
        raise ValueError("the next attempt follows at least one")
    last = first_attempt_at + LIFE
    if now >= last:
        return None
    wait = min(FIRST_WAIT << min(attempts - 1, 16), LONGEST_WAIT)
    wait += _share(key, attempts) * (wait // 4) // 0xFFFFFFFF
    return min(now + max(wait, retry_after or 0), last)


def _share(key: str, attempts: int) -> int:
    """A number from 0 to 2^32 - 1 that key and attempt fix."""
    digest = hashlib.sha256(f"{attempts}:{key}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:4], "big")
