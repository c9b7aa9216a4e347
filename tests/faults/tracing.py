"""Faults at a chosen system call of a process, by strace; nothing of the program is replaced.

`docs/reliability.md` says how a fault is placed. A process that is killed at its n-th call has not
made it: so the states between any two calls are all visited.
"""

import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .processes import Process

#: All by which a command of ours changes what is on a disk, or says something.
WRITES = (
    "pwrite64,pwritev,write,writev,copy_file_range,sendfile,fsync,fdatasync,ftruncate,truncate,"
    "fallocate,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,rmdir,"
    "mkdir,mkdirat,chmod,fchmod,fchmodat"
)
#: What a full disk refuses to whoever goes on. Not `write`, by which the streams are written too.
TAKING_ROOM = ("pwrite64", "pwritev", "fallocate", "mkdir", "mkdirat")
_CALL = re.compile(r"^\d+ +(\w+)\((.*)$")


@dataclass(frozen=True, slots=True)
class Point:
    """The n-th call of its kind, from 1; `what` is what strace showed of it in a quiet run."""

    call: str
    number: int
    what: str = field(compare=False)

    def __str__(self) -> str:
        return f"{self.call} {self.number} ({self.what[:60]})"


@dataclass(slots=True)
class Trace:
    """What strace wrote, once its process has ended."""

    lines: list[str]

    @property
    def points(self) -> list[Point]:
        """Every call of the process, in order."""
        seen: dict[str, int] = {}
        found = []
        for line in self.lines:
            if call := _CALL.match(line):
                name = call[1]
                seen[name] = seen.get(name, 0) + 1
                found.append(Point(name, seen[name], call[2]))
        return found

    @property
    def injected(self) -> int:
        """How many calls failed because they were made to."""
        return sum("(INJECTED)" in line for line in self.lines)


@contextmanager
def traced(process: Process, *options: str) -> Iterator[Trace]:
    """Hold the waiting process by strace; the trace is filled when the block ends."""
    trace = Trace([])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "trace")
        command = ["strace", "-f", "-p", str(process.pid), "-o", str(file), *options]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
            assert tracer.stderr is not None
            said = tracer.stderr.readline()
            assert "attached" in said, f"strace cannot trace here: {said}"
            yield trace
            tracer.stderr.read()
        trace.lines = file.read_text(encoding="utf-8", errors="replace").splitlines()


def all_points(process: Process) -> list[Point]:
    """Let a waiting command run quietly; every place at which it writes."""
    with traced(process, "-e", f"trace={WRITES},openat") as trace:
        process.go().ended(120)
    return [point for point in trace.points if point.call != "openat" or "O_CREAT" in point.what]


def failing(process: Process, point: Point, fault: str, before: Sequence[Point] = ()) -> Trace:
    """Let a waiting command run into a fault: KILL, an error's name, or an error's name and `+`.

    With `+` whatever takes room after it fails as well: a disk that is full stays full. `before`
    are the points that come before it.
    """
    if not fault.endswith("+"):
        how = "signal=SIGKILL" if fault == "KILL" else f"error={fault}"
        options = ["-e", f"inject={point.call}:{how}:when={point.number}"]
    else:
        options = []
        for call in TAKING_ROOM:
            first = 1 + sum(other.call == call for other in before)
            options += ["-e", f"inject={call}:error={fault.removesuffix('+')}:when={first}+"]
    with traced(process, "-e", f"trace={WRITES},openat", *options) as trace:
        process.go().ended(120)
    return trace
