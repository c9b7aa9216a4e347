"""What is made from code is as the code makes it now."""

import importlib.util
from typing import Annotated, Any

import pytest
import typer
import typer.main

from .tree import ROOT, run_python


@pytest.mark.parametrize("tool", ["make_schema", "make_cli_reference"])
def test_made_files_are_up_to_date(tool: str) -> None:
    result = run_python(f"tools/{tool}.py", "--check", PYTHONPATH=str(ROOT))
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_drift_is_reported(tmp_path: Any) -> None:
    """The check compares with the tree that the tool stands in."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "rules").mkdir()
    for name in ("made.py", "make_schema.py"):
        (tmp_path / "tools" / name).write_bytes((ROOT / "tools" / name).read_bytes())
    standing = (ROOT / "rules/schema.json").read_text(encoding="utf-8")
    (tmp_path / "rules/schema.json").write_text(standing.replace("legal_basis", "basis"), "utf-8")
    result = run_python("tools/make_schema.py", "--check", cwd=tmp_path, PYTHONPATH=str(ROOT))
    assert result.returncode == 1
    assert "make generated" in result.stdout


@pytest.fixture
def reference(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module that writes docs/cli.md."""
    monkeypatch.setenv("EFFMON_LANG", "en")
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    spec = importlib.util.spec_from_file_location(
        "make_cli_reference", ROOT / "tools/make_cli_reference.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_names_every_command_and_option(reference: Any) -> None:
    app, cards = typer.Typer(), typer.Typer(help="Cards.")
    app.add_typer(cards, name="cards")

    @cards.command("list")
    def list_cards(level: Annotated[str, typer.Option(help="Only a|b.")] = "red") -> None:
        """Show cards."""

    @cards.command("secret", hidden=True)
    def secret() -> None:
        """Not for show."""

    page = reference.reference_text(typer.main.get_command(app))
    assert "## effmon cards list" in page
    assert "Show cards." in page
    assert "Only a\\|b." in page
    assert "secret" not in page


def test_every_command_has_help(reference: Any) -> None:
    tree = reference.commands(reference.installed_command(), ("effmon",))
    assert [" ".join(path) for path, each in tree if not (each.help or "").strip()] == []
