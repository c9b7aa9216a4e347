"""All of it is on PostgreSQL: SQLite's file is on one machine."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from efficiency_monitor.workspace import settings
from tests import engines
from tests.postgres_server import Server, server
from tests.stories.world import World, instant

from .cutting import Cutting, proxy

PEOPLE = (
    {"person_id": "zhang", "name": "张经办", "department": "住建局", "role": "handler"},
    {"person_id": "li", "name": "李主任", "department": "住建局", "role": "head"},
    {"person_id": "wang", "name": "王监察", "department": "", "role": "supervisor"},
)
CASE = {"item_kind": "promised", "department": "住建局", "promised_limit": "3 working_days"}


@pytest.fixture(scope="module", autouse=True)
def database_engine() -> Iterator[str]:
    """PostgreSQL, whatever the rest of the tests is on."""
    with engines.chosen(engines.POSTGRESQL) as engine:
        yield engine


@pytest.fixture
def postgres() -> Server:
    """The server."""
    return server(durable=False)


@pytest.fixture
def cutting(postgres: Server) -> Iterator[tuple[Cutting, Path]]:
    """A proxy before the server, and the folder in which it listens."""
    with tempfile.TemporaryDirectory(prefix="effmon-proxy-") as name:
        folder = Path(name)
        with proxy(postgres.place, folder) as found:
            yield found, folder


@pytest.fixture
def late(tmp_path: Path) -> Callable[[str], World]:
    """Makes a workspace with a few late cases, of which the slots of some nights are open."""

    def make(name: str) -> World:
        world = World.made(tmp_path / name, "2026-03-16 12:00")
        world.people(PEOPLE)
        world.now = instant("2026-03-18 09:00")
        return world

    return make


def through(world: World, server_folder: Path, proxy_folder: Path) -> None:
    """Let a workspace reach its database through the proxy."""
    world.close()
    file = world.folder / settings.FILE
    text = file.read_text(encoding="utf-8")
    assert str(server_folder) in text
    file.write_text(text.replace(str(server_folder), str(proxy_folder)), encoding="utf-8")


def receive(world: World, number: int) -> None:
    """Import so many cases that are past every limit."""
    numbers = [f"C{n:03}" for n in range(number)]
    world.receive("cases", [{"case_no": number, **CASE} for number in numbers])
    world.receive(
        "events",
        [
            {"case_no": number, "event": "accepted", "occurred_at": "2026-03-02 10:00"}
            for number in numbers
        ],
    )
