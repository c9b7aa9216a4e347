"""The bytes of a file: counted as they are read, and unpacked where the file is a gzip."""

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, cast

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

GZIP: Final = b"\x1f\x8b"
_CHUNK: Final = 1 << 17

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

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()


class _Unpacked(io.RawIOBase):
    def __init__(self, packed: BinaryIO) -> None:
        self._gzip = gzip.GzipFile(fileobj=packed, mode="rb")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        try:
            return self._gzip.readinto(buffer)
        except (EOFError, zlib.error, gzip.BadGzipFile) as fault:
            raise CutOff(" ".join(str(fault).split())) from None

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._gzip.seek(offset, whence)


@contextmanager
def opened(path: Path, meter: Meter) -> Iterator[BinaryIO]:
    """The content of a file, read through the meter; of a gzip what is packed in it.

    Reading raises CutOff where a gzip is damaged. Nothing is unpacked ahead of what is read, so
    that a bomb is no more than a long file.
    """
    with path.open("rb", buffering=0) as raw:
        packed = raw.read(len(GZIP)) == GZIP
        raw.seek(0)
        counted = cast(BinaryIO, io.BufferedReader(_Counted(raw, meter), _CHUNK))
        if packed:
            yield cast(BinaryIO, io.BufferedReader(_Unpacked(counted), _CHUNK))
        else:
            yield counted
