"""Small files that ask for a machine's whole memory or day, by the parser that they are for."""

import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator
from itertools import pairwise

from ..intake.test_xlsx import BOMBS as GUARDED
from ..intake.test_xlsx import cells, sheet_of

Make = Callable[[], bytes]


def packed(head: bytes, unit: bytes, megabytes: int) -> bytes:
    """A gzip of so many megabytes of the same, made piece by piece."""
    packer = zlib.compressobj(9, wbits=31)
    piece = unit * ((1 << 20) // len(unit))
    return b"".join((packer.compress(head), *(packer.compress(piece) for _ in range(megabytes)),
                     packer.flush()))  # fmt: skip


def texts(cells_: bytes, entries: bytes = b"", count: int = 2_000) -> bytes:
    """A workbook whose cells name the longest text of the list, again and again."""
    long_text = b"<si><t>" + b"x" * 500_000 + b"</t></si>"
    rows = b"".join(
        b'<row r="%d"><c r="A%d" t="s">%s</c></row>' % (n, n, cells_) for n in range(1, count)
    )
    sheet = b"<worksheet><sheetData>" + rows + b"</sheetData></worksheet>"
    listed = b"<sst>" + entries + b"<si><t>a</t></si><si><t>b</t></si>" + long_text + b"</sst>"
    return sheet_of(sheet, **{"xl/sharedStrings.xml": listed})


def overlapping() -> bytes:
    """Members that share one packed body: each is small, all of them together are not."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"\0" * 900_000)
        for info in list(archive.infolist()):
            for number in range(1_500):
                copy = zipfile.ZipInfo(f"b{number}")
                copy.compress_type, copy.CRC = info.compress_type, info.CRC
                copy.file_size, copy.compress_size = info.file_size, info.compress_size
                copy.header_offset = info.header_offset
                archive.filelist.append(copy)
    return out.getvalue()


def parquet(kind: str) -> bytes:
    """A kilobyte of Parquet that holds two gigabytes of text, or five million rows."""
    import pyarrow
    import pyarrow.parquet

    rows = 2_000
    places = pyarrow.array([0] * rows, pyarrow.int32())
    text = pyarrow.DictionaryArray.from_arrays(places, pyarrow.array(["x" * 1_000_000]))
    names = pyarrow.array(["y"] * rows)
    if kind == "list":
        offsets = pyarrow.array(list(range(rows + 1)), pyarrow.int32())
        text = pyarrow.ListArray.from_arrays(offsets, text)
    elif kind == "struct":
        text = pyarrow.StructArray.from_arrays([text], ["q"])
    elif kind == "rows":
        rows = 5_000_000
        places = pyarrow.array([0] * rows, pyarrow.int32())
        names = text = pyarrow.DictionaryArray.from_arrays(places, pyarrow.array(["x"]))
    out = io.BytesIO()
    table = pyarrow.table({"case_no": names, "event": names, "occurred_at": names, "stage": text})
    pyarrow.parquet.write_table(table, out, compression="zstd")
    return out.getvalue()


HEAD = b"case_no,event,occurred_at\n"
LOG = b'<?xml version="1.0"?>'
LAUGHS = b"".join(
    b'<!ENTITY %s "%s">' % (name, b"&%s;" % below * 10)
    for below, name in pairwise([b"l%d" % n for n in range(10)])
)
XES: dict[str, Make] = {
    "billion laughs": lambda: (
        LOG + b'<!DOCTYPE log [<!ENTITY l0 "ha">' + LAUGHS + b"]>"
        b'<log><trace><string key="a" value="&l9;"/></trace></log>'
    ),
    "quadratic blow-up": lambda: (
        LOG + b'<!DOCTYPE log [<!ENTITY a "' + b"x" * 50_000 + b'">]><log><trace>'
        b'<string key="a" value="' + b"&a;" * 50_000 + b'"/></trace></log>'
    ),
    "outside file": lambda: (
        LOG + b'<!DOCTYPE log [<!ENTITY a SYSTEM "file:///etc/hostname">]><log>&a;</log>'
    ),
    "outside address": lambda: (
        LOG + b'<!DOCTYPE log SYSTEM "http://127.0.0.1:9/a.dtd"><log><trace/></log>'
    ),
    "parameter entity": lambda: (
        LOG + b'<!DOCTYPE log [<!ENTITY % a SYSTEM "file:///x"> %a;]><log/>'
    ),
    "deep": lambda: b"<log>" + b"<trace>" * 200_000,
    "deep attributes": lambda: b"<log><trace>" + b'<string key="a" value="b">' * 100_000,
    "a comment without end": lambda: b"<log><!--" + b"a" * 20_000_000,
    "an instruction without end": lambda: b"<log><?a " + b"a" * 20_000_000,
    "a section without end": lambda: b"<log><![CDATA[" + b"a" * 20_000_000,
    "a tag without end": lambda: b"<log><trace a='" + b"a" * 20_000_000,
    "a hundred thousand attributes": lambda: (
        b"<log><trace " + b" ".join(b'a%d=""' % n for n in range(100_000)) + b"/></log>"
    ),
    "a name of a megabyte": lambda: b"<log><" + b"a" * 1_000_000 + b"/></log>",
    "packed": lambda: packed(b"<log>", b"<global/>", 200),
}
TEXTS: dict[str, Make] = {
    "a gzip of nothing": lambda: packed(HEAD, b"\0", 300),
    "a gzip of blank lines": lambda: packed(HEAD, b"\n", 300),
    "a gzip of one quote": lambda: packed(HEAD + b'"', b"a", 300),
    "a gzip of rows": lambda: packed(HEAD, b"1,2," + b"3" * 300 + b"\n", 300),
    "a gzip in a gzip": lambda: gzip.compress(packed(HEAD, b"\n", 100)),
    "a gzip of brackets": lambda: packed(b"", b"[", 100),
    "a field of megabytes": lambda: HEAD + b"a,b," + b"c" * 3_900_000,
    "quotes that are not closed": lambda: HEAD + b'"a\n' * 90_000,
    "quotes and quotes": lambda: HEAD + b'"' * 900_000,
    "a thousand thousand columns": lambda: b"a," * 900_000 + b"\n",
}
JSON: dict[str, Make] = {
    "deep lists": lambda: b'{"a": ' + b"[" * 900_000,
    "deep objects": lambda: b'{"a": ' * 150_000,
    "names twice": lambda: (
        b"{" + b",".join(b'"%d":1' % n for n in range(90_000)) + b',"89999":2}\n'
    ),
    "a number of a megabyte": lambda: b'{"a": ' + b"9" * 990_000 + b"}\n",
    "escapes": lambda: json.dumps({"a": "\u202e" * 150_000}).encode() + b"\n",
}
XLSX: dict[str, Make] = {
    **GUARDED,
    "one text in every cell": lambda: texts(b"<v>2</v>"),
    "one text, named oddly": lambda: texts(b"<v>\n 2 </v>"),
    "one text, named behind another": lambda: texts(b"<v>0</v><v>2</v>"),
    "one text, named behind a comment": lambda: texts(b"<v>0<!-- -->2</v>"),
    "one text, named by a sign's number": lambda: texts(b"<v>&#50;</v>"),
    "one text, counted wrongly": lambda: texts(b"<v>2</v>", b"<!--<si><si><si><si><si>-->"),
    "members over one another": overlapping,
    "a workbook in a workbook": lambda: sheet_of(
        cells("A1"), **{"a.xlsx": sheet_of(cells("A1"), **{"xl/big.xml": b" " * 300_000_000})[:60]}
    )[:-40],
}
PARQUET: dict[str, Make] = {
    name: (lambda name=name: parquet(name)) for name in ("wide", "list", "struct", "rows")
}
YAML: dict[str, Make] = {
    "aliases": lambda: b"a: &a [x]\n" + b"".join(
        b"%c: &%c [%s]\n" % (n + 1, n + 1, b",".join([b"*%c" % n] * 9)) for n in range(97, 110)
    ),
    "deep flow": lambda: b"[" * 900_000,
    "deep blocks": lambda: b"- " * 450_000,
    "keys of keys": lambda: b"? " * 450_000,
    "unknown fields": lambda: b"".join(b"a%d: 1\n" % n for n in range(90_000)),
    "faulty entries": lambda: b"legal_basis: [" + b"1," * 400_000 + b"]\n",
    "a name of a megabyte": lambda: b"a" * 900_000 + b": 1\n",
    "too large": lambda: b"#" * 3_000_000,
}  # fmt: skip
TOML: dict[str, Make] = {
    "a name of many parts": lambda: b".".join([b"a"] * 100_000) + b" = 1\n",
    "deep lists": lambda: b"a = " + b"[" * 100_000,
    "deep tables": lambda: b"a = " + b"{b = " * 40_000,
    "a long number": lambda: b"a = " + b"9" * 100_000,
    "too large": lambda: b"# x\n" * 900_000,
}
#: Parser → bombs that it must refuse as a whole.
REFUSED = {"xlsx": XLSX, "parquet": PARQUET, "rule": YAML, "mapping": YAML, "settings": TOML}
#: Parser → bombs of which it may take rows before it stops.
ENDED = {"csv": TEXTS, "jsonl": JSON, "xes": XES}


def every() -> Iterator[tuple[str, str, Make]]:
    """Parser, name and maker of each bomb."""
    for parser, made in (*REFUSED.items(), *ENDED.items()):
        for name, make in made.items():
            yield parser, name, make
