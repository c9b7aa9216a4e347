"""A workspace with sources, and the world that a pull meets: clocks that need not wait."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from efficiency_monitor import app
from efficiency_monitor.intake import pull as pulling
from efficiency_monitor.intake.pull_report import PullDeps, PullReport
from efficiency_monitor.intake.pulling.http_request import HttpDeps as Asked
from efficiency_monitor.outbound.connection import system_resolver
from tests.stories.world import World

TOKEN = "canary-5b1f-token"
ROW = Mapping[str, Any]


@dataclass
class Office:
    """A workspace, and what its pulls meet."""

    world: World
    environ: dict[str, str] = field(default_factory=lambda: {"HALL_TOKEN": TOKEN})
    #: What a pull would have slept, in seconds.
    waits: list[float] = field(default_factory=list)

    def configure(self, text: str) -> None:
        """Write sources into `effmon.toml`, in place of those that are there."""
        path = self.world.folder / "effmon.toml"
        before = path.read_text(encoding="utf-8").partition("\n[sources")[0].rstrip()
        path.write_text(f"{before}\n\n{text}\n", encoding="utf-8")
        self.world.close()

    def outside(self) -> PullDeps:
        """Real names and a real clock that a wait only moves on."""

        def sleep(seconds: float) -> None:
            self.waits.append(seconds)

        return PullDeps(
            environ=self.environ,
            world=Asked(
                now=lambda: self.world.now,
                monotonic=lambda: time.monotonic() + sum(self.waits),
                sleep=sleep,
                resolver=system_resolver,
            ),
            new_id=app.run_id,
        )

    def pull(self, name: str = "hall", *, dry_run: bool = False, anew: bool = False) -> PullReport:
        """`effmon pull NAME`."""
        return pulling.pull(self.world.context, self.outside(), name, dry_run=dry_run, anew=anew)

    def pull_all(self, slot: int | None = None) -> list[PullReport]:
        """`effmon pull --all`, or what the nightly job does."""
        return pulling.pull_all(self.world.context, self.outside(), slot=slot)

    def case_nos(self) -> list[str]:
        """Numbers of the cases that were received."""
        rows = self.world.tuples("SELECT case_no FROM case_file ORDER BY 1")
        return [str(row[0]) for row in rows]

    def events(self) -> list[tuple[str, str]]:
        """Case and type of every event that stands."""
        return [
            (str(case_no), str(kind))
            for case_no, kind in self.world.tuples(
                "SELECT case_no, type FROM event e JOIN case_file c ON c.id = e.case_id"
                " WHERE e.id NOT IN (SELECT event_id FROM event_withdrawal) ORDER BY 1, 2"
            )
        ]

    def runs(self) -> list[tuple[str, str]]:
        """State and message of every run, oldest first."""
        rows = self.world.rows("SELECT state, message FROM feed_run ORDER BY seq")
        return [(row["state"], row["message"] or "") for row in rows]

    def spool(self, name: str = "hall") -> Path:
        """Where a pull keeps what it has fetched."""
        return self.world.folder / "spool" / name


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(World.made(tmp_path / "ws", "2026-03-02 12:00"))
    yield made
    made.world.close()


@pytest.fixture(scope="session")
def httpserver_listen_address() -> tuple[str, int]:
    return ("127.0.0.1", 0)


def http(server: HTTPServer | int, more: str = "", *, source: str = "", tables: str = "") -> str:
    """A source `hall` behind the server; `more` are further keys of its http section."""
    port = server if isinstance(server, int) else server.port
    return f"""
[sources.hall]
{source}
[sources.hall.http]
base_url = "http://127.0.0.1:{port}"
tables = {{{tables or 'events = "/events"'}}}
allow_http = true
allow_networks = ["127.0.0.0/8"]
{more}
"""


def case(case_no: str, **more: str) -> dict[str, str]:
    """A row of cases."""
    return {
        "case_no": case_no,
        "item_kind": "promised",
        "department": "住建局",
        "promised_limit": "3 working_days",
        **more,
    }


def accepted(case_no: str, minute: int = 0, **more: str) -> dict[str, str]:
    """A row of events, told apart by its source key, stored at a minute of 2 March."""
    return {
        "case_no": case_no,
        "event": "accepted",
        "occurred_at": "2026-03-02 09:00:00",
        "recorded_at": f"2026-03-02 {10 + minute // 60}:{minute % 60:02}:00",
        "source_key": f"E-{case_no}",
        **more,
    }


Handler = Callable[[Request], Response]


def numbered(rows: Sequence[ROW], size: int) -> Handler:
    """Pages by number, from 1; past the last one an empty page."""

    def handler(request: Request) -> Response:
        page = int(request.args.get("page", "1"))
        return answer({"data": {"rows": rows[(page - 1) * size : page * size]}})

    return handler


def answer(document: Any, **headers: str) -> Response:
    """A JSON answer."""
    text = json.dumps(document, ensure_ascii=False)
    return Response(text, content_type="application/json", headers=headers)


@pytest.fixture
def serve(httpserver: HTTPServer) -> Callable[..., None]:
    """Let the server answer a path by a handler."""

    def set_up(path: str, handler: Handler) -> None:
        httpserver.expect_request(path).respond_with_handler(handler)

    return set_up
