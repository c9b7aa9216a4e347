"""The catalogue of Chinese messages and the code say the same: nothing lacks, nothing is left over.

Read with a parser of the `.po` of this test's own, so that what `tools/messages.py` overlooks is
seen here.
"""

import ast
import gettext
import re
import string
import subprocess
import sys
from pathlib import Path

import pytest

from efficiency_monitor.i18n import messages
from efficiency_monitor.i18n.messages import mark, speaking, t

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "efficiency_monitor" / "i18n" / "zh" / "LC_MESSAGES"
_CHINESE = re.compile("[\u4e00-\u9fff]")
#: Code that holds Chinese and is no message to people in the language of the process: what is read
#: (notices, tables, times, names of columns), what is written in both languages at once, data that
#: hold both, and the verifier, which is one file.
HOLDS_CHINESE = {
    "cli/demo.py",
    "cli/rule_write.py",
    "efficiency_monitor/catalogue/authoring/rule_check.py",
    "efficiency_monitor/catalogue/authoring/rule_filling.py",
    "efficiency_monitor/catalogue/calendars/notice_file.py",
    "efficiency_monitor/catalogue/settings_in_force.py",
    "efficiency_monitor/documents/masking.py",
    "efficiency_monitor/documents/text_safety.py",
    "efficiency_monitor/engine/custody.py",
    "efficiency_monitor/followup/orders/actions.py",
    "efficiency_monitor/i18n/messages.py",
    "efficiency_monitor/i18n/rule_words.py",
    "efficiency_monitor/intake/mapping/times.py",
    "efficiency_monitor/ledger/compare.py",
    "efficiency_monitor/ledger/export_readme.py",
    "efficiency_monitor/ops/setup.py",
    "efficiency_monitor/people/model/hours.py",
    "efficiency_monitor/people/model/people.py",
    "efficiency_monitor/people/model/personal.py",
    "efficiency_monitor/records/postgresql.py",
    "efficiency_monitor/records/schema.py",
    "efficiency_monitor/rules/measures.py",
    "efficiency_monitor/scan/trials.py",
    "efficiency_monitor/time/calendar_change.py",
    "efficiency_monitor/time/notice_text.py",
    "efficiency_monitor/time/official_notice.py",
    "efficiency_monitor/verifier/verify.py",
}


def _catalogue() -> dict[tuple[str | None, str], str]:
    """The `.po`, entry by entry: (context, English) to Chinese."""
    found: dict[tuple[str | None, str], str] = {}
    for block in (FOLDER / "effmon.po").read_text("utf-8").split("\n\n"):
        parts: dict[str, str] = {}
        name = ""
        for line in block.splitlines():
            word, _, rest = line.partition(" ")
            if word in ("msgctxt", "msgid", "msgstr"):
                name, line = word, rest
            if name and line.startswith('"'):
                parts[name] = parts.get(name, "") + ast.literal_eval(line)
        if parts.get("msgid"):
            found[parts.get("msgctxt"), parts["msgid"]] = parts["msgstr"]
    return found


def _parts(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def _sources() -> list[Path]:
    return sorted([*(ROOT / "efficiency_monitor").rglob("*.py"), *(ROOT / "cli").rglob("*.py")])


def test_the_catalogue_is_what_the_code_says() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "messages.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_every_message_has_a_sentence_in_chinese() -> None:
    found = _catalogue()
    assert len(found) > 2_000
    assert not [key for key, said in found.items() if not said]


def test_chinese_uses_no_part_that_the_code_does_not_give() -> None:
    """A part that is not given would end the command where the sentence is said."""
    given: dict[tuple[str | None, str], set[str]] = {}
    for path in _sources():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "t"
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                words = {word.arg: word.value for word in node.keywords if word.arg}
                context = words.pop("ctx", None)
                key = (
                    context.value if isinstance(context, ast.Constant) else None,
                    node.args[0].value,
                )
                # Two places may say one message with more parts than it needs.
                given[key] = given[key] & set(words) if key in given else set(words)
    catalogue = _catalogue()
    wrong = {}
    for key, names in given.items():
        for said in (key[1], catalogue.get(key, "")):
            if names and not _parts(said) <= names:
                wrong[said] = _parts(said) - names
    assert not wrong


def test_no_chinese_is_written_in_code_but_where_it_is_read() -> None:
    holding = set()
    for path in _sources():
        tree = ast.parse(path.read_text("utf-8"))
        told = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and node not in told
                and _CHINESE.search(node.value)
            ):
                holding.add(path.relative_to(ROOT).as_posix())
    assert holding == HOLDS_CHINESE


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_text_in_no_catalogue_is_said_as_it_stands(language: str) -> None:
    with speaking(language):
        assert t("nobody says this {x}") == "nobody says this {x}"
        assert t("nobody says this {x}", x="{y}") == "nobody says this {y}"
        assert t(mark("nobody says this", ctx="here")) == "nobody says this"


def test_a_context_chooses_between_two_words() -> None:
    with speaking("zh"):
        assert {t("closed"), t("closed", ctx="order states")} == {"销号", "已办结"}


def test_the_catalogue_is_read_as_gettext_reads_it() -> None:
    with (FOLDER / "effmon.mo").open("rb") as file:
        read = gettext.GNUTranslations(file)
    for (context, text), said in _catalogue().items():
        assert read.gettext(mark(text, ctx=context)) == said
    assert messages.CONTEXT_ENDS == "\x04"
