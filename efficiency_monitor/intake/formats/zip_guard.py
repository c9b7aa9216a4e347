"""Is this XLSX safe to open? Asked before anything parses it.

A zip archive of some kilobytes can unpack to gigabytes, and a sheet of two cells can claim
seventeen thousand million. Sizes are measured by unpacking, not taken from what the archive says
of itself.
"""

import re
import struct
import zipfile
import zlib
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.i18n.messages import t

from .parsing import in_short
from .rows import shown

MEGABYTE: Final = 1_000_000
MOST_PACKED: Final = 50 * MEGABYTE
MOST_UNPACKED: Final = 500 * MEGABYTE
#: Asked only above one megabyte: small XML packs very well.
MOST_RATIO: Final = 200
MOST_MEMBERS: Final = 2_000
#: Rows times columns of one sheet, from its first used cell to its last.
MOST_CELLS: Final = 20_000_000
#: The workbook's texts stand in one list, and a cell names one: the parser copies it for each.
_TEXTS: Final = "xl/sharedstrings.xml"
#: The parser makes room for every cell between the first and the last: of a sheet that spans more
#: than some millions, one in so many must be there.
_SPARSE_CELLS, _SPARSE_SHARE = 2_000_000, 50
_MOST_TAG: Final = MEGABYTE
_CHUNK: Final = 1 << 18
_LOCAL: Final = struct.Struct("<4s22x2H")

#: A row or a cell of a sheet, with its attributes. Also what a broken writer may make of one.
_TAG = re.compile(rb"<(?:[\w.-]+:)?(row|c)(?=[\s/>])([^<]*)")
#: The rest of a tag to its end, which stands outside quotes; no `<` comes before it.
_WHOLE = re.compile(rb"""(?:[^"'<>]++|"[^"<]*+"|'[^'<]*+')*+>""")
_PLACE = re.compile(rb"""(?:^|[\s"'])r\s*=\s*["']\s*\$?([A-Za-z]*)\$?([0-9]+)""")
_ERROR = re.compile(rb"""(?:^|[\s"'])t\s*=\s*["']e["']""")
#: A cell whose text stands in the list, and which it is, where it says so at once.
_SHARED = re.compile(rb"""(?:^|[\s"'])t\s*=\s*["']s["']""")
_NAMED = re.compile(
    rb"""<(?:[\w.-]+:)?c\s[^<>]*?\bt\s*=\s*["']s["'][^<>]*>\s*<(?:[\w.-]+:)?v>\s*([0-9]{1,9})\s*"""
    rb"""</(?:[\w.-]+:)?v>\s*</(?:[\w.-]+:)?c>"""
)
_TEXT = re.compile(rb"<(?:[\w.-]+:)?si(?=[\s/>])|<!")
#: How many entries a list says it has: the parser makes room for them beforehand.
_COUNT = re.compile(rb"""[\s"']\w*[cC]ount\s*=\s*["']\s*\+?([0-9]+)""")
_SHEET = re.compile(rb"""<(?:[\w.-]+:)?sheet\s[^<]*?\s[\w.-]+:id\s*=\s*["']([^"'<]+)""")
_RELATION = re.compile(rb"<(?:[\w.-]+:)?Relationship\s([^<]*)")
_ATTRIBUTE = re.compile(rb"""(?:^|\s)(Id|Target)\s*=\s*["']([^"'<]*)""")

#: That the workbook counts its days from 1904.
_SINCE_1904 = re.compile(
    rb"""<(?:[\w.-]+:)?workbookPr\s(?:[^<]*?\s)?date1904\s*=\s*["']\s*(?:1|true)\s*["']"""
)

#: Row and column, from 0.
Cell = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Checked:
    """What the parser does not tell of a workbook that is safe to open: the cells that hold error
    values (#N/A and the like; it shows them as empty), by the sheet's place from 0, and whether
    days are counted from 1904."""

    errors: Mapping[int, frozenset[Cell]]
    since_1904: bool


