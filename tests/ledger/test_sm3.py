"""SM3, in the core and in the verifier, against the standard and against OpenSSL's answers."""

from collections.abc import Callable

import pytest

from efficiency_monitor.ledger.model import entries
from efficiency_monitor.verifier import verify

BOTH = pytest.mark.parametrize(
    "digest",
    [entries.DIGESTS["sm3"], entries._library_sm3, verify.sm3],
    ids=["core", "library", "verifier"],
)


@BOTH
@pytest.mark.parametrize(
    ("message", "expected"),
    [
        # GB/T 32905-2016 appendix A, examples 1 and 2.
        (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
        (b"", "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b"),
    ],
)
def test_known_answers(digest: Callable[[bytes], bytes], message: bytes, expected: str) -> None:
    assert digest(message).hex() == expected


@BOTH
def test_every_length_around_five_blocks(digest: Callable[[bytes], bytes]) -> None:
    # Each message begins with the digest before it; the last one was written down from OpenSSL
    # 3.5.9, so a fault at any length from 0 to 331 shows.
    chained = b""
    for length in range(300):
        chained = digest(chained + bytes([length % 256]) * length)
    assert chained.hex() == "92a4dbbaf0a8acbbba23ff20b7198a57b9ef7461c37b920f86e74be72586455a"
