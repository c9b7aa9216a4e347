"""Cards that a supervisor gives by hand: pending, confirmed by another, left alone by scans."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.world import World, instant

from . import desk
from .deaths import at_the_first
from .desk import refused, say
from .stage import copied, run

pytestmark = pytest.mark.both_engines

GIVE = "--as wang cards issue A --level yellow --basis '某办法 第三条' --text 作风粗暴"
CARD = "{A MANUAL yellow}"


@pytest.fixture(scope="module")
def stage(database_engine: str, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Late cases of two departments, everybody told; each test gets a copy."""
    made = desk.opened(tmp_path_factory.mktemp("manual") / "ws")
    made.close()
    return made


@pytest.fixture
def world(stage: World, tmp_path: Path) -> Iterator[World]:
    """A copy of the stage."""
    made = copied(stage, tmp_path / "ws")
    yield made
    assert made.sound()
    made.close()


def manual(world: World) -> list[str]:
    """The cards that were given by hand."""
    return [card for card in world.cards() if " MANUAL " in card]


def test_from_giving_it_to_the_answer(world: World) -> None:
    said = say(world, GIVE)
    assert "to be confirmed" in said
    assert "told: sun" in said
    assert manual(world) == ["A MANUAL yellow pending"]
    assert desk.notices(world, "to_confirm") == ["sun pending"], "its issuer cannot confirm it"
    assert "gave this card" in refused(world, f"--as wang cards confirm '{CARD}'")
    assert "cannot be acknowledged" in refused(world, f"--as zhang cards acknowledge '{CARD}'")
    before = len(desk.notices(world, "issued"))
    say(world, f"--as sun cards confirm '{CARD}'")
    assert manual(world) == ["A MANUAL yellow open"]
    told = [entry.split()[0] for entry in desk.notices(world, "issued")]
    assert len(told) - before == 2, "now its ladder begins: the handler and the head"
    assert desk.notices(world, "to_confirm") == ["sun void"]
    desk.arrive(world)
    shown = run(world, f"cards show '{CARD}' -o json").well().json
    assert shown["reply_due_at"] is not None
    say(world, f"--as zhang cards reply '{CARD}' --text 已道歉")
    say(world, f"--as sun cards close '{CARD}' --text 同意")
    assert manual(world) == ["A MANUAL yellow closed"]


def test_what_it_says(world: World) -> None:
    paper = world.folder / "笔录.txt"
    paper.write_text("x", encoding="utf-8")
    say(world, f"{GIVE} --attach {paper}")
    shown = run(world, f"cards show '{CARD}' -o json").well().json
    assert shown["issued_by"] == "wang"
    assert shown["legal_basis"] == [{"ref": "某办法 第三条", "says": "", "reading": None}]
    (entry,) = shown["entries"]
    assert (entry["kind"], entry["person_id"], entry["text"]) == ("issued", "wang", "作风粗暴")
    assert [each["name"] for each in entry["attachments"]] == ["笔录.txt"]
    named = (shown["department"], shown["handler"])
    assert named == ("住建局", "张**"), "the persons are those of the case"
    empty = [shown[name] for name in ("limit", "limit_due_at", "elapsed", "over")]
    assert empty == [None] * 4
    (issued,) = [each for each in desk.entries(world, "card.issued") if each.get("manual")]
    assert issued["issued_by"] == "wang"
    assert "作风" not in str(world.entries())
    assert "某办法" not in str(world.entries()), "people may write a name into a basis"


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_list_and_page_copes_with_it(
    world: World, monkeypatch: pytest.MonkeyPatch, form: str, language: str
) -> None:
    say(world, GIVE)
    say(world, f"--as sun cards confirm '{CARD}'")
    monkeypatch.setenv("EFFMON_LANG", language)
    number = world.card("A MANUAL yellow")
    for line in (
        "cards list",
        f"cards show {number}",
        "cases show A",
        "cases explain A",
        "accountability list",
        "notices list",
        "ledger list",
    ):
        out = say(world, f"{line} -o {form}")
        # As CSV an explanation is its days.
        assert number in out or (line, form) == ("cases explain A", "csv"), line
    assert "某办法 第三条" in say(world, "cases explain A -o table")


def test_exports_hold_it(world: World) -> None:
    say(world, GIVE)
    say(world, f"--as sun cards confirm '{CARD}'")
    desk.arrive(world)
    number = world.card("A MANUAL yellow")
    out = world.folder / "accounts.csv"
    say(world, f"accountability export --out {out}")
    assert number in out.read_text(encoding="utf-8-sig")
    say(world, f"ledger export --out {world.folder / 'evidence'}")
    assert say(world, f"ledger verify {world.folder / 'evidence'}")
    if world.context.store.dialect == "sqlite":
        # The trials' server is set to be fast and to lose what it has; the doctor says so.
        say(world, "doctor")


