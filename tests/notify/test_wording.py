"""What each kind of notice says: what happened, what is asked, by when, with which command."""

import ast
import re
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efficiency_monitor.notify import wording
from efficiency_monitor.notify.digest import PendingNotice, digest
from efficiency_monitor.people.model.people import Language
from efficiency_monitor.terms import Level
from tests.house.tree import run_python
from tests.notify.sentences import CARD, DUE, SAID

SHANGHAI = ZoneInfo("Asia/Shanghai")


def a_notice(kind: str, subject: str, about: dict[str, object]) -> PendingNotice:
    """As the outbox gives it: about a key there is no card, about all else there is one."""
    bare = PendingNotice(
        notice_id="N-1",
        recipient="王某",
        channel="mail",
        address="w@example.cn",
        subject=subject,
        kind=kind,
        about=about,
    )
    if subject.startswith(("key:", "ledger")):
        return bare
    return replace(
        bare,
        card_no=CARD,
        level=Level.RED,
        case_no="A-1",
        department="市住建局",
        due_at=DUE,
    )


@pytest.mark.parametrize(
    ("kind", "subject", "about", "heading", "zh", "en"),
    SAID,
    ids=[f"{n}-{s[0]}" for n, s in enumerate(SAID)],
)
def test_each_kind_says_what_happened_what_is_asked_and_by_when(
    kind: str, subject: str, about: dict[str, object], heading: str, zh: str, en: str
) -> None:
    notice = a_notice(kind, subject, about)
    (chinese,) = digest([notice], language=Language.ZH, zone=SHANGHAI)
    (english,) = digest([notice], language=Language.EN, zone=SHANGHAI)
    asked = "知悉" if kind.split(":")[0] in ("lifted", "closed", "checkpoint") else "处理"
    assert chinese.message.text == (
        f"以下事项请{asked}：\n\n1. {heading}\n   {zh}\n   通知号 N-1\n"
    )
    assert english.message.text.splitlines()[3:] == [*f"   {en}".splitlines(), "   notice N-1"]
    assert not any("\u4e00" <= char <= "\u9fff" for char in english.message.subject)


def test_every_kind_is_in_the_table_and_every_kind_that_is_written_has_a_sentence() -> None:
    assert {kind.split(":")[0] for kind, *_ in SAID} == set(wording.KINDS)
    services = Path(wording.__file__).parents[1]
    written = {
        word
        for path in services.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ("tell" in _name(node.func) or _name(node.func) == TELLS)
        for given in [*node.args, *(word.value for word in node.keywords)]
        if (word := _first_word(given)).startswith(("order_", "appeal_", "key_", "exempt"))
    }
    assert {"order_opened", "appeal_filed"} <= written, "the calls that tell are found"
    assert written <= set(wording.KINDS)


def test_every_command_that_is_asked_for_can_be_typed() -> None:
    done = run_python("-c", COMMANDS)
    assert done.returncode == 0, done.stderr
    real = set(done.stdout.splitlines())
    asked = {
        match[1]
        for *_, zh, en in SAID
        for match in re.finditer(r"effmon ((?:[a-z]+ )+)", f"{zh} {en} ")
    }
    assert asked
    assert {words.strip() for words in asked} - real == set()


COMMANDS = """
import sys
sys.path.insert(0, "tools")
from make_cli_reference import commands, installed_command
for path, _ in commands(installed_command(), ("effmon",)):
    print(" ".join(path[1:]))
"""
TELLS = "notices_to"


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _first_word(node: ast.expr) -> str:
    """The kind that a call writes as far as the source shows it; empty where it is computed."""
    if isinstance(node, ast.JoinedStr) and node.values:
        node = node.values[0]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.split(":")[0]
    return ""


@pytest.mark.parametrize("kind", [*wording.KINDS, "something_new:3", ""])
@pytest.mark.parametrize("language", list(Language))
def test_a_kind_without_its_values_still_says_what_it_is_about(
    kind: str, language: Language
) -> None:
    notice = replace(a_notice(kind, "card:C-9", {}), card_no="", level=None, case_no="")
    (made,) = digest([notice], language=language, zone=SHANGHAI)
    assert "C-9" in made.message.text
    assert "N-1" in made.message.text
    assert "None" not in made.message.text


VALUES = st.none() | st.booleans() | st.integers(-(2**33), 2**33) | st.text(max_size=8)


@given(
    kind=st.sampled_from(wording.KINDS),
    number=st.text(max_size=4),
    about=st.dictionaries(
        st.sampled_from(
            [
                "step",
                "turn",
                "since",
                "by",
                "reason",
                "order",
                "cards",
                "reply_within",
                "round",
                "reply_due_at",
                "result",
                "appeal",
                "card",
                "decide_by",
                "kind",
                "about",
                "ground",
            ]
        ),
        VALUES,
    ),
)
def test_no_value_breaks_the_text_or_a_line(
    kind: str, number: str, about: dict[str, object]
) -> None:
    notice = a_notice(f"{kind}:{number}", "order:D-1", about)
    for language in Language:
        (made,) = digest([notice], language=language, zone=SHANGHAI)
        assert len(made.message.text.splitlines()) == 5
        assert made.message.text.endswith("N-1\n")


def test_a_card_on_conduct_says_what_was_measured_and_against_what() -> None:
    notice = replace(
        a_notice("issued", f"card:{CARD}", {}),
        due_at=None,
        measure="count",
        compared="> 1 events",
    )
    (chinese,) = digest([notice], language=Language.ZH, zone=SHANGHAI)
    (english,) = digest([notice], language=Language.EN, zone=SHANGHAI)
    assert f"【红牌】办件 A-1，市住建局，次数超过1次，牌号 {CARD}" in chinese.message.text
    assert f"[red card] case A-1, 市住建局, how often more than 1 time, card {CARD}" in (
        english.message.text
    )
