"""When a notice is tried again."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efficiency_monitor.notify.backoff import LIFE, LONGEST_WAIT, next_attempt

KEYS = st.text(max_size=10)
FIRST = st.integers(0, 2**40)


def _walk(key: str, first: int) -> list[int]:
    """The instants of all attempts of a notice that always fails at once."""
    instants = [first]
    while True:
        coming = next_attempt(
            key,
            attempts=len(instants),
            first_attempt_at=first,
            now=instants[-1],
            retry_after=None,
        )
        if coming is None:
            return instants
        assert coming > instants[-1]
        instants.append(coming)


@given(KEYS, FIRST)
def test_attempts_thin_out_and_end_at_three_days(key: str, first: int) -> None:
    instants = _walk(key, first)
    waits = [later - earlier for earlier, later in pairwise(instants)]
    assert instants[-1] == first + LIFE
    assert 60 <= waits[0] <= 75
    assert 120 <= waits[1] <= 150
    assert max(waits) <= LONGEST_WAIT * 5 // 4
    assert 20 <= len(instants) <= 30
    assert instants == _walk(key, first)


def test_notices_that_failed_together_do_not_come_back_together() -> None:
    coming = {_walk(f"n-{number}", 0)[9] for number in range(100)}
    assert len(coming) > 90


@given(
    key=KEYS,
    attempts=st.integers(1, 10**6),
    first=FIRST,
    gone=st.integers(-(10**6), LIFE - 1),
    after=st.none() | st.integers(0, 10**7),
)
def test_the_receiver_is_given_the_time_it_asks_for(
    key: str, attempts: int, first: int, gone: int, after: int | None
) -> None:
    now = first + gone
    coming = next_attempt(
        key, attempts=attempts, first_attempt_at=first, now=now, retry_after=after
    )
    assert coming is not None
    assert now < coming <= first + LIFE
    assert coming == first + LIFE or coming >= now + (after or 0)


@pytest.mark.parametrize("late", [0, 1, 10**9])
def test_after_three_days_the_notice_is_a_dead_letter(late: int) -> None:
    times = {"first_attempt_at": 50, "now": 50 + LIFE + late}
    assert next_attempt("n", attempts=3, retry_after=None, **times) is None
    assert next_attempt("n", attempts=3, retry_after=5, **times) is None


def test_there_is_no_next_attempt_before_the_first() -> None:
    with pytest.raises(ValueError, match="at least one"):
        next_attempt("n", attempts=0, first_attempt_at=0, now=0, retry_after=None)