def test_no_scan_touches_it(world: World) -> None:
    say(world, GIVE)
    say(world, f"--as sun cards confirm '{CARD}'")
    before = manual(world)
    for at in ("2026-03-09 09:00", "2026-03-20 09:00"):
        world.now = instant(at)
        world.mark_all_changed()
        world.scan()
        assert manual(world) == before
    # Even when nothing is left of the clocks of its case: the event that began them is withdrawn.
    decided = {"case_no": "A", "event": "decided", "occurred_at": "2026-03-03 10:00"}
    world.receive("events", [decided])
    world.scan()
    assert "A CASE red lifted late_evidence" in world.cards()
    assert manual(world) == before


def test_a_manual_red_leaves_other_cards_alone(world: World) -> None:
    say(world, GIVE)
    say(world, f"--as sun cards confirm '{CARD}'")
    say(world, "--as sun cards issue A --level red --basis 另一条 --text 再犯")
    say(world, "--as wang cards confirm '{A MANUAL red}'")
    assert manual(world) == ["A MANUAL red open", "A MANUAL yellow open"]


def test_the_same_card_twice_is_refused_until_the_first_is_gone(world: World) -> None:
    say(world, GIVE)
    number = world.card("A MANUAL yellow")
    before = world.dump()
    for line in (GIVE, GIVE.replace("第三条", " 第三条 ")):
        assert "nothing was written" in say(world, line)
    assert world.dump() == before
    assert f"already: {number}" in refused(world, GIVE.replace("--as wang", "--as sun"))
    say(world, GIVE.replace("第三条", "第四条"))
    say(world, GIVE.replace("yellow", "warning"))
    world.now += 86_400
    assert "nothing was written" in say(world, GIVE)
    say(world, f"--as sun cards confirm {number}")
    say(world, f"--as zhang cards reply {number} --text x")
    say(world, f"--as sun cards close {number} --text x")
    say(world, GIVE)
    assert sorted(manual(world)) == [
        "A MANUAL warning pending",
        "A MANUAL yellow closed",
        "A MANUAL yellow pending",
        "A MANUAL yellow pending",
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--as wang cards issue NONE --level red --basis x --text x", "there is no case 'NONE'"),
        ("--as wang cards issue A --level red --basis ' ' --text x", "the basis has to have"),
        ("--as wang cards issue A --level red --basis x", "text is missing"),
        ("--as li cards issue A --level red --basis x --text x", "li has no role"),
        ("cards issue A --level red --basis x --text x", "nobody is named"),
    ],
)
def test_what_is_not_possible_is_refused_in_one_line(world: World, line: str, said: str) -> None:
    assert said in refused(world, line)


def test_without_another_supervisor_there_is_no_card(world: World) -> None:
    world.people([person for person in desk.PEOPLE if person["person_id"] != "sun"])
    assert "no other supervisor" in refused(world, GIVE)
    away = {"absent_from": "2026-03-01"}
    sun = {**desk.PEOPLE[-1], **away}
    world.people([*desk.PEOPLE[:-1], sun])
    assert "no other supervisor" in refused(world, GIVE)
    world.people([*desk.PEOPLE[:-1], {**sun, "deputy": "wang"}])
    assert "no other supervisor" in refused(world, GIVE), "the issuer is no deputy for this"
    world.people([*desk.PEOPLE[:-1], {**sun, "deputy": "chen"}])
    assert "told: chen" in say(world, GIVE)
    say(world, f"--as chen cards confirm '{CARD}'")


def test_an_account_that_can_be_verified(world: World) -> None:
    say(world, GIVE)
    say(world, f"--as sun cards confirm '{CARD}'")
    number = world.card("A MANUAL yellow")
    (row,) = run(world, f"accountability list --card {number} -o json").well().json
    assert (row["department"], row["holder"], row["held_seconds"]) == ("住建局", "张**", 0)
    (status,) = world.rows("SELECT status FROM accountability WHERE card_no = ?", number)
    assert status["status"] == "to_verify"


def test_a_preview_writes_nothing(world: World) -> None:
    before = world.dump()
    ran = run(world, f"{GIVE} --dry-run -o json").well()
    assert ran.json["told"] == ["sun"]
    assert "nothing was written" in ran.err
    assert world.dump() == before


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("step", [0, 1], ids=["issue", "confirm"])
def test_a_command_that_dies_is_given_again(
    world: World, tmp_path: Path, step: int, before: bool
) -> None:
    life = (GIVE, f"--as sun cards confirm '{CARD}'")
    for line in life[:step]:
        say(world, line)
        world.now += 3600
    at_the_first(world, life[step], tmp_path, before=before)


def test_no_rule_may_bear_their_name(world: World) -> None:
    pack = world.folder / "catalogue" / "packs" / "story"
    text = (pack / "CASE.yaml").read_text(encoding="utf-8")
    (pack / "MANUAL.yaml").write_text(text.replace("id: CASE", "id: MANUAL"), encoding="utf-8")
    ran = run(world, "rules list")
    assert ran.code == 3
    assert "MANUAL stands for cards that people give by hand" in ran.err
