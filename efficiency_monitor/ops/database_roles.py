"""Rights of the database's roles, on PostgreSQL."""

from collections.abc import Sequence

from ..faults import ConfigurationError
from ..i18n.messages import t
from ..records import rights
from ..workspace.context import Context


def give(
    context: Context, *, application: str | None, auditor: str | None, dry_run: bool
) -> Sequence[str]:
    """Give two roles their rights; the statements, which a dry run only shows.

    All or none. ConfigurationError on SQLite, where whoever can open the file can do anything, for
    a role that does not exist, and for a connection that does not own the tables.
    """
    if context.store.dialect != "postgresql":
        raise ConfigurationError(
            t("SQLite has no roles"),
            t(
                "whoever can open the file can change it: use the file's permissions, or "
                "PostgreSQL (docs/postgresql.md)"
            ),
        )
    if application is None and auditor is None:
        raise ConfigurationError(
            t("no role is named"), "effmon database roles --app NAME --auditor NAME"
        )
    if application is not None and application == auditor:
        raise ConfigurationError(
            t("the two roles must not be the same"),
            "effmon database roles --app NAME --auditor NAME",
        )
    opened = context.store.reading if dry_run else context.store.writing
    with opened() as connection:
        made = list(rights.statements(connection, application, auditor))
        for statement in made if not dry_run else ():
            connection.exec_driver_sql(statement)
    return made
