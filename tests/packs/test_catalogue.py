"""docs/catalogue.md holds against the files: each real rule has one row, each rule named exists."""

import re
from collections import Counter

import pytest

from tests.rules.catalogue import FOLDER, LOADED

PAGE = (FOLDER.parent / "docs" / "catalogue.md").read_text(encoding="utf-8")
LACKING = "*lacking data*"
IDS = {loaded.rule.id for loaded in LOADED}
#: A name that is written as rules are: prefix of a pack, a hyphen, the rest.
NAMED = set(re.findall(r"`([A-Z]+-[A-Z0-9-]+)`", PAGE))
REAL = [f"H{n}" for n in range(1, 19)] + [f"P{n}" for n in range(1, 40)]
OTHERS = [
    *(f"A{n:03}" for n in range(1, 30)),
    *(f"B{n:03}" for n in range(1, 3)),
    *(f"C{n:03}" for n in range(1, 19)),
    *(f"X{n}" for n in range(1, 12)),
    *(f"O{n}" for n in range(1, 6)),
]


def rows(heading: str) -> list[list[str]]:
    """The cells of a section's table, its two head lines left out."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


FIRST = rows("Approval and supervision")
SECOND = rows("One transport system, and others")


def test_each_of_the_57_rules_has_exactly_one_row() -> None:
    assert [row[0] for row in FIRST] == REAL
    assert len(REAL) == 57
    assert {len(row) for row in FIRST} == {4}


def test_each_rule_of_the_other_systems_has_exactly_one_row() -> None:
    assert Counter(name for row in SECOND for name in row[0].split(", ")) == Counter(OTHERS)


def test_at_most_eight_of_the_57_lack_data_and_each_says_why() -> None:
    lacking = [row for row in FIRST if LACKING in row[3]]
    assert len(lacking) <= 8
    assert [row[0] for row in lacking if len(row[3]) < len(LACKING) + 20] == []


@pytest.mark.parametrize("row", FIRST, ids=lambda row: row[0])
def test_a_row_that_lacks_no_data_says_where_the_rule_is(row: list[str]) -> None:
    where = re.findall(r"`([^`]+)`", row[3])
    assert (LACKING in row[3]) != bool(where)
    real = [name for name in where if name in IDS or name.startswith(("effmon ", "docs/"))]
    assert bool(real) or LACKING in row[3]


def test_every_rule_that_is_named_exists() -> None:
    assert sorted(NAMED - IDS) == []


def test_every_rule_of_a_source_is_named() -> None:
    """No rule stands in a pack of a city or system without a row that says where it is from."""
    local = {loaded.rule.id for loaded in LOADED if loaded.pack not in ("us-foia",)}
    assert sorted(local - NAMED - BESIDE) == []


#: Rules of the law's duties without a row of their own among the 57.
BESIDE = {"CON-CORRECT-REFUSED"}


def test_a_source_says_how_far_it_could_be_read() -> None:
    """In what the rule says, or in a remark above it: a remark makes no other text of a rule."""
    words = re.compile(r"（[^（）]*(?:已读|部分已读|源自代码|条文通行本|推论)[^（）]*）")
    remark = re.compile(r"^# How far the sources could be read: \S+ / \S.*$", re.MULTILINE)
    silent = [
        f"{loaded.rule.id}: {basis.ref}"
        for loaded in LOADED
        for basis in loaded.rule.legal_basis
        if not words.search(basis.says)
        and not remark.search((FOLDER / loaded.path).read_text(encoding="utf-8"))
    ]
    assert silent == []
