"""`rules check`: every kind of fault with file, line, column and a hint, in both languages."""

import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from efficiency_monitor.catalogue.authoring import rule_check, rule_work
from efficiency_monitor.catalogue.catalogue_files import catalogue_folder
from efficiency_monitor.faults import CatalogueError
from efficiency_monitor.i18n import fault_words
from efficiency_monitor.i18n.messages import speaking
from efficiency_monitor.workspace.context import Catalogue

from ..cli.command import ROOT, effmon

CATALOGUE = Catalogue(catalogue_folder(), ("national",))
CORE = ROOT / "efficiency_monitor" / "rules"
RULE = """\
id: TT-LATE
version: 1
name: late
title: {zh: 超期, en: Late}
status: stable
in_force: {from: 2026-01-01}
legal_basis:
  - {ref: 示例条例 第一条, reading: text, says: 应当 / shall}
why: 示例 / trial
clock:
  start: accepted
  stop: [decided, refused]
  pause: [{from: suspended, to: resumed, kinds: hearing}]
limits:
  statutory: {fixed: 5 working_days}
cards:
  - {level: red, at: statutory}
examples:
  - name: early
    level: red
    kind: silent
    events:
      - {event: accepted, at: "2026-03-02 10:00"}
      - {event: decided, at: "2026-03-03 10:00"}
    expect: [{as_of: "2026-03-31", cards: []}]
  - name: last second
    level: red
    kind: near_miss
    events:
      - {event: accepted, at: "2026-03-02 10:00"}
    expect: [{as_of: "2026-03-09 23:59:59", cards: []}]
  - name: first second
    level: red
    kind: firing
    events:
      - {event: accepted, at: "2026-03-02 10:00"}
    expect: [{as_of: "2026-03-10 00:00:00", cards: [red]}]
"""
CONDITION = RULE.replace(
    RULE[RULE.index("clock:") : RULE.index("cards:")],
    "condition: {measure: lag, of: accepted, unit: working_hours}\n",
).replace("at: statutory", 'at: "> 5 working_hours"')
FAULTS = yaml.safe_load((ROOT / "tests" / "data" / "rule_faults.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A pack that lacks nothing."""
    folder = tmp_path / "town"
    folder.mkdir()
    (folder / "README.md").write_text("# town\n", encoding="utf-8")
    (folder / "TT-LATE-late.yaml").write_text(RULE, encoding="utf-8")
    return folder


def test_a_pack_that_lacks_nothing(pack: Path) -> None:
    ran = effmon("rules", "check", pack, "-o", "json").well()
    assert ran.json == []
    assert "1 rules are in order" in ran.err
    effmon("rules", "test", pack).well()
    (pack / "TT-LATE-late.yaml").write_text(CONDITION, encoding="utf-8")
    effmon("rules", "check", pack).well()


def _written(pack: Path, text: str, fault: dict[str, str]) -> Path:
    made = text.replace(fault["was"], fault["is"], 1)
    assert made != text
    file = pack / "TT-LATE-late.yaml"
    file.write_text(made, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        *(pytest.param(RULE, one, id=one["name"]) for one in FAULTS["rule"]),
        *(
            pytest.param(CONDITION, one, id=f"of a condition {one['name']}")
            for one in FAULTS["condition"]
        ),
    ],
)
def test_a_fault_has_its_place_and_its_words(pack: Path, text: str, fault: dict[str, str]) -> None:
    file = _written(pack, text, fault)
    for code in ("en", "zh"):
        with speaking(code), pytest.raises(CatalogueError) as raised:
            rule_work.load(CATALOGUE, pack)
        said = raised.value.message
        assert f"{file}:{fault['at']}" in said
        assert fault[code] in said
        assert len(said.splitlines()) == (2 if fault["name"] == "a wrong key" else 1), said
        assert bool(re.search("[一-鿿]", raised.value.hint)) == (code == "zh")
        if code == "zh":
            assert not re.search(r"[a-z]{3,} [a-z]{3,} [a-z]{3,}", said.removeprefix(str(file)))


@pytest.mark.parametrize("fault", FAULTS["lacks"], ids=lambda fault: fault["name"])
def test_what_lacks_has_its_place_and_a_hint(pack: Path, fault: dict[str, str]) -> None:
    file = _written(pack, RULE, fault)
    for code in ("en", "zh"):
        with speaking(code):
            files = rule_work.load(CATALOGUE, pack)
            found = rule_check.lacks(CATALOGUE, files, outside=True)
        told = [one for one in found if fault[code] in one.what]
        assert told, found
        assert told[0].place.startswith(f"{file}:{fault['at']}")
        assert bool(re.search("[一-鿿]", told[0].hint)) == (code == "zh")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_command_says_both(pack: Path, language: str) -> None:
    lack, fault = FAULTS["lacks"][0], FAULTS["rule"][0]
    _written(pack, RULE, lack)
    ran = effmon("rules", "check", pack, EFFMON_LANG=language).well(1)
    assert lack[language] in ran.out
    _written(pack, RULE, fault)
    ran = effmon("rules", "check", pack, EFFMON_LANG=language).well(3)
    first, hint = ran.err.splitlines()
    assert fault[language] in first
    assert hint.startswith(("hint: ", "办法："))


def test_what_a_pack_owes(pack: Path) -> None:
    second = RULE.replace("TT-LATE", "XX-LATE")
    third = RULE.replace("TT-LATE", "TT-MORE")
    (pack / "XX-LATE-late.yaml").write_text(second, encoding="utf-8")
    (pack / "TT-MORE-late.yaml").write_text(third, encoding="utf-8")
    (pack / "README.md").unlink()
    found = effmon("rules", "check", pack, "-o", "json").well(1).json
    assert [(Path(one["place"].split(":")[0]).name, one["what"]) for one in found] == [
        ("town", "the pack has no README.md"),
        ("XX-LATE-late.yaml", "XX-LATE begins otherwise than the pack's other ids, TT"),
    ]


def test_versions_that_are_in_force_together(pack: Path) -> None:
    later = RULE.replace("version: 1", "version: 2").replace("2026-01-01", "2026-06-01")
    (pack / "TT-LATE-late-2.yaml").write_text(later, encoding="utf-8")
    for language, said in (("en", "in force together with version"), ("zh", "同时生效")):
        ran = effmon("rules", "check", pack, EFFMON_LANG=language).well(3)
        assert said in ran.err
    (pack / "TT-LATE-late-2.yaml").write_text(RULE, encoding="utf-8")
    assert "stands also in" in effmon("rules", "check", pack).well(3).err


def test_every_faulty_file_is_named(pack: Path) -> None:
    for name in ("TT-A-late.yaml", "TT-B-late.yaml"):
        (pack / name).write_text(RULE.replace("start: accepted", "start: acepted"), "utf-8")
    said = effmon("rules", "check", pack).well(3).err
    assert "TT-A-late.yaml:11:10" in said
    assert "TT-B-late.yaml:11:10" in said


def test_a_time_that_is_none_is_no_unexpected_fault(pack: Path) -> None:
    file = pack / "TT-LATE-late.yaml"
    file.write_text(RULE.replace("2026-03-03 10:00", "2026-03-33 10:00"), encoding="utf-8")
    assert "example 'early'" in effmon("rules", "test", pack).well(3).err


def test_a_whole_catalogue_is_checked_by_its_packs(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    ran = effmon("rules", "check", tmp_path / "rules").well()
    assert "rules are in order" in ran.err


#: Modules of which the models of a rule are made.
MODELS = (
    "rules",
    "rule_parts",
    "conditions",
    "comparison",
    "tallies",
    "tally_examples",
    "../time/amount",
)


def _messages() -> Iterator[tuple[str, str]]:
    """Each message of a ValueError in the models, every `{…}` filled with a sign."""
    for name in MODELS:
        for node in ast.walk(ast.parse((CORE / f"{name}.py").read_text(encoding="utf-8"))):
            raised = node.exc if isinstance(node, ast.Raise) else None
            if isinstance(raised, ast.Call) and ast.unparse(raised.func) == "ValueError":
                yield f"{name}:{node.lineno}", _sample(raised.args[0])


def _sample(text: ast.expr) -> str:
    if isinstance(text, ast.Constant):
        return str(text.value)
    assert isinstance(text, ast.JoinedStr)
    return "".join(
        str(part.value) if isinstance(part, ast.Constant) else "§" for part in text.values
    )


def _chinese(text: str) -> str | None:
    """What is said of a message of the core in Chinese; None where it is said in English."""
    with speaking("zh"):
        said = fault_words.say_fault(text)
    return None if said == text else said


def test_every_message_of_the_models_is_said_in_chinese() -> None:
    messages = dict(_messages())
    assert len(messages) > 50
    lacking = {
        where: text
        for where, text in messages.items()
        # `unknown unit 'x'` goes on with the nearest unit or all of them.
        if _chinese(text) is None
        and _chinese(f"{text}; did you mean §?") is None
        and _chinese(text.removesuffix("§") + ": one of §") is None
    }
    assert lacking == {}


def test_no_message_is_translated_by_the_words_of_another() -> None:
    """What stands for a sign stands there again in Chinese, in its order."""
    for where, text in _messages():
        said = _chinese(text)
        if said is not None:
            assert said.count("§") == text.count("§"), (where, said)
