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


class _Unpacked(io.RawIOBase):
    def __init__(self, packed: IO[bytes]) -> None:
        self._gzip = gzip.GzipFile(fileobj=packed, mode="rb")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        try:
            # `readinto` would lose what came before the damage.
            data = self._gzip.read1(len(view))
        except (EOFError, zlib.error, gzip.BadGzipFile) as fault:
            raise CutOff(" ".join(str(fault).split())) from None
        view[: len(data)] = data
        return len(data)


@contextmanager
def opened(path: Path, meter: Meter) -> Iterator[io.BufferedReader]:
    """The content of a file, read through the meter; of a gzip what is packed in it.

    Reading raises CutOff where a gzip is damaged; `read1` gives everything before. Nothing is
    unpacked ahead of what is read, so that a bomb is no more than a long file.
    """
    with path.open("rb", buffering=0) as raw:
        packed = raw.read(len(GZIP)) == GZIP
        raw.seek(0)
        content: io.RawIOBase = _Counted(raw, meter)
        if packed:
            content = _Unpacked(io.BufferedReader(content, _CHUNK))
        yield io.BufferedReader(content, _CHUNK)
