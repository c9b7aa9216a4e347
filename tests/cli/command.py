"""Running the command line: `effmon(…)` in a fork that is warm, `fresh(…)` in a new interpreter."""

import csv
import importlib.util
import io
import json
import os
import pty
import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

NOTHING: Mapping[str, str] = MappingProxyType({})
ROOT = Path(__file__).resolve().parents[2]
MODULE = "efficiency_monitor.cli" if importlib.util.find_spec("efficiency_monitor.cli") else "cli"


def environment(**more: str) -> dict[str, str]:
    """A plain environment, so that the machine's own decides nothing."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    # A shifted date comes by a preloaded clock: commands and tests must agree on it.
    shifted = ("LD_PRELOAD", "DONT_FAKE_MONOTONIC")
    kept |= {
        name: value
        for name, value in os.environ.items()
        if name in shifted or name.startswith("FAKETIME")
    }
    plain = {
        "PYTHONPATH": str(ROOT),
        "LC_ALL": "C.UTF-8",
        "EFFMON_LANG": "en",
    }
    return {**kept, **plain, **more}


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The JSON it wrote."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """The JSON Lines it wrote."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def rows(self) -> list[dict[str, str]]:
        """The CSV it wrote."""
        return list(csv.DictReader(io.StringIO(self.out, newline="")))

    def well(self, *codes: int) -> "Ran":
        """The same, once it is sure that it ended with one of the codes (default 0)."""
        assert self.code in (codes or (0,)), (self.code, self.out[-500:], self.err[-1500:])
        return self


def checked(code: int, out: str, err: str) -> Ran:
    """What every command owes, whatever it was asked: no traceback and no unexpected fault."""
    assert "Traceback" not in out + err, err
    assert "unexpected fault" not in err, err
    assert "意外故障" not in err, err
    assert "Warning:" not in err, err
    return Ran(code, out, err)


class _Warm:
    """The warm server of this test process."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    str(Path(__file__).with_name("warm_server.py")),
                    str(theirs.fileno()),
                ],
                pass_fds=[theirs.fileno()],
                env=environment(),
            )
        self.channel = ours

    def ask(self, request: Mapping[str, Any], streams: list[int]) -> None:
        socket.send_fds(self.channel, [json.dumps(request).encode()], streams)

    def answer(self) -> int:
        said = self.channel.recv(64)
        assert said, "the warm server is gone"
        return int(said)

    def close(self) -> None:
        self.channel.close()
        self.process.wait()


_server: list[_Warm] = []


def warm() -> _Warm:
    """The server, started when first needed."""
    if not _server:
        _server.append(_Warm())
    return _server[0]


def stop_warm() -> None:
    """End the server."""
    while _server:
        _server.pop().close()


def _request(
    arguments: tuple[object, ...], folder: Path | None, variables: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "arguments": [str(argument) for argument in arguments],
        "environment": environment(**variables),
        "folder": str(folder or ROOT),
        "module": MODULE,
    }


@contextmanager
def _standard_input(text: str) -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as file:
        file.write(text.encode())
        file.seek(0)
        yield file


def effmon(
    *arguments: object,
    folder: Path | None = None,
    standard_input: str = "",
    variables: Mapping[str, str] = NOTHING,
    **more: str,
) -> Ran:
    """Run `effmon` with these arguments; its streams are files, so nothing it says is lost.

    `variables` and `more` are added to the environment.
    """
    with (
        _standard_input(standard_input) as given,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
    ):
        server = warm()
        streams = [given.fileno(), out.fileno(), err.fileno()]
        server.ask(_request(arguments, folder, {**variables, **more}), streams)
        code = server.answer()
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode())
    return checked(code, *texts)


def on_terminal(
    *arguments: object,
    width: int = 80,
    folder: Path | None = None,
    variables: Mapping[str, str] = NOTHING,
    **more: str,
) -> Ran:
    """Run `effmon` on a terminal of that width; `out` is all that appeared on it."""
    ours, theirs = pty.openpty()
    shown = {"TERM": "xterm-256color", "COLUMNS": str(width), **variables, **more}
    server = warm()
    server.ask(_request(arguments, folder, shown), [theirs, theirs, theirs])
    os.close(theirs)
    written = bytearray()
    while True:
        select.select([ours], [], [])
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux says in this way that nobody holds the other end any more
            break
        if not part:
            break
        written += part
    os.close(ours)
    return checked(server.answer(), written.decode().replace("\r\n", "\n"), "")


def command_line(*arguments: object) -> list[str]:
    """The arguments of a fresh interpreter that runs `effmon`."""
    return [sys.executable, "-m", MODULE, *(str(argument) for argument in arguments)]


def fresh(
    *arguments: object, folder: Path | None = None, variables: Mapping[str, str] = NOTHING
) -> Ran:
    """Run `effmon` in an interpreter of its own, with pipes."""
    result = subprocess.run(
        command_line(*arguments),
        cwd=folder or ROOT,
        env=environment(**variables),
        capture_output=True,
        check=False,
    )
    return checked(result.returncode, result.stdout.decode(), result.stderr.decode())


def started(*arguments: object, **variables: str) -> subprocess.Popen[bytes]:
    """`effmon` in an interpreter of its own, just started; its output goes nowhere."""
    return subprocess.Popen(
        command_line(*arguments),
        cwd=ROOT,
        env=environment(**variables),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
