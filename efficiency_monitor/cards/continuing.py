"""What is found of cases, under the keys that their cards have (`cards.model.continuing`)."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from ..engine.findings import CaseFindings
from ..intake.store import cases
from .model.continuing import continued, lost_keys
from .model.decide import Card


def going_on(
    connection: Connection,
    stored: Sequence[cases.StoredCase],
    findings: Sequence[CaseFindings],
    standing: Mapping[int, Sequence[Card]],
) -> list[CaseFindings]:
    """The findings in their order; what a corrected row only told anew keeps its former key."""
    lost = {
        case.case_id: keys
        for case, found in zip(stored, findings, strict=True)
        if (keys := lost_keys(found, standing.get(case.case_id, ())))
    }
    withdrawn = cases.withdrawn_facts(connection, lost) if lost else {}
    return [
        continued(
            found,
            standing.get(case.case_id, ()),
            case.record.events,
            withdrawn.get(case.case_id, {}),
        )
        for case, found in zip(stored, findings, strict=True)
    ]
