"""PostgreSQL's errors as faults: what the operator can do, by SQLSTATE."""

from typing import Any

from sqlalchemy.exc import DBAPIError, OperationalError

from ..faults import ConfigurationError, Disconnected, EffmonError, Locked
from ..i18n.messages import t

#: Somebody else is in the way, for now.
_IN_THE_WAY = {"55P03", "40001", "40P01", "53300", "57014"}
#: The server ended the connection, or is about to start or stop.
_ENDED = {"57P01", "57P02", "57P03", "57P05", "25P03"}
#: Nothing can be written.
_FULL = {"53000", "53100", "53200", "58000", "58030", "XX001", "XX002"}
_NO_TABLES = {"42P01", "42703", "3F000"}
#: Of the texts in which the driver says why it could not connect; it gives no code for them.
_REFUSED = (
    ("password authentication failed", "28P01"),
    ("no password supplied", "28P01"),
    ("no pg_hba.conf entry", "28000"),
    ("authentication failed", "28000"),
    ("is not permitted to log in", "28000"),
    ('role "', "28000"),
    ('database "', "3D000"),
    ("invalid", "08001"),
    ("too many", "53300"),
    ("remaining connection slots", "53300"),
)


def fault_of(fault: DBAPIError, *, user: str | None, committing: bool) -> EffmonError | None:
    """The fault, None where it is ours to mend. `user`: the role that the URL names."""
    text = _line(fault)
    code: str | None = getattr(fault.orig, "sqlstate", None)
    if code is None and isinstance(fault, OperationalError) and not committing:
        code = next((code for words, code in _REFUSED if words in text and "FATAL" in text), None)
    if code is None or code in _ENDED or code.startswith("08") or fault.connection_invalidated:
        if code is None and not isinstance(fault, OperationalError):
            return None
        return _disconnected(text, committing=committing)
    if code in _IN_THE_WAY:
        return Locked(
            t("another process holds the database: {text_}", text_=text),
            t("try again when it has finished", ctx="postgresql faults"),
        )
    if code in _FULL:
        error = EffmonError(
            t("the database could not be written: {text_}", text_=text),
            t(
                "free space on the server's disk; what was not committed will be done by the next "
                "scan"
            ),
        )
        error.exit_code = 70
        return error
    return _misconfigured(code, text, user)


def _disconnected(text: str, *, committing: bool) -> Disconnected:
    if committing:
        return Disconnected(
            t(
                "the connection was lost while committing, nobody knows whether it was written: "
                "{text_}",
                text_=text,
            ),
            t(
                "give it again when the database is back: an import, scan or delivery does "
                "nothing twice; of a reply or a decision look first whether it is there"
            ),
        )
    return Disconnected(
        t("no connection to the database: {text_}", text_=text),
        t("try again when it is back"),
    )


def _misconfigured(code: str, text: str, user: str | None) -> EffmonError | None:
    role = user or t("(the user's own)")
    if code in _NO_TABLES:
        return ConfigurationError(
            t("the database lacks effmon's tables: {text_}", text_=text),
            "effmon init",
        )
    if code == "42501":
        return ConfigurationError(
            t("database role {role} may not: {text_}", role=role, text_=text),
            t("see effmon database roles"),
        )
    if code == "25006":
        return ConfigurationError(
            t("the database is read-only, perhaps a standby: {text_}", text_=text),
            t("name the primary in the URL"),
        )
    if code == "3D000":
        return ConfigurationError(
            t("there is no such database: {text_}", text_=text),
            t("let it be made: docs/postgresql.md"),
        )
    if code in ("28P01", "28000"):
        return ConfigurationError(
            t("the database refuses role {role}: {text_}", role=role, text_=text),
            t("check user and password in the URL"),
        )
    return None


def _line(fault: DBAPIError) -> str:
    """What the server said, in one line, without the statement."""
    diag: Any = getattr(fault.orig, "diag", None)
    said = getattr(diag, "message_primary", None) or str(fault.orig)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[0][:300] if lines else type(fault.orig).__name__
