"""Bringing a database to the schema of this release, and knowing whether it is there."""

from importlib.resources import files

from sqlalchemy import Connection

from ..core.faults import ConfigurationError
from .engine import Store

#: Newest migration; a test holds it against the folder.
HEAD = "0007"


def upgrade(store: Store) -> None:
    """Run every migration that is missing, in one transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(files("efficiency_monitor.store") / "migrations"))
    with store.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def revision(connection: Connection) -> str | None:
    """Revision of the database's schema, None where there is none."""
    names = {
        row[0]
        for row in connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
        )
    }
    if not names:
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return str(found) if found else None


def check(store: Store) -> None:
    """Refuse to work on a database of another release: ConfigurationError with the way out."""
    with store.reading() as connection:
        found = revision(connection)
    if found is None:
        raise ConfigurationError("there is no effmon database here", "run: effmon init")
    if found != HEAD:
        raise ConfigurationError(
            f"the database has schema {found}, this release needs {HEAD}", "run: effmon init"
        )
