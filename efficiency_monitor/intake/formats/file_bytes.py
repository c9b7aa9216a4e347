"""The bytes of a file: counted as they are read, and unpacked where the file is a gzip."""

import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

GZIP: Final = b"\x1f\x8b"
_CHUNK: Final = 1 << 17
#: How much a gzip may unpack to for each of its bytes, asked from so many bytes on. Texts pack to
#: a tenth or a fiftieth; what packs to a thousandth is blank, and reading it takes hours.
MOST_RATIO: Final = 200
_RATIO_FROM: Final = 1_000_000
#: Bytes that are handed to the unpacker at a time: the ratio is known as exactly as that.
_PACKED_STEP: Final = 1 << 13
#: Members of a gzip that may hold anything; of more, each must hold so many bytes on the average.
#: Each costs time of its own: 400,000 empty ones took a quarter of a minute.
_FREE_MEMBERS: Final = 1_000
_LEAST_OF_MEMBER: Final = 1_000

#: Is told how many more bytes of the file on disk have been read.
BytesRead = Callable[[int], None]


class CutOff(Exception):
    """A file ends too early, is damaged from here on or packed beyond belief. Whoever reads it
    cannot say which rows are missing, so `read_rows` refuses the file; `row` is where."""

    def __init__(self, said: str, row: int | None = None) -> None:
        super().__init__(said)
        self.row = row


class Meter:
    """How far a file has been read, told in steps that add up to its size."""

    def __init__(self, size: int, told: BytesRead | None) -> None:
        self.size = size
        self._told = told
        self._at = 0

    def at(self, position: int) -> None:
        """Reading has come to that byte; a file that is read once more tells nothing new."""
        if self._told is not None and position > self._at:
            self._told(min(position, self.size) - self._at)
            self._at = min(position, self.size)


class _Counted(io.RawIOBase):
    def __init__(self, stream: io.FileIO, meter: Meter) -> None:
        self._stream = stream
        self._meter = meter

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int | None:
        count = self._stream.readinto(buffer)
        self._meter.at(self._stream.tell())
        return count


class _Unpacked(io.RawIOBase):
    """The content of all members of a gzip, checked against the sums that it holds."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = packed
        #: What was read of the file and not unpacked yet.
        self._data = b""
        self._read = 0
        self._count = 0
        self._members = 0
        self._member = _member()
        self._inside = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        data = b""
        while not data:
            if not self._inside and not self._begin():
                return 0
            data = self._unpack(len(view))
        view[: len(data)] = data
        return len(data)

    def _more(self) -> bool:
        """Have something to unpack; False at the end of the file."""
        if not self._data:
            self._data = self._packed.read(_PACKED_STEP)
            self._read += len(self._data)
        return bool(self._data)

    def _begin(self) -> bool:
        """Go to the next member; False where there is none."""
        while self._more():
            # Some writers fill the last block up.
            self._data = self._data.lstrip(b"\0") if self._members else self._data
            if self._data:
                break
        else:
            return False
        self._members += 1
        if self._members > max(_FREE_MEMBERS, self._count // _LEAST_OF_MEMBER):
            raise CutOff(f"> {_FREE_MEMBERS} gzip members")
        self._member, self._inside = _member(), True
        return True

    def _unpack(self, most: int) -> bytes:
        if not self._more():
            raise CutOff("the gzip has no end")
        try:
            data = self._member.decompress(self._data, most)
        except zlib.error as fault:
            raise CutOff(" ".join(str(fault).split())) from None
        self._data = self._member.unconsumed_tail
        if self._member.eof:
            self._data, self._inside = self._member.unused_data, False
        self._count += len(data)
        if self._count > _RATIO_FROM and self._count > MOST_RATIO * self._read:
            raise CutOff(f"1:{self._count // self._read} > 1:{MOST_RATIO}")
        return data


def _member() -> "zlib._Decompress":
    """An unpacker of one member: of the gzip format, its sum and its length."""
    return zlib.decompressobj(16 + zlib.MAX_WBITS)


@contextmanager
def opened(path: Path, meter: Meter) -> Iterator[io.BufferedReader]:
    """The content of a file, read through the meter; of a gzip what is packed in it.

    Reading raises CutOff where a gzip is damaged, cut off, or unpacks to far more than texts do.
    Nothing is unpacked ahead of what is read, so that a bomb takes no memory.
    """
    with path.open("rb", buffering=0) as raw:
        packed = raw.read(len(GZIP)) == GZIP
        raw.seek(0)
        content: io.RawIOBase = _Counted(raw, meter)
        if packed:
            content = _Unpacked(io.BufferedReader(content, _CHUNK))
        yield io.BufferedReader(content, _CHUNK)
