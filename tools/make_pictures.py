"""Draw docs/pictures/*.svg again: the commands are really run, in a terminal 100 columns wide.

Only what the picture shows is made: the demonstration's workspace stands in a temporary folder.
Names given as arguments draw these alone.
"""

import json
import os
import pty
import select
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from made import ROOT
from terminal_svg import draw

FOLDER = ROOT / "docs" / "pictures"
COLUMNS = 100


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: its file's name, the language, and the commands that it shows, in order.

    `{red_case}` stands for the case of the demonstration's first red card.
    """

    name: str
    language: str
    commands: tuple[str, ...]
    #: Whether they are run in the checkout, not in the demonstration's workspace.
    in_checkout: bool = False


#: The evening at which the demonstration's clock stands.
AS_OF = "--as-of 2026-11-20T18:00+08:00"
#: A synthetic sample of message 4, one of whose codes no table knows.
CHECK = "effmon mappings check ten-message tests/data/mappings/ten-message/4.csv --rows 3"
PICTURES = (
    Picture("scan.zh", "zh", (f"effmon scan {AS_OF}",)),
    Picture("scan.en", "en", (f"effmon scan {AS_OF}",)),
    Picture("cards.zh", "zh", ("effmon cards list --level red",)),
    Picture("cards.en", "en", ("effmon cards list --level red",)),
    Picture("explain.zh", "zh", (f"effmon cases explain {{red_case}} {AS_OF}",)),
    Picture("explain.en", "en", (f"effmon cases explain {{red_case}} {AS_OF}",)),
    Picture("check.zh", "zh", (CHECK,), in_checkout=True),
    Picture("check.en", "en", (CHECK,), in_checkout=True),
)


def shown(words: Sequence[str], *, cwd: Path, language: str) -> str:
    """Run a command whose stdout is a terminal, and return what the terminal would show.

    Messages come by a pipe in between, so that no progress bar is drawn over and over.
    """
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        words,
        cwd=cwd,
        env=_environment(language),
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.PIPE,
    )
    os.close(theirs)
    assert process.stderr is not None
    messages = process.stderr.fileno()
    text, reading = bytearray(), {ours, messages}
    while reading:
        for source in select.select(sorted(reading), [], [])[0]:
            try:
                part = os.read(source, 65536)
            except OSError:  # Linux says in this way that the terminal's other end is closed
                part = b""
            text += part
            if not part:
                reading.discard(source)
    process.stderr.close()
    os.close(ours)
    # 1: a `--fail-on` level was found, which a picture may well show.
    if process.wait() not in (0, 1):
        raise SystemExit(f"{' '.join(words)}: exit code {process.returncode}\n{text.decode()}")
    return text.decode().replace("\r\n", "\n")


def _environment(language: str) -> dict[str, str]:
    removed = {"NO_COLOR", "FORCE_COLOR", "COLORTERM"}
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in removed and not name.startswith("EFFMON_")
    }
    told = {"COLUMNS": str(COLUMNS), "TERM": "xterm-256color", "EFFMON_LANG": language}
    return {**kept, **told, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _effmon() -> str:
    """The command of the environment that runs this tool."""
    return str(Path(sys.executable).with_name("effmon"))


def _draw(picture: Picture, workspace: Path, red_case: str) -> None:
    parts = []
    where = ROOT if picture.in_checkout else workspace
    for command in picture.commands:
        told = command.format(red_case=red_case)
        words = [_effmon(), *told.split()[1:]]
        parts.append(f"$ {told}\n" + shown(words, cwd=where, language=picture.language))
    text = draw("\n".join(parts), columns=COLUMNS, title="; ".join(picture.commands))
    (FOLDER / f"{picture.name}.svg").write_text(text, encoding="utf-8")
    print(f"docs/pictures/{picture.name}.svg")


def main(names: Sequence[str]) -> None:
    """Draw the named pictures, or all."""
    unknown = set(names) - {picture.name for picture in PICTURES}
    if unknown:
        raise SystemExit(f"no picture is called {', '.join(sorted(unknown))}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "demo" / "bureau"
        subprocess.run(
            [_effmon(), "demo", str(workspace.parent)], check=True, stdout=subprocess.DEVNULL
        )
        listed = subprocess.run(
            [_effmon(), "cards", "list", "--level", "red", "-o", "json"],
            cwd=workspace,
            check=True,
            capture_output=True,
        )
        red_case = json.loads(listed.stdout)[0]["case_no"]
        for picture in PICTURES:
            if not names or picture.name in names:
                _draw(picture, workspace, red_case)


if __name__ == "__main__":
    main(sys.argv[1:])
