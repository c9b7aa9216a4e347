"""What both halves of the demonstration stand on: its clock, its data, how a step is shown."""

import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from efficiency_monitor.i18n.messages import language
from efficiency_monitor.time.instants import parse_instant

from .render import emit_text
from .scan import say

if TYPE_CHECKING:
    from efficiency_monitor.workspace.context import Context


class Clock:
    """The demonstration's clock: it stands still until it is set."""

    def __init__(self, text: str, zone: str) -> None:
        self.zone = zone
        self.instant = parse_instant(text, zone)[0]

    def __call__(self) -> int:
        return self.instant

    def set(self, text: str) -> None:
        """Set the clock on."""
        self.instant = parse_instant(text, self.zone)[0]


def data_folder() -> Path:
    """The demonstration's data: installed beside the package, or in the checkout."""
    try:
        return Path(str(files("efficiency_monitor.demo")))
    except ModuleNotFoundError:
        return Path(__file__).resolve().parent.parent / "demo"


def head(text: str, command: str = "") -> None:
    """Begin a step, with the command that a user would type."""
    lines = ["\n", f"━━ {text}\n"]
    if command:
        lines.append(f"   $ effmon {command}\n")
    emit_text(lines)
    sys.stdout.flush()


def line(text: str) -> None:
    """Say one line."""
    emit_text([text + "\n"])
    sys.stdout.flush()


def open_workspace(
    folder: Path,
    clock: Clock,
    *,
    name: str,
    calendar: str,
    packs: tuple[str, ...],
    watch_from: str | None = None,
) -> "Context":
    """Make a workspace on the demonstration\'s clock."""
    from efficiency_monitor import app
    from efficiency_monitor.ledger import keys as ledger_keys
    from efficiency_monitor.ops import setup

    setup.write_settings(
        folder,
        name=name,
        zone=clock.zone,
        language=language(),
        calendar=calendar,
        packs=packs,
        watch_from=watch_from,
    )
    context = app.open_context(folder, create=True, clock=clock)
    setup.record_creation(context)
    ledger_keys.ensure(context, app.seed())
    return context


def scan_now(context: "Context", title: str) -> None:
    """Scan as of the clock and say what it gave."""
    from efficiency_monitor import app
    from efficiency_monitor.scan.scan import scan

    head(title, "scan")
    say(scan(context, as_of=context.now(), run_id=app.run_id()), context)
