"""`calendar batch` against answers that somebody else computed; faulty lines do not stop it."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from .command import ROOT, effmon

EXAMPLES = ROOT / "tests" / "data" / "time_examples"
ASKED = ("op", "start", "end", "limit", "unit", "resolution", "first_day", "ends", "roll", "pauses")


def examples() -> list[dict[str, Any]]:
    lines = (EXAMPLES / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def question(example: dict[str, Any]) -> dict[str, Any]:
    names = (*ASKED, "limits", "at")
    asked = {name: example[name] for name in names if example.get(name) is not None}
    return {**asked, "calendar": str(EXAMPLES / "calendars" / f"{example['calendar']}.yaml")}


def batch(lines: list[str], folder: Path) -> list[Any]:
    file = folder / "questions.jsonl"
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return effmon("calendar", "batch", file).well().lines


def test_the_examples(tmp_path: Path) -> None:
    known = examples()
    assert len(known) > 150
    answers = batch([json.dumps(question(example)) for example in known], tmp_path)
    assert len(answers) == len(known)
    wrong = []
    for example, answer in zip(known, answers, strict=True):
        expected = example["expected"]
        if example["op"] == "elapsed" and "elapsed" in answer:
            # Their figures are floats of at most nine places, ours are cut after six.
            ours = Decimal(answer["elapsed"])
            agreed = abs(ours - Decimal(str(expected))) < Decimal("0.000002")
        elif isinstance(expected, dict):  # beyond the calendar's end, said in other words
            agreed = set(expected) == set(answer) == {"error"}
        else:
            agreed = answer == {"due": expected}
        if not agreed:
            wrong.append((example["id"], answer, expected))
    assert wrong == []


FAULTY = (
    "nonsense",
    "[1, 2]",
    '"text"',
    "{",
    "null",
    "[" * 5000,
    '{"op": "guess", "start": "2024-03-04"}',
    '{"op": "due", "limit": "5 working_days"}',
    '{"op": "due", "start": "2024-03-04"}',
    '{"op": "due", "start": "soon", "limit": "5 working_days"}',
    '{"op": "due", "start": "2024-03-04", "limit": "5 wd"}',
    '{"op": "due", "start": "2024-03-04", "limit": "5 working_days", "calendar": "none"}',
    '{"op": "due", "start": "2024-03-04", "limit": "5 working_days", "calendar": "docs"}',
    '{"op": "due", "start": "2024-03-04", "limit": "5 working_days", "calendar": 7}',
    '{"op": "due", "start": "2024-03-04", "limit": "5 working_days", "ends": "noon"}',
    '{"op": "due", "start": "2024-03-04", "limit": "5 working_days", "pauses": "yes"}',
    '{"op": "due", "start": "2024-03-04", "limit": "5 working_days", "pauses": [7]}',
    '{"op": "due", "start": "2024-03-04", "limit": "5 working_days", "pauses": [{"to": null}]}',
    '{"op": "due", "start": null, "limit": null}',
    '{"op": "due", "start": "1999-03-04", "limit": "5 working_days"}',
    '{"op": "due", "start": "2026-03-04", "limit": "5000 working_days"}',
    '{"op": "elapsed", "start": "2024-03-04", "end": "2024-03-05", "unit": "weeks"}',
    '{"op": "threshold", "start": "2024-03-04", "at": "promised"}',
    '{"op": "threshold", "start": "2024-03-04", "limits": {"a": "5 working_days"}, "at": "b"}',
    '{"op": "threshold", "start": "2024-03-04", "limits": [], "at": "b"}',
    '{"op": ["due"], "start": {}, "limit": 5}',
    "\x00\x1b[31m",
)


def test_faulty_lines_are_answered_in_their_place(tmp_path: Path) -> None:
    good = '{"op": "due", "calendar": "cn", "start": "2024-03-04", "limit": "1 working_days"}'
    lines = [line for fault in FAULTY for line in (fault, good)]
    answers = batch(lines, tmp_path)
    assert len(answers) == len(lines)
    assert [list(answer) for answer in answers[::2]] == [["error"]] * len(FAULTY)
    assert all(answer["error"] and "Traceback" not in answer["error"] for answer in answers[::2])
    assert answers[1::2] == [{"due": "2024-03-05T15:59:59Z"}] * len(FAULTY)


def test_questions_from_a_pipe() -> None:
    line = json.dumps({"op": "due", "start": "2024-03-04", "limit": "1 working_days"})
    ran = effmon("calendar", "batch", "-", standard_input=f"{line}\n{line}").well()
    assert ran.lines == [{"due": "2024-03-05T15:59:59Z"}] * 2


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "bytes"
    file.write_bytes(bytes(range(256)))
    assert all("error" in answer for answer in effmon("calendar", "batch", file).well().lines)
    file.write_bytes(b"")
    assert effmon("calendar", "batch", file).well().out == ""


def test_a_calendar_from_a_file(tmp_path: Path) -> None:
    """One that extends a calendar of the catalogue, in a folder of its own."""
    file = tmp_path / "mine.yaml"
    file.write_text(
        "id: mine\nextends: cn\nzone: Asia/Shanghai\n"
        "covers: {from: 2024-01-01, to: 2024-12-31}\n"
        "days_off:\n  - {date: 2024-03-05, name: 停电, notice: own}\n"
        "notices:\n  own: {number: '1', published: 2024-01-01, source: test, status: official}\n",
        encoding="utf-8",
    )
    asked = ("calendar", "due", "2024-03-04", "1 working_days", "-o", "json", "--calendar")
    assert effmon(*asked, file).well().json["due"] == "2024-03-06T23:59:59+08:00"
    assert effmon(*asked, "cn").well().json == {
        "due": "2024-03-05T23:59:59+08:00",
        "provisional": False,
    }
    days = effmon("calendar", "show", file, "--special", "-o", "json").well().json
    assert [day["name"] for day in days if day["date"] == "2024-03-05"] == ["停电"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("id: x\nzone: Asia/Shanghai\n", "1:1"),
        ("id: x\nzone: Mars\ncovers: {from: 2024-01-01, to: 2024-12-31}\nweek: {}\n", "2:7"),
        ("id: x\nzone: UTC\nweek: {mon: [[09:00, 12:00]]}\n", "3:15"),
        ("a: [\n", ""),
        ("", "1:1"),
    ],
    ids=["incomplete", "zone", "unquoted hours", "no YAML", "empty"],
)
def test_a_broken_calendar_file_is_named_with_its_place(
    tmp_path: Path, text: str, place: str
) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text(text, encoding="utf-8")
    asked = ("calendar", "due", "2024-03-04", "1 working_days", "--calendar", file)
    ran = effmon(*asked)
    assert ran.code == 3
    assert f"broken.yaml:{place}" in ran.err.splitlines()[0]
