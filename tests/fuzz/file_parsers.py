"""The readers of tables in files, each with sound files to begin with."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from efficiency_monitor.faults import ConfigurationError, EffmonError
from efficiency_monitor.i18n.people_words import in_words
from efficiency_monitor.intake.formats.rows import Quarantined, Row
from efficiency_monitor.intake.formats.tabular import read_rows
from efficiency_monitor.intake.formats.zip_guard import check_workbook
from efficiency_monitor.intake.mapping.facts import apply, layout_of
from efficiency_monitor.people.model.people import parse_people

from ..intake.conftest import context, shipped
from . import feeds
from .damage import damaged_member
from .parser import Parser

PEOPLE = "\n".join(
    (
        (
            "person_id,name,role,channel,address,department,region,item_code,deputy,"
            "absent_from,absent_to,language,hours"
        ),
        "a,王一,head,file,x,某局,430000,1,b,2026-01-01,2026-02-01,zh,09:00-12:00",
        "b,李二,supervisor,mail,x@example.org,,,,,2026年1月1日,,en,always",
        "b,李二,handler,mail,x@example.org,,,,a,,,英文,周一至周五 09:00-17:30",
    )
).encode()
WORDS = (
    b"\r\n", b'"', b'""', b",", b"\0", b"<event>", b"</event>", b"<trace>", b"<!DOCTYPE a>", b"&a;",
    b"]]>", b"<![CDATA[", b"{", b"[", b"\\ud800", b"\\u0000", b"PK\x03\x04", b"PK\x01\x02", b"PAR1",
    b"\x1f\x8b", b'r="XFD1048576"', b't="s"', b't="e"', b"<v>0</v>", b'count="99999999"',
    b"110101199003078515", b"2026-01-06", "办".encode("gb18030"), b"<si><t>a</t></si>",
)  # fmt: skip


def said_well(fault: EffmonError, start: str = "x") -> None:
    """A refusal names the file, in one line that can be read."""
    assert fault.message.startswith(start), fault.message[:200]
    assert "\n" not in fault.message, fault.message[:200]
    assert len(fault.message) < 5_000, fault.message[:200]


def rows_of(path: Path) -> list[Row | Quarantined] | None:
    """Every row, each with its place; None if the file is refused as a whole."""
    try:
        rows = list(read_rows(path, layout=_layout(), name="x"))
    except ConfigurationError as fault:
        said_well(fault)
        return None
    for row in rows:
        if isinstance(row, Quarantined):
            assert row.where.startswith("x"), row.where
            assert row.number > 0
            assert row.message
            assert len(row.message) < 1_000, row.message[:200]
    return rows


@cache
def _layout() -> object:
    return layout_of(shipped("canonical"), "x")


def table(name: str, seeds: Callable[[], tuple[bytes, ...]]) -> Callable[[Path], Parser]:
    """A reader of rows, and the mapping over them: one outcome for each row."""

    def make(folder: Path) -> Parser:
        path, mapping, about = folder / f"x.{name}", shipped("canonical"), context()

        def read(data: bytes) -> bool:
            path.write_bytes(data)
            rows = rows_of(path)
            if rows is None:
                return False
            try:
                assert len(list(apply(mapping, rows, about))) == len(rows)
            except ConfigurationError as fault:
                said_well(fault)
                return False
            return True

        return Parser(name, seeds(), WORDS, read)

    return make


def guard(folder: Path) -> Parser:
    """What is asked of an archive before anything parses it."""
    path = folder / "x.xlsx"

    def read(data: bytes) -> bool:
        path.write_bytes(data)
        try:
            check_workbook(path, "x")
        except ConfigurationError as fault:
            said_well(fault)
            return False
        return True

    return Parser("zip", (feeds.xlsx(), *_members()), WORDS, read)


def _members() -> tuple[bytes, ...]:
    """The workbook packed anew, and stored without packing."""
    import io
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(feeds.xlsx())) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            new.writestr(info.filename, old.read(info))
    return damaged_member(feeds.xlsx(), 0, []), out.getvalue()


def people(folder: Path) -> Parser:
    """A file of people: each row a person or a problem that names its row."""
    path = folder / "x.csv"

    def read(data: bytes) -> bool:
        path.write_bytes(data)
        try:
            rows = [row for row in read_rows(path, name="x") if isinstance(row, Row)]
        except ConfigurationError as fault:
            said_well(fault)
            return False
        found, problems = parse_people(
            [row.cells for row in rows], where="x", numbers=[row.number for row in rows]
        )
        for problem in map(in_words, problems):
            assert problem.where.startswith("x")
            assert problem.message
        return bool(found)

    return Parser("people", (PEOPLE,), (*WORDS, b"absent_from", b"09:00-", b"always"), read)


FILES = {
    "csv": table("csv", lambda: (feeds.csv(), feeds.csv("gb18030"), feeds.csv("utf-8", "\r\n"))),
    "jsonl": table("jsonl", lambda: (feeds.jsonl(),)),
    "xes": table("xes", lambda: (feeds.xes(),)),
    "gzip": table("gz", lambda: tuple(map(feeds.packed, (feeds.csv(), feeds.xes())))),
    "xlsx": table("xlsx", lambda: (feeds.xlsx(), *_members())),
    "xls": table("xls", lambda: (feeds.xls(),)),
    "parquet": table("parquet", lambda: (feeds.parquet(),)),
    "zip": guard,
    "people": people,
}
