"""After an erasure: what was deleted leaves the database's file too, as far as we can reach."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from ..faults import EffmonError, Locked
from ..i18n.messages import t
from .engine import Store

#: What erasures delete from.
_TABLES: Final = ("personal_value", "quarantine", "person", "notice", "case_file")


def scrub(store: Store) -> None:
    """Write the database anew without what was deleted; not inside a transaction.

    SQLite: VACUUM, and an empty write-ahead log. A deleted row's bytes would else stay in free
    space, also in copies that a growing index left behind. PostgreSQL: VACUUM of the tables; what
    stands in its write-ahead log and in backups goes when those do. `Locked` while another process
    works, EffmonError (70) where there is no room: to be called again, and it does no harm.
    """
    try:
        _scrub(store)
    except OperationalError as fault:
        again = t("run the same command again")
        said = t("the data are erased, but what is left in the database's file is not cleared yet")
        if "locked" in str(fault.orig) or "busy" in str(fault.orig):
            raise Locked(said, again) from fault
        error = EffmonError(f"{said}: {fault.orig}", again)
        error.exit_code = 70
        raise error from fault


def _scrub(store: Store) -> None:
    if store.dialect == "sqlite":
        # Its connections begin no transaction by themselves.
        with store.engine.connect() as connection:
            connection.exec_driver_sql("VACUUM")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return
    options = {"isolation_level": "AUTOCOMMIT"}
    with store.engine.connect().execution_options(**options) as connection:
        for table in _TABLES:
            connection.execute(text(f"VACUUM {table}"))
