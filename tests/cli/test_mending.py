"""What was refused once and is mended, or refused again, is said once and at its place."""

from collections.abc import Callable
from pathlib import Path

from .command import effmon

Own = Callable[[Path], Path]

REFUSED = "case_no,event,occurred_at\nA-OPEN,looked_at,2024-02-30\n"


def refused(workspace: Path) -> list[tuple[str, str]]:
    listed = effmon("-C", workspace, "quarantine", "list", "-o", "json").well().json
    return [(row["file"], row["code"]) for row in listed if row["file"] == "more.csv"]


def test_a_row_refused_for_another_reason_is_one_row(
    own: Own, office: Path, tmp_path: Path
) -> None:
    """With the unknown event mended, the impossible date is what is left to mend."""
    workspace = own(office)
    (tmp_path / "more.csv").write_text(REFUSED, encoding="utf-8")
    effmon("-C", workspace, "import", tmp_path / "more.csv").well()
    assert refused(workspace) == [("more.csv", "unknown_code")]
    words = workspace / "rules" / "vocabulary.yaml"
    text = words.read_text(encoding="utf-8")
    more = "events:\n  - {type: looked_at, rank: 7, zh: 查看, en: looked at}"
    words.write_text(text.replace("events:", more, 1), encoding="utf-8")
    effmon("-C", workspace, "quarantine", "retry").well()
    assert refused(workspace) == [("more.csv", "no_such_time")]


def test_a_mapping_that_is_a_file_is_found_again(own: Own, office: Path, tmp_path: Path) -> None:
    workspace = own(office)
    mapping = tmp_path / "own.yaml"
    built_in = workspace / "rules" / "mappings" / "canonical.yaml"
    mapping.write_text(
        built_in.read_text(encoding="utf-8").replace("id: canonical", "id: own"), encoding="utf-8"
    )
    (tmp_path / "more.csv").write_text(REFUSED, encoding="utf-8")
    effmon("-C", workspace, "import", "-m", mapping, tmp_path / "more.csv").well()
    effmon("-C", workspace, "quarantine", "retry").well()
    assert refused(workspace) == [("more.csv", "unknown_code")]


def test_a_person_is_refused_at_their_own_row(own: Own, office: Path, tmp_path: Path) -> None:
    """A row that the reader refused before counts as a row all the same."""
    path = tmp_path / "people.csv"
    lines = ["person_id,name,role,channel", "P1,short,row", "P2,张示例,nothing,file"]
    path.write_text("\n".join([*lines, "P3,李样本,head,file"]) + "\n", encoding="utf-8")
    ran = effmon("-C", own(office), "people", "import", path)
    assert "row 3" in ran.err
    assert "row 2" in ran.err
    assert ran.err.index("row 2") < ran.err.index("row 3")
