"""A process that has the program loaded and forks a command line for each request, many at once.

A fork waits at a gate before it becomes the command line, so that a tracer can take hold of it
first. It is a process of its own, with its own arguments, environment, streams and limits; the
clock that the composition root reads is set, so that a trial does not depend on its date.

Run as `python -m tests.faults.gated_server SOCKET` with the number of an inherited UNIX socket.
"""

import compileall
import gc
import importlib
import json
import os
import resource
import selectors
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import cli
from tests.cli import warm_server

#: What the commands of the trials import beyond what the warm server of the command line has.
LIBRARIES = (
    "cryptography.hazmat.primitives.serialization",
    "efficiency_monitor.cli.main",
    "efficiency_monitor.notify.channels.not_ready",
    "efficiency_monitor.notify.channels.webhook",
    "efficiency_monitor.ops.backup.backup",
    "efficiency_monitor.notify.channels.configured",
    "efficiency_monitor.ledger.checkpoints",
    "efficiency_monitor.people.key_files",
    "efficiency_monitor.cards.lifting",
    "efficiency_monitor.scan.nights",
    "efficiency_monitor.intake.pull",
    "efficiency_monitor.ops.backup.restore",
    "efficiency_monitor.people.signing",
    "efficiency_monitor.intake.formats.csv_file",
    "efficiency_monitor.intake.mapping.facts",
    "efficiency_monitor.verifier.verify",
)


def main(number: int) -> None:
    """Answer requests until the other end of the socket is closed."""
    # What a first run compiles a second one does not: their calls would not be the same.
    for folder in (Path(__file__).parents[2] / "efficiency_monitor", Path(cli.__file__).parent):
        compileall.compile_dir(folder, quiet=2)
    sys.dont_write_bytecode = True
    for name in (*warm_server.LIBRARIES, *LIBRARIES):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    waiting = selectors.DefaultSelector()
    with socket.socket(fileno=number) as channel:
        waiting.register(channel, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if key.fileobj is channel:
                    if not _fork(channel, waiting):
                        return
                else:
                    _ended(key, waiting)


def _fork(channel: socket.socket, waiting: selectors.BaseSelector) -> bool:
    """Fork for the next request; False when there are no more."""
    request, streams, _, _ = socket.recv_fds(channel, 1 << 20, 5)
    if not request:
        return False
    *standard, gate, answer = streams
    child = os.fork()
    if child == 0:
        channel.detach()
        # Nothing is inherited but the streams: what the others hold ends with them.
        for number in [int(link.name) for link in Path("/proc/self/fd").iterdir()]:
            if number > 2 and number not in (*standard, gate):
                with suppress(OSError):
                    os.close(number)
        _become(json.loads(request), standard, gate)
    for stream in (*standard, gate):
        os.close(stream)
    os.write(answer, f"{child}\n".encode())
    waiting.register(os.pidfd_open(child), selectors.EVENT_READ, (child, answer))
    return True


def _ended(key: selectors.SelectorKey, waiting: selectors.BaseSelector) -> None:
    child, answer = key.data
    _, status = os.waitpid(child, 0)
    waiting.unregister(key.fileobj)
    os.close(key.fd)
    try:
        os.write(answer, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    except BrokenPipeError:
        sys.stderr.write(f"nobody waited for {child}\n")
    os.close(answer)


def _become(request: dict[str, Any], standard: list[int], gate: int) -> None:
    """Wait at the gate, then turn this fork into the command line; does not return."""
    if os.read(gate, 1) != b"":
        os._exit(99)
    os.close(gate)
    if request["at"] is not None:
        from efficiency_monitor import app

        app.now = lambda: int(request["at"])
    if request["most_bytes"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["most_bytes"], resource.RLIM_INFINITY))
    warm_server._become(request, standard)


if __name__ == "__main__":
    main(int(sys.argv[1]))
