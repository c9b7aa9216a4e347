"""A scan judges by what a second person approved, whatever the files say."""

from dataclasses import replace

import pytest

from efficiency_monitor.catalogue import rule_versions
from efficiency_monitor.catalogue.rule_waiting import waiting
from efficiency_monitor.faults import CatalogueError, ConfigurationError, NotAllowed
from tests.matters.office import PEOPLE

from .bureau import Bureau

pytestmark = pytest.mark.both_engines


def promised_at(text: str) -> str:
    """Version 1 until the end of February, the next one gives a red card at the promise already."""
    return text.replace("{level: red, at: statutory}", "{level: red, at: promised}")


def waits(bureau: Bureau) -> list[str]:
    """Files that wait: kind and path."""
    return [f"{each.kind} {each.path}" for each in waiting(bureau.world.context)]


def test_without_any_approval_nothing_is_judged(bureau: Bureau) -> None:
    bureau.demand()
    bureau.late_case()
    with pytest.raises(CatalogueError, match=r"nothing is approved|还没有批准"):
        bureau.world.scan()
    assert bureau.levels() == []


def test_a_changed_file_changes_no_card_until_it_is_approved(bureau: Bureau) -> None:
    bureau.demand()
    bureau.adopt()
    bureau.late_case()
    bureau.edit("CASE.yaml", lambda text: promised_at(text).replace("version: 1", "version: 2"))
    bureau.at("2026-03-06 09:00")
    report = bureau.world.scan()
    assert bureau.levels() == ["CASE 2"]
    assert [each.kind for each in report.waiting] == ["removed", "added"]
    change = bureau.propose()
    assert [part.kind for part in change.parts] == ["removed", "added"]
    bureau.world.now += 60
    assert "C-0002" in {each.change_no for each in bureau.world.scan().waiting}
    bureau.approve(change.change_no)
    bureau.world.now += 60
    assert bureau.world.scan().waiting == []
    assert "CASE 3" in bureau.levels()
    assert bureau.world.sound()


@pytest.mark.parametrize("damage", ["broken", "gone", "pack gone"])
def test_a_file_that_is_broken_or_gone_changes_no_card(bureau: Bureau, damage: str) -> None:
    bureau.demand()
    bureau.adopt()
    bureau.late_case()
    if damage == "broken":
        bureau.edit("CASE.yaml", lambda text: text.replace("level: red", "level: purple"))
    elif damage == "gone":
        (bureau.rules / "CASE.yaml").unlink()
    else:
        bureau.rules.rename(bureau.rules.with_name("elsewhere"))
    bureau.world.close()
    bureau.at("2026-03-07 09:00")
    report = bureau.world.scan()
    assert bureau.levels() == ["CASE 3"]
    assert report.waiting
    assert {each.kind for each in report.waiting} == {"removed" if damage == "gone" else "broken"}


def test_a_broken_file_is_not_proposed_and_says_where(bureau: Bureau) -> None:
    bureau.demand()
    bureau.adopt()
    bureau.edit("CASE.yaml", lambda text: text.replace("level: red", "level: purple"))
    with pytest.raises(CatalogueError, match=r"CASE\.yaml:\d+:\d+: "):
        bureau.propose()


def test_nobody_approves_their_own_change(bureau: Bureau) -> None:
    bureau.demand()
    change = bureau.propose()
    with pytest.raises(NotAllowed, match=r"本人提出|themselves"):
        bureau.approve(change.change_no, "wang")
    assert bureau.approve(change.change_no, "chen").state == "approved"


@pytest.mark.parametrize("person", ["zhang", "li"])
def test_the_department_neither_proposes_nor_approves(bureau: Bureau, person: str) -> None:
    bureau.demand()
    with pytest.raises(NotAllowed):
        bureau.propose(person)
    change = bureau.propose()
    with pytest.raises(NotAllowed):
        bureau.approve(change.change_no, person)


def test_an_approval_is_signed(bureau: Bureau) -> None:
    bureau.demand()
    change = bureau.propose()
    unsigned = replace(bureau.acting("sun"), key=None)
    with pytest.raises(NotAllowed, match="key"):
        rule_versions.approve(unsigned, change.change_no)
    bureau.approve(change.change_no)
    (row,) = bureau.world.rows("SELECT * FROM approval WHERE act = 'approve_change'")
    assert row["signature"] is not None
    assert row["ground"] == change.sha256


