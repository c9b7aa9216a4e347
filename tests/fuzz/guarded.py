"""Feed inputs to one parser in a process that does not outlive a fault.

Run as `python -m tests.fuzz.guarded FOLDER PARSER files FILE…` or `… PARSER drawn SEED COUNT`. The
kernel ends the process when one input takes four seconds of its processor, whatever code it is in;
more than 512 MB of memory is a fault too. The input that is being read always stands in FOLDER, so
that whoever started the process finds the guilty one there. The last line is a report in JSON.
"""

import json
import mmap
import resource
import signal
import struct
import sys
import time
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

#: Seconds of processor that one input may take, and megabytes that all of it may take.
MOST_SECONDS = 4.0
MOST_MB = 512
#: Of the addresses, beside what is mapped before the first input: libraries map far more than
#: they use. It keeps the machine alive; what counts is the memory that was really used.
_ROOM_MB = 1_500
#: Longest input that is drawn or given.
MOST_BYTES = 24_000_000
CURRENT = "current"
_LENGTH = struct.Struct("<QQ")


class Watched:
    """The input that is being read, where the parent finds it."""

    def __init__(self, path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(_LENGTH.size + MOST_BYTES)
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)

    def show(self, number: int, data: bytes) -> None:
        """Before the input is read."""
        self._map[: _LENGTH.size] = _LENGTH.pack(number, len(data))
        self._map[_LENGTH.size : _LENGTH.size + len(data)] = data


def guilty(folder: Path) -> tuple[int, bytes]:
    """Number and bytes of the input at which a process ended."""
    data = (folder / CURRENT).read_bytes()
    number, length = _LENGTH.unpack_from(data)
    return number, data[_LENGTH.size : _LENGTH.size + length]


def mapped_mb() -> int:
    """Addresses of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize() >> 20


def peak_mb() -> int:
    """Memory that this process needed at most; `ru_maxrss` would begin with its parent's."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) >> 10


def feed(parser: Any, inputs: Iterable[bytes], folder: Path) -> dict[str, Any]:
    """Read every input; what came of them. The first fault ends it."""
    watched = Watched(folder / CURRENT)
    # The default of SIGPROF ends the process, inside foreign code too.
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_AS, ((mapped_mb() + _ROOM_MB) << 20,) * 2)
    said: dict[str, Any] = {"inputs": 0, "taken": 0, "refused": 0, "slowest": 0.0, "fault": ""}
    began = time.process_time()
    for number, data in enumerate(inputs):
        watched.show(number, data)
        before = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS)
        try:
            taken = parser.read(data)
        except BaseException:  # noqa: BLE001  whatever it is, it is what is looked for
            said["fault"] = traceback.format_exc(limit=-6)
            break
        signal.setitimer(signal.ITIMER_PROF, 0)
        said["slowest"] = max(said["slowest"], time.process_time() - before)
        said["inputs"] += 1
        said["taken" if taken else "refused"] += 1
    signal.setitimer(signal.ITIMER_PROF, 0)
    said["seconds"] = round(time.process_time() - began, 1)
    said["slowest"] = round(said["slowest"], 3)
    said["peak_mb"] = peak_mb()
    return said


def main(arguments: list[str]) -> None:
    """Feed and report."""
    from . import mutations, parsers

    place, name, how, *rest = arguments
    folder = Path(place)
    parser = parsers.made(name, folder)
    inputs: Iterator[bytes]
    if how == "files":
        inputs = (Path(path).read_bytes() for path in rest)
    else:
        seed, count = map(int, rest)
        inputs = mutations.drawn(parser.seeds, parser.words, seed, count)
    print(json.dumps(feed(parser, inputs, folder)))


if __name__ == "__main__":
    main(sys.argv[1:])
