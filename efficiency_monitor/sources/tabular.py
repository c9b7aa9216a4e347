"""Tables in files: CSV and XLSX, told apart by their content and not by their name."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from efficiency_monitor.core.faults import ConfigurationError
from efficiency_monitor.language import t

from .csv_file import read_csv
from .headers import Layout
from .rows import Quarantined, Row
from .xlsx_file import read_xlsx

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_MARKUP: Final = (b"<html", b"<!doctype", b"<?xml", b"<table")


def read_rows(
    path: Path, *, layout: Layout | None = None, name: str | None = None
) -> Iterator[Row | Quarantined]:
    """The data rows of a CSV or XLSX file as a stream; blank rows are left out.

    `layout` recognises the header among the first rows; without it the first row with two texts
    is taken. `name` is what the file is called in what is said of it (default: the path).
    Bad rows come as `Quarantined`; ConfigurationError, one line, if the file as a whole cannot be
    read.
    """
    file = str(path) if name is None else name
    try:
        if not path.exists():
            raise _unreadable(file, t("没有这个文件", "there is no such file"))
        if not path.is_file():
            raise _unreadable(file, t("不是普通文件", "is no regular file"))
        with path.open("rb") as stream:
            start = stream.read(64)
        if not start:
            raise _unreadable(file, t("第 1 行：文件是空的", "row 1: the file is empty"))
        if start.startswith(_OLE):
            raise _unreadable(
                file,
                t(
                    "是旧版 .xls 或加了密码的工作簿",
                    "is an old .xls or a workbook with a password",
                ),
            )
        if start.startswith(_UTF16):
            raise _unreadable(file, t("编码是 UTF-16", "is encoded in UTF-16"))
        if start.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith(_MARKUP):
            raise _unreadable(file, t("是网页或 XML，不是表格", "is a web page or XML, no table"))
        reader = read_xlsx if start.startswith(_ZIP) else read_csv
        yield from reader(path, file, layout)
    except OSError as fault:
        raise _unreadable(file, fault.strerror or str(fault)) from None


def _unreadable(file: str, what: str) -> ConfigurationError:
    return ConfigurationError(
        t(f"{file}：{what}", f"{file}: {what}"),
        t(
            "请提供 CSV（UTF-8 或 GB18030）或 XLSX 文件",
            "give a CSV (UTF-8 or GB18030) or XLSX file",
        ),
    )
