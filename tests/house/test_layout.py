"""Sizes, names and forbidden imports, read from the source."""

import ast
import re
import sys
from pathlib import Path

import pytest

from .tree import ROOT, files, python_files, read

FUNCTION_LINES_MAX = 75
DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "stuff"}
UNSAFE_MODULES = {"pickle", "cPickle", "dill", "marshal", "shelve", "cloudpickle", "joblib"}


def imported(source: str) -> set[str]:
    """Top-level names of the modules that a source imports absolutely, and '.' if relatively."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add("." if node.level else (node.module or "").split(".")[0])
    return names


def long_functions(source: str) -> list[str]:
    """Functions longer than the house allows, decorators apart."""
    return [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES_MAX
    ]


def test_no_function_outgrows_the_house() -> None:
    found = {str(name): long_functions(read(name)) for name in python_files()}
    assert {name: long for name, long in found.items() if long} == {}


def test_a_long_function_would_be_found() -> None:
    body = "\n".join(f"    x = {n}" for n in range(FUNCTION_LINES_MAX))
    assert long_functions(f"def f():\n{body}\n") == [f"f: {FUNCTION_LINES_MAX + 1} lines"]


def test_no_drawers() -> None:
    """A file is named for what is in it."""
    drawers = [
        name
        for name in files()
        if name.stem in DRAWERS or any(part in DRAWERS for part in name.parts[:-1])
    ]
    assert drawers == []


def test_every_module_says_what_it_is_for() -> None:
    sources = {name: read(name) for name in python_files()}
    silent = [n for n, text in sources.items() if text and not ast.get_docstring(ast.parse(text))]
    assert silent == []


def test_nothing_unpickles() -> None:
    guilty = {
        str(name): found
        for name in python_files()
        if (found := imported(read(name)) & UNSAFE_MODULES)
    }
    assert guilty == {}


def test_the_verifier_needs_the_standard_library_alone() -> None:
    """The auditor copies one file to a machine that has Python and nothing of ours."""
    names = imported(read(Path("efficiency_monitor/verifier/verify.py")))
    assert names - sys.stdlib_module_names == set()


def test_the_oracle_shares_nothing_with_what_it_judges() -> None:
    oracle = [n for n in python_files("tests") if n.parts[:2] == ("tests", "oracle")]
    assert oracle, "tests/oracle is the second opinion on time; it may not vanish"
    guilty = [name for name in oracle if {"efficiency_monitor", "cli"} & imported(read(name))]
    assert guilty == []


# Put together here, so that this file does not itself name what it forbids.
PLACES = re.compile(r"(?<![\w.$}/-])/(?:" + "|".join(("work", "root", "tmp", r"home/\w+")) + r")\b")
HOSTS = re.compile("|".join((r"py" + r"pi\.org", r"python" + "hosted", r"registry\." + "npm")))


@pytest.mark.parametrize("pattern", [PLACES, HOSTS], ids=["machine paths", "registry hosts"])
def test_no_file_names_a_machine(pattern: re.Pattern[str]) -> None:
    found = []
    for name in files():
        try:
            text = read(name)
        except UnicodeDecodeError:
            continue
        found += [f"{name}: {match.group()}" for match in pattern.finditer(text)]
    assert found == []


def test_machine_paths_are_recognised() -> None:
    assert PLACES.search("see /" + "work/main")
    assert PLACES.search('"/' + 'tmp"')
    assert not PLACES.search("the framework/root of a/tmp, ${DIR}/" + "tmp, ./tmp")


def test_texts_are_utf8_and_end_with_one_newline() -> None:
    kinds = {".py", ".md", ".yaml", ".toml", ".sh", ".txt", ".json"}
    wrong = []
    for name in files():
        if name.suffix in kinds and name.parts[:2] not in (("tests", "data"), ("tests", "golden")):
            data = (ROOT / name).read_bytes()
            if data and (not data.endswith(b"\n") or data.endswith(b"\n\n") or b"\r" in data):
                wrong.append(name)
    assert wrong == []
