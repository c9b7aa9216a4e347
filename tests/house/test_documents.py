"""Documents tell the truth: what they name exists."""

import importlib
import json
import re
from pathlib import Path

import pytest

from .tree import ROOT, files, read, run_python

DOCUMENTS = tuple(name for name in files() if name.suffix == ".md")
TOP = {name.parts[0] for name in files() if len(name.parts) > 1}
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
ADR = re.compile(r"\d{4}-[a-z0-9-]+\.md")
ADR_LINES_MAX = 40
CHANGE = re.compile(r"- \[(CHANGE|FEATURE|ENHANCEMENT|BUGFIX)\] [a-z-]+: .+\.")
HEADING = re.compile(r"## (Unreleased|\d+\.\d+\.\d+ \(\d{4}-\d{2}-\d{2}\))")
COMMANDS = """
import json, sys
sys.path.insert(0, "tools")
from make_cli_reference import commands, installed_command
tree = [" ".join(path[1:]) for path, _ in commands(installed_command(), ("effmon",))]
print(json.dumps(tree))
"""


def paths_named(text: str) -> set[str]:
    """Paths of the project that inline code names: words whose first folder is one of ours."""
    words = {word for code in INLINE.findall(FENCE.sub("", text)) for word in code.split()}
    words = {word.strip(",;:()") for word in words}
    named = {word for word in words if "/" in word and word.split("/")[0] in TOP}
    named |= {word for word in words if re.fullmatch(r"[A-Z]+\.md|pyproject\.toml", word)}
    return {word for word in named if not re.search(r"[<{…]", word)}


def commands_named(text: str) -> set[str]:
    """Calls of effmon in code, as far as the words go: `cards list`, `scan`."""
    code = [*INLINE.findall(text), *(line for f in FENCE.findall(text) for line in f.split("\n"))]
    found = set()
    for line in code:
        call = re.match(r"\s*(?:\$ )?effmon(?: -C \S+)?((?: [a-z][a-z-]*)+)", line)
        if call:
            found.add(call.group(1).strip())
    return found


@pytest.mark.parametrize("name", DOCUMENTS, ids=str)
def test_paths_in_documents_exist(name: Path) -> None:
    named = paths_named(read(name))
    assert [each for each in sorted(named) if not list(ROOT.glob(each.rstrip("/")))] == []


@pytest.mark.parametrize("name", DOCUMENTS, ids=str)
def test_links_in_documents_lead_somewhere(name: Path) -> None:
    links = {link for link in LINK.findall(FENCE.sub("", read(name))) if "://" not in link}
    folder = (ROOT / name).parent
    assert [link for link in sorted(links) if not (folder / link).exists()] == []


@pytest.mark.parametrize("name", DOCUMENTS, ids=str)
def test_make_targets_in_documents_exist(name: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", read(Path("Makefile")), re.MULTILINE))
    called = set(re.findall(r"(?:^|`|&& )make ([a-z-]+)", read(name), re.MULTILINE))
    assert called - targets == set()


def test_commands_in_documents_exist() -> None:
    """An `effmon …` in a document can be typed."""
    result = run_python("-c", COMMANDS, PYTHONPATH=str(ROOT))
    assert result.returncode == 0, result.stderr
    real = set(json.loads(result.stdout))
    wrong = []
    for name in DOCUMENTS:
        for call in commands_named(read(name)):
            first, *rest = call.split()
            group = any(each.startswith(f"{first} ") for each in real)
            if first not in real or (group and rest and f"{first} {rest[0]}" not in real):
                wrong.append(f"{name}: effmon {call}")
    assert wrong == []


def test_what_is_looked_for_is_found() -> None:
    text = "See `tools/none.py`, `sh tools/x.sh core`:\n```\neffmon -C d cards list --as x\n```"
    assert paths_named(text) == {"tools/none.py", "tools/x.sh"}
    assert commands_named(text) == {"cards list"}


def test_decisions_are_numbered_and_short() -> None:
    names = sorted(name for name in DOCUMENTS if name.parts[:2] == ("docs", "adr"))
    assert [name.name for name in names if not ADR.fullmatch(name.name)] == []
    numbers = [int(name.name[:4]) for name in names]
    assert numbers == list(range(1, len(names) + 1))
    lengths = {name.name: len(read(name).splitlines()) for name in names}
    assert {name: n for name, n in lengths.items() if n > ADR_LINES_MAX} == {}


def test_the_changelog_keeps_its_form() -> None:
    """A line says what kind of change, where, and for CHANGE what the reader must do."""
    title, *lines = read(Path("CHANGELOG.md")).splitlines()
    assert title == "# Changelog"
    headings = [line for line in lines if line.startswith("#")]
    assert headings
    assert [line for line in headings if not HEADING.fullmatch(line)] == []
    entries = [line for line in lines if line.startswith("-")]
    assert entries
    assert [line for line in entries if not CHANGE.fullmatch(line)] == []


def test_the_changelog_knows_the_version() -> None:
    version = importlib.import_module("efficiency_monitor").__version__
    released = re.findall(r"^## (\d\S*)", read(Path("CHANGELOG.md")), re.MULTILINE)
    assert version == released[0] if released else "## Unreleased" in read(Path("CHANGELOG.md"))


def test_the_glossary_has_one_row_for_a_word() -> None:
    rows = re.findall(r"^\| \*\*([^*]+)\*\* \| ([^|]+) \|", read(Path("GLOSSARY.md")), re.MULTILINE)
    words = [word.strip() for each, _ in rows for word in each.split(",")]
    assert len(words) >= 20
    assert len(words) == len(set(words))
    assert all(re.search(r"[\u4e00-\u9fff]", chinese) for _, chinese in rows)


#: A rule of a page, as code refers to it: `docs/time.md 7`.
REFERENCE = re.compile(r"\b(time|contract)\.md\s+(?:[#:\" ]*)(\d+(?:, \d+)*)")
NUMBERED = re.compile(r"^(?:## )?(\d+)\. ", re.MULTILINE)


def test_rules_that_code_refers_to_exist() -> None:
    numbers = {
        page: set(NUMBERED.findall(read(Path(f"docs/{page}.md")).partition("## Readings")[0]))
        for page in ("time", "contract")
    }
    assert numbers["time"] >= {"1", "20"}
    code = [name for name in files() if name.suffix in (".py", ".yaml", ".json")]
    said = [
        (str(name), page, number)
        for name in code
        for page, listed in REFERENCE.findall(read(name))
        for number in listed.split(", ")
    ]
    assert len(said) > 80
    assert [each for each in said if each[2] not in numbers[each[1]]] == []
