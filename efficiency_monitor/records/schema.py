"""Bringing a database to the schema of this release, and knowing whether it is there."""

from importlib.resources import files

from sqlalchemy import Connection, inspect, text

from ..faults import ConfigurationError
from ..i18n.messages import t
from . import auditor_views
from .engine import Store

#: Newest migration; a test holds it against the folder.
HEAD = "0012"
#: The oldest schema that this release reads.
FIRST = "0012"
#: Encoding, name of the order of texts, and whether it is that of the code points: the name may
#: be one thing and the provider that does the work another.
_PROPERTIES = text(
    "SELECT pg_encoding_to_char(encoding), datcollate, 'B' < 'a' AND 'z' < 'é' AND '一' < '龥'"
    " FROM pg_database WHERE datname = current_database()"
)


def upgrade(store: Store) -> None:
    """Run every migration that is missing, in one transaction.

    Views of auditors are made anew: a table that a view is made of cannot be changed.
    """
    with store.writing() as connection:
        behind = _behind(connection)
        if revision(connection) == HEAD and not behind:
            return
        roles = auditor_views.auditors(connection) if behind else []
        for role in roles:
            for statement in list(auditor_views.gone(connection, role)):
                connection.exec_driver_sql(statement)
        migrate(connection, HEAD)
        for role in roles:
            for statement in list(auditor_views.made(connection, role)):
                connection.exec_driver_sql(statement)


def _behind(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql" and revision(connection) not in (None, HEAD)


def migrate(connection: Connection, to: str) -> None:
    """Run the migrations that are missing up to the revision `to`, in the caller's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option(
        "script_location", str(files("efficiency_monitor.records") / "migrations")
    )
    fit(connection)
    _refuse_older(connection)
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def _refuse_older(connection: Connection) -> None:
    found = revision(connection)
    if found is not None and found < FIRST:
        raise too_old(found)


def too_old(found: str) -> ConfigurationError:
    """What is said of a database or backup from before the first schema: nothing leads here."""
    return ConfigurationError(
        t(
            "the database has schema {found} of a trial release before 0.2: it is not read",
            found=found,
        ),
        t("make another workspace (effmon init) and import the data there"),
    )


def fit(connection: Connection) -> None:
    """Refuse a database that would keep texts otherwise than SQLite does: ConfigurationError.

    Texts are Unicode, and they are sorted by their code points, as everywhere else in the project.
    """
    if connection.dialect.name != "postgresql":
        return
    encoding, order, by_code_point = connection.execute(_PROPERTIES).one()
    if encoding != "UTF8" or not by_code_point:
        raise ConfigurationError(
            t(
                "the database has encoding {encoding}, collation {order}; needed: UTF8 and C",
                encoding=encoding,
                order=order,
            ),
            "CREATE DATABASE effmon TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'",
        )


def revision(connection: Connection) -> str | None:
    """Revision of the database's schema, None where there is none."""
    if not inspect(connection).has_table("alembic_version"):
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
