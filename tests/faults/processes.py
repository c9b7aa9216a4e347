"""Commands as processes that wait at a gate: to be traced, limited, killed, or let run."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from tests.cli.command import MODULE, NOTHING, ROOT, Ran, checked, environment

KILLED = -9


class Process:
    """One command. It begins when `go` is called."""

    def __init__(self, gate: int, answer: int, out: IO[bytes], err: IO[bytes]) -> None:
        self._gate = gate
        self._answer = os.fdopen(answer, "r")
        self._streams = (out, err)
        self.pid = int(self._answer.readline())
        self._code: int | None = None

    def go(self) -> "Process":
        """Open the gate."""
        os.close(self._gate)
        return self

    @property
    def is_open(self) -> bool:
        """Whether what it has said has not been read yet."""
        return not self._answer.closed

    def kill(self) -> None:
        """SIGKILL; nothing if it has ended."""
        if self._code is None:
            try:
                os.kill(self.pid, 9)
            except ProcessLookupError:
                return

    def ended(self, seconds: float) -> bool:
        """Whether it ends within so many seconds."""
        import select

        return self._code is not None or bool(select.select([self._answer], [], [], seconds)[0])

    def ran(self) -> Ran:
        """Wait; what it did, killed or not. A traceback is a failure of the trial."""
        if self._code is None:
            self._code = int(self._answer.readline())
            self._answer.close()
        texts = []
        for file in self._streams:
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
        self.close()
        return checked(self._code, *texts)

    def close(self) -> None:
        """Let go of what it has said; of one that nobody waited for, kill it first."""
        self.kill()
        for file in (self._answer, *self._streams):
            file.close()


class Program:
    """The server whose forks are the commands; one a trial."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.gated_server", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                cwd=ROOT,
                # The same order of everything in each of its forks: the n-th write is the same one.
                env=environment(PYTHONHASHSEED="0"),
            )
        self._channel = ours
        #: A trial that fails does not wait for those that it has begun.
        self._begun: list[Process] = []

    def waiting(
        self,
        *arguments: object,
        folder: Path,
        at: int | None,
        most_bytes: int | None = None,
        variables: Mapping[str, str] = NOTHING,
    ) -> Process:
        """A command on the workspace `folder` that waits at its gate; its clock stands at `at`.

        `most_bytes`: no file may become longer, as on a disk that is full.
        """
        request: dict[str, Any] = {
            "arguments": ["-C", str(folder), *map(str, arguments)],
            "environment": environment(PYTHONHASHSEED="0", **variables),
            "folder": str(folder),
            "module": MODULE,
            "at": at,
            "most_bytes": most_bytes,
        }
        inside, gate = os.pipe()
        answer, told = os.pipe()
        out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115
        nothing = os.open(os.devnull, os.O_RDONLY)
        streams = [nothing, out.fileno(), err.fileno(), inside, told]
        socket.send_fds(self._channel, [json.dumps(request).encode()], streams)
        for theirs in (nothing, inside, told):
            os.close(theirs)
        begun = Process(gate, answer, out, err)
        self._begun = [process for process in self._begun if process.is_open]
        self._begun.append(begun)
        return begun

    def run(self, *arguments: object, **how: Any) -> Ran:
        """Let a command run undisturbed."""
        return self.waiting(*arguments, **how).go().ran()

    def close(self) -> None:
        """End the server and what nobody waited for."""
        for process in self._begun:
            process.close()
        self._channel.close()
        assert self._server.wait(60) == 0
