"""A workspace with a clock that the test sets, used as people use it: by commands."""

import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from sqlalchemy import Engine, event

from cli.main import app
from cli.state import State
from efficiency_monitor.faults import EffmonError
from tests import engines
from tests.cli.command import Ran
from tests.stories.world import World

#: Built once, as a process builds it: it takes longer than most commands.
_COMMANDS = typer.main.get_command(app)
#: A record that is counted again is filed by the ledger's size then, which is another each time.
COUNTED_AGAIN = re.compile(r"(?<=^accountability/[A-Z]-[A-Z0-9]{12}/[0-9]{10})/[0-9]+$")

#: Tables whose rows say how a matter stands, and the columns that differ from run to run.
FACTS = {
    "card": {"salt"},
    "card_entry": {"id"},
    "notice": {"attempts", "first_attempt_at", "last_error"},
    "ladder_run": set(),
    "supervision_order": set(),
    "order_card": set(),
    "order_entry": {"id"},
    "appeal": set(),
    "appeal_entry": {"id"},
    # What is signed holds the ledger's size, which counts the scans too.
    "approval": {"id", "statement", "signature"},
    "accountability": {"id"},
    "account_entry": {"id"},
    "silence": set(),
    "alarm": set(),
    "evidence_decision": {"id"},
    "evidence_seen": {"id"},
    "person_key": set(),
    "person_key_entry": {"id"},
}
#: Entries of runs: a command that is repeated runs again.
OF_RUNS = (
    "scan.done",
    "notice.uncertain",
    "people.imported",
    "import.begun",
    "import.done",
    "export.made",
    "backup.made",
    "checkpoint.made",
    "command.failed",
)


class Killed(BaseException):
    """The process is gone: nothing of ours catches it."""


def run(world: World, line: str) -> Ran:
    """`effmon -C WORKSPACE …` in this process, at the world's clock.

    `{A CASE red}` stands for the number of that card, `{order}`, `{appeal}`, `{silence}` for the
    newest one's, `{evidence}` for that of what was held back last, `{folder}` for the workspace.
    What follows ` > ` is a file for the output.
    """
    line, _, file = line.partition(" > ")
    arguments = ["-C", str(world.folder), *(_filled(world, word) for word in shlex.split(line))]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = _code(arguments, State(clock=lambda: world.now), err)
    assert "Traceback" not in err.getvalue(), err.getvalue()
    if file:
        Path(_filled(world, file)).write_text(out.getvalue(), encoding="utf-8")
    return Ran(code, out.getvalue(), err.getvalue())


def _code(arguments: list[str], state: State, err: io.StringIO) -> int:
    try:
        found = _COMMANDS(arguments, standalone_mode=False, obj=state)
    except EffmonError as fault:
        err.write(f"error: {fault.message}\nhint: {fault.hint}\n")
        return fault.exit_code
    except typer.Exit as done:
        return done.exit_code
    return found if isinstance(found, int) else 0


def _filled(world: World, word: str) -> str:
    def meant(found: re.Match[str]) -> str:
        name = found[1]
        if name == "folder":
            return str(world.folder)
        newest = {
            "order": "SELECT order_no FROM order_entry WHERE kind = 'opened' ORDER BY id DESC",
            "appeal": "SELECT appeal_no FROM appeal_entry WHERE kind = 'filed' ORDER BY id DESC",
            "silence": "SELECT silence_no FROM silence ORDER BY starts_at DESC,"
            " (SELECT MIN(seq) FROM ledger_entry WHERE fact LIKE '%' || silence_no || '%') DESC",
            "evidence": "SELECT SUBSTR(fact, 15) FROM ledger_entry WHERE type = 'evidence.held'"
            " ORDER BY seq DESC",
        }.get(name)
        if newest is None:
            return world.card(name)
        return str(world.tuples(newest)[0][0])

    return re.sub(r"\{([^{}]+)\}", meant, word)


@contextlib.contextmanager
def killed_at(commit: int, *, before: bool) -> Iterator[list[int]]:
    """The process dies at its n-th COMMIT (from 1), just before it or just after.

    Yields a list that holds how many commits there were.
    """
    seen = [0]

    def die(_c: Any, _k: Any, statement: str, *_rest: Any) -> None:
        if statement == "COMMIT" and seen[0] == commit:
            raise Killed

    def count(_c: Any, _k: Any, statement: str, *_rest: Any) -> None:
        if statement == "COMMIT":
            seen[0] += 1

    event.listen(Engine, "before_cursor_execute", count)
    event.listen(Engine, "before_cursor_execute" if before else "after_cursor_execute", die)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", count)
        event.remove(Engine, "before_cursor_execute" if before else "after_cursor_execute", die)


def facts(world: World) -> dict[str, list[str]]:
    """How everything stands, without what differs from run to run."""
    found = {
        table: sorted(
            repr({name: row[name] for name in row if name not in left_out})
            for row in world.rows(f"SELECT * FROM {table}")
        )
        for table, left_out in FACTS.items()
    }
    found["ledger"] = sorted(
        f"{row['type']} {COUNTED_AGAIN.sub('', str(row['fact']))}"
        for row in world.rows("SELECT type, fact FROM ledger_entry")
        if row["type"] not in OF_RUNS
    )
    found["outbox"] = sorted(str(message["message_id"]) for message in world.messages())
    return found


def copied(world: World, folder: Path) -> World:
    """The same workspace in another folder: each death leaves its own behind."""
    world.close()
    engines.copied(world.folder, folder)
    return World(folder, world.now, world.watch_from, world.imports)
