"""By what tallies were last judged: facts of the workspace, one a rule's version."""

import json
from typing import Final

from sqlalchemy import Connection, select, update

from ...records.tables import Meta

META = Meta.__table__  # type: ignore[attr-defined]
#: What the name of such a fact begins with; then the rule and its version.
STATE: Final = "tally:"


def judge_anew(connection: Connection, after: int) -> None:
    """Let the next scan judge the tallies that were judged as of a later instant."""
    states = connection.execute(select(META).where(META.c.name.startswith(STATE))).all()
    for row in states:
        if json.loads(row.value).get("as_of", after) > after:
            connection.execute(update(META).where(META.c.name == row.name).values(value="{}"))
