"""The page of threats names, for each of them, tests that exist."""

import ast
import re
from pathlib import Path

from .tree import ROOT, python_files, read

PAGE = Path("docs/threats.md")
_ROW = re.compile(r"^\| (\d+) \|(.*)\|$", re.MULTILINE)
_FILE = re.compile(r"`(tests/[\w/]+\.py)`((?: `test_\w+`)*)")
THREATS = 18
#: Looks for web pages among tables, and writes none.
READER = "efficiency_monitor/intake/formats/tabular.py"
#: Write web pages: one module a page, which a test feeds hostile text.
_PAGES = re.compile(r"efficiency_monitor/documents/\w+_page\.py")


def rows() -> dict[int, list[tuple[str, str]]]:
    """Number of each threat → file and function of each test that holds it."""
    return {
        int(number): [
            (name, function)
            for name, functions in _FILE.findall(rest)
            for function in (re.findall(r"`(\w+)`", functions) or [""])
        ]
        for number, rest in _ROW.findall(read(PAGE))
    }


def functions(name: str) -> set[str]:
    tree = ast.parse(read(Path(name)))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_threat_has_its_row_and_each_row_a_test() -> None:
    found = rows()
    assert sorted(found) == list(range(1, THREATS + 1))
    assert [number for number, tests in found.items() if not tests] == []


def test_the_tests_exist() -> None:
    missing = [
        f"{name}::{function}"
        for tests in rows().values()
        for name, function in tests
        if not (ROOT / name).is_file() or (function and function not in functions(name))
    ]
    assert missing == []


def test_pages_are_written_by_their_own_modules_alone() -> None:
    """Row 12: whoever adds a report in HTML has to say there how it escapes, and to escape."""
    makers = {"jinja2", "mako.template", "markupsafe", "html"}
    found = []
    for name in python_files("efficiency_monitor", "cli"):
        source = read(name)
        if _PAGES.fullmatch(name.as_posix()):
            found += [f"{name}: escapes nothing"] if "import escape" not in source else []
            continue
        for node in ast.walk(ast.parse(source)):
            modules = []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = [node.module or ""]
            found += [f"{name}: {module}" for module in modules if module in makers]
        if re.search(r"<(?:html|div|script)\b", source) and name.as_posix() != READER:
            found.append(str(name))
    assert found == []
