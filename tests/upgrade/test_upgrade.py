"""A workspace of the former release goes on under this one as if nothing had happened."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from efficiency_monitor.store.schema import HEAD
from tests import engines
from tests.matters.stage import run
from tests.postgres_server import server
from tests.stories.world import World, instant, write_csv

from .conftest import LEFT, restored

DEMO = Path(__file__).resolve().parents[2] / "demo" / "synthetic"
KEYS = ("wang", "sun")
#: What the former release left, counted on the calendar: Monday to Friday, no day off in March.
#: A, S, P, Q, E, L: accepted Monday the 2nd, promised by the end of the 5th, by law of the 6th.
#: H: the same a month earlier, before watching began on 20 February.
#: V: accepted Wednesday the 11th, promised by the 16th; Y a day later, by the 17th.
#: T1, T2: accepted on the 3rd, promised by the 6th: two yellow cards, and a third for their number.
#: O: asked on the 16th, to be accepted by the 17th, accepted on the 18th. K: asked twice.
#: R: accepted on the 18th, promised by the 23rd; W: a hearing since the 10th.
CARDS = [
    "A CASE red replied",
    "A CASE warning superseded",
    "A CASE yellow superseded",
    "E CASE red lifted late_evidence",
    "E CASE warning lifted late_evidence",
    "E CASE yellow lifted late_evidence",
    "H CASE red historical",
    "H CASE warning historical",
    "H CASE yellow historical",
    "K ASKED yellow open",
    "L CASE red open",
    "L CASE warning superseded",
    "L CASE yellow superseded",
    "M CHECKED red pending",
    "M CHECKED yellow pending",
    "None MONTH yellow open",
    "O OWN yellow open",
    "P CASE red open",
    "P CASE warning superseded",
    "P CASE yellow superseded",
    "Q CASE red open",
    "Q CASE warning superseded",
    "Q CASE yellow superseded",
    "S CASE red lifted issued_in_error",
    "S CASE warning superseded",
    "S CASE yellow open",
    "T1 CASE warning superseded",
    "T1 CASE yellow open",
    "T2 CASE warning superseded",
    "T2 CASE yellow open",
    "V CASE warning superseded",
    "V CASE yellow acknowledged",
    "Y CASE warning superseded",
    "Y CASE yellow open",
]


#: The cards of the demonstration's cases, as its page says (`demo/synthetic/README.md`).
HALL = [
    "SYN-2026-0022 HN-CASE yellow open",
    "SYN-2026-0025 HN-CASE red open",
    "SYN-2026-0025 HN-CASE yellow superseded",
    "SYN-2026-0030 HN-INSTANT yellow open",
    "SYN-2026-0037 HN-CASE warning open",
    "SYN-2026-0047 HN-CASE red open",
    "SYN-2026-0047 HN-CASE warning superseded",
    "SYN-2026-0047 HN-CASE yellow superseded",
    "SYN-2026-0050 HN-CASE warning open",
    "SYN-2026-0051 HN-CASE warning open",
    "SYN-2026-0053 HN-CASE warning superseded",
    "SYN-2026-0053 HN-CASE yellow open",
    "SYN-2026-0053 HN-SPECIAL red open",
    "SYN-2026-0053 HN-SPECIAL warning superseded",
    "SYN-2026-0053 HN-SPECIAL yellow superseded",
    "SYN-2026-0054 HN-CASE warning superseded",
    "SYN-2026-0054 HN-CASE yellow open",
    "SYN-2026-0055 HN-CASE red open",
    "SYN-2026-0055 HN-CASE warning superseded",
    "SYN-2026-0055 HN-CASE yellow superseded",
    "SYN-2026-0058 HN-CASE warning superseded",
    "SYN-2026-0058 HN-CASE yellow open",
    "SYN-2026-0061 HN-CASE warning superseded",
    "SYN-2026-0061 HN-CASE yellow open",
]


def scanned(world: World) -> dict[str, Any]:
    """`effmon scan`: what it issued and lifted."""
    cards: dict[str, Any] = run(world, "scan -o json").well().json["cards"]
    return cards


def gave(**levels: int) -> dict[str, Any]:
    """What a scan says that has issued these, and lifted so many."""
    lifted = levels.pop("lifted", 0)
    none = {"warning": 0, "yellow": 0, "red": 0}
    return {"issued": {**none, **levels}, "lifted": lifted, "historical": 0}


def test_nothing_is_done_before_the_database_is_of_this_release(kept: Path, tmp_path: Path) -> None:
    world = World(Path(shutil.copytree(kept / "bureau", tmp_path / "bureau")), LEFT)
    before = (world.folder / "effmon.db").read_bytes()
    for line in ("scan", "ledger verify", "cards list", f"backup {tmp_path / 'b.tar'}"):
        ran = run(world, line)
        assert ran.code == 2
        assert f"has schema 0010, this release needs {HEAD}" in ran.err
        assert "run: effmon init" in ran.err
    world.close()
    assert (world.folder / "effmon.db").read_bytes() == before


def test_the_ledger_verifies_before_anything_else(bureau: World, kept: Path) -> None:
    old = World(kept / "bureau", LEFT).entries()
    assert bureau.entries()[: len(old) - 1] == old[:-1], "all but the entry of the backup itself"
    assert run(bureau, "ledger verify -o json").well().json["sound"]
    assert bureau.cards() == CARDS


def test_the_next_scan_issues_and_lifts_nothing(bureau: World) -> None:
    assert scanned(bureau) == gave()
    bureau.mark_all_changed()
    assert scanned(bureau) == gave()
    assert bureau.cards() == CARDS
    run(bureau, "notices deliver").well()
    assert bureau.sound()


def test_time_gives_what_it_owes(bureau: World) -> None:
    """To R alone: two days counted on the 20th, three on the 23rd, four on the 24th."""
    expected = [
        ("2026-03-20 23:59:59", gave()),
        ("2026-03-21 00:00:00", gave(warning=1)),
        ("2026-03-23 23:59:59", gave()),
        ("2026-03-24 00:00:00", gave(yellow=1)),
        ("2026-03-24 23:59:59", gave()),
        ("2026-03-25 00:00:00", gave(red=1)),
    ]
    for at, what in expected:
        bureau.now = instant(at)
        assert scanned(bureau) == what, at
    others = [card for card in bureau.cards() if not card.startswith("R ")]
    assert others == CARDS


def test_late_evidence_lifts_an_old_card(bureau: World) -> None:
    """As the former release did it of E: decided on the 4th, in time for every level."""
    file = bureau.folder.parent / "evidence.csv"
    write_csv(file, [{"case_no": "L", "event": "decided", "occurred_at": "2026-03-04 16:00"}])
    assert run(bureau, f"import {file} -o json").well().json["imported"] == 1
    assert scanned(bureau) == gave(lifted=3)
    lifted = {f"L CASE {level} lifted late_evidence" for level in ("red", "warning", "yellow")}
    assert set(bureau.cards()) - set(CARDS) == lifted
    assert told(bureau, "L CASE red", "lifted") == ["chen", "li", "sun", "wang", "zhang"]
    assert scanned(bureau) == gave()
    assert bureau.sound()


def test_the_same_files_bring_nothing(bureau: World) -> None:
    files = bureau.folder.parent / "files"
    for name in ("cases", "events", "late", "new"):
        said = run(bureau, f"import {files / name}.csv -o json").well().json
        assert (said["imported"], said["quarantined"]) == (0, 0), name
        assert said["unchanged"] == said["read"] > 0, name
    assert scanned(bureau) == gave()
    assert bureau.cards() == CARDS
    assert bureau.sound()


def test_the_ladder_goes_on(bureau: World) -> None:
    """Nobody has answered Y since it was delivered on Wednesday the 18th.

    Two working days are over with Friday; three more, counted from Saturday's delivery to the
    leader, with Wednesday, and so are the five of the reply that the department owes.
    """
    heard = told_of(bureau, "Y CASE yellow")
    assert {person for person, _ in heard} == {"zhang", "li"}
    expected: list[tuple[str, set[tuple[str, str]]]] = [
        ("2026-03-20 23:59:59", set()),
        ("2026-03-21 00:00:00", {("chen", "step:2:1")}),
        ("2026-03-25 23:59:59", set()),
        (
            "2026-03-26 00:00:00",
            {(person, "step:3:1") for person in ("wang", "sun")}
            | {(person, "unanswered") for person in ("chen", "wang", "sun")},
        ),
    ]
    for at, more in expected:
        bureau.now = instant(at)
        run(bureau, "notices deliver").well()
        now = told_of(bureau, "Y CASE yellow")
        assert now - heard == more, at
        heard = now
    assert bureau.sound()


def told(world: World, card: str, kind: str) -> list[str]:
    """Who is told of a card in notices of a kind, sorted."""
    return sorted(person for person, found in told_of(world, card) if found == kind)


def told_of(world: World, card: str) -> set[tuple[str, str]]:
    """Who is told of a card: (person, kind of notice)."""
    rows = world.rows("SELECT * FROM notice WHERE card_no = ?", world.card(card))
    return {(row["person_id"], row["kind"]) for row in rows if row["state"] != "void"}


def test_the_second_signature_completes(bureau: World) -> None:
    wang, sun = (f"--as {name} --key {bureau.folder.parent}/keys/{name}.pem" for name in KEYS)
    lift = "cards lift '{P CASE red}' --reason issued_in_error --text"
    assert run(bureau, f"{wang} {lift} 再签").code == 2, "who has signed does not sign twice"
    run(bureau, f"{sun} {lift} 同意").well()
    assert "P CASE red lifted issued_in_error" in bureau.cards()
    assert "P CASE yellow open" in bureau.cards(), "as of S under the former release"
    for by in (wang, sun):
        run(bureau, f"{by} appeals decide '{{appeal}}' --decision lift --text 属实").well()
    assert "Q CASE red lifted appeal" in bureau.cards()
    run(bureau, f"{wang} orders close '{{order}}' --text 同意").well()
    run(bureau, f"{sun} cards confirm '{{M CHECKED red}}' --text 属实").well()
    assert scanned(bureau) == gave()
    assert bureau.sound()


@pytest.mark.full
def test_a_backup_is_restored_into_postgresql(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = server(durable=False)
    url = running.new_database(empty=True)
    with engines.chosen(engines.POSTGRESQL), monkeypatch.context() as there:
        there.setenv("EFFMON_DATABASE_URL", url)
        world = restored(kept, tmp_path / "all")
        settings = world.folder / "effmon.toml"
        said = settings.read_text("utf-8").replace(
            "[workspace]", f'[workspace]\ndatabase = "{url}"'
        )
        settings.write_text(said, encoding="utf-8")
        assert run(world, "ledger verify -o json").well().json["sound"]
        world.now += 300
        world.mark_all_changed()
        assert scanned(world) == gave()
        assert world.cards() == CARDS
        assert world.sound()
        world.close()
    running.drop(url)


def test_an_export_is_verified_by_what_is_in_it(bureau: World, tmp_path: Path) -> None:
    scanned(bureau)
    run(bureau, "ledger checkpoint").well()
    out = tmp_path / "out"
    run(bureau, f"ledger export --out {out}").well()
    found = subprocess.run(
        [sys.executable, "-I", "-S", "verify.py"],
        cwd=out,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (found.returncode, found.stderr) == (0, ""), found.stdout
    assert len((out / "entries.jsonl").read_text("utf-8").splitlines()) >= len(bureau.entries()) - 1


def test_the_installed_catalogue_judges_as_before(hall: World) -> None:
    """Its packs and mappings are newer too: what they say of these cases is what it was."""
    assert hall.cards() == HALL
    assert scanned(hall) == gave()
    hall.mark_all_changed()
    assert scanned(hall) == gave()
    files = " ".join(str(file) for file in sorted((hall.folder.parent / "files").glob("syn*.csv")))
    run(hall, f"import --mapping gbt39046 {files}").well()
    assert scanned(hall) == gave()
    assert hall.cards() == HALL
    run(hall, f"import --mapping gbt39046 {DEMO / 'synthetic_late_evidence.csv'}").well()
    # Of 54 both are lifted; of 55 the red card, and the yellow one stands again.
    assert scanned(hall) == gave(lifted=3)
    assert set(HALL) ^ set(hall.cards()) == {
        "SYN-2026-0054 HN-CASE warning superseded",
        "SYN-2026-0054 HN-CASE yellow open",
        "SYN-2026-0054 HN-CASE warning lifted late_evidence",
        "SYN-2026-0054 HN-CASE yellow lifted late_evidence",
        "SYN-2026-0055 HN-CASE red open",
        "SYN-2026-0055 HN-CASE yellow superseded",
        "SYN-2026-0055 HN-CASE red lifted late_evidence",
        "SYN-2026-0055 HN-CASE yellow open",
    }
    assert hall.sound()
