"""The body of an answer, unpacked no further than it is read, and whole or refused.

httpx would unpack whatever a server names, several times over, each piece at once (three kilobytes
packed twice become two gigabytes, measured), and takes a gzip that ends early, or what follows its
first part, for nothing.
"""

import zlib
from collections.abc import Iterator
from typing import Final

import httpx

from efficiency_monitor.faults import FeedFailed
from efficiency_monitor.i18n.messages import t

#: Bytes that are unpacked at a time.
_STEP: Final = 1 << 20
_GZIP_WINDOW: Final = zlib.MAX_WBITS | 16


class CutOff(Exception):
    """What was read of an answer is not all of it."""


def parts_of(answer: httpx.Response, where: str) -> Iterator[bytes]:
    """The body in pieces; CutOff if its gzip is not whole, FeedFailed for any other packing."""
    named = answer.headers.get("content-encoding", "").lower().replace(" ", "").split(",")
    packings = [name for name in named if name not in ("", "identity")]
    if not packings:
        return answer.iter_raw()
    if packings in (["gzip"], ["x-gzip"]):
        return _unpacked(answer.iter_raw())
    raise FeedFailed(
        t(
            "{where}: the answer is packed in another way than gzip, which was asked for",
            where=where,
        ),
        t("let the server use gzip, once, or nothing"),
    )


def _unpacked(packed: Iterator[bytes]) -> Iterator[bytes]:
    """The content of a gzip, of all its members (RFC 1952)."""
    member = None
    for data in packed:
        while data:
            if member is None:
                data = data.lstrip(b"\0")  # padding between members
                if not data:
                    break
                member = zlib.decompressobj(_GZIP_WINDOW)
            try:
                piece = member.decompress(data, _STEP)
            except zlib.error:
                raise CutOff from None
            if piece:
                yield piece
            data = member.unconsumed_tail
            if member.eof:
                data = member.unused_data
                member = None
    if member is not None:
        raise CutOff
