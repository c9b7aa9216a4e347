"""Move the modules into folders by noun (docs/adr/0045-folders-by-noun.md).

    python tools/move_house.py [--check]

Run it in a clean checkout of a branch that was begun before the move. It reads
`tools/house_moves.txt`, moves with `git mv`, writes packages that are new, and rewrites imports,
dotted names and paths in place; then ruff puts the imports in order. Running it again changes
nothing. A file in a folder that has been left, and that the map does not name, is an error: give
it a line in the map. `--check` only looks for such files.
"""

import ast
import re
import subprocess
import sys
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate
from pathlib import Path, PurePosixPath
from unicodedata import east_asian_width

ROOT = Path(__file__).resolve().parent.parent
MAP = ROOT / "tools" / "house_moves.txt"
PRODUCT = "efficiency_monitor"
#: Files whose text names modules or paths.
TEXTS = {".py", ".md", ".toml", ".yaml", ".txt", ".sh", ".mako"}
#: What names the old tree on purpose.
LEFT_ALONE = {
    "tools/move_house.py",
    "tools/house_moves.txt",
    "tests/house/test_move_house.py",
    "docs/adr/0034-rooms-of-the-services.md",
    "docs/adr/0045-folders-by-noun.md",
    "docs/architecture.md",
    "CHANGELOG.md",
}
LINE = 100
_LONG_DOTTED = re.compile(rf"\b{PRODUCT}((?:\.[a-z_][a-z0-9_]*)+)", re.IGNORECASE)
_LONG_PATH = re.compile(rf"\b{PRODUCT}/([a-z0-9_/]+?)(\.py\b|/?(?![\w/.]))")
_SHORT_PATH = re.compile(r"(?<![\w/.])([a-z_]+(?:/[a-z0-9_]+)+\.py)\b")
_SHORT_DOTTED = re.compile(r"(?<![\w./])([a-z_]+(?:\.[a-z_][a-z0-9_]*)+)", re.IGNORECASE)
_ALIAS = r"\w+(?: as \w+)?"
_EMBEDDED = re.compile(rf"\bfrom ({PRODUCT}(?:\.\w+)*) import ({_ALIAS}(?:, {_ALIAS})*)")
_HEAD = re.compile(r"from\s+[.\w]+\s+import\b")


@dataclass
class House:
    """The map, by paths and by dotted names."""

    moves: dict[str, str] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)
    #: file → lines of (old text, new text)
    edits: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    #: dotted name of before → of now; packages without one of now are missing
    names: dict[str, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)


def dotted(path: str) -> str:
    """`efficiency_monitor/core/terms.py` → `efficiency_monitor.core.terms`."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def read_map(text: str) -> House:
    """The map. ValueError for a line that is none, or two files that become one."""
    house = House()
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("+ "):
            _, path, sentence = line.split(" ", 2)
            house.packages[path] = sentence
        elif line.startswith("~ "):
            path, old, new = line[2:].split(" ⇥ ")
            house.edits.setdefault(path, []).append((old, new))
        elif len(words := line.split()) == 2:
            house.moves[words[0]] = words[1]
        else:
            raise ValueError(f"{MAP.name}:{number}: {line}")
    for old, new in house.moves.items():
        if new == "-":
            house.gone.add(dotted(old))
            continue
        if new != old and new in house.moves:
            raise ValueError(f"{new} is where {old} goes and is moved itself")
        house.names[dotted(old)] = dotted(new)
        if old.startswith("cli/"):
            house.names[f"{PRODUCT}.{dotted(old)}"] = f"{PRODUCT}.{dotted(new)}"
    targets = [new for new in house.moves.values() if new != "-"]
    if len(targets) != len(set(targets)):
        raise ValueError("two files become one")
    return house


def tracked() -> list[str]:
    """Paths that git knows and that are there."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def unplaced(house: House, names: list[str]) -> list[str]:
    """Modules in folders that were left, which the map does not name."""
    known = {*house.moves, *house.moves.values(), *house.packages}

    def folder(name: str) -> str:
        return str(PurePosixPath(name).parent)

    left = {folder(name) for name in house.moves if not name.startswith("cli/")}
    taken = {folder(name) for name in (*house.moves.values(), *house.packages)}
    found = [name for name in names if name.endswith(".py") and name not in known]
    return [n for n in found if folder(n) not in taken and any(f"{f}/" in n for f in left - taken)]