@dataclass(slots=True)
class _Sheet:
    """What the rows and cells of one member span, how many parts its lists say they have, and
    which cells hold an error value."""

    rows: int = 0
    columns: int = 0
    #: Cells that are there.
    cells: int = 0
    count: int = 0
    errors: set[Cell] = field(default_factory=set)
    #: Cells whose text stands in the workbook's list, those of them that name it at once, and the
    #: bytes of the texts that these name.
    shared: int = 0
    named: int = 0
    text: int = 0
    row: int = -1
    column: int = -1
    #: A tag had a `<` in its quotes, which no XML has: from there on every place counts that the
    #: text names anywhere. Pictures have such tags too, by chance, and name none.
    loose: bool = False


def check_workbook(path: Path, file: str) -> Checked:
    """Refuse a workbook that is no zip, encrypted, or unpacks to more than it should.

    Raises ConfigurationError.
    """
    size = path.stat().st_size
    if size > MOST_PACKED:
        raise _too_large(file, f"{size / MEGABYTE:.0f} MB > {MOST_PACKED // MEGABYTE} MB")
    try:
        with path.open("rb") as stream, zipfile.ZipFile(stream) as archive:
            members = archive.infolist()
            _check_members(members, file)
            sheets = _scan(stream, members, file)
            workbook = _part(archive, "xl/workbook.xml")
            errors = _errors(sheets, workbook, archive, file)
            return Checked(errors, _SINCE_1904.search(workbook) is not None)
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        NotImplementedError,
        EOFError,
        ValueError,
    ) as fault:
        said = in_short(str(fault))
        raise ConfigurationError(
            t("{file}: is no whole XLSX file: {said}", file=file, said=said),
            t("export the file again"),
        ) from None


def _too_large(file: str, what: str) -> ConfigurationError:
    return ConfigurationError(
        t("{file}: too large, or a zip bomb: {what}", file=file, what=what),
        t("split it, or save it as CSV"),
    )


def _check_members(members: list[zipfile.ZipInfo], file: str) -> None:
    """What the archive says of itself: enough to refuse most bombs without unpacking."""
    if len(members) > MOST_MEMBERS:
        raise _too_large(file, f"{len(members)} > {MOST_MEMBERS} members")
    names: set[str] = set()
    for member in members:
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in member.filename:
            raise zipfile.BadZipFile(f"member {member.filename!r}")
        if member.filename.casefold() in names:
            raise zipfile.BadZipFile(f"member {member.filename!r} twice")
        if member.flag_bits & 1:
            raise zipfile.BadZipFile(f"member {member.filename!r} is encrypted")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise zipfile.BadZipFile(f"member {member.filename!r}: unknown compression")
        names.add(member.filename.casefold())
        _check_ratio(file, member.file_size, member.compress_size)
    unpacked = sum(member.file_size for member in members)
    if unpacked > MOST_UNPACKED:
        raise _too_large(file, f"{unpacked / MEGABYTE:.0f} MB > {MOST_UNPACKED // MEGABYTE} MB")


def _check_ratio(file: str, unpacked: int, packed: int) -> None:
    if unpacked > MEGABYTE and unpacked > MOST_RATIO * packed:
        raise _too_large(file, f"1:{unpacked // max(packed, 1)} > 1:{MOST_RATIO}")


