"""Text that nobody vouches for, in every column of every input: it steers nothing, anywhere."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.terminal.hostile import unprintable

from .command import Ran, effmon
from .places import copied, write_rows

TEXTS = (
    "\x1b[2J\x1b[31m红\x1b]0;title\x07",
    "[/red][bold]已撤销[/] [link=file:///etc/passwd]点[/link]",
    '=HYPERLINK("http://x")',
    "-2+3|' calc'!A0",
    "＝1+1",
    "办件\u202e号编\u2066x",
    "一行\n二行\r\n三行\u2028四行\x85五行\t制表",
    "\x9b31m\x7f\u200b\ufeff",
    "空\0字符",
    "长" * 10_000,
)
CASE_COLUMNS = (
    "case_no item_code item_name item_kind region department handler reviewer approver applicant "
    "channel promised_limit statutory_limit promised_due statutory_due calendar extra"
)
EVENT_COLUMNS = (
    "case_no event occurred_at recorded_at stage actor department kind amount due_at reason "
    "source_key"
)
PEOPLE_COLUMNS = (
    "person_id name role channel address department region item_code deputy absent_from absent_to "
    "language hours"
)
#: Columns whose words are checked on the way in: with a hostile one the row is quarantined.
CHECKED = {"item_kind", "promised_limit", "statutory_limit", "promised_due", "statutory_due"}


def row(columns: str, **values: str) -> list[str]:
    return [values.get(name, "") for name in columns.split()]


def hostile_cases() -> list[list[str]]:
    """One case whose every free column is hostile, and one for every other column, per text."""
    rows = []
    for number, text in enumerate(TEXTS):
        given = {"item_kind": "promised", "promised_limit": "5 working_days"}
        free = {name: text for name in CASE_COLUMNS.split() if name not in CHECKED}
        rows.append(row(CASE_COLUMNS, **free | given | {"case_no": f"H-{number}", "calendar": ""}))
        for name in (*sorted(CHECKED), "calendar", "case_no"):
            rows.append(
                row(CASE_COLUMNS, **{"case_no": f"H-{number}-{name}"} | given | {name: text})
            )
    return rows


def hostile_events() -> list[list[str]]:
    """What begins each of those cases, and a hostile event for every column, per text."""
    rows = []
    for number, text in enumerate(TEXTS):
        given = {"event": "accepted", "occurred_at": "2024-03-04 10:00"}
        free = dict.fromkeys(("stage", "actor", "department", "reason"), text)
        key = {"case_no": f"H-{number}", "source_key": f"a{number}"}
        rows.append(row(EVENT_COLUMNS, **free | given | key))
        rows.append(row(EVENT_COLUMNS, **given | {"case_no": text, "source_key": f"c{number}"}))
        for name in EVENT_COLUMNS.split()[1:]:
            other = {"case_no": f"H-{number}", "event": "rated", "occurred_at": "2024-03-05 10:00"}
            key = {"source_key": f"{name}{number}"}
            rows.append(row(EVENT_COLUMNS, **other | key | {name: text}))
    return rows


def hostile_people() -> list[list[str]]:
    rows = [row(PEOPLE_COLUMNS, person_id="s", name="王", role="supervisor", channel="file")]
    for number, text in enumerate(TEXTS):
        given = {"person_id": f"p{number}", "name": "某", "role": "handler", "channel": "file"}
        rows += [row(PEOPLE_COLUMNS, **given | {name: text}) for name in PEOPLE_COLUMNS.split()]
    return rows


@pytest.fixture(scope="module")
def besieged(tmp_path_factory: pytest.TempPathFactory, empty: Path) -> Path:
    """A workspace that took all of it, was scanned and has told everybody."""
    folder = tmp_path_factory.mktemp("besieged")
    workspace = copied(empty, folder / "ws")
    people = write_rows(folder / "p.csv", PEOPLE_COLUMNS, hostile_people())
    cases = write_rows(folder / "c.csv", CASE_COLUMNS, hostile_cases())
    events = write_rows(folder / "e.csv", EVENT_COLUMNS, hostile_events())
    neutral(effmon("-C", workspace, "people", "import", people).well(3))
    ran = effmon("-C", workspace, "import", cases, events, "-o", "json").well()
    neutral(ran)
    rows = len(hostile_cases()) + len(hostile_events())
    assert ran.json["read"] == rows
    assert ran.json["imported"] > len(TEXTS)
    assert ran.json["quarantined"] > len(TEXTS)
    again = effmon("-C", workspace, "import", cases, events, "-o", "json").well().json
    assert (again["imported"], again["quarantined"]) == (0, ran.json["quarantined"])
    neutral(effmon("-C", workspace, "scan").well(3))  # there are cases with calendars nobody has
    neutral(effmon("-C", workspace, "notices", "deliver").well(), allowed="\t")
    return workspace


def neutral(ran: Ran, allowed: str = "") -> None:
    """Nothing in it is obeyed by a terminal, turned round or invisible."""
    assert unprintable(ran.out) <= {"\n", *allowed}
    assert unprintable(ran.err) <= {"\n"}


def case_numbers(workspace: Path) -> list[str]:
    ran = effmon("-C", workspace, "cases", "list", "--all", "-o", "json").well()
    return [case["case_no"] for case in ran.json]


LISTS = (
    ["accountability", "list"],
    ["cards", "list", "--state", "all"],
    ["cases", "list", "--all"],
    ["doctor"],
    ["ledger", "list", "--most", "500"],
    ["notices", "list"],
    ["people", "check"],
    ["people", "list"],
    ["quarantine", "list", "--all"],
    ["scan", "--dry-run"],
)


def asked_of(workspace: Path, arguments: list[str]) -> None:
    """Every form of a command's answer is neutral, and the machine's forms hold together."""
    codes = (0, 1, 3)
    end = arguments.index("--") if "--" in arguments else len(arguments)

    def ask(*more: str) -> Ran:
        ran = effmon("-C", workspace, *arguments[:end], *more, *arguments[end:])
        assert ran.code in codes, ran
        return ran

    neutral(ask(), allowed="\t")
    for form in ("table", "json", "jsonl", "csv"):
        ran = ask("-o", form)
        neutral(ran)
        if form == "json":
            json.loads(ran.out)
        elif form == "jsonl":
            assert all(json.loads(line) for line in ran.out.split("\n")[:-1])
        elif form == "csv":
            no_formulas(ran.out)


def no_formulas(text: str) -> None:
    signs = tuple("=@＝＋－＠")
    # The limit is the process's: other tests rely on the standard one.
    former = csv.field_size_limit(1 << 30)
    try:
        cells = [cell for line in csv.reader(text.splitlines()) for cell in line]
    finally:
        csv.field_size_limit(former)
    for cell in cells:
        assert not cell.lstrip("\u200b\ufeff �").startswith(signs), cell[:80]


@pytest.mark.parametrize("arguments", LISTS, ids=" ".join)
def test_lists(besieged: Path, arguments: list[str]) -> None:
    asked_of(besieged, arguments)


@pytest.mark.parametrize("verb", ["show", "explain"])
def test_single_cases(besieged: Path, verb: str) -> None:
    found = case_numbers(besieged)
    strange = [name for name in found if not name.startswith("H-")]
    assert len(strange) >= 3
    for name in (strange[0], f"H-{TEXTS.index('＝1+1')}", "H-0"):
        for form in ("table", "jsonl", "csv"):
            at = ("--as-of", "2024-03-20", "-o", form)
            ran = effmon("-C", besieged, "cases", verb, *at, "--", name)
            neutral(ran.well())
            if form == "csv":
                no_formulas(ran.out)


def test_single_cards_and_rows(besieged: Path) -> None:
    listed: list[dict[str, Any]] = effmon(
        "-C", besieged, "cards", "list", "--level", "red", "-o", "json"
    ).json
    assert len(listed) >= len(TEXTS) - 1  # a NUL is not taken
    for card in listed[:2]:
        asked_of(besieged, ["cards", "show", card["card_no"]])
    waiting = effmon("-C", besieged, "quarantine", "list", "-o", "json").json
    for entry in waiting[1 :: len(waiting) // 3]:
        asked_of(besieged, ["quarantine", "show", str(entry["id"])])


def test_what_people_say(besieged: Path, tmp_path: Path) -> None:
    workspace = copied(besieged, tmp_path / "own")
    row = [("han", "韩", "", "head", "file", "h"), ("ma", "马", "", "supervisor", "file", "m")]
    people = write_rows(
        tmp_path / "people.csv", "person_id name department role channel address", row
    )
    effmon("-C", workspace, "people", "import", people).well()
    (card, *_) = effmon("-C", workspace, "cards", "list", "--level", "red", "-o", "json").json
    number = card["card_no"]
    words = "\x1b[31m=1+1\n[red]a[/red]\u202e"
    file = tmp_path / "\u202e=1+1\x1b[31m"
    file.write_text("x", encoding="utf-8")
    neutral(effmon("-C", workspace, "--as", words, "cards", "acknowledge", number).well(2))
    head = ("-C", workspace, "--as", "han")
    supervisor = ("-C", workspace, "--as", "ma")
    said = ("--text", words, "--attach", file)
    neutral(effmon(*head, "cards", "acknowledge", number, *said).well())
    neutral(effmon(*head, "cards", "reply", number, *said).well())
    asked_of(workspace, ["cards", "show", number])
    shown = effmon("-C", workspace, "cards", "show", number, "-o", "json").json
    assert shown["entries"][-1]["text"] == words
    assert effmon(*head, "cards", "reply", number, "--text", "x" * 4001).code == 2
    neutral(effmon(*supervisor, "orders", "open", number, *said).well())
    (order,) = effmon("-C", workspace, "orders", "list", "-o", "json").well().json
    neutral(effmon(*head, "orders", "reply", order["order_no"], *said).well())
    neutral(effmon(*supervisor, "orders", "return", order["order_no"], *said).well())
    neutral(effmon(*supervisor, "orders", "close", order["order_no"], *said).well())
    asked_of(workspace, ["orders", "show", order["order_no"]])
    asked_of(workspace, ["orders", "list", "--state", "all"])
    neutral(effmon(*supervisor, "orders", "open", words, *said).well(2))
    neutral(effmon(*supervisor, "orders", "open", number, "--within", words, *said).well(2))
    neutral(effmon(*supervisor, "orders", "show", words).well(2))


def test_messages_and_exports(besieged: Path, tmp_path: Path) -> None:
    texts = [path.read_text(encoding="utf-8") for path in (besieged / "outbox").iterdir()]
    assert len(texts) > 2 * 5
    for text in texts:
        assert unprintable(text) <= {"\n"}
    for ending in ("csv", "jsonl"):
        out = tmp_path / f"a.{ending}"
        effmon("-C", besieged, "accountability", "export", "--out", out).well()
        text = out.read_text(encoding="utf-8-sig")
        assert unprintable(text) <= {"\n", "\r"}
    no_formulas((tmp_path / "a.csv").read_text(encoding="utf-8-sig"))
    workspace = copied(besieged, tmp_path / "own")
    effmon("-C", workspace, "ledger", "export", "--out", tmp_path / "evidence").well()
    neutral(effmon("ledger", "verify", tmp_path / "evidence").well())


@pytest.mark.parametrize("text", TEXTS[:2], ids=["escape", "markup"])
def test_words_of_the_command_line_itself(empty: Path, text: str) -> None:
    for arguments in (
        ["cases", "show", "--", text],
        ["cards", "show", "--", text],
        ["rules", "show", "--", text],
        ["rules", "check", "--", text],
        ["import", "--mapping", text, "README.md"],
        ["calendar", "due", "--", text, text],
        ["calendar", "due", "2024-03-04", "1 working_days", "--calendar", text],
        ["scan", "--as-of", text],
        ["jobs", "run", "--", text],
        ["ledger", "list", "--type", text],
    ):
        neutral(effmon("-C", empty, *arguments).well(0, 2, 3), allowed="\t")
    neutral(effmon("-C", text.replace("\0", ""), "scan").well(2))


@pytest.mark.parametrize(
    "command",
    [
        ["--as", "wang", "cards", "lift", "R-\udcff", "--reason", "exemption", "--text", "x"],
        ["--as", "\udcd5\udcc5", "cards", "acknowledge", "R-1"],
        ["cards", "show", "R-\udcff"],
        ["cases", "explain", "\udcd5"],
    ],
)
def test_an_argument_in_another_encoding_is_wrong_usage(command: list[str], tmp_path: Path) -> None:
    """Bytes of GB18030 on a terminal in UTF-8: nothing of ours is at fault."""
    assert effmon("-C", str(tmp_path), "init").code == 0
    ran = effmon("-C", str(tmp_path), *command)
    assert ran.code == 2, ran.err
    assert "Traceback" not in ran.err
