"""The demonstration's invented cases go into no other database than its own."""

from pathlib import Path

from tests.cli.command import effmon


def test_another_database_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "real.db"
    ran = effmon("demo", tmp_path / "shown", EFFMON_DATABASE_URL=f"sqlite:///{other}")
    assert ran.code == 2
    assert "unset EFFMON_DATABASE_URL" in ran.err
    assert not other.exists()
    assert not (tmp_path / "shown").exists()
