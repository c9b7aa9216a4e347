"""Write docs/cli.md, the reference of every command, from the commands themselves."""

import os
from collections.abc import Iterator
from typing import Any

from made import write_or_check

# The help of a command is in the language chosen when it is imported; the reference is English.
os.environ["EFFMON_LANG"] = "en"

HEAD = """# Command line

Made from the commands by `tools/make_cli_reference.py` (`make generated`); a test holds it true.
What the words mean stands in `GLOSSARY.md`. Exit codes: 0 done; 1 a `--fail-on` level or a failed
check was found; 2 wrong usage or configuration; 3 cases could not be judged; 70 an unexpected
fault; 75 another process holds the lock, try again.
"""


def commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every visible command with its full path, groups before their members."""
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        if not child.hidden:
            yield from commands(child, (*path, name))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def section(path: tuple[str, ...], command: Any) -> str:
    """One command as Markdown: usage, what it does, its arguments and options."""
    name = " ".join(path)
    context = command.make_context(name, [], resilient_parsing=True)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    text = (command.help or "").replace("\f", "").strip()
    lines = [f"## {name}", "", f"`{usage}`", "", *([text, ""] if text else [])]
    records = [record for each in command.params if (record := each.get_help_record(context))]
    if records:
        lines += ["| argument or option | meaning |", "|---|---|"]
        lines += [f"| `{_cell(what)}` | {_cell(meaning)} |" for what, meaning in records]
        lines.append("")
    return "\n".join(lines)


def reference_text(root_command: Any) -> str:
    """The whole page."""
    parts = [section(path, each) for path, each in commands(root_command, ("effmon",))]
    return HEAD + "\n" + "\n".join(parts).rstrip() + "\n"


def installed_command() -> Any:
    """The command tree of effmon as it is installed."""
    import typer.main
    from efficiency_monitor.cli.main import app

    return typer.main.get_command(app)


if __name__ == "__main__":
    page = reference_text(installed_command())
    raise SystemExit(write_or_check("docs/cli.md", page))