@dataclass(slots=True)
class _Texts:
    """How long each text of the workbook's list is in the file, tags and all."""

    lengths: "array[int]" = field(default_factory=lambda: array("I"))
    longest: int = 0
    #: What could hide where a text begins: then each of them may be the longest.
    loose: bool = False
    _since: int = 0

    def take(self, data: bytes, file: str) -> bytes:
        """Take in a piece; the rest, from the last `<` on, is for the next one."""
        end = data.rfind(b"<")
        if end < 0:
            self._since += len(data)
            return b""
        at = 0
        for found in _TEXT.finditer(data, 0, end):
            self.loose = self.loose or found[0] == b"<!"
            self._end(found.start() - at)
            at = found.start()
        self._since += end - at
        if len(self.lengths) > MOST_CELLS:
            raise _too_large(file, f"> {MOST_CELLS} texts")
        return data[end:]

    def _end(self, length: int) -> None:
        length += self._since
        self.lengths.append(min(length, MOST_UNPACKED))
        self.longest = max(self.longest, length)
        self._since = 0

    def close(self) -> None:
        """The list has ended. Its first piece is what stands before the first text."""
        self._end(0)
        self.lengths.pop(0)

    def of(self, data: bytes, sheet: _Sheet) -> None:
        """Add up the texts that cells in this piece of a sheet name."""
        for found in _NAMED.finditer(data):
            place = int(found[1])
            sheet.named += 1
            sheet.text += self.lengths[place] if place < len(self.lengths) else 0

    def copied(self, sheet: _Sheet) -> int:
        """Bytes of all the copies that the parser makes for a sheet, at most."""
        if self.loose or sheet.loose:
            return sheet.shared * self.longest
        return sheet.text + max(0, sheet.shared - sheet.named) * self.longest


def _scan(stream: BinaryIO, members: list[zipfile.ZipInfo], file: str) -> dict[str, _Sheet]:
    """Unpack every member without keeping it; what the rows and cells in it span."""
    sheets: dict[str, _Sheet] = {}
    total = 0
    texts = _Texts()
    # The list of texts first: the sheets name them.
    for member in sorted(members, key=lambda each: each.filename.casefold() != _TEXTS):
        sheet = _Sheet()
        size = 0
        rest = left = b""
        name = shown(member.filename)
        is_list = member.filename.casefold() == _TEXTS
        for chunk in _unpacked(stream, member):
            if is_list:
                left = texts.take(left + chunk, file)
            elif texts.longest:
                # What is cut in two by a piece's end counts as naming none, that is the longest.
                texts.of(rest + chunk, sheet)
            size += len(chunk)
            if total + size > MOST_UNPACKED:
                raise _too_large(file, f"> {MOST_UNPACKED // MEGABYTE} MB")
            _check_ratio(file, size, member.compress_size)
            rest = _tags(rest + chunk, sheet)
            if sheet.rows * sheet.columns > MOST_CELLS:
                raise _too_large(
                    file, f"{name}: {sheet.rows} x {sheet.columns} > {MOST_CELLS} cells"
                )
        _tags(rest + b"<", sheet)
        if is_list:
            texts.take(left + b"<", file)
            texts.close()
        elif texts.copied(sheet) > MOST_UNPACKED:
            copies = texts.copied(sheet) // MEGABYTE
            raise _too_large(file, f"{name}: {copies} MB > {MOST_UNPACKED // MEGABYTE}")
        span = sheet.rows * sheet.columns
        if span > max(_SPARSE_CELLS, _SPARSE_SHARE * sheet.cells):
            raise _too_large(file, f"{name}: {sheet.cells} cells span {span}")
        if sheet.count > size:
            raise zipfile.BadZipFile(f"member {member.filename!r}: says it has {sheet.count} parts")
        if size != member.file_size:
            raise zipfile.BadZipFile(f"member {member.filename!r}: wrong size")
        total += size
        sheets[member.filename] = sheet
    return sheets


