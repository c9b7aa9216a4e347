"""What changes from one text of a rule to another, in words of the field."""

import json
from pathlib import Path

import pytest

from efficiency_monitor.catalogue import catalogue_files, kept_texts
from efficiency_monitor.faults import CatalogueError
from efficiency_monitor.i18n.messages import speaking
from efficiency_monitor.rules.rule_diff import Aspect, compare, facts
from efficiency_monitor.rules.rules import Rule
from tests.matters.stage import run

from .bureau import Bureau

RULES = Path(__file__).parents[2] / "rules"
SHIPPED = catalogue_files.read_rules(RULES, catalogue_files.pack_names(RULES))


def shipped(rule_id: str) -> Rule:
    return next(entry.rule for entry in SHIPPED if entry.rule.id == rule_id)


def altered(rule: Rule, **fields: object) -> Rule:
    said = rule.model_dump(mode="json", by_alias=True, exclude_unset=True)
    for path, value in fields.items():
        place = said
        *parents, last = path.split("__")
        for name in parents:
            place = place[int(name)] if isinstance(place, list) else place[name]
        place[last] = value
    return Rule.model_validate(said)


def test_the_same_text_does_not_differ() -> None:
    assert all(compare(entry.rule, entry.rule) == [] for entry in SHIPPED)


@pytest.mark.parametrize("entry", SHIPPED, ids=[entry.rule.id for entry in SHIPPED])
def test_a_kept_text_is_the_rule(entry: catalogue_files.LoadedRule) -> None:
    """Every shipped rule comes back from its kept text as it was, examples aside."""
    text = kept_texts.of_rule(entry)
    assert text.sha256 == entry.digest
    again = kept_texts.rule_of(text.content)
    assert catalogue_files.rule_digest(again) == entry.digest
    differ = {change.aspect for change in compare(entry.rule, again)}
    assert differ <= {Aspect.EXAMPLES}


CHANGES = {
    "version": ("version", 2, set()),
    "threshold": ("cards__0__at", "statutory - 3 working_days", {Aspect.THRESHOLD}),
    "limit": ("limits", {"statutory": [{"fixed": "15 working_days"}]}, {Aspect.LIMIT}),
    "start": ("clock__start", ["dispatched"], {Aspect.START}),
    "stop": ("clock__stop", ["decided", "refused", "delivered"], {Aspect.STOP}),
    "pause": ("clock__pause", [], {Aspect.PAUSE}),
    "counting": ("clock__ends", "close", {Aspect.COUNTING}),
    "applies": ("applies_to", {"region": ["430100"]}, {Aspect.APPLIES_TO}),
    "law": (
        "legal_basis",
        [{"ref": "某条", "reading": "text", "says": "某"}],
        {Aspect.LEGAL_BASIS},
    ),
    "confirm": ("confirm", "manual", {Aspect.CONFIRM}),
    "ladder": ("ladder", "two-colour", {Aspect.LADDER}),
    "reply": ("reply_within", "3 working_days", {Aspect.REPLY_WITHIN}),
    "title": ("title", {"zh": "新", "en": "New"}, {Aspect.TITLE}),
    "status": ("status", "retired", {Aspect.STATUS}),
    "in force": ("in_force__to", "2030-12-31", {Aspect.IN_FORCE}),
    "why": ("why", "另有考虑", {Aspect.WHY}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_each_thing_that_is_changed_is_said(name: str) -> None:
    path, value, aspects = CHANGES[name]
    rule = shipped("CN-DECIDE")
    found = {change.aspect for change in compare(rule, altered(rule, **{path: value}))}
    if name == "version":
        assert found == set()
    else:
        assert aspects <= found
        assert found - aspects <= {Aspect.STOP, Aspect.COUNTING}


def test_a_rule_that_is_not_there_differs_in_everything() -> None:
    rule = shipped("CN-DECIDE")
    assert len(compare(None, rule)) == len(compare(rule, None)) == len(facts(rule))


def test_files_and_kept_versions_in_both_languages(bureau: Bureau) -> None:
    bureau.late_case()
    bureau.at("2026-03-05 09:00")
    bureau.world.scan()
    bureau.edit(
        "CASE.yaml",
        lambda text: text.replace("version: 1", "version: 2").replace(
            "at: promised - 1 working_days", "at: promised - 2 working_days"
        ),
    )
    file = bureau.rules / "CASE.yaml"
    done = run(bureau.world, f"rules diff CASE@1 {file} -o json")
    (row,) = json.loads(done.out)
    assert (row["rule"], row["aspect"], row["name"]) == ("CASE", "threshold", "warning")
    assert (row["version_before"], row["version_after"]) == (1, 2)
    assert (row["before"], row["after"]) == (
        "promised - 1 working_days",
        "promised - 2 working_days",
    )
    with speaking("zh"):
        from efficiency_monitor.catalogue.authoring.rule_comparison import Sides, diff

        sides = Sides(bureau.world.context.catalogue, bureau.world.context.store)
        (row,) = diff(sides, "CASE@1", str(file))
        assert row["what"] == "预警发牌界限"
        assert row["after_words"] != row["after"]


def test_packs_and_what_is_approved(bureau: Bureau) -> None:
    bureau.adopt()
    (bureau.rules / "JOINT.yaml").unlink()
    done = run(bureau.world, "rules diff approved files -o json")
    (row,) = json.loads(done.out)
    assert (row["rule"], row["change"]) == ("JOINT", "removed")
    assert run(bureau.world, "rules diff story story -o json").out.strip() in ("[]", "")
    assert run(bureau.world, "rules diff nowhere files").code == 2


def test_a_kept_text_that_this_release_cannot_read_is_one_line() -> None:
    content = kept_texts.of_rule(SHIPPED[0]).content.replace('"why":', '"wherefore":')
    with pytest.raises(CatalogueError, match=f"the kept text {SHIPPED[0].rule.id}: "):
        kept_texts.rule_of(content)
    assert not kept_texts.same(content, kept_texts.of_rule(SHIPPED[0]))
