"""`make validate`: every data set through import and scan, and docs/validation.md from it."""

import argparse
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from efficiency_monitor.faults import ConfigurationError, EffmonError

from . import boston, isle_of_man, usda, wabo, xes
from .page import Part, table

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "validation.md"
VARIABLE = "VALIDATION_DATA"
#: What the data folder must hold.
NEEDED = (
    wabo.CSV,
    wabo.XES,
    *(f"{isle_of_man.FOLDER}/{name}" for name in isle_of_man.NAMES),
    *(f"{xes.FOLDER}/{name}" for name in xes.LOGS),
)

INTRODUCTION = """\
# Validation: other people's verdicts (与他人结论的对照)

`make validate` makes this page: every data set is imported by its mapping into a fresh workspace,
judged by a scan, and compared with what another party had written down before. Nothing on it is
entered by hand; the same data give the same page. What the two say differently is sorted into
classes; what no tested cause explains is called unexplained. An explanation found by looking at the
same data is a supposition, however many cases it fits, and is called one.

本页由 `make validate` 生成：每组公开数据经真实导入与巡检，再与提供方写明的到期日期或结论逐件对照。
不一致的逐类计数，未能解释的如实标明。数据均来自境外：国内没有公开的真实办件数据。
"""
HEAD = ("data", "what is compared", "alike", "the rest")


def main(arguments: list[str] | None = None) -> int:
    """Write the page, or with --check only compare; 0, 1 if it differs, 2 if data are missing."""
    parser = argparse.ArgumentParser(prog="python -m validation", description=__doc__)
    parser.add_argument("--data", type=Path, help=f"the data folder (default: {VARIABLE})")
    parser.add_argument("--check", action="store_true", help="write nothing, only compare")
    given = parser.parse_args(arguments)
    try:
        text = page(parts(given.data or data_folder(os.environ)))
    except EffmonError as fault:
        sys.stderr.write(f"validation: {fault.message}; {fault.hint}\n")
        return 2
    if given.check:
        standing = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.exists() else ""
        if standing != text:
            sys.stderr.write(f"validation: {DOCUMENT.name} is out of date: make validate\n")
        return int(standing != text)
    DOCUMENT.write_text(text, encoding="utf-8")
    print(f"written: {DOCUMENT.relative_to(ROOT)}")
    return 0


def data_folder(environment: Mapping[str, str]) -> Path:
    """The folder of the data that may not be copied; by default beside the checkout."""
    return Path(environment.get(VARIABLE) or ROOT.parent / "shared" / "data")


def missing(folder: Path) -> list[str]:
    """Which of the files are not there."""
    return [name for name in NEEDED if not (folder / name).is_file()]


def parts(folder: Path) -> list[Part]:
    """Every part of the page; ConfigurationError where data are missing."""
    lacking = missing(folder)
    if lacking:
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        raise ConfigurationError(
            f"{folder} lacks {lacking[0]}{more}; docs/validation.md was not regenerated",
            f"name the data folder: make validate {VARIABLE}=FOLDER",
        )
    return [boston.run(), usda.run(), wabo.run(folder), isle_of_man.run(folder), xes.run(folder)]


def page(made: Iterable[Part]) -> str:
    """The page of the documentation."""
    made = list(made)
    chinese = "\n".join(f"- {part.chinese}。" for part in made)
    overview = table(HEAD, [line for part in made for line in part.summary])
    return "\n".join((INTRODUCTION, chinese, "", overview, "", *(part.text() for part in made)))


if __name__ == "__main__":
    raise SystemExit(main())
