"""Lines of text files, for the formats that are made of them: encodings, line ends, lengths."""

import codecs
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.i18n.messages import t

from .file_bytes import CutOff, Meter, opened
from .rows import Refusal

#: Longest line in characters.
MOST_CHARACTERS: Final = 1_000_000
#: In which a text is read that has no byte-order mark: UTF-8 if it is that, else the next one.
ENCODINGS: Final = ("utf-8", "gb18030")
_CHUNK: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its end and its number from 1, or why it cannot be read and its beginning."""

    number: int
    text: str
    refusal: Refusal | None = None


def text_lines(path: Path, encodings: Sequence[str], meter: Meter) -> Iterator[Line]:
    """The lines of a text file; each ends with LF, CR LF or a lone CR.

    Bytes that are no text in the encoding become lone surrogates. Of a line that is too long only
    the beginning is kept. CutOff where the file is known to end too early: a damaged gzip, or an
    end within a character or in NULs, as a disk that was full leaves it.
    """
    with opened(path, Meter(0, None)) as stream:
        encoding = detect_encoding(stream, encodings)
    with opened(path, meter) as stream:
        text = io.TextIOWrapper(stream, encoding=encoding, errors="surrogateescape", newline="")
        number = 0
        try:
            while line := text.readline(MOST_CHARACTERS):
                number += 1
                _check_end(line)
                if len(line) < MOST_CHARACTERS or line.endswith(("\n", "\r")):
                    yield Line(number, line)
                    continue
                yield Line(number, line[:200], Refusal.OVER_LONG)
                while line and not line.endswith(("\n", "\r")):
                    line = text.readline(MOST_CHARACTERS)
        except CutOff as fault:
            raise CutOff(str(fault), fault.row or max(number, 1)) from None


def _check_end(line: str) -> None:
    """CutOff for a last line, which alone may lack its end, that stops where no text stops."""
    if len(line) < MOST_CHARACTERS and (line[-1] == "\0" or "\udc80" <= line[-1] <= "\udcff"):
        raise CutOff(t("it ends within a character, or in NULs"))


def check_encodings(encodings: Sequence[str], file: str) -> None:
    """ConfigurationError if one of the names is that of no text encoding with ASCII in it."""
    for name in encodings:
        if not is_encoding(name):
            raise ConfigurationError(
                t("{file}: there is no encoding {name!r}", file=file, name=name),
                t("such as utf-8, gb18030, cp1252"),
            )


def is_encoding(name: str) -> bool:
    """Whether it is the name of an encoding in which lines and delimiters are what they are."""
    try:
        return "a,\n".encode(name) == b"a,\n"
    except (LookupError, UnicodeError, ValueError):
        return False


def detect_encoding(stream: io.BufferedReader, encodings: Sequence[str] = ENCODINGS) -> str:
    """The encoding of a text: by its byte-order mark, else UTF-8 if that is named first and the
    text is that, else the next one named.

    A text with a broken byte or two among many good UTF-8 characters is UTF-8 all the same: read
    as GB18030, every Chinese character in it would silently become another one.
    """
    first, *others = encodings
    chunk = _next(stream)
    if chunk.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if not others or codecs.lookup(first).name != "utf-8":
        return first
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    good = bad = 0
    while True:
        text = decoder.decode(chunk, final=not chunk)
        if not text.isascii():
            broken = len(text) - len(text.encode("utf-8", "ignore").decode())
            good += len(text) - len(text.encode("ascii", "ignore")) - broken
            bad += broken
        if bad:
            return "utf-8" if good > bad else others[0]
        if not chunk:
            return "utf-8"
        chunk = _next(stream)


def _next(stream: io.BufferedReader) -> bytes:
    try:
        return stream.read1(_CHUNK)
    except CutOff:
        return b""
