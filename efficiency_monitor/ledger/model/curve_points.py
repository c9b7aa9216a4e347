"""Points of the curve of Ed25519: which public keys a private key can have at all."""

from typing import Final

# RFC 8032 section 5.1: the field, the curve's constant.
_P: Final = 2**255 - 19
_D: Final = -121665 * pow(121666, -1, _P) % _P


def sound_point(public: bytes) -> bool:
    """Whether bytes are a point of the curve in canonical form that is not of small order."""
    y = int.from_bytes(public, "little") & ((1 << 255) - 1)
    if y >= _P:
        return False
    # x² = (y² - 1) / (d y² + 1) must have a root (Euler), else there is no such point.
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    if square and pow(square, (_P - 1) // 2, _P) != 1:
        return False
    # Small order: eight times the point is the neutral one, whose y is 1. Doubling on y alone:
    # y(2P) = (y² + x²) / (2 + x² - y²) for a = -1.
    for _ in range(3):
        below = (2 + square - y * y) % _P
        y_square = y * y % _P
        y = (y_square + square) * pow(below, -1, _P) % _P
        square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    return y != 1