def test_who_never_had_a_key_neither_proposes_nor_approves(bureau: Bureau) -> None:
    bureau.demand()
    bureau.people([*PEOPLE, {"person_id": "he", "name": "何", "role": "supervisor"}])
    with pytest.raises(NotAllowed, match="no enrolled key"):
        bureau.propose("he")
    change = bureau.propose()
    with pytest.raises(NotAllowed, match="no enrolled key"):
        bureau.approve(change.change_no, "he")
    assert bureau.approve(change.change_no).state == "approved"


def test_what_changed_meanwhile_is_proposed_again(bureau: Bureau) -> None:
    bureau.demand()
    bureau.adopt()
    bureau.edit(
        "CASE.yaml",
        lambda text: text.replace("from: 2025-01-01", "from: 2025-01-01, to: 2030-12-31"),
    )
    first, second = bureau.propose(), bureau.propose("zhao")
    bureau.approve(first.change_no)
    with pytest.raises(ConfigurationError, match=r"was changed since"):
        bureau.approve(second.change_no)


def test_given_again_it_stays_as_it_is(bureau: Bureau) -> None:
    bureau.demand()
    change = bureau.adopt()
    before = len(bureau.world.entries())
    assert bureau.approve(change.change_no, "zhao").ended_by == "sun"
    assert len(bureau.world.entries()) == before


def test_a_withdrawn_change_is_not_approved(bureau: Bureau) -> None:
    bureau.demand()
    change = bureau.propose()
    assert (
        rule_versions.withdraw(bureau.acting("wang"), change.change_no, "写错").state == "withdrawn"
    )
    with pytest.raises(ConfigurationError, match=r"withdrawn by wang"):
        bureau.approve(change.change_no)
    assert (
        rule_versions.withdraw(bureau.acting("wang"), change.change_no, "写错").ended_by == "wang"
    )


def test_a_pack_is_added_and_removed_by_approval(bureau: Bureau) -> None:
    bureau.demand()
    bureau.adopt()
    town = bureau.rules.with_name("town")
    town.mkdir()
    text = (
        (bureau.rules / "ANSWER.yaml").read_text("utf-8").replace("id: ANSWER", "id: TOWN-ANSWER")
    )
    (town / "TOWN.yaml").write_text(text, encoding="utf-8")
    settings = bureau.world.folder / "effmon.toml"
    both = settings.read_text("utf-8").replace('packs = ["story"]', 'packs = ["story", "town"]')
    settings.write_text(both, encoding="utf-8")
    bureau.world.close()
    assert bureau.world.context.catalogue.packs == ("story",)
    bureau.approve(bureau.propose(pack="town").change_no)
    assert bureau.world.context.catalogue.packs == ("story", "town")
    settings.write_text(both.replace('"story", "town"', '"story"'), encoding="utf-8")
    bureau.world.close()
    assert bureau.world.context.catalogue.packs == ("story", "town")
    assert waits(bureau) == ["removed packs/town/TOWN.yaml"]
    bureau.approve(bureau.propose().change_no)
    assert bureau.world.context.catalogue.packs == ("story",)


def test_what_cannot_stand_together_is_not_proposed(bureau: Bureau) -> None:
    bureau.demand()
    bureau.adopt()
    second = (bureau.rules / "CASE.yaml").read_text("utf-8").replace("version: 1", "version: 2")
    (bureau.rules / "CASE-2.yaml").write_text(second, encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"in force together"):
        bureau.propose()


def test_the_way_is_prepared_before_it_is_demanded(bureau: Bureau) -> None:
    """Proposed and approved while the files judge: the first scan afterwards goes on."""
    bureau.late_case()
    bureau.adopt()
    bureau.demand()
    bureau.at("2026-03-06 09:00")
    assert bureau.world.scan().waiting == []
    assert bureau.levels() == ["CASE 2"]


def test_where_nobody_has_to_approve_one_person_may(bureau: Bureau) -> None:
    change = bureau.propose()
    assert bureau.approve(change.change_no, "wang").mode == "none"
    assert bureau.world.sound()


def test_the_ledger_says_when_approval_is_demanded_and_when_no_more(bureau: Bureau) -> None:
    bureau.adopt()
    bureau.world.scan()
    bureau.demand()
    bureau.world.now += 60
    bureau.world.scan()
    file = bureau.world.folder / "effmon.toml"
    file.write_text(file.read_text("utf-8").replace("second_person", "none"), encoding="utf-8")
    bureau.world.close()
    bureau.approve(bureau.propose().change_no)
    bureau.world.now += 60
    bureau.world.scan()
    said = [e["approval"] for e in bureau.recorded("catalogue.changed") if "approval" in e]
    assert said == ["second_person", "none"]
