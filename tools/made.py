"""Files that are made from code: written by `make generated`, compared by the house tests."""

import difflib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def write_or_check(name: str, text: str) -> int:
    """Write `text` to the file `name` of the project; with `--check` only compare.

    Returns 0, or 1 if the file differs; the difference is printed.
    """
    target = ROOT / name
    if "--check" not in sys.argv[1:]:
        target.write_text(text, encoding="utf-8")
        print(name)
        return 0
    standing = target.read_text(encoding="utf-8") if target.exists() else ""
    if standing == text:
        return 0
    difference = difflib.unified_diff(
        standing.splitlines(), text.splitlines(), name, "as made now", lineterm="", n=1
    )
    print("\n".join(difference))
    print(f"{name} is out of date: make generated")
    return 1
