"""Answers to a card: acknowledged, replied with attachments, late, confirmed, closed."""

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from efficiency_monitor.cards import answers
from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.followup.evidence import attachments
from tests.stories.world import World, instant

from . import desk
from .deaths import at_the_first
from .desk import refused, say
from .stage import Killed, copied, run

pytestmark = pytest.mark.both_engines


@pytest.fixture(scope="module")
def stage(database_engine: str, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Late cases of two departments, everybody told; each test gets a copy."""
    made = desk.opened(tmp_path_factory.mktemp("answers") / "ws")
    made.close()
    return made


@pytest.fixture
def world(stage: World, tmp_path: Path) -> Iterator[World]:
    """A copy of the stage."""
    made = copied(stage, tmp_path / "ws")
    yield made
    assert made.sound()
    made.close()


def deadline(world: World, card: str, at: str) -> None:
    """Give the card's ladder a reply deadline: how it comes about is tested elsewhere."""
    asked = "UPDATE ladder_run SET reply_due_at = ? WHERE card_no = ?"
    assert world.change(asked, instant(at), world.card(card)) == 1


def entries_of(world: World, card: str) -> list[dict[str, Any]]:
    """What happened to a card, as it is shown."""
    return list(run(world, f"cards show '{{{card}}}' -o json").well().json["entries"])


def test_from_the_card_to_its_end(world: World) -> None:
    red = world.card("A CASE red")
    say(world, "--as zhang cards acknowledge '{A CASE red}'")
    say(world, "--as li cards reply '{A CASE red}' --text 已约谈")
    say(world, "--as zhang cards reply '{A CASE red}' --text 材料附后")
    said = say(world, "--as wang cards close '{A CASE red}' --text 同意")
    assert "told: chen" not in said
    assert "told: li, sun, wang, zhang" in said
    assert desk.happened(world, red) == [
        "issued -",
        "acknowledged zhang",
        "replied li",
        "replied zhang",
        "closed wang",
    ]
    assert desk.notices(world, "closed") == [
        "li pending",
        "sun pending",
        "wang pending",
        "zhang pending",
    ]
    (entry,) = desk.entries(world, "card.closed")
    assert list(entry["text"]) == ["commitment"]
    assert entry["actor"]["claimed"] == "wang"
    assert "A CASE red closed" in world.cards()
    world.mark_all_changed()
    world.scan()
    assert "A CASE red closed" in world.cards(), "a scan leaves it"


def test_a_reply_may_be_added_to_and_is_never_overwritten(world: World) -> None:
    say(world, "--as li cards reply '{A CASE red}' --text 一")
    assert "nothing was written" in say(world, "--as li cards reply '{A CASE red}' --text 一")
    say(world, "--as li cards reply '{A CASE red}' --text 二")
    texts = [each["text"] for each in entries_of(world, "A CASE red") if each["kind"] == "replied"]
    assert texts == ["一", "二"]
    assert len(desk.entries(world, "card.replied")) == 2


def test_a_reply_after_the_deadline_is_taken_and_marked_late(world: World) -> None:
    deadline(world, "A CASE red", "2026-03-12 23:59:59")
    deadline(world, "B CASE red", "2026-03-12 23:59:59")
    world.now = instant("2026-03-12 23:59:59")
    assert "reply by 2026-03-12 23:59:59" in say(
        world, "--as zhang cards acknowledge '{A CASE red}'"
    )
    assert "after its deadline" not in say(world, "--as li cards reply '{A CASE red}' --text 一")
    world.now += 1
    say(world, "--as li cards reply '{A CASE red}' --text 补充")
    assert "after its deadline" in say(world, "--as li cards reply '{B CASE red}' --text 一")
    kinds = [(each["kind"], each["late"]) for each in entries_of(world, "A CASE red")]
    assert kinds == [
        ("issued", False),
        ("acknowledged", False),
        ("replied", False),
        ("replied", False),
    ], "what is added to a reply in time is not late"
    assert [each["late"] for each in entries_of(world, "B CASE red")] == [False, True]
    shown = run(world, "cards show '{B CASE red}' -o json").well().json
    assert shown["reply_due_at"] == "2026-03-12T23:59:59+08:00"


def test_files_are_kept_once_by_what_they_hold(world: World) -> None:
    paper, copy = world.folder / "整改报告.docx", world.folder / "copy.bin"
    paper.write_bytes(b"report")
    copy.write_bytes(b"report")
    say(world, f"--as li cards reply '{{A CASE red}}' --text 一 --attach {paper} --attach {copy}")
    digest = hashlib.sha256(b"report").hexdigest()
    kept = world.folder / "attachments" / digest[:2] / digest
    assert kept.read_bytes() == b"report"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [path for path in (world.folder / "attachments").rglob("*") if path.is_file()] == [kept]
    (entry,) = desk.entries(world, "card.replied")
    assert entry["evidence"] == [{"sha256": digest, "size": 6}] * 2
    assert "整改报告" not in str(world.entries())
    replied = entries_of(world, "A CASE red")[-1]
    assert [each["name"] for each in replied["attachments"]] == ["整改报告.docx", "copy.bin"]
    assert "整改报告.docx" in say(world, "cards show '{A CASE red}'")


def doctor_of_files(world: World) -> tuple[str, str]:
    found = json.loads(run(world, "doctor -o json").out)
    (row,) = [row for row in found if row["check"] == "attachments"]
    return row["status"], row["detail"]


@pytest.mark.parametrize("how", ["other", "longer", "gone"])
def test_the_doctor_sees_a_file_that_is_not_what_was_handed_in(world: World, how: str) -> None:
    """Of the same length too: the ledger has the digest, so another file shows."""
    paper = world.folder / "paper"
    paper.write_bytes(b"report")
    line = f"--as li cards reply '{{A CASE red}}' --attach {paper} --text"
    assert doctor_of_files(world) == ("ok", "0 files, 0 lost or changed")
    say(world, f"{line} 一")
    assert doctor_of_files(world) == ("ok", "1 files, 0 lost or changed")
    digest = hashlib.sha256(b"report").hexdigest()
    kept = world.folder / "attachments" / digest[:2] / digest
    if how == "gone":
        kept.unlink()
    else:
        kept.write_bytes(b"other!" if how == "other" else b"report and more")
    bad = ("bad", f"1 files, 1 lost or changed: {digest[:16]}")
    assert doctor_of_files(world) == bad
    # Whoever hands it in again mends it.
    say(world, f"{line} 二")
    assert kept.read_bytes() == b"report"
    assert doctor_of_files(world) == ("ok", "1 files, 0 lost or changed")


def test_a_name_of_a_file_in_another_encoding(world: World) -> None:
    """As it comes from an old archive: the name is shown as far as it can be read."""
    paper = world.folder / os.fsdecode("整改".encode("gb18030") + b".pdf")
    paper.write_bytes(b"report")
    attached = attachments.keep(world.context, [paper])
    answers.answer(world.acting("li"), world.card("A CASE red"), "replied", "一", attached)
    (name,) = [each["name"] for each in entries_of(world, "A CASE red")[-1]["attachments"]]
    assert name.endswith(".pdf")
    assert "\ufffd" in name


def test_the_same_text_with_another_file_is_another_reply(world: World) -> None:
    paper = world.folder / "paper"
    for content in (b"one", b"one", b"two"):
        paper.write_bytes(content)
        say(world, f"--as li cards reply '{{A CASE red}}' --text 一 --attach {paper}")
    assert [entry["kind"] for entry in entries_of(world, "A CASE red")] == [
        "issued",
        "replied",
        "replied",
    ]


def test_files_that_cannot_be_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    paper = world.folder / "paper"
    line = f"--as li cards reply '{{A CASE red}}' --text 一 --attach {paper}"
    assert "cannot be read" in refused(world, line)
    paper.write_bytes(b"x" * 11)
    monkeypatch.setattr(attachments, "MOST_BYTES", 10)
    assert "is larger than" in refused(world, line)
    monkeypatch.setattr(attachments, "MOST_BYTES", 11)
    assert "at most 20" in refused(world, line + f" --attach {paper}" * 20)
    (world.folder / "attachments").write_bytes(b"in the way")
    assert "cannot be kept" in refused(world, line)


def test_a_copy_that_dies_leaves_nothing_of_that_name(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = world.folder / "paper"
    paper.write_bytes(b"report")

    def die(_descriptor: int) -> None:
        raise Killed

    monkeypatch.setattr(attachments.os, "fsync", die)
    with pytest.raises(Killed):
        attachments.keep(world.context, [paper])
    assert [path for path in (world.folder / "attachments").rglob("*") if path.is_file()] == []
    monkeypatch.undo()
    (kept,) = attachments.keep(world.context, [paper])
    assert attachments.place_of(world.context, kept).read_bytes() == b"report"


def test_a_file_that_is_written_to_meanwhile_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = world.folder / "paper"
    paper.write_bytes(b"before")
    seen = attachments.look([paper])

    def look(_paths: object) -> object:
        paper.write_bytes(b"after!")
        return seen

    monkeypatch.setattr(attachments, "look", look)
    with pytest.raises(ConfigurationError, match="was changed while it was read"):
        attachments.keep(world.context, [paper])
    assert [path for path in (world.folder / "attachments").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("cards acknowledge NONE", "nobody is named who acts"),
        ("--as zhang cards acknowledge NONE", "there is no card 'NONE'"),
        ("--as zhang cards reply '{A CASE red}'", "text is missing"),
        ("--as zhang cards reply '{A CASE red}' --text ' '", "text is missing"),
        ("--as gao cards reply '{A CASE red}' --text x", "gao has no role"),
        ("--as nemo cards acknowledge '{A CASE red}'", "there is no person nemo"),
        ("--as zhang cards acknowledge '{A CASE warning}'", "is superseded"),
        ("--as wang cards close '{A CASE red}' --text x", "it cannot be closed"),
        ("--as wang cards confirm '{A CASE red}'", "it cannot be confirmed"),
        ("--as li cards confirm '{A CASE red}'", "li has no role"),
    ],
)
def test_what_is_not_possible_is_refused_in_one_line(world: World, line: str, said: str) -> None:
    assert said in refused(world, line)


def test_a_superseded_card_says_which_one_stands(world: World) -> None:
    said = refused(world, "--as zhang cards reply '{A CASE warning}' --text x")
    assert f"{world.card('A CASE red')} stands in its place (open)" in said


def test_a_supervisor_answers_what_they_were_told_of_and_does_not_close_it(world: World) -> None:
    say(world, "--as wang cards reply '{A CASE red}' --text 已督促")
    said = refused(world, "--as wang cards close '{A CASE red}' --text x")
    assert "replied to this card" in said
    say(world, "--as sun cards close '{A CASE red}' --text x")


def test_a_warning_is_closed_once_it_was_acknowledged(world: World) -> None:
    desk.case(world, "W")
    world.receive(
        "events", [{"case_no": "W", "event": "voided", "occurred_at": "2026-03-02 11:00"}]
    )
    world.receive("cases", [{"case_no": "V", "item_kind": "promised", "department": "住建局",
                             "handler": "张经办", "promised_limit": "6 working_days",
                             "statutory_limit": "9 working_days"}])  # fmt: skip
    accepted = {"case_no": "V", "event": "accepted", "occurred_at": "2026-03-02 10:00"}
    world.receive("events", [accepted])
    world.now = instant("2026-03-10 09:00")
    world.scan()
    assert "V CASE warning open" in world.cards()
    assert "cannot be closed" in refused(world, "--as wang cards close '{V CASE warning}' --text x")
    say(world, "--as zhang cards acknowledge '{V CASE warning}'")
    say(world, "--as wang cards close '{V CASE warning}' --text x")
    assert "V CASE warning closed" in world.cards()


def test_a_card_with_an_open_order_is_closed_with_the_order(world: World) -> None:
    say(world, "--as wang orders open '{A CASE red}' --text x")
    say(world, "--as li cards reply '{A CASE red}' --text x")
    said = refused(world, "--as wang cards close '{A CASE red}' --text x")
    assert "has the open order" in said
    say(world, "--as li orders reply {order} --text x")
    say(world, "--as wang orders close {order} --text x --close-cards")
    assert "A CASE red closed" in world.cards()


def test_the_department_does_not_close_its_own_card(world: World) -> None:
    say(world, "--as li cards reply '{A CASE red}' --text x")
    said = refused(world, "--as zhang cards close '{A CASE red}' --text x")
    assert "zhang may not close a card" in said


def test_a_preview_of_closing_writes_nothing(world: World) -> None:
    say(world, "--as li cards reply '{A CASE red}' --text x")
    before = world.dump()
    ran = run(world, "--as wang cards close '{A CASE red}' --text x --dry-run -o json").well()
    assert ran.json["told"] == ["li", "sun", "wang", "zhang"]
    assert world.dump() == before


#: The commands of a card's life, each killed at its commit and given again.
LIFE = (
    "--as zhang cards acknowledge '{A CASE red}' --text 收到",
    "--as li cards reply '{A CASE red}' --text 一",
    "--as li cards reply '{A CASE red}' --text 二",
    "--as wang cards close '{A CASE red}' --text 三",
)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("step", range(len(LIFE)), ids=["acknowledge", "reply", "more", "close"])
def test_an_answer_that_dies_is_given_again(
    world: World, tmp_path: Path, step: int, before: bool
) -> None:
    for line in LIFE[:step]:
        say(world, line)
        world.now += 3600
    at_the_first(world, LIFE[step], tmp_path, before=before)
