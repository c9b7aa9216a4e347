"""What rules on trial would have given, as of the last scan of each case."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.engine import Row

from ...records import bulk
from ...records.change_tables import TrialFindingRow
from ...records.tables import CaseRow

FINDING = TrialFindingRow.__table__  # type: ignore[attr-defined]
CASE = CaseRow.__table__  # type: ignore[attr-defined]
_PART = 500


def keep_only(connection: Connection, rule_ids: Sequence[str]) -> None:
    """Forget what rules would have given that are on trial no more."""
    connection.execute(delete(FINDING).where(FINDING.c.rule_id.not_in(list(rule_ids))))


def replace(
    connection: Connection, case_ids: Sequence[int], rows: Sequence[Mapping[str, object]]
) -> None:
    """What is known of these cases, in the place of what was."""
    for start in range(0, len(case_ids), _PART):
        part = list(case_ids[start : start + _PART])
        connection.execute(delete(FINDING).where(FINDING.c.case_id.in_(part)))
    bulk.add(connection, FINDING, rows)


def any_finding(connection: Connection) -> bool:
    """Whether anything is known of any rule on trial."""
    return connection.execute(select(FINDING.c.id).limit(1)).first() is not None


def counts(connection: Connection) -> list[Row]:  # type: ignore[type-arg]
    """How many would-be cards there are, by rule and level."""
    return list(
        connection.execute(
            select(FINDING.c.rule_id, FINDING.c.level, func.count().label("number"))
            .group_by(FINDING.c.rule_id, FINDING.c.level)
            .order_by(FINDING.c.rule_id, FINDING.c.level)
        )
    )


def listed(connection: Connection, rule_id: str) -> list[Row]:  # type: ignore[type-arg]
    """The would-be cards of one rule with their cases, in the order in which they fell due."""
    return list(
        connection.execute(
            select(FINDING, CASE.c.case_no)
            .join(CASE, CASE.c.id == FINDING.c.case_id)
            .where(FINDING.c.rule_id == rule_id)
            .order_by(FINDING.c.fell_due_at, CASE.c.case_no, FINDING.c.episode, FINDING.c.level)
        )
    )
