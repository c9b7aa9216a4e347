"""The five layouts pulled over HTTP and from an SQL view are what their files are."""

import csv
import io
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from python_calamine import CalamineWorkbook
from werkzeug import Request, Response

from efficiency_monitor.intake.ingest import import_files
from tests.feeds.conftest import Office, answer, http
from tests.stories.world import World

pytestmark = pytest.mark.both_engines

SAMPLES = Path(__file__).parents[1] / "data" / "mappings"
LAYOUTS = ("gbt39046", "up-pro", "ten-message", "gongcheng-jianshe", "hunan-sp")
#: What a feed leaves, but for row numbers and file names.
LEFT = (
    "SELECT case_no, calendar, item_code FROM case_file ORDER BY 1",
    """SELECT case_no, event_key, identity, generation, type, occurred_at, recorded_at, attributes
        FROM event e JOIN case_file c ON c.id = e.case_id ORDER BY 1, 2, 4""",
    """SELECT case_no, fields FROM case_fact f
        JOIN case_file c ON c.id = f.case_id ORDER BY 1, f.id""",
    "SELECT COUNT(*) FROM event_withdrawal",
    "SELECT code, message, COUNT(*) FROM quarantine GROUP BY 1, 2 ORDER BY 1, 2",
    "SELECT item_code, item_version, fields FROM item_fact ORDER BY 1, 2, 3",
)
SEAL = re.compile(r"~[A-Za-z0-9_-]{43}")
Table = list[dict[str, str]]


def tables_of(layout: str) -> dict[str, Table]:
    """The rows of a layout's first feed, by the name of its table, in the order of the names."""
    found: dict[str, Table] = {}
    for path in sorted((SAMPLES / layout).iterdir()):
        if path.suffix == ".csv" and not path.stem.endswith(("_next", "_更正", "_2", "_3")):
            content = path.read_bytes()
            try:
                text = content.decode("utf-8-sig")
            except UnicodeDecodeError:
                text = content.decode("gb18030")
            found[path.stem] = list(csv.DictReader(io.StringIO(text, newline="")))
        elif path.suffix == ".xlsx":
            book = CalamineWorkbook.from_path(str(path))
            for name in book.sheet_names:
                rows = [
                    [str(cell) for cell in row] for row in book.get_sheet_by_name(name).to_python()
                ]
                head = next(place for place, row in enumerate(rows) if sum(map(bool, row)) > 1)
                found[name] = [
                    dict(zip(rows[head], row, strict=True)) for row in rows[head + 1 :] if any(row)
                ]
    return {f"t{place}-{name}": rows for place, (name, rows) in enumerate(found.items(), start=1)}


def mapping_of(layout: str, world: World) -> str:
    """The city's mapping where the sample has one, else the layout's."""
    city = SAMPLES / layout / "city.yaml"
    if not city.exists():
        return layout
    shutil.copy(city, world.folder / "city.yaml")
    return "city.yaml"


def by_file(layout: str, world: World) -> None:
    """Import the tables as files: what the pulls are held against."""
    paths = []
    for name, rows in tables_of(layout).items():
        path = world.folder / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        paths.append(path)
    mapping = mapping_of(layout, world)
    own = world.folder / mapping
    import_files(world.context, paths, str(own) if own.is_file() else mapping)


def by_http(layout: str, office: Office, server: HTTPServer) -> None:
    tables = tables_of(layout)

    def paged(rows: Table) -> Any:
        def handler(request: Request) -> Response:
            page = int(request.args["page"])
            part = rows[(page - 1) * 3 : page * 3]
            return answer([{name: cell or None for name, cell in row.items()} for row in part])

        return handler

    for place, rows in enumerate(tables.values()):
        server.expect_request(f"/{place}").respond_with_handler(paged(rows))
    named = ", ".join(f'"{name}" = "/{place}"' for place, name in enumerate(tables))
    source = f'mapping = "{mapping_of(layout, office.world)}"'
    office.configure(http(server, 'page = {param = "page"}', source=source, tables=named))
    office.pull()


def by_sql(layout: str, office: Office) -> None:
    tables = tables_of(layout)
    path = office.world.folder.parent / "theirs.db"
    connection = sqlite3.connect(path)
    for place, rows in enumerate(tables.values()):
        names = ", ".join(f'"{name}"' for name in rows[0])
        connection.execute(f"CREATE TABLE stored{place} ({names})")
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(
            f"INSERT INTO stored{place} VALUES ({marks})",
            [[cell or None for cell in row.values()] for row in rows],
        )
        connection.execute(f"CREATE VIEW view{place} AS SELECT * FROM stored{place}")
    connection.commit()
    connection.close()
    named = ", ".join(f'"{name}" = "view{place}"' for place, name in enumerate(tables))
    office.environ["HALL_URL"] = f"sqlite:///{path}"
    office.configure(
        f'[sources.hall]\nmapping = "{mapping_of(layout, office.world)}"\n'
        f'[sources.hall.sql]\nurl_env = "HALL_URL"\ntables = {{{named}}}'
    )
    office.pull()


def left(world: World) -> list[Counter[tuple[Any, ...]]]:
    """The seals of personal values are made with salts of each workspace's own."""
    return [
        Counter(
            tuple(SEAL.sub("~", cell) if isinstance(cell, str) else cell for cell in row)
            for row in world.tuples(statement)
        )
        for statement in LEFT
    ]


@pytest.fixture
def other(tmp_path: Path) -> Iterator[World]:
    made = World.made(tmp_path / "files", "2026-03-02 12:00")
    yield made
    made.close()


@pytest.mark.parametrize("way", ["http", "sql"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_pull_brings_what_the_files_hold(
    layout: str, way: str, office: Office, other: World, httpserver: HTTPServer
) -> None:
    by_file(layout, other)
    if way == "http":
        by_http(layout, office, httpserver)
    else:
        by_sql(layout, office)
    assert left(office.world) == left(other)
    assert sum(left(other)[1].values()) > 5, "a sample without events proves nothing"
    again = office.pull().document
    assert (again["imported"], again["read"]) == (0, again["unchanged"] + again["quarantined"])
    assert left(office.world) == left(other)
