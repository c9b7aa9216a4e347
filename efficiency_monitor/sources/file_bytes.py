"""The bytes of a file: counted as they are read, and unpacked where the file is a gzip."""

import gzip
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

#: Is told how many more bytes of the file on disk have been read.
BytesRead = Callable[[int], None]


class CutOff(Exception):
    """A packed file ends too early or is damaged here; what came before is whole. It never leaves
    this package: a row in quarantine says so."""


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


class _Small(io.RawIOBase):
    """Hands over little at a time, and counts it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.count = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(_PACKED_STEP if size < 0 else min(size, _PACKED_STEP))
        self.count += len(data)
        return data


class _Unpacked(io.RawIOBase):
    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = _Small(packed)
        self._gzip = gzip.GzipFile(fileobj=self._packed, mode="rb")
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        try:
            # `readinto` would lose what came before the damage.
            data = self._gzip.read1(len(view))
        except (EOFError, zlib.error, gzip.BadGzipFile) as fault:
            raise CutOff(" ".join(str(fault).split())) from None
        self._count += len(data)
        if self._count > _RATIO_FROM and self._count > MOST_RATIO * self._packed.count:
            raise CutOff(f"1:{self._count // self._packed.count} > 1:{MOST_RATIO}")
        view[: len(data)] = data
        return len(data)


@contextmanager
def opened(path: Path, meter: Meter) -> Iterator[io.BufferedReader]:
    """The content of a file, read through the meter; of a gzip what is packed in it.

    Reading raises CutOff where a gzip is damaged; `read1` gives everything before. Nothing is
    unpacked ahead of what is read, and one that unpacks to far more than texts do is damaged there,
    so that a bomb is no more than a long file.
    """
    with path.open("rb", buffering=0) as raw:
        packed = raw.read(len(GZIP)) == GZIP
        raw.seek(0)
        content: io.RawIOBase = _Counted(raw, meter)
        if packed:
            content = _Unpacked(io.BufferedReader(content, _CHUNK))
        yield io.BufferedReader(content, _CHUNK)
