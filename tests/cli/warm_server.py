"""A process that has the libraries loaded and forks one command line for each request.

A fork is a process of its own with its own arguments, environment, folder and streams; only the
seconds that importing takes are saved. What happens before the command line is imported (encodings,
locales) is not as in a fresh interpreter: tests of that start one.

Run as `python warm_server.py SOCKET` with the number of an inherited UNIX socket.
"""

import gc
import importlib
import json
import os
import signal
import socket
import sys
import time
import traceback
from typing import Any

#: Seconds after which a command that hangs is ended, so that its test fails.
PATIENCE = 120
LIBRARIES = (
    "alembic.command",
    "alembic.config",
    "efficiency_monitor.app",
    "efficiency_monitor.scan.slots",
    "efficiency_monitor.notify.channels.console",
    "efficiency_monitor.notify.channels.file",
    "efficiency_monitor.cards.answers",
    "efficiency_monitor.catalogue.calendars.calendar_work",
    "efficiency_monitor.notify.deliver",
    "efficiency_monitor.ops.doctor.doctor",
    "efficiency_monitor.cards.explain",
    "efficiency_monitor.intake.ingest",
    "efficiency_monitor.ledger.book",
    "efficiency_monitor.scan.nights",
    "efficiency_monitor.people.people",
    "efficiency_monitor.catalogue.authoring.rule_work",
    "efficiency_monitor.scan.scan",
    "efficiency_monitor.ops.setup",
    "efficiency_monitor.records.schema",
    "rich.console",
    "rich.progress",
    "rich.table",
    "sqlalchemy.dialects.sqlite",
    "typer",
    "typer.rich_utils",
)


def main(number: int) -> None:
    """Answer requests until the other end of the socket is closed."""
    for name in LIBRARIES:
        importlib.import_module(name)
    # What is loaded stays as it is: the forks need not copy it to count its references again.
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=number) as channel:
        while True:
            request, streams, _, _ = socket.recv_fds(channel, 1 << 20, 3)
            if not request:
                return
            child = os.fork()
            if child == 0:
                channel.detach()
                os.close(number)
                _become(json.loads(request), streams)
            for stream in streams:
                os.close(stream)
            _, status = os.waitpid(child, 0)
            channel.sendall(str(os.waitstatus_to_exitcode(status)).encode())


def _become(request: dict[str, Any], streams: list[int]) -> None:
    """Turn this fork into the command line; does not return."""
    code = 1
    try:
        signal.alarm(PATIENCE)
        for place, stream in enumerate(streams):
            os.dup2(stream, place)
            os.close(stream)
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["folder"])
        time.tzset()
        sys.argv = ["effmon", *request["arguments"]]
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", 1, "utf-8", "backslashreplace", closefd=False)  # noqa: SIM115
        importlib.import_module(f"{request['module']}.main").main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:  # noqa: BLE001 - as the interpreter does at the top
        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
        except (OSError, AttributeError):
            code = 120  # as the interpreter ends when its last output is refused
        os._exit(code)


if __name__ == "__main__":
    main(int(sys.argv[1]))