def current(name: str, house: House) -> str:
    """The longest known beginning of a dotted name, as it is called now; else the name."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        if (new := house.names.get(".".join(parts[:end]))) is not None:
            return ".".join([new, *parts[end:]])
    return name


def relative(package: str, module: str) -> str:
    """How a module of `package` names `module`: `..time.amount`."""
    here, there = package.split("."), module.split(".")
    shared = 0
    while shared < min(len(here), len(there)) and here[shared] == there[shared]:
        shared += 1
    return "." * (len(here) - shared + 1) + ".".join(there[shared:])


def grouped(
    base: str, names: list[tuple[str, str | None]], house: House
) -> tuple[dict[str, list[str]], bool]:
    """What `from base import names` takes from which module now; whether one has a new name."""
    groups: dict[str, list[str]] = {}
    renamed = False
    for name, other in names:
        full = f"{base}.{name}"
        if full in house.names:
            parent, _, leaf = house.names[full].rpartition(".")
            bound = other or name
            word = leaf if bound == leaf else f"{leaf} as {bound}"
            renamed |= leaf != name
        else:
            parent = current(base, house)
            word = f"{name} as {other}" if other else name
        groups.setdefault(parent, []).append(word)
    return groups, renamed


def embedded(text: str, house: House) -> str:
    """The text with imports rewritten that stand in strings: programs that a test starts."""

    def one(match: re.Match[str]) -> str:
        words = [word.partition(" as ") for word in match[2].split(", ")]
        names = [(name, other or None) for name, _, other in words]
        groups, _ = grouped(match[1], names, house)
        return "; ".join(f"from {at} import {', '.join(words)}" for at, words in groups.items())

    return _EMBEDDED.sub(one, text)


@dataclass
class Source:
    """One Python file on its way: its text, and the packages that it was and is in."""

    text: str
    package_before: str
    package: str
    house: House

    def offset(self, line: int, column: int) -> int:
        """Index into the text of ast's line and column, which counts bytes."""
        lines = self.text.splitlines(keepends=True)
        starts = [0, *accumulate(map(len, lines))]
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    def absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.package_before.split(".")
        parts = parts[: len(parts) - node.level + 1]
        return ".".join([*parts, *([node.module] if node.module else [])])

    def of_one_import(self, node: ast.ImportFrom) -> str | None:
        """What to write in place of `from … import …`; None where nothing changes."""
        base = self.absolute(node)
        if base.split(".")[0] not in (PRODUCT, "cli"):
            return None
        names = [(alias.name, alias.asname) for alias in node.names]
        groups, renamed = grouped(base, names, self.house)
        spell = partial(relative, self.package) if node.level else str
        start = self.offset(node.lineno, node.col_offset)
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        segment = self.text[start : self.offset(node.end_lineno, node.end_col_offset)]
        if len(groups) == 1 and not renamed:
            (module,) = groups
            return _HEAD.sub(f"from {spell(module)} import", segment, count=1)
        if "#" in segment:
            print(f"look at the comment inside an import of {base}", file=sys.stderr)
        indent = "\n" + " " * node.col_offset
        return indent.join(
            f"from {spell(module)} import {', '.join(words)}" for module, words in groups.items()
        )

    def imports(self) -> str:
        """The text with its imports rewritten."""
        changes = []
        for node in ast.walk(ast.parse(self.text)):
            if isinstance(node, ast.ImportFrom):
                new = self.of_one_import(node)
                if new is not None:
                    changes.append((node, new))
        text = self.text
        for node, new in sorted(changes, key=lambda each: each[0].lineno, reverse=True):
            start = self.offset(node.lineno, node.col_offset)
            end = self.offset(node.end_lineno or 0, node.end_col_offset or 0)
            text = text[:start] + new + text[end:]
        return text


def prose(text: str) -> Iterator[tuple[int, int]]:
    """Where comments and docstrings of a Python text stand."""
    lines = text.splitlines(keepends=True)
    starts = [0, *accumulate(map(len, lines))]

    def at(line: int, column: int) -> int:
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    strings = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant | ast.JoinedStr) and hasattr(node, "end_lineno"):
            strings.append(
                (at(node.lineno, node.col_offset), at(node.end_lineno, node.end_col_offset))
            )
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            one = node.value
            if isinstance(one.value, str):
                yield (
                    at(one.lineno, one.col_offset),
                    at(one.end_lineno or 0, one.end_col_offset or 0),
                )
    strings.sort()
    for found in re.finditer(r"#[^\n]*", text):
        place = bisect_right(strings, (found.start(), len(text))) - 1
        if place < 0 or strings[place][1] <= found.start():
            yield found.span()


def mentions(text: str, house: House, *, python: bool) -> str:
    """The text with dotted names and paths of modules as they are now.

    Names without `efficiency_monitor` before them are looked for in prose alone.
    """

    def long_dotted(match: re.Match[str]) -> str:
        return current(match.group(), house)

    def long_path(match: re.Match[str]) -> str:
        old = f"{PRODUCT}/{match[1]}"
        if match[2] == ".py":
            new = house.moves.get(f"{old}.py", "-")
            return match.group() if new == "-" else new
        new = house.names.get(dotted(old)) or ""
        return new.replace(".", "/") + match[2] if new else match.group()

    def short_path(match: re.Match[str]) -> str:
        if match[1].startswith("cli/"):
            return house.moves.get(match[1], match[1])
        new = house.moves.get(f"{PRODUCT}/{match[1]}", "-")
        return match.group() if new == "-" else new.removeprefix(f"{PRODUCT}/")

    def short_dotted(match: re.Match[str]) -> str:
        parts = match[1].split(".")
        for end in range(len(parts), 1, -1):
            head = ".".join(parts[:end])
            for before in (f"{PRODUCT}.{head}", head):
                if before in house.names:
                    new = house.names[before].removeprefix(f"{PRODUCT}.")
                    return ".".join([new, *parts[end:]])
        return match.group()

    text = _LONG_DOTTED.sub(long_dotted, text)
    text = _LONG_PATH.sub(long_path, text)
    text = _SHORT_PATH.sub(short_path, text)
    if not python:
        return text
    for start, end in sorted(set(prose(text)), reverse=True):
        text = text[:start] + _SHORT_DOTTED.sub(short_dotted, text[start:end]) + text[end:]
    return text


