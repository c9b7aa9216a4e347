"""A version is one text: what has judged under a number stays what the number means."""

import pytest
import yaml

from efficiency_monitor.faults import CatalogueError

from .bureau import Bureau, shortened

pytestmark = pytest.mark.both_engines


def scanned(bureau: Bureau) -> None:
    bureau.late_case()
    bureau.at("2026-03-05 09:00")
    bureau.world.scan()


@pytest.mark.parametrize("demanded", [False, True], ids=["none", "second person"])
def test_a_changed_text_under_the_same_number_is_refused(bureau: Bureau, demanded: bool) -> None:
    scanned(bureau)
    if demanded:
        bureau.demand()
        bureau.adopt()
    bureau.edit(
        "CASE.yaml", lambda text: text.replace("promised - 1 working", "promised - 2 working")
    )
    bureau.at("2026-03-06 09:00")
    with pytest.raises(
        CatalogueError, match=r"CASE\.yaml: rule CASE version 1 \(story\): .*same number"
    ):
        bureau.propose() if demanded else bureau.world.scan()
    # What was refused has written nothing.
    assert bureau.levels() == ["CASE 1"]


def test_the_next_number_takes_what_starts_later(bureau: Bureau) -> None:
    """A version binds where the episode starts, whatever number came later."""
    bureau.edit(
        "CASE.yaml",
        lambda text: text.replace("from: 2025-01-01", "from: 2025-01-01, to: 2026-03-02"),
    )
    second = (
        shortened((bureau.rules / "CASE.yaml").read_text("utf-8"))
        .replace("from: 2025-01-01", "from: 2026-03-03")
        .replace("  to: 2026-03-02\n", "")
    )
    (bureau.rules / "CASE-2.yaml").write_text(second, encoding="utf-8")
    bureau.late_case("A")
    bureau.world.receive(
        "cases", [{"case_no": "B", "item_kind": "promised", "promised_limit": "3 working_days"}]
    )
    bureau.world.receive(
        "events", [{"case_no": "B", "event": "accepted", "occurred_at": "2026-03-03 10:00"}]
    )
    bureau.at("2026-03-20 09:00")
    bureau.world.scan()
    rows = bureau.world.tuples("SELECT DISTINCT subject, rule_version FROM card ORDER BY 1")
    assert [(subject, int(version)) for subject, version in rows] == [("case:A", 1), ("case:B", 2)]


@pytest.mark.parametrize(
    "change",
    [
        ("from: 2025-01-01", "from: 2025-01-01, to: 2030-12-31"),
        ("status: stable", "status: retired"),
        ("id: CASE", "# a remark\nid: CASE"),
    ],
    ids=["its end", "retired", "a remark"],
)
def test_its_end_may_be_set(bureau: Bureau, change: tuple[str, str]) -> None:
    scanned(bureau)
    bureau.edit("CASE.yaml", lambda text: text.replace(*change))
    bureau.at("2026-03-06 09:00")
    bureau.world.scan()
    assert bureau.levels() == ["CASE 2"]


def test_what_has_judged_does_not_go_back_to_trial(bureau: Bureau) -> None:
    scanned(bureau)
    bureau.edit("CASE.yaml", lambda text: text.replace("status: stable", "status: trial"))
    bureau.at("2026-03-06 09:00")
    with pytest.raises(CatalogueError, match="cannot go back"):
        bureau.world.scan()


def test_the_text_that_judged_is_kept_and_comes_back(bureau: Bureau) -> None:
    scanned(bureau)
    before = (bureau.rules / "CASE.yaml").read_text("utf-8")
    bureau.edit(
        "CASE.yaml", lambda text: text.replace("promised - 1 working", "promised - 2 working")
    )
    bureau.at("2026-03-06 09:00")
    with pytest.raises(CatalogueError):
        bureau.world.scan()
    bureau.edit("CASE.yaml", lambda _text: before)
    bureau.world.scan()
    assert bureau.levels() == ["CASE 2"]
    (row,) = bureau.world.rows("SELECT * FROM text_use WHERE name = 'CASE'")
    (kept,) = bureau.world.rows("SELECT * FROM kept_text WHERE sha256 = ?", row["sha256"])
    assert "promised - 1 working_days" in kept["content"]


def test_a_workspace_of_before_keeps_its_texts_at_the_next_scan(bureau: Bureau) -> None:
    """As after an upgrade: the catalogue is known and no text was kept yet."""
    scanned(bureau)
    for trigger in ("text_use_no_delete", "kept_text_no_delete"):
        bureau.world.change(f"DROP TRIGGER {trigger}")
    bureau.world.change("DELETE FROM text_use")
    bureau.world.change("DELETE FROM kept_text WHERE kind <> 'settings'")
    bureau.at("2026-03-06 09:00")
    bureau.world.scan()
    assert bureau.world.rows("SELECT * FROM text_use WHERE name = 'CASE'")


@pytest.mark.parametrize("judges_alike", [True, False], ids=["other words", "another limit"])
def test_late_evidence_lifts_what_a_text_of_other_words_gave(
    bureau: Bureau, judges_alike: bool
) -> None:
    """A legal basis that is put right judges as before; another limit is left to people."""
    bureau.late_case("A")
    bureau.at("2026-03-30 09:00")
    bureau.world.scan()
    assert [level for level in bureau.levels() if level.startswith("CASE ")]

    def reworded(text: str) -> str:
        document = yaml.safe_load(text)
        document["version"] = 2
        document["legal_basis"][0]["says"] = "put right"
        return yaml.safe_dump(document, allow_unicode=True)

    bureau.edit("CASE.yaml", reworded if judges_alike else shortened)
    bureau.world.receive(
        "events", [{"case_no": "A", "event": "decided", "occurred_at": "2026-03-02 17:00"}]
    )
    report = bureau.world.scan()
    assert (report.lifted > 0, bool(report.rule_changed)) == (judges_alike, not judges_alike)
    assert bureau.world.sound()
