"""SM3 (GB/T 32905-2016) in plain Python, for a Python whose OpenSSL has none.

About a thousand times slower than OpenSSL's; `ledger.model.entries` asks it only where `hashlib`
refuses.
"""

import struct

DIGEST_SIZE = 32
_BLOCK_SIZE = 64
_WORD = 0xFFFFFFFF

_START = (
    0x7380166F,
    0x4914B2B9,
    0x172442D7,
    0xDA8A0600,
    0xA96F30BC,
    0x163138AA,
    0xE38DEE4D,
    0xB0FB0E4E,
)


def _rotate(word: int, places: int) -> int:
    places %= 32
    return ((word << places) | (word >> (32 - places))) & _WORD


#: The round constant T(j), already rotated by j places (clause 4.2 and 5.3.3).
_ROUND = tuple(_rotate(0x79CC4519 if j < 16 else 0x7A879D8A, j) for j in range(64))


def sm3(data: bytes) -> bytes:
    """Return the 32-byte SM3 digest of `data` (GB/T 32905-2016)."""
    rest = len(data) % _BLOCK_SIZE
    zeros = (_BLOCK_SIZE - 9 - rest) % _BLOCK_SIZE
    padded = data + b"\x80" + bytes(zeros) + struct.pack(">Q", 8 * len(data))
    state: tuple[int, ...] = _START
    for words in struct.iter_unpack(">16I", padded):
        state = _compress(state, words)
    return struct.pack(">8I", *state)


def _expand(words: tuple[int, ...]) -> list[int]:
    """Sixteen words of a block to sixty-eight (clause 5.3.2)."""
    w = list(words)
    for j in range(16, 68):
        x = w[j - 16] ^ w[j - 9] ^ _rotate(w[j - 3], 15)
        w.append(x ^ _rotate(x, 15) ^ _rotate(x, 23) ^ _rotate(w[j - 13], 7) ^ w[j - 6])
    return w


def _compress(state: tuple[int, ...], words: tuple[int, ...]) -> tuple[int, ...]:
    """One block into the state (clause 5.3.3); the letters are those of the standard."""
    w = _expand(words)
    a, b, c, d, e, f, g, h = state
    for j in range(64):
        turned = _rotate(a, 12)
        ss1 = _rotate((turned + e + _ROUND[j]) & _WORD, 7)
        if j < 16:
            ff, gg = a ^ b ^ c, e ^ f ^ g
        else:
            ff, gg = (a & b) | (a & c) | (b & c), (e & f) | (~e & _WORD & g)
        tt1 = (ff + d + (ss1 ^ turned) + (w[j] ^ w[j + 4])) & _WORD
        tt2 = (gg + h + ss1 + w[j]) & _WORD
        a, b, c, d = tt1, a, _rotate(b, 9), c
        e, f, g, h = tt2 ^ _rotate(tt2, 9) ^ _rotate(tt2, 17), e, _rotate(f, 19), g
    mixed = (a, b, c, d, e, f, g, h)
    return tuple(old ^ new for old, new in zip(state, mixed, strict=True))
