"""Inputs drawn from sound ones: bytes change, words of the format come and go, parts repeat."""

from collections.abc import Iterator, Sequence
from random import Random

#: Longest input that is drawn; most are short, as a fault seldom needs more.
MOST_BYTES = 200_000
#: Words that mean something to one parser or another.
ANYWHERE = (
    b"\0", b"\x1b[2J", b"\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\r\n", b"\n", b"\t", b" ", b'"',
    b"'", b",", b":", b"{", b"}", b"[", b"]", b"<", b">", b"&", b"\\", b"/", b"-", b"0", b"-1",
    b"NaN", b"9" * 30, b"1e999", b"0x7f", b"true", b"null", "办".encode(), "㐂".encode(),
    "＝".encode(), "\u202e".encode(), "\u2028".encode(), b"\xed\xa0\x80", b"../", b"%s", b"=1+1",
    b"{0}", b"${HOME}",
)  # fmt: skip
#: So many times what is repeated is repeated.
_TIMES = (2, 3, 10, 100, 1000, 5000)


def drawn(seeds: Sequence[bytes], words: Sequence[bytes], seed: int, count: int) -> Iterator[bytes]:
    """So many inputs; the same seed draws the same ones. The sound ones come first."""
    dice = Random(seed)
    known = (*words, *ANYWHERE)
    yield from seeds[:count]
    for _ in range(count - len(seeds[:count])):
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.choice((1, 1, 1, 2, 2, 3, 4, 8))):
            _strike(data, seeds, known, dice)
        yield bytes(data[:MOST_BYTES])


def _strike(data: bytearray, seeds: Sequence[bytes], words: Sequence[bytes], dice: Random) -> None:
    """One change."""
    size = len(data)
    at = dice.randrange(size + 1)
    kind = dice.randrange(12)
    if kind <= 1 and size:
        data[at % size] = dice.randrange(256)
    elif kind == 2 and size:
        data[at % size] ^= 1 << dice.randrange(8)
    elif kind <= 5:
        data[at:at] = dice.choice(words)
    elif kind == 6:
        word = dice.choice(words)
        data[at : at + len(word)] = word
    elif kind == 7:
        del data[at : at + dice.choice((1, 2, 5, 20, 100))]
    elif kind == 8:
        part = data[at : at + dice.choice((1, 2, 8, 40))]
        times = dice.choice(_TIMES)
        if len(part) * times <= MOST_BYTES:
            data[at:at] = part * times
    elif kind == 9:
        other = dice.choice(seeds)
        begin = dice.randrange(len(other) + 1)
        data[at:] = other[begin:]
    elif kind == 10:
        _line(data, dice)
    else:
        data[at:at] = dice.randbytes(dice.choice((1, 2, 4, 16)))


def _line(data: bytearray, dice: Random) -> None:
    """A line comes twice, goes, or changes its place."""
    lines = bytes(data).split(b"\n")
    line = lines.pop(dice.randrange(len(lines)))
    for _ in range(dice.randrange(3)):
        lines.insert(dice.randrange(len(lines) + 1), line)
    data[:] = b"\n".join(lines)