def _unpacked(stream: BinaryIO, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """What a member really holds, in pieces, whatever size the archive states."""
    if member.header_offset < 0:
        raise zipfile.BadZipFile(f"member {member.filename!r}: no header")
    stream.seek(member.header_offset)
    magic, name, extra = _LOCAL.unpack(stream.read(_LOCAL.size))
    if magic != b"PK\x03\x04":
        raise zipfile.BadZipFile(f"member {member.filename!r}: no header")
    stream.seek(name + extra, 1)
    stored = member.compress_type == zipfile.ZIP_STORED
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    left = member.compress_size
    while left > 0:
        packed = stream.read(min(_CHUNK, left))
        if not packed:
            raise EOFError(f"member {member.filename!r}: cut off")
        left -= len(packed)
        if stored:
            yield packed
            continue
        while packed:
            yield unpacker.decompress(packed, _CHUNK)
            packed = unpacker.unconsumed_tail
    if not stored:
        yield unpacker.flush()


def _tags(data: bytes, sheet: _Sheet) -> bytes:
    """Take in every whole tag; the rest, from the last `<` on, is for the next piece."""
    end = data.rfind(b"<")
    if end < 0:
        return b""
    if len(data) - end > _MOST_TAG and _TAG.match(data, end):
        raise zipfile.BadZipFile("a tag without end")
    for found in _COUNT.finditer(data, 0, end):
        sheet.count = max(sheet.count, int(found[1][:18]))
    for found in _TAG.finditer(data, 0, end):
        name, rest = found.groups()
        whole = _WHOLE.match(rest)
        sheet.loose = sheet.loose or whole is None
        _take(name, whole[0] if whole else rest, sheet)
    if sheet.loose:
        places = _PLACE.findall(data)
        sheet.row = max(sheet.row, *(int(digits[:12]) - 1 for _, digits in places), -1)
        sheet.column = max(sheet.column, *(_column(letters) for letters, _ in places), -1)
        sheet.rows = max(sheet.rows, sheet.row + 1)
        sheet.columns = max(sheet.columns, sheet.column + 1)
    return data[end:]


def _take(name: bytes, attributes: bytes, sheet: _Sheet) -> None:
    """Take in a row or a cell; of several places the farthest, whichever the parser takes."""
    places = _PLACE.findall(attributes)
    rows = [int(digits[:12]) - 1 for _, digits in places]
    if name == b"row":
        sheet.row = max(rows, default=sheet.row + 1)
        sheet.column = -1
    else:
        sheet.cells += 1
        sheet.column = max(
            (_column(letters) for letters, _ in places if letters), default=sheet.column + 1
        )
        sheet.row = max(rows, default=sheet.row)
        sheet.shared += b"s" in attributes and _SHARED.search(attributes) is not None
        if b"e" in attributes and _ERROR.search(attributes):
            sheet.errors.add((sheet.row, sheet.column))
    sheet.rows = max(sheet.rows, sheet.row + 1)
    sheet.columns = max(sheet.columns, sheet.column + 1)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper()[:12]:
        number = number * 26 + letter - 64
    return number - 1


def _part(archive: zipfile.ZipFile, name: str) -> bytes:
    """A member of the archive, whatever the case of its name; empty if there is none."""
    found = [each for each in archive.namelist() if each.casefold() == name]
    return archive.read(found[0]) if found else b""


def _errors(
    sheets: Mapping[str, _Sheet], workbook: bytes, archive: zipfile.ZipFile, file: str
) -> dict[int, frozenset[Cell]]:
    """Cells with errors by the place of their sheet, which only the workbook's list tells."""
    faulty = {name: frozenset(sheet.errors) for name, sheet in sheets.items() if sheet.errors}
    if not faulty:
        return {}
    relations = _part(archive, "xl/_rels/workbook.xml.rels")
    targets: dict[bytes, str] = {}
    for found in _RELATION.finditer(relations):
        said = dict(_ATTRIBUTE.findall(found[1]))
        target = said.get(b"Target", b"").decode(errors="replace")
        name = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        targets[said.get(b"Id", b"")] = name
    places = {
        targets.get(found[1], ""): place for place, found in enumerate(_SHEET.finditer(workbook))
    }
    unplaced = faulty.keys() - places.keys()
    if unplaced:
        name = shown(min(unplaced))
        raise ConfigurationError(
            t(
                "{file}: {name} holds error values such as #N/A on an unknown sheet",
                file=file,
                name=name,
            ),
            t("mend the formulas at the source"),
        )
    return {places[name]: cells for name, cells in faulty.items()}
