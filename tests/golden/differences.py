"""What differs between golden files and those made now, said entry by entry and field by field."""

import json
from collections.abc import Iterator
from difflib import unified_diff
from typing import Any, Final

from .written import Files

#: Places of one difference that are named; of further ones the number.
_NAMED: Final = 2
_LINES: Final = 20


def differences(golden: Files, made: Files) -> list[str]:
    """A line for each difference; empty where every byte is the same."""
    found: list[str] = []
    for name in sorted(golden.keys() | made.keys()):
        if golden.get(name) == made.get(name):
            continue
        if name not in made:
            found.append(f"{name}: not written any more")
        elif name not in golden:
            found.append(f"{name}: there is no golden file")
        elif name.startswith("entries/"):
            found += _entries(name, golden[name], made[name])
        else:
            found += _texts(name, golden[name], made[name])
    return found


def _entries(name: str, golden: bytes, made: bytes) -> list[str]:
    kind = name.removeprefix("entries/").removesuffix(".jsonl")
    before, now = _by_key(golden), _by_key(made)
    found = [f"{kind}: no entry {key} any more" for key in before if key not in now]
    found += [f"{kind}: a new entry {key}" for key in now if key not in before]
    fields: dict[str, list[str]] = {}
    for key, line in now.items():
        if key not in before or line == before[key]:
            continue
        was, is_now = json.loads(before[key]), json.loads(line)
        changed = list(_fields("$", was["entry"], is_now["entry"]))
        changed = changed or list(_fields("its line", was, is_now))
        for path, said in changed or [("its bytes", "written in another form")]:
            fields.setdefault(path, []).append(f"{key}: {said}")
    for path, places in fields.items():
        more = f"; and {len(places) - _NAMED} more" if len(places) > _NAMED else ""
        found.append(f"{kind}: {path} differs in {'; in '.join(places[:_NAMED])}{more}")
    return found or [f"{kind}: the entries stand in another order"]


def _by_key(content: bytes) -> dict[str, bytes]:
    """The lines by story and key."""
    lines = {}
    for line in content.splitlines():
        said = json.loads(line)
        lines[f"{said['key']} ({said['story']})"] = line
    return lines


def _fields(path: str, was: Any, now: Any) -> Iterator[tuple[str, str]]:
    if isinstance(was, dict) and isinstance(now, dict):
        for name in sorted(was.keys() | now.keys()):
            if name not in now:
                yield f"{path}.{name}", f"golden {_short(was[name])}, now missing"
            elif name not in was:
                yield f"{path}.{name}", f"golden missing, now {_short(now[name])}"
            else:
                yield from _fields(f"{path}.{name}", was[name], now[name])
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for place, (one, other) in enumerate(zip(was, now, strict=True)):
            yield from _fields(f"{path}[{place}]", one, other)
    elif was != now or type(was) is not type(now):
        yield path, f"golden {_short(was)}, now {_short(now)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}…"


def _texts(name: str, golden: bytes, made: bytes) -> list[str]:
    before = golden.decode(errors="replace").splitlines()
    now = made.decode(errors="replace").splitlines()
    lines = list(unified_diff(before, now, "golden", "now", n=0, lineterm=""))[2:]
    more = [f"  … and {len(lines) - _LINES} more lines"] if len(lines) > _LINES else []
    return [f"{name}:", *(f"  {line[:300]}" for line in lines[:_LINES]), *more]
