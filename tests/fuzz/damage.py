"""What happens to files on their way: bytes change, get lost, come twice, change places."""

import io
import zipfile
from typing import Final

from hypothesis import strategies as st

#: Bytes that mean something to one format or another.
_TOKENS: Final = st.sampled_from(
    [b'"', b'""', b",", b"\n", b"\r", b"\0", b"\xff", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f",
     b"<", b">", b"/>", b"&", b"<event>", b"</event>", b"<trace>", b"</trace>", b"<!DOCTYPE a>",
     b"&a;", b"]]>", b"<![CDATA[", b"{", b"}", b"[", b"]", b":", b"\\ud800", b"\\u0000", b"NaN",
     b"1e999", b"9" * 40, b"PK\x03\x04", b"PAR1", b"\x1f\x8b", b"\xef\xbb\xbf", b"\xff\xfe",
     "㐂".encode(), "办".encode("gb18030"), b"2026-01-06", b"110101199003078515",
     b'r="XFD1048576"', b't="e"', b'count="99999999"', b"=1+1"]
)  # fmt: skip
_PLACE: Final = st.integers(0, 1 << 16)
_SHORT: Final = st.integers(1, 40)
#: Everything else stays where it is: what a file says of places and lengths in it holds.
_IN_PLACE: Final = st.one_of(
    st.tuples(st.just("set"), _PLACE, st.integers(0, 255)),
    st.tuples(st.just("flip"), _PLACE, st.integers(0, 7)),
    st.tuples(st.just("over"), _PLACE, _TOKENS),
    st.tuples(st.just("swap"), _PLACE, _SHORT),
)
_MOVING: Final = st.one_of(
    st.tuples(st.just("insert"), _PLACE, _TOKENS | st.binary(min_size=1, max_size=8)),
    st.tuples(st.just("lose"), _PLACE, _SHORT),
    st.tuples(st.just("repeat"), _PLACE, _SHORT),
    st.tuples(st.just("cut"), _PLACE, st.just(0)),
)
#: Blows in order; every place is meant modulo the length.
BLOWS: Final = st.one_of(
    st.lists(_IN_PLACE, min_size=1, max_size=1),
    st.lists(_IN_PLACE, min_size=1, max_size=4),
    st.lists(_IN_PLACE | _MOVING, min_size=1, max_size=6),
)
Blows = list[tuple[str, int, int | bytes]]


def damaged(data: bytes, blows: Blows) -> bytes:
    """The bytes after these blows."""
    hurt = bytearray(data)
    for kind, place, what in blows:
        at = place % (len(hurt) or 1)
        if isinstance(what, bytes):
            hurt[at : at + (len(what) if kind == "over" else 0)] = what
        elif kind == "cut":
            del hurt[at:]
        elif kind == "lose":
            del hurt[at : at + what]
        elif kind == "repeat":
            hurt[at:at] = hurt[at : at + what] * 3
        elif kind == "swap":
            far = place * 7919 % (len(hurt) or 1)
            first, second = hurt[at : at + what], hurt[far : far + what]
            hurt[at : at + what], hurt[far : far + what] = second, first
        elif hurt:
            hurt[at] = what if kind == "set" else hurt[at] ^ (1 << what)
    return bytes(hurt)


def damaged_member(data: bytes, member: int, blows: Blows) -> bytes:
    """An archive one member of which has been damaged, packed again so that it opens."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        infos = old.infolist()
        for place, info in enumerate(infos):
            content = old.read(info)
            if place == member % len(infos):
                content = damaged(content, blows)
            new.writestr(info.filename, content)
    return out.getvalue()
