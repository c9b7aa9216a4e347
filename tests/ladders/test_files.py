"""Ladder files: the catalogue's do what their examples say; a broken one is said with its place."""

import shutil
from pathlib import Path

import pytest

from efficiency_monitor import app
from efficiency_monitor.catalogue import catalogue_files
from efficiency_monitor.catalogue.authoring import ladder_work
from efficiency_monitor.faults import CatalogueError
from efficiency_monitor.people.model.people import Role
from efficiency_monitor.terms import Level
from efficiency_monitor.workspace.context import Catalogue
from tests.cli.command import effmon

RULES = Path(__file__).resolve().parents[2] / "rules"
LADDERS = sorted((RULES / "ladders").glob("*.yaml"))


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return app.open_catalogue(None, None)


@pytest.mark.parametrize("path", LADDERS, ids=lambda path: path.stem)
def test_a_ladder_does_what_its_examples_say(catalogue: Catalogue, path: Path) -> None:
    loaded = ladder_work.load(catalogue, path)
    results = list(ladder_work.run_examples(catalogue, loaded))
    assert [result for result in results if not result.passed] == []
    (entry,) = loaded
    shown = {example.level for example in entry.ladder.examples}
    assert {level for level in ("yellow", "red") if level not in shown} == set()


def test_the_first_step_tells_whom_the_settings_told_before(catalogue: Catalogue) -> None:
    chains = catalogue.ladders["standard"].ladder.chains
    assert {level: chains.of(level).steps[0].tell for level in Level} == {
        Level.WARNING: (Role.HANDLER,),
        Level.YELLOW: (Role.HANDLER, Role.HEAD),
        Level.RED: (Role.HANDLER, Role.HEAD, Role.SUPERVISOR),
    }


def test_supervisors_are_alarmed_after_five_and_twenty_working_days(catalogue: Catalogue) -> None:
    alarms = catalogue.ladders["standard"].ladder.alarms
    assert alarms.not_followed_up is not None
    assert alarms.order_open is not None
    assert alarms.not_followed_up.within == "5 working_days"
    assert alarms.order_open.within == "20 working_days"


TEXT = (RULES / "ladders" / "standard.yaml").read_text(encoding="utf-8")
FIRST = "      - {tell: [handler, head]}\n"
SECOND = "      - {tell: [leader], after: 2 working_days, stops: [acknowledged]}\n"
FAULTS = {
    "role": ("tell: [leader], after: 2", "tell: [boss], after: 2", "'handler', 'reviewer'"),
    "nobody": (FIRST, "      - {tell: []}\n", "at least 1"),
    "first waits": (FIRST, FIRST.replace("]}", "], after: 1 working_days}"), "remove its 'after'"),
    "first stops": (FIRST, FIRST.replace("]}", "], stops: replied}"), "remove its 'stops'"),
    "no wait": (SECOND, SECOND.replace(", after: 2 working_days", ""), "needs 'after'"),
    "unit": ("after: 2 working_days", "after: 2 weeks", "no amount"),
    "no time": ("after: 2 working_days", "after: 0 working_days", "must be positive"),
    "stop": ("stops: [acknowledged]", "stops: [read]", "'acknowledged', 'replied'"),
    "a stop twice": ("stops: [replied]", "stops: [replied, replied]", "one twice"),
    "for ever": ("times: 2", "times: 999", "less than or equal to 20"),
    "too long": ("every: 5 working_days", "every: 99999 working_days", "too long"),
    "no red": ("  red:\n", "  reds:\n", "did you mean 'red'"),
    "key": ("acknowledged_for: 3", "acknowledge_for: 3", "did you mean 'acknowledged_for'"),
    "id": ("id: standard", "id: normal", "differs from the file's name"),
    "version": ("version: 1", "version: 0", "greater than or equal to 1"),
    "what happens": ("what: replied", "what: answered", "'acknowledged', 'replied'"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), FAULTS.values(), ids=list(FAULTS))
def test_a_broken_ladder_is_said_with_its_place(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in TEXT
    path = tmp_path / "standard.yaml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogueError) as fault:
        catalogue_files.read_ladder_file(path)
    first = fault.value.message.splitlines()[0]
    assert first.startswith(f"{path}:")
    assert said in fault.value.message, fault.value.message


def test_an_example_that_goes_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "standard.yaml"
    path.write_text(TEXT.replace("2026-03-11 00:00", "2026-03-12 00:00", 1), encoding="utf-8")
    ran = effmon("ladders", "check", path)
    assert ran.code == 1, ran
    assert "2026-03-11 00:00:00 step 3.1" in ran.out
    assert "1 failed" in ran.err


def test_an_example_with_a_wrong_time(tmp_path: Path) -> None:
    path = tmp_path / "standard.yaml"
    path.write_text(TEXT.replace('until: "2026-12-31"', 'until: "soon"', 1), encoding="utf-8")
    ran = effmon("ladders", "check", path)
    assert (ran.code, "no time" in ran.err, "Traceback" in ran.err) == (3, True, False)


def test_commands_show_ladders() -> None:
    rows = effmon("ladders", "list", "-o", "json").well().json
    assert [row["id"] for row in rows] == ["standard", "two-colour"]
    shown = effmon("ladders", "show", "two-colour", "-o", "json").well().json
    assert shown["chains"]["red"]["steps"][1] == {
        "tell": ["leader"],
        "after": "1 working_days",
        "stops": ["acknowledged"],
    }
    assert effmon("ladders", "check").well().err.endswith(" 0 failed\n")
    ran = effmon("ladders", "show", "standart")
    assert (ran.code, "standard, two-colour" in ran.err) == (2, True)


def test_comments_and_examples_do_not_change_a_ladder(tmp_path: Path) -> None:
    path = tmp_path / "standard.yaml"
    whole = catalogue_files.read_ladder_file(RULES / "ladders" / "standard.yaml").digest
    path.write_text("# 说明\n" + TEXT.partition("examples:")[0], encoding="utf-8")
    assert catalogue_files.read_ladder_file(path).digest == whole
    path.write_text(TEXT.replace("after: 2 working_days", "after: 3 working_days"), "utf-8")
    assert catalogue_files.read_ladder_file(path).digest != whole


def test_a_rule_that_names_no_ladder_there_is(tmp_path: Path) -> None:
    """Said at the rule's own line when the catalogue is read: never found out at night."""
    shutil.copytree(RULES, tmp_path / "rules")
    path = next((tmp_path / "rules" / "packs" / "national").glob("CN-DECIDE*"))
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("examples:\n", "ladder: two-color\nexamples:\n", 1), "utf-8")
    with pytest.raises(CatalogueError, match=r":\d+:\d+: no ladder 'two-color'; did you mean"):
        catalogue_files.read_rules(tmp_path / "rules", ["national"])
    path.write_text(text.replace("examples:\n", "ladder: two-colour\nexamples:\n", 1), "utf-8")
    assert catalogue_files.read_rules(tmp_path / "rules", ["national"])


def test_a_catalogue_without_ladders_has_the_installed_ones(tmp_path: Path) -> None:
    assert list(catalogue_files.read_ladders(tmp_path)) == ["standard", "two-colour"]
    (tmp_path / "ladders").mkdir()
    shutil.copy(RULES / "ladders" / "two-colour.yaml", tmp_path / "ladders")
    assert list(catalogue_files.read_ladders(tmp_path)) == ["two-colour"]
