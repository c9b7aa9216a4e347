"""The figures are what the database holds, in a form that a parser of its own reads."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from efficiency_monitor.ops.prometheus import Figure, text
from tests.cli.command import effmon
from tests.cli.places import change, numbers

Figures = dict[tuple[str, frozenset[tuple[str, str]]], int]


def parsed(source: str) -> Figures:
    """Read the text format 0.0.4 sign by sign; every metric has HELP and TYPE before its values."""
    found: Figures = {}
    said: dict[str, set[str]] = {}
    assert source.endswith("\n")
    for line in source[:-1].split("\n"):
        if line.startswith("# "):
            _, kind, name, _rest = line.split(" ", 3)
            said.setdefault(name, set()).add(kind)
            continue
        name = re.match(r"[a-zA-Z_:][a-zA-Z0-9_:]*", line)[0]  # type: ignore[index]
        assert said[name] == {"HELP", "TYPE"}
        rest, labels = line[len(name) :], []
        if rest.startswith("{"):
            at = 1
            while rest[at] != "}":
                equals = rest.index("=", at)
                key, at, value = rest[at:equals], equals + 2, ""
                assert re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", key)
                while rest[at] != '"':
                    if rest[at] == "\\":
                        at += 1
                        value += {"n": "\n", "\\": "\\", '"': '"'}[rest[at]]
                    else:
                        value += rest[at]
                    at += 1
                labels.append((key, value))
                at += 2 if rest[at + 1] == "," else 1
            rest = rest[at + 1 :]
        key_of = (name, frozenset(labels))
        assert key_of not in found
        found[key_of] = int(rest.strip())
    return found


def value(found: Figures, name: str, **labels: str) -> int | None:
    """One value."""
    return found.get((f"effmon_{name}", frozenset(labels.items())))


def test_they_are_what_the_database_holds(office: Path, own: Callable[[Path], Path]) -> None:
    folder = own(office)
    change(folder, "UPDATE notice SET created_at = created_at - 5000 WHERE state = 'pending'")
    found = parsed(effmon("-C", folder, "metrics").well().out)
    for level, word in ((1, "warning"), (2, "yellow"), (3, "red")):
        for state in ("open", "pending", "superseded"):
            count = numbers(folder, "card", where=f"level = {level} AND state = '{state}'")["card"]
            assert (value(found, "cards", level=word, state=state) or 0) == count
    assert value(found, "ledger_entries") == numbers(folder, "ledger_entry")["ledger_entry"]
    waiting = numbers(folder, "notice", where="state = 'pending'")["notice"]
    assert value(found, "notices", state="pending") == waiting > 0
    assert 5000 <= (value(found, "oldest_pending_notice_seconds") or 0) < 9000
    assert value(found, "dead_letters") == 0
    assert value(found, "last_scan_age_seconds") in range(36_000)
    assert value(found, "last_backup_age_seconds") is None
    assert "张" not in str(found)


def test_a_backup_has_an_age(office: Path, own: Callable[[Path], Path], tmp_path: Path) -> None:
    folder = own(office)
    effmon("-C", folder, "backup", tmp_path / "b.tar").well()
    found = parsed(effmon("-C", folder, "metrics").well().out)
    assert 0 <= (value(found, "last_backup_age_seconds") or 0) < 600


def test_a_file_is_replaced_as_a_whole(
    office: Path, own: Callable[[Path], Path], tmp_path: Path
) -> None:
    folder = own(office)
    out = tmp_path / "m" / "effmon.prom"
    effmon("-C", folder, "metrics", "--out", out).well()
    first = out.stat()
    effmon("-C", folder, "metrics", "--out", out).well()
    assert out.stat().st_ino != first.st_ino
    assert out.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in out.parent.iterdir()] == ["effmon.prom"]
    assert parsed(out.read_text("utf-8"))


def test_settings_write_it_after_every_command_that_changes(
    office: Path, own: Callable[[Path], Path]
) -> None:
    folder = own(office)
    file = folder / "effmon.toml"
    file.write_text(file.read_text("utf-8") + '\n[operation]\nmetrics = "m.prom"\n', "utf-8")
    effmon("-C", folder, "cards", "list").well()
    assert not (folder / "m.prom").exists()
    effmon("-C", folder, "scan").well()
    assert value(parsed((folder / "m.prom").read_text("utf-8")), "slots", state="x") is None


def test_labels_may_hold_any_sign() -> None:
    said = 'a"b\\c\nd{e}=,'
    found = parsed(text([Figure("x", "of a \\ and\na line", {(("a", said), ("b", "")): 3})]))
    assert value(found, "x", a=said, b="") == 3


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="a b"):
        text([Figure("a b", "x", {(): 1})])