def width(line: str) -> int:
    """Columns that a line takes: a Chinese character takes two."""
    return sum(1 + (east_asian_width(sign) in "WF") for sign in line)


def wrapped(text: str, before: str) -> str:
    """The text with comments and docstrings that have become too long broken anew."""
    as_they_were = set(before.splitlines())
    starts = [0, *accumulate(map(len, text.splitlines(keepends=True)))]
    inside: set[int] = set()
    for start, end in prose(text):
        first = bisect_right(starts, start) - 1
        if not text[starts[first] : start].strip():  # a comment after code stays where it is
            inside.update(range(first, bisect_right(starts, end - 1)))
    lines = text.split("\n")
    kept: list[str] = []
    for number, line in enumerate(lines):
        if number not in inside or line in as_they_were or width(line) <= LINE:
            kept.append(line)
            continue
        margin = re.match(r"\s*(?:#:? )?", line)
        assert margin is not None
        cut = max(n for n, sign in enumerate(line) if sign == " " and width(line[:n]) <= LINE)
        kept.append(line[:cut])
        rest, after = margin.group() + line[cut + 1 :], lines[number + 1]
        words = after.removeprefix(margin.group())
        same = after.startswith(margin.group()) and words[:1] not in ("", " ", "-", "`", '"')
        if number + 1 in inside and same and not rest.endswith('"""'):
            lines[number + 1] = f"{rest} {words}"
        else:
            kept.append(rest)
    return "\n".join(kept)


def in_document(text: str, house: House) -> str:
    """A Markdown page: short names count inside inline code and fences alone."""

    def code(match: re.Match[str]) -> str:
        wrapped = f"# {match.group()}".replace("\n", "\n# ")
        return mentions(wrapped, house, python=True).replace("\n# ", "\n")[2:]

    return re.sub(r"`[^`\n]+`", code, mentions(text, house, python=False))


def edited(path: str, text: str, house: House) -> str:
    """The text after the map's own replacements for this file."""
    for old, new in house.edits.get(path, []):
        if old in text and (old not in new or new not in text):
            text = text.replace(old, new)
        elif new not in text:
            print(f"{path}: neither {old!r} nor {new!r} is in it", file=sys.stderr)
    return text


def rewritten(path: str, before: str, text: str, house: House) -> str:
    """A file's text as it has to be at `path`; its relative imports reckon from `before`."""
    if path.endswith(".py"):
        here, now = (str(PurePosixPath(name).parent).replace("/", ".") for name in (before, path))
        text = embedded(Source(text, here, now, house).imports(), house)
        return wrapped(edited(path, mentions(text, house, python=True), house), text)
    if path.endswith(".md"):
        text = in_document(text, house)
    else:
        text = mentions(text, house, python=False)
    return edited(path, text, house)


def main(arguments: list[str]) -> int:
    house = read_map(MAP.read_text(encoding="utf-8"))
    names = tracked()
    if lost := unplaced(house, names):
        print("the map does not name:", *lost, sep="\n  ", file=sys.stderr)
        return 1
    if arguments == ["--check"]:
        return 0
    came_from = {}
    for old, new in house.moves.items():
        if old not in names or old == new:
            continue
        if new == "-":
            subprocess.run(["git", "rm", "-q", old], cwd=ROOT, check=True)
            continue
        if new in names:
            print(f"{old} and {new} are both there", file=sys.stderr)
            return 1
        (ROOT / new).parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["git", "mv", old, new], cwd=ROOT, check=True)
        came_from[new] = old
    for name, sentence in house.packages.items():
        if name not in names:
            (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / name).write_text(f'"""{sentence}"""\n', encoding="utf-8")
            subprocess.run(["git", "add", name], cwd=ROOT, check=True)
    changed = []
    for name in tracked():
        if PurePosixPath(name).suffix not in TEXTS or name in LEFT_ALONE:
            continue
        text = (ROOT / name).read_text(encoding="utf-8")
        new = rewritten(name, came_from.get(name, name), text, house)
        if new != text:
            (ROOT / name).write_text(new, encoding="utf-8")
            changed.append(name)
    python = sorted({n for n in (*changed, *came_from) if n.endswith(".py")})
    if python:
        ruff = [sys.executable, "-m", "ruff"]
        subprocess.run([*ruff, "check", "-q", "--select", "I", "--fix", *python], cwd=ROOT)
        subprocess.run([*ruff, "format", "-q", *python], cwd=ROOT, check=True)
    subprocess.run(["git", "add", "-u"], cwd=ROOT, check=True)
    print(f"{len(came_from)} files moved, {len(changed)} rewritten")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
