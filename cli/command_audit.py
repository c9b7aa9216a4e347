"""What was typed, without its values, and what is done when a command has ended.

Commands that change something, or tried to, are put on record (`ops.audit`) and logged; of
those that only look, refusals alone.
"""

import os
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from efficiency_monitor.faults import EffmonError, NotAllowed
from efficiency_monitor.i18n.messages import t

from .render import warn

if TYPE_CHECKING:
    from efficiency_monitor.workspace.context import Context

#: Last words of commands that only look. Whatever is not among them is taken to change something.
_LOOKS: Final = frozenset(
    {
        "backtest", "batch", "check", "compare", "demo", "doctor", "due", "elapsed", "explain",
        "forecast", "history", "list", "metrics", "show", "test", "threshold", "verify", "version",
    }
)  # fmt: skip
_ACTS: Final = frozenset({"accountability verify"})
#: Nouns and verbs of commands that show what was judged, not what the files say.
_JUDGED: Final = frozenset(
    {"accountability", "appeals", "cards", "cases", "evidence", "ledger", "orders"}
)
_SHOWS: Final = frozenset({"explain", "list", "show", "verify"})
#: With these a command shows what would be, and writes nothing.
_PREVIEWS: Final = frozenset({"--dry-run", "--as-of", "--known-by"})
_GLOBAL_VALUES: Final = frozenset({"-C", "--workspace", "--as", "--key", "--log-file"})
_OPTION: Final = re.compile(r"--?[a-z][a-z-]{0,30}")
#: Numbers that effmon gives itself: of a card, an order, an appeal, a silence.
_NUMBER: Final = re.compile(r"[A-Z]{1,2}-[0-9A-Z]{6,16}(?:-[0-9]{1,4})?")


@dataclass
class Given:
    """A command line, parsed as far as it has to be, and when it began."""

    path: str = ""
    options: tuple[str, ...] = ()
    subject: str | None = None
    workspace: Path | None = None
    person: str | None = None
    log_file: str | None = None
    began: float = field(default_factory=time.monotonic)

    @property
    def looks(self) -> bool:
        """Whether it changes nothing, as far as its name goes."""
        last = self.path.rpartition(" ")[2]
        looks = not self.path or (last in _LOOKS and self.path not in _ACTS)
        return looks or not _PREVIEWS.isdisjoint(self.options)

    @property
    def shows(self) -> bool:
        """Whether it shows what was judged: by the settings in force, whatever the file says."""
        noun, _, verb = self.path.partition(" ")
        judged = noun in _JUDGED and verb in _SHOWS and self.path not in _ACTS
        return judged or self.path in ("forecast", "metrics")

    @property
    def took(self) -> int:
        """Milliseconds since it began."""
        return int((time.monotonic() - self.began) * 1000)


#: The command of this process.
_given = Given()


def current() -> Given:
    """The command of this process."""
    return _given


def read(words: Sequence[str], command: Any) -> Given:
    """Read the command line; words that are no command of ours are not kept."""
    global _given
    _given = parse(words, command)
    return _given


def parse(words: Sequence[str], command: Any) -> Given:
    """The names in a command line: of commands, of options; a number of ours; never a value."""
    found = Given()
    path: list[str] = []
    options: list[str] = []
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if not path and word.startswith("-C") and word != "-C":
            # As in `-C/srv/effmon`: left out, the command would be on record nowhere.
            name, equals, value = "-C", "=", word[2:]
        if not path and name in _GLOBAL_VALUES:
            value = value if equals else next(rest, "")
            _global(found, name, value)
            options.append(name)
        elif word.startswith("-") and word != "-":
            options.append(
                name if _OPTION.fullmatch(name) else name[:2] if name[1:2].isalpha() else "-?"
            )
        elif getattr(command, "commands", None) and word in command.commands:
            path.append(word)
            command = command.commands[word]
        elif getattr(command, "commands", None):
            path.append("?")
            command = None
        elif found.subject is None and _NUMBER.fullmatch(word):
            found.subject = word
    found.path = " ".join(path)
    found.options = tuple(dict.fromkeys(options))
    return found


def _global(found: Given, name: str, value: str) -> None:
    if name in ("-C", "--workspace"):
        found.workspace = Path(value)
    elif name == "--as":
        found.person = value
    elif name == "--log-file":
        found.log_file = str(Path(value).absolute())


def start(context: "Context") -> None:
    """Open the log that the workspace or the command line names, and write that it begins."""
    target = _given.log_file or context.settings.operation.log
    if target is None:
        return
    from efficiency_monitor.workspace import logbook

    always = {"command": _given.path, "actor": _actor(context)}
    logbook.open_log(target, context.folder, always=always, warn=warn)
    if not _given.looks:
        logbook.event("command.started", facts={"options": list(_given.options)})


def _actor(context: "Context") -> str:
    """The operating user, and the person of `--as` where the people file knows them."""
    from efficiency_monitor.ops import audit

    who = context.actor
    claimed = audit.claimed_person(context)
    return who.os_user if claimed is None else f"{who.os_user} as {claimed}"


def finish(code: int, fault: EffmonError | None) -> None:
    """Put on record and log how it ended. It never fails itself."""
    refused = isinstance(fault, NotAllowed)
    if _given.looks and not refused and _given.log_file is None:
        return
    from efficiency_monitor import app
    from efficiency_monitor.ops.audit import Command
    from efficiency_monitor.workspace import logbook, settings

    try:
        folder = settings.workspace_folder(_given.workspace, os.environ)
        found = settings.load(folder)
    except EffmonError:
        return  # not inside a workspace
    said = None if fault is None else logbook.closed_words(fault)
    facts = {"exit_code": code, "took_ms": _given.took, "fault": said}
    if not _given.looks or refused:
        command = Command(
            path=_given.path,
            options=_given.options,
            subject=_given.subject,
            exit_code=code,
            fault=said,
            refused=refused,
            took=_given.took,
        )
        try:
            app.record_command(folder, found, _given.person, command)
        except Exception as why:  # noqa: BLE001  what could not be recorded is said, and no more
            logbook.event("audit.lost", level=40, facts={"fault": logbook.closed_words(why)})
            # Where the database itself is what the command failed of, it has been said.
            if fault is None or type(why) is not type(fault):
                warn(t("not put on record: {why}", why=_first(why)))
    logbook.event("command.ended", level=20 if code == 0 else 40, facts=facts)
    _write_metrics(folder, found)


def _first(why: Exception) -> str:
    return (str(why).splitlines() or [type(why).__name__])[0][:200]


def _write_metrics(folder: Path, found: Any) -> None:
    if found.operation.metrics is None:
        return
    from efficiency_monitor import app
    from efficiency_monitor.ops import metrics

    with suppress(EffmonError, OSError):
        context = app.open_context(folder, looking=True)
        metrics.write(context, folder / found.operation.metrics)
