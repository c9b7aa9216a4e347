"""Bring the catalogue of Chinese messages up to date with the code, and make the file that is read.

    python tools/messages.py           write efficiency_monitor/i18n/zh/LC_MESSAGES/effmon.{po,mo}
    python tools/messages.py --check   say what is lacking, and write nothing

A message that the catalogue lacks is put in without Chinese and named; one that no code says any
more is taken out. Ends with 1 where a message has no Chinese or, with `--check`, where a file would
change.
"""

import ast
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "efficiency_monitor" / "i18n" / "zh" / "LC_MESSAGES"
PO, MO = FOLDER / "effmon.po", FOLDER / "effmon.mo"
CODE = ("efficiency_monitor", "cli")
#: What takes a message, and as the which argument.
TAKES = {"t": 0, "mark": 0, "_mark": 0, "Column": 1}
#: Dates in the file would make it another one each time.
_MADE = datetime(2026, 1, 1, tzinfo=UTC)

#: A message by its context and its English.
Key = tuple[str | None, str]


def in_code(root: Path = ROOT) -> dict[Key, list[str]]:
    """Every message of the code, with the files that say it, in the order of files and lines."""
    found: dict[Key, list[str]] = {}
    for folder in CODE:
        for path in sorted((root / folder).rglob("*.py")):
            name = path.relative_to(root).as_posix()
            for key in _messages(ast.parse(path.read_text("utf-8"))):
                places = found.setdefault(key, [])
                if name not in places:
                    places.append(name)
    return found


def _messages(tree: ast.Module) -> Iterator[Key]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        place = TAKES.get(node.func.id if isinstance(node.func, ast.Name) else "")
        if place is None or len(node.args) <= place:
            continue
        text = node.args[place]
        if isinstance(text, ast.Constant) and isinstance(text.value, str) and text.value:
            contexts = [word.value for word in node.keywords if word.arg == "ctx"]
            context = (
                contexts[0].value if contexts and isinstance(contexts[0], ast.Constant) else None
            )
            yield None if context is None else str(context), text.value


def translated(catalog: Catalog) -> dict[Key, str]:
    """The Chinese of each message; empty where there is none."""
    return {(one.context, str(one.id)): str(one.string) for one in catalog if one.id}


def written(found: dict[Key, list[str]], chinese: dict[Key, str]) -> tuple[bytes, bytes]:
    """The two files, `.po` and `.mo`."""
    catalog = Catalog(
        locale="zh",
        domain="effmon",
        project="effmon",
        header_comment="# What effmon says, in Chinese. Correct it here, then: make generated",
        creation_date=_MADE,
        revision_date=_MADE,
        fuzzy=False,
    )
    for (context, text), places in sorted(found.items(), key=lambda item: (item[1][0], item[0][1])):
        said = chinese.get((context, text), "")
        catalog.add(text, said, locations=[(place, 0) for place in places], context=context)
    po, mo = BytesIO(), BytesIO()
    write_po(po, catalog, width=100, include_lineno=False)
    write_mo(mo, catalog)
    return po.getvalue(), mo.getvalue()


def main() -> int:
    found = in_code()
    with PO.open("rb") as file:
        chinese = translated(read_po(file, locale="zh"))
    lacking = [text for (context, text) in found if not chinese.get((context, text))]
    for text in lacking:
        print(f"no Chinese: {text}", file=sys.stderr)
    po, mo = written(found, chinese)
    if "--check" in sys.argv:
        stale = PO.read_bytes() != po or MO.read_bytes() != mo
        if stale:
            print("the catalogue is not up to date: run tools/messages.py", file=sys.stderr)
        return 1 if lacking or stale else 0
    PO.write_bytes(po)
    MO.write_bytes(mo)
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
